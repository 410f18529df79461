"""Every chapter has the structure that CONTRIBUTING.md describes."""

import re
from pathlib import Path

import nbformat
import pytest

import rnn_exercises
from notebook_structure import PAGES, RULES
from tools.notebooks import normalise, to_bytes, with_setup

ROOT = Path(__file__).resolve().parent.parent
PATHS = sorted(p for p in (ROOT / "chapters").rglob("*.ipynb") if p.parent.name[0] != ".")
NOTEBOOKS = {path: nbformat.read(path, as_version=4) for path in PATHS}
every_notebook = pytest.mark.parametrize("path", PATHS, ids=[path.stem for path in PATHS])


@pytest.mark.parametrize("rule", RULES)
@every_notebook
def test_rule(path, rule):
    assert RULES[rule](NOTEBOOKS[path], PAGES[path.stem]) == []


@every_notebook
def test_is_stored_in_normal_form(path):
    same = to_bytes(normalise(with_setup(NOTEBOOKS[path]))) == path.read_bytes()
    assert same, f"run `make notebooks NB={path.relative_to(ROOT)}`"


@every_notebook
def test_every_exercise_calls_its_own_check(path):
    for cell in NOTEBOOKS[path].cells:
        tags = cell.metadata.get("tags", [])
        if "exercise" in tags:
            number = re.findall(r"^### Exercise ([\d.]+):", before(path, cell), re.M)[-1]
            assert f'check("{number}", ' in cell.source
            assert callable(rnn_exercises.find(number))


def before(path, cell):
    """Return the text above a cell."""
    cells = NOTEBOOKS[path].cells
    return "\n\n".join(c.source for c in cells[: cells.index(cell)] if c.cell_type == "markdown")


@every_notebook
def test_links_to_files_lead_to_files(path):
    text = "\n".join(c.source for c in NOTEBOOKS[path].cells if c.cell_type == "markdown")
    for target, anchor in re.findall(r"\]\((?!https?:|mailto:)([^)#\s]+)(#[^)\s]+)?\)", text):
        file = (path.parent / target).resolve()
        assert file.is_file(), target
        if anchor:
            assert f'<a id="{anchor[1:]}">' in file.read_text("utf-8"), target + anchor


def test_pages_are_numbered_as_the_table_of_contents_has_them():
    listed = re.findall(
        r"^ *- file: *chapters/(?:\S+/)?(\w+)$", (ROOT / "_toc.yml").read_text(), re.M
    )
    assert listed == list(PAGES)
    assert sorted(path.stem for path in PATHS) == sorted(PAGES)
    modules = [rnn_exercises.PAGES[number] for number in PAGES.values()]
    assert len(set(modules)) == len(modules)


def test_every_work_is_cited_and_no_anchor_occurs_twice():
    pages = "\n".join(
        [*(path.read_text("utf-8") for path in PATHS), (ROOT / "notation.md").read_text("utf-8")]
    )
    works = re.findall(r'<a id="([^"]+)">', (ROOT / "bibliography.md").read_text("utf-8"))
    assert sorted(works) == sorted(set(works))
    assert [work for work in works if f"bibliography.md#{work})" not in pages] == []
    terms = re.findall(r'<a id="([^"]+)">', (ROOT / "notation.md").read_text("utf-8"))
    assert sorted(terms) == sorted(set(terms))
