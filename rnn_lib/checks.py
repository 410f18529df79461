"""Input validation: every error says the ``name`` of the argument, what was expected, what came.

>>> from rnn_lib.checks import check_count
>>> check_count("hidden_size", -3)
Traceback (most recent call last):
ValueError: hidden_size must be a whole number of at least 1, got -3.
"""

import numbers
import os
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["check_array", "check_choice", "check_count", "check_indices", "check_items"]
__all__ += [
    "check_new_file",
    "check_number",
    "check_pair",
    "check_path",
    "check_rng",
    "check_sequences",
    "check_targets",
    "plain",
]


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


def check_path(name: str, path: Any) -> Path:
    """Return ``path`` with ``~`` expanded; raise TypeError or ValueError unless it can be one."""
    if not isinstance(path, (str, os.PathLike)) or isinstance(os.fspath(path), bytes):
        raise TypeError(f"{name} must be a path, a str or a Path, got {path!r}.")
    text = os.fspath(path)
    if not text or "\0" in text:
        raise ValueError(f"{name} must be the path of a file, got {text!r}.")
    try:
        return Path(text).expanduser()
    except RuntimeError:  # no such user, or nobody's home is known
        raise ValueError(f"{name} must be in a folder that exists, got {text!r}.") from None


def check_new_file(name: str, path: Any) -> Path:
    """Return ``path`` with ``~`` expanded if a file can be written there, without writing it.

    Raises TypeError, ValueError, or FileNotFoundError where its folder is missing.
    """
    file = check_path(name, path)
    text = os.fspath(path)
    if file.name in ("", "..") or text.endswith(("/", os.sep)) or _is(file, Path.is_dir):
        raise ValueError(f"{name} must be the path of a file, got the folder {text!r}.")
    if not _is(file.absolute().parent, Path.is_dir):
        raise FileNotFoundError(f"{name} must be in a folder that exists, got {_short(text)}.")
    try:
        file.lstat()  # raises for a name that is too long
    except FileNotFoundError:
        pass
    except OSError as error:
        raise ValueError(f"{name} cannot be {_short(text)}: {error.strerror}.") from error
    try:
        with tempfile.TemporaryFile(dir=file.absolute().parent):
            pass
    except OSError as error:
        where = f"{name} must be in a folder that may be written to"
        raise ValueError(f"{where}, got {_short(text)}: {error.strerror}.") from error
    return file


def _is(path: Path, question: Callable[[Path], bool]) -> bool:
    try:
        return question(path)
    except OSError:  # a name that is too long
        return False


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:40]}...{text[-30:]}"


def check_pair(validation_data: Any) -> Any:
    """Return ``validation_data``, else TypeError unless it is a pair of inputs and targets."""
    if not isinstance(validation_data, (list, tuple)) or len(validation_data) != 2:
        expected = "validation_data must be a pair (input_sequence, target_sequence)"
        raise TypeError(f"{expected}, got {type(validation_data).__name__}.")
    return validation_data


def check_rng(rng: Any, draws: str) -> Any:
    """Return ``rng``, or raise TypeError unless it has the method that ``draws``."""
    if not callable(getattr(rng, draws, None)):
        expected = "rng must be a source of randomness such as np.random.default_rng(0)"
        raise TypeError(f"{expected}, got {rng!r}.")
    return rng


def plain(name: str, value: Any) -> Any:
    """Return ``value`` in lists, arrays and numbers, whatever container it came in.

    Tables and series of pandas become arrays (their column names are no data); iterators, object
    arrays and other sequences become lists; what is no container is returned as it is.

    Raises TypeError or ValueError for what a plain array cannot hold: a mask, or categories.
    """
    if isinstance(value, np.ma.MaskedArray):
        if np.ma.is_masked(value):
            advice = "leave the masked steps out, and the lengths of the sequences are the mask"
            raise ValueError(f"{name} must be no masked array: {advice}.")
        value = value.data
    elif hasattr(value, "to_numpy"):
        value = _from_pandas(name, value)
    if isinstance(value, np.ndarray):
        return plain(name, value.tolist()) if value.dtype == object else value
    if isinstance(value, np.generic):
        return value
    if hasattr(value, "__array__"):  # tensors of other libraries
        return np.asarray(value)
    if isinstance(value, (Iterator, Sequence)) and not isinstance(value, (str, bytes)):
        return [
            item if type(item) in (int, float) else plain(f"{name}[{i}]", item)
            for i, item in enumerate(value)
        ]
    return value


def _from_pandas(name: str, table: Any) -> np.ndarray:
    """Return the values of a DataFrame, a Series or an Index, recognised without pandas."""
    dtypes = list(table.dtypes) if hasattr(table, "columns") else [getattr(table, "dtype", "")]
    if any(str(dtype).lower().startswith("categor") for dtype in dtypes):
        advice = "take their numbers, .cat.codes"
        raise TypeError(f"{name} must hold numbers, got categories: {advice}.")
    return np.asarray(table.to_numpy())


