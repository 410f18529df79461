"""The versions for a class: what students receive tells nothing, and what grades them bites.

The proofs run each notebook with its exercises answered in every way that is stored: blank, right,
and wrong.  That of one chapter always runs; ``make test-classroom`` runs them all.
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
    exercises,
    in_function,
    objectives_page,
    pages,
    read_quiz,
    read_sheet,
    solution,
)
from tools.notebooks import execute

NOTEBOOKS = {page: nbformat.read(page, as_version=4) for page in pages()}
SHEETS = {page: read_sheet(page) for page in pages()}
NAMES = [page.stem for page in pages()]
every_page = pytest.mark.parametrize("page", pages(), ids=NAMES)
always_the_first = [
    pytest.param(page, marks=[] if page.stem.startswith("01") else pytest.mark.whole, id=page.stem)
    for page in pages()
]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("classroom")
    build(folder)
    return folder


def version(built, kind, page):
    """Return one version of a page, as it was written."""
    return nbformat.read(next((built / kind).rglob(page.name)), as_version=4)


# The sheets ------------------------------------------------------------------------------------


@every_page
def test_every_exercise_has_its_sheet(page):
    numbers = [ex.number for ex in exercises(NOTEBOOKS[page])]
    assert list(SHEETS[page].exercises) == numbers
    assert "**Time**" in SHEETS[page].notes
    assert "**Discuss**" in SHEETS[page].notes


@every_page
def test_exercises_have_two_hidden_tests_and_wrong_answers(page):
    for number, hidden in SHEETS[page].exercises.items():
        assert len(hidden.tests) >= 2, number
        assert len(hidden.wrong) >= 2, number
        assert hidden.level in ("easy", "medium", "hard", "open"), number


@every_page
def test_exercises_name_objectives_of_their_page(page):
    _, _, after = NOTEBOOKS[page].cells[0].source.partition("You will be able to")
    n_objectives = len(re.findall(r"^- ", after, re.M))
    for number, hidden in SHEETS[page].exercises.items():
        assert hidden.objectives, number
        assert set(hidden.objectives) <= set(range(1, n_objectives + 1)), number


def test_the_page_of_objectives_is_up_to_date():
    said = (TEACHING / "objectives.md").read_text("utf-8")
    assert said == objectives_page(), "run `make classroom`"


def test_every_chapter_has_a_quiz_with_an_answer_to_each_question():
    for page in pages():
        quiz = read_quiz(page)
        questions = re.findall(r"^\*\*\d+\.", quiz, re.M)
        assert len(questions) == quiz.count("{dropdown} Answer"), page.stem
        assert len(questions) >= (3 if page.parent.name == "chapters" else 0), page.stem


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


def lines_of(*sources):
    return {line.strip() for source in sources for line in source.split("\n")}


def secret_lines(page):
    """Return the lines of solutions and hidden tests that are nowhere in the open parts."""
    cells = NOTEBOOKS[page].cells
    end = next(k for k, cell in enumerate(cells) if cell.source.startswith("## Solutions"))
    found = lines_of(*(cell.source for cell in cells[end:]))
    for hidden in SHEETS[page].exercises.values():
        found |= lines_of(*(code for _, code in hidden.tests + hidden.wrong))
    short = {line for line in found if len(line) < 12}
    return found - lines_of(*(cell.source for cell in cells[:end])) - short


@every_page
def test_there_is_something_to_hide(page):
    assert len(secret_lines(page)) > 20


@every_page
def test_no_solution_in_the_students_version(page, built):
    seen = lines_of(*(cell.source for cell in version(built, "student", page).cells))
    assert secret_lines(page) & seen == set()
    outputs = [
        cell.get("outputs") for cell in version(built, "student", page).cells if "id" in cell
    ]
    assert "Correct: " not in str(outputs)


def test_only_notebooks_and_settings_of_figures_go_to_students(built):
    files = [path.name for path in (built / "student").rglob("*") if path.is_file()]
    assert {name for name in files if not name.endswith(".ipynb")} == {"matplotlibrc"}


@every_page
def test_students_get_every_exercise_with_its_stub(page, built):
    nb = version(built, "student", page)
    cells = [cell for cell in nb.cells if "exercise" in cell.metadata.get("tags", [])]
    assert len(cells) == len(exercises(NOTEBOOKS[page]))
    for cell, ex in zip(cells, exercises(NOTEBOOKS[page])):
        assert cell.source == f"{ex.start}\n\n\n{STUB}\n{ex.call}"
        assert cell.outputs == []


@every_page
def test_the_teachers_version_has_solutions_and_notes(page, built):
    text = "\n".join(cell.source for cell in version(built, "instructor", page).cells)
    assert "## For the teacher" in text
    for ex in exercises(NOTEBOOKS[page]):
        assert solution(NOTEBOOKS[page], ex) in text
    for hidden in SHEETS[page].exercises.values():
        assert all(title in text for title, _ in hidden.tests + hidden.wrong)


@every_page
def test_assignments_give_a_point_for_the_check_and_each_hidden_test(page, built):
    nb = version(built, "course/source", page)
    marks = [cell.metadata.nbgrader for cell in nb.cells if "nbgrader" in cell.metadata]
    secrets = SHEETS[page].exercises.values()
    expected = sum(1 + len(hidden.tests) for hidden in secrets)
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
        hidden = SHEETS[page].exercises[ex.number]
        made.cells += nb.cells[done : ex.answer]
        answers = {"blank": ex.start, **dict(hidden.wrong), "solution": solution(nb, ex)}
        for answer, code in answers.items():
            add(code, ex.number, answer, "answer")
            add(ex.call, ex.number, answer, "check")
            for title, test in hidden.tests:
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
    for ex in exercises(NOTEBOOKS[page]):
        hidden = SHEETS[page].exercises[ex.number]
        titles = [title for title, _ in hidden.tests]
        check = {answer: said[ex.number, answer, "check"] for answer in ("blank", "solution")}
        if not check["blank"].startswith("Not yet: "):
            wrong.append((ex.number, "the check of the blank said", check["blank"]))
        if not check["solution"].startswith("Correct: "):
            wrong.append((ex.number, "the check of the solution said", check["solution"]))
        if "Write your answer above" not in said[ex.number, "stub", "stub"]:
            wrong.append((ex.number, "the stub said", said[ex.number, "stub", "stub"]))
        failing = {
            answer: [t for t in titles if said[ex.number, answer, t].startswith("error")]
            for answer in ("blank", "solution", *dict(hidden.wrong))
        }
        for title in failing["solution"]:
            wrong.append(
                (ex.number, "refuses the solution:", title, said[ex.number, "solution", title])
            )
        if failing["blank"] != titles:
            wrong.append((ex.number, "the blank fails only", failing["blank"]))
        for answer, _ in hidden.wrong:
            if not failing[answer]:
                wrong.append((ex.number, "no hidden test refuses:", answer))
            broken = said[ex.number, answer, "answer"]
            if broken.startswith("error"):
                wrong.append((ex.number, "the wrong answer does not even run:", answer, broken))
        for title in titles:
            if not any(title in failing[answer] for answer, _ in hidden.wrong):
                wrong.append((ex.number, "no wrong answer proves:", title))
    assert wrong == [], "\n".join(map(str, wrong))


@pytest.mark.whole
@every_page
def test_students_version_runs_from_top_to_bottom(page, built):
    """A stub that nobody has answered yet stops no later cell."""
    path = next((built / "student").rglob(page.name))
    nb = version(built, "student", page)
    for _ in execute(nb, path.parent):
        pass
    answers = [cell for cell in nb.cells if "exercise" in cell.metadata.get("tags", [])]
    assert all(outcome(cell).startswith("error: NotImplementedError") for cell in answers)
