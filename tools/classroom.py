"""Make the versions of the notebooks that a class needs, all from the chapters.

$ python -m tools.classroom                      # into _build/classroom
$ python -m tools.classroom --output elsewhere

- ``student/``: without solutions; each answer cell ends in a line that raises an error;
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

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from tools.notebooks import normalise, to_bytes
from tools.pages import ROOT, Exercise, exercises, pages, read, section, tags, write_whole

__all__ = [
    "Grading",
    "TeacherNotes",
    "build",
    "grade_id",
    "in_function",
    "main",
    "objectives_page",
    "read_notes",
    "read_quiz",
]

TEACHING = ROOT / "teaching"
REFERENCE = ("bibliography.md", "notation.md")  # pages that the notebooks link to
SENTENCE = "The solutions are in the last section of each page."  # left out where it is not true

STUB = 'raise NotImplementedError("Write your answer above this line, then delete this line.")'
# nbgrader puts it where a solution was: a release has the answer cells of the students' version.
CONFIG = f'''"""The nbgrader course of the book."""

c = get_config()
c.CourseDirectory.course_id = "rnn"
c.ClearSolutions.code_stub = {{"python": {STUB!r}}}
# An endless loop is interrupted after a minute, and the next cell is graded.
c.ExecutePreprocessor.timeout = 60
c.ExecutePreprocessor.interrupt_on_timeout = True
'''


@dataclass
class Grading:
    """What ``classroom/`` holds for one exercise."""

    level: str
    minutes: int
    objectives: list[int]
    tests: list[tuple[str, str]] = field(default_factory=list)  # (title, code)
    wrong: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class TeacherNotes:
    """What ``classroom/`` holds for one notebook."""

    text: str = ""
    exercises: dict[str, Grading] = field(default_factory=dict)


# Reading ---------------------------------------------------------------------------------------


def read_notes(page: Path) -> TeacherNotes:
    """Return what ``classroom/`` holds for a notebook."""
    notes, grading = TeacherNotes(), None
    text = (ROOT / "classroom" / f"{page.stem}.py").read_text("utf-8")
    for part in re.split(r"^# %% *", text, flags=re.M)[1:]:
        head, _, body = part.partition("\n")
        kind, _, title = head.partition(": ")
        if kind == "[markdown]":
            notes.text = re.sub(r"^# ?", "", body.strip(), flags=re.M)
        elif kind == "test":
            grading.tests.append((title, body.strip()))
        elif kind == "wrong":
            grading.wrong.append((title, body.strip()))
        else:
            number, level, minutes, objectives = head.split(" | ")
            numbers = [int(n) for n in re.findall(r"\d+", objectives)]
            grading = Grading(level, int(minutes.removesuffix(" min")), numbers)
            notes.exercises[number] = grading
    return notes


def read_quiz(page: Path) -> str:
    """Return the quiz of a notebook from ``teaching/quizzes.md``, or nothing."""
    text = (TEACHING / "quizzes.md").read_text("utf-8")
    found = re.search(
        rf"^\(quiz-{page.stem}\)=\n## [^\n]*\n(.*?)(?=^\(quiz-|\Z)", text, re.M | re.S
    )
    return found[1].strip() if found else ""


def objectives_page() -> str:
    """Return the page that says which exercise belongs to which objective."""
    head, _, _ = (TEACHING / "objectives.md").read_text("utf-8").partition("\n## ")
    parts = [head.rstrip()]
    for page in pages():
        nb, notes = read(page), read_notes(page)
        title = re.search(r"^# (.+)", nb.cells[0].source)[1]
        _, _, after = nb.cells[0].source.partition("You will be able to")
        rows = ["| you will be able to | exercises |", "|---|---|"]
        for k, objective in enumerate(re.findall(r"^- (.+?)[,.]?$", after, re.M), start=1):
            mine = [
                f"Exercise {ex.number}: {ex.title} ({grading.level}, {grading.minutes} min)"
                for ex in exercises(nb)
                if k in (grading := notes.exercises[ex.number]).objectives
            ]
            rows.append(f"| {objective} | {'; '.join(mine) or '–'} |")
        link = page.relative_to(ROOT).as_posix()
        parts.append(f"## [{title}](../{link})\n\n" + "\n".join(rows))
    return "\n\n".join(parts) + "\n"


# Writing ---------------------------------------------------------------------------------------


def student(nb: NotebookNode) -> NotebookNode:
    """Return the version without solutions."""
    made = _without_solutions(nb)
    for ex in exercises(nb):
        _answer_with(made, ex, STUB)
    return made


def assignment(nb: NotebookNode, notes: TeacherNotes) -> NotebookNode:
    """Return the source of an assignment: a point for the check and for each hidden test."""
    made = _without_solutions(nb)
    for cell in made.cells:
        if cell.cell_type == "markdown":
            cell.source = _linked(cell.source)
        else:
            cell.outputs = []
    for ex in reversed(exercises(nb)):  # from the end, so that the positions stay right
        answer = _answer_with(made, ex, f"### BEGIN SOLUTION\n{ex.solved}\n### END SOLUTION")
        answer.metadata.nbgrader = _mark(grade_id(ex), solution=True)
        # Imported again, whatever a student's code calls check, and strict: it raises.
        strict = re.sub(r",?\s*\)$", ", strict=True)", ex.call)
        graded = ["# the check, graded\nfrom rnn_exercises import check\n\n" + strict]
        for k, (_, code) in enumerate(notes.exercises[ex.number].tests, start=1):
            hidden = f"### BEGIN HIDDEN TESTS\n{in_function(code)}\n### END HIDDEN TESTS"
            graded.append(f"# hidden test {k}\n{hidden}")
        for k, code in reversed(list(enumerate(graded))):
            name = f"{grade_id(ex)}-test-{k}"
            mark = {"nbgrader": _mark(name, points=1)}
            cell = new_code_cell(f"# Exercise {ex.number}: {code[2:]}", id=name, metadata=mark)
            made.cells.insert(ex.answer + 1, cell)
    return made


def instructor(nb: NotebookNode, notes: TeacherNotes, quiz: str = "") -> NotebookNode:
    """Return the teacher's version: notes, open solutions, hidden tests, wrong answers, quiz."""
    made = copy.deepcopy(nb)
    made.cells[section(nb, "## Solutions")[0]].metadata.clear()  # which collapsed it
    for ex in reversed(exercises(nb)):
        grading = notes.exercises[ex.number]
        parts = [f"**For the teacher**: {grading.level}, about {grading.minutes} minutes."]
        parts.append("Common mistakes, each refused by a hidden test:")
        parts += [f"- {title}\n\n{_indented(code)}" for title, code in grading.wrong]
        parts.append("Hidden tests:")
        parts += [f"- {title}\n\n{_indented(code)}" for title, code in grading.tests]
        cell = new_markdown_cell("\n\n".join(parts), id=f"{grade_id(ex)}-teacher")
        made.cells.insert(ex.solution.stop, cell)
    made.cells.insert(1, new_markdown_cell(notes.text, id="teacher"))
    if quiz:
        made.cells.append(new_markdown_cell(f"## Quiz\n\n{_folded(quiz)}", id="quiz"))
    return made


