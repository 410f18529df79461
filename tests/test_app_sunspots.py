"""The figures that the page on sunspots publishes; nbval proves that its cells give them."""

from pathlib import Path

import nbformat
import numpy as np
import pytest

from rnn_lib.data import load_sunspots

PAGE = Path(__file__).resolve().parent.parent / "chapters" / "applications" / "sunspots.ipynb"


@pytest.fixture(scope="module")
def glued():
    values = {}
    for cell in nbformat.read(PAGE, as_version=4).cells:
        for output in cell.get("outputs", []):
            name = output.get("metadata", {}).get("scrapbook", {}).get("name")
            if name:
                values[name] = float(next(iter(output["data"].values())))
    return values


BANDS = {
    "rmse_persistence": (33.3, 33.6),
    "rmse_ar2": (22.4, 22.7),
    "rmse_ar9": (19.4, 19.6),
    "rmse_root_ar9": (16.5, 16.8),
    "rmse_network": (17.5, 19.4),  # the median of five seeds: better than AR(9) on counts
    "rmse_together": (16.5, 19.0),
    "rmse_state": (17.5, 19.4),
    "rmse_root_network": (16.7, 18.5),  # better than the network on counts, not than AR(9) on roots
    "late_network": (0.24, 0.35),  # Weigend et al. published 0.35
    "held_seeds": (0.0, 0.3),
    "held_noise": (0.65, 0.9),
}


@pytest.mark.parametrize("name", BANDS)
def test_published_figure_lies_in_its_band(name, glued):
    low, high = BANDS[name]
    assert low <= glued[name] <= high


def test_network_beats_ar9_on_counts_and_ar9_on_roots_beats_the_network(glued):
    assert glued["rmse_network"] <= glued["rmse_ar9"]
    assert glued["rmse_root_ar9"] < glued["rmse_root_network"] < glued["rmse_network"]
    assert glued["seed_best"] <= glued["rmse_network"] <= glued["seed_worst"]


def test_setting_was_chosen_on_the_validation_years(glued):
    assert glued["valid_network"] < min(glued["valid_level"], glued["valid_small"])


@pytest.mark.parametrize(("order", "name"), [(2, "rmse_ar2"), (9, "rmse_ar9")])
def test_lines_computed_anew(order, name, glued):
    years, numbers = load_sunspots()
    columns = [numbers[order - k : len(numbers) - k] for k in range(1, order + 1)]
    x = np.stack([np.ones(len(numbers) - order), *columns], axis=1)
    y, year = numbers[order:], years[order:]
    train, test = year <= 1920, year > 1955
    c = np.linalg.solve(x[train].T @ x[train], x[train].T @ y[train])
    assert np.sqrt(np.mean((y - x @ c)[test] ** 2)) == pytest.approx(glued[name], abs=1e-4)
