"""The round trip of an assignment with nbgrader's own commands: release, five submissions, grades.

It needs the environment of a class, so ``make test-class`` runs it.  ``make test-classroom`` also
grades the solutions of every page, and a submission without any answer.
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

from test_classroom import lines_of, path_of, secret_lines, strings
from tools.classroom import STUB, build, grade_id, read_notes
from tools.pages import exercises, pages, read, tags

pytest.importorskip("nbgrader", reason="make test-class has an environment with nbgrader")
one_round_trip = pytest.mark.xdist_group("nbgrader")  # for all tests with the fixture course

PAGE, *OTHERS = pages()
NAME = PAGE.stem
EXERCISES = {ex.number: ex for ex in exercises(read(PAGE))}
RIGHT = {number: ex.solved for number, ex in EXERCISES.items()}


def mistake(number, word):
    """Return the stored wrong answer with a word in its title."""
    return next(code for title, code in read_notes(PAGE).exercises[number].wrong if word in title)


FAKE = "\n\n\ndef check(*answer, strict=False):\n    print('Correct!')"

# What each student answers, and the points: for the check, and for the two hidden tests.
SUBMISSIONS = {
    "right": (RIGHT, {number: [1, 1, 1] for number in RIGHT}),
    "half": (
        {"1.1": RIGHT["1.1"], "1.2": RIGHT["1.2"]},
        {"1.1": [1, 1, 1], "1.2": [1, 1, 1], "1.3": [0, 0, 0], "1.4": [0, 0, 0]},
    ),
    "wrong": (
        {
            "1.1": mistake("1.1", "input to output") + FAKE,
            "1.2": mistake("1.2", "batch of one"),
            "1.3": mistake("1.3", "straight part"),
            "1.4": mistake("1.4", "above 1"),
        },
        # The third answer passes its check: only a hidden test tries inputs that are this large.
        {"1.1": [0, 0, 0], "1.2": [0, 0, 1], "1.3": [1, 0, 1], "1.4": [0, 0, 0]},
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
        timeout=600,
    )
    assert bool(run.returncode) == fails, run.stderr[-3000:]
    return run.stderr


def graded_cells(nb):
    """Return the cells of a notebook that nbgrader knows, by their ids."""
    return {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in nb.cells}


def hand_in(course, student, answers, page=PAGE):
    """Write a submission: the release, with answers in place of stubs."""
    folder = course / "submitted" / student / page.stem
    shutil.copytree(course / "release" / page.stem, folder)
    nb = read(folder / page.name)
    for ex in exercises(read(page)):
        cell = graded_cells(nb)[grade_id(ex)]
        assert STUB in cell.source
        cell.source = cell.source.replace(STUB, answers.get(ex.number, STUB))
    nbformat.write(nb, folder / page.name)


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


def assert_hides_solutions(course, page):
    """No text of a solution or a hidden test is in a release: in no cell, output or other file."""
    folder = course / "release" / page.stem
    seen = lines_of(*strings(read(folder / page.name)))
    for path in set(folder.iterdir()) - {folder / page.name}:
        seen |= lines_of(path.read_text("utf-8"))
    assert secret_lines(page) & seen == set()
    assert not any(mark in line for line in seen for mark in ("HIDDEN TESTS", "BEGIN SOLUTION"))


@one_round_trip
def test_the_release_hides_solutions_and_hidden_tests(course):
    assert_hides_solutions(course, PAGE)


@one_round_trip
def test_the_release_has_the_answer_cells_of_the_students_version(course):
    student = read(path_of(course.parent, "student", PAGE))
    cells = graded_cells(read(course / "release" / NAME / PAGE.name))
    assert [cells[grade_id(ex)].source for ex in EXERCISES.values()] == [
        cell.source for cell in student.cells if "exercise" in tags(cell)
    ]


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
        f"{grade_id(EXERCISES[number])}-test-{k}": point
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
@pytest.mark.parametrize("page", OTHERS, ids=lambda page: page.stem)
def test_solutions_of_every_page_get_all_points_and_no_answer_gets_none(page, tmp_path):
    """The first page has the whole class above."""
    from nbgrader.api import Gradebook

    name, course = page.stem, tmp_path / "course"
    build(tmp_path)
    nbgrader(course, "generate_assignment", name)
    assert_hides_solutions(course, page)
    hand_in(course, "right", {ex.number: ex.solved for ex in exercises(read(page))}, page)
    hand_in(course, "untouched", {}, page)
    nbgrader(course, "autograde", name, "--ExecutePreprocessor.timeout=250")  # on a busy machine
    points = sum(1 + len(grading.tests) for grading in read_notes(page).exercises.values())
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        for student, expected in (("right", points), ("untouched", 0)):
            submission = book.find_submission(name, student)
            assert (submission.score, submission.max_score) == (expected, points), student
