"""What every chapter must look like: one small function for each rule.

Each takes a parsed notebook and returns its faults, a sentence each; no fault means an empty list.

>>> import nbformat
>>> nb = nbformat.read("chapters/01_introduction.ipynb", as_version=4)  # doctest: +SKIP
>>> faults(nb, "01_introduction")  # doctest: +SKIP
[]
"""

import ast
import re
from collections.abc import Callable, Iterator
from itertools import pairwise

import nbformat
from nbformat import NotebookNode

__all__ = ["RULES", "faults", "glued_keys", "used_keys"]

Rule = Callable[[NotebookNode, str], list[str]]
RULES: dict[str, Rule] = {}

MAX_LINES = 25
MAX_BYTES = 500_000
FENCE = re.compile(r"^(`{3,}|:{3,}|~{3,})[^\n]*\n.*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
GLUE = re.compile(r"\{glue(?::\w+)?\}`([^`]+)`")
MACHINE_PATH = re.compile(
    r"(?:/home|/root|/tmp|/Users|/work|/opt|/usr|/var)/\w|[A-Z]:\\+\w|site-packages"
)
ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]+")


def rule(check: Rule) -> Rule:
    """Enter a check into the list of rules under its name."""
    RULES[check.__name__] = check
    return check


def faults(nb: NotebookNode, name: str) -> list[str]:
    """Return the faults that all rules find in the notebook called ``name``."""
    return [f"{key}: {fault}" for key, check in RULES.items() for fault in check(nb, name)]


# Parts of a notebook --------------------------------------------------------------------------


def tags(cell: NotebookNode) -> list[str]:
    """Return the tags of a cell."""
    return cell.metadata.get("tags", [])


def code_cells(nb: NotebookNode) -> list[NotebookNode]:
    """Return the code cells that hold code."""
    return [cell for cell in nb.cells if cell.cell_type == "code" and cell.source.strip()]


def markdown(nb: NotebookNode) -> str:
    """Return all text of the notebook."""
    return "\n\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")


def prose(text: str) -> str:
    """Return text without its fenced blocks: code, directives, equations."""
    return FENCE.sub("", text)


def headings(nb: NotebookNode, level: int) -> list[str]:
    """Return the headings of one level."""
    return re.findall(rf"^#{{{level}}} +(.+?) *$", prose(markdown(nb)), re.MULTILINE)


def first_list(text: str) -> list[str]:
    """Return the items of the first list in a text, without their continuation lines."""
    items: list[str] = []
    for line in text.split("\n"):
        if re.match(r"([-*]|\d+\.) +\S", line):
            items.append(line)
        elif items and line.strip() and not line.startswith(" "):
            break
    return items


def section(nb: NotebookNode, heading: str) -> str:
    """Return what stands under a heading of level two, up to the next heading."""
    found = re.search(
        rf"^## +{re.escape(heading)} *$(.*?)(?=^#|\Z)", prose(markdown(nb)), re.M | re.S
    )
    return found[1] if found else ""


def texts(cell: NotebookNode) -> Iterator[str]:
    """Yield every piece of text among the outputs of a cell."""
    for output in cell.outputs:
        yield output.get("text", "")
        yield output.get("evalue", "")
        yield from output.get("traceback", [])
        for kind, data in output.get("data", {}).items():
            if isinstance(data, str) and not kind.startswith("image/"):
                yield data


def printed(cell: NotebookNode) -> str:
    """Return what a cell printed."""
    return "".join(o.text for o in cell.outputs if o.output_type == "stream" and o.name == "stdout")


def images(cell: NotebookNode) -> list[NotebookNode]:
    """Return the outputs of a cell that are pictures."""
    return [o for o in cell.outputs if any(kind.startswith("image/") for kind in o.get("data", {}))]


def glued_keys(nb: NotebookNode) -> set[str]:
    """Return the names under which the stored outputs glue values."""
    outputs = [output for cell in code_cells(nb) for output in cell.outputs]
    names = (output.get("metadata", {}).get("scrapbook", {}).get("name") for output in outputs)
    return {name for name in names if name}


