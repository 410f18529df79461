"""Make the versions of the notebooks that a class needs, all from the chapters.

$ python tools/classroom.py                      # into _build/classroom
$ python tools/classroom.py --output elsewhere

- ``student/``: without the section of solutions; each answer cell ends in a stub that raises;
- ``instructor/``: solutions open, with the notes, the hidden tests and the wrong answers;
- ``course/``: the root of an nbgrader course, one assignment for each notebook.

The tables of ``teaching/objectives.md`` are written, too.

The exercises are in the notebooks, and their checks in ``rnn_exercises``.  What students must not
see is in ``classroom/``, one file for each notebook, cut into cells by lines that begin with
``# %%``:

- ``# %% [markdown]``: notes for the teacher, about the whole page;
- ``# %% 1.2 | easy | 10 min | objective 4``: opens the part of an exercise;
- ``# %% test: ...``: a hidden test, which runs after the answer, among the names of the notebook;
- ``# %% wrong: ...``: a plausible answer that a hidden test must refuse.
"""

from __future__ import annotations

import argparse
import copy
import re
import shutil
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from tools.notebooks import normalise, to_bytes

__all__ = [
    "Exercise",
    "Hidden",
    "Sheet",
    "build",
    "exercises",
    "main",
    "objectives_page",
    "pages",
    "read_quiz",
    "read_sheet",
    "solution",
]

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = ROOT / "chapters"
SHEETS = ROOT / "classroom"
TEACHING = ROOT / "teaching"

STUB = 'raise NotImplementedError("Write your answer above this line, then delete this line.")'
# nbgrader puts it where the solution stood, so a release has the cells of the student's version.
CONFIG = f'''"""The nbgrader course of the book."""

c = get_config()
c.CourseDirectory.course_id = "rnn"
c.ClearSolutions.code_stub = {{"python": {STUB!r}}}
# An endless loop is interrupted after a minute, and the next cell is graded.
c.ExecutePreprocessor.timeout = 60
c.ExecutePreprocessor.interrupt_on_timeout = True
'''


@dataclass
class Exercise:
    """One exercise of a notebook."""

    number: str  # "1.2"
    title: str
    answer: int  # the position of the cell that the reader edits
    start: str  # the code of that cell without the call of the check
    call: str  # 'check("1.2", step_batch)'
    solution: int  # the position of the first cell of code that solves it


@dataclass
class Hidden:
    """What ``classroom/`` holds for one exercise."""

    level: str
    minutes: int
    objectives: list[int]
    tests: list[tuple[str, str]] = field(default_factory=list)  # (title, code)
    wrong: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Sheet:
    """What ``classroom/`` holds for one notebook."""

    notes: str
    exercises: dict[str, Hidden]


# Reading ---------------------------------------------------------------------------------------


def pages() -> list[Path]:
    """Return the notebooks of the book."""
    return sorted(p for p in CHAPTERS.rglob("*.ipynb") if not p.parent.name.startswith("."))


def exercises(nb: NotebookNode) -> list[Exercise]:
    """Return the exercises of a notebook, in order."""
    found, title = [], ("", "")
    for answer, cell in enumerate(nb.cells):
        if cell.cell_type == "markdown":
            titles = re.findall(r"^### Exercise ([\d.]+): (.+)$", cell.source, re.M)
            title = titles[-1] if titles else title
        elif "exercise" in _tags(cell):
            number, name = title
            start, call = _split_call(cell.source)
            solution = _position(nb, f"### Solution {number}\n") + 1
            found.append(Exercise(number, name, answer, start, call, solution))
    return found


def _position(nb: NotebookNode, heading: str) -> int:
    """Return the position of the Markdown cell that begins with a heading."""
    return next(k for k, c in enumerate(nb.cells) if (c.source + "\n").startswith(heading))


