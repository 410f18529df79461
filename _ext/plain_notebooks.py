r"""Give the website what the notebooks say in plain Markdown.

A notebook holds nothing that only the website understands. Its forms are read here:

========================================  =====================================================
in the notebook                           on the website
========================================  =====================================================
``$$ … \tag{3.1} $$``                      a number beside the formula; ``(3.1)`` links to it
a paragraph ``**Figure 3.2.** …``         the caption of the picture above; "Figure 3.2" links to it
a heading ``Exercise 3.1: …``             a box up to the cell that the reader edits; links
a heading ``Solution 3.1``                folded, with links from the exercise and back
a quotation that opens with a bold line   a note with that title
``<a id="term-gate"></a>``                a target of links such as ``notation.md#term-gate``
========================================  =====================================================
"""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

logger = logging.getLogger(__name__)

PAGE = r"(?:N|\d)(?:\.\d+)*"  # N is the notation's page
TAG = re.compile(r"\s*\\tag\{([\w.]+)\}")
FIGURE = re.compile(r"Figure [\d.]+\d(?=\.)")
EXERCISE = re.compile(r"Exercise ([\d.]+\d): ")
SOLUTION = re.compile(r"Solution ([\d.]+\d)")
ANCHOR = re.compile(r'<a id="([^"]+)">')
REFERENCE = re.compile(rf"\({PAGE}\.\d+\)|\b(?:Figure|Exercise|Solution) {PAGE}\.\d+")
# What keeps its text as it is: links, code, and the bold words that open a caption.
UNTOUCHED = (nodes.reference, nodes.literal, nodes.title, nodes.FixedTextElement, nodes.raw)


def bold_start(node: nodes.Node) -> str:
    """Return the bold text that opens a paragraph, or nothing."""
    children = [child for child in node.children if child.astext().strip()]
    opens = isinstance(node, nodes.paragraph) and children
    return children[0].astext() if opens and isinstance(children[0], nodes.strong) else ""


def is_tagged(node: nodes.Node, tag: str) -> bool:
    """Tell whether a node is a code cell with a tag."""
    return isinstance(node, nodes.container) and f"tag_{tag}" in node.get("classes", [])


def key_of(name: str) -> str:
    """Return the anchor of what has a number: ``(3.1)`` is ``equation-3-1``."""
    return re.sub(r"\W+", "-", name.replace("(", "equation ").lower()).strip("-")


def read_forms(app: Sphinx, doctree: nodes.document) -> None:
    """Give an anchor to all that has a number on a page, and make boxes and folds."""
    metadata = app.env.metadata[app.env.docname]
    numbered = metadata["numbered"] = {}

    def enter(node: nodes.Element, name: str) -> None:
        if name in numbered:
            logger.warning("%s occurs twice", name, location=app.env.docname)
        numbered[name] = key_of(name)
        node["ids"].append(numbered[name])

    for node in doctree.findall(nodes.math_block):
        if tag := TAG.search(node.astext()):
            enter(node, f"({tag[1]})")
            node["number"] = tag[
                1
            ]  # Sphinx writes it beside the formula, so that a wide one scrolls
            node[:] = [nodes.Text(TAG.sub("", node.astext()))]
    for node in doctree.findall(nodes.paragraph):
        if found := FIGURE.match(bold_start(node)):
            enter(node, found[0])
    for node in list(doctree.findall(nodes.section)):
        title = node[0].astext()
        if found := EXERCISE.match(title):
            enter(node, f"Exercise {found[1]}")
            box_exercise(node, f"Solution {found[1]}")
        elif found := SOLUTION.match(title):
            enter(node, f"Solution {found[1]}")
            fold_solution(node, f"Exercise {found[1]}")
    for node in list(doctree.findall(nodes.block_quote)):
        title = bold_start(node[0]) if len(node) else ""
        if title and title == node[0].astext().strip():
            note = nodes.admonition("", nodes.title("", title), *node[1:], classes=["note"])
            node.replace_self(note)
    # What MyST knows as the anchors of a page: links to them are checked like those to headings.
    slugs = metadata.setdefault("myst_slugs", {})
    for node in doctree.findall(nodes.raw):
        slugs.update({key: (node.line, key, key) for key in ANCHOR.findall(node.astext())})


def box_exercise(section: nodes.section, solution: str) -> None:
    """End the section of an exercise after the cell that the reader edits."""
    cells = [k for k, node in enumerate(section) if is_tagged(node, "exercise")]
    end = cells[-1] + 1 if cells else len(section)
    place = section.parent.index(section) + 1
    rest, section[end:] = section[end:], [nodes.paragraph("", solution, classes=["solved"])]
    section["classes"].append("exercise")
    section.parent[place:place] = rest


def fold_solution(section: nodes.section, exercise: str) -> None:
    """Put what follows the title of a solution into a dropdown."""
    opening = '<details class="solution"><summary>Show the solution</summary>'
    back = nodes.paragraph("", exercise, classes=["solved"])
    section[1:] = [
        back,
        nodes.raw("", opening, format="html"),
        *section[1:],
        nodes.raw("", "</details>", format="html"),
    ]


class LinkForms(SphinxPostTransform):
    """Link numbers to what has them, and put captions under their pictures."""

    default_priority = 400  # after MyST-NB has chosen the pictures

    def run(self) -> None:
        """Change a page that is about to be written."""
        self.targets = {
            name: (page, key)
            for page, metadata in self.env.metadata.items()
            for name, key in metadata.get("numbered", {}).items()
        }
        for node in list(self.document.findall(nodes.Text)):
            if not is_untouched(node):
                node.parent.replace(node, self.linked(node.astext()))
        image = None
        for node in list(self.document.findall()):
            if isinstance(node, nodes.image):
                image = node
            elif image and isinstance(node, nodes.paragraph) and FIGURE.match(bold_start(node)):
                figure = nodes.figure("", ids=node["ids"], align="default")
                image.replace_self(figure)
                figure += [image, nodes.caption("", "", *node.children)]
                node.parent.remove(node)
                image = None

    def linked(self, text: str) -> list[nodes.Node]:
        """Return a text in pieces, with a link for each number that something has."""
        parts: list[nodes.Node] = []
        done = 0
        for found in REFERENCE.finditer(text):
            if found[0] not in self.targets:
                if not found[0].startswith("("):
                    logger.warning("%s does not exist", found[0], location=self.env.docname)
                continue
            page, key = self.targets[found[0]]
            uri = self.app.builder.get_relative_uri(self.env.docname, page) + f"#{key}"
            parts.append(nodes.Text(text[done : found.start()]))
            parts.append(nodes.reference("", found[0], refuri=uri, internal=True))
            done = found.end()
        return [*parts, nodes.Text(text[done:])]


def is_untouched(node: nodes.Node) -> bool:
    """Tell whether a text is part of a link, of code, or of the bold start of a caption."""
    child, parent = node, node.parent
    while parent:
        if isinstance(parent, UNTOUCHED):
            return True
        if isinstance(parent, nodes.paragraph) and isinstance(child, nodes.strong):
            return child.astext() == bold_start(parent) and bool(FIGURE.match(child.astext()))
        child, parent = parent, parent.parent
    return False


def setup(app: Sphinx) -> dict[str, bool]:
    """Register this with Sphinx."""
    app.connect("doctree-read", read_forms)
    app.add_post_transform(LinkForms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
