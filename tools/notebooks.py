"""Execute the notebooks and write them in one normal form.

$ python -m tools.notebooks                                  # all of chapters/
$ python -m tools.notebooks chapters/02_theano.ipynb         # one
$ python -m tools.notebooks --check                          # say which would change, write none

A notebook that gives the same outputs is written byte for byte as it was. One that fails stays
as it was.
"""

import argparse
import base64
import copy
import os
import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from tqdm import tqdm

from tools.pages import CHAPTERS, ROOT, tags, write_whole

__all__ = ["NotebookError", "execute", "main", "normalise", "to_bytes", "with_setup"]

# What the kernels see, whatever the caller's shell has set.
KERNEL_ENVIRONMENT = {
    "JUPYTER_PREFER_ENV_PATH": "1",  # this environment's kernel, not the user's
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "RNN_PROGRESS": "0",  # progress bars write to stderr
    "RNN_COMPILED": "0",  # as readers run them first
}
NOTEBOOK_METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},  # the rest names the version of the machine that ran it
}
# What editors and kernels leave in cells, and no reader needs.
STRAY_CELL_METADATA = {"ExecuteTime", "collapsed", "execution", "pycharm", "scrolled", "vscode"}
ANSI_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class NotebookError(Exception):
    """A notebook that cannot be executed."""


def execute(nb: NotebookNode, folder: Path, timeout: int = 300) -> Iterator[int]:
    """Run all code cells in place, in ``folder``, and yield the number of each cell run.

    Parameters
    ----------
    nb : NotebookNode
        Its outputs are replaced.
    folder : Path
        The kernel's working directory.
    timeout : int
        The longest that a cell may take, in seconds.

    Raises
    ------
    NotebookError
        Where a cell fails, unless its tags say ``raises-exception``, or takes too long.
    """
    client = NotebookClient(
        nb,
        timeout=timeout,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--log-level=ERROR"],  # the kernel warns of its unencrypted connection
    )
    cell = None
    try:
        with client.setup_kernel():
            for index, cell in enumerate(nb.cells):
                client.execute_cell(cell, index)
                yield index
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        what = ANSI_COLOUR.sub("", str(error)).strip()
        raise NotebookError(f"cell {index + 1} (id {cell.id}) failed:\n{what}") from None


def normalise(nb: NotebookNode) -> NotebookNode:
    """Return a copy in the one form that is stored: the same outputs give the same bytes."""
    nb = copy.deepcopy(nb)
    nb.nbformat, nb.nbformat_minor = 4, 5
    nb.metadata = nbformat.from_dict(NOTEBOOK_METADATA)
    used = {cell.get("id") for cell in nb.cells}
    count = 0
    for number, cell in enumerate(nb.cells, start=1):
        if not cell.get("id"):
            cell.id = next(name for name in _names(number) if name not in used)
            used.add(cell.id)
        cell.source = "\n".join(line.rstrip() for line in cell.source.strip("\n").split("\n"))
        for key in STRAY_CELL_METADATA & set(cell.metadata):
            del cell.metadata[key]
        if cell.cell_type != "code":
            continue
        if cell.source.strip():
            count += 1
        cell.execution_count = count if cell.source.strip() else None
        cell.outputs = [_normal_output(output, count) for output in _merged(cell.outputs)]
    return nb


def setup_source() -> str:
    """Return the cell that installs rnn_lib where a notebook is on its own, as on Colab."""
    config = (ROOT / "_config.yml").read_text("utf-8")
    site = re.search(r"^  baseurl: (\S+)$", config, re.M)[1]
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text("utf-8"), re.M)[1]
    return f"""\
from importlib.util import find_spec

if not find_spec("rnn_lib"):  # this notebook is on its own, as on Colab
    %pip install --quiet {site}rnn_lib-{version}-py3-none-any.whl"""


def with_setup(nb: NotebookNode) -> NotebookNode:
    """Return a copy whose first code cell is that of `setup_source`; the website leaves it out."""
    nb = copy.deepcopy(nb)
    first = next(k for k, cell in enumerate(nb.cells) if cell.cell_type == "code")
    if "setup" not in tags(nb.cells[first]):
        cell = new_code_cell(id=f"{nb.cells[first].id.partition('-')[0]}-setup")
        nb.cells.insert(first, cell)
    nb.cells[first].metadata = nbformat.from_dict({"tags": ["setup", "remove-cell"]})
    nb.cells[first].source = setup_source()
    return nb


