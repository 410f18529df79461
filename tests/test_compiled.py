"""rnn_lib.compiled: numba's functions equal NumPy's, and so does a whole training."""

import numpy as np
import pytest
from models import precision

from rnn_lib import RNN, T, theano
from rnn_lib.cells import CELLS
from rnn_lib.engine import CAN_COMPILE, floatX, function, should_compile
from rnn_lib.fused import CrossEntropy, Lookup
from rnn_lib.kernel_parts import tanh
from rnn_lib.kernels import KERNELS
from rnn_lib.recurrence import recurrence

if CAN_COMPILE:  # here, not in a test: what PyTensor then changes about warnings ends with it
    from rnn_lib import compiled
    from rnn_lib.compiled import njit

N_GATES, N_STATES = {"tanh": 1, "lstm": 4, "gru": 3}, {"tanh": 1, "lstm": 2, "gru": 1}

needs_numba = pytest.mark.skipif(not CAN_COMPILE, reason="this engine compiles nothing")


def compiled_tanh(x):
    tanh(x)


@needs_numba
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tanh_is_exact_to_4_epsilon(dtype):
    x = np.concatenate([np.linspace(-25, 25, 100_001), np.logspace(-30, 0, 1000)])
    x = x.astype(dtype)[np.newaxis]
    exact = np.tanh(x.astype("longdouble"))
    y = x.copy()
    njit(compiled_tanh)(y)
    assert y.dtype == dtype
    error = np.abs(y - exact)[exact != 0] / np.abs(exact)[exact != 0]
    assert error.max() < 4 * np.finfo(dtype).eps
    assert y.min() >= -1
    assert y.max() <= 1


@needs_numba
def test_tanh_hides_no_overflow():
    x = np.array([[np.nan, np.inf, -np.inf]])
    njit(compiled_tanh)(x)
    np.testing.assert_allclose(x, [[np.nan, 1, -1]], rtol=1e-15)


@needs_numba
@pytest.mark.parametrize("cell", KERNELS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_kernels_are_those_of_numpy(cell, dtype):
    """Both ways, with padding and a given start."""
    rng = np.random.default_rng(0)
    n_steps, n_batch, n = 7, 3, 5
    p = rng.standard_normal((n_steps, n_batch, N_GATES[cell] * n)).astype(dtype)
    Whh = rng.standard_normal((N_GATES[cell] * n, n)).astype(dtype)
    start = rng.standard_normal((n_batch, N_STATES[cell] * n)).astype(dtype)
    dh = rng.standard_normal((n_steps, n_batch, n)).astype(dtype)
    mask = (np.arange(n_steps)[:, np.newaxis] < [7, 4, 1]).astype("int8")
    forward, backward, _ = KERNELS[cell]
    W = np.ascontiguousarray(Whh.T)
    tape = forward(p, W, start, mask)
    wanted = *tape, *backward(dh, Whh, start, mask, tape)
    tape = njit(forward)(p, W, start, mask)
    found = *tape, *njit(backward)(dh, Whh, start, mask, tape)
    for a, b in zip(found, wanted, strict=True):
        assert a.dtype == b.dtype == dtype
        tolerance = 100 * np.finfo(dtype).eps
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * np.abs(b).max())


def layer():
    """Backwards, so that arrays in reversed order go through the graph."""
    x, mask, Wxh, Whh, bh = T.tensor3(), T.bmatrix(), T.matrix(), T.matrix(), T.vector()
    h = recurrence(CELLS["tanh"], x, mask, Wxh, Whh, bh, backwards=True)
    rng = np.random.default_rng(0)
    x_, Wxh_, Whh_, bh_ = (rng.standard_normal(n) for n in [(3, 2, 5), (4, 5), (4, 4), 4])
    arrays = [x_, np.array([[1, 1], [1, 1], [1, 0]], "int8"), Wxh_, Whh_, bh_]
    return [x, mask, Wxh, Whh, bh], (h**2).sum(), arrays


def lookup():
    E, tokens = T.matrix(), T.ivector()
    arrays = [np.arange(8.0).reshape(4, 2), np.array([3, 0, 3], "int32")]
    return [E, tokens], (Lookup()(E, tokens) ** 2).sum(), arrays


