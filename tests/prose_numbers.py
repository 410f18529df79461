"""Numbers in the text of a page, and what proves them: a cell above printed them.

A bold number is a result.  One of the last two cells above it that printed something, in its own
section (``##``), printed the same digits in the same unit.  In the first cell of a page, in its
summary, or in a paragraph that links to another page, a bold number may repeat one that is proved
on this page or on the page linked to.

A number that is not bold, but has a decimal point, a comma or a percent sign, is printed somewhere
on the page, or is in its code or formulas, as a setting is, or its paragraph names a source.

>>> same("91.9%", "91.9 %"), same("5513", "5,513"), same("-0.3", "−0.3"), same("0.919", "91.9 %")
(True, True, True, False)
"""

import posixpath
import re
from dataclasses import dataclass

__all__ = ["Number", "numbers_of", "same", "unproved"]

DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[-+]?\d+)?(?: ?%)?"
NUMBER = re.compile(rf"(?<![\w.,^_])[-−]?{DIGITS}(?![\w^])")
BOLD = re.compile(r"\*\*(?!\s)(.+?)\*\*")
# Code, formulas, links, headings, and numbers that are names: of figures, exercises, versions.
NOT_PROSE = re.compile(
    r"^(`{3,}|\$\$).*?^\1 *$|`[^`]*`|\$[^$\n]*\$|\]\([^)]*\)|<[^>\n]*>|^#[^\n]*$"
    r"|\b(?:Figure|Exercise|Solution|Table|[Cc]hapter|[Ss]ection|Python|NumPy|Theano|CC BY)"
    r" [\d.]*\d(?:(?:, | and | to | or )\d[\d.]*\d)*|\(\d+(?:\.\d+)+\)",
    re.MULTILINE | re.DOTALL,
)
FORMULA = re.compile(r"^\$\$(.*?)^\$\$|`([^`]*)`|\$([^$\n]*)\$", re.MULTILINE | re.DOTALL)
PAGE = re.compile(r"\]\(([^)#\s]+\.ipynb)")
SOURCE = re.compile(r"\]\((?:[^)\s]*bibliography\.md#|https?:)")


@dataclass
class Number:
    """A number in the text that needs a proof."""

    cell: str  # the id of its cell
    start: int  # where it begins in the source of the cell
    text: str
    bold: bool
    printed: bool  # by one of the last two cells above it in its section
    paragraph: str
    ending: bool  # in the first cell of the page, or in its summary


def same(printed: str, said: str) -> bool:
    """Tell whether two numbers have the same digits and the same unit."""
    return bare(printed) == bare(said)


def bare(number: str) -> str:
    """Return a number without spaces and commas."""
    return number.replace("−", "-").replace(",", "").replace(" ", "")


def sections(nb: dict) -> list[list[dict]]:
    """Cut the cells at each ``## heading``, also where a cell has one in its middle."""
    found: list[list[dict]] = [[]]
    for cell in nb["cells"]:
        source, start = "".join(cell["source"]), 0
        if cell["cell_type"] == "code":
            found[-1].append(cell)
            continue
        for part in re.split(r"^(?=## )", source, flags=re.MULTILINE):
            if part.startswith("## "):
                found.append([])
            found[-1].append(cell | {"source": part, "start": start})
            start += len(part)
    return found


def numbers_of(nb: dict) -> list[Number]:
    """Return the numbers in the text of a notebook that need a proof, in order."""
    found = []
    for section in sections(nb):
        printed: list[set[str]] = []
        for cell in section:
            if cell["cell_type"] == "code":
                printed += [numbers] if (numbers := printed_by(cell)) else []
            else:
                ending = cell["id"] == nb["cells"][0]["id"]
                ending |= section[0]["source"].startswith("## Summary")
                found += numbers_in(cell, set().union(*printed[-2:]), ending)
    return found


def numbers_in(cell: dict, printed: set[str], ending: bool) -> list[Number]:
    """Return the numbers in one text that need a proof."""
    prose = NOT_PROSE.sub(lambda match: " " * len(match[0]), cell["source"])
    bold = [range(*match.span()) for match in BOLD.finditer(prose)]
    found = []
    for match in NUMBER.finditer(prose):
        is_bold = any(match.start() in span for span in bold)
        if is_bold or re.search(r"[.,%]", match[0]):
            place = cell["start"] + match.start()
            paragraph = paragraph_at(cell["source"], match.start())
            proved = bare(match[0]) in printed
            number = Number(cell["id"], place, match[0], is_bold, proved, paragraph, ending)
            found.append(number)
    return found


def printed_by(cell: dict) -> set[str]:
    """Return the numbers that a cell printed or returned."""
    texts = []
    for output in cell.get("outputs", []):
        texts.append("".join(output.get("text", "")))
        if "image/png" not in output.get("data", {}):
            texts.append("".join(output.get("data", {}).get("text/plain", "")))
    return set(map(bare, NUMBER.findall("\n".join(texts))))


def known_on(nb: dict) -> set[str]:
    """Return all numbers that a page prints, or has in its code and formulas."""
    found: set[str] = set()
    for cell in nb["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            found |= printed_by(cell)
        else:
            source = " ".join("".join(groups) for groups in FORMULA.findall(source))
        found |= set(map(bare, NUMBER.findall(source)))
    return found | {
        f"{float(number):.0%}" for number in found if re.fullmatch(r"0?\.\d\d?", number)
    }


def paragraph_at(source: str, place: int) -> str:
    """Return the paragraph around a place in a text."""
    start = source.rfind("\n\n", 0, place) + 1
    end = source.find("\n\n", place)
    return source[start : end if end >= 0 else len(source)]


def unproved(notebooks: dict, page: str) -> list[str]:
    """Return what nothing proves on a page among ``{path: notebook}``, a line each."""
    here, known = numbers_of(notebooks[page]), known_on(notebooks[page])
    sure = {bare(number.text) for number in here if number.bold and number.printed}
    wrong = []
    for number in here:
        where = f"cell {number.cell}: {number.text}"
        if re.fullmatch(r"\d", number.text):
            wrong.append(f"{where} is bold, and one digit is too little to prove")
        elif number.printed or (
            not number.bold and (bare(number.text) in known or SOURCE.search(number.paragraph))
        ):
            continue
        elif bare(number.text) not in (sure if number.ending else set()) | linked(
            notebooks, page, number
        ):
            wrong.append(
                f"{where} is bold, and not printed just above"
                if number.bold
                else f"{where} is neither printed nor set on this page"
            )
    return wrong


def linked(notebooks: dict, page: str, number: Number) -> set[str]:
    """Return the bold numbers that are proved on the pages to which a paragraph links."""
    paths = [
        posixpath.join(posixpath.dirname(page), link) for link in PAGE.findall(number.paragraph)
    ]
    pages = [notebooks[path] for path in map(posixpath.normpath, paths) if path in notebooks]
    return {bare(n.text) for nb in pages for n in numbers_of(nb) if n.bold and n.printed}
