"""The notebooks where readers open them: in JupyterLab, as HTML by nbconvert, and by KaTeX.

KaTeX sets the formulas of VS Code. GitHub and Colab cannot be run here: the rules of
``notebook_structure.py`` hold what their documentation says. ``make test`` opens two notebooks in
JupyterLab, ``make test-browser`` all.
"""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest
from pages import CI

from tools.pages import CHAPTERS, ROOT, pages, read

nbconvert = pytest.importorskip("nbconvert", reason="the first environment has nbconvert")
KATEX = "0.19.1"
SOME = ("03_architecture", "names")
PAGES = [
    pytest.param(page, marks=[] if page.stem in SOME else pytest.mark.whole, id=page.stem)
    for page in pages()
]
RAW = re.compile(r"\{[a-z]+(?::[a-z]+)?\}`|:::|\$\$|\\tag|\\begin\{|<details|\]\(|\*\*\w")


# KaTeX -------------------------------------------------------------------------------------------


def formulas(text):
    """Return the displayed and the other formulas of a text, without its code."""
    text = re.sub(r"^(`{3,}).*?^\1 *$|`[^`\n]*`", "", text, flags=re.M | re.S)
    displayed = re.findall(r"^[> ]*\$\$\n(.*?)^[> ]*\$\$", text, re.M | re.S)
    rest = re.sub(r"\$\$.*?\$\$", "", text, flags=re.S)
    return [(f, True) for f in displayed] + [(f, False) for f in re.findall(r"\$([^$]+)\$", rest)]


@pytest.fixture(scope="module")
def katex():
    """A function that sets formulas, and returns what KaTeX says of each: nothing, or an error."""
    folder = ROOT / ".cache" / "katex"
    if not shutil.which("npm"):
        (pytest.fail if CI else pytest.skip)("no npm: KaTeX was not asked")
    if not (folder / "node_modules" / "katex" / "package.json").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", f"katex@{KATEX}"]
        subprocess.run(install, cwd=folder, check=True)
    script = """
        const katex = require("katex");
        const all = JSON.parse(require("fs").readFileSync(0));
        console.log(JSON.stringify(all.map(([formula, displayMode]) => {
          try { katex.renderToString(formula, { displayMode, strict: false }); return ""; }
          catch (error) { return error.message; }
        })));
    """

    def say(found):
        options = {"input": json.dumps(found), "capture_output": True, "text": True}
        done = subprocess.run(["node", "-e", script], cwd=folder, check=True, **options)
        return json.loads(done.stdout)

    return say


def test_katex_sets_every_formula(katex):
    texts = {"notation": (ROOT / "notation.md").read_text("utf-8")}
    for page in pages():
        cells = [c.source for c in read(page).cells if c.cell_type == "markdown"]
        texts[page.stem] = "\n\n".join(cells)
    for name, text in texts.items():
        found = formulas(text)
        errors = [(f, said) for (f, _), said in zip(found, katex(found), strict=True) if said]
        assert errors == [], name
    assert sum(len(formulas(text)) for text in texts.values()) > 400


def test_katex_would_find_a_fault(katex):
    assert katex([("a &= b", True), (r"x^2", False)])[0] != ""


# nbconvert ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_nbconvert_shows_no_raw_markup(page):
    html, _ = nbconvert.HTMLExporter(exclude_input=True).from_notebook_node(read(page))
    body = html.partition("<main>")[2]
    text = re.sub(
        r"<div class=\"jp-OutputArea.*?</pre>|<code>.*?</code>|<[^>]+>", " ", body, flags=re.S
    )
    text = re.sub(r"\$\$.*?\$\$|\$[^$\n]+\$", "", text, flags=re.S)  # MathJax sets these
    assert not (found := RAW.search(text)), text[found.start() - 60 : found.end() + 60]
    assert len(re.findall(r"Figure [\d.]+\.</strong>", body)) == html.count("<img alt=")


