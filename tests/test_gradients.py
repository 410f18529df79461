"""Gradients: hand-written BPTT = finite differences = what ``T.grad`` gives, for every option."""

import itertools

import numpy as np
import pytest
from models import get_model, get_weights, make_data
from reference import batch_loss_and_gradients, slope

SIZES = (3, 2, 3)  # input, hidden, output
CHOICES = {
    "cell": ["tanh", "lstm", "gru"],
    "layers": [1, 2],
    "bidirectional": [False, True],
    "readout": ["last", "all"],
    "output": ["softmax", "linear"],
    "embedding_size": [None, 2],
}
ALL = [dict(zip(CHOICES, values)) for values in itertools.product(*CHOICES.values())]

# Compiling all 96 takes minutes.  These 8 hold every pair of values of any two options.
_DESIGN = """
tanh 1 0 last softmax -   tanh 1 0 last softmax e   tanh 1 0 all linear  -   tanh 2 1 all linear e
lstm 2 0 last linear  -   lstm 1 1 all  softmax e   gru  2 0 all softmax e   gru  1 1 last linear -
"""


def _design():
    words = iter(_DESIGN.split())
    for cell, layers, both, readout, output, embedding in zip(*[words] * 6):
        yield {
            "cell": cell,
            "layers": int(layers),
            "bidirectional": both == "1",
            "readout": readout,
            "output": output,
            "embedding_size": 2 if embedding == "e" else None,
        }


DESIGN = list(_design())


def _name(options):
    return "-".join(str(value) for value in options.values())


def _network_options(options):
    return {name: value for name, value in options.items() if name != "embedding_size"}


def _draw_weights(options, rng):
    """Weights larger than initial ones, so that every gate works away from its middle."""
    size, hidden, n_out = SIZES
    gates = {"tanh": 1, "lstm": 4, "gru": 3}[options["cell"]]
    sides, weights = ["", "_back"][: 1 + options["bidirectional"]], {}
    if options["embedding_size"]:
        weights["E"] = rng.standard_normal((size, options["embedding_size"]))
    below = options["embedding_size"] or size
    for layer in ["", "2"][: options["layers"]]:
        for side in sides:
            weights[f"Wxh{layer}{side}"] = rng.standard_normal((gates * hidden, below))
            weights[f"Whh{layer}{side}"] = rng.standard_normal((gates * hidden, hidden))
            weights[f"bh{layer}{side}"] = rng.standard_normal(gates * hidden)
        below = hidden * len(sides)
    weights["Why"], weights["by"] = rng.standard_normal((n_out, below)), rng.standard_normal(n_out)
    return weights


def test_the_design_holds_every_pair_of_values():
    for a, b in itertools.combinations(CHOICES, 2):
        pairs = {(options[a], options[b]) for options in DESIGN}
        assert pairs == set(itertools.product(CHOICES[a], CHOICES[b])), (a, b)


@pytest.mark.parametrize("options", ALL, ids=_name)
def test_bptt_by_hand_is_what_finite_differences_give(options):
    rng = np.random.default_rng(1)
    weights = _draw_weights(options, rng)
    xs, ys = make_data(SIZES[0], SIZES[2], (3, 1), **options)
    network = _network_options(options)
    _, grads = batch_loss_and_gradients(weights, xs, ys, **network)
    for name, weight in weights.items():
        for direction in rng.standard_normal((2, *weight.shape)):
            expected = slope(
                lambda w: batch_loss_and_gradients(w, xs, ys, **network)[0],
                weights,
                {name: direction},
            )
            np.testing.assert_allclose(
                (direction * grads[name]).sum(), expected, rtol=1e-6, atol=1e-8
            )


@pytest.mark.parametrize("options", DESIGN, ids=_name)
def test_symbolic_gradient_is_bptt_by_hand(options):
    """With a rate of 1, one update of gradient descent subtracts exactly the gradient."""
    model = get_model(*SIZES, **options)
    weights = _draw_weights(options, np.random.default_rng(2))
    assert {p.name for p in model.params} == set(weights)
    for p in model.params:
        assert p.get_value().shape == weights[p.name].shape, p.name
        p.set_value(weights[p.name])
    xs, ys = make_data(SIZES[0], SIZES[2], **options)  # lengths 3, 5, 1, 4: masks at work
    history = model.train(xs, ys, 1.0, 1, batch_size=4)
    loss, grads = batch_loss_and_gradients(weights, xs, ys, **_network_options(options))
    np.testing.assert_allclose(history.loss, [loss], rtol=1e-12)
    for name, after in get_weights(model).items():
        np.testing.assert_allclose(weights[name] - after, grads[name], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("cell", CHOICES["cell"])
def test_symbolic_gradient_is_what_finite_differences_of_evaluate_give(cell):
    model = get_model(2, 3, 3, cell=cell)
    rng = np.random.default_rng(3)
    weights = {p.name: rng.standard_normal(p.get_value().shape) for p in model.params}
    xs, ys = make_data(2, 3, (4, 2))

    def loss(values):
        for p in model.params:
            p.set_value(values[p.name])
        return model.evaluate(xs, ys)

    directions = [{n: rng.standard_normal(w.shape)} for n, w in weights.items() for _ in range(2)]
    slopes = [slope(loss, weights, d) for d in directions]
    loss(weights)
    model.train(xs, ys, 1.0, 1, batch_size=2)
    grads = {n: weights[n] - after for n, after in get_weights(model).items()}
    expected = [sum((d[n] * grads[n]).sum() for n in d) for d in directions]
    np.testing.assert_allclose(slopes, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("cell", CHOICES["cell"])
def test_symbolic_gradient_over_forty_steps(cell):
    """Nothing is cut off: the gradient reaches the first of many steps."""
    model = get_model(2, 3, 3, cell=cell)
    weights = get_weights(model)
    xs, ys = make_data(2, 3, (40,), seed=5)
    model.train(xs, ys, 1.0, 1)
    _, grads = batch_loss_and_gradients(weights, xs, ys, cell=cell)
    for name, after in get_weights(model).items():
        np.testing.assert_allclose(weights[name] - after, grads[name], rtol=1e-9, atol=1e-12)
