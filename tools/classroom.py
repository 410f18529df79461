"""Make the versions of the notebooks that a class needs, all from the chapters.

$ python tools/classroom.py                      # into _build/classroom
$ python tools/classroom.py --output elsewhere

- ``student/``: solutions and their text are gone; each answer cell ends in a stub that raises;
- ``instructor/``: solutions open, with the notes, the hidden tests and the wrong answers;
- ``course/``: the root of an nbgrader course, one assignment for each notebook.

The tables of ``teaching/objectives.md`` are written, too.

The exercises stand in the notebooks.  What students must not see stands in ``classroom/``, one
file for each notebook, cut into cells by lines that begin with ``# %%``:

- ``# %% [markdown]``: notes for the teacher, about the whole page;
- ``# %% ex-1-2 | easy | 10 min | objective 4``: opens the part of an exercise;
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
    "Secret",
    "Sheet",
    "build",
    "exercises",
    "main",
    "objectives_page",
    "pages",
    "read_quiz",
    "read_sheet",
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
    """One exercise of a notebook: positions of its cells, and what they say."""

    label: str
    title: str
    number: str  # as the check says it: "Exercise 1.2"
    check: int
    blank: int
    solution: int
    end: int  # the Markdown cell that closes the solution
    start: str  # the code of the blank without the call of the check
    call: str  # "check_1_2(answer)"


@dataclass
class Secret:
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
    secrets: dict[str, Secret]


# Reading ---------------------------------------------------------------------------------------


def pages() -> list[Path]:
    """Return the notebooks of the book."""
    return sorted(p for p in CHAPTERS.rglob("*.ipynb") if not p.parent.name.startswith("."))


def exercises(nb: NotebookNode) -> list[Exercise]:
    """Return the exercises of a notebook, in order."""
    found = []
    for check, cell in enumerate(nb.cells):
        if "exercise-check" not in _tags(cell):
            continue
        blank = _next(nb, check, lambda c: "exercise" in _tags(c))
        solution = _next(nb, blank, lambda c: "solution" in _tags(c))
        end = _next(nb, solution, lambda c: "{solution-end}" in c.source)
        text = "\n".join(c.source for c in nb.cells[check:blank])
        title, label = re.search(r"\{exercise-start\} *(.*)\n:label: *(\S+)", text).groups()
        number = re.search(r'@check\("(.*)"\)', cell.source)[1]
        start, call = _split_call(nb.cells[blank].source)
        found.append(
            Exercise(label, title, number, check, blank, solution, end, start, call),
        )
    return found


def read_sheet(page: Path) -> Sheet:
    """Return what ``classroom/`` holds for a notebook."""
    sheet, secret = Sheet("", {}), None
    for part in re.split(r"^# %% *", _sheet_path(page).read_text("utf-8"), flags=re.M)[1:]:
        head, _, body = part.partition("\n")
        kind, _, title = (piece.strip() for piece in head.partition(":"))
        if head.startswith("[markdown]"):
            sheet.notes = re.sub(r"^# ?", "", body.strip(), flags=re.M)
        elif kind in ("test", "wrong") and secret:
            (secret.tests if kind == "test" else secret.wrong).append((title, body.strip()))
        else:
            label, level, minutes, objective = (piece.strip() for piece in head.split("|"))
            numbers = [int(n) for n in re.findall(r"\d+", objective)]
            secret = sheet.secrets[label] = Secret(level, int(minutes.split()[0]), numbers)
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
                f"{{ref}}`{ex.title} <{ex.label}>` ({secret.level}, {secret.minutes} min)"
                for ex in exercises(nb)
                if k in (secret := sheet.secrets[ex.label]).objectives
            ]
            rows.append(f"| {objective} | {'; '.join(mine) or '–'} |")
        parts.append(f"## {title}\n\n" + "\n".join(rows))
    return "\n\n".join(parts) + "\n"


def _sheet_path(page: Path) -> Path:
    return SHEETS / f"{page.stem}.py"


def _tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def _next(nb: NotebookNode, start: int, wanted) -> int:
    return next(i for i in range(start + 1, len(nb.cells)) if wanted(nb.cells[i]))


def _split_call(blank: str) -> tuple[str, str]:
    """Cut a blank into its code and the call of the check in its last line."""
    code, _, call = blank.rstrip().rpartition("\n")
    return code.rstrip(), call


# Writing ---------------------------------------------------------------------------------------


def student(nb: NotebookNode) -> NotebookNode:
    """Return the version without solutions."""
    return _rebuild(nb, lambda ex, cells: [_answer_cell(cells[ex.blank], ex, STUB)])


def assignment(nb: NotebookNode, sheet: Sheet) -> NotebookNode:
    """Return the source of an assignment: a point for the check and for each hidden test."""

    def answer(ex: Exercise, cells: list[NotebookNode]) -> list[NotebookNode]:
        solution, _ = _split_call(_until_call(cells[ex.solution].source, ex.call))
        marked = f"### BEGIN SOLUTION\n{solution}\n### END SOLUTION"
        cell = _answer_cell(cells[ex.blank], ex, marked)
        cell.metadata.nbgrader = _grading(ex.label, solution=True)
        raising = ex.call.replace("(", ".__wrapped__(", 1)  # raises where the check only prints
        graded = [f"# {ex.number}: the check, graded\n{raising}"]
        for k, (_, code) in enumerate(sheet.secrets[ex.label].tests, start=1):
            hidden = f"### BEGIN HIDDEN TESTS\n{in_function(code)}\n### END HIDDEN TESTS"
            graded.append(f"# {ex.number}: hidden test {k}\n{hidden}")
        tests = [
            new_code_cell(
                source,
                id=f"{ex.label}-test-{k}",
                metadata={"nbgrader": _grading(f"{ex.label}-test-{k}", points=1)},
            )
            for k, source in enumerate(graded)
        ]
        return [cell, *tests]

    made = _rebuild(nb, answer)
    for cell in made.cells:
        if "exercise-check" in _tags(cell):
            cell.metadata.nbgrader = _grading(cell.id)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return made


def instructor(nb: NotebookNode, sheet: Sheet, quiz: str = "") -> NotebookNode:
    """Return the teacher's version: notes, open solutions, hidden tests, wrong answers, quiz."""

    def answer(ex: Exercise, cells: list[NotebookNode]) -> list[NotebookNode]:
        secret = sheet.secrets[ex.label]
        kept = [copy.deepcopy(cell) for cell in cells[ex.blank + 1 : ex.end + 1]]
        _, _, before = kept[0].source.partition("{solution-start}")
        text = before.partition("```")[2].strip()
        kept[0].source = "\n\n".join(filter(None, ["**Solution**", text]))
        inside = _cut_at_end(kept[-1].source)[0].strip()
        kept[-1] = new_markdown_cell(inside, id=f"{ex.label}-after")
        head = f"**For the teacher**: {secret.level}, about {secret.minutes} minutes."
        parts = [head, "Common mistakes, each refused by a hidden test:"]
        parts += [f"- {title}\n\n{_indented(code)}" for title, code in secret.wrong]
        parts += ["Hidden tests:"]
        parts += [f"- {title}\n\n{_indented(code)}" for title, code in secret.tests]
        note = new_markdown_cell("\n\n".join(parts), id=f"{ex.label}-teacher")
        return [cells[ex.blank], *(c for c in kept if c.source), note]

    made = _rebuild(nb, answer)
    made.cells.insert(1, new_markdown_cell(sheet.notes, id="teacher"))
    if quiz:
        made.cells.append(new_markdown_cell(_plain(f"## Quiz\n\n{quiz}"), id="quiz"))
    return made


