"""Save and load parameters: one ``.npz`` file, written whole or not at all, never pickle.

It holds a format number, options as JSON, and one array a parameter, so NumPy alone can read it.

>>> import numpy as np, tempfile
>>> from rnn_lib.files import read_npz, write_npz
>>> path = tempfile.mkdtemp() + "/model.npz"
>>> write_npz(path, {"hidden_size": 2}, {"bh": np.zeros(2)})
>>> read_npz(path)
({'hidden_size': 2}, {'bh': array([0., 0.])})
"""

import json
import os
import uuid
from typing import Any

import numpy as np

from rnn_lib.checks import check_new_file, check_path

__all__ = ["read_npz", "write_npz"]

_FORMAT = 1


def write_npz(
    path: str | os.PathLike[str], options: dict[str, Any], arrays: dict[str, np.ndarray]
) -> None:
    """Write ``options`` and the parameters ``arrays``, by name, to the file ``path``.

    ``~`` is the home folder.  The write is atomic: an existing file is replaced only when the new
    one is complete, and an error leaves nothing behind.
    """
    file_path = check_new_file("path", path)
    content: dict[str, Any] = {"rnn_lib": _FORMAT, "options": json.dumps(options), **arrays}
    temporary = file_path.with_name(f".{uuid.uuid4().hex}")
    try:
        with open(temporary, "xb") as file:
            np.savez(file, **content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, file_path)
    finally:
        temporary.unlink(missing_ok=True)


def read_npz(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return ``(options, arrays)`` as :func:`write_npz` took them.

    Raises FileNotFoundError where ``path`` is missing, and ValueError where it is damaged, of
    another program, or of a newer version.
    """
    file_path = check_path("path", path)
    expected = "path must be a model saved by RNN.save"
    try:
        with open(file_path, "rb") as file, np.load(file, allow_pickle=False) as content:
            arrays = {name: content[name] for name in content.files}
    except FileNotFoundError:
        raise FileNotFoundError(f"path must be a saved model, and {path} does not exist.") from None
    except (IsADirectoryError, NotADirectoryError, PermissionError) as error:
        raise ValueError(f"path must be a saved model, got {path}: {error.strerror}.") from error
    except Exception as error:  # what NumPy raises depends on where the file is broken
        raise ValueError(f"path must be a saved model, got {path}: damaged or no .npz.") from error
    version = arrays.pop("rnn_lib", np.empty(0))
    options = arrays.pop("options", np.empty(0))
    is_number = not version.shape and version.dtype.kind in "iu"
    is_text = not options.shape and options.dtype.kind == "U"
    if not is_number or not is_text or version < 1:
        raise ValueError(f"{expected}, got {path}: of another program.")
    if version > _FORMAT:
        expected = f"path must be of format {_FORMAT} or older"
        raise ValueError(f"{expected}, got {path} of format {version}: update rnn_lib.")
    try:
        decoded = json.loads(str(options))
    except (ValueError, RecursionError):
        decoded = None
    if not isinstance(decoded, dict):
        raise ValueError(f"{expected}, got {path}: its options are damaged.")
    return decoded, arrays
