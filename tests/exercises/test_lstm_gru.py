"""Checks of the page about LSTM and GRU: right answers in every form, and why others are wrong."""

import numpy as np
import pytest

from rnn_exercises.lstm_gru import adding_problem, largest_move, sigmoid
from rnn_lib import RNN, T, theano


@pytest.mark.parametrize("number", ["6.1.1", "6.1.2", "6.1.3"])
def test_anything_else_gets_one_sentence(said, fails, number):
    assert said(number, None) == "Not yet: expected a function, got None.\n"
    assert said(number, "text") == "Not yet: expected a function, got a value of type str.\n"
    assert said(number, fails) == "Not yet: your code raises RuntimeError: not finished.\n"
    for odd in (None, "text", RNN, [], {}, np.nan, np.array(["a"]), [None]):
        assert said(number, lambda *a, odd=odd: odd).startswith("Not yet: ")


def bias_for(n_steps):
    f = 0.5 ** (1 / n_steps)
    return np.log(f / (1 - f))


def bias_by_bisection(n_steps):
    low, high = -5.0, 20.0
    while high - low > 1e-7:
        middle = (low + high) / 2
        low, high = (middle, high) if sigmoid(middle) ** n_steps < 0.5 else (low, middle)
    return low


@pytest.mark.parametrize(
    "answer",
    [
        bias_for,
        bias_by_bisection,
        lambda n_steps: float(bias_for(n_steps)),
        lambda n_steps: np.float32(bias_for(n_steps)),
        lambda n_steps: np.array(bias_for(n_steps)),
        lambda n_steps: -np.log(2 ** (1 / n_steps) - 1),
    ],
)
def test_bias_right(said, answer):
    assert said("6.1.1", answer) == "Correct: exercise 6.1.1 is solved.\n"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda n_steps: 0.0, "that halves the state at every step"),
        (lambda n_steps: -bias_for(n_steps), "the sign"),
        (lambda n_steps: 0.5 ** (1 / n_steps), "that is the gate's value"),
        (lambda n_steps: np.log(n_steps), "after 10 steps 0.386 is left"),
        (lambda n_steps: np.log(n_steps / np.log(2)), "after 10 steps 0.512 is left"),
        (lambda n_steps: bias_for(10), "right for 10 steps, not for 100"),
        (lambda n_steps: bias_for(n_steps if n_steps > 1 else 2), "not for 1:"),
        (lambda n_steps: np.full(4, bias_for(n_steps)), "return one number"),
        (lambda n_steps: np.inf, "a finite number, not inf"),
    ],
)
def test_bias_wrong(said, answer, reason):
    out = said("6.1.1", answer)
    assert out.startswith("Not yet: ")
    assert reason in out


def keep_everything(n_hidden):
    return np.concatenate([np.zeros(n_hidden), np.full(n_hidden, 15.0), np.zeros(n_hidden)])


@pytest.mark.parametrize(
    "answer",
    [
        keep_everything,
        lambda n_hidden: keep_everything(n_hidden).tolist(),
        lambda n_hidden: keep_everything(n_hidden).astype("float32"),
        lambda n_hidden: np.repeat([-3, 20, 1], n_hidden),
        lambda n_hidden: np.repeat([0, 1000, 0], n_hidden),
    ],
)
def test_keep_right(said, answer):
    assert said("6.1.2", answer) == "Correct: exercise 6.1.2 is solved.\n"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda n_hidden: np.zeros(3 * n_hidden), "z starts at one half"),
        (lambda n_hidden: np.repeat([15.0, 0, 0], n_hidden), "its block is the second"),
        (lambda n_hidden: np.repeat([0, -15.0, 0], n_hidden), "z near 0 overwrites"),
        (lambda n_hidden: np.repeat([0, 5.0, 0], n_hidden), "keep more"),
        (lambda n_hidden: np.repeat([0, 10.0, 0], n_hidden), "keep more"),
        (lambda n_hidden: np.repeat([0, 12.0, 0], n_hidden), "keep more"),
        (lambda n_hidden: keep_everything(4), "a GRU of 8 units has biases (24,)"),
        (lambda n_hidden: np.repeat([0, np.inf, 0], n_hidden), "finite"),
        (lambda n_hidden: np.full((3, n_hidden), 15.0), "biases (12,), yours are (3, 4)"),
    ],
)
def test_keep_wrong(said, answer, reason):
    out = said("6.1.2", answer)
    assert out.startswith("Not yet: ")
    assert reason in out


def test_the_gru_of_the_check_is_that_of_the_library():
    bh = np.random.default_rng(4).normal(2, 1, 15)
    model = RNN(2, 5, 1, cell="gru", output="linear", seed=7)
    model.bh.set_value(bh.astype(model.bh.dtype))
    x_t, h_prev = T.vector(), T.vector()
    step = theano.function([x_t, h_prev], model.forward_step(x_t, h_prev))
    rng = np.random.default_rng(7)
    start = h = 0.95 * rng.choice([-1.0, 1.0], 5)
    for x in adding_problem(1, 100, rng)[0][:, 0]:
        h = step(x, h)
    assert np.isclose(largest_move(bh, 7), np.abs(h - start).max())


def unit(scale=0.1, forget=20.0, output=20.0, shut=-20.0, mark=40.0, by=0.0, **changed):
    weights = {
        "Wxh": np.array([[0.0, mark], [0.0, 0.0], [scale, 0.0], [0.0, 0.0]]),
        "Whh": np.zeros((4, 1)),
        "bh": np.array([shut, forget, 0.0, output]),
        "Why": np.array([[1 / scale]]),
        "by": np.array([by]),
    }
    return weights | changed


@pytest.mark.parametrize(
    "answer",
    [
        unit,
        lambda: unit(scale=-0.01),
        lambda: unit(scale=0.02, output=0.0, Why=[[100]]),
        lambda: {name: value.tolist() for name, value in unit().items()},
        lambda: {name: value.astype("float32") for name, value in unit().items()},
    ],
)
def test_unit_right(said, answer):
    assert said("6.1.3", answer) == "Correct: exercise 6.1.3 is solved.\n"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda: {name: 0 * value for name, value in unit().items()}, "the same for all"),
        (lambda: unit(shut=20.0), "that adds all values"),
        (lambda: unit(mark=-40.0, shut=20.0), "that adds all values"),
        (lambda: unit(forget=-20.0), "a correlation of only"),
        (lambda: unit(Why=np.array([[1.0]])), "the sum is in c, but the error is"),
        (lambda: unit(scale=2.0), "a correlation of only"),
        (lambda: unit(forget=6.0), "40 steps are solved; at 400"),
        (lambda: unit(forget=8.0), "40 steps are solved; at 1000"),
        (lambda: unit(shut=-6.0, mark=26.0), "40 steps are solved; at 400"),
        (lambda: unit(Why=np.array([[8.0]]), by=0.2), "without a mark the sum is 0"),
        (lambda: unit(Whh=np.zeros((1, 4))), "Whh is (4, 1), not (1, 4)"),
        (lambda: unit(bh="no"), "bh should be made of numbers"),
        (lambda: unit(bh=np.full(4, np.nan)), "finite"),
        (lambda: {"Wxh": np.zeros((4, 2))}, "is missing in the dictionary"),
        (lambda: list(unit().values()), "return a dictionary"),
    ],
)
def test_unit_wrong(said, answer, reason):
    out = said("6.1.3", answer)
    assert out.startswith("Not yet: ")
    assert reason in out