def in_function(code: str) -> str:
    """Wrap a hidden test, so that its names do not change those of the notebook."""
    return f"def hidden_test():\n{textwrap.indent(code, '    ')}\n\n\nhidden_test()"


def grade_id(ex: Exercise) -> str:
    """Return the name of an exercise for nbgrader, which allows no dots."""
    return "exercise-" + ex.number.replace(".", "-")


def _without_solutions(nb: NotebookNode) -> NotebookNode:
    made = copy.deepcopy(nb)
    made.cells = made.cells[: section(nb, "## Solutions")[0]]
    for cell in made.cells:
        cell.source = cell.source.replace(f"\n{SENTENCE}", "")
    return made


def _answer_with(made: NotebookNode, ex: Exercise, code: str) -> NotebookNode:
    """Write an answer cell that raises until the stub is deleted; the notebook runs on after it."""
    cell = made.cells[ex.answer]
    cell.source = f"{ex.start}\n\n\n{code}\n{ex.call}"
    cell.metadata.tags = [*tags(cell), "raises-exception"]
    cell.outputs = []
    return cell


def _linked(text: str) -> str:
    """Change links for an assignment, whose folder is next to those of the other pages."""
    text = re.sub(r"\]\((?:\.\./|\w+/)*(\w+)\.ipynb\b", r"](../\1/\1.ipynb", text)
    return re.sub(r"\]\((?:\.\./)+(\w+\.md)\b", r"](\1", text)


def _folded(quiz: str) -> str:
    """Write the answers of a quiz, which is a page of the website, as JupyterLab shows them."""
    fold = r"<details><summary>Answer</summary>\n\n\1\n\n</details>"
    return re.sub(r"```\{dropdown\} Answer\n(.*?)\n```", fold, quiz, flags=re.S)


def _indented(code: str) -> str:
    return textwrap.indent(f"```python\n{code}\n```", "  ")


def _mark(name: str, *, solution: bool = False, points: int = 0) -> dict:
    mark = {"grade": points > 0, "solution": solution, "locked": not solution, "task": False}
    mark |= {"grade_id": name, "schema_version": 3}
    return mark | ({"points": points} if points else {})


def build(output: Path) -> None:
    """Write all versions of all notebooks into a folder, in place of what an earlier run wrote."""
    for version in ("student", "instructor", "course/source"):
        shutil.rmtree(output / version, ignore_errors=True)
    for page in pages():
        nb, notes = read(page), read_notes(page)
        place = page.relative_to(ROOT)
        made = {
            output / "student" / place: student(nb),
            output / "instructor" / place: instructor(nb, notes, read_quiz(page)),
            output / "course" / "source" / page.stem / page.name: assignment(nb, notes),
        }
        for path, version in made.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(to_bytes(_stored(version)))
            shutil.copy(page.with_name("matplotlibrc"), path.parent)
    for name in REFERENCE:
        text = (ROOT / name).read_text("utf-8")
        for version in ("student", "instructor"):
            (output / version / name).write_text(text, "utf-8")
        for folder in (output / "course" / "source").iterdir():
            (folder / name).write_text(_linked(text), "utf-8")
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
    write_whole(TEACHING / "objectives.md", objectives_page().encode())
    print(f"{len(pages())} notebooks for students, teachers and nbgrader are in {args.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