def read_sheet(page: Path) -> Sheet:
    """Return what ``classroom/`` holds for a notebook."""
    sheet, hidden = Sheet("", {}), None
    text = (SHEETS / f"{page.stem}.py").read_text("utf-8")
    for part in re.split(r"^# %% *", text, flags=re.M)[1:]:
        head, _, body = part.partition("\n")
        kind, _, title = (piece.strip() for piece in head.partition(":"))
        if head.startswith("[markdown]"):
            sheet.notes = re.sub(r"^# ?", "", body.strip(), flags=re.M)
        elif kind in ("test", "wrong") and hidden:
            (hidden.tests if kind == "test" else hidden.wrong).append((title, body.strip()))
        else:
            number, level, minutes, objective = (piece.strip() for piece in head.split("|"))
            numbers = [int(n) for n in re.findall(r"\d+", objective)]
            hidden = sheet.exercises[number] = Hidden(level, int(minutes.split()[0]), numbers)
    return sheet


def read_quiz(page: Path) -> str:
    """Return the quiz of a notebook from ``teaching/quizzes.md``, or nothing."""
    text = (TEACHING / "quizzes.md").read_text("utf-8")
    found = re.search(
        rf"^\(quiz-{page.stem}\)=\n## [^\n]*\n(.*?)(?=^\(quiz-|\Z)", text, re.M | re.S
    )
    return found[1].strip() if found else ""


def objectives_page() -> str:
    """Return the page that says which exercise belongs to which objective."""
    head = (TEACHING / "objectives.md").read_text("utf-8").partition("\n## ")[0].rstrip()
    parts = [head]
    for page in pages():
        nb, sheet = nbformat.read(page, as_version=4), read_sheet(page)
        title = re.search(r"^# (.+)", nb.cells[0].source, re.M)[1]
        _, _, after = nb.cells[0].source.partition("You will be able to")
        rows = ["| you will be able to | exercises |", "|---|---|"]
        for k, objective in enumerate(re.findall(r"^- (.+?)[,.]?$", after, re.M), start=1):
            mine = [
                f"Exercise {ex.number}: {ex.title} ({hidden.level}, {hidden.minutes} min)"
                for ex in exercises(nb)
                if k in (hidden := sheet.exercises[ex.number]).objectives
            ]
            rows.append(f"| {objective} | {'; '.join(mine) or '–'} |")
        parts.append(f"## {title}\n\n" + "\n".join(rows))
    return "\n\n".join(parts) + "\n"


def _tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def _split_call(answer: str) -> tuple[str, str]:
    """Cut an answer into its code and the call of the check in its last line."""
    code, _, call = answer.rstrip().rpartition("\n")
    return code.rstrip(), call


# Writing ---------------------------------------------------------------------------------------


def student(nb: NotebookNode) -> NotebookNode:
    """Return the version without solutions."""
    made = _without_solutions(nb)
    for ex in exercises(nb):
        made.cells[ex.answer] = _answer_cell(nb.cells[ex.answer], ex, STUB)
    return made


def assignment(nb: NotebookNode, sheet: Sheet) -> NotebookNode:
    """Return the source of an assignment: a point for the check and for each hidden test."""
    made = _without_solutions(nb)
    for cell in made.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    for ex in reversed(exercises(nb)):  # from the end, so that the positions stay right
        marked = f"### BEGIN SOLUTION\n{solution(nb, ex)}\n### END SOLUTION"
        answer = _answer_cell(nb.cells[ex.answer], ex, marked)
        answer.metadata.nbgrader = _grading(_name(ex), solution=True)
        strict = ex.call.removesuffix(")") + ", strict=True)"  # raises where a reader gets a text
        graded = [f"# Exercise {ex.number}: the check, graded\n{strict}"]
        for k, (_, code) in enumerate(sheet.exercises[ex.number].tests, start=1):
            hidden = f"### BEGIN HIDDEN TESTS\n{in_function(code)}\n### END HIDDEN TESTS"
            graded.append(f"# Exercise {ex.number}: hidden test {k}\n{hidden}")
        tests = [
            new_code_cell(
                source,
                id=f"{_name(ex)}-test-{k}",
                metadata={"nbgrader": _grading(f"{_name(ex)}-test-{k}", points=1)},
            )
            for k, source in enumerate(graded)
        ]
        made.cells[ex.answer : ex.answer + 1] = [answer, *tests]
    return made


