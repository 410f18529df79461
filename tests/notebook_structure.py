"""What every chapter must look like: one small function for each rule.

Each takes a parsed notebook and the number of its page, and returns its faults, a sentence each; no
fault means an empty list. The form of a page is described in CONTRIBUTING.md.
"""

import ast
import re
from collections.abc import Callable, Iterator

import nbformat
from nbformat import NotebookNode

from tools.pages import tags

__all__ = ["RULES", "faults", "printed"]

Rule = Callable[[NotebookNode, str], list[str]]
RULES: dict[str, Rule] = {}

MAX_LINES = 25
MAX_COLUMNS = 79  # longer lines are cut off on the page
MAX_OPEN_PLOT = 5  # lines of a plot that is not folded
MAX_BYTES = 500_000
FENCE = re.compile(r"^(`{3,}|~{3,}|\$\$)[^\n]*\n.*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
FORMULA = re.compile(r"^\$\$\n(.*?)^\$\$$", re.MULTILINE | re.DOTALL)
MACHINE_PATH = re.compile(
    r"(?:/home|/root|/tmp|/Users|/work|/opt|/usr|/var)/\w|[A-Z]:\\+\w|site-packages"
)
ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]+")
# What only the website would resolve: roles, directives, targets, fences with colons.
SITE_ONLY = re.compile(
    r"\{[a-z]+(?::[a-z]+)?\}`[^`]*`|^[ >]*(?:`{3,}|:{3,})\{[\w-]+\}.*|^:::+ *$|^\([\w-]+\)=|^:\w+:"
    r"|^> \[!.*",
    re.MULTILINE,
)


def rule(check: Rule) -> Rule:
    """Enter a check into the list of rules under its name."""
    RULES[check.__name__] = check
    return check


def faults(nb: NotebookNode, page: str) -> list[str]:
    """Return the faults that all rules find in a notebook."""
    return [f"{key}: {fault}" for key, check in RULES.items() for fault in check(nb, page)]


# Parts of a notebook --------------------------------------------------------------------------


def code_cells(nb: NotebookNode) -> list[NotebookNode]:
    """Return the code cells that hold code."""
    return [cell for cell in nb.cells if cell.cell_type == "code" and cell.source.strip()]


def markdown(nb: NotebookNode) -> str:
    """Return all text of the notebook."""
    return "\n\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")


def prose(text: str) -> str:
    """Return text without its fenced blocks: code and formulas."""
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


def surely_calls(cell: NotebookNode, name: str) -> bool:
    """Tell whether running a cell surely calls the function ``name``."""

    def calls(statement: ast.stmt) -> bool:
        if isinstance(statement, ast.For | ast.With):
            return any(map(calls, statement.body))
        call = statement.value if isinstance(statement, ast.Expr) else None
        return isinstance(call, ast.Call) and ast.unparse(call.func) == name

    if "raises-exception" in tags(cell):
        return False
    lines = [line for line in cell.source.split("\n") if not line.lstrip().startswith(("%", "!"))]
    try:
        return any(map(calls, ast.parse("\n".join(lines)).body))
    except SyntaxError:  # a magic was all that a block held
        return False


def counted(numbers: list[str], page: str, what: str) -> list[str]:
    """Return a fault unless the numbers of a page are N.1, N.2, … in order."""
    expected = [f"{page}.{k}" for k in range(1, len(numbers) + 1)]
    return [] if numbers == expected else [f"the {what} are numbered {numbers}, not {expected}"]


# Stored outputs -------------------------------------------------------------------------------


@rule
def execution_counts(nb: NotebookNode, page: str) -> list[str]:
    """All cells were executed, once and in order."""
    counts = [cell.execution_count for cell in code_cells(nb)]
    expected = list(range(1, len(counts) + 1))
    return [] if counts == expected else [f"execution counts are {counts}, not 1 to {len(counts)}"]


@rule
def outputs_present(nb: NotebookNode, page: str) -> list[str]:
    """A cell that prints or plots has stored what it printed or plotted."""
    wrong = []
    for cell in code_cells(nb):
        if surely_calls(cell, "print") and not printed(cell):
            wrong.append(f"cell {cell.id} prints and has no printed output")
        if surely_calls(cell, "plt.show") and not images(cell):
            wrong.append(f"cell {cell.id} shows a figure and has none stored")
    return wrong


