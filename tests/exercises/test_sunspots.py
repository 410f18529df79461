"""Checks of the page about sunspots: right answers in every form, and why wrong ones are wrong."""

import numpy as np
import pytest

from rnn_lib.data import load_sunspots

YEARS, COUNTS = load_sunspots()
TRAIN = YEARS <= 1920
W = 12


@pytest.mark.parametrize("number", ["6.2.1", "6.2.2", "6.2.3"])
def test_anything_else_gets_one_sentence(said, fails, number):
    assert said(number, None) == "Not yet: expected a function, got None.\n"
    assert said(number, "text") == "Not yet: expected a function, got a value of type str.\n"
    assert said(number, fails) == "Not yet: your code raises RuntimeError: not finished.\n"
    for odd in (None, "text", np, [], {}, 3.0, np.array(["a"]), (None, None)):
        assert said(number, lambda *a, odd=odd: odd).startswith("Not yet: ")


def cycle_ago(values, n):
    return np.r_[np.full(n, np.nan), values[:-n]]


def ago_in_a_loop(values, n):
    return [values[t - n] if t >= n else float("nan") for t in range(len(values))]


def ago_by_roll(values, n):
    out = np.roll(values, n).astype(float)
    out[:n] = np.nan
    return out


@pytest.mark.parametrize(
    "answer",
    [
        cycle_ago,
        ago_in_a_loop,
        ago_by_roll,
        lambda values, n: cycle_ago(values, n).astype("float32"),
        lambda values, n: [None] * n + list(values[:-n]),
    ],
)
def test_cycle_right(said, answer):
    assert said("6.2.1", answer) == "Correct: exercise 6.2.1 is solved.\n"


def whole_numbers_alone(values, n):
    out = np.empty_like(values)
    out[:n] = np.nan
    out[n:] = values[:-n]
    return out


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda values, n: np.roll(values, n), "the first 11 years have no year"),
        (lambda values, n: np.r_[np.zeros(n), values[:-n]], "the first 11 years have no year"),
        (lambda values, n: np.r_[np.full(n, np.nan), values[2 * n :], values[:n]], "the future"),
        (lambda values, n: np.r_[np.full(n + 1, np.nan), values[: -n - 1]], "year 0"),
        (lambda values, n: np.r_[np.full(n, np.nan), values[1 : 1 - n]], "year t - 11"),
        (lambda values, n: values[:-n], "one forecast a year: (30,), not (19,)"),
        (lambda values, n: cycle_ago(values, 11), "n = 5"),
        (lambda values, n: np.r_[np.full(n, np.nan), np.arange(len(values) - n)], "random"),
        (whole_numbers_alone, "cannot convert float NaN to integer"),
        (lambda values, n: "forecasts", "made of numbers"),
    ],
)
def test_cycle_wrong(said, answer, reason):
    out = said("6.2.1", answer)
    assert out.startswith("Not yet: ")
    assert reason in out


def score_band(low, high, counted):
    low, high, counted = np.array(low), np.array(high), np.array(counted)
    inside = (low <= counted) & (counted <= high)
    return inside.mean(), (high - low).mean()


def score_in_a_loop(low, high, counted):
    inside = [a <= y <= b for a, b, y in zip(low, high, counted)]
    return [sum(inside) / len(inside), sum(b - a for a, b in zip(low, high)) / len(inside)]


@pytest.mark.parametrize(
    "answer",
    [
        score_band,
        score_in_a_loop,
        lambda *band: np.array(score_band(*band)),
        lambda *band: np.float32(score_band(*band)),
        lambda *band: [np.array(score) for score in score_band(*band)],
    ],
)
def test_band_right(said, answer):
    assert said("6.2.2", answer) == "Correct: exercise 6.2.2 is solved.\n"


def without_edges(low, high, counted):
    low, high, counted = np.array(low), np.array(high), np.array(counted)
    return ((low < counted) & (counted < high)).mean(), (high - low).mean()


