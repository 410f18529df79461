"""Two tiers of one update: interpreted at once, and compiled as soon as it is ready.

The interpreted update starts without a wait; the compiled one is faster, but takes about a minute
to make.  So a long training starts with the first, lets a second process make the other, and takes
that over between two updates.  Both work on the same shared variables, so nothing is lost.  See the
page about speed.

>>> from rnn_lib.tiers import choose_tier
>>> choose_tier(False)
False

Environment
-----------
RNN_COMPILED : ``0`` or ``1`` makes ``compiled="auto"`` mean False or True, and decides for
    predictions, too, which else are interpreted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from rnn_lib.checks import check_choice
from rnn_lib.engine import CAN_COMPILE

__all__ = ["Tiers", "choose_tier"]

_WORTH = 120.0  # seconds of updates still to do that are worth a compilation
_TRIALS = 10  # updates before their duration is judged


def choose_tier(compiled: str | bool = "auto") -> str | bool:
    """Return ``compiled`` as the environment and the engine allow it: "auto", True or False.

    Raises ValueError for another value, and for True where nothing can compile.
    """
    check_choice("compiled", compiled, ["auto", True, False])
    variable = os.environ.get("RNN_COMPILED", "auto")
    check_choice("RNN_COMPILED", variable, ["auto", "0", "1"])
    if compiled == "auto" and (variable == "auto" or not CAN_COMPILE):
        return "auto" if CAN_COMPILE else False
    compiled = variable == "1" if compiled == "auto" else bool(compiled)
    if compiled and not CAN_COMPILE:
        raise ValueError("compiled=True needs PyTensor and numba: run 'pip install pytensor'.")
    return compiled


class Tiers:
    """The update of a training: call it as the compiled function that it is at the moment.

    Use it in a ``with`` statement, at whose end no process is left.

    Parameters
    ----------
    make : function
        Takes "compiled?" and returns the update of this tier.
    job : dict
        What `rnn_lib.prepare` needs in order to compile the same.
    compiled : {"auto", True, False}
        Compile where it is worth it, at once, or never.
    """

    def __init__(
        self, make: Callable[[bool], Any], job: dict[str, Any], compiled: str | bool
    ) -> None:
        self._make, self._job = make, job
        self._process: subprocess.Popen[bytes] | None = None
        self._auto, self.compiled = compiled == "auto", compiled is True
        self._update = make(self.compiled)
        self._n_calls, self._begin = 0, 0.0

    def __call__(self, *arguments: Any) -> Any:
        """Call the update with its own ``arguments``."""
        return self._update(*arguments)

    def __enter__(self) -> Tiers:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()

    def between(self, n_left: int) -> str:
        """Swap if it is time; return what the progress bar shall say.

        To be called before the first update and after each; ``n_left`` counts those to come.
        """
        self._n_calls += 1
        if self.compiled:
            return ", compiling" if self._n_calls == 1 else ", compiled"
        if self._auto and self._process is None and self._is_worth_it(n_left):
            self._start()
        code = self._process.poll() if self._process else 1
        if code == 0:
            self._update, self.compiled = self._make(True), True
        return ", compiling beside" if code is None else ""

    def _is_worth_it(self, n_left: int) -> bool:
        if self._n_calls == 2:  # the first update may have been a slow one
            self._begin = time.perf_counter()
        if self._n_calls < _TRIALS or os.cpu_count() == 1 or not sys.executable:
            return False
        seconds = (time.perf_counter() - self._begin) / (self._n_calls - 2)
        return seconds * n_left > _WORTH

    def _start(self) -> None:
        """Start the process; the pipe tells it when this one ends, however it ends."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "rnn_lib.prepare", json.dumps(self._job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
