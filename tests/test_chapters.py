"""Every chapter has the structure that CONTRIBUTING.md describes."""

import re
from pathlib import Path

import nbformat
import pytest

from notebook_structure import RULES, glued_keys, used_keys
from tools.notebooks import normalise, to_bytes

ROOT = Path(__file__).resolve().parent.parent
PATHS = sorted(p for p in (ROOT / "chapters").rglob("*.ipynb") if p.parent.name[0] != ".")
NOTEBOOKS = {path: nbformat.read(path, as_version=4) for path in PATHS}
every_notebook = pytest.mark.parametrize("path", PATHS, ids=[path.stem for path in PATHS])


@pytest.mark.parametrize("rule", RULES)
@every_notebook
def test_rule(path, rule):
    assert RULES[rule](NOTEBOOKS[path], path.stem) == []


@every_notebook
def test_is_stored_in_normal_form(path):
    same = to_bytes(normalise(NOTEBOOKS[path])) == path.read_bytes()
    assert same, f"run `make notebooks NB={path.relative_to(ROOT)}`"


def test_values_from_other_pages_exist():
    used = [(path, *use) for path, nb in NOTEBOOKS.items() for use in used_keys(nb)]
    missing = [
        (path.stem, page, key)
        for path, page, key in used
        if page and key not in glued_keys(NOTEBOOKS[(path.parent / page).resolve()])
    ]
    assert missing == []


def test_every_glued_value_is_used_on_some_page():
    used = {
        ((path.parent / page).resolve() if page else path, key)
        for path, nb in NOTEBOOKS.items()
        for page, key in used_keys(nb)
    }
    for page in ROOT.glob("*.md"):
        pattern = r"\{glue:text\}`(chapters/[^:`]+)::([^:`]+)"
        used |= {(ROOT / target, key) for target, key in re.findall(pattern, page.read_text())}
    glued = {(path, key) for path, nb in NOTEBOOKS.items() for key in glued_keys(nb)}
    assert sorted((path.stem, key) for path, key in glued - used) == []


def test_contents_list_every_notebook_once():
    listed = re.findall(r"^ *- file: *(chapters/\S+)", (ROOT / "_toc.yml").read_text(), re.M)
    stored = [path.relative_to(ROOT).with_suffix("").as_posix() for path in PATHS]
    assert sorted(page.removesuffix(".ipynb") for page in listed) == sorted(stored)


@pytest.mark.parametrize("pattern", [r'"name": "(fig-[^"]+)"', r":label: *([\w-]+)"])
def test_labels_are_unique_in_the_book(pattern):
    names = [name for path in PATHS for name in re.findall(pattern, path.read_text("utf-8"))]
    assert sorted(names) == sorted(set(names))
