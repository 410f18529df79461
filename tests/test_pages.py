"""tools.pages: the pages of the book, the parts of a notebook, and a write that is whole."""

import os

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import rnn_exercises
from tools import pages as module
from tools.pages import CHAPTERS, exercises, number_of, pages, read, section, tags, write_whole


def test_pages_are_all_notebooks_in_the_order_of_their_numbers():
    found = {path for path in CHAPTERS.rglob("*.ipynb") if path.parent.name[0] != "."}
    assert set(pages()) == found
    assert [number_of(page) for page in pages()] == list(rnn_exercises.PAGES)


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_every_exercise_is_found_with_its_solution(page):
    nb = read(page)
    found = exercises(nb)
    assert [ex.number for ex in found] == [f"{number_of(page)}.{k + 1}" for k in range(len(found))]
    assert len(found) == sum("exercise" in tags(cell) for cell in nb.cells) >= 3
    assert sum(len(ex.solution) for ex in found) == len(section(nb, "## Solutions")) - 1
    for ex in found:
        assert nb.cells[ex.answer].source.split() == f"{ex.start}\n{ex.call}".split()
        assert ex.call.startswith(f'check("{ex.number}", ')
        assert ex.solved
        assert "check(" not in ex.solved


def notebook():
    """Return a notebook with an exercise after text, and two solutions."""
    cells = [
        new_markdown_cell("# A page"),
        new_markdown_cell("Text.\n\n### Exercise 1.1: Double\n\nDouble it."),
        new_code_cell(
            'def f(x):\n    return x\n\n\ncheck("1.1", f)', metadata={"tags": ["exercise"]}
        ),
        new_markdown_cell("## Solutions"),
        new_markdown_cell("### Solution 1.1\n\nTwice."),
        new_code_cell("two = 2", metadata={"tags": ["solution"]}),
        new_code_cell(
            'def f(x):\n    return two * x\n\n\ncheck("1.1", f)\nprint(f(2))',
            metadata={"tags": ["solution"]},
        ),
        new_markdown_cell("That is all."),
        new_markdown_cell("### Solution 1.2"),
    ]
    return new_notebook(cells=cells)


def test_an_exercise_in_parts():
    (ex,) = exercises(notebook())
    assert (ex.number, ex.title, ex.answer) == ("1.1", "Double", 2)
    assert (ex.start, ex.call) == ("def f(x):\n    return x", 'check("1.1", f)')
    assert ex.solution == range(4, 8)
    assert ex.solved == "two = 2\n\n\ndef f(x):\n    return two * x"


def test_sections_end_at_the_next_heading_of_their_level_or_above():
    nb = notebook()
    assert section(nb, "# A page") == range(9)
    assert section(nb, "## Solutions") == range(3, 9)
    assert section(nb, "### Solution 1.2") == range(8, 9)
    with pytest.raises(ValueError, match="no cell begins with '## Summary'"):
        section(nb, "## Summary")


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "page.md"
    write_whole(path, b"old")
    path.chmod(0o600)
    write_whole(path, b"new")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o600)

    def interrupted(*paths):
        raise KeyboardInterrupt

    monkeypatch.setattr(module.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, b"newer")
    assert (path.read_bytes(), os.listdir(tmp_path)) == (b"new", ["page.md"])