def cross_entropy():
    x, y = T.matrix(), T.ivector()
    arrays = [np.array([[0.0, 1.0], [1000.0, 0.0], [3.0, 2.0]]), np.array([1, 1, 0], "int32")]
    return [x, y], (CrossEntropy()(x, y) ** 2).sum(), arrays


def cross_entropy_of_each_step():
    x, y = T.tensor3(), T.imatrix()
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal((2, 3, 4)), rng.integers(0, 4, (2, 3)).astype("int32")]
    return [x, y], (CrossEntropy()(x, y) ** 2).sum(), arrays


@needs_numba
@pytest.mark.parametrize("make", [layer, lookup, cross_entropy, cross_entropy_of_each_step])
def test_operations_and_their_gradients_are_those_of_the_interpreter(make):
    inputs, loss, arrays = make()
    outputs = [loss, *T.grad(loss, [x for x in inputs if x.dtype == floatX()])]
    found = compiled.function(inputs, outputs)(*arrays)
    for a, b in zip(found, function(inputs, outputs)(*arrays), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@needs_numba
def test_a_transpose_stays_contiguous_to_numba():
    """Otherwise every product with it copies it, and numba warns: an error here, if not cached."""
    x, y = T.matrix(), T.matrix()
    with theano.config.change_flags(numba__cache=False):
        product = compiled.function([x, y], [T.dot(x.T, y), T.dot(x, y.T), x.dimshuffle(0, "x", 1)])
        a, b = np.arange(6.0).reshape(2, 3), np.ones((2, 3))
        for found, expected in zip(product(a, b), [a.T @ b, a @ b.T, a[:, None]], strict=True):
            assert np.array_equal(found, expected)


@pytest.mark.parametrize(
    ("argument", "variable", "expected"),
    [
        (None, None, False),
        (None, "", False),
        (None, "0", False),
        (None, "1", True),
        (True, "0", True),
        (False, "1", False),
    ],
)
def test_the_argument_comes_before_the_variable(monkeypatch, argument, variable, expected):
    monkeypatch.delenv("RNN_COMPILED", raising=False)
    if variable is not None:
        monkeypatch.setenv("RNN_COMPILED", variable)
    if argument and not CAN_COMPILE:
        with pytest.raises(ValueError, match="compiled=True needs PyTensor and numba"):
            should_compile(argument)
    else:
        assert should_compile(argument) == (expected and CAN_COMPILE)


@pytest.mark.parametrize("other", ["auto", "yes", 2])
def test_another_value_is_told(other):
    with pytest.raises(ValueError, match=f"compiled must be one of True, False, got {other!r}"):
        RNN(2, 2, 2).train(np.ones((3, 2)), 0, compiled=other)


@pytest.mark.parametrize("other", ["auto", "yes"])
def test_another_variable_is_told(monkeypatch, other):
    monkeypatch.setenv("RNN_COMPILED", other)
    with pytest.raises(ValueError, match="RNN_COMPILED must be one of '0', '1', got"):
        RNN(2, 2, 2).train(np.ones((3, 2)), 0)


@needs_numba
def test_a_compiled_training_has_the_same_losses(monkeypatch, capsys):
    """With sequences of several lengths, in float32, with clipping and Adam; the bar says it."""
    monkeypatch.setenv("RNN_COMPILED", "0")
    rng = np.random.default_rng(0)
    xs = [rng.standard_normal((n, 3)) for n in rng.integers(3, 9, 40)]
    ys = [int(x[:, 0].sum() > 0) for x in xs]
    settings = {"num_epochs": 12, "batch_size": 8, "optimizer": "adam", "clip_norm": 1.0}
    losses = []
    with precision("float32"):
        for choice in (False, True):
            model = RNN(3, 8, 2, cell="gru")
            history = model.train(xs, ys, 0.01, **settings, compiled=choice, progress=True)
            losses.append(history.loss)
            assert ("compiling" in capsys.readouterr().err) == choice
    np.testing.assert_allclose(*losses, rtol=1e-6)