def instructor(nb: NotebookNode, sheet: Sheet, quiz: str = "") -> NotebookNode:
    """Return the teacher's version: notes, open solutions, hidden tests, wrong answers, quiz."""
    made = copy.deepcopy(nb)
    made.cells[_position(made, "## Solutions\n")].metadata = nbformat.from_dict({})
    for ex in reversed(exercises(nb)):
        hidden = sheet.exercises[ex.number]
        parts = [f"**For the teacher**: {hidden.level}, about {hidden.minutes} minutes."]
        parts.append("Common mistakes, each refused by a hidden test:")
        parts += [f"- {title}\n\n{_indented(code)}" for title, code in hidden.wrong]
        parts.append("Hidden tests:")
        parts += [f"- {title}\n\n{_indented(code)}" for title, code in hidden.tests]
        note = new_markdown_cell("\n\n".join(parts), id=f"{_name(ex)}-teacher")
        made.cells.insert(ex.solution + 1, note)
    made.cells.insert(1, new_markdown_cell(sheet.notes, id="teacher"))
    if quiz:
        made.cells.append(new_markdown_cell(f"## Quiz\n\n{_unfenced(quiz)}", id="quiz"))
    return made


def solution(nb: NotebookNode, ex: Exercise) -> str:
    """Return the code that solves an exercise, up to the call of its check."""
    lines = nb.cells[ex.solution].source.split("\n")
    end = next(k for k, line in enumerate(lines) if line.startswith("check("))
    return "\n".join(lines[:end]).rstrip()


def in_function(code: str) -> str:
    """Wrap a hidden test, so that its names do not change those of the notebook."""
    return f"def hidden_test():\n{textwrap.indent(code, '    ')}\n\n\nhidden_test()"


def _without_solutions(nb: NotebookNode) -> NotebookNode:
    made = copy.deepcopy(nb)
    del made.cells[_position(made, "## Solutions\n") :]
    return made


def _answer_cell(answer: NotebookNode, ex: Exercise, code: str) -> NotebookNode:
    """Return a cell that raises until the stub is deleted; the notebook runs on after it."""
    cell = new_code_cell(f"{ex.start}\n\n\n{code}\n{ex.call}", id=answer.id)
    cell.metadata.tags = [*_tags(answer), "raises-exception"]
    return cell


def _name(ex: Exercise) -> str:
    """Return the name of an exercise for nbgrader, which allows no dots."""
    return "exercise-" + ex.number.replace(".", "-")


def _unfenced(quiz: str) -> str:
    """Write the answers of a quiz, which is a page of the website, as JupyterLab shows them."""
    fold = r"<details><summary>Answer</summary>\n\n\1\n\n</details>"
    return re.sub(r"```\{dropdown\} Answer\n(.*?)\n```", fold, quiz, flags=re.S)


def _indented(code: str) -> str:
    return textwrap.indent(f"```python\n{code}\n```", "  ")


def _grading(name: str, *, solution: bool = False, points: int = 0) -> dict:
    mark = {"grade": points > 0, "solution": solution, "locked": not solution, "task": False}
    mark |= {"grade_id": name, "schema_version": 3}
    return mark | ({"points": points} if points else {})


def build(output: Path) -> None:
    """Write all versions of all notebooks into a folder, in place of what an earlier run wrote."""
    for version in ("student", "instructor", "course/source"):
        shutil.rmtree(output / version, ignore_errors=True)
    for page in pages():
        nb, sheet = nbformat.read(page, as_version=4), read_sheet(page)
        place = page.relative_to(CHAPTERS)
        made = {
            output / "student" / place: student(nb),
            output / "instructor" / place: instructor(nb, sheet, read_quiz(page)),
            output / "course" / "source" / page.stem / page.name: assignment(nb, sheet),
        }
        for path, version in made.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(to_bytes(_stored(version)))
            shutil.copy(page.with_name("matplotlibrc"), path.parent)
    (output / "course" / "nbgrader_config.py").write_text(CONFIG, "utf-8")


def _stored(nb: NotebookNode) -> NotebookNode:
    """Bring a version into normal form, without numbers on the cells that did not run."""
    nb = normalise(nb)
    for cell in nb.cells:
        if cell.cell_type == "code" and not cell.outputs:
            cell.execution_count = None
    return nb


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=ROOT / "_build" / "classroom")
    args = parser.parse_args(arguments)
    build(args.output)
    (TEACHING / "objectives.md").write_text(objectives_page(), "utf-8")
    print(f"{len(pages())} notebooks for students, teachers and nbgrader are in {args.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
