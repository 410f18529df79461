"""Checks of chapter 2: right answers in every form, and the reason why wrong ones are wrong."""

import numpy as np
import pytest

from rnn_lib import T, theano

CORRECT = "Correct: exercise {} is solved.\n"
p, t = T.dvectors("p", "t")


def function(inputs, outputs, **options):
    return theano.function(inputs, outputs, on_unused_input="ignore", **options)


def of_floats():
    a, b = T.fvectors("a", "b")
    return function([a, b], T.mean(T.sqr(a - b)))


@pytest.mark.parametrize(
    "answer",
    [
        lambda: function([p, t], T.mean((p - t) ** 2)),
        lambda: function([p, t], [((t - p) ** 2).sum() / p.shape[0]]),
        of_floats,
    ],
)
def test_loss_right(said, answer):
    assert said("2.1", answer()) == CORRECT.format("2.1")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda: T.mean((p - t) ** 2), "mse is an expression"),
        (lambda: function([p, t], T.sum((p - t) ** 2)), "take the mean"),
        (lambda: function([p, t], T.mean(p - t)), "a mean without the squares"),
        (lambda: function([p, t], T.mean(p**2 - t**2)), "subtract first"),
        (lambda: function([p, t], T.mean(abs(p - t))), "a mean without the squares"),
        (lambda: function([p, t], (p - t) ** 2), "it should be one number"),
        (lambda: {3: 13 / 3, 2: 10}.get, "your code raises"),
        (lambda: lambda p, t: {3: 13 / 3, 2: 10}.get(len(p), 1.0), "random numbers"),
        (lambda: "text", "mse is an expression"),
        (lambda: None, "mse is still None"),
    ],
)
def test_loss_wrong(said, answer, reason):
    assert reason in said("2.1", answer())


series, keep = T.dvector("series"), T.dscalar("keep")


def smoothing(step, out=lambda h: h, start=0.0):
    h, _ = theano.scan(
        step,
        sequences=[series],
        outputs_info=[T.zeros((), dtype="float64") + start],
        non_sequences=[keep],
    )
    return function([series, keep], out(h))


@pytest.mark.parametrize("out", [lambda h: h, lambda h: [h]])
def test_smooth_right(said, out):
    answer = smoothing(lambda x, h, k: k * h + (1 - k) * x, out)
    assert said("2.2", answer) == CORRECT.format("2.2")


@pytest.mark.parametrize(
    ("step", "out", "reason"),
    [
        (lambda x, h, k: 0.75 * h + 0.25 * x, lambda h: h, "the weight is fixed in the step"),
        (lambda x, h, k: (1 - k) * h + k * x, lambda h: h, "the weights are swapped"),
        (lambda x, h, k: k * h + x, lambda h: h, "must be weighted by 1 - keep"),
        (lambda x, h, k: (1 - k) * x, lambda h: h, "the old value is missing"),
        (lambda x, h, k: k * h + (1 - k) * x, lambda h: h[-1], "return all steps"),
        (lambda x, h, k: k * h + (1 - k) * x, lambda h: h[:-1], "3 inputs give 3 outputs"),
    ],
)
def test_smooth_wrong(said, step, out, reason):
    assert reason in said("2.2", smoothing(step, out))


def make_descent(rate):
    w = theano.shared(0.0, "w")
    cost = (w - 3) ** 2
    return function([], cost, updates=[(w, w - rate * T.grad(cost, w))]), w


def one_w_for_all():
    w = theano.shared(0.0, "w")

    def make(rate):
        w.set_value(0.0)
        cost = (w - 3) ** 2
        return function([], cost, updates=[(w, w - rate * T.grad(cost, w))]), w

    return make


def moving_by(change):
    def make(rate):
        w = theano.shared(0.0, "w")
        cost = (w - 3) ** 2
        return function([], cost, updates=[(w, w + change(w, cost, rate))]), w

    return make


