"""Input validation: every error says the ``name`` of the argument, what was expected, what came.

>>> from rnn_lib.checks import check_count
>>> check_count("hidden_size", -3)
Traceback (most recent call last):
ValueError: hidden_size must be a whole number of at least 1, got -3.
"""

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
    if not 0 < value < np.inf:
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


def check_pair(validation_data: Any) -> Any:
    """Return ``validation_data``, else TypeError unless it is a pair of inputs and targets."""
    if not isinstance(validation_data, (list, tuple)) or len(validation_data) != 2:
        expected = "validation_data must be a pair (input_sequence, target_sequence)"
        raise TypeError(f"{expected}, got {type(validation_data).__name__}.")
    return validation_data


def _as_array(value: Any) -> np.ndarray:
    try:
        with warnings.catch_warnings(action="ignore"):  # NumPy before 1.24 warns of a ragged array
            return np.asarray(value)
    except ValueError:  # and raises since then
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
    """Return the ``input_sequence`` of :class:`rnn_lib.RNN` as a list, and whether it was only one.

    ``value`` is an array ``(n_steps, input_size)``, or a list of such arrays of any lengths; with
    ``indices`` (an embedding) whole numbers below ``input_size``, each array ``(n_steps,)``.
    """
    name, features = "input_sequence", () if indices else (input_size,)
    if not isinstance(value, (np.ndarray, list, tuple)):
        raise TypeError(f"{name} must be an array or a list of arrays, got {type(value).__name__}.")
    if len(value) == 0:
        raise ValueError(f"{name} must hold at least one sequence of at least one step, got none.")
    single = _depth(value) <= 1 + len(features)
    items = {name: value} if single else {f"{name}[{i}]": item for i, item in enumerate(value)}
    arrays = []
    for name, item in items.items():
        array = _array(name, item)
        if array.ndim == 0 or array.shape[1:] != features or len(array) == 0:
            shape = "(n_steps,)" if indices else f"(n_steps, {input_size})"
            expected = f"{name} must have the shape {shape} and at least one step"
            raise ValueError(f"{expected}, got the shape {array.shape}.")
        arrays.append(check_indices(name, array, input_size) if indices else array)
    return arrays, single


def check_targets(
    values: Any, steps: list[tuple[int, ...]], output_size: int, *, classes: bool
) -> list[np.ndarray]:
    """Return the ``target_sequence`` of :class:`rnn_lib.RNN` as arrays, one for each sequence.

    ``values`` are, with ``classes``, class indices or one-hot rows ``(output_size,)``, and become
    indices; else rows of numbers.  ``steps`` has for each sequence the axis that goes before:
    ``(n_steps,)`` where each step has a target, else ``()``.
    """
    name, n = "target_sequence", len(steps)
    if _depth(values) == 0:
        raise TypeError(f"{name} must hold a target for each of {n} sequences, got {values!r}.")
    if len(values) != n:
        raise ValueError(f"{name} must hold a target for each of {n} sequences, got {len(values)}.")
    names = [f"{name}[{i}]" if n > 1 else name for i in range(n)]
    return [_target(*item, output_size, classes) for item in zip(names, values, steps)]


def _target(
    name: str, value: Any, steps: tuple[int, ...], output_size: int, classes: bool
) -> np.ndarray:
    array, rows = _array(name, value), (*steps, output_size)
    if array.shape == (1, output_size) and not steps:  # the article's y is a matrix of one row
        array = array[0]
    shapes = [steps, rows] if classes or output_size == 1 else [rows]
    if array.shape not in shapes:
        expected = " or ".join(map(str, shapes))
        raise ValueError(f"{name} must have the shape {expected}, got {array.shape}.")
    if not classes:
        return array.reshape(rows)
    if array.shape == steps:
        return check_indices(name, array, output_size)
    if not (np.isin(array, (0, 1)).all() and (array.sum(axis=-1) == 1).all()):
        raise ValueError(f"{name} must be one-hot: a single 1 in each row, the rest 0.")
    return array.argmax(axis=-1).astype("int32")
