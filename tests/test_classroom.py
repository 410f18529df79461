"""The versions for a class: students receive no solution, and graders refuse wrong answers.

The proofs run each notebook with its exercises answered in every way that is stored: untouched,
right, and wrong.  That of one chapter always runs; ``make test-classroom`` runs them all.
"""

import re

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell

from rnn_lib import T, theano
from tools.classroom import (
    STUB,
    TEACHING,
    build,
    in_function,
    objectives_page,
    read_notes,
    read_quiz,
)
from tools.notebooks import execute
from tools.pages import CHAPTERS, exercises, pages, read, section, tags

PAGES = pages()
NOTEBOOKS = {page: read(page) for page in PAGES}
EXERCISES = {page: exercises(nb) for page, nb in NOTEBOOKS.items()}
NOTES = {page: read_notes(page) for page in PAGES}
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
always_the_first = [
    pytest.param(page, marks=[] if page == PAGES[0] else pytest.mark.whole, id=page.stem)
    for page in PAGES
]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("classroom")
    build(folder)
    return folder


def path_of(built, kind, page):
    """Return where a version of a page is."""
    return next((built / kind).rglob(page.name))


# What is stored for teachers ---------------------------------------------------------------------


@every_page
def test_teachers_have_notes_for_every_exercise(page):
    assert list(NOTES[page].exercises) == [ex.number for ex in EXERCISES[page]]
    assert "**Time**" in NOTES[page].text
    assert "**Discuss**" in NOTES[page].text


@every_page
def test_exercises_have_two_hidden_tests_and_wrong_answers(page):
    for number, grading in NOTES[page].exercises.items():
        assert len(grading.tests) == 2, number  # as the guide says
        assert len(grading.wrong) >= 2, number
        assert grading.level in ("easy", "medium", "hard", "open"), number


@every_page
def test_exercises_name_objectives_of_their_page(page):
    _, _, after = NOTEBOOKS[page].cells[0].source.partition("You will be able to")
    n_objectives = len(re.findall(r"^- ", after, re.M))
    for number, grading in NOTES[page].exercises.items():
        assert grading.objectives, number
        assert set(grading.objectives) <= set(range(1, n_objectives + 1)), number


def test_the_page_of_objectives_is_up_to_date():
    said = (TEACHING / "objectives.md").read_text("utf-8")
    assert said == objectives_page(), "run `make classroom`"


def test_every_chapter_has_a_quiz_with_an_answer_to_each_question():
    for page in PAGES:
        quiz = read_quiz(page)
        questions = re.findall(r"^\*\*\d+\.", quiz, re.M)
        assert len(questions) == quiz.count("{dropdown} Answer"), page.stem
        assert len(questions) >= (3 if page.parent == CHAPTERS else 0), page.stem


