"""Checks of the page about sunspots: one cycle ago, the score of a band, a start from the line."""

from typing import Any

import numpy as np

from rnn_exercises.answers import call, numbers
from rnn_lib.data import load_sunspots

__all__ = ["exercise_1", "exercise_2", "exercise_3"]

WINDOW = 12  # years that a network of the page reads
ORDER = 9  # years that the line reads


def exercise_1(cycle_ago: Any) -> None:
    """Move a ramp by a cycle, then whole numbers, then random numbers by some other years."""
    ramp = np.arange(30.0)
    out = moved_by(cycle_ago, ramp, 11)
    assert np.isnan(out[:11]).all(), "the first 11 years have no year 11 years before: NaN."
    assert out[11] != 22, "year 11 got the value of year 22: that is the future."
    assert not np.isnan(out[11]), "year 11 has a year 11 years before it: year 0."
    assert np.array_equal(out[11:], ramp[:-11]), "year t must get the value of year t - 11."
    out = moved_by(cycle_ago, np.arange(30), 5)
    assert np.isnan(out[:5]).all(), "n = 5: the first 5 years have none, also of whole numbers."
    assert np.array_equal(out[5:], ramp[:-5]), "n = 5: year t must get the value of year t - 5."
    rng = np.random.default_rng()
    values = rng.uniform(0, 200, int(rng.integers(20, 60)))
    for n in (1, int(rng.integers(2, 15))):
        out = moved_by(cycle_ago, values, n)
        assert np.isnan(out[:n]).all(), f"n = {n}: only the first {n} have NaN, and all of them."
        assert np.allclose(out[n:], values[:-n]), (
            f"n = {n}, {len(values)} random numbers: year t must get the value of year t - {n}."
        )


def moved_by(cycle_ago: Any, values: np.ndarray, n: int) -> np.ndarray:
    """Return the forecasts of an answer; complain if there is not one for each year."""
    out = numbers(call(cycle_ago, values, n), name="the result")
    n_years = len(values)
    assert out.shape == (n_years,), f"one forecast a year: ({n_years},), not {out.shape}."
    return out


def exercise_2(score_band: Any) -> None:
    """Score five bands that are equally wide, then others, one without ends, and random ones."""
    held, width = two_scores(score_band, [0] * 5, [2] * 5, [0, 1, 2, 3, -1])
    assert held not in (0.2, 0.4), "a count on an edge of the band lies inside."
    assert held != 3, "the share inside is a number between 0 and 1, not a count."
    assert (held, width) != (2, 0.6), "first comes the share inside, then the mean width."
    assert np.isclose(held, 0.6), (
        f"three of the five counts lie inside, a share of 0.6, not {held}."
    )
    assert width == 2, f"each year the band is 2 wide, not {width}."
    _, width = two_scores(score_band, [0, 1], [4, 3], [1, 1])
    assert np.isclose(width, 3), f"widths 4 and 2 have the mean 3, not {width}."
    _, width = two_scores(score_band, [0, 0, 0], [1, 1, 7], [0, 0, 0])
    assert np.isclose(width, 3), f"widths 1, 1 and 7 have the mean 3, not {width}."
    held, width = two_scores(score_band, [-np.inf] * 2, [np.inf] * 2, [3, 200])
    assert (held, width) == (1, np.inf), (
        f"a band from minus to plus infinity holds a share of 1 and has no finite width, and yours "
        f"are {held} and {width}: compare with both edges."
    )

    rng = np.random.default_rng()
    low, counted = rng.uniform(0, 50, (2, int(rng.integers(20, 60))))
    high = low + rng.exponential(20, len(low))
    held, width = two_scores(score_band, low, high, counted)
    share = ((low <= counted) & (counted <= high)).mean()
    assert np.isclose(held, share), f"{len(low)} random bands hold {share:.3f}, not {held:.3f}."
    mean = (high - low).mean()
    assert np.isclose(width, mean), f"random bands have the mean width {mean:.3f}, not {width:.3f}."


def two_scores(score_band: Any, *band: Any) -> tuple[float, float]:
    """Return the share and the width of an answer; complain if it is not two numbers."""
    scores = numbers(call(score_band, *band), name="the result")
    assert scores.shape == (2,), "return two numbers: the share inside, the mean width."
    return float(scores[0]), float(scores[1])


def exercise_3(line_start: Any) -> None:
    """Ask for a line in the last nine years that is fitted to training years, and nothing else.

    Fitted to all years to 1920, or to those that the networks learn from: both are right.
    """
    years, counts = load_sunspots()
    train = years <= 1920
    roots = np.sqrt(counts)
    roots = (roots - roots[train].mean()) / roots[train].std()
    rng = np.random.default_rng()
    walk = 50 + np.convolve(rng.normal(size=len(years) + 4), [5, -2, 3, 1, 2], mode="valid")
    for values, name in ((roots, "roots"), (counts, "counts"), (walk, "random numbers")):
        start = one_a_window(line_start, values)
        assert not np.allclose(start, values[WINDOW - 1 : -1]), (
            "this is persistence; give the line."
        )
        other = one_a_window(line_start, np.where(train, values, values.max() - values))
        known = train[WINDOW:]
        n_known = int(known.sum())
        assert np.allclose(start[: n_known - 1], other[: n_known - 1]), (
            "your start of the early years changes when the years after 1920 change: a leak."
        )
        assert np.allclose(start[: n_known + 1], other[: n_known + 1]), (
            "your start of 1921 changes with the number of 1921: no year helps to forecast itself."
        )
        compare_lines(start, values, known, name)


def one_a_window(line_start: Any, values: np.ndarray) -> np.ndarray:
    """Return the starts of an answer; complain if there is not one for each window."""
    start = numbers(call(line_start, values), name="start")
    n = len(values) - WINDOW
    assert start.shape == (n,), f"one number a window: ({n},), not {start.shape}."
    assert not np.isnan(start).any(), "there are NaN left: drop the first W years."
    return start


def compare_lines(start: np.ndarray, values: np.ndarray, known: np.ndarray, name: str) -> None:
    """Complain if a start is no line in nine years, or a worse one than that of least squares."""
    target = values[WINDOW:]
    order = next((p for p in range(WINDOW + 1) if is_line(start, lags(values, p))), None)
    assert order is not None, (
        f"{name}: the start must be a line in the last years of the values that the function gets."
    )
    assert order == ORDER, (
        f"{name}: yours reads the last {order} years, AR({ORDER}) the last {ORDER}."
    )
    x = lags(values, ORDER)
    best = x @ np.linalg.lstsq(x[known], target[known], rcond=None)[0]
    error, least, of_change = (
        float(np.sqrt(((target - line)[known] ** 2).mean()))
        for line in (start, best, start + values[WINDOW - 1 : -1])
    )
    assert of_change > 1.005 * least, "that is the change: start with the level."
    assert error < 1.005 * least, (
        f"{name}: AR({ORDER}) has an error of {least:.3f} on the training years, and yours "
        f"{error:.3f}: fit all its coefficients, with the constant, to the values."
    )


def lags(values: np.ndarray, p: int) -> np.ndarray:
    """Return for each window a row of 1 and its last p years, the newest first."""
    rows = [np.r_[1.0, values[t - p : t][::-1]] for t in range(WINDOW, len(values))]
    return np.array(rows)


def is_line(start: np.ndarray, x: np.ndarray) -> bool:
    """Tell whether a start is a sum of the columns of x with one weight each."""
    weights = np.linalg.lstsq(x, start, rcond=None)[0]
    return bool(np.allclose(x @ weights, start, rtol=0, atol=1e-5 * np.abs(start).max()))
