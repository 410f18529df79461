"""Checks of the page from spelling to sound: shifting, attention with a mask, when to trust it."""

from typing import Any

import numpy as np

from rnn_exercises.answers import call, kind, numbers

__all__ = ["exercise_1", "exercise_2", "exercise_3"]

START, END = 0, 1  # as on the page


def exercise_1(shift: Any) -> None:
    """Shift pronunciations of three, none, and a random number of phones."""
    rng = np.random.default_rng()
    some = [int(n) for n in rng.integers(2, 41, int(rng.integers(4, 9)))]
    for ids in ([5, 9, 7], [], (4, 4), some):
        reads, writes = both_sides(shift, ids)
        n = len(ids) + 1
        assert len(reads) == len(writes) == n, f"{n - 1} phones make {n} steps on both sides."
        swapped = reads == [*ids, END] and writes == [START, *ids]
        assert not swapped, "the two are swapped."
        assert reads[0] == START, "before the first step the decoder reads START."
        assert writes[-1] == END, "the last thing that it writes is END."
        assert reads[1:] == [*ids], "after START it reads the phones, in their order."
        assert writes[:-1] == [*ids], "it writes the phones in their order, then END."


def both_sides(shift: Any, ids: Any) -> tuple[list[int], list[int]]:
    """Return the two sequences of an answer as lists; arrays are as good."""
    given = list(ids) if isinstance(ids, list) else ids
    assert callable(shift), f"expected a function, got {kind(shift)}."
    answer = shift(given)
    assert answer is not None, "shift returns nothing: write the return statement."
    assert list(given) == list(ids), "your function changes the list that it is given."
    answer = list(answer) if np.iterable(answer) else []
    assert len(answer) == 2, "return two lists: what the decoder reads, what it writes."
    reads, writes = (numbers(list(side), name="each side").tolist() for side in answer)
    return reads, writes


def exercise_2(masked_weights: Any) -> None:
    """Compare with the softmax over real letters, wherever they are and whatever their scores."""

    def weights(scores: Any, mask: Any) -> Any:
        scores, mask = np.array(scores, dtype=float), np.array(mask, dtype="int8")
        return numbers(call(masked_weights, scores, mask), name="the result")

    a = weights([1, 2, 5], [1, 1, 0])
    assert a.shape == (3,), f"one weight a letter, padding included, not {a.shape}."
    assert a[2] == 0, "a padded letter must get the weight 0: use the mask."
    total = float(a.sum())
    assert abs(total - 1) < 1e-9, f"weights add up to 1, yours to {total:.3f}: mask, then divide."
    assert abs(a[1] / a[0] - np.e) < 1e-9, "weights of real letters are as exp(score)."
    a = weights([1000, 2000, 5000], [1, 1, 0])
    assert np.isfinite(a).all(), (
        "scores of 1000 overflow: subtract the largest score of a real letter first."
    )
    assert np.allclose(a, [0, 1, 0]), f"scores of 1000 and 2000 give 0 and 1, not {a[:2]}."
    a = weights([-20000, -20001, 0], [1, 1, 0])
    assert np.allclose(a, [np.e / (1 + np.e), 1 / (1 + np.e), 0]), (
        "scores of -20000 are scores like others: padding must be minus infinity, nothing less."
    )
    rng = np.random.default_rng()
    n = int(rng.integers(4, 9))
    scores, mask = rng.normal(0, 3, n), rng.permutation([1, 0] + [1] * (n - 2))
    e = np.where(mask, np.exp(scores), 0)
    assert np.allclose(weights(scores, mask), e / e.sum()), (
        f"{n} random scores, one of them padding, which need not be the last: not these weights."
    )


def exercise_3(error_of_surest: Any) -> None:
    """Compare for shares that are no whole number of words, and for random scores."""

    def error(scores: Any, right: Any, share: float) -> float:
        return float(numbers(call(error_of_surest, scores, right, share), (), "the error"))

    scores, right = np.array([-3.0, -0.1, -2.0, -0.5]), np.array([0, 1, 0, 1], bool)
    half = error(scores, right, 0.5)
    assert half != 1, "these are the words it is least sure of: high scores are sure."
    assert half == 0, f"both of the two surest words are right: error 0, yours {half}."
    everything = error(scores, right, 1.0)
    assert everything == 0.5, f"of all four words half are wrong, yours {everything}."
    three = error(scores, right, 0.75)
    assert abs(three - 1 / 3) < 1e-9, f"of the three surest one is wrong, yours {three}."
    scores, right = -np.arange(100.0), np.ones(100, bool)
    right[28] = False
    got = error(scores, right, 0.29)
    assert got != 0, "0.29 times 100 words are 29 words: round, because int cuts 28.999... off."
    assert np.isclose(got, 1 / 29), f"of the 29 surest words one is wrong, yours {got:.4f}."
    rng = np.random.default_rng()
    scores, right = rng.standard_normal(40), rng.random(40) < 0.6
    expected = 1 - right[np.argsort(-scores)[:10]].mean()
    got = error(scores, right, 0.25)
    assert np.isclose(got, expected), (
        f"of the 10 surest of 40 random words {expected:.2f} are wrong, yours {got:.2f}."
    )
