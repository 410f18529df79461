"""The epoch loop of chapter 4: minibatches, early stopping, progress, a clean stop at Ctrl-C.

>>> from rnn_lib.training import History
>>> History(loss=[2.2, 1.4, 0.9])
History(loss=[2.2, 1.4, 0.9], val_loss=[], val_accuracy=[], stopped='')
"""

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

_TRIAL = 5.0  # seconds before the rest is estimated
_LONG = 120.0  # seconds still to go from which a compilation would pay


@dataclass
class History:
    """What happened in a training, one number an epoch.

    Attributes
    ----------
    loss : list of float, means over the minibatches of an epoch, each taken before its update
    val_loss, val_accuracy : list of float
        On the validation data, after the epoch; empty without them (accuracy: with softmax only).
    stopped : {"", "patience", "interrupted"}, why the training ended early
    """

    loss: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    val_accuracy: list[float] = field(default_factory=list)
    stopped: str = ""

    def table(self) -> dict[str, list[Any]]:
        """Return the columns of a table with one row an epoch, as ``pandas.DataFrame`` takes them.

        >>> History(loss=[2.2, 1.4], val_loss=[2.3, 1.9]).table()
        {'epoch': [1, 2], 'loss': [2.2, 1.4], 'val_loss': [2.3, 1.9]}
        """
        columns: dict[str, list[Any]] = {"epoch": list(range(1, len(self.loss) + 1))}
        for name in ("loss", "val_loss", "val_accuracy"):
            if values := getattr(self, name):
                columns[name] = list(values)
        return columns

    @property
    def best_epoch(self) -> int | None:
        """Epoch, from 1, of the smallest ``val_loss``; ``patience`` restores its parameters."""
        return self.val_loss.index(min(self.val_loss)) + 1 if self.val_loss else None

    def plot(self, ax: Any = None) -> Any:
        """Draw the curves of loss into a matplotlib ``ax`` (by default a new one); return it."""
        from rnn_lib.plotting import plot_history  # matplotlib only where it is used

        return plot_history(self, ax=ax)


@contextlib.contextmanager
def _delayed_interrupt() -> Iterator[list[int]]:
    """Let Ctrl-C wait for the end of the update in progress; yield a list that it fills."""
    pressed: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield pressed  # only the main thread gets signals
        return
    previous = signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, previous)


def _show_progress(progress: bool | None) -> bool:
    stream = sys.stderr
    if stream is None or getattr(stream, "closed", False):
        return False  # a Windows service has no stderr: nobody could see a bar
    if progress is not None:
        return progress
    is_terminal = hasattr(stream, "isatty") and stream.isatty()
    seen = is_terminal or "ipykernel" in sys.modules
    return seen and os.environ.get("RNN_PROGRESS") != "0"


def _looks_long(bar: Any) -> bool:
    """Return whether a visible ``bar`` has run for a while, and will for much longer."""
    if bar.disable or bar.n == 0:
        return False
    elapsed = bar.format_dict["elapsed"]
    return elapsed > _TRIAL and elapsed / bar.n * (bar.total - bar.n) > _LONG


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
    note: str = "",
    hint: str = "",
    progress: bool | None = None,
) -> History:
    """Train: call ``update`` on minibatches that ``rng`` shuffles, epoch after epoch.

    ``num_epochs``, ``batch_size``, ``patience`` (Prechelt 1998) and ``progress`` are those of
    :meth:`rnn_lib.RNN.train`; so is the FloatingPointError.

    Parameters
    ----------
    update : function
        Takes the indices of a minibatch, updates the parameters, and returns the mean loss before
        the update and the number of items (sequences or steps) in that mean.
    n_sequences : int
    params : list of shared variables
        Restored to the best epoch with ``patience``, and to the start where the loss overflows.
    validate : function, optional; returns validation loss and accuracy (or None)
    save : function, optional; called after every epoch, or with ``validate`` after every best one
    note : str, what the bar says until the first update is done
    hint : str, what is written once, above the bar, where the training looks long
    """
    history = History()
    start = best = [p.get_value() for p in params]
    n_updates = num_epochs * -(-n_sequences // batch_size)
    bar = tqdm(total=n_updates, unit="update", leave=False, disable=not _show_progress(progress))
    with bar, _delayed_interrupt() as interrupted:
        bar.set_postfix_str(note)
        for epoch in range(1, num_epochs + 1):
            total = weight = 0.0
            for batch in minibatches(n_sequences, batch_size, rng):
                loss, n_items = update(batch)
                total, weight = total + loss * n_items, weight + n_items
                if not np.isfinite(loss):
                    _overflow(f"the loss became {loss}", epoch, params, start)
                bar.update()
                now = f"epoch {epoch}/{num_epochs}, loss {loss:.4g}"
                bar.set_postfix_str(now, refresh=False)
                if hint and _looks_long(bar):
                    bar.write(hint, file=bar.fp)  # which survives a closed stderr
                    hint = ""
                if interrupted:
                    history.stopped = "interrupted"
                    return history
            if not all(np.isfinite(p.get_value(borrow=True)).all() for p in params):
                _overflow("a parameter became infinite or NaN", epoch, params, start)
            history.loss.append(total / weight)
            if validate:
                val_loss, accuracy = validate()
                history.val_loss.append(val_loss)
                if accuracy is not None:
                    history.val_accuracy.append(accuracy)
            improved = history.best_epoch in (None, epoch)
            if improved and patience:
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
    advice = "use a smaller learning_rate or set clip_norm"
    state = "The parameters are as they were before train."
    raise FloatingPointError(f"{what} in epoch {epoch}: {advice}. {state}")
