"""The compiled tier: numba's functions equal NumPy's, and a training swaps them in unharmed."""

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from rnn_lib import RNN, T, tiers
from rnn_lib.cells import CELLS
from rnn_lib.engine import CAN_COMPILE, floatX, function
from rnn_lib.fused import CrossEntropy, Lookup
from rnn_lib.kernel_parts import tanh
from rnn_lib.kernels import KERNELS
from rnn_lib.recurrence import recurrence

N_GATES, N_STATES = {"tanh": 1, "lstm": 4, "gru": 3}, {"tanh": 1, "lstm": 2, "gru": 1}

needs_numba = pytest.mark.skipif(not CAN_COMPILE, reason="this engine compiles nothing")


def compiled_tanh(x):
    tanh(x)


@needs_numba
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tanh_is_exact_to_4_epsilon(dtype):
    from rnn_lib.compiled import njit

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
    from rnn_lib.compiled import njit

    x = np.array([[np.nan, np.inf, -np.inf]])
    njit(compiled_tanh)(x)
    np.testing.assert_allclose(x, [[np.nan, 1, -1]], rtol=1e-15)


@needs_numba
@pytest.mark.parametrize("cell", KERNELS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_kernels_are_those_of_numpy(cell, dtype):
    """Both ways, with padding and a given start."""
    from rnn_lib.compiled import njit

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
    from rnn_lib import compiled

    inputs, loss, arrays = make()
    outputs = [loss, *T.grad(loss, [x for x in inputs if x.dtype == floatX()])]
    found = compiled.function(inputs, outputs)(*arrays)
    for a, b in zip(found, function(inputs, outputs)(*arrays), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize(
    ("argument", "variable", "tier"),
    [
        ("auto", None, "auto"),
        ("auto", "auto", "auto"),
        ("auto", "0", False),
        ("auto", "1", True),
        (True, "0", True),
        (False, "1", False),
    ],
)
def test_the_argument_comes_before_the_variable(monkeypatch, argument, variable, tier):
    monkeypatch.delenv("RNN_COMPILED", raising=False)
    if variable:
        monkeypatch.setenv("RNN_COMPILED", variable)
    if CAN_COMPILE:
        assert tiers.choose_tier(argument) == tier
    elif tier is True and argument is True:
        with pytest.raises(ValueError, match="compiled=True needs PyTensor and numba"):
            tiers.choose_tier(argument)
    else:
        assert tiers.choose_tier(argument) is False


def test_another_value_is_told():
    with pytest.raises(ValueError, match=r"compiled must be one of 'auto', True, False, got 'yes'"):
        RNN(2, 2, 2).train(np.ones((3, 2)), 0, compiled="yes")


def test_another_variable_is_told(monkeypatch):
    monkeypatch.setenv("RNN_COMPILED", "yes")
    with pytest.raises(ValueError, match="RNN_COMPILED must be one of"):
        RNN(2, 2, 2).train(np.ones((3, 2)), 0)


# In a process of its own: float32, and a training that finds compiling worth it at once.
SWAP = """
import numpy as np
from rnn_lib import RNN, tiers

tiers._WORTH = 0
notes, between = [], tiers.Tiers.between

def watch(self, n_left):
    notes.append(between(self, n_left))
    if self._process and len(notes) == 30:
        assert self._process.wait() == 0
    return notes[-1]

def losses(compiled):
    notes.clear()
    model = RNN(3, 8, 2, cell="gru")
    history = model.train(xs, ys, num_epochs=12, batch_size=8, optimizer="adam",
                          learning_rate=0.01, clip_norm=1.0, compiled=compiled)
    assert len(history.loss) == 12
    return np.array(history.loss)

rng = np.random.default_rng(0)
xs = [rng.standard_normal((n, 3)) for n in rng.integers(3, 9, 40)]
ys = [int(x[:, 0].sum() > 0) for x in xs]
tiers.Tiers.between = watch
interpreted = losses(False)
assert set(notes) == {""}
swapped = losses("auto")
assert [notes[k] for k in (0, 20, 31, -1)] == ["", ", compiling beside", *[", compiled"] * 2], notes
compiled = losses(True)
assert [notes[k] for k in (0, 1)] == [", compiling", ", compiled"], notes
print(abs(swapped / interpreted - 1).max(), abs(compiled / interpreted - 1).max())
"""


@needs_numba
def test_the_same_losses_with_and_without_the_swap():
    flags = "floatX=float32," + os.environ.get("PYTENSOR_FLAGS", "")
    own = {"PYTENSOR_FLAGS": flags, "RNN_COMPILED": "auto"}
    done = subprocess.run(
        [sys.executable, "-c", SWAP], env=os.environ | own, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert max(map(float, done.stdout.split())) < 1e-6


JOB = {
    "network": {"input_size": 3, "hidden_size": 4, "output_size": 2},
    "floatX": floatX(),
    "train": {"optimizer": "sgd", "clip_norm": None},
}


@needs_numba
@pytest.mark.parametrize("error", [KeyboardInterrupt, FloatingPointError])
def test_no_process_is_left(monkeypatch, error):
    monkeypatch.setattr(tiers, "_WORTH", 0)
    step = tiers.Tiers(lambda tier: lambda: 0, JOB, "auto")

    def train():
        with step:
            for n_left in range(30, 0, -1):
                step.between(n_left)
            assert step._process.poll() is None  # it runs
            raise error

    with pytest.raises(error):
        train()
    assert step._process.returncode is not None


@needs_numba
def test_the_process_ends_with_the_one_that_started_it(tmp_path):
    command = [sys.executable, "-m", "rnn_lib.prepare", json.dumps(JOB)]
    own = {"PYTENSOR_FLAGS": f"base_compiledir={tmp_path}"}  # nothing is compiled there yet
    process = subprocess.Popen(command, stdin=subprocess.PIPE, env=os.environ | own)
    time.sleep(2)
    assert process.poll() is None  # it has not failed: it compiles
    process.stdin.close()
    assert process.wait(timeout=60) == 1


@needs_numba
def test_short_trainings_start_no_process(monkeypatch):
    monkeypatch.delenv("RNN_COMPILED", raising=False)
    monkeypatch.setattr(subprocess, "Popen", None)
    sequences = [np.ones((3, 2)) * k for k in range(40)]
    RNN(2, 2, 2).train(sequences, [k % 2 for k in range(40)], num_epochs=5, batch_size=4)
