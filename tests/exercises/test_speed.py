"""Checks of the page about loops: right answers in every form, and why wrong ones are wrong."""

import numpy as np
import pytest

from rnn_lib import T, theano
from rnn_lib.cells import CELLS


@pytest.mark.parametrize("number", ["6.7.1", "6.7.2", "6.7.3"])
def test_anything_else_gets_one_sentence(said, fails, number):
    assert said(number, None).startswith("Not yet: expected ")
    assert said(number, "text").startswith("Not yet: expected ")
    assert said(number, fails) == "Not yet: your code raises RuntimeError: not finished.\n"
    for odd in (None, "text", np, [], {}, 3.5, np.array(["a"]), abs):
        assert said(number, lambda *a, odd=odd: odd).startswith("Not yet: ")


def averages(dot, x, W, c):
    state, states = np.zeros(len(c)), []
    for p_t in dot(x, W.T) + c:
        state = 0.9 * state + p_t
        states.append(state)
    return np.array(states)


def averages_from_the_right(dot, x, W, c):
    p, states = dot(W, x.T).T + c, [np.zeros(len(c))]
    for t in range(len(p)):
        states.append(0.9 * states[-1] + p[t])
    return states[1:]


@pytest.mark.parametrize(
    "answer",
    [
        averages,
        averages_from_the_right,
        lambda *a: averages(*a).astype("float32"),
        lambda *a: averages(*a).tolist(),
    ],
)
def test_averages_right(said, answer):
    assert said("6.7.1", answer) == "Correct: exercise 6.7.1 is solved.\n"


def slow(dot, x, W, c):
    state, states = np.zeros(len(c)), []
    for x_t in x:
        state = 0.9 * state + dot(W, x_t) + c
        states.append(state)
    return np.array(states)


def thirty_steps(dot, x, W, c):
    return averages(dot, x[:30], W, c)


def half_and_half(dot, x, W, c):
    p = np.concatenate([dot(x[:35], W.T), *(dot(x[t : t + 1], W.T) for t in range(35, len(x)))])
    return averages(lambda a, b: p, x, W, c)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (slow, "you called dot 30 times: once is enough"),
        (lambda dot, *a: averages(np.dot, *a), "use the function dot that is passed in"),
        (thirty_steps, "steps the result is"),
        (half_and_half, "once is enough"),
        (lambda dot, x, W, c: averages(dot, x, W.T, c), "which of x and W is turned?"),
        (lambda dot, x, W, c: averages(dot, x, W, 0 * c), "c is missing"),
        (lambda dot, x, W, c: averages(dot, x, W, 0 * c) + c, "c is added once"),
        (lambda dot, x, W, c: dot(x, W.T) + c, "the old state is missing"),
        (lambda dot, x, W, c: np.cumsum(dot(x, W.T) + c, axis=0), "multiplied by 0.9"),
        (lambda *a: averages(*a)[-1], "the result is (30, 3), yours is (3,)"),
        (lambda *a: averages(*a)[::-1], "not those of the loop"),
    ],
)
def test_averages_wrong(said, answer, reason):
    out = said("6.7.1", answer)
    assert out.startswith("Not yet: ")
    assert reason in out


def running_sum(slopes, forward=np.cumsum):
    class RunningSum(theano.Op):
        __props__ = ()

        def make_node(self, x):
            return theano.Apply(self, [x], [x.type()])

        def perform(self, node, inputs, outputs):
            outputs[0][0] = np.asarray(forward(inputs[0]))

        def L_op(self, inputs, outputs, gradients):
            return [slopes(self, gradients[0])]

        pullback = L_op

    return RunningSum


def with_a_product(op, d):
    return T.dot(T.triu(T.ones((d.shape[0], d.shape[0]))), d)


@pytest.mark.parametrize(
    "answer",
    [
        running_sum(lambda op, d: op(d[::-1])[::-1]),
        running_sum(lambda op, d: d.sum() - op(d) + d),
        running_sum(with_a_product),
        running_sum(lambda op, d: op(d[::-1])[::-1])(),
        lambda: running_sum(lambda op, d: op(d[::-1])[::-1])(),
    ],
)
def test_gradient_right(said, answer):
    assert said("6.7.2", answer) == "Correct: exercise 6.7.2 is solved.\n"


def for_three(op, d):
    return T.stack([d[0] + d[1] + d[2], d[1] + d[2], d[2]])


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (running_sum(lambda op, d: d), "the gradient is [  1.  10. 100.]: see the hint"),
        (running_sum(lambda op, d: op(d)), "that sums forward"),
        (running_sum(lambda op, d: op(d[::-1])), "turn the sums round, too"),
        (running_sum(lambda op, d: op(d)[::-1]), "see the hint"),
        (running_sum(for_three), "5 numbers"),
        (running_sum(lambda op, d: op(d[::-1])[::-1], lambda x: x), "the sums of [1.0, 2.0, 4.0]"),
        (running_sum(lambda op, d: op(d[::-1])[::-1], lambda x: x[:1]), "3 numbers have 3 sums"),
        (running_sum(lambda op, d: np.ones(3)), "a list of one expression"),
        (running_sum(lambda op, d: None), "a list of one expression"),
    ],
)
def test_gradient_wrong(said, answer, reason):
    out = said("6.7.2", answer)
    assert out.startswith("Not yet: ")
    assert reason in out


def count_products(cell, n_steps, n_batch, n_features, n_hidden):
    rows = CELLS[cell].n_gates * n_hidden
    return n_steps * n_batch * rows * (n_features + n_hidden)


def count_in_a_loop(cell, n_steps, n_batch, n_features, n_hidden):
    total = 0
    for _ in range(n_steps):
        total += CELLS[cell].n_gates * n_hidden * n_features * n_batch
        total += CELLS[cell].n_gates * n_hidden * n_hidden * n_batch
    return total


@pytest.mark.parametrize(
    "answer",
    [
        count_products,
        count_in_a_loop,
        lambda *a: float(count_products(*a)),
        lambda *a: np.int64(count_products(*a)),
    ],
)
def test_count_right(said, answer):
    assert said("6.7.3", answer) == "Correct: exercise 6.7.3 is solved.\n"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda cell, n, b, d, h: n * h * h, "that is the state alone"),
        (lambda cell, n, b, d, h: count_products(cell, n, 1, d, h), "every sequence of the batch"),
        (lambda cell, n, b, d, h: count_products("tanh", n, b, d, h), "four blocks"),
        (lambda cell, n, b, d, h: count_products(cell, n, b, h, h), "features"),
        (
            lambda cell, n, b, d, h: count_products(cell.replace("gru", "tanh"), n, b, d, h),
            "gru, 7 steps, 3 sequences",
        ),
        (lambda cell, n, b, d, h: 80_000, "for W2l it is 268,435,456, not 80,000"),
        (lambda cell, n, b, d, h: 80_000.5, "a whole number"),
    ],
)
def test_count_wrong(said, answer, reason):
    out = said("6.7.3", answer)
    assert out.startswith("Not yet: ")
    assert reason in out
