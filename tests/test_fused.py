"""rnn_lib.fused: the fused loop equals the scan, in values and gradients, for every option."""

import itertools

import numpy as np
import pytest

from rnn_lib import T, theano
from rnn_lib.cells import CELLS, initial_weights
from rnn_lib.engine import NAME, log_softmax
from rnn_lib.fused import CrossEntropy, Lookup, Recurrence, RecurrenceGradient
from rnn_lib.kernels import KERNELS
from rnn_lib.recurrence import recurrence

N_STEPS, N_BATCH, N_FEATURES, N_HIDDEN = 6, 4, 3, 5
# The end, the start, one step alone, and no padding at all.
MASK = np.array(
    [[1, 0, 0, 1], [1, 0, 0, 1], [1, 1, 0, 1], [1, 1, 1, 1], [0, 1, 0, 1], [0, 1, 0, 1]]
)
TOLERANCE = {"float64": {"rtol": 1e-12, "atol": 1e-14}, "float32": {"rtol": 1e-4, "atol": 1e-6}}
OPTIONS = list(itertools.product(CELLS, (False, True), (False, True), ("float64", "float32")))


def draw(cell, dtype):
    """Return x, mask, the three weights and a start; weights away from their symmetric values."""
    rng = np.random.default_rng(8)
    weights = initial_weights(cell, N_FEATURES, N_HIDDEN, rng)
    x = rng.standard_normal((N_STEPS, N_BATCH, N_FEATURES))
    start = rng.uniform(-1, 1, (N_BATCH, cell.n_states * N_HIDDEN))
    weights = [w + rng.normal(0, 0.2, w.shape) for w in weights]
    x, start, *weights = (a.astype(dtype) for a in (x, start, *weights))
    return x, MASK.astype("int8"), *weights, start


def build(cell, backwards, given, dtype):
    """Compile outputs and all gradients; the loss weights every output differently."""
    x, mask, bh = T.tensor3(dtype=dtype), T.bmatrix(), T.vector(dtype=dtype)
    Wxh, Whh, start = (T.matrix(dtype=dtype) for _ in range(3))
    h = recurrence(cell, x, mask, Wxh, Whh, bh, start=start if given else None, backwards=backwards)
    factors = np.random.default_rng(9).standard_normal((N_STEPS, N_BATCH, N_HIDDEN))
    wrt = [x, Wxh, Whh, bh, *([start] if given else [])]
    gradients = T.grad((h * factors.astype(dtype)).sum(), wrt)
    inputs = [x, mask, Wxh, Whh, bh, start]
    return theano.function(inputs, [h, *gradients], on_unused_input="ignore")


def operations(function):
    return [type(node.op).__name__ for node in function.maker.fgraph.toposort()]


@pytest.fixture(scope="module", params=OPTIONS, ids=lambda p: "-".join(map(str, p)))
def pair(request):
    """The same layer, fused and scanned, with its arrays."""
    name, backwards, given, dtype = request.param
    cell = CELLS[name]
    fused = build(cell, backwards, given, dtype)
    scanned = build(cell._replace(kernel=None), backwards, given, dtype)
    return fused, scanned, draw(cell, dtype), dtype


def test_built_in_cells_are_fused_and_others_scanned(pair):
    fused, scanned, _, _ = pair
    assert (
        operations(fused).count("Recurrence") == operations(fused).count("RecurrenceGradient") == 1
    )
    assert "Scan" not in operations(fused)
    assert "Scan" in operations(scanned)
    assert "Recurrence" not in operations(scanned)


@pytest.mark.parametrize("padded", [True, False])
def test_fused_equals_scan(pair, padded):
    fused, scanned, (x, mask, *rest), dtype = pair
    mask = mask if padded else np.ones_like(mask)
    results, expected = fused(x, mask, *rest), scanned(x, mask, *rest)
    assert len(results) == len(expected) >= 5
    for one, other in zip(results, expected):
        assert one.dtype == other.dtype == dtype
        assert np.abs(other).max() > 0.01
        np.testing.assert_allclose(one, other, **TOLERANCE[dtype])


def test_what_stands_in_the_padding_changes_nothing(pair):
    """Neither outputs nor gradients, to the last digit; and it has no gradient itself."""
    fused, _, (x, mask, *rest), _ = pair
    filled = np.where(mask[..., None] == 0, 1000, x).astype(x.dtype)
    clean, changed = fused(x, mask, *rest), fused(filled, mask, *rest)
    assert not changed[1][mask == 0].any()
    for one, other in zip(clean, changed):
        assert np.array_equal(one, other)