def to_bytes(nb: NotebookNode) -> bytes:
    """Return the notebook as it is stored, checked against the format."""
    nbformat.validate(nb)
    return nbformat.writes(nb).rstrip("\n").encode() + b"\n"


def _names(number: int) -> Iterator[str]:
    yield f"cell-{number:03d}"
    yield from (f"cell-{number:03d}-{k}" for k in range(2, 1000))


def _merged(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join neighbouring pieces of one stream: how they are cut depends on timing."""
    merged: list[NotebookNode] = []
    for output in outputs:
        last = merged[-1] if merged else {}
        if output.output_type == "stream" == last.get("output_type") and output.name == last.name:
            last.text += output.text
        else:
            merged.append(output)
    return merged


def _normal_output(output: NotebookNode, count: int) -> NotebookNode:
    if output.output_type == "execute_result":
        output.execution_count = count
    if output.output_type == "error":
        output.traceback = _own_frames(output)
    if "image/png" in output.get("data", {}):
        png = base64.b64decode(output.data["image/png"])
        output.data["image/png"] = base64.b64encode(_bare_png(png)).decode() + "\n"
    return output


def _own_frames(error: NotebookNode) -> list[str]:
    """Keep the frames of a traceback that lie in the notebook: others name paths and versions."""
    lines = [ANSI_COLOUR.sub("", part) for part in error.traceback]
    head = [line for line in lines[:2] if line.startswith("---") or "Traceback" in line]
    return [*head, *(line for line in lines if line.startswith("Cell ")), lines[-1]]


def _bare_png(png: bytes) -> bytes:
    """Drop the text and time chunks of a PNG: they name the version of the program that drew it."""
    kept, start = [png[:8]], 8
    while start < len(png):
        (length,) = struct.unpack(">I", png[start : start + 4])
        end = start + 12 + length  # length, kind, data, checksum
        if png[start + 4 : start + 8] not in {b"tEXt", b"zTXt", b"iTXt", b"tIME"}:
            kept.append(png[start:end])
        start = end
    return b"".join(kept)


def _refresh(path: Path, timeout: int, write: bool) -> bool:
    """Execute and normalise one file; return whether it changes."""
    old = path.read_bytes()
    try:
        nb = nbformat.reads(old.decode(), as_version=4)
    except (UnicodeDecodeError, ValueError) as error:  # NotJSONError is a ValueError
        raise NotebookError(f"not a notebook: {error}") from None
    nb = with_setup(nb)
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    steps = execute(nb, path.parent, timeout)
    for _ in tqdm(steps, path.stem, total=len(nb.cells), unit="cell", disable=None):
        pass
    new = to_bytes(normalise(nb))
    if write and new != old:
        write_whole(path, new)
    return new != old


def _find(paths: list[Path]) -> list[Path]:
    """Return the notebooks among the paths and in the folders among them, in order."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.rglob("*.ipynb")) if path.is_dir() else [path]
        found += [p for p in inside if not any(part.startswith(".") for part in p.parts[-2:])]
    return found


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return 1 where a notebook fails, or with ``--check`` would change."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", type=Path, default=[CHAPTERS])
    parser.add_argument("--check", action="store_true", help="write nothing, say what would change")
    parser.add_argument("--timeout", type=int, default=300, help="seconds a cell may take")
    args = parser.parse_args(arguments)
    for path in args.paths:
        if not path.exists():
            parser.error(f"{path} does not exist")

    os.environ.update(KERNEL_ENVIRONMENT)
    os.environ.pop("MPLBACKEND", None)
    failed = changed = 0
    notebooks = _find(args.paths)
    for path in notebooks:
        try:
            differs = _refresh(path, args.timeout, write=not args.check)
        except NotebookError as error:
            failed += 1
            print(f"{path}: {error}\n{path} was left as it was.", file=sys.stderr)
            continue
        changed += differs
        verb = ("would change" if args.check else "changed") if differs else "unchanged"
        print(f"{path}: {verb}")
    print(f"{len(notebooks)} notebooks, {changed} changed, {failed} failed")
    return int(failed > 0 or (args.check and changed > 0))


if __name__ == "__main__":
    sys.exit(main())
