"""Put the script of the explorers (``_static/explorers``) on the pages that have one.

A page has an explorer where its text holds ``<div class="explorer" data-explorer="...">`` with a
sentence in it, for those whose browser runs no script and for readers in Jupyter.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

FILES = "_static/explorers"
NAMES = "data/results/names.npz"  # the third explorer reads it as it is


def note_version(app: Sphinx, config: Config) -> None:
    """Take a digest of all files: pages name it, so that a browser does not mix two states."""
    paths = [*sorted(Path(app.confdir, FILES).iterdir()), Path(app.confdir, NAMES)]
    content = b"".join(path.read_bytes() for path in paths)
    config.explorers_version = hashlib.sha256(content).hexdigest()[:12]


def add_script(app, pagename, templatename, context, doctree) -> None:
    """Add the script to a page with an explorer."""
    if 'data-explorer="' in context.get("body", ""):
        version = {"data-explorers": app.config.explorers_version}
        app.add_js_file("explorers/page.mjs", type="module", **version)


def copy_names(app: Sphinx, exception: Exception | None) -> None:
    """Put the parameters of the language model beside the other files."""
    if exception is None and app.builder.format == "html":
        shutil.copy(Path(app.confdir, NAMES), Path(app.outdir, FILES))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register this with Sphinx."""
    app.add_config_value("explorers_version", "", "html")
    app.connect("config-inited", note_version)
    app.connect("html-page-context", add_script)
    app.connect("build-finished", copy_names)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