def _leaves(value: Any) -> Iterator[Any]:
    """Yield what a nested list holds that NumPy would not take for a number by itself."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "OSU":
            value = value.tolist()
        elif value.dtype.kind not in "biuf":  # dates, and other records
            value = list(value.ravel())
        else:
            value = []
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def check_items(name: str, value: Any, *, ordered: bool = True) -> list[Any]:
    """Return the items of ``value``: a list, an array, a series, a text or an iterator.

    Raises TypeError for what has none, or would give its names instead: a table or a dictionary;
    where they must be ``ordered``, also for a set.  Raises ValueError for a masked array.
    """
    expected = f"{name} must be a list or an array"
    if hasattr(value, "columns"):
        raise TypeError(f"{expected}, got a table: put it in a list, or take one of its columns.")
    if isinstance(value, dict) or (ordered and isinstance(value, (set, frozenset))):
        raise TypeError(f"{expected}, got a {type(value).__name__}: list its items in order.")
    if isinstance(value, np.ma.MaskedArray):
        value = plain(name, value)
    try:
        return list(value)
    except TypeError:
        raise TypeError(f"{expected}, got {_brief(value)}.") from None


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else type(value).__name__


def check_array(name: str, value: Any, *, finite: bool = True) -> np.ndarray:
    """Return ``value`` as an array of numbers, all of them finite if ``finite``.

    Raises TypeError or ValueError where it is none.
    """
    return _array(name, plain(name, value), finite=finite)


def _array(name: str, value: Any, largest: float = np.inf, *, finite: bool = True) -> np.ndarray:
    """Return an array of numbers from what :func:`plain` returned."""
    try:
        with warnings.catch_warnings(action="ignore"):  # NumPy before 1.24 warns of a ragged array
            array = np.asarray(value)
    except ValueError:  # and raises since then
        array = np.empty(0, dtype=object)
    if array.dtype.kind in "OSU":
        array = _numbers(name, value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold numbers, got dtype {str(array.dtype)[:40]}.")
    if array.dtype.kind == "b":
        return array.astype("uint8")
    if finite and not np.isfinite(array).all():
        advice = "leave out or fill in what is missing"
        raise ValueError(f"{name} must be finite, got NaN or infinity: {advice}.")
    if not np.isfinite(largest) or not array.size:
        return array
    size = max(float(array.max()), -float(array.min()))
    if size > largest:
        raise ValueError(f"{name} must lie within ±{largest:.0e}, got {size:.3g}: scale it.")
    return array


def _numbers(name: str, value: Any) -> np.ndarray:
    """Return numbers that NumPy took for objects, or say why they are none."""
    for leaf in _leaves(value):
        if leaf is None or type(leaf).__name__ in ("NAType", "NaTType"):
            advice = "drop them or fill them in"
            raise ValueError(f"{name} must have no missing values, got {leaf!r}: {advice}.")
        if isinstance(leaf, (str, bytes)):
            text = f"{str(leaf[:20])!r}{'...' if len(leaf) > 20 else ''}"
            advice = "number it first, as rnn_lib.data.Vocabulary does"
            raise TypeError(f"{name} must hold numbers, got the text {text}: {advice}.")
        if not isinstance(leaf, (numbers.Number, np.bool_)) or isinstance(leaf, np.timedelta64):
            raise TypeError(f"{name} must hold numbers, got a {type(leaf).__name__}.")
    try:
        return np.array(value, dtype="float64")  # fractions, decimals, very large integers
    except (TypeError, ValueError, OverflowError):
        expected = f"{name} must be a regular array of numbers"
        raise ValueError(f"{expected}, got a ragged or mixed one.") from None


def check_indices(name: str, indices: Any, n_classes: int) -> np.ndarray:
    """Return an int32 array of the shape of ``indices``, which must lie in ``0..n_classes - 1``.

    Floats that are whole numbers and booleans count as the integers that they equal.
    """
    array = _array(name, plain(name, indices))
    if array.dtype.kind == "f" and (wrong := array[array != np.floor(array)]).size:
        raise TypeError(f"{name} must hold whole numbers, got {wrong[0]}.")
    if (wrong := array[(array < 0) | (array >= n_classes)]).size:
        expected = f"{name} must lie in 0..{n_classes - 1}"
        advice = ": counting begins at 0" if wrong.max() == n_classes else ""
        raise ValueError(f"{expected}, got {wrong[0]:.0f}{advice}.")
    return array.astype("int32")


def _depth(value: Any) -> int:
    """Return the number of axes, also of a ragged list."""
    if isinstance(value, (list, tuple)):
        return 1 + (_depth(value[0]) if value else 0)
    return int(np.ndim(value))


def check_sequences(
    value: Any,
    input_size: int,
    *,
    indices: bool,
    name: str = "input_sequence",
    largest: float = np.inf,
) -> tuple[list[np.ndarray], bool]:
    """Return the ``input_sequence`` of :class:`rnn_lib.RNN` as a list, and whether it was only one.

    ``value`` is an array ``(n_steps, input_size)``, or a list of such arrays of any lengths; with
    ``indices`` (an embedding) whole numbers below ``input_size``, each array ``(n_steps,)``.  One
    series of an ``input_size`` of 1 may come as ``(n_steps,)``.  Numbers may be as large as
    ``largest``.
    """
    value = plain(name, value)
    if isinstance(value, (str, bytes)):
        advice = "number its tokens first, as rnn_lib.data.Vocabulary does"
        raise TypeError(f"{name} must be an array or a list of arrays, got a text: {advice}.")
    if not isinstance(value, (np.ndarray, list)):
        raise TypeError(f"{name} must be an array or a list of arrays, got {type(value).__name__}.")
    if (value.shape[:1] == (0,)) if isinstance(value, np.ndarray) else not value:
        raise ValueError(f"{name} must hold at least one sequence of at least one step, got none.")
    features = () if indices else (input_size,)
    if features == (1,) and _depth(value) == 1:
        value = _array(name, value)[:, np.newaxis]
    elif features == (1,) and _is_list_of_series(value):
        advice = f"write [x[:, np.newaxis] for x in {name}]"
        raise ValueError(f"{name} must be a list of arrays (n_steps, 1): {advice}.")
    single = _depth(value) <= 1 + len(features)
    items = {name: value} if single else {f"{name}[{i}]": item for i, item in enumerate(value)}
    arrays = []
    for item_name, item in items.items():
        array = check_indices(item_name, item, input_size) if indices else _array(item_name, item)
        if array.ndim == 0 or array.shape[1:] != features or len(array) == 0:
            raise ValueError(_wrong_shape(item_name, array.shape, features))
        arrays.append(array if indices else _array(item_name, array, largest))
    return arrays, single


def _is_list_of_series(value: Any) -> bool:
    is_list = isinstance(value, list) and _depth(value) == 2
    return is_list and any(np.size(item) != 1 for item in value)


def _wrong_shape(name: str, shape: tuple[int, ...], features: tuple[int, ...]) -> str:
    expected = "(n_steps,)" if not features else f"(n_steps, {features[0]}), time first,"
    advice = ""
    if len(shape) == 2 and shape[:1] == features:
        advice = ": transpose it if its rows are features"
    expected += " and at least one step"
    return f"{name} must have the shape {expected}, got the shape {shape}{advice}."


def check_targets(
    values: Any,
    steps: list[tuple[int, ...]],
    output_size: int,
    *,
    classes: bool,
    single: bool,
    name: str = "target_sequence",
    largest: float = np.inf,
) -> list[np.ndarray]:
    """Return the ``target_sequence`` of :class:`rnn_lib.RNN` as arrays, one for each sequence.

    ``values`` are, with ``classes``, class indices or one-hot rows ``(output_size,)``, and become
    indices; else rows of numbers.  ``steps`` has for each sequence the axis that goes before:
    ``(n_steps,)`` where each step has a target, else ``()``.  With ``single`` they are the target
    of the only sequence, and else a list of one for each.  Numbers may be as large as ``largest``.
    """
    n = len(steps)
    if classes:
        _check_column_names(name, values)
    values = plain(name, values)
    if single:
        return [_target(name, values, steps[0], output_size, classes, largest)]
    if _depth(values) == 0:
        raise TypeError(f"{name} must hold a target for each of {n} sequences, got {values!r}.")
    if len(values) != n:
        raise ValueError(f"{name} must hold a target for each of {n} sequences, got {len(values)}.")
    return [
        _target(f"{name}[{i}]", value, axis, output_size, classes, largest)
        for i, (value, axis) in enumerate(zip(values, steps))
    ]


def _check_column_names(name: str, table: Any) -> None:
    """Raise ValueError where the names of one-hot columns say another order than their places."""
    columns = [str(column) for column in getattr(table, "columns", [])]
    ordered = [str(k) for k in range(len(columns))]
    if columns != ordered and sorted(columns) == sorted(ordered):
        raise ValueError(f"{name} must have its columns in the order 0, 1, ..., got {columns}.")


def _target(
    name: str,
    value: Any,
    steps: tuple[int, ...],
    output_size: int,
    classes: bool,
    largest: float,
) -> np.ndarray:
    array = _array(name, value, largest)
    rows = (*steps, output_size)
    if array.shape == (1, output_size) and not steps:  # the article's y is a matrix of one row
        array = array[0]
    given, rest = array.shape[: len(steps)], array.shape[len(steps) :]
    if classes and array.shape != rows and given == steps and set(rest) == {1}:
        array = array.reshape(steps)  # a column of labels, as tables hold them
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
