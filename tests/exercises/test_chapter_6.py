"""Checks of chapter 6: right answers in every form, and the reason why wrong ones are wrong."""

import numpy as np
import pytest

from rnn_exercises import check
from rnn_exercises.vowels import scaled
from rnn_lib import RNN

SETTINGS = {"learning_rate": 0.005, "num_epochs": 15, "batch_size": 27}
SETTINGS |= {"optimizer": "adam", "clip_norm": 1.0}


@pytest.fixture
def said(capsys):
    def verdict(number, answer):
        check(number, answer)
        captured = capsys.readouterr()
        assert captured.err == ""
        return captured.out

    return verdict


def fails(*arguments):
    raise RuntimeError("not finished")


@pytest.mark.parametrize("number", ["6.1", "6.2", "6.3"])
def test_anything_else_gets_one_sentence(said, number):
    assert said(number, None) == "Not yet: expected a function, got None.\n"
    assert said(number, "text") == "Not yet: expected a function, got a value of type str.\n"
    assert said(number, fails) == "Not yet: your code raises RuntimeError: not finished.\n"
    assert said(number, lambda *a: None).startswith("Not yet: ")
    assert said(number, lambda *a: "text").startswith("Not yet: ")
    assert said(number, lambda *a: RNN).startswith("Not yet: ")


def probabilities(arrays, x, n_hidden=None, tanh=np.tanh):
    h = np.zeros(n_hidden or len(arrays["bh"]))
    for x_t in x:
        h = tanh(arrays["Wxh"] @ x_t + arrays["Whh"] @ h + arrays["bh"])
    z = arrays["Why"] @ h + arrays["by"]
    p = np.exp(z - z.max())
    return p / p.sum()


def in_float32(arrays, x):
    small = {name: array.astype("float32") for name, array in arrays.items()}
    return probabilities(small, x.astype("float32")).astype("float32")


def in_rows(arrays, x):
    h = np.zeros((1, len(arrays["bh"])))
    for x_t in x:
        h = np.tanh(x_t @ arrays["Wxh"].T + h @ arrays["Whh"].T + arrays["bh"])
    z = (h @ arrays["Why"].T + arrays["by"])[0]
    return np.exp(z - np.logaddexp.reduce(z)).tolist()


@pytest.mark.parametrize("answer", [probabilities, in_float32, in_rows])
def test_numpy_alone_right(said, answer):
    assert said("6.1", answer) == "Correct: exercise 6.1 is solved.\n"


def overflows(arrays, x):
    h = np.zeros(len(arrays["bh"]))
    for x_t in x:
        h = np.tanh(arrays["Wxh"] @ x_t + arrays["Whh"] @ h + arrays["bh"])
    p = np.exp(arrays["Why"] @ h + arrays["by"])
    return p / p.sum()


def forgets(arrays, x):
    return probabilities({**arrays, "Whh": 0 * arrays["Whh"]}, x)


def all_at_once(arrays, x):
    return probabilities(arrays, x[np.newaxis])


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda arrays, x: probabilities(arrays, x, n_hidden=32), "take them from the arrays"),
        (overflows, "subtract the largest"),
        (forgets, "Whh changes nothing"),
        (all_at_once, "take x row by row"),
        (lambda arrays, x: probabilities(arrays, x, tanh=lambda a: a), "where is the tanh"),
        (
            lambda arrays, x: probabilities({**arrays, "Whh": arrays["Whh"].T}, x),
            "Whh is turned",
        ),
        (lambda arrays, x: np.log(probabilities(arrays, x)), "where is the softmax"),
        (lambda arrays, x: probabilities(arrays, x[:1]), "Whh changes nothing"),
        (lambda arrays, x: probabilities(arrays, x)[:, np.newaxis], "the shape should be (9,)"),
        (lambda arrays, x: np.eye(9)[0], "changes nothing"),
    ],
)
def test_numpy_alone_wrong(said, answer, reason):
    out = said("6.1", answer)
    assert out.startswith("Not yet: ")
    assert reason in out


def to_row_layout(arrays):
    return arrays["Wxh"].T, arrays["Whh"].T, arrays["bh"]


@pytest.mark.parametrize(
    "answer",
    [
        to_row_layout,
        lambda arrays: list(to_row_layout(arrays)),
        lambda arrays: (array.astype("float32") for array in to_row_layout(arrays)),
    ],
)
def test_layout_right(said, answer):
    assert said("6.2", answer) == "Correct: exercise 6.2 is solved.\n"


def of_another_network(arrays):
    model = RNN(12, 32, 9, seed=1)
    return model.Wxh.get_value().T, model.Whh.get_value().T, model.bh.get_value()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda arrays: (arrays["Wxh"].T, arrays["Whh"], arrays["bh"]), "turn R, too"),
        (lambda arrays: (arrays["Wxh"], arrays["Whh"].T, arrays["bh"]), "K should be (12, 32)"),
        (lambda arrays: to_row_layout(arrays)[:2], "three arrays, not 2"),
        (lambda arrays: (*to_row_layout(arrays)[:2], arrays["by"]), "b should be (32,)"),
        (
            lambda arrays: (arrays["Wxh"].reshape(arrays["Wxh"].shape[::-1]), *"RB"),
            "should be made of numbers",
        ),
        (of_another_network, "K must turn an input as the Wxh"),
    ],
)
def test_layout_wrong(said, answer, reason):
    out = said("6.2", answer)
    assert out.startswith("Not yet: ")
    assert reason in out


def with_beginnings(x_train, y_train):
    rng = np.random.default_rng(1)
    cut = [x[: rng.integers(4, 13)] for x in x_train + x_train]
    network = RNN(12, 32, 9, seed=1)
    network.train(x_train + cut, np.tile(y_train, 3), **SETTINGS)
    return network


def every_frame(x_train, y_train):
    network = RNN(12, 64, 9, readout="all", seed=1)
    targets = [np.full(len(x), k) for x, k in zip(x_train, y_train)]
    network.train(x_train, targets, **SETTINGS)
    return network


@pytest.mark.parametrize("answer", [with_beginnings, every_frame])
def test_early_right(said, answer):
    assert said("6.3", answer) == "Correct: exercise 6.3 is solved.\n"


def whole(x_train, y_train):
    network = RNN(12, 32, 9, seed=1)
    network.train(x_train, y_train, **SETTINGS)
    return network


class NearestMean:
    """No network: it names the speaker whose mean frame is nearest."""

    def __init__(self, x_train, y_train):
        means = np.array([x[:7].mean(axis=0) for x in x_train])
        self.centres = np.array([means[y_train == k].mean(axis=0) for k in range(9)])

    def predict(self, utterances):
        means = np.array([x.mean(axis=0) for x in utterances])
        return ((means[:, np.newaxis] - self.centres) ** 2).sum(axis=-1).argmin(axis=1)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (NearestMean, "return a trained network, an RNN"),
        (whole, "over 80 % is asked for after 7"),
        (lambda x, y: whole([u[:7] for u in x], y), "whole utterances lost"),
        (lambda x, y: whole(*scaled()[2:]), "train the network inside the function"),
        (lambda x, y: RNN(12, 32, 9), "train the network inside the function"),
    ],
)
def test_early_wrong(said, answer, reason):
    out = said("6.3", answer)
    assert out.startswith("Not yet: ")
    assert reason in out
