"""rnn_lib.cells: each step equals NumPy; initial weights are what they are chosen to be."""

import itertools

import numpy as np
import pytest
import reference

from rnn_lib import T, theano
from rnn_lib.cells import CELLS, glorot, initial_weights

N_GATES = {"tanh": 1, "lstm": 4, "gru": 3}
N_STATES = {"tanh": 1, "lstm": 2, "gru": 1}


def test_the_cells():
    assert list(CELLS) == ["tanh", "lstm", "gru"]
    for name, cell in CELLS.items():
        assert (cell.n_gates, cell.n_states) == (N_GATES[name], N_STATES[name])


def expected_step(name, p_t, state, Whh):
    """One step of one sequence, gate by gate."""
    n = Whh.shape[1]
    h = state[:n]
    q = Whh @ h
    s = reference.sigmoid
    if name == "tanh":
        return np.tanh(p_t + q)
    if name == "lstm":
        i, f, g, o = np.split(p_t + q, 4)
        c = s(f) * state[n:] + s(i) * np.tanh(g)
        return np.concatenate([s(o) * np.tanh(c), c])
    (pr, pz, pn), (qr, qz, qn) = np.split(p_t, 3), np.split(q, 3)
    z = s(pz + qz)
    return (1 - z) * np.tanh(pn + s(pr + qr) * qn) + z * h


@pytest.mark.parametrize("name", CELLS)
def test_step_of_a_batch_and_of_a_row(name):
    rng = np.random.default_rng(0)
    n_hidden, n_batch = 3, 4
    p_t = rng.standard_normal((n_batch, N_GATES[name] * n_hidden))
    state = rng.standard_normal((n_batch, N_STATES[name] * n_hidden))
    Whh = rng.standard_normal((N_GATES[name] * n_hidden, n_hidden))
    expected = [expected_step(name, *row, Whh) for row in zip(p_t, state)]
    for make, take in [(T.matrix, slice(None)), (T.vector, 1)]:
        inputs = [make(), make(), T.matrix()]
        step = theano.function(inputs, CELLS[name].step(*inputs))
        got = step(p_t[take], state[take], Whh)
        np.testing.assert_allclose(got, np.array(expected)[take], rtol=1e-13)


@pytest.mark.parametrize("name", CELLS)
def test_steps_of_the_reference_are_the_same(name):
    """The reference that all else is compared with agrees with the formulas above."""
    rng = np.random.default_rng(1)
    x, W = rng.standard_normal((5, 2)), initial_weights(CELLS[name], 2, 3, rng)
    Wxh, Whh, bh = (w + 0.1 for w in W)
    state, expected = np.zeros(3 * N_STATES[name]), []
    for x_t in x:
        state = expected_step(name, Wxh @ x_t + bh, state, Whh)
        expected.append(state[:3])
    h, _ = reference.FORWARD[name](x, Wxh, Whh, bh)
    np.testing.assert_allclose(h, expected, rtol=1e-13)


@pytest.mark.parametrize("name", CELLS)
def test_output_stays_between_minus_one_and_one(name):
    inputs = [T.matrix(), T.matrix(), T.matrix()]
    step = theano.function(inputs, CELLS[name].step(*inputs))
    p_t, state = np.full((1, 2 * N_GATES[name]), 1000.0), np.ones((1, 2 * N_STATES[name]))
    h = step(p_t, state, np.ones((2 * N_GATES[name], 2)))[:, :2]
    assert np.isfinite(h).all()
    assert (np.abs(h) <= 1).all()


@pytest.mark.parametrize("name", CELLS)
def test_initial_weights(name):
    n_features, n_hidden = 5, 16
    Wxh, Whh, bh = initial_weights(CELLS[name], n_features, n_hidden, np.random.default_rng(2))
    rows = N_GATES[name] * n_hidden
    assert (Wxh.shape, Whh.shape, bh.shape) == ((rows, n_features), (rows, n_hidden), (rows,))
    limit = np.sqrt(6 / (n_features + n_hidden))
    assert 0.9 * limit < np.abs(Wxh).max() <= limit
    blocks = Whh.reshape(-1, n_hidden, n_hidden)
    for block in blocks:
        np.testing.assert_allclose(block.T @ block, np.eye(n_hidden), atol=1e-13)
    for one, other in itertools.pairwise(blocks):
        assert not np.allclose(one, other)
    if name == "lstm":  # remembers from the start
        assert bh.reshape(4, n_hidden)[1].tolist() == [1] * n_hidden
        assert not np.delete(bh.reshape(4, n_hidden), 1, axis=0).any()
    else:
        assert not bh.any()


def test_glorot_bounds_and_variance():
    W = glorot(np.random.default_rng(3), 200, 100)
    assert W.shape == (200, 100)
    assert 0.14 < np.abs(W).max() <= np.sqrt(6 / 300)
    np.testing.assert_allclose(W.var(), 2 / 300, rtol=0.05)
    assert abs(W.mean()) < 0.002


def test_orthogonal_weights_are_drawn_uniformly():
    """QR alone favours one sign on the diagonal; uniform rotations have no preferred direction."""
    rng = np.random.default_rng(4)
    draws = np.array([initial_weights(CELLS["tanh"], 1, 2, rng)[1] for _ in range(2000)])
    assert np.abs(draws.mean(axis=0)).max() < 0.06


def test_initial_weights_depend_only_on_the_generator():
    one, same, other = (
        initial_weights(CELLS["gru"], 2, 3, np.random.default_rng(s)) for s in (1, 1, 2)
    )
    for a, b in zip(one, same):
        assert np.array_equal(a, b)
    assert not np.array_equal(one[1], other[1])