def from_the_middle(low, high, counted):
    low, high, counted = np.array(low), np.array(high), np.array(counted)
    inside = abs(counted - (low + high) / 2) <= (high - low) / 2
    return inside.mean(), (high - low).mean()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (without_edges, "a count on an edge"),
        (lambda *band: (5 * score_band(*band)[0], score_band(*band)[1]), "not a count"),
        (lambda *band: (100 * score_band(*band)[0], score_band(*band)[1]), "a share of 0.6"),
        (lambda *band: score_band(*band)[::-1], "first comes the share"),
        (lambda *band: score_band(*band)[0], "return two numbers"),
        (lambda low, high, y: (score_band(low, high, y)[0], high[0] - low[0]), "the mean 3, not 4"),
        (
            lambda low, high, y: (
                score_band(low, high, y)[0],
                np.median(np.array(high) - np.array(low)),
            ),
            "widths 1, 1 and 7 have the mean 3",
        ),
        (lambda *band: (0.6, score_band(*band)[1]), "holds a share of 1"),
        (from_the_middle, "compare with both edges"),
        (
            lambda low, high, y: (np.mean(np.array(y) <= high), score_band(low, high, y)[1]),
            "a share of 0.6",
        ),
    ],
)
def test_band_wrong(said, answer, reason):
    out = said("6.2.2", answer)
    assert out.startswith("Not yet: ")
    assert reason in out


def rows(values, p):
    return np.array([np.r_[1, values[t - p : t][::-1]] for t in range(p, len(values))])


def fit_ar(values, p, part=TRAIN):
    return np.linalg.lstsq(rows(values, p)[part[p:]], values[p:][part[p:]], rcond=None)[0]


def forecast_ar(values, c):
    p = len(c) - 1
    return np.r_[np.full(p, np.nan), rows(values, p) @ c]


def line_start(values, part=TRAIN, order=9):
    return forecast_ar(values, fit_ar(values, order, part))[W:]


def in_a_loop(values):
    c = fit_ar(values, 9)
    return [c[0] + sum(c[k] * values[t - k] for k in range(1, 10)) for t in range(W, len(values))]


@pytest.mark.parametrize(
    "answer",
    [
        line_start,
        in_a_loop,
        lambda values: line_start(values).astype("float32"),
        lambda values: line_start(values, TRAIN & (YEARS >= 1712)),
    ],
)
def test_line_right(said, answer):
    assert said("6.2.3", answer) == "Correct: exercise 6.2.3 is solved.\n"


def without_constant(values):
    x, y = rows(values, 9)[:, 1:], values[9:]
    return (x @ np.linalg.lstsq(x[TRAIN[9:]], y[TRAIN[9:]], rcond=None)[0])[W - 9 :]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda values: values[W - 1 : -1], "this is persistence"),
        (lambda values: forecast_ar(values, fit_ar(values, 9)), "one number a window: (297,)"),
        (lambda values: line_start(values, order=15), "there are NaN left"),
        (lambda values: line_start(values, YEARS <= 1955), "a leak"),
        (lambda values: line_start(values, YEARS > 0), "a leak"),
        (lambda values: values[W:], "no year helps to forecast itself"),
        (lambda values: line_start(values, order=2), "yours reads the last 2 years"),
        (lambda values: line_start(values, order=12), "yours reads the last 12 years"),
        (lambda values: forecast_ar(values, fit_ar(values, 9))[W - 1 : -1], "the last 10 years"),
        (lambda values: line_start(values) - values[W - 1 : -1], "that is the change"),
        (lambda values: line_start(np.sqrt(COUNTS)), "fit all its coefficients"),
        (lambda values: forecast_ar(values, fit_ar(COUNTS, 9))[W:], "fit all its coefficients"),
        (without_constant, "with the constant"),
        (lambda values: np.maximum(line_start(values), 0), "must be a line in the last years"),
    ],
)
def test_line_wrong(said, answer, reason):
    out = said("6.2.3", answer)
    assert out.startswith("Not yet: ")
    assert reason in out