@rule
def clean_outputs(nb: NotebookNode, page: str) -> list[str]:
    """Nothing on stderr, no error without its tag, and no SVG (nbval compares its text)."""
    wrong = []
    for cell in code_cells(nb):
        kinds = {kind for output in cell.outputs for kind in output.get("data", {})}
        errors = [output.ename for output in cell.outputs if output.output_type == "error"]
        if any(output.get("name") == "stderr" for output in cell.outputs):
            wrong.append(f"cell {cell.id} wrote to stderr")
        if bool(errors) != ("raises-exception" in tags(cell)):
            wrong.append(f"cell {cell.id} has errors {errors}, tags {tags(cell)}")
        if "image/svg+xml" in kinds:
            wrong.append(f"cell {cell.id} has an SVG output")
    return wrong


@rule
def no_machine(nb: NotebookNode, page: str) -> list[str]:
    """No path of somebody's machine and no address in memory."""
    wrong = []
    for cell in nb.cells:
        for text in [cell.source, *(texts(cell) if cell.cell_type == "code" else [])]:
            if found := MACHINE_PATH.search(text) or ADDRESS.search(text):
                wrong.append(f"cell {cell.id} names {found[0]!r}")
    return wrong


@rule
def few_ignored(nb: NotebookNode, page: str) -> list[str]:
    """At most two cells are exempt from the comparison of outputs."""
    skipped = {"nbval-ignore-output", "nbval-skip"}
    ignored = [cell.id for cell in code_cells(nb) if skipped & set(tags(cell))]
    return [] if len(ignored) <= 2 else [f"{len(ignored)} cells are not compared: {ignored}"]


@rule
def normal_size(nb: NotebookNode, page: str) -> list[str]:
    """The file stays small."""
    size = len(nbformat.writes(nb).encode())
    return [] if size < MAX_BYTES else [f"{size:,} bytes are more than {MAX_BYTES:,}"]


# Code -----------------------------------------------------------------------------------------


@rule
def fits_the_page(nb: NotebookNode, page: str) -> list[str]:
    """A code cell fits on a screen, and its lines into the column."""
    wrong = []
    for cell in code_cells(nb):
        lines = cell.source.split("\n")
        if len(lines) > MAX_LINES:
            wrong.append(f"cell {cell.id} has {len(lines)} lines, more than {MAX_LINES}")
        too_long = "setup" not in tags(cell) and max(map(len, lines)) > MAX_COLUMNS
        wrong += [f"cell {cell.id} has a line over {MAX_COLUMNS} characters"] if too_long else []
    return wrong


@rule
def long_plots_folded(nb: NotebookNode, page: str) -> list[str]:
    """A plot of more than five lines is out of sight on the site and in JupyterLab."""
    wrong = []
    for cell in code_cells(nb):
        folded = "hide-input" in tags(cell) and cell.metadata.get("jupyter", {}).get(
            "source_hidden"
        )
        if images(cell) and len(cell.source.split("\n")) > MAX_OPEN_PLOT and not folded:
            wrong.append(f"cell {cell.id} plots in more than {MAX_OPEN_PLOT} lines and is open")
    return wrong


@rule
def no_semicolons(nb: NotebookNode, page: str) -> list[str]:
    """No line ends in a semicolon: nbval would see the output that it hides."""
    ends = re.compile(r";\s*$", re.MULTILINE)
    found = [cell.id for cell in code_cells(nb) if ends.search(cell.source)]
    return [f"cell {name} has a trailing semicolon" for name in found]


# Text -----------------------------------------------------------------------------------------


@rule
def plain_markdown(nb: NotebookNode, page: str) -> list[str]:
    """Nothing that only the website resolves."""
    found = SITE_ONLY.findall(re.sub(r"^(`{3,})\w*\n.*?^\1$", "", markdown(nb), flags=re.M | re.S))
    wrong = [f"only the website resolves {markup!r}" for markup in found]
    glue = [cell.id for cell in code_cells(nb) if "myst_nb" in cell.source]
    return wrong + [f"cell {name} imports from myst_nb" for name in glue]


@rule
def formulas_numbered(nb: NotebookNode, page: str) -> list[str]:
    """Numbered formulas are counted in order, and each renders in MathJax and in KaTeX."""
    text = markdown(nb)
    wrong = counted(re.findall(r"\\tag\{([^}]*)\}", text), page, "formulas")
    if text.count("$$") != 2 * len(FORMULA.findall(text)):
        wrong.append("a formula does not have its $$ on lines of their own")
    for body in FORMULA.findall(text):
        bare = re.sub(r"\\begin\{(\w+)\}.*?\\end\{\1\}", "", body, flags=re.S)
        if re.search(r"(?<!\\)&|\\\\", bare):
            wrong.append(f"an & or \\\\ outside of aligned: {body[:40]!r}")
        if body.count(r"\tag") > 1 or "\n\n" in body:
            wrong.append(f"two tags, or an empty line, in one formula: {body[:40]!r}")
    return wrong