def test_the_loop_of_the_cheat_sheet_trains():
    text = (TEACHING / "cheat_sheet.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.S)
    draw = np.random.default_rng(0).standard_normal
    shapes = {"Wxh": (4, 3), "Whh": (4, 4), "Why": (2, 4), "bh": (4,), "by": (2,)}
    names = {name: theano.shared(draw(shape), name) for name, shape in shapes.items()}
    names |= {"x": T.tensor3("x"), "y": T.ivector("y"), "rate": T.scalar("rate")}
    names |= {"T": T, "theano": theano, "n_hidden": 4}
    exec(code, names)
    batch = draw((6, 5, 3)), np.array([0, 1, 0, 1, 1], "int32"), 0.1
    losses = [float(names["train"](*batch)) for _ in range(20)]
    assert losses[-1] < 0.9 * losses[0]


# What students receive ---------------------------------------------------------------------------


def strings(part):
    """Yield every string of a notebook: sources, outputs, metadata."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict | list):
        for inner in part.values() if isinstance(part, dict) else part:
            yield from strings(inner)


def lines_of(*texts):
    return {line.strip() for text in texts for line in text.split("\n")}


def secret_lines(page):
    """Return the lines for teachers' eyes alone: they are nowhere above the solutions."""
    cells = NOTEBOOKS[page].cells
    end = section(NOTEBOOKS[page], "## Solutions")[0]
    found = lines_of(*strings(cells[end:]), NOTES[page].text)
    for grading in NOTES[page].exercises.values():
        found |= lines_of(*(code for _, code in grading.tests + grading.wrong))
    return {line for line in found if len(line) >= 12} - lines_of(*strings(cells[:end]))


@every_page
def test_there_is_something_to_hide(page):
    assert len(secret_lines(page)) > 20


@every_page
def test_no_solution_in_the_students_version(page, built):
    made = read(path_of(built, "student", page))
    assert secret_lines(page) & lines_of(*strings(made)) == set()
    text = "\n".join(strings(made.cells))
    for word in ("Correct: ", "Solution", "solutions are"):
        assert word not in text
    assert "solution" not in {tag for cell in made.cells for tag in tags(cell)}


def test_students_also_get_the_settings_of_figures_and_what_the_pages_refer_to(built):
    files = {path.name for path in (built / "student").rglob("*") if path.is_file()}
    assert {name for name in files if not name.endswith(".ipynb")} == {
        "bibliography.md",
        "matplotlibrc",
        "notation.md",
    }


@pytest.mark.parametrize("version", ["student", "instructor", "course/source"])
def test_links_lead_to_files_of_the_same_version(built, version):
    top, n_links = (built / version).resolve(), 0
    for path in [*top.rglob("*.ipynb"), *top.rglob("*.md")]:
        text = path.read_text("utf-8")
        if path.suffix == ".ipynb":
            text = "\n".join(c.source for c in read(path).cells if c.cell_type == "markdown")
        for link in re.findall(r"\]\(([^()\s#:]+)(?:#[^)]*)?\)", text):
            target = (path.parent / link).resolve()
            assert target.is_file(), f"{path}: {link}"
            assert target.is_relative_to(top), f"{path}: {link}"
            n_links += 1
    assert n_links > 300


def test_the_links_of_the_guide_open_notebooks_of_students(built):
    guide = (TEACHING / "guide.md").read_text("utf-8")
    opened = re.findall(r"urlpath=lab/tree/(student/\S+)", guide)
    assert len(opened) >= 2
    assert [path for path in opened if not (built / path).is_file()] == []


@every_page
def test_students_get_every_exercise_with_its_stub(page, built):
    made = read(path_of(built, "student", page))
    cells = [cell for cell in made.cells if "exercise" in tags(cell)]
    assert len(cells) == len(EXERCISES[page])
    for cell, ex in zip(cells, EXERCISES[page]):
        assert cell.source == f"{ex.start}\n\n\n{STUB}\n{ex.call}"
        assert cell.outputs == []


@every_page
def test_the_teachers_version_has_solutions_and_notes(page, built):
    made = read(path_of(built, "instructor", page))
    text = "\n".join(cell.source for cell in made.cells)
    assert "## For the teacher" in text
    assert not any("jp-MarkdownHeadingCollapsed" in cell.metadata for cell in made.cells)
    for ex in EXERCISES[page]:
        grading = NOTES[page].exercises[ex.number]
        place = section(made, f"### Solution {ex.number}")
        part = "\n".join(made.cells[k].source for k in place)
        assert ex.solved in part
        assert all(title in part for title, _ in grading.tests + grading.wrong)


@every_page
def test_assignments_give_a_point_for_the_check_and_each_hidden_test(page, built):
    made = read(path_of(built, "course/source", page))
    marks = [cell.metadata.nbgrader for cell in made.cells if "nbgrader" in cell.metadata]
    expected = sum(1 + len(grading.tests) for grading in NOTES[page].exercises.values())
    assert sum(mark.get("points", 0) for mark in marks) == expected
    names = [mark.grade_id for mark in marks]
    assert sorted(names) == sorted(set(names))


# The proofs --------------------------------------------------------------------------------------


def trial(nb, page):
    """Return a notebook that answers each exercise in every way and runs its hidden tests.

    The cells that matter carry ``(number, answer, what)`` in their metadata.
    """
    made = nbformat.v4.new_notebook(metadata=nb.metadata)

    def add(source, *what):
        meta = {"tags": ["raises-exception"], "trial": what}
        made.cells.append(new_code_cell(source, metadata=meta))

    done = 0
    for ex in exercises(nb):
        grading = NOTES[page].exercises[ex.number]
        made.cells += nb.cells[done : ex.answer]
        answers = {"untouched": ex.start, **dict(grading.wrong), "solution": ex.solved}
        for answer, code in answers.items():
            add(code, ex.number, answer, "answer")
            add(ex.call, ex.number, answer, "check")
            for title, test in grading.tests:
                add(in_function(test), ex.number, answer, title)
        add(f"{ex.start}\n\n\n{STUB}\n{ex.call}", ex.number, "stub", "stub")
        done = ex.answer + 1
    made.cells += nb.cells[done:]
    return made


def outcome(cell):
    """Return ``error: …``, or what a cell printed."""
    for output in cell.outputs:
        if output.output_type == "error":
            return f"error: {output.ename}: {output.evalue}"
    return "".join(output.get("text", "") for output in cell.outputs)


@pytest.mark.parametrize("page", always_the_first)
def test_right_answers_pass_and_others_fail(page):
    nb = trial(NOTEBOOKS[page], page)
    for _ in execute(nb, page.parent):
        pass
    said = {tuple(c.metadata.trial): outcome(c) for c in nb.cells if "trial" in c.metadata}
    wrong = []
    for ex in EXERCISES[page]:
        grading = NOTES[page].exercises[ex.number]
        titles = [title for title, _ in grading.tests]
        check = {answer: said[ex.number, answer, "check"] for answer in ("untouched", "solution")}
        if not check["untouched"].startswith("Not yet: "):
            wrong.append((ex.number, "the check of the untouched cell said", check["untouched"]))
        if not check["solution"].startswith("Correct: "):
            wrong.append((ex.number, "the check of the solution said", check["solution"]))
        if "Write your answer above" not in said[ex.number, "stub", "stub"]:
            wrong.append((ex.number, "the stub said", said[ex.number, "stub", "stub"]))
        failing = {
            answer: [t for t in titles if said[ex.number, answer, t].startswith("error")]
            for answer in ("untouched", "solution", *dict(grading.wrong))
        }
        for title in failing["solution"]:
            wrong.append(
                (ex.number, "refuses the solution:", title, said[ex.number, "solution", title])
            )
        if failing["untouched"] != titles:
            wrong.append((ex.number, "the untouched cell fails only", failing["untouched"]))
        for answer, _ in grading.wrong:
            if not failing[answer]:
                wrong.append((ex.number, "no hidden test refuses:", answer))
            broken = said[ex.number, answer, "answer"]
            if broken.startswith("error"):
                wrong.append((ex.number, "the wrong answer does not even run:", answer, broken))
        for title in titles:
            if not any(title in failing[answer] for answer, _ in grading.wrong):
                wrong.append((ex.number, "no wrong answer proves:", title))
    assert wrong == [], "\n".join(map(str, wrong))


@pytest.mark.whole
@every_page
def test_students_version_runs_from_top_to_bottom(page, built):
    """A stub that nobody has answered yet stops no later cell."""
    path = path_of(built, "student", page)
    nb = read(path)
    for _ in execute(nb, path.parent):
        pass
    answers = [cell for cell in nb.cells if "exercise" in tags(cell)]
    assert all(outcome(cell).startswith("error: NotImplementedError") for cell in answers)