@pytest.mark.parametrize("answer", [make_descent, lambda rate: list(make_descent(rate))])
def test_descent_right(said, answer):
    assert said("2.3", answer) == CORRECT.format("2.3")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (one_w_for_all(), "two descents share one w"),
        (moving_by(lambda w, cost, rate: 6 * rate + 0 * w), "the slope changes with w"),
        (moving_by(lambda w, cost, rate: rate * T.grad(cost, w)), "downhill is against"),
        (moving_by(lambda w, cost, rate: -T.grad(cost, w)), "multiply the slope by rate"),
        (moving_by(lambda w, cost, rate: 0 * w), "w did not move"),
        (lambda rate: make_descent(rate)[0], "return two things"),
        (lambda rate: make_descent(rate)[::-1], "first comes the function"),
        (lambda rate: (None, theano.shared(0.0)), "there is no compiled function yet"),
        (lambda rate: (make_descent(rate)[0], 0.0), "the shared variable w, not a value of type"),
    ],
)
def test_descent_wrong(said, answer, reason):
    assert reason in said("2.3", answer)


@pytest.fixture(scope="module")
def network():
    """The chapter's network: its symbols, and its compiled states."""
    rng = np.random.default_rng(0)
    X = T.matrix("X")
    Wxh = theano.shared(rng.normal(size=(3, 2)), "Wxh")
    Whh = theano.shared(rng.normal(size=(3, 3)) / 2, "Whh")
    h, _ = theano.scan(
        lambda x_t, h_prev: T.tanh(T.dot(Wxh, x_t) + T.dot(Whh, h_prev)),
        sequences=[X],
        outputs_info=[T.zeros((3,), dtype="float64")],
    )
    return X, h, function([X], h)


@pytest.mark.parametrize(
    "norm",
    [
        lambda slope: T.sqrt(T.sum(slope**2, axis=1)),
        lambda slope: slope.norm(2, axis=1),
    ],
)
def test_reach_right(said, network, norm):
    X, h, states = network
    reach = function([X], norm(T.grad(h[-1, 0], X)))
    assert said("2.4", reach, states) == CORRECT.format("2.4")


@pytest.mark.parametrize(
    ("cost", "norm", "reason"),
    [
        (lambda h: h[-1, 0], lambda s: T.sum(s**2, axis=1), "take the root"),
        (lambda h: h[-1, 0], lambda s: abs(s).max(axis=1), "the largest entry"),
        (lambda h: h[-1, 0], lambda s: abs(s).sum(axis=1), "the sum of each row"),
        (lambda h: h[-1, 0], lambda s: s, "the gradient itself"),
        (lambda h: h[-1].sum(), lambda s: T.sqrt(T.sum(s**2, axis=1)), "unit 0 alone"),
        (lambda h: h[-1, 0], lambda s: T.sqrt(T.sum(s**2, axis=1))[::-1], "is time turned"),
    ],
)
def test_reach_wrong(said, network, cost, norm, reason):
    X, h, states = network
    assert reason in said("2.4", function([X], norm(T.grad(cost(h), X))), states)


def test_reach_of_the_page_alone(said, network):
    X, h, states = network
    reach = function([X], T.sqrt(T.sum(T.grad(h[-1, 0], X) ** 2, axis=1)))
    first = reach(np.random.default_rng(5).normal(size=(20, 2)))
    assert "must depend on the inputs" in said("2.4", lambda inputs: first, states)


@pytest.mark.parametrize("number", ["2.1", "2.2", "2.3"])
def test_anything_else_gets_one_sentence(said, fails, number):
    for answer in (None, "text", 3.0, lambda *a: None, lambda *a: "text"):
        assert said(number, answer).startswith("Not yet: ")
    assert said(number, fails) == "Not yet: your code raises RuntimeError: not finished.\n"


def test_anything_else_for_the_reach(said, fails, network):
    for answer in (None, "text", lambda x: None, lambda x: "text", fails):
        assert said("2.4", answer, network[2]).startswith("Not yet: ")
