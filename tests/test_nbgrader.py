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
from tools.classroom import STUB, build, exercises, pages, read_sheet

pytest.importorskip("nbgrader", reason="make test-class has an environment with nbgrader")
one_round_trip = pytest.mark.xdist_group("nbgrader")  # for all tests with the fixture course

PAGE = next(page for page in pages() if page.stem.startswith("01"))
NAME = PAGE.stem
NOTEBOOK, SHEET = nbformat.read(PAGE, as_version=4), read_sheet(PAGE)
EXERCISES = {ex.label: ex for ex in exercises(NOTEBOOK)}
RIGHT = {
    label: NOTEBOOK.cells[ex.solution].source.rpartition("\n")[0] for label, ex in EXERCISES.items()
}


def mistake(label, word):
    """Return the stored wrong answer with a word in its title."""
    return next(code for title, code in SHEET.secrets[label].wrong if word in title)


# What each student answers, and the points: for the check, and for the two hidden tests.
SUBMISSIONS = {
    "right": (RIGHT, {label: [1, 1, 1] for label in RIGHT}),
    "half": (
        {"ex-1-1": RIGHT["ex-1-1"], "ex-1-2": RIGHT["ex-1-2"]},
        {"ex-1-1": [1, 1, 1], "ex-1-2": [1, 1, 1], "ex-1-3": [0, 0, 0], "ex-1-4": [0, 0, 0]},
    ),
    "wrong": (
        {
            "ex-1-1": mistake("ex-1-1", "input to output"),
            "ex-1-2": mistake("ex-1-2", "batch of one"),
            "ex-1-3": mistake("ex-1-3", "sum of two"),
            "ex-1-4": mistake("ex-1-4", "above 1"),
        },
        # The second answer passes its check: only a hidden test finds the lost axis.
        {"ex-1-1": [0, 0, 0], "ex-1-2": [1, 0, 1], "ex-1-3": [0, 0, 0], "ex-1-4": [0, 0, 0]},
    ),
    "endless": (
        {**RIGHT, "ex-1-2": "while True:\n    pass"},
        {"ex-1-1": [1, 1, 1], "ex-1-2": [0, 0, 0], "ex-1-3": [1, 1, 1], "ex-1-4": [1, 1, 1]},
    ),
    "crash": ({**RIGHT, "ex-1-2": "import os\n\nos._exit(1)"}, None),
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


def graded_cells(nb):
    """Return the cells of a notebook that nbgrader knows, by their ids."""
    return {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in nb.cells}


def hand_in(course, student, answers, name=NAME):
    """Write a submission: the release, with answers in place of stubs."""
    folder = course / "submitted" / student / name
    shutil.copytree(course / "release" / name, folder)
    nb = nbformat.read(folder / f"{name}.ipynb", as_version=4)
    for label, code in answers.items():
        cell = graded_cells(nb)[label]
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
    assert [cells[label].source for label in EXERCISES] == students


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
        f"{label}-test-{k}": point for label in planned for k, point in enumerate(planned[label])
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
    source = nbformat.read(course / "source" / name / f"{name}.ipynb", as_version=4)
    solution = re.compile(r"### BEGIN SOLUTION\n(.*)\n### END SOLUTION", re.S)
    found = {label: solution.search(cell.source) for label, cell in graded_cells(source).items()}
    nbgrader(course, "generate_assignment", name)
    hand_in(course, "teacher", {label: m[1] for label, m in found.items() if m}, name)
    nbgrader(course, "autograde", name, "--ExecutePreprocessor.timeout=250")  # on a busy machine
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        submission = book.find_submission(name, "teacher")
        secrets = read_sheet(page).secrets.values()
        assert submission.max_score == sum(1 + len(secret.tests) for secret in secrets)
        assert submission.score == submission.max_score
