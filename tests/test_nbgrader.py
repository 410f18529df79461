"""The round trip of an assignment with nbgrader's own commands: release, five submissions, grades.

It needs the environment of a class, so ``make test-class`` runs it.  ``make test-classroom`` also
grades the solutions of every page.
"""

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from test_classroom import lines_of, secret_lines
from tools.classroom import STUB, build, exercises, pages, read_sheet, solution

pytest.importorskip("nbgrader", reason="make test-class has an environment with nbgrader")
one_round_trip = pytest.mark.xdist_group("nbgrader")  # for all tests with the fixture course

PAGE = next(page for page in pages() if page.stem.startswith("01"))
NAME = PAGE.stem
NOTEBOOK, SHEET = nbformat.read(PAGE, as_version=4), read_sheet(PAGE)
EXERCISES = {ex.number: ex for ex in exercises(NOTEBOOK)}
RIGHT = {number: solution(NOTEBOOK, ex) for number, ex in EXERCISES.items()}


def mistake(number, word):
    """Return the stored wrong answer with a word in its title."""
    return next(code for title, code in SHEET.exercises[number].wrong if word in title)


# What each student answers, and the points: for the check, and for the two hidden tests.
SUBMISSIONS = {
    "right": (RIGHT, {number: [1, 1, 1] for number in RIGHT}),
    "half": (
        {"1.1": RIGHT["1.1"], "1.2": RIGHT["1.2"]},
        {"1.1": [1, 1, 1], "1.2": [1, 1, 1], "1.3": [0, 0, 0], "1.4": [0, 0, 0]},
    ),
    "wrong": (
        {
            "1.1": mistake("1.1", "input to output"),
            "1.2": mistake("1.2", "batch of one"),
            "1.3": mistake("1.3", "sum of two"),
            "1.4": mistake("1.4", "above 1"),
        },
        # The second answer loses an axis for a batch of one, and only there.
        {"1.1": [0, 0, 0], "1.2": [0, 0, 1], "1.3": [0, 0, 0], "1.4": [0, 0, 0]},
    ),
    "endless": (
        {**RIGHT, "1.2": "while True:\n    pass"},
        {"1.1": [1, 1, 1], "1.2": [0, 0, 0], "1.3": [1, 1, 1], "1.4": [1, 1, 1]},
    ),
    "crash": ({**RIGHT, "1.2": "import os\n\nos._exit(1)"}, None),
}


