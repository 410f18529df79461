"""What the checks ask of any answer: that it can be called, returns something, has a shape.

>>> from rnn_exercises.answers import call, numbers
>>> call(lambda a, b: a + b, 1, 2)
3
>>> numbers([1, 2], shape=(2,))
array([1., 2.])
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

__all__ = ["call", "copied", "fitting", "kind", "numbers", "whole"]


def call(answer: Any, *arguments: Any, **options: Any) -> Any:
    """Return what an answer returns for copies of the arguments; complain if that is nothing."""
    assert callable(answer), f"expected a function, got {kind(answer)}."
    name = getattr(answer, "__name__", "your function").replace("<lambda>", "your function")
    value = answer(*copied(arguments), **{key: copied(value) for key, value in options.items()})
    assert value is not None, f"{name} returns nothing: write the return statement."
    return value


def copied(value: Any) -> Any:
    """Copy arrays, also in lists and tuples, so that an answer cannot change those of the check."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if type(value) in (list, tuple):
        return type(value)(map(copied, value))
    return value


def numbers(value: Any, shape: tuple[int, ...] | None = None, name: str = "the answer") -> Any:
    """Return a value as an array of floats; complain if it is none, or has another shape."""
    try:
        array = None if value is None else np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        array = None
    assert array is not None, f"{name} should be made of numbers, and is {kind(value)}."
    assert shape is None or array.shape == shape, (
        f"{name} should have the shape {shape}, and has {array.shape}."
    )
    return array


def whole(value: Any, name: str = "the answer") -> int:
    """Return a value as an int; complain if it is no whole number."""
    number = float(numbers(value, (), name))
    assert number == round(number), f"{name} should be a whole number, and is {number}."
    return round(number)


def kind(value: Any) -> str:
    """Say what a value is, in words for a message."""
    return "None" if value is None else f"a value of type {type(value).__name__}"


@contextmanager
def fitting(message: str) -> Iterator[None]:
    """Say ``message`` where NumPy complains that two shapes do not fit."""
    try:
        yield
    except (IndexError, ValueError) as error:
        if any(word in str(error) for word in ("broadcast", "matmul", "aligned")):
            raise AssertionError(message) from error
        raise
