"""Checks of the book's exercises: one sentence says what is wrong, or that all is right.

>>> from rnn_exercises import check
>>> check("1.2", None)
Not yet: expected a function, got None.

Exercise 3.1 is ``exercise_1`` in `rnn_exercises.chapter_3`, a function of assertions about the
answer; `rnn_exercises.answers` has what most of them need.
"""

import importlib
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["PAGES", "check", "find"]

# The number of a page, and the module with the checks of its exercises.
PAGES = {
    "1": "chapter_1",
    "2": "chapter_2",
    "3": "chapter_3",
    "4": "chapter_4",
    "5": "chapter_5",
    "6": "chapter_6",
    "6.1": "lstm_gru",
    "6.2": "sunspots",
    "6.3": "names",
    "6.4": "spelling_to_sound",
    "6.5": "sentiment",
    "6.6": "famous_bugs",
    "6.7": "speed",
}


def check(number: str, *answer: Any, strict: bool = False) -> None:
    """Print ``Correct:`` or ``Not yet:`` and a sentence about the answer to an exercise.

    Parameters
    ----------
    number : str
        The number of the exercise, such as ``"3.1"``.
    *answer
        What the exercise asks for: most often one function.
    strict : bool
        Raise an AssertionError instead of printing ``Not yet:``, as a grader needs it.
    """
    assertions = find(number)
    wrong = complaint(assertions, answer)
    if wrong is None:
        print(f"Correct: exercise {number} is solved.")
    elif strict:
        raise AssertionError(wrong)
    else:
        print(f"Not yet: {wrong}")


def find(number: str) -> Callable[..., None]:
    """Return the assertions about an exercise; raise ValueError if there is no such exercise."""
    page, _, last = str(number).rpartition(".")
    if page in PAGES:
        module = importlib.import_module(f"rnn_exercises.{PAGES[page]}")
        if found := getattr(module, f"exercise_{last}", None):
            return found
    raise ValueError(f"number must be that of an exercise, such as '3.1', got {number!r}")


def complaint(assertions: Callable[..., None], answer: tuple[Any, ...]) -> str | None:
    """Return in one sentence what is wrong with an answer, or None.

    Whatever the answer raises becomes such a sentence; what it warns of is not shown.
    """
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            assertions(*answer)
    except AssertionError as wrong:
        return str(wrong) or "an assertion in your code fails."
    except (Exception, SystemExit) as error:
        lines = str(error).strip().splitlines()
        said = f": {lines[0].rstrip('.')}" if lines else ""
        return f"your code raises {type(error).__name__}{said}."
    return None