def used_keys(nb: NotebookNode) -> list[tuple[str, str]]:
    """Return ``(page, key)`` of every glued value in text and captions; this page is ``""``."""
    figures = [cell.metadata.get("mystnb", {}).get("figure", {}) for cell in code_cells(nb)]
    captions = " ".join(figure.get("caption", "") for figure in figures)
    used = []
    for target in GLUE.findall(markdown(nb) + captions):
        page, _, rest = target.rpartition("::")
        used.append((page, rest.partition(":")[0]))
    return used


def _calls(statement: ast.stmt, name: str) -> bool:
    """Tell whether a statement calls ``name`` whenever it runs: not in an ``if`` or a function."""
    if isinstance(statement, ast.For | ast.With):
        return any(_calls(inner, name) for inner in statement.body)
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and ast.unparse(call.func) == name


def surely_calls(cell: NotebookNode, name: str) -> bool:
    """Tell whether running a cell surely calls the function ``name``."""
    if "raises-exception" in tags(cell):
        return False
    lines = [line for line in cell.source.split("\n") if not line.startswith(("%", "!"))]
    return any(_calls(statement, name) for statement in ast.parse("\n".join(lines)).body)


# Stored outputs -------------------------------------------------------------------------------


@rule
def execution_counts(nb: NotebookNode, name: str) -> list[str]:
    """All cells were executed, once and in order."""
    counts = [cell.execution_count for cell in code_cells(nb)]
    expected = list(range(1, len(counts) + 1))
    return [] if counts == expected else [f"execution counts are {counts}, not 1 to {len(counts)}"]


@rule
def outputs_present(nb: NotebookNode, name: str) -> list[str]:
    """A cell that prints, plots or glues has stored what it printed, plotted or glued."""
    wrong = []
    for cell in code_cells(nb):
        glued = any(o.get("metadata", {}).get("scrapbook") for o in cell.outputs)
        if surely_calls(cell, "print") and not printed(cell):
            wrong.append(f"cell {cell.id} prints and has no printed output")
        if surely_calls(cell, "plt.show") and not images(cell):
            wrong.append(f"cell {cell.id} shows a figure and has none stored")
        if surely_calls(cell, "glue") and not glued:
            wrong.append(f"cell {cell.id} glues a value and has none stored")
    return wrong


@rule
def clean_outputs(nb: NotebookNode, name: str) -> list[str]:
    """Nothing on stderr, no error without its tag, and no SVG (nbval compares its text)."""
    wrong = []
    for cell in code_cells(nb):
        kinds = {kind for output in cell.outputs for kind in output.get("data", {})}
        errors = [output.ename for output in cell.outputs if output.output_type == "error"]
        expected = "raises-exception" in tags(cell)
        if any(output.get("name") == "stderr" for output in cell.outputs):
            wrong.append(f"cell {cell.id} wrote to stderr")
        if bool(errors) != expected:
            wrong.append(f"cell {cell.id} has errors {errors}, tags {tags(cell)}")
        if "image/svg+xml" in kinds:
            wrong.append(f"cell {cell.id} has an SVG output")
    return wrong


@rule
def no_machine(nb: NotebookNode, name: str) -> list[str]:
    """No path of somebody's machine and no address in memory."""
    wrong = []
    for cell in nb.cells:
        pieces = [cell.source] if cell.cell_type != "code" else [cell.source, *texts(cell)]
        found = [
            m[0]
            for text in pieces
            for m in [MACHINE_PATH.search(text) or ADDRESS.search(text)]
            if m
        ]
        wrong += [f"cell {cell.id} names {what!r}" for what in found]
    return wrong


@rule
def few_ignored(nb: NotebookNode, name: str) -> list[str]:
    """At most two cells are exempt from the comparison of outputs."""
    skipped = {"nbval-ignore-output", "nbval-skip"}
    ignored = [cell.id for cell in code_cells(nb) if skipped & set(tags(cell))]
    return [] if len(ignored) <= 2 else [f"{len(ignored)} cells are not compared: {ignored}"]


