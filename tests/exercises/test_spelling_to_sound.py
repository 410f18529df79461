"""Checks from spelling to sound: right answers in every form, and why wrong ones are wrong."""

import numpy as np
import pytest

CORRECT = "Correct: exercise {} is solved.\n"


def shift(ids):
    return [0, *ids], [*ids, 1]


@pytest.mark.parametrize(
    "answer", [shift, lambda ids: [np.array(side) for side in shift(ids)], lambda i: iter(shift(i))]
)
def test_shift_right(said, answer):
    assert said("6.4.1", answer) == CORRECT.format("6.4.1")


def writes_into_its_argument(ids):
    reads = ids
    reads.insert(0, 0)
    return reads, [*ids[1:], 1]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (writes_into_its_argument, "changes the list"),
        (lambda ids: ([0, ids[0], *ids[1:]], [*ids, 1]), "IndexError"),
        (lambda ids: ([*ids, 1], [0, *ids]), "the two are swapped"),
        (lambda ids: ([0, *ids], [*ids, 0]), "it writes is END"),
        (lambda ids: ([1, *ids], [*ids, 1]), "the decoder reads START"),
        (lambda ids: ([0, *ids], [*reversed(ids), 1]), "it writes the phones in their order"),
        (lambda ids: ([0, *ids, 1], [0, *ids, 1]), "make 4 steps on both sides"),
        (lambda ids: [0, *ids], "return two lists"),
    ],
)
def test_shift_wrong(said, answer, reason):
    assert reason in said("6.4.1", answer)


def masked_weights(scores, mask, least=-np.inf):
    scores = np.where(mask, scores, least)
    a = np.exp(scores - scores.max())
    return a / a.sum()


def of_real_letters(scores, mask):
    real = mask.astype(bool)
    a = np.zeros(len(scores))
    a[real] = np.exp(scores[real] - scores[real].max())
    return (a / a.sum()).tolist()


@pytest.mark.parametrize("answer", [masked_weights, of_real_letters])
def test_attention_right(said, answer):
    assert said("6.4.2", answer) == CORRECT.format("6.4.2")


def padding_at_the_end(scores, mask):
    n = mask.sum()
    e = np.exp(scores[:n] - scores[:n].max())
    return np.concatenate([e / e.sum(), np.zeros(len(scores) - n)])


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda s, m: masked_weights(s, m, -10_000.0), "minus infinity, nothing less"),
        (lambda s, m: np.exp(s) * m / (np.exp(s) * m).sum(), "overflow"),
        (lambda s, m: masked_weights(s, m) * 2, "add up to 1"),
        (lambda s, m: masked_weights(s, np.ones_like(m)), "must get the weight 0"),
        (lambda s, m: masked_weights(s, m)[:2], "one weight a letter"),
        (lambda s, m: m / m.sum(), "as exp(score)"),
    ],
)
def test_attention_wrong(said, answer, reason):
    assert reason in said("6.4.2", answer)


def test_attention_with_padding_at_the_end_only(said):
    assert any(said("6.4.2", padding_at_the_end).startswith("Not yet: ") for _ in range(20))


def error_of_surest(scores, right, share, n=round):
    surest = np.argsort(-scores)[: n(share * len(scores))]
    return float(1 - right[surest].mean())


@pytest.mark.parametrize(
    "answer", [error_of_surest, lambda s, r, share: np.array(error_of_surest(s, r, share))]
)
def test_trust_right(said, answer):
    assert said("6.4.3", answer) == CORRECT.format("6.4.3")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda s, r, share: error_of_surest(s, r, share, int), "round, because int cuts"),
        (lambda s, r, share: error_of_surest(-s, r, share), "least sure of"),
        (lambda s, r, share: 1 - error_of_surest(s, r, share), "least sure of"),
        (lambda s, r, share: 1 - r[: round(share * len(r))].mean(), "error 0, yours 0.5"),
        (lambda s, r, share: {0.5: 0, 1.0: 0.5, 0.75: 1 / 3}.get(share, 0.0), "round, because"),
    ],
)
def test_trust_wrong(said, answer, reason):
    assert reason in said("6.4.3", answer)


@pytest.mark.parametrize("number", ["6.4.1", "6.4.2", "6.4.3"])
def test_anything_else_gets_one_sentence(said, fails, number):
    for answer in (None, "text", lambda *a: None, lambda *a: "text", lambda *a: 1j):
        assert said(number, answer).startswith("Not yet: ")
    assert said(number, fails) == "Not yet: your code raises RuntimeError: not finished.\n"
