"""The results of the page on sunspots; nbval proves that its cells print them."""

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

from rnn_lib.data import load_sunspots

PAGE = Path(__file__).resolve().parent.parent / "chapters" / "applications" / "sunspots.ipynb"
CELLS = {cell.id: cell for cell in nbformat.read(PAGE, as_version=4).cells}

# A cell, a pattern of what it prints, and the range in which the number lies.
PLAUSIBLE = {
    "persistence": ("sun-baselines", r"persistence .*test ([\d.]+)", 33.3, 33.6),
    "AR(2)": ("sun-baselines", r"AR\(2\) .*test ([\d.]+)", 22.4, 22.7),
    "AR(9)": ("sun-baselines", r"AR\(9\) .*test ([\d.]+)", 19.4, 19.6),
    "AR(9) on roots": ("sun-root", r"AR\(9\), test: .*on roots ([\d.]+)", 16.5, 16.8),
    "network": ("sun-five", r"their median ([\d.]+)", 17.5, 19.4),
    "average": ("sun-five", r"average forecast ([\d.]+)", 16.5, 19.0),
    "state": ("sun-state", r"one long state ([\d.]+)", 17.5, 19.4),
    "network on roots": ("sun-root-network", r"on roots ([\d.]+)", 16.7, 18.5),
    "late years": ("sun-published", r"network  .* ([\d.]+)\n", 0.24, 0.35),
    "held by seeds": ("sun-coverage", r"seeds only .*holds (\d+)%", 0, 30),
    "held with noise": ("sun-coverage", r"seeds and noise .*holds (\d+)%", 65, 90),
}


def number(cell, pattern):
    """Return the number that a cell printed where a pattern fits."""
    text = "".join(output.get("text", "") for output in CELLS[cell].outputs)
    return float(re.search(pattern, text)[1])


@pytest.mark.parametrize("name", PLAUSIBLE)
def test_published_figure_is_plausible(name):
    cell, pattern, low, high = PLAUSIBLE[name]
    assert low <= number(cell, pattern) <= high


def test_network_beats_ar9_on_counts_and_ar9_on_roots_beats_the_network():
    names = ("AR(9) on roots", "network on roots", "network", "AR(9)")
    scores = [number(*PLAUSIBLE[name][:2]) for name in names]
    assert scores == sorted(scores)


def test_setting_was_chosen_on_the_validation_years():
    level, change = (
        number("sun-choose", rf"{name} *16 units, .*median ([\d.]+)")
        for name in ("level:", "change:")
    )
    assert change < min(level, number("sun-size", r"median ([\d.]+)"))


@pytest.mark.parametrize("order", [2, 9])
def test_lines_computed_anew(order):
    years, numbers = load_sunspots()
    columns = [numbers[order - k : len(numbers) - k] for k in range(1, order + 1)]
    x = np.stack([np.ones(len(numbers) - order), *columns], axis=1)
    y, year = numbers[order:], years[order:]
    train, test = year <= 1920, year > 1955
    c = np.linalg.solve(x[train].T @ x[train], x[train].T @ y[train])
    printed = number(*PLAUSIBLE[f"AR({order})"][:2])
    assert np.sqrt(np.mean((y - x @ c)[test] ** 2)) == pytest.approx(printed, abs=0.0501)
