"""Input validation: every error says the ``name`` of the argument, what was expected, what came.

>>> from rnn_lib.checks import check_count
>>> check_count("hidden_size", -3)
Traceback (most recent call last):
ValueError: hidden_size must be a whole number of at least 1, got -3.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["check_choice", "check_count", "check_folder", "check_indices", "check_number"]
__all__ += ["check_pair", "check_sequences", "check_targets"]


def check_count(name: str, value: Any, *, least: int = 1) -> int:
    """Return ``value``, else TypeError or ValueError: a whole number, at ``least`` so large."""
    expected = f"{name} must be a whole number of at least {least}"
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{expected}, got {value!r}.")
    if value < least:
        raise ValueError(f"{expected}, got {value}.")
    return int(value)


def check_number(name: str, value: Any) -> float:
    """Return ``value``, else TypeError or ValueError unless it is a finite number above 0."""
    expected = f"{name} must be a finite number above 0"
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{expected}, got {value!r}.")
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{expected}, got {value}.")
    return float(value)


def check_choice(name: str, value: Any, choices: Iterable[Any]) -> Any:
    """Return ``value``, else ValueError unless it is one of ``choices``."""
    if value not in list(choices):
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}.")
    return value


def check_folder(name: str, path: Any) -> None:
    """Raise FileNotFoundError where ``path`` is not None and could not be written: no folder."""
    if path is not None and not Path(path).absolute().parent.is_dir():
        raise FileNotFoundError(f"{name} must be in a folder that exists, got {path}.")


def check_pair(value: Any, name: str = "validation_data") -> Any:
    """Return ``value``, else TypeError unless it is ``(input_sequence, target_sequence)``."""
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        kind = type(value).__name__
        raise TypeError(f"{name} must be a pair (input_sequence, target_sequence), got {kind}.")
    return value


def _as_array(value: Any) -> np.ndarray:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NumPy before 1.24 warns of a ragged array ...
            return np.asarray(value)
    except ValueError:  # ... and raises since then
        return np.empty(0, dtype=object)


def _array(name: str, value: Any) -> np.ndarray:
    array = value if isinstance(value, np.ndarray) else _as_array(value)
    if array.dtype == object:
        raise ValueError(f"{name} must be a regular array of numbers, got a ragged or mixed one.")
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must hold numbers, got dtype {array.dtype}.")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity.")
    return array


def check_indices(name: str, indices: Any, n_classes: int) -> np.ndarray:
    """Return an int32 array of the shape of ``indices``, which must lie in ``0..n_classes - 1``."""
    array = np.asarray(indices)
    if array.size and array.dtype.kind not in "iu":
        raise TypeError(f"{name} must hold whole numbers, got dtype {array.dtype}.")
    if (wrong := array[(array < 0) | (array >= n_classes)]).size:
        raise ValueError(f"{name} must lie in 0..{n_classes - 1}, got {wrong[0]}.")
    return array.astype("int32")


def _depth(value: Any) -> int:
    """Return the number of axes, also of a ragged list."""
    if isinstance(value, (list, tuple)):
        return 1 + (_depth(value[0]) if value else 0)
    return int(np.ndim(value))


def check_sequences(value: Any, input_size: int, *, indices: bool) -> tuple[list[np.ndarray], bool]:
    """Return ``input_sequence`` as a list of arrays, and whether it was one sequence alone.

    Parameters
    ----------
    value : array (n_steps, input_size), or a list of such arrays of any lengths
        With ``indices``, whole numbers in ``0..input_size - 1``, each array ``(n_steps,)``.
    input_size : int
        The number of features, or with ``indices`` of different tokens.
    indices : bool
        Whether the network has an embedding.

    Raises
    ------
    TypeError, ValueError
        Naming ``input_sequence``, or the one of the list that is wrong.
    """
    name, ndim = "input_sequence", 1 if indices else 2
    if not isinstance(value, (np.ndarray, list, tuple)):
        raise TypeError(f"{name} must be an array or a list of arrays, got {type(value).__name__}.")
    if len(value) == 0:
        raise ValueError(f"{name} must hold at least one sequence of at least one step, got none.")
    single = _depth(value) <= ndim
    arrays = []
    for i, item in enumerate([value] if single else value):
        item_name = name if single else f"{name}[{i}]"
        array = _array(item_name, item)
        features = () if indices else (input_size,)
        if array.ndim != ndim or array.shape[1:] != features or len(array) == 0:
            expected = "(n_steps,)" if indices else f"(n_steps, {input_size})"
            raise ValueError(
                f"{item_name} must have the shape {expected} and at least one step, "
                f"got the shape {array.shape}."
            )
        arrays.append(check_indices(item_name, array, input_size) if indices else array)
    return arrays, single


def check_targets(
    values: Any, lengths: list[int | None], output_size: int, *, classes: bool
) -> list[np.ndarray]:
    """Return ``target_sequence`` as a list of arrays, one for each input sequence.

    Parameters
    ----------
    values : list, or array with one row a sequence
        For ``classes`` class indices or one-hot rows ``(output_size,)``, else rows of numbers.
    lengths : list of int or None
        For each input sequence its steps, where each has a target; None for one target in all.
    output_size : int
        The number of classes, or of outputs.
    classes : bool

    Returns
    -------
    list of arrays
        Class indices, each ``()`` or ``(n_steps,)``; or numbers, each ``(output_size,)`` or
        ``(n_steps, output_size)``.

    Raises
    ------
    TypeError, ValueError
        Naming ``target_sequence``, or the one of the list that is wrong.
    """
    name, n = "target_sequence", len(lengths)
    if not isinstance(values, (list, tuple)) and np.ndim(values) == 0:
        raise TypeError(f"{name} must hold a target for each of {n} sequences, got {values!r}.")
    if len(values) != n:
        raise ValueError(f"{name} must hold a target for each of {n} sequences, got {len(values)}.")
    names = [f"{name}[{i}]" if n > 1 else name for i in range(n)]
    return [
        _target(item_name, _array(item_name, value), length, output_size, classes)
        for item_name, value, length in zip(names, values, lengths)
    ]


def _target(
    name: str, array: np.ndarray, length: int | None, output_size: int, classes: bool
) -> np.ndarray:
    steps = () if length is None else (length,)
    rows = (*steps, output_size)
    if array.shape == (1, output_size) and not steps:  # the article's y is a matrix of one row
        array = array[0]
    if classes and array.shape == steps:
        return check_indices(name, array, output_size)
    if array.shape == rows:
        if not classes:
            return array
        if not (np.isin(array, (0, 1)).all() and (array.sum(axis=-1) == 1).all()):
            raise ValueError(f"{name} must be one-hot: a single 1 in each row, the rest 0.")
        return array.argmax(axis=-1).astype("int32")
    if output_size == 1 and array.shape == steps:
        return array[..., np.newaxis]
    expected = f"{steps} or {rows}" if classes or output_size == 1 else f"{rows}"
    raise ValueError(f"{name} must have the shape {expected}, got {array.shape}.")