@pytest.mark.parametrize(("name", "backwards"), list(itertools.product(CELLS, (False, True))))
def test_gradients_are_what_finite_differences_give(name, backwards):
    cell = CELLS[name]
    run = build(cell, backwards, True, "float64")
    x, mask, *rest = draw(cell, "float64")
    arrays = [x, *rest]
    factors = np.random.default_rng(9).standard_normal((N_STEPS, N_BATCH, N_HIDDEN))

    def loss(arrays):
        return (run(arrays[0], mask, *arrays[1:])[0] * factors).sum()

    _, *gradients = run(x, mask, *rest)
    rng = np.random.default_rng(10)
    for k, gradient in enumerate(gradients):
        for direction in rng.standard_normal((3, *arrays[k].shape)):
            up, down = (
                [a + s * 1e-6 * direction if j == k else a for j, a in enumerate(arrays)]
                for s in (1, -1)
            )
            slope = (loss(up) - loss(down)) / 2e-6
            np.testing.assert_allclose((gradient * direction).sum(), slope, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", CELLS)
def test_a_long_sequence_in_two_chunks(name):
    """A start that is the end of the chunk before: as truncated BPTT carries it."""
    cell = CELLS[name]
    x, _, Wxh, Whh, bh, start = draw(cell, "float64")
    p, mask = x @ Wxh.T + bh, np.ones((N_STEPS, N_BATCH))
    forward = KERNELS[name].forward
    whole = forward(p, Whh.T, start, mask)
    tape = forward(p[:2], Whh.T, start, mask[:2])
    end = [tape[0][-1], tape[2][-1]] if name == "lstm" else [tape[0][-1]]
    rest = forward(p[2:], Whh.T, np.concatenate(end, axis=1), mask[2:])
    np.testing.assert_allclose(np.concatenate([tape[0], rest[0]]), whole[0], rtol=1e-13)


@pytest.mark.parametrize("name", CELLS)
def test_kernels_take_arrays_of_any_layout_and_change_none(name):
    """Columns first, reversed, read-only: what a graph may hand on."""
    cell = CELLS[name]
    x, mask, Wxh, Whh, bh, start = draw(cell, "float64")
    plain = [x @ Wxh.T + bh, Whh, start, mask]
    odd = [np.asfortranarray(a) for a in plain]
    odd[0] = plain[0][::-1].copy()[::-1]
    for a in odd:
        a.flags.writeable = False
    dh = np.random.default_rng(11).standard_normal((N_STEPS, N_BATCH, N_HIDDEN))
    kernel, results = KERNELS[name], []
    for p, Whh, start, mask in (plain, odd):
        tape = kernel.forward(p, Whh.T, start, mask)
        assert all(a.flags.c_contiguous for a in tape)
        assert [a.shape[2] for a in tape] == [n * N_HIDDEN for n in kernel.blocks]
        results.append((*tape, *kernel.backward(dh, Whh, start, mask, tape)))
    for one, other in zip(*results):
        np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", CELLS)
def test_extreme_inputs_overflow_nowhere(name):
    """Warnings are errors here."""
    cell = CELLS[name]
    p = (
        np.full((3, 1, cell.n_gates * 2), 1000.0, "float32")
        * np.array([1, -1, 1], "f")[:, None, None]
    )
    start, mask = np.ones((1, cell.n_states * 2), "float32"), np.ones((3, 1))
    Whh = np.ones((cell.n_gates * 2, 2), "float32")
    tape = KERNELS[name].forward(p, Whh.T, start, mask)
    results = KERNELS[name].backward(np.ones_like(tape[0]), Whh, start, mask, tape)
    assert all(np.isfinite(a).all() for a in (*tape, *results))


def test_shapes_are_known_without_running():
    """The graph of a shape holds no loop."""
    p, Whh, start, mask = T.matrix(), T.matrix(), T.matrix(), T.bmatrix()
    h = Recurrence("gru")(p, Whh, start, mask)
    dp, dWhh, dstart = T.grad(h.sum(), [p, Whh, start])
    shapes = theano.function([p, Whh, start, mask], [v.shape for v in (h, dp, dWhh, dstart)])
    assert not {"Recurrence", "RecurrenceGradient"} & set(operations(shapes))
    got = shapes(np.ones((14, 9)), np.ones((9, 3)), np.ones((2, 3)), np.ones((7, 2), "int8"))
    assert [tuple(s) for s in got] == [(7, 2, 3), (14, 9), (9, 3), (2, 3)]


def test_equal_operations_are_one():
    """Two loops over the same inputs are merged; another cell is another loop."""
    assert Recurrence("gru") == Recurrence("gru") != Recurrence("lstm")
    assert RecurrenceGradient("gru") != RecurrenceGradient("tanh")
    inputs = T.matrix(), T.matrix(), T.matrix(), T.bmatrix()
    both = sum(Recurrence("tanh")(*inputs) for _ in range(2))
    assert operations(theano.function(inputs, both)).count("Recurrence") == 1


def test_inputs_of_two_precisions_give_the_higher():
    x, mask, Wxh, Whh, bh, _ = draw(CELLS["tanh"], "float64")
    x = x.astype("float32")
    variables = [
        T.tensor3(dtype="float32"),
        T.bmatrix(),
        *(theano.shared(a) for a in (Wxh, Whh, bh)),
    ]
    h = recurrence(CELLS["tanh"], *variables)
    run = theano.function(variables[:2], [h, T.grad(h.sum(), variables[0])])
    h, dx = run(x, mask)
    assert (h.dtype, dx.dtype) == ("float64", "float32")


def test_no_gradient_of_a_gradient():
    """That needs the scan; the engine says so and gives no wrong number."""
    w = theano.shared(np.eye(2))
    h = Recurrence("tanh")(T.matrix(), w, T.matrix(), T.bmatrix())
    with pytest.raises(NotImplementedError if NAME == "pytensor" else Exception):
        T.grad(T.grad(h.sum(), w).sum(), w)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("tokens", [[2, 0, 2, 2, 5, 0], [1], [], [3, 3, 3]], ids=str)
def test_lookup_equals_indexing(tokens, dtype):
    E, k, factors = T.matrix(dtype=dtype), T.ivector(), T.matrix(dtype=dtype)
    rows = Lookup()(E, k)
    gradient = T.grad((rows * factors).sum(), E)
    run = theano.function([E, k, factors], [rows, gradient, rows.shape, gradient.shape])
    rng = np.random.default_rng(12)
    table = rng.standard_normal((6, 3)).astype(dtype)
    given = rng.standard_normal((len(tokens), 3)).astype(dtype)
    tokens = np.array(tokens, "int32")
    got, dE, *shapes = run(table, tokens, given)
    expected = np.zeros_like(table)
    np.add.at(expected, tokens, given)
    assert got.dtype == dE.dtype == dtype
    assert np.array_equal(got, table[tokens])
    np.testing.assert_allclose(dE, expected, rtol=1e-6, atol=1e-6)
    assert [tuple(s) for s in shapes] == [(len(tokens), 3), (6, 3)]


def test_lookup_refuses_a_token_that_is_not_there():
    E, k = T.matrix(), T.ivector()
    with pytest.raises(IndexError):
        theano.function([E, k], Lookup()(E, k))(np.eye(3), [3])


@pytest.mark.parametrize("n_axes", [2, 3])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_cross_entropy_equals_the_logarithm_of_the_softmax(n_axes, dtype):
    x = [None, None, T.matrix, T.tensor3][n_axes](dtype=dtype)
    y = [None, None, T.ivector, T.imatrix][n_axes]()
    rng = np.random.default_rng(13)
    values = 5 * rng.standard_normal((2, 3, 4)[-n_axes:]).astype(dtype)
    classes = rng.integers(0, 4, values.shape[:-1]).astype("int32")
    factors = rng.standard_normal(classes.shape).astype(dtype)
    is_y = T.eq(T.arange(x.shape[-1]), T.shape_padright(y))
    results = []
    for loss in (CrossEntropy()(x, y), -T.switch(is_y, log_softmax(x), 0).sum(axis=-1)):
        outputs = [loss, T.grad((loss * factors).sum(), x), loss.shape]
        results.append(theano.function([x, y], outputs))
    for given in (values, 1000 * values):  # the second overflows if computed plainly
        for one, other in zip(*(run(given, classes) for run in results)):
            assert one.dtype == other.dtype
            np.testing.assert_allclose(one, other, **TOLERANCE[dtype])


def test_cross_entropy_refuses_a_class_that_is_not_there():
    x, y = T.matrix(), T.ivector()
    with pytest.raises(IndexError):
        theano.function([x, y], CrossEntropy()(x, y))(np.eye(3), [0, 1, 3])