@rule
def normal_size(nb: NotebookNode, name: str) -> list[str]:
    """The file stays small."""
    size = len(nbformat.writes(nb).encode())
    return [] if size < MAX_BYTES else [f"{size:,} bytes are more than {MAX_BYTES:,}"]


# Code -----------------------------------------------------------------------------------------


@rule
def short_cells(nb: NotebookNode, name: str) -> list[str]:
    """A code cell fits on a screen."""
    long = [(c.id, n) for c in code_cells(nb) if (n := c.source.count("\n") + 1) > MAX_LINES]
    return [f"cell {cell} has {n} lines, more than {MAX_LINES}" for cell, n in long]


@rule
def no_semicolons(nb: NotebookNode, name: str) -> list[str]:
    """No line ends in a semicolon: nbval would see the output that it hides."""
    ends = re.compile(r";\s*$", re.MULTILINE)
    return [
        f"cell {cell.id} has a trailing semicolon"
        for cell in code_cells(nb)
        if ends.search(cell.source)
    ]


@rule
def figures_described(nb: NotebookNode, name: str) -> list[str]:
    """Every picture has a name to refer to, a caption and a text for those who do not see it."""
    wrong = []
    for cell in code_cells(nb):
        options = cell.metadata.get("mystnb", {})
        figure, image = options.get("figure", {}), options.get("image", {})
        described = {
            "name": figure.get("name"),
            "caption": figure.get("caption"),
            "alt": image.get("alt"),
        }
        if images(cell):
            missing = [key for key, value in described.items() if not str(value or "").strip()]
            wrong += [f"the picture of cell {cell.id} has no {key}" for key in missing]
            if len(images(cell)) > 1:
                wrong.append(f"cell {cell.id} has more than one picture")
        elif any(described.values()):
            wrong.append(f"cell {cell.id} describes a picture and has none")
        if str(described["name"] or "fig-").startswith("fig-") is False:
            wrong.append(f"the picture of cell {cell.id} is named {described['name']}, not fig-…")
    return wrong


# Text -----------------------------------------------------------------------------------------


@rule
def one_title(nb: NotebookNode, name: str) -> list[str]:
    """One title, and the page starts with it, after the label that other pages refer to."""
    titles = headings(nb, 1)
    first = nb.cells[0]
    label = r"(\((ch|app)-[\w-]+\)=\n)?"
    starts = first.cell_type == "markdown" and re.match(rf"{label}# ", first.source)
    return (
        []
        if len(titles) == 1 and starts
        else [f"titles {titles}; the first cell must begin with the one"]
    )


@rule
def objectives_and_summary(nb: NotebookNode, name: str) -> list[str]:
    """Three to five objectives, and as many points in the summary."""
    _, _, after = prose(markdown(nb)).partition("You will be able to")
    objectives = first_list(after.split("\n## ")[0])
    points = first_list(section(nb, "Summary"))
    wrong = []
    if not 3 <= len(objectives) <= 5:
        wrong.append(f"{len(objectives)} objectives under 'You will be able to', not 3 to 5")
    if len(points) != len(objectives):
        wrong.append(f"{len(points)} points in the summary for {len(objectives)} objectives")
    return wrong


@rule
def closing_sections(nb: NotebookNode, name: str) -> list[str]:
    """The page ends with a summary, reading, and the way on."""
    way_on = "Where to go next" if name.startswith("06_") else "What comes next"
    expected = ["Summary", "Further reading", way_on]
    last = headings(nb, 2)[-3:]
    return [] if last == expected else [f"the last sections are {last}, not {expected}"]


@rule
def numbers_glued(nb: NotebookNode, name: str) -> list[str]:
    """The text takes its numbers from cells: at least five, and each exists."""
    glued = glued_keys(nb)
    here = [key for page, key in used_keys(nb) if not page]
    wrong = [f"the text uses {key!r}, which no cell glues" for key in here if key not in glued]
    if len(glued) < 5:
        wrong.append(f"only {len(glued)} glued numbers: {sorted(glued)}")
    return wrong


