"""rnn_lib.plotting: what is drawn is what was given."""

import inspect

import matplotlib
import numpy as np
import pytest

matplotlib.use("agg")

import matplotlib.pyplot as plt
from matplotlib.colors import to_hex

from rnn_lib import History, plotting
from rnn_lib.plotting import draw_unrolled, plot_history, plot_states


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def texts(ax):
    return [t.get_text() for t in ax.texts if t.get_text()]


def test_history():
    ax = plot_history(History([3.0, 2.0, 1.5], [3.1, 2.6, 2.7]))
    training, validation, best = ax.lines
    assert training.get_xdata().tolist() == [1, 2, 3]
    assert training.get_ydata().tolist() == [3.0, 2.0, 1.5]
    assert validation.get_ydata().tolist() == [3.1, 2.6, 2.7]
    assert (list(best.get_xdata()), list(best.get_ydata())) == ([2], [2.6])
    assert training.get_linestyle() != validation.get_linestyle()  # readable without colour
    assert to_hex(best.get_color()) == to_hex(validation.get_color())
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["training", "validation", "best"]
    assert ax.get_xlabel() == "epoch"
    assert ax.get_ylabel() != ""


def test_history_without_validation():
    ax = plot_history(History([3.0, 2.0]))
    assert len(ax.lines) == 1
    assert ax.get_legend() is None


def test_states():
    h = np.random.default_rng(0).uniform(-1, 1, (5, 3))
    ax = plot_states(h)
    (image,) = ax.images
    assert np.array_equal(image.get_array(), h.T)
    assert image.get_clim() == (-1, 1)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time step", "hidden unit")
    left, right, bottom, top = image.get_extent()  # steps 1 to 5 and units 1 to 3 at the centres
    assert (left, right, bottom, top) == (0.5, 5.5, 3.5, 0.5)
    colour_bar = ax.figure.axes[1]
    assert colour_bar.get_ylabel() == "activation"


def test_unrolled():
    ax = draw_unrolled(3)
    labels = texts(ax)
    assert [t for t in labels if t.startswith("$x_")] == ["$x_1$", "$x_2$", "$x_3$"]
    assert sum(t.startswith("$h_") for t in labels) == 4  # with the state before the first step
    assert [t for t in labels if t.startswith("$y_")] == ["$y_3$"]
    assert labels.count("$W_{hh}$") == labels.count("$W_{xh}$") == 3
    assert labels.count("$W_{hy}$") == 1


@pytest.mark.parametrize("name", plotting.__all__)
def test_every_figure_takes_an_ax_and_returns_it(name):
    function = getattr(plotting, name)
    arguments = {"plot_states": np.zeros((2, 2)), "draw_unrolled": 2}
    argument = arguments.get(name, History([1.0, 2.0]))
    _, (left, right) = plt.subplots(1, 2)
    assert inspect.signature(function).parameters["ax"].default is None
    assert function(argument, ax=right) is right
    assert not left.has_data()
    right.figure.canvas.draw()  # and matplotlib can draw it
    n_figures = len(plt.get_fignums())
    function(argument)
    assert len(plt.get_fignums()) == n_figures + 1
