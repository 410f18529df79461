"""The epoch loop of chapter 4: minibatches, early stopping, progress, a clean stop at Ctrl-C.

>>> from rnn_lib.training import History
>>> History(loss=[2.2, 1.4, 0.9])
History(loss=[2.2, 1.4, 0.9], val_loss=[], val_accuracy=[], best_epoch=None, stopped='')
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np
from tqdm import tqdm

from rnn_lib.data import minibatches

__all__ = ["History", "fit"]


@dataclass
class History:
    """What happened in a training, one number an epoch.

    Attributes
    ----------
    loss : list of float
        Mean loss over the minibatches of the epoch, each taken before its update.
    val_loss, val_accuracy : list of float
        On the validation data, after the epoch; empty without them (accuracy: with softmax only).
    best_epoch : int or None
        Epoch (from 1) of the smallest ``val_loss``; with ``patience`` its parameters were restored.
    stopped : str
        ``"patience"`` or ``"interrupted"`` where the training ended early, else ``""``.
    """

    loss: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    val_accuracy: list[float] = field(default_factory=list)
    best_epoch: int | None = None
    stopped: str = ""

    def plot(self, ax: Any = None) -> Any:
        """Draw the curves of loss into a matplotlib ``ax`` (by default a new one); return it."""
        from rnn_lib.plotting import plot_history  # matplotlib only where it is used

        return plot_history(self, ax=ax)


@contextlib.contextmanager
def _delayed_interrupt() -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C wait for the end of the update in progress; yield "was it pressed?"."""
    pressed: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False  # only the main thread gets signals
        return
    previous = signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, previous)


def _show_progress(progress: bool | None) -> bool:
    if progress is not None:
        return progress
    wanted = os.environ.get("RNN_PROGRESS", "1") != "0"
    return wanted and (sys.stderr.isatty() or "ipykernel" in sys.modules)


def fit(
    update: Callable[[np.ndarray], tuple[float, float]],
    n_sequences: int,
    params: list[Any],
    *,
    num_epochs: int,
    batch_size: int,
    rng: np.random.Generator,
    validate: Callable[[], tuple[float, float | None]] | None = None,
    patience: int | None = None,
    save: Callable[[], None] | None = None,
    between: Callable[[int], str] | None = None,
    progress: bool | None = None,
) -> History:
    """Train: call ``update`` on shuffled minibatches, epoch after epoch.

    Parameters
    ----------
    update : function
        Takes the indices of a minibatch, updates the parameters, and returns the mean loss before
        the update and the number of items (sequences or steps) in that mean.
    n_sequences, num_epochs, batch_size : int
    params : list of shared variables
        Restored to the best epoch with ``patience``, and to the start where the loss overflows.
    rng : numpy.random.Generator
        Shuffles the sequences.
    validate : function, optional
        Returns validation loss and accuracy (or None).
    patience : int, optional
        Stop after so many epochs without a smaller validation loss (Prechelt 1998).
    save : function, optional
        Called after every epoch, or with ``validate`` after every best one.
    between : function, optional
        Called before the first update and after each, with the number of updates still to do;
        returns what the bar shall say besides.
    progress : bool, optional
        By default a bar on a terminal and in Jupyter, unless ``RNN_PROGRESS=0`` is set.

    Raises
    ------
    FloatingPointError
        Where the loss or a parameter becomes infinite or NaN.
    """
    history = History()
    start = best = [p.get_value() for p in params]
    n_updates = num_epochs * -(-n_sequences // batch_size)
    bar = tqdm(total=n_updates, unit="update", leave=False, disable=not _show_progress(progress))
    with bar, _delayed_interrupt() as interrupted:
        bar.set_postfix_str(between(n_updates) if between else "")
        for epoch in range(1, num_epochs + 1):
            total = weight = 0.0
            for batch in minibatches(n_sequences, batch_size, rng):
                loss, n_items = update(batch)
                total, weight = total + loss * n_items, weight + n_items
                if not np.isfinite(loss):
                    _overflow(f"the loss became {loss}", epoch, params, start)
                bar.update()
                note = between(n_updates - bar.n) if between else ""
                now = f"epoch {epoch}/{num_epochs}, loss {loss:.4g}{note}"
                bar.set_postfix_str(now, refresh=False)
                if interrupted():
                    history.stopped = "interrupted"
                    return history
            if not all(np.isfinite(p.get_value(borrow=True)).all() for p in params):
                _overflow("a parameter became infinite or NaN", epoch, params, start)
            history.loss.append(total / weight)
            improved = _validate(history, validate)
            if improved and validate:
                best = [p.get_value() for p in params]
            if improved and save:
                save()
            if patience and epoch - (history.best_epoch or 0) >= patience:
                history.stopped = "patience"
                break
    if patience:
        _restore(params, best)
    return history


def _restore(params: list[Any], values: list[np.ndarray]) -> None:
    for p, value in zip(params, values):
        p.set_value(value)


def _overflow(what: str, epoch: int, params: list[Any], start: list[np.ndarray]) -> NoReturn:
    _restore(params, start)
    raise FloatingPointError(
        f"{what} in epoch {epoch}: use a smaller learning_rate or set clip_norm. "
        "The parameters are as they were before train."
    )


def _validate(history: History, validate: Callable[[], tuple[float, float | None]] | None) -> bool:
    """Append to the history; return whether the epoch is the best so far."""
    if validate is None:
        return True
    loss, accuracy = validate()
    improved = not history.val_loss or loss < min(history.val_loss)
    history.val_loss.append(loss)
    if accuracy is not None:
        history.val_accuracy.append(accuracy)
    if improved:
        history.best_epoch = len(history.loss)
    return improved
