"""Checks of chapter 5: right answers in every form, and the reason why wrong ones are wrong."""

import numpy as np
import pytest

from rnn_exercises import check
from rnn_exercises.vowels import scaled
from rnn_lib import RNN

SETTINGS = {"learning_rate": 0.005, "batch_size": 27, "optimizer": "adam", "clip_norm": 1.0}


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


@pytest.mark.parametrize("number", ["5.1", "5.2", "5.3", "5.4"])
def test_anything_else_gets_one_sentence(said, number):
    assert said(number, None) == "Not yet: expected a function, got None.\n"
    assert said(number, "text") == "Not yet: expected a function, got a value of type str.\n"
    assert said(number, fails) == "Not yet: your code raises RuntimeError: not finished.\n"
    assert said(number, lambda *a: None).startswith("Not yet: ")
    assert said(number, lambda *a: "text").startswith("Not yet: ")
    assert said(number, lambda *a: RNN).startswith("Not yet: ")


def top_accuracy(p, y, n):
    best = np.argsort(p, axis=-1)[:, -n:]
    return (best == y[:, np.newaxis]).any(axis=-1).mean()


def by_rank(p, y, n):
    return float(np.mean([(row > row[k]).sum() < n for row, k in zip(p, y)]))


@pytest.mark.parametrize("answer", [top_accuracy, by_rank, lambda *a: np.float32(by_rank(*a))])
def test_top_accuracy_right(said, answer):
    assert said("5.1", answer) == "Correct: exercise 5.1 is solved.\n"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            lambda p, y, n: (np.argsort(p, axis=-1)[:, -n] == y).mean(),
            "the most probable class counts, too",
        ),
        (lambda p, y, n: (np.argsort(p, axis=-1)[:, :n] == y[:, None]).mean(), "argsort starts"),
        (lambda p, y, n: n * top_accuracy(p, y, n) * 3, "not their number"),
        (lambda p, y, n: np.equal(np.argsort(p)[:, -n:], y).any(axis=-1).mean(), "a column"),
        (lambda p, y, n: top_accuracy(p, y, min(n, 2)), "n = 3"),
        (lambda p, y, n: n / 3 if n < 2 else 1.0, "50 random utterances"),
        (lambda p, y, n: np.argsort(p, axis=-1)[:, -n] == y, "return one number"),
    ],
)
def test_top_accuracy_wrong(said, answer, reason):
    out = said("5.1", answer)
    assert out.startswith("Not yet: ")
    assert reason in out


def precision(confusion):
    return np.diag(confusion) / np.maximum(confusion.sum(axis=0), 1)


def precision_by_columns(confusion):
    columns = enumerate(confusion.T)
    return [float(c[k] / c.sum()) if c.sum() else 0.0 for k, c in columns]


@pytest.mark.parametrize(
    "answer", [precision, precision_by_columns, lambda c: precision(c).astype("float32")]
)
def test_precision_right(said, answer):
    assert said("5.2", answer) == "Correct: exercise 5.2 is solved.\n"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda c: np.diag(c) / np.maximum(c.sum(axis=1), 1), "the recall"),
        (lambda c: np.diag(c) / c.sum(axis=0), "must give 0, not NaN"),
        (lambda c: c.max(axis=0) / np.maximum(c.sum(axis=0), 1), "on the diagonal"),
        (lambda c: np.diag(c) / c.sum(), "not of the table"),
        (lambda c: np.diag(c), "counts"),
        (lambda c: precision(c).mean(), "one number a class"),
        (lambda c: [0.75, 0.5, 0], "expected 0.20, 0.53, 1.00"),
    ],
)
def test_precision_wrong(said, answer, reason):
    out = said("5.2", answer)
    assert out.startswith("Not yet: ")
    assert reason in out


def answer_if_sure(p, y, threshold):
    answered = p.max(axis=-1) >= threshold
    hit = p.argmax(axis=-1) == y
    return answered.mean(), hit[answered].mean() if answered.any() else 1.0


def sure_last_of_ties(p, y, threshold):
    sure = [(row, k) for row, k in zip(p, y) if row.max() >= threshold]
    hits = [len(row) - 1 - row[::-1].argmax() == k for row, k in sure]
    return [len(sure) / len(p), np.mean(hits) if hits else 1]


@pytest.mark.parametrize(
    "answer",
    [answer_if_sure, sure_last_of_ties, lambda *a: np.float32(answer_if_sure(*a))],
)
def test_sure_right(said, answer):
    assert said("5.3", answer) == "Correct: exercise 5.3 is solved.\n"


def of_true_class(p, y, threshold):
    answered = p[np.arange(len(y)), y] >= threshold
    hit = p.argmax(axis=-1) == y
    return answered.mean(), hit[answered].mean() if answered.any() else 1.0


def two_classes(p, y, threshold):
    answered = p.max(axis=-1) >= threshold
    hit = (p[:, 1] > 0.5) == y
    return answered.mean(), hit[answered].mean() if answered.any() else 1.0


def of_all(p, y, threshold):
    answered = p.max(axis=-1) >= threshold
    hit = p.argmax(axis=-1) == y
    return answered.mean(), (hit & answered).mean() if answered.any() else 1.0


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (of_true_class, "the predicted class"),
        (two_classes, "Not yet"),
        (of_all, "not by all utterances"),
        (lambda p, y, t: answer_if_sure(p, y, t + 1e-9), "use >="),
        (lambda p, y, t: (len(p) * answer_if_sure(p, y, t)[0], 1.0), "not a count"),
        (lambda p, y, t: answer_if_sure(p, y, t)[0], "return two numbers"),
        (
            lambda p, y, t: ((p.max(1) >= t).mean(), (p.argmax(1) == y)[p.max(1) >= t].mean()),
            "with no answer expect (0, 1)",
        ),
    ],
)
def test_sure_wrong(said, answer, reason):
    out = said("5.3", answer)
    assert out.startswith("Not yet: ")
    assert reason in out


def every_frame(x_train, y_train):
    network = RNN(12, 64, 9, readout="all", seed=0)
    targets = [np.full(len(x), k) for x, k in zip(x_train, y_train)]
    network.train(x_train, targets, num_epochs=15, **SETTINGS)
    return network


def from_beginnings(x_train, y_train):
    beginnings = [x[:n] for x in x_train for n in range(1, len(x) + 1)]
    network = RNN(12, 64, 9, seed=0)
    network.train(
        beginnings, np.repeat(y_train, [len(x) for x in x_train]), num_epochs=3, **SETTINGS
    )
    return network


@pytest.mark.parametrize("answer", [every_frame, from_beginnings])
def test_every_frame_right(said, answer):
    assert said("5.4", answer) == "Correct: exercise 5.4 is solved.\n"


def at_the_end(x_train, y_train):
    network = RNN(12, 64, 9, seed=0)
    network.train(x_train, y_train, num_epochs=15, **SETTINGS)
    return network


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (at_the_end, 'asked at the end only: use readout="all"'),
        (lambda x, y: RNN(12, 64, 9, readout="all"), "was it trained"),
        (lambda x, y: every_frame([u[:3] for u in x], y), "not on their first frames alone"),
        (lambda x, y: every_frame(*scaled()[2:]), "was it trained on the x_train"),
        (lambda x, y: every_frame(x, y).predict_proba(x), "return the trained network"),
    ],
)
def test_every_frame_wrong(said, answer, reason):
    out = said("5.4", answer)
    assert out.startswith("Not yet: ")
    assert reason in out