@rule
def figures_described(nb: NotebookNode, page: str) -> list[str]:
    """Every picture has a numbered caption right below it, and a text for who cannot see it."""
    wrong, numbers = [], []
    for k, cell in enumerate(nb.cells):
        if cell.cell_type != "code" or not images(cell):
            continue
        below = nb.cells[k + 1].source if k + 1 < len(nb.cells) else ""
        caption = re.match(r"\*\*Figure ([\d.]+)\.\*\* \S", below)
        numbers += [caption[1]] if caption else []
        if not caption:
            wrong.append(f"no caption below the picture of cell {cell.id}")
        if not cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "").strip():
            wrong.append(f"the picture of cell {cell.id} has no alternative text")
        if len(images(cell)) > 1:
            wrong.append(f"cell {cell.id} has more than one picture")
    n_captions = len(re.findall(r"^\*\*Figure [\d.]+\.\*\*", markdown(nb), re.M))
    if n_captions != len(numbers):
        wrong.append(f"{n_captions} captions for {len(numbers)} pictures")
    return wrong + counted(numbers, page, "figures")


@rule
def one_title(nb: NotebookNode, page: str) -> list[str]:
    """One title, and the page starts with it."""
    titles = headings(nb, 1)
    starts = nb.cells[0].cell_type == "markdown" and nb.cells[0].source.startswith("# ")
    right = len(titles) == 1 and starts
    return [] if right else [f"titles {titles}; the first cell must begin with the one"]


@rule
def objectives_and_summary(nb: NotebookNode, page: str) -> list[str]:
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
def closing_sections(nb: NotebookNode, page: str) -> list[str]:
    """The page ends with a summary, reading, the way on, and the solutions."""
    way_on = "Where to go next" if page == "6" else "What comes next"
    expected = ["Summary", "Further reading", way_on, "Solutions"]
    last = headings(nb, 2)[-4:]
    return [] if last == expected else [f"the last sections are {last}, not {expected}"]


# A full stop, closing marks, a space and a capital: two sentences on a line.
TWO_SENTENCES = re.compile(r"(?P<word>[\w)\]`*%$]+)[.!?][\"')\]*_”]* +(?=[A-Z][a-z]*\b)")
ABBREVIATIONS = {"al", "cf", "e.g", "eq", "etc", "i.e", "no", "pp", "St", "vs"}


@rule
def one_sentence_a_line(nb: NotebookNode, page: str) -> list[str]:
    """A source line holds one sentence, so that a change shows as one."""
    wrong = []
    for line in prose(markdown(nb)).split("\n"):
        if line.lstrip().startswith(("|", "#", ":", ">", "<", "**Figure")):
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
def exercises_complete(nb: NotebookNode, page: str) -> list[str]:
    """Three exercises or more, in order, each with a hint and one cell to edit; then solutions."""
    found = re.findall(r"^### Exercise ([\d.]+): \S.*$", markdown(nb), re.M)
    wrong = counted(found, page, "exercises")
    if len(found) < 3:
        wrong.append(f"only {len(found)} exercises")
    solved = re.findall(r"^### Solution ([\d.]+)$", markdown(nb), re.M)
    if solved != found:
        wrong.append(f"the solutions {solved} do not match the exercises {found}")
    kinds = [tag for cell in code_cells(nb) for tag in tags(cell) if tag in VERDICTS]
    if kinds != sorted(kinds) or kinds.count("exercise") != len(found):
        wrong.append(f"the cells of {len(found)} exercises are {kinds}")
    for text in re.split(r"^### Exercise ", markdown(nb), flags=re.M)[1:]:
        if "<details><summary>Hint</summary>\n\n" not in re.split(r"^#", text, flags=re.M)[0]:
            wrong.append(f"exercise {text[:12]!r} has no hint")
    (folded,) = [c for c in nb.cells if c.source.startswith("## Solutions")] or [nb.cells[0]]
    if not folded.metadata.get("jp-MarkdownHeadingCollapsed"):
        wrong.append("the heading 'Solutions' is not collapsed in JupyterLab")
    return wrong


VERDICTS = {"exercise": "Not yet: ", "solution": "Correct: "}


@rule
def verdicts_stored(nb: NotebookNode, page: str) -> list[str]:
    """The check refuses the cell that readers start from, and accepts the solution."""
    wrong = []
    for cell in code_cells(nb):
        for tag in set(tags(cell)) & set(VERDICTS):
            if tag == "solution" and "check(" not in cell.source:
                continue  # a solution may have a second cell, for its figure
            if not re.search(rf"^{VERDICTS[tag]}\S.{{4,}}", printed(cell), re.M):
                wrong.append(f"the {tag} cell {cell.id} printed {printed(cell)[:60]!r}")
    return wrong
