"""Every chapter has the structure that CONTRIBUTING.md describes."""

import re

import pytest

import rnn_exercises
from notebook_structure import RULES
from tools.notebooks import normalise, to_bytes, with_setup
from tools.pages import CHAPTERS, ROOT, exercises, number_of, pages, read

NOTEBOOKS = {path: read(path) for path in pages()}
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.mark.parametrize("rule", RULES)
@every_notebook
def test_rule(path, rule):
    assert RULES[rule](NOTEBOOKS[path], number_of(path)) == []


@every_notebook
def test_is_stored_in_normal_form(path):
    same = to_bytes(normalise(with_setup(NOTEBOOKS[path]))) == path.read_bytes()
    assert same, f"run `make notebooks NB={path.relative_to(ROOT)}`"


@every_notebook
def test_every_exercise_calls_its_own_check(path):
    for exercise in exercises(NOTEBOOKS[path]):
        assert exercise.call.startswith(f'check("{exercise.number}", ')
        assert callable(rnn_exercises.find(exercise.number))


@every_notebook
def test_links_to_files_lead_to_files(path):
    text = "\n".join(c.source for c in NOTEBOOKS[path].cells if c.cell_type == "markdown")
    for target, anchor in re.findall(r"\]\((?!https?:|mailto:)([^)#\s]+)(#[^)\s]+)?\)", text):
        file = (path.parent / target).resolve()
        assert file.is_file(), target
        if anchor:
            assert f'<a id="{anchor[1:]}">' in file.read_text("utf-8"), target + anchor


def test_the_table_of_contents_has_every_notebook():
    stored = {p for p in CHAPTERS.rglob("*.ipynb") if p.parent.name != ".ipynb_checkpoints"}
    assert stored == set(pages())


def test_every_work_is_cited_and_no_anchor_occurs_twice():
    texts = [*NOTEBOOKS, ROOT / "notation.md"]
    text = "\n".join(path.read_text("utf-8") for path in texts)
    works = re.findall(r'<a id="([^"]+)">', (ROOT / "bibliography.md").read_text("utf-8"))
    assert sorted(works) == sorted(set(works))
    assert [work for work in works if f"bibliography.md#{work})" not in text] == []
    terms = re.findall(r'<a id="([^"]+)">', (ROOT / "notation.md").read_text("utf-8"))
    assert sorted(terms) == sorted(set(terms))