# A full stop, closing marks, a space and a capital: two sentences on a line.
TWO_SENTENCES = re.compile(r"(?P<word>[\w)\]`*%$]+)[.!?][\"')\]*_”]* +(?=[A-Z][a-z]*\b)")
ABBREVIATIONS = {
    "al",
    "cf",
    "Dr",
    "e.g",
    "eq",
    "Eq",
    "etc",
    "Fig",
    "i.e",
    "Mr",
    "no",
    "pp",
    "St",
    "vs",
    "approx",
}


@rule
def one_sentence_a_line(nb: NotebookNode, name: str) -> list[str]:
    """A source line holds one sentence, so that a change shows as one."""
    wrong = []
    for line in prose(markdown(nb)).split("\n"):
        if line.lstrip().startswith(("|", "#", ":", ">", "<")):
            continue
        plain = re.sub(r"`[^`]*`|\$[^$]*\$|\]\([^)]*\)", "x", re.sub(r"^\s*\d+\. ", "", line))
        for found in TWO_SENTENCES.finditer(plain):
            word = found["word"].strip("*()[]")
            initial = len(word) == 1 and word.isupper()
            if not initial and word not in ABBREVIATIONS:
                wrong.append(f"two sentences on a line: {line.strip()[:90]!r}")
                break
    return wrong


# Exercises ------------------------------------------------------------------------------------


@rule
def exercises_complete(nb: NotebookNode, name: str) -> list[str]:
    """Three exercises or more, each with a hint, a blank, a check and a solution."""
    starts = re.findall(r"\{exercise-start\}[^\n]*\n:label: *(\S+)", markdown(nb))
    solved = re.findall(r"\{solution-start\} +(\S+)", markdown(nb))
    counts = {
        "exercises": len(starts),
        "ends of exercises": markdown(nb).count("{exercise-end}"),
        "ends of solutions": markdown(nb).count("{solution-end}"),
        **{
            f"cells tagged {tag}": sum(tag in tags(cell) for cell in code_cells(nb))
            for tag in KINDS
        },
    }
    wrong = [
        f"{n} {what} for {len(starts)} exercises" for what, n in counts.items() if n != len(starts)
    ]
    if len(starts) < 3:
        wrong.append(f"only {len(starts)} exercises")
    if solved != starts:
        wrong.append(f"the solutions {solved} do not follow the exercises {starts}")
    parts = re.split(r"\{exercise-start\}", markdown(nb))[1:]
    hints = [
        re.search(r"\{dropdown\}[^\n]*Hint", part.split("{exercise-end}")[0]) for part in parts
    ]
    return wrong + [
        f"{label} has no hint" for label, hint in zip(starts, hints, strict=False) if not hint
    ]


KINDS = ("exercise-check", "exercise", "solution")


@rule
def exercises_in_order(nb: NotebookNode, name: str) -> list[str]:
    """The cells of an exercise stand in order: its check, its blank, its solution."""
    order = [kind for cell in code_cells(nb) for kind in KINDS if kind in tags(cell)]
    return (
        []
        if order == list(KINDS) * (len(order) // 3)
        else [f"the cells of the exercises come as {order}"]
    )


@rule
def checks_bite(nb: NotebookNode, name: str) -> list[str]:
    """The check of an exercise refuses the blank with a message and accepts the solution."""
    wrong = []
    for cell in code_cells(nb):
        for tag, verdict in (("exercise", "Not yet: "), ("solution", "Correct: ")):
            said = printed(cell)
            if tag in tags(cell) and not (
                said.startswith(verdict) and len(said) > len(verdict) + 5
            ):
                wrong.append(
                    f"the {tag} cell {cell.id} printed {said[:60]!r}, not {verdict + '…'!r}"
                )
    return wrong


@rule
def blank_differs(nb: NotebookNode, name: str) -> list[str]:
    """The blank is not the solution."""
    cells = [cell for cell in code_cells(nb) if {"exercise", "solution"} & set(tags(cell))]
    return [
        f"the exercise {a.id} shows its solution"
        for a, b in pairwise(cells)
        if a.source == b.source
    ]
