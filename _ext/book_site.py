"""What the website needs and neither Jupyter Book nor its theme offers by a setting.

* theme options beside the ones that Jupyter Book derives from ``_config.yml``
* no sphinx_thebe: Jupyter Book always loads it, twice, and it names a script on another host
* a description and a social card for each page (Open Graph)
* two fixes of the HTML for screen readers
* the directive ``notebook-figure``: a figure of a chapter, shown on another page
"""

from __future__ import annotations

import base64
import html
import json
import os
from itertools import pairwise
from pathlib import Path
from typing import ClassVar
from urllib.parse import urljoin

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)

# Options of sphinx-book-theme. Setting `html_theme_options` in _config.yml would replace all of
# them, the launch buttons among them.
THEME_OPTIONS = {
    "logo": {"text": "Recurrent Neural Networks with Theano", "alt_text": ""},
    "show_toc_level": 2,
    "show_navbar_depth": 1,
    "toc_title": "On this page",
}
SOCIAL_CARD = "_static/social-card.png"
DESCRIPTION_LENGTH = 200


def add_theme_options(app: Sphinx, config: Config) -> None:
    """Add the options above to those that come from ``_config.yml``."""
    config.html_theme_options = {**THEME_OPTIONS, **config.html_theme_options}


def remove_thebe(app: Sphinx) -> None:
    """Undo what sphinx_thebe has registered: its callbacks and its style sheet."""
    for listeners in app.events.listeners.values():
        listeners[:] = [
            listener
            for listener in listeners
            if not listener.handler.__module__.startswith("sphinx_thebe")
        ]
    app.registry.css_files[:] = [
        (name, attributes) for name, attributes in app.registry.css_files if "thebe" not in name
    ]


def describe(doctree: nodes.document | None) -> str:
    """Return the first paragraph of a page, cut at a word."""
    paragraph = doctree.next_node(nodes.paragraph) if doctree else None
    text = " ".join(paragraph.astext().split()) if paragraph else ""
    if len(text) > DESCRIPTION_LENGTH:
        text = text[:DESCRIPTION_LENGTH].rsplit(" ", 1)[0] + " …"
    return text


def add_social_card(app, pagename, templatename, context, doctree) -> None:
    """Put title, description and picture of a page into its head."""
    title = context.get("title") or app.config.html_title
    tags = {
        "og:type": "article" if doctree else "website",
        "og:site_name": app.config.html_title,
        "og:title": " ".join(nodes.unescape(title).split()),
        "og:description": describe(doctree),
        "og:url": urljoin(app.config.html_baseurl, f"{pagename}.html"),
        "og:image": urljoin(app.config.html_baseurl, SOCIAL_CARD),
        "og:image:width": "1200",
        "og:image:height": "630",
        "og:image:alt": "Title of the book above a recurrent network unrolled over five steps",
    }
    lines = [
        f'<meta property="{name}" content="{html.escape(html.unescape(value))}">'
        for name, value in tags.items()
        if value
    ]
    lines.append('<meta name="twitter:card" content="summary_large_image">')
    if tags["og:description"]:
        lines.append(f'<meta name="description" content="{html.escape(tags["og:description"])}">')
    context["metatags"] = context.get("metatags", "") + "\n" + "\n".join(lines) + "\n"


def mend_html(app, pagename, templatename, context, doctree) -> None:
    """Fix two faults that a screen reader would meet.

    Every output that scrolls sideways must be reachable by keyboard, and the theme's button that
    unfolds the pages under a chapter has no name.
    """
    make_toctree = context["generate_toctree_html"]
    context["generate_toctree_html"] = lambda *args, **options: str(
        make_toctree(*args, **options)
    ).replace("<summary>", '<summary aria-label="Pages under this chapter">')
    body = context.get("body")
    if not body:
        return
    context["body"] = body.replace(
        '<div class="output text_html">', '<div class="output text_html" tabindex="0">'
    )


class NotebookFigure(SphinxDirective):
    """Show a figure of a chapter on another page, always as the chapter has it.

    The argument is ``path/of/notebook.ipynb::Figure 5.4``: the path from the top of the book, and
    the number in the caption. The body appears below the picture.
    """

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar = {"alt": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        """Write the figure beside the doctrees and return the nodes that show it."""
        path, _, name = self.arguments[0].partition("::")
        notebook = Path(self.env.srcdir, path)
        self.env.note_dependency(str(notebook))
        image, alt = find_figure(notebook, name)
        if image is None:
            logger.warning("no figure %r in %s", name, path, location=self.get_location())
            return []
        file_name = f"{name.lower().replace(' ', '-')}.png"
        target = Path(self.env.app.doctreedir, "notebook-figures", file_name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(image)
        here = Path(self.env.doc2path(self.env.docname)).parent
        figure = nodes.figure("", align="default")
        figure += nodes.image(
            uri=Path(os.path.relpath(target, here)).as_posix(), alt=self.options.get("alt", alt)
        )
        legend = nodes.legend()  # not a caption: the figure has its number in its chapter
        self.state.nested_parse(self.content, self.content_offset, legend)
        figure += legend
        return [figure]


def find_figure(notebook: Path, name: str) -> tuple[bytes | None, str]:
    """Return the PNG above the caption that opens with ``name``, and its alternative text."""
    if not notebook.is_file():
        return None, ""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    for cell, after in pairwise(cells):
        if "".join(after["source"]).startswith(f"**{name}.**"):
            alt = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")
            for output in cell.get("outputs", []):
                if png := output.get("data", {}).get("image/png"):
                    return base64.b64decode("".join(png)), alt
    return None, ""


def setup(app: Sphinx) -> dict[str, bool]:
    """Register all of this with Sphinx."""
    remove_thebe(app)
    app.connect("config-inited", add_theme_options, priority=100)
    app.connect("html-page-context", add_social_card)
    app.connect("html-page-context", mend_html, priority=900)  # after the theme
    app.add_directive("notebook-figure", NotebookFigure)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
