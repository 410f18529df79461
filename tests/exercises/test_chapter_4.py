"""Checks of chapter 4: right answers in every form, and the reason why wrong ones are wrong."""

from functools import cache

import numpy as np
import pytest

from rnn_exercises import check
from rnn_exercises.vowels import scaled
from rnn_lib import RNN

SETTINGS = {"batch_size": 9, "optimizer": "adam", "clip_norm": 1.0}


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


@pytest.mark.parametrize("number", ["4.1", "4.2", "4.3", "4.4"])
def test_anything_else_gets_one_sentence(said, number):
    assert said(number, None) == "Not yet: expected a function, got None.\n"
    assert said(number, "text") == "Not yet: expected a function, got a value of type str.\n"
    assert said(number, fails) == "Not yet: your code raises RuntimeError: not finished.\n"
    assert said(number, lambda *a: None).startswith("Not yet: ")
    assert said(number, lambda *a: "text").startswith("Not yet: ")
    assert said(number, lambda *a: RNN).startswith("Not yet: ")


def stable_loss(z, y):
    z = z - z.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(y)), y].mean()


def loss_in_a_loop(z, y):
    losses = [np.logaddexp.reduce(row) - row[k] for row, k in zip(z, y)]
    return sum(losses) / len(losses)


@pytest.mark.parametrize(
    "answer",
    [
        stable_loss,
        loss_in_a_loop,
        lambda z, y: np.float32(stable_loss(z, y)),
        lambda z, y: np.array(stable_loss(z, y)),
    ],
)
def test_loss_right(said, answer):
    assert said("4.1", answer) == "Correct: exercise 4.1 is solved.\n"


def without_shift(z, y):
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(y)), y]).mean()


def two_rows(z, y):
    z = z - z.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p[[0, 1], y].mean()


def only_large_ones(z, y):
    z = z - np.maximum(z.max(axis=1, keepdims=True), 0)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(y)), y].mean()


def over_sequences(z, y):
    z = z - z.max(axis=0)
    log_p = z - np.log(np.exp(z).sum(axis=0))
    return -log_p[np.arange(len(y)), y].mean()


def one_maximum(z, y):
    z = z - z.max()
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(y)), y].mean()


def without_keepdims(z, y):
    return -(z - np.log(np.exp(z).sum(axis=1)))[np.arange(len(y)), y].mean()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda z, y: 0.0, "the loss should be 0.861, not 0.000."),
        (lambda z, y: -stable_loss(z, y), "the sign"),
        (lambda z, y: len(y) * stable_loss(z, y), "the mean over sequences"),
        (lambda z, y: stable_loss(z, y) * np.ones(3), "one number, not an array (3,)"),
        (without_shift, "logits of 2000 give"),
        (two_rows, "sequences of"),
        (only_large_ones, "logits of -2000 give"),
        (one_maximum, "exp leaves its range"),
        (over_sequences, "sum over the classes of each row"),
        (without_keepdims, "keepdims=True"),
        (lambda z, y: 0.860645, "with 1000 times z"),
    ],
)
def test_loss_wrong(said, answer, reason):
    out = said("4.1", answer)
    assert out.startswith("Not yet: ")
    assert reason in out


def last_states(h, mask):
    return h[mask.sum(axis=0) - 1, np.arange(h.shape[1])]


def last_by_differences(h, mask):
    after = np.concatenate([mask[1:], np.zeros_like(mask[:1])])
    return ((mask - after)[:, :, np.newaxis] * h).sum(axis=0)


@pytest.mark.parametrize(
    "answer",
    [
        last_states,
        last_by_differences,
        lambda h, mask: [h[n - 1, k] for k, n in enumerate(mask.sum(axis=0))],
        lambda h, mask: last_states(h, mask).astype("float32"),
    ],
)
def test_last_states_right(said, answer):
    assert said("4.2", answer) == "Correct: exercise 4.2 is solved.\n"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda h, mask: h[-1], "states after the padding"),
        (lambda h, mask: h[0], "the first states"),
        (lambda h, mask: h[:, 0], "the batch is axis 1"),
        (lambda h, mask: (h * mask[:, :, None]).sum(axis=0), "the sum over the real steps"),
        (
            lambda h, mask: h[np.minimum(mask.sum(axis=0), len(h) - 1), np.arange(h.shape[1])],
            "index n - 1",
        ),
        (lambda h, mask: h[mask.sum(axis=1) - 1, np.arange(h.shape[1])], "axis=0"),
        (lambda h, mask: np.stack([h[mask[:, k].sum() - 1, k] for k in range(3)]), "sequences of"),
        (lambda h, mask: h[[1, 0, 3], range(3)], "sequences of"),
    ],
)
def test_last_states_wrong(said, answer, reason):
    out = said("4.2", answer)
    assert out.startswith("Not yet: ")
    assert reason in out


