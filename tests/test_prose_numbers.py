"""The numbers in the text are those that the cells printed, and wrong digits are found."""

import copy
import json
import random
from pathlib import Path

import pytest
from prose_numbers import numbers_of, unproved

ROOT = Path(__file__).resolve().parent.parent
PATHS = sorted(p for p in (ROOT / "chapters").rglob("*.ipynb") if p.parent.name[0] != ".")
NOTEBOOKS = {p.relative_to(ROOT).as_posix(): json.loads(p.read_text("utf-8")) for p in PATHS}


@pytest.mark.parametrize("page", NOTEBOOKS)
def test_every_number_was_printed(page):
    assert unproved(NOTEBOOKS, page) == []


def with_a_wrong_digit(page, number, rng):
    """Return a copy of a page with one digit of a number in its text changed."""
    nb = copy.deepcopy(NOTEBOOKS[page])
    cell = next(cell for cell in nb["cells"] if cell["id"] == number.cell)
    source = "".join(cell["source"])
    digits = [number.start + k for k, letter in enumerate(number.text) if letter.isdigit()]
    place = rng.choice(digits)
    wrong = rng.choice([digit for digit in "0123456789" if digit != source[place]])
    cell["source"] = source[:place] + wrong + source[place + 1 :]
    return nb


def test_wrong_digits_are_found():
    rng = random.Random(0)
    results = [(page, n) for page in NOTEBOOKS for n in numbers_of(NOTEBOOKS[page]) if n.bold]
    planted = [rng.choice(results) for _ in range(500)]
    missed = []
    for page, number in planted:
        wrong = with_a_wrong_digit(page, number, rng)
        if not unproved(NOTEBOOKS | {page: wrong}, page):
            missed.append((page, number.text))
    assert len(missed) <= 0.03 * len(planted), missed
