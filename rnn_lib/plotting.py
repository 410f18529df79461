"""Figures that several chapters draw: each takes arrays and a matplotlib ``ax``, and returns it.

>>> import matplotlib
>>> matplotlib.use("agg")
>>> from rnn_lib import History
>>> from rnn_lib.plotting import plot_history
>>> plot_history(History(loss=[2.2, 1.4, 0.9])).get_xlabel()
'epoch'
"""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np

__all__ = ["draw_unrolled", "plot_history", "plot_states"]


def plot_history(history: Any, *, ax: Any = None) -> Any:
    """Draw the losses ``(n_epochs,)`` of ``history``, a `rnn_lib.History`; mark the best epoch.

    ``ax`` is by default a new one, here and below.
    """
    ax = ax or plt.subplots()[1]
    ax.plot(range(1, len(history.loss) + 1), history.loss, label="training")
    if history.val_loss:
        ax.plot(range(1, len(history.val_loss) + 1), history.val_loss, "--", label="validation")
        ax.plot(history.best_epoch, min(history.val_loss), "o", color="C1", label="best")
        ax.legend()
    ax.set(xlabel="epoch", ylabel="mean loss")
    return ax


def plot_states(h: np.ndarray, *, ax: Any = None) -> Any:
    """Draw ``h (n_steps, n_hidden)``, -1 to 1, as a heat map into ``ax``; red is positive."""
    ax = ax or plt.subplots()[1]
    edges = (0.5, len(h) + 0.5, h.shape[1] + 0.5, 0.5)
    image = ax.imshow(h.T, aspect="auto", cmap="RdBu_r", vmin=-1, vmax=1, extent=edges)
    ax.set(xlabel="time step", ylabel="hidden unit")
    ax.figure.colorbar(image, ax=ax, label="activation")
    return ax


def draw_unrolled(n_steps: int, *, ax: Any = None) -> Any:
    """Draw a network that is unrolled over ``n_steps``, with one output, into ``ax``."""
    ax = ax or plt.subplots()[1]
    arrow = {"arrowstyle": "->", "color": "0.3"}
    box = {"boxstyle": "round,pad=0.4", "edgecolor": "0.3"}

    def node(x: float, y: float, text: str, colour: str) -> None:
        ax.text(x, y, text, ha="center", va="center", bbox={**box, "facecolor": colour})

    def edge(start: tuple[float, float], end: tuple[float, float], text: str) -> None:
        ax.annotate("", end, start, arrowprops={**arrow, "shrinkA": 16, "shrinkB": 16})
        beside = (0.06, 0) if start[0] == end[0] else (0, 0.12)
        middle = [(a + b) / 2 + c for a, b, c in zip(start, end, beside)]
        ax.text(*middle, text, color="0.3", ha="left" if beside[0] else "center")

    node(0, 1, "$h_0$", "white")
    for t in range(1, n_steps + 1):
        node(t, 0, f"$x_{t}$", "#cfe3f5")
        node(t, 1, f"$h_{t}$", "#fbe3c4")
        edge((t, 0), (t, 1), "$W_{xh}$")
        edge((t - 1, 1), (t, 1), "$W_{hh}$")
    node(n_steps, 2, f"$y_{n_steps}$", "#cdebdd")
    edge((n_steps, 1), (n_steps, 2), "$W_{hy}$")
    ax.set(xlim=(-0.4, n_steps + 0.5), ylim=(-0.4, 2.4))
    ax.axis("off")
    return ax
