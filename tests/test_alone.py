"""A notebook on its own: in an empty folder, with nothing but the wheel that the site publishes.

``make test`` runs one page so; ``make test-browser`` runs five.
"""

import os
import re
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat
import pytest

from tools.notebooks import setup_source
from tools.pages import ROOT, pages
from tools.pyodide import library_wheel

# What Colab has, besides the packages that the wheel asks for, which pip brings.
NEEDS = ("ipykernel", "nbclient", "matplotlib", "numpy", "pytensor", "tqdm")
PAGES = {page.stem: page for page in pages()}
ALWAYS = "06_conclusion"
WHOLE = [ALWAYS, "01_introduction", "03_architecture", "names", "sentiment"]
RUN = """
import sys
import nbformat
from nbclient import NotebookClient
nb = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(nb, timeout=300, kernel_name="python3").execute()
nbformat.write(nb, "done.ipynb")
"""


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """An environment without this repository, with what Colab has; its Python."""
    folder = tmp_path_factory.mktemp("alone")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    programs = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    python = programs / ("python.exe" if os.name == "nt" else "python")
    text = (ROOT / "locks" / "book.txt").read_text("utf-8")
    (folder / "versions.txt").write_text("\n".join(re.findall(r"^\S+==[^\\\n]+", text, re.M)))
    install(python, *NEEDS, "-c", folder / "versions.txt")
    return python


def install(python, *what):
    """Install by the uv of this environment, which shares its cache; else by pip."""
    uv = Path(sys.executable).with_name("uv.exe" if os.name == "nt" else "uv")
    program = [uv, "pip", "install", "--python", python]
    if not uv.is_file():
        program = [python, "-m", "pip", "install", "--disable-pip-version-check"]
    subprocess.run([*program, "--quiet", *what], check=True)


def environment():
    """Return an environment that leads to nothing of this repository."""
    return {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "MPLBACKEND"}}


@pytest.fixture(scope="module")
def with_wheel(alone):
    install(alone, "--no-deps", library_wheel())
    return alone


def printed(path):
    """Return what the cells of a notebook printed, by their ids."""
    cells = nbformat.read(path, as_version=4).cells
    code = [c for c in cells if c.cell_type == "code" and "nbval-ignore-output" not in tags(c)]
    return {
        c.id: "".join(o.text for o in c.outputs if o.output_type == "stream" and o.name == "stdout")
        for c in code
    }


def tags(cell):
    return cell.metadata.get("tags", [])


def test_the_first_cell_installs_the_wheel_where_it_is_missing(alone, tmp_path):
    """Runs before any test with the wheel: the cell must bring it."""
    handler = partial(SimpleHTTPRequestHandler, directory=library_wheel().parent)
    handler.log_message = lambda *arguments: None
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_port}/"
        source = re.sub(r"https://\S+/(?=rnn_lib-)", address, setup_source())
        assert address in source
        nb = nbformat.v4.new_notebook()
        after = "import rnn_exercises, rnn_lib\nprint(rnn_lib.__file__)"
        nb.cells = [nbformat.v4.new_code_cell(source) for source in (source, after)]
        nbformat.write(nb, tmp_path / "first.ipynb")
        run(alone, tmp_path, "first.ipynb")
    finally:
        server.shutdown()
        server.server_close()
    where = nbformat.read(tmp_path / "done.ipynb", as_version=4).cells[1].outputs[-1].text
    assert "site-packages" in where
    subprocess.run([alone, "-m", "pip", "uninstall", "--yes", "--quiet", "rnn_lib"], check=True)


def run(python, folder, name):
    """Execute a notebook in a folder by another Python."""
    subprocess.run([python, "-c", RUN, name], cwd=folder, env=environment(), check=True)


@pytest.mark.parametrize(
    "name", [ALWAYS, *(pytest.param(n, marks=pytest.mark.whole) for n in WHOLE[1:])]
)
def test_a_notebook_alone_prints_what_the_book_prints(with_wheel, tmp_path, name):
    page = PAGES[name]
    (tmp_path / page.name).write_bytes(page.read_bytes())
    run(with_wheel, tmp_path, page.name)
    assert printed(tmp_path / "done.ipynb") == printed(page)
