"""rnn_lib.recurrence: forward, backward and masked, against a NumPy loop over each sequence."""

import numpy as np
import pytest
import reference

from rnn_lib import T, theano
from rnn_lib.cells import CELLS, initial_weights
from rnn_lib.data import pad
from rnn_lib.recurrence import recurrence

LENGTHS = [4, 1, 6, 3]


@pytest.fixture(scope="module", params=[(c, b) for c in CELLS for b in (False, True)], ids=str)
def layer(request):
    """The cell's name, the direction, weights, the compiled layer, and its gradient by x."""
    name, backwards = request.param
    rng = np.random.default_rng(5)
    weights = [w + 0.2 for w in initial_weights(CELLS[name], 2, 3, rng)]
    x, mask = T.tensor3("x"), T.bmatrix("mask")
    shared = [theano.shared(w) for w in weights]
    h = recurrence(CELLS[name], x, mask, *shared, backwards=backwards)
    return name, backwards, weights, theano.function([x, mask], [h, T.grad(h.sum(), x)])


def expected_outputs(name, backwards, weights, sequence):
    order = slice(None, None, -1 if backwards else 1)
    h, _ = reference.FORWARD[name](sequence[order], *weights)
    return h[order]


def draw_sequences():
    rng = np.random.default_rng(6)
    return [rng.standard_normal((n, 2)) for n in LENGTHS]


def test_outputs_at_real_steps(layer):
    name, backwards, weights, run = layer
    sequences = draw_sequences()
    h, _ = run(*pad(sequences))
    assert h.shape == (6, 4, 3)
    for k, sequence in enumerate(sequences):
        expected = expected_outputs(name, backwards, weights, sequence)
        np.testing.assert_allclose(h[: len(sequence), k], expected, rtol=1e-13)


def test_state_is_carried_over_padding(layer):
    """So the last step (backwards: the first) holds each sequence's own end."""
    name, backwards, weights, run = layer
    sequences = draw_sequences()
    h, _ = run(*pad(sequences))
    for k, sequence in enumerate(sequences):
        expected = expected_outputs(name, backwards, weights, sequence)
        end = h[0, k] if backwards else h[-1, k]
        np.testing.assert_allclose(end, expected[0 if backwards else -1], rtol=1e-13)
        after = h[len(sequence) :, k]
        assert np.array_equal(after, np.zeros_like(after) if backwards else after * 0 + end)


def test_what_stands_in_the_padding_does_not_matter(layer):
    _, _, _, run = layer
    x, mask = pad(draw_sequences())
    filled = x + 1e3 * (mask[..., None] == 0)
    for clean, changed in zip(run(x, mask), run(filled, mask)):
        real = mask > 0
        assert np.array_equal(clean[real], changed[real])
    assert not run(filled, mask)[1][~real].any()  # and it has no gradient


def test_gradient_reaches_the_input_as_by_hand(layer):
    name, backwards, weights, run = layer
    (sequence,) = draw_sequences()[2:3]
    _, gradient = run(*pad([sequence]))
    order = slice(None, None, -1 if backwards else 1)
    h, tape = reference.FORWARD[name](sequence[order], *weights)
    dx, *_ = reference.BACKWARD[name](np.ones_like(h), sequence[order], tape, *weights[:2])
    np.testing.assert_allclose(gradient[:, 0], dx[order], rtol=1e-12)


def test_backwards_is_forwards_on_the_reversed_sequence():
    rng = np.random.default_rng(7)
    weights = [theano.shared(w) for w in initial_weights(CELLS["tanh"], 2, 3, rng)]
    x, mask = T.tensor3("x"), T.bmatrix("mask")
    both = [recurrence(CELLS["tanh"], x, mask, *weights, backwards=b) for b in (False, True)]
    run = theano.function([x, mask], both)
    values, ones = rng.standard_normal((5, 2, 2)), np.ones((5, 2), "int8")
    np.testing.assert_array_equal(run(values, ones)[1], run(values[::-1], ones)[0][::-1])