def nbgrader(course, *command, fails=False):
    """Run a command of nbgrader in the root of the course, with settings of nobody's account."""
    folders = {
        f"JUPYTER_{kind}_DIR": str(course / ".jupyter") for kind in ("CONFIG", "DATA", "RUNTIME")
    }
    programs = str(Path(sys.executable).parent)  # nbgrader calls alembic by its name
    path = os.pathsep.join([programs, os.environ.get("PATH", "")])
    run = subprocess.run(
        [sys.executable, "-m", "nbgrader", *command],
        cwd=course,
        env={**os.environ, **folders, "IPYTHONDIR": str(course / ".ipython"), "PATH": path},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert bool(run.returncode) == fails, run.stderr[-3000:]
    return run.stderr


def name_of(number):
    """Return the name that nbgrader has for an exercise."""
    return "exercise-" + number.replace(".", "-")


def graded_cells(nb):
    """Return the cells of a notebook that nbgrader knows, by their ids."""
    return {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in nb.cells}


def hand_in(course, student, answers, name=NAME):
    """Write a submission: the release, with answers in place of stubs."""
    folder = course / "submitted" / student / name
    shutil.copytree(course / "release" / name, folder)
    nb = nbformat.read(folder / f"{name}.ipynb", as_version=4)
    for number, code in answers.items():
        cell = graded_cells(nb)[name_of(number)]
        assert STUB in cell.source
        cell.source = cell.source.replace(STUB, code)
    nbformat.write(nb, folder / f"{name}.ipynb")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Run the whole round trip."""
    folder = tmp_path_factory.mktemp("class")
    build(folder)
    course = folder / "course"
    nbgrader(course, "generate_assignment", NAME)
    for student, (answers, _) in SUBMISSIONS.items():
        hand_in(course, student, answers)
    limit = "--ExecutePreprocessor.timeout=10"
    log = nbgrader(course, "autograde", NAME, limit, fails=True)  # and says which one failed
    assert "crash" in log
    nbgrader(course, "generate_feedback", NAME)
    nbgrader(course, "export")
    return course


def released(course):
    return nbformat.read(course / "release" / NAME / f"{NAME}.ipynb", as_version=4)


@one_round_trip
def test_the_release_hides_solutions_and_hidden_tests(course):
    text = "\n".join(cell.source for cell in released(course).cells)
    assert text.count(STUB) == len(EXERCISES)
    assert "HIDDEN TESTS" not in text
    assert "BEGIN SOLUTION" not in text
    assert secret_lines(PAGE) & lines_of(text) == set()


@one_round_trip
def test_the_release_has_the_answer_cells_of_the_students_version(course):
    path = next((course.parent / "student").rglob(PAGE.name))
    students = [
        cell.source
        for cell in nbformat.read(path, as_version=4).cells
        if "exercise" in cell.metadata.get("tags", [])
    ]
    cells = graded_cells(released(course))
    assert [cells[name_of(number)].source for number in EXERCISES] == students


def grades(course):
    with (course / "grades.csv").open(newline="") as file:
        return {row["student_id"]: row for row in csv.DictReader(file)}


@one_round_trip
def test_grades_are_as_planned(course):
    for student, (_, points) in SUBMISSIONS.items():
        if points:
            planned = sum(sum(three) for three in points.values())
            assert float(grades(course)[student]["score"]) == planned, student
            assert float(grades(course)[student]["max_score"]) == 12


@one_round_trip
@pytest.mark.parametrize("student", [name for name, (_, points) in SUBMISSIONS.items() if points])
def test_each_cell_has_the_planned_points(course, student):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        submission = book.find_submission(NAME, student).notebooks[0]
        got = {grade.name: grade.score for grade in submission.grades}
    planned = SUBMISSIONS[student][1]
    assert got == {
        f"{name_of(number)}-test-{k}": point
        for number in planned
        for k, point in enumerate(planned[number])
    }


@one_round_trip
def test_a_crash_gets_no_grade_and_spoils_no_other(course):
    assert float(grades(course)["crash"]["score"]) == 0
    graded = {path.parent.parent.name for path in (course / "autograded").rglob("*.ipynb")}
    assert graded == set(SUBMISSIONS) - {"crash"}


@one_round_trip
def test_feedback_says_which_test_failed(course):
    for student in set(SUBMISSIONS) - {"crash"}:
        page = (course / "feedback" / student / NAME / f"{NAME}.html").read_text("utf-8")
        planned = sum(sum(three) for three in SUBMISSIONS[student][1].values())
        assert re.search(rf"Score: {planned}(\.0)? / 12", page), student
    assert not Path(course / "feedback" / "crash").exists()


@pytest.mark.whole
@pytest.mark.parametrize("page", pages()[1:], ids=[page.stem for page in pages()[1:]])
def test_the_solutions_of_every_page_get_all_points(page, tmp_path):
    """The first page has the whole class above."""
    from nbgrader.api import Gradebook

    name, course = page.stem, tmp_path / "course"
    build(tmp_path)
    nb = nbformat.read(page, as_version=4)
    right = {ex.number: solution(nb, ex) for ex in exercises(nb)}
    nbgrader(course, "generate_assignment", name)
    hand_in(course, "teacher", right, name)
    nbgrader(course, "autograde", name, "--ExecutePreprocessor.timeout=250")  # on a busy machine
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        submission = book.find_submission(name, "teacher")
        sheets = read_sheet(page).exercises.values()
        assert submission.max_score == sum(1 + len(hidden.tests) for hidden in sheets)
        assert submission.score == submission.max_score