def clip(grads, max_norm):
    norm = np.sqrt(sum((g**2).sum() for g in grads))
    return [g * min(1.0, max_norm / (norm + 1e-12)) for g in grads]


@pytest.mark.parametrize(
    "answer",
    [
        clip,
        lambda grads, max_norm: tuple(clip(grads, max_norm)),
        lambda grads, max_norm: (g for g in clip(grads, max_norm)),
        lambda grads, max_norm: [g.astype("float32") for g in clip(grads, max_norm)],
        lambda grads, max_norm: [g.tolist() for g in clip(grads, max_norm)],
    ],
)
def test_clip_right(said, answer):
    assert said("4.3", answer) == "Correct: exercise 4.3 is solved.\n"


def scaled_by(norm_of):
    def answer(grads, max_norm):
        norm = norm_of(grads)
        return [g * max_norm / norm if norm > max_norm else g.copy() for g in grads]

    return answer


def in_place(grads, max_norm):
    clipped = clip(grads, max_norm)
    for g, c in zip(grads, clipped):
        g[...] = c
    return grads


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda grads, max_norm: [g.copy() for g in grads], "nothing was clipped"),
        (lambda grads, max_norm: [np.abs(g) for g in clip(grads, max_norm)], "the signs are lost"),
        (lambda grads, max_norm: [np.clip(g, -max_norm, max_norm) for g in grads], "not each"),
        (
            lambda grads, max_norm: [clip([g], max_norm)[0] for g in grads],
            "clip all arrays together",
        ),
        (scaled_by(lambda grads: sum((g**2).sum() for g in grads)), "the square root"),
        (scaled_by(lambda grads: sum(abs(g).sum() for g in grads)), "the norm has squares"),
        (scaled_by(lambda grads: np.sqrt(sum(g.sum() ** 2 for g in grads))), "square"),
        (lambda grads, max_norm: [g / 2 for g in grads], "a norm below|-3 and -4"),
        (
            lambda grads, max_norm: [
                g * max_norm / np.sqrt(sum((g**2).sum() for g in grads)) for g in grads
            ],
            "a norm below max_norm",
        ),
        (in_place, "work on copies"),
        (lambda grads, max_norm: clip(grads, max_norm)[:1], "return 2 arrays, not 1"),
        (lambda grads, max_norm: [g.ravel() for g in clip(grads, max_norm)], "the shape (2, 2)"),
    ],
)
def test_clip_wrong(said, answer, reason):
    out = said("4.3", answer)
    assert out.startswith("Not yet: ")
    assert any(part in out for part in reason.split("|"))


@cache
def compiled():
    return RNN(12, 64, 9)


def one_network(x_few, y_few, x_new, seed=0):
    model = compiled()
    for p, start in zip(model.params, RNN(12, 64, 9, seed=seed).params):
        p.set_value(start.get_value())
    model.train(x_few, y_few, 0.005, 10, **SETTINGS)
    return model.predict_proba(x_new)


def ensemble(x_few, y_few, x_new):
    return np.mean([one_network(x_few, y_few, x_new, seed) for seed in range(5)], axis=0)


def trained_on_validation(x_few, y_few, x_new):
    _, _, x_valid, y_valid = scaled()
    return one_network(x_valid, y_valid, x_new)


@pytest.mark.parametrize("answer", [ensemble, lambda *a: ensemble(*a).astype("float32").tolist()])
def test_few_right(said, answer):
    assert said("4.4", answer) == "Correct: exercise 4.4 is solved.\n"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda x_few, y_few, x_new: np.full((len(x_new), 9), 1 / 9), "that is guessing"),
        (lambda x_few, y_few, x_new: np.eye(9)[np.zeros(len(x_new), int)], "a probability of 0"),
        (lambda x_few, y_few, x_new: np.ones((len(x_new), 9)), "each row must sum to 1"),
        (lambda *a: one_network(*a).T, "transposed"),
        (lambda *a: one_network(*a)[:54], "225 utterances, 9 speakers"),
        (lambda *a: one_network(*a, seed=1), "mean loss"),
        (lambda *a: one_network(*a, seed=2), "mean loss"),
        (lambda *a: one_network(*a, seed=3), "mean loss"),
        (trained_on_validation, "learn from x_few and y_few alone"),
    ],
)
def test_few_wrong(said, answer, reason):
    out = said("4.4", answer)
    assert out.startswith("Not yet: ")
    assert reason in out
