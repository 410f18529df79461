"""Two tiers of one update: interpreted at once, and compiled as soon as it is ready.

The compiled update is faster, but takes about a minute to make.  So a long training starts with the
interpreted one, lets a second process make the other, and takes that over between two updates.
Both work on the same shared variables, so nothing is lost.  See the page about speed.

>>> from rnn_lib.tiers import choose_tier
>>> choose_tier(False)
False

Environment
-----------
RNN_COMPILED : ``0`` or ``1`` makes ``compiled="auto"`` mean False or True, and decides for
    predictions, too, which else are interpreted.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, Self

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
    meanings: dict[str, str | bool] = {"auto": "auto", "0": False, "1": True}
    variable = check_choice("RNN_COMPILED", os.environ.get("RNN_COMPILED", "auto"), meanings)
    if compiled == "auto":
        return CAN_COMPILE and meanings[variable]
    if compiled and not CAN_COMPILE:
        raise ValueError("compiled=True needs PyTensor and numba: run 'pip install pytensor'.")
    return bool(compiled)


class Tiers:
    """The update of a training: call it as the compiled function that it is at the moment.

    Use it in a ``with`` statement, at whose end no process is left.  ``make`` takes "compiled?" and
    returns the update of this tier; ``job`` is what `rnn_lib.prepare` needs in order to compile the
    same; ``compiled`` is what :func:`choose_tier` returns.
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

    def __enter__(self) -> Self:
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
            command = [sys.executable, "-m", "rnn_lib.prepare", json.dumps(self._job)]
            pipe, nothing = subprocess.PIPE, subprocess.DEVNULL  # the pipe tells when this one ends
            self._process = subprocess.Popen(command, stdin=pipe, stdout=nothing, stderr=nothing)
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
