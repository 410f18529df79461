"""Put on each page with code cells what runs them in the reader's browser.

``tools/pyodide.py`` assembles Pyodide in ``.cache/site`` while Sphinx reads the pages. Where it
cannot, the pages stay as they are, without Run buttons.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging

logger = logging.getLogger(__name__)

SET = ".cache/site/pyodide"
# What the set is made of, besides the packages whose digests the tool names.
INPUTS = ["_static", "data", "pyproject.toml", "rnn_exercises", "rnn_lib", "tools"]


def lock(app: Sphinx) -> Path | None:
    """Return the path of the set's list of packages; None where there is no set."""
    path = Path(app.confdir, SET, "pyodide-lock.json")
    return path if path.is_file() else None


def start_assembly(app: Sphinx, config: Config) -> None:
    """Start the tool, and take a digest of all that runs in the page.

    The pages name the digest, so that a browser does not mix two states of the scripts; with
    another one, all pages are written anew.
    """
    app.assembly = subprocess.Popen([sys.executable, "tools/pyodide.py"], cwd=app.confdir)
    digest = hashlib.sha256()
    for name in INPUTS:
        top = Path(app.confdir, name)
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(path.read_bytes())
    config.run_in_page_version = digest.hexdigest()[:12]


def wait_for_assembly(app: Sphinx, env: object) -> None:
    """Wait until the set is whole, before the first page is written."""
    if app.assembly.wait():
        raise RuntimeError("tools/pyodide.py failed: see its message above")


def copy_set(app: Sphinx, exception: Exception | None) -> None:
    """Copy the set and the wheel of rnn_lib into the website, in place of earlier ones."""
    for wheel in Path(app.confdir, SET).parent.glob("rnn_lib-*.whl"):
        shutil.copy(wheel, app.outdir)
    target = Path(app.outdir, "pyodide")
    shutil.rmtree(target, ignore_errors=True)
    if found := lock(app):
        shutil.copytree(found.parent, target)


def name_cells(app: Sphinx, doctree: nodes.document) -> None:
    """Give each code cell the id that it has in the notebook: text that is kept finds its cell."""
    source = Path(app.env.doc2path(app.env.docname))
    if source.suffix != ".ipynb":
        return
    cells = json.loads(source.read_text(encoding="utf-8"))["cells"]
    for node in doctree.findall(nodes.container):
        if node.get("nb_element") == "cell_code":
            node["ids"].append(f"cell-{cells[node['cell_index']]['id']}")


def add_script(app, pagename, templatename, context, doctree) -> None:
    """Add the script to a page with code cells."""
    found = lock(app)
    if doctree is None or not found:
        return
    if not any(n.get("nb_element") == "cell_code" for n in doctree.findall(nodes.container)):
        return
    app.add_js_file(
        "browser/page.mjs",
        type="module",
        **{
            "data-pyodide": context["pathto"]("pyodide/", resource=True),
            "data-version": app.config.run_in_page_version,
            "data-bytes": str(sum(path.stat().st_size for path in found.parent.iterdir())),
            "data-folder": pagename.rpartition("/")[0],
        },
    )


def setup(app: Sphinx) -> dict[str, bool]:
    """Register this with Sphinx."""
    app.add_config_value("run_in_page_version", "", "html")
    app.connect("config-inited", start_assembly)
    app.connect("env-updated", wait_for_assembly)
    app.connect("doctree-read", name_cells)
    app.connect("html-page-context", add_script)
    app.connect("build-finished", copy_set)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
