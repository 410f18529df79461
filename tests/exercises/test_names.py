"""Checks of the page about names: right answers in every form, and why wrong ones are wrong."""

import numpy as np
import pytest

CORRECT = "Correct: exercise {} is solved.\n"


@pytest.mark.parametrize(
    "answer",
    [
        lambda nats: (nats / np.log(2), np.exp(nats)),
        lambda nats: [np.log2(np.exp(nats)), np.float32(np.exp(nats))],
    ],
)
def test_units_right(said, answer):
    assert said("6.3.1", answer) == CORRECT.format("6.3.1")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda nats: (nats * np.log(2), np.exp(nats)), "a bit is smaller than a nat"),
        (lambda nats: (nats / np.log(2), 2**nats), "mixes two units"),
        (lambda nats: (3.0, 8.0), "1.000 nats are 1.443 bits"),
        (lambda nats: nats / np.log(2), "return two numbers"),
    ],
)
def test_units_wrong(said, answer, reason):
    assert reason in said("6.3.1", answer)


def knobs(z, temperature, top_k):
    z = np.where(z >= np.sort(z)[-top_k], z, -np.inf) / temperature
    e = np.exp(z - z.max())
    return e / e.sum()


def by_place(z, temperature, top_k):
    p = np.zeros(len(z))
    best = np.argsort(z)[-top_k:]
    p[best] = np.exp((z[best] - z.max()) / temperature)
    return (p / p.sum()).tolist()


@pytest.mark.parametrize("answer", [knobs, by_place])
def test_knobs_right(said, answer):
    assert said("6.3.2", answer) == CORRECT.format("6.3.2")


def first_ones(z, temperature, top_k):
    z = np.where(np.arange(len(z)) < top_k, z, -np.inf) / temperature
    e = np.exp(z - z.max())
    return e / e.sum()


def writes_into_its_argument(z, temperature, top_k):
    z[z < np.sort(z)[-top_k]] = -np.inf
    e = np.exp((z - z.max()) / temperature)
    return e / e.sum()


def overflows(z, temperature, top_k):
    e = np.where(z >= np.sort(z)[-top_k], np.exp(z / temperature), 0)
    return e / e.sum()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (first_ones, "wherever they are"),
        (writes_into_its_argument, "changes the logits"),
        (overflows, "logits of 1000 overflow"),
        (lambda z, t, k: knobs(z, 1 / t, k), "divide by it"),
        (lambda z, t, k: knobs(z, t, len(z)), "top_k=2 must leave the third token"),
        (lambda z, t, k: np.exp(z), "below 1 must favour the best token"),
        (lambda z, t, k: np.log(knobs(z, t, k)), "keep softmax(z)"),
    ],
)
def test_knobs_wrong(said, answer, reason):
    assert reason in said("6.3.2", answer)


def chunks(stream, n_streams, n_steps, end=-1):
    length = (len(stream) + end) // n_streams
    x = stream[: n_streams * length].reshape(n_streams, length).T
    y = stream[1 : n_streams * length + 1].reshape(n_streams, length).T
    starts = range(0, length - n_steps + 1, n_steps)
    return [(x[s : s + n_steps], y[s : s + n_steps]) for s in starts]


def neighbours(stream, n_streams, n_steps):
    length = (len(stream) - 1) // n_streams
    x = stream[: n_streams * length].reshape(length, n_streams)
    y = stream[1 : n_streams * length + 1].reshape(length, n_streams)
    starts = range(0, length - n_steps + 1, n_steps)
    return [(x[s : s + n_steps], y[s : s + n_steps]) for s in starts]


@pytest.mark.parametrize("answer", [chunks, lambda *a: ([x, y] for x, y in chunks(*a))])
def test_chunks_right(said, answer):
    assert said("6.3.3", answer) == CORRECT.format("6.3.3")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (neighbours, "neighbours of the stream"),
        (lambda *a: [(x.T, y.T) for x, y in chunks(*a)], "time comes first"),
        (lambda *a: [(x, x) for x, _ in chunks(*a)], "the token after x"),
        (lambda *a: chunks(*a)[:-1], "give 3 chunks of 4, not 2"),
        (lambda *a: chunks(*a)[0], "pair"),
        (lambda *a: 3, "a list of pairs"),
        (lambda *a: chunks(np.arange(25), 2, 4), "the last token has no next one"),
    ],
)
def test_chunks_wrong(said, answer, reason):
    assert reason in said("6.3.3", answer)


def test_chunks_that_use_the_last_token(said):
    assert said("6.3.3", lambda *a: chunks(*a, end=0)).startswith("Not yet: ")


def best_share(p, q, n_shares=101):
    shares = np.linspace(0, 1, n_shares)
    return shares[np.argmin([-np.log(w * p + (1 - w) * q).mean() for w in shares])]


@pytest.mark.parametrize("answer", [best_share, lambda p, q: float(best_share(p, q))])
def test_share_right(said, answer):
    assert said("6.3.4", answer) == CORRECT.format("6.3.4")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda p, q: 1 - best_share(p, q), "that of p, not of q"),
        (lambda p, q: float(p.mean() > q.mean()), "which share has the smallest mean"),
        (lambda p, q: best_share(p, q, 11), "and yours is 0.70"),
        (lambda p, q: 0.67, "a hopeless q"),
        (lambda p, q: 67, "between 0 and 1"),
    ],
)
def test_share_wrong(said, answer, reason):
    assert reason in said("6.3.4", answer)


@pytest.mark.parametrize("number", ["6.3.1", "6.3.2", "6.3.3", "6.3.4"])
def test_anything_else_gets_one_sentence(said, fails, number):
    for answer in (None, "text", lambda *a: None, lambda *a: "text", lambda *a: 1j):
        assert said(number, answer).startswith("Not yet: ")
    assert said(number, fails) == "Not yet: your code raises RuntimeError: not finished.\n"