# JupyterLab --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab with a copy of the chapters, as on a new machine."""
    top = tmp_path_factory.mktemp("lab")
    shutil.copytree(CHAPTERS, top / "book" / "chapters")
    for name in ("notation.md", "bibliography.md"):
        shutil.copy(ROOT / name, top / "book")
    home, token = top / "home", secrets.token_hex(8)
    tracker = home / "settings" / "@jupyterlab" / "notebook-extension"
    tracker.mkdir(parents=True)
    settings = {"windowingMode": "none"}  # all cells are in the page, not only those in sight
    (tracker / "tracker.jupyterlab-settings").write_text(json.dumps(settings))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    names = ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    environment = {**os.environ, **dict.fromkeys(names, str(home)), "JUPYTER_PREFER_ENV_PATH": "1"}
    environment["JUPYTERLAB_SETTINGS_DIR"] = str(home / "settings")
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--ServerApp.token={token}", f"--port={port}", f"--notebook-dir={top / 'book'}"]
    with (top / "log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{address}/api?token={token}").close()
                break
            except OSError:
                time.sleep(0.5)
        else:
            pytest.fail((top / "log").read_text()[-3000:])
        yield f"{address}/lab/tree/{{}}?reset&token={token}"
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture
def opened(lab, browser):
    """A function that opens a notebook in JupyterLab and waits until its formulas are set."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})

    def open_(page):
        tab = context.new_page()
        tab.goto(lab.format(page.relative_to(ROOT).as_posix()))
        n_cells = len(read(page).cells)
        tab.wait_for_function(
            f"document.querySelectorAll('.jp-Notebook .jp-Cell').length === {n_cells}",
            timeout=90_000,
        )
        text = "[...document.querySelectorAll('.jp-RenderedMarkdown')].map(e => e.innerText)"
        tab.wait_for_function(f"!{text}.join(' ').includes('$')", timeout=90_000)
        return tab

    yield open_
    context.close()


@pytest.mark.parametrize("page", PAGES)
def test_jupyterlab_shows_a_book(opened, page):
    nb, tab = read(page), opened(page)
    assert tab.locator("mjx-merror, .jp-RenderedMarkdown .MathJax_Error").count() == 0
    plain = "p => [...p.querySelectorAll('.jp-RenderedMarkdown')].map(e => { const c ="
    plain += " e.cloneNode(true); c.querySelectorAll('code, mjx-container').forEach(x =>"
    plain += " x.remove()); return c.textContent }).join('\\n')"
    text = tab.locator(".jp-Notebook").first.evaluate(plain)
    assert not (found := RAW.search(text)), text[found.start() - 60 : found.end() + 60]

    captions = [c for c in nb.cells if c.source.startswith("**Figure ")]
    for cell in captions:
        assert re.match(r"\*\*(.+?)\*\*", cell.source)[1] in text
    folded = [c for c in nb.cells if c.metadata.get("jupyter", {}).get("source_hidden")]
    assert tab.locator(".jp-Notebook .jp-InputPlaceholder").count() == len(folded)
    start = next(k for k, c in enumerate(nb.cells) if c.source.startswith("## Solutions"))
    hidden = f"[...document.querySelectorAll('.jp-Notebook .jp-Cell')].slice({start + 1})"
    assert tab.evaluate(f"{hidden}.every(cell => cell.offsetParent === null)")
    assert tab.get_by_text(f"{len(nb.cells) - start - 1} cells hidden").count() == 1


def test_run_all_in_jupyterlab_gives_the_stored_outputs(opened):
    page = CHAPTERS / "06_conclusion.ipynb"
    tab = opened(page)
    tab.get_by_role("menuitem", name="Run", exact=True).click()
    tab.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    last = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].at(-1).textContent"
    n_code = sum(c.cell_type == "code" for c in read(page).cells)
    tab.wait_for_function(f"{last}.includes('*')", timeout=60_000)
    tab.wait_for_function(f"{last}.includes('[{n_code}]')", timeout=180_000)
    outputs = "[...document.querySelectorAll('.jp-CodeCell')].map(c => [...c.querySelectorAll("
    outputs += "'.jp-OutputArea-output[data-mime-type*=stdout]')].map(o => o.textContent).join(''))"
    stored = [
        "".join(o.get("text", "") for o in c.outputs)
        for c in nbformat.read(page, as_version=4).cells
        if c.cell_type == "code"
    ]
    assert [o.split() for o in tab.evaluate(outputs)] == [s.split() for s in stored]
