"""The pages of the book: where they are, and what their cells are for.

>>> from tools.pages import exercises, number_of, pages, read
>>> first = pages()[0]
>>> first.name, number_of(first)
('01_introduction.ipynb', '1')
>>> [exercise.number for exercise in exercises(read(first))]
['1.1', '1.2', '1.3', '1.4']
"""

from __future__ import annotations

import os
import re
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

__all__ = [
    "CHAPTERS",
    "ROOT",
    "Exercise",
    "exercises",
    "number_of",
    "pages",
    "read",
    "section",
    "tags",
    "write_whole",
]

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = ROOT / "chapters"


@dataclass
class Exercise:
    """One exercise of a notebook, with the positions of its cells."""

    number: str  # "3.1"
    title: str
    answer: int  # the cell that the reader edits
    start: str  # its code without the call of the check
    call: str  # 'check("3.1", largest_hidden)'
    solution: range  # the cells of the solution: heading and reasons, code, what it shows
    solved: str  # the code of the solution up to the call of the check


def _numbered() -> dict[Path, str]:
    """Return the notebooks in the order of the book, with the number of each page."""
    contents = (ROOT / "_toc.yml").read_text("utf-8")
    found, chapter, application = {}, 0, 0
    for file in re.findall(r"^ *- file: (chapters/\S+)$", contents, re.M):
        page = ROOT / f"{file}.ipynb"
        if page.parent == CHAPTERS:
            chapter, application = chapter + 1, 0
            found[page] = f"{chapter}"
        else:
            application += 1
            found[page] = f"{chapter}.{application}"
    return found


def pages() -> list[Path]:
    """Return the notebooks in the order of the book."""
    return list(_numbered())


def number_of(page: Path) -> str:
    """Return the number of a page, with which those of its exercises and figures begin."""
    return _numbered()[page]


def read(page: Path) -> NotebookNode:
    """Return a notebook."""
    return nbformat.read(page, as_version=4)


def tags(cell: NotebookNode) -> list[str]:
    """Return the tags of a cell."""
    return cell.metadata.get("tags", [])


def section(nb: NotebookNode, heading: str) -> range:
    """Return the positions of a section's cells, up to the next heading of its level or above.

    Cells that only have a heading in their middle neither begin nor end a section.
    """
    level = heading.index(" ")
    heads = {
        k: cell.source.split("\n")[0]
        for k, cell in enumerate(nb.cells)
        if cell.cell_type == "markdown" and re.match(rf"#{{1,{level}}} ", cell.source)
    }
    first = next((k for k, head in heads.items() if head == heading), None)
    if first is None:
        raise ValueError(f"no cell begins with {heading!r}")
    return range(first, next((k for k in heads if k > first), len(nb.cells)))


def exercises(nb: NotebookNode) -> list[Exercise]:
    """Return the exercises of a notebook, in order."""
    found, number, title = [], "", ""
    for k, cell in enumerate(nb.cells):
        if cell.cell_type == "markdown":
            for match in re.finditer(r"^### Exercise (\S+): (.+)$", cell.source, re.M):
                number, title = match.groups()
        elif "exercise" in tags(cell):
            start, call = _at_check(cell.source)
            solution = section(nb, f"### Solution {number}")
            code = [nb.cells[j].source for j in solution if "solution" in tags(nb.cells[j])]
            solved, _ = _at_check("\n\n\n".join(code))
            found.append(Exercise(number, title, k, start, call, solution, solved))
    return found


def _at_check(code: str) -> tuple[str, str]:
    """Cut code where it first calls the check."""
    before, _, after = code.partition("\ncheck(")
    return before.rstrip(), f"check({after}".rstrip()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that whatever interrupts it leaves either the old file or the new one."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        temporary.write_bytes(content)
        if path.exists():
            shutil.copymode(path, temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
