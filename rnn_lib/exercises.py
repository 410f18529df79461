"""Checks of the exercises: one line says what is wrong, or that all is right.

>>> from rnn_lib.exercises import check
>>> @check("Exercise 0")
... def check_double(double):
...     assert double(2) is not None, "double(2) returned nothing: write the return statement."
...     assert double(2) == 4, f"double(2) should be 4, and yours is {double(2)}."
>>> check_double(lambda x: None)
Not yet: double(2) returned nothing: write the return statement.
>>> check_double(lambda x: 2 * x)
Correct: Exercise 0 is solved.
"""

import functools
from collections.abc import Callable
from typing import Any

__all__ = ["check"]


def check(title: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Turn a function of assertions about the learner's answer into one that prints the verdict.

    That is ``Not yet:`` with the message of the first ``assert`` that fails, else ``Correct:`` with
    the ``title``.  Another error in the learner's code shows its own traceback.
    """

    def decorate(assertions: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(assertions)
        def run(*answer: Any) -> None:
            try:
                assertions(*answer)
            except AssertionError as wrong:
                print(f"Not yet: {wrong}")
            else:
                print(f"Correct: {title} is solved.")

        return run

    return decorate