def in_function(code: str) -> str:
    """Wrap a hidden test, so that its names do not change those of the notebook."""
    return f"def hidden_test():\n{textwrap.indent(code, '    ')}\n\n\nhidden_test()"


def _rebuild(nb: NotebookNode, answer) -> NotebookNode:
    """Return a copy with ``answer(exercise, cells)`` in place of each blank and solution."""
    nb = copy.deepcopy(nb)
    cells, done = [], 0
    for ex in exercises(nb):
        cells += nb.cells[done : ex.blank] + answer(ex, nb.cells)
        after = _cut_at_end(nb.cells[ex.end].source)[1].strip()
        cells += [new_markdown_cell(after, id=nb.cells[ex.end].id)] if after else []
        done = ex.end + 1
    nb.cells = cells + nb.cells[done:]
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            cell.source = _plain(cell.source)
    return nb


def _answer_cell(blank: NotebookNode, ex: Exercise, stub: str) -> NotebookNode:
    """Return a cell that raises until the stub is deleted; the notebook runs on after it."""
    cell = new_code_cell(f"{ex.start}\n\n\n{stub}\n{ex.call}", id=blank.id)
    cell.metadata.tags = [*_tags(blank), "raises-exception"]
    return cell


def _until_call(solution: str, call: str) -> str:
    """Cut a solution after the first call of its check: what follows only shows the result."""
    name = call.partition("(")[0]
    lines = solution.split("\n")
    return "\n".join(lines[: next(i for i, x in enumerate(lines) if x.startswith(name)) + 1])


def _cut_at_end(source: str) -> tuple[str, str]:
    """Return what stands before and after the gate that closes a solution."""
    before, _, rest = source.partition("```{solution-end}")
    return before, rest.partition("```")[2]


def _plain(text: str) -> str:
    """Write the gates and hints of exercises as JupyterLab shows them."""
    text = re.sub(r"```\{exercise-start\} *(.*)\n:label: *\S+\n```", r"**Exercise: \1**", text)
    hint = r"```\{dropdown\} *(.*)\n(.*?)\n```"
    fold = r"<details><summary>\1</summary>\n\n\2\n\n</details>"
    return re.sub(hint, fold, text, flags=re.S)


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
            _copy_neighbours(page.parent, path.parent)
    (output / "course" / "nbgrader_config.py").write_text(CONFIG, "utf-8")


def _stored(nb: NotebookNode) -> NotebookNode:
    """Bring a version into normal form, without numbers on the cells that did not run."""
    nb = normalise(nb)
    for cell in nb.cells:
        if cell.cell_type == "code" and not cell.outputs:
            cell.execution_count = None
    return nb


def _copy_neighbours(source: Path, target: Path) -> None:
    """Copy what the cells of a folder read: figure settings, parameters, a module."""
    for path in source.iterdir():
        if False:
            shutil.copytree(path, target / path.name, dirs_exist_ok=True)
        elif path.is_file() and path.suffix not in (".ipynb", ".toml"):
            shutil.copy(path, target)


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
