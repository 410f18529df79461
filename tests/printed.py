"""Numbers that a page prints, for tests of what it claims; nbval proves the prints."""

import re
from pathlib import Path

import nbformat

__all__ = ["CHAPTERS", "Page"]

CHAPTERS = Path(__file__).resolve().parent.parent / "chapters"


class Page:
    """A stored notebook, by its path under ``chapters/`` without the ending."""

    def __init__(self, name: str) -> None:
        self.nb = nbformat.read(CHAPTERS / f"{name}.ipynb", as_version=4)
        self.cells = {cell.id: cell for cell in self.nb.cells}

    def text(self, cell: str) -> str:
        """Return what a cell printed."""
        return "".join(output.get("text", "") for output in self.cells[cell].outputs)

    def number(self, cell: str, before: str) -> float:
        """Return the number right after ``before`` in what a cell printed; 5 % is 0.05."""
        found = re.search(rf"{re.escape(before)}\s*(-?[\d.,]+(?:e-?\d+)?)(%?)", self.text(cell))
        assert found, f"{cell} does not print a number after {before!r}:\n{self.text(cell)}"
        return float(found[1].strip(",.").replace(",", "")) / (100 if found[2] else 1)
