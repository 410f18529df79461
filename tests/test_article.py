"""The article's class runs after ``from rnn_lib import theano, T``, and equals NumPy by hand."""

import inspect
import re

import article_rnn
import numpy as np
import pytest
from reference import forward, loss_and_gradients

import rnn_lib
from rnn_lib.data import one_hot

NAMES = ["Wxh", "Whh", "Why", "bh", "by"]
SIZES = (3, 4, 5)
pytestmark = pytest.mark.filterwarnings("ignore:DEPRECATION. If x is a vector:UserWarning")


def draw(seed, n_steps):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n_steps, 3)), int(rng.integers(0, 5))


def make(seed, cls=article_rnn.RNN):
    np.random.seed(seed)  # noqa: NPY002  # the article's class has no other source
    model = cls(*SIZES)
    return model, {name: p.get_value() for name, p in zip(NAMES, model.params)}


def descend(weights, sequence, target, learning_rate, num_epochs):
    """The same training in NumPy: return the losses; ``weights`` change in place."""
    losses = []
    for _ in range(num_epochs):
        loss, grads = loss_and_gradients(weights, sequence, target)
        losses.append(loss)
        for name in NAMES:
            weights[name] -= learning_rate * grads[name]
    return losses


def printed_losses(train, *args, capsys):
    with np.printoptions(precision=17):
        train(*args)
    lines = capsys.readouterr().out.splitlines()
    return [float(re.search(r"Loss: \D*([\d.e+-]+)", line)[1]) for line in lines]


@pytest.mark.parametrize(("seed", "n_steps"), [(0, 1), (1, 3), (2, 7), (3, 29)])
def test_losses_and_parameters_are_those_of_numpy(seed, n_steps, capsys):
    model, weights = make(seed)
    sequence, target = draw(seed, n_steps)
    losses = printed_losses(model.train, sequence, one_hot([target], 5), capsys=capsys)
    assert len(losses) == 100
    expected = descend(weights, sequence, target, 0.1, 100)
    np.testing.assert_allclose(losses, expected, rtol=0, atol=1e-9)
    assert losses[-1] < 0.2 < 1.5 < losses[0]  # it learns
    for name, p in zip(NAMES, model.params):
        np.testing.assert_allclose(p.get_value(), weights[name], rtol=0, atol=1e-9)
    out, _, _ = forward(weights, sequence)
    assert model.predict(sequence) == out.argmax() == target


def test_our_class_trains_as_the_mended_one(capsys):
    mended, weights = make(4)
    ours = rnn_lib.RNN(*SIZES)
    for p, name in zip(ours.params, NAMES):
        p.set_value(weights[name])
    sequence, target = draw(4, 6)
    losses = printed_losses(mended.train, sequence, one_hot([target], 5), 0.2, 30, capsys=capsys)
    for y in (target, one_hot(target, 5), one_hot([target], 5)):
        for p, name in zip(ours.params, NAMES):
            p.set_value(weights[name])
        history = ours.train(sequence, y, 0.2, 30)
        np.testing.assert_allclose(history.loss, losses, rtol=0, atol=1e-9)
    assert ours.predict(sequence) == mended.predict(sequence)


def as_printed(**scope):
    """Return the article's class with one of its faults put back."""
    source = inspect.getsource(article_rnn.RNN)
    faulty = source.replace("+ self.by)", "+ self.by)[0]")
    assert faulty.count("[0]") == 2
    exec(faulty, vars(article_rnn) | scope, scope)
    return scope["RNN"]


def test_first_fault_of_the_listing():
    """The article calls `forward_step` and never defines it."""
    cls = as_printed()
    del cls.forward_step
    with pytest.raises(AttributeError, match="'RNN' object has no attribute 'forward_step'"):
        make(0, cls)[0].train(*draw(0, 3))


def test_second_fault_of_the_listing():
    """With ``[0]`` the output is a vector, while `y` is a matrix."""
    sequence, target = draw(0, 3)
    with pytest.raises(TypeError, match="rank mismatch between coding and true distributions"):
        make(0, as_printed())[0].train(sequence, one_hot([target], 5))
