"""Python in the pages: every cell runs in a browser and prints what the book prints.

The book must have been built with its Run buttons: ``make book`` where Pyodide can be had. Without
them these tests are skipped. By default a part of the pages is run, so that it takes minutes; with
``BOOK_BROWSER=all``, which ``make test-browser`` sets, all of them are.
"""

from __future__ import annotations

import functools
import gzip
import json
import os
import time
from urllib.parse import unquote, urlparse

import pytest
from pages import ARGUMENTS, SERVED, SITE, TOP, Visit

from tools import browser as browsers

NOTEBOOKS = sorted(
    path.relative_to(TOP).with_suffix("").as_posix()
    for path in (TOP / "chapters").rglob("*.ipynb")
    if ".ipynb_checkpoints" not in path.parts
)
FIRST = "chapters/01_introduction"
WHOLE = os.environ.get("BOOK_BROWSER") == "all"
CELL_TIMEOUT = 300  # seconds; the start of Python, at the first cell, is in it
FIRST_OUTPUT = 10  # seconds of computing, from the first click on, where the loop below takes …
REFERENCE = 0.35  # … this long

if not (SITE / "pyodide" / "pyodide-lock.json").is_file():
    pytest.skip("the book was built without Run buttons", allow_module_level=True)


class CellVisit(Visit):
    """A visit to the page of a notebook, and what one does with its cells."""

    def __init__(self, browser, base_url, notebook=FIRST):
        super().__init__(browser, base_url, f"{notebook}.html")
        self.page.wait_for_load_state("networkidle")

    def weight(self):
        """Return how many bytes a host that compresses sends for the requests so far."""
        paths = {urlparse(url).path.lstrip("/") for url in self.requests if "blob:" not in url}
        return sum(len(gzip.compress((SITE / unquote(path)).read_bytes())) for path in paths)

    def type(self, name, text):
        """Replace the text of a cell."""
        editor = self.cell(name).locator(".cm-content")
        if not editor.count():
            self.cell(name).get_by_role("button", name="Edit").click()
            editor.wait_for()
        editor.fill(text)

    def cell(self, name):
        return self.page.locator(f"#cell-{name}")

    def bar(self, text):
        """Click a button of the bar at the foot of the page."""
        self.page.locator(".run-bar").get_by_text(text, exact=True).click()

    def click_run(self, name):
        run = self.cell(name).locator(".run-tools").get_by_text("Run", exact=True)
        run.evaluate("button => button.click()")  # also where the cell is folded away

    def wait(self, name):
        """Return how the cell ended, its text and its number of pictures."""
        selector = f"#cell-{name}:is([data-run=ok], [data-run=error], [data-run=stopped])"
        self.page.wait_for_selector(selector, state="attached", timeout=CELL_TIMEOUT * 1000)
        cell = self.cell(name)
        text = cell.locator(".run-output > .run-stdout").all_text_contents()
        return (
            cell.get_attribute("data-run"),
            "".join(text),
            cell.locator(".run-output > img").count(),
        )

    def run(self, name):
        self.click_run(name)
        return self.wait(name)


def computing(browser):
    """Return the seconds that the pages' processes, by number, have computed so far.

    Unlike a clock on the wall they hardly grow when other programs run; on a machine that has
    nothing else to do they are about the time that a reader waits, or more: some of it is done side
    by side.
    """
    answer = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")
    return {p["id"]: p["cpuTime"] for p in answer["processInfo"] if p["type"] == "renderer"}


def slowness():
    """Return how many times slower than the reference this machine computes now, at least 1."""
    start = time.process_time()
    sum(k % 7 for k in range(10_000_000))
    return max(1, (time.process_time() - start) / REFERENCE)


@functools.cache
def code_cells(notebook):
    cells = json.loads((TOP / f"{notebook}.ipynb").read_text("utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    return [cell for cell in code if "remove-cell" not in cell["metadata"].get("tags", [])]


def runnable(notebook):
    return [
        cell
        for cell in code_cells(notebook)
        if "not-in-page" not in cell["metadata"].get("tags", [])
    ]


def stored(cell):
    """Return what the book shows of a cell: how it ended, its text, its number of pictures."""
    text = "".join(
        "".join(output["text"]) for output in cell["outputs"] if output.get("name") == "stdout"
    )
    pictures = sum("image/png" in output.get("data", {}) for output in cell["outputs"])
    return "ok", text, pictures


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_at_most_three_cells_of_a_page_do_not_run_in_it(notebook):
    assert len(code_cells(notebook)) - len(runnable(notebook)) <= 3


def test_a_cell_that_cannot_run_says_so(browser, base_url):
    with CellVisit(browser, base_url, "chapters/05_prediction") as visit:
        tools = visit.cell("ch5-process").locator(".run-tools")
        assert tools.get_by_role("button").count() == 0
        assert "run it in Jupyter" in tools.inner_text()


@pytest.mark.parametrize("notebook", NOTEBOOKS if WHOLE else [FIRST])
def test_every_cell_prints_what_the_book_prints(browser, base_url, notebook):
    with CellVisit(browser, base_url, notebook) as visit:
        wrong = {}
        for cell in runnable(notebook):
            shown, expected = visit.run(cell["id"]), stored(cell)
            if "nbval-ignore-output" in cell["metadata"].get("tags", []):
                shown, expected = shown[0], expected[0]
            if shown != expected:
                wrong[cell["id"]] = (shown, expected, visit.cell(cell["id"]).inner_text()[-800:])
        assert wrong == {}
        assert visit.complaints() == []


def test_the_first_click_loads_python_and_runs_what_the_cell_needs(browser, base_url):
    with CellVisit(browser, base_url) as visit:
        for part in ("pyodide/", "worker.mjs", "codemirror"):
            assert not any(part in url for url in visit.requests)
        before = visit.weight()
        assert before < 4_000_000

        cells = {cell["id"]: cell for cell in code_cells(FIRST)}
        slow, start = slowness(), computing(browser)
        assert visit.run("ch1-functions-check") == stored(cells["ch1-functions-check"])
        spent = sum(now - start.get(id, 0) for id, now in computing(browser).items())
        assert 1 < spent < FIRST_OUTPUT * max(slow, slowness())
        assert any("pyodide.asm.wasm" in url for url in visit.requests)
        assert 10_000_000 < visit.weight() - before < 30_000_000

        state = {name: visit.cell(name).get_attribute("data-run") for name in cells}
        assert [name for name, word in state.items() if word == "ok"] == [
            "ch1-imports",
            "ch1-weights",
            "ch1-three-steps",
            "ch1-functions",
            "ch1-functions-check",
        ]
        assert visit.complaints() == []


def test_edit_figure_traceback_stop_restart(browser, base_url):
    with CellVisit(browser, base_url) as visit:
        name, cell = "ch1-count", visit.cell("ch1-count")
        visit.type(name, "print(6 * 7)")
        assert visit.run(name) == ("ok", "42\n", 0)
        assert not cell.locator(":scope > .cell_output:not(.run-output)").inner_text().strip()

        visit.type(name, "import matplotlib.pyplot as plt\nplt.plot([1, 2])\n{'a': 1}")
        state, text, pictures = visit.run(name)
        assert (state, text, pictures) == ("ok", "{'a': 1}\n", 1)
        assert (
            cell.locator(".run-output > img").evaluate("i => i.decode().then(() => i.width)") > 200
        )

        visit.type(name, "def divide(a):\n    return 1 / a\n\nx = 5\ndivide(0)")
        assert visit.run(name)[0] == "error"
        traceback = cell.locator(".run-error").inner_text()
        assert "ZeroDivisionError: division by zero" in traceback
        assert "return 1 / a" in traceback
        assert "page_kernel" not in traceback

        visit.type(name, "print(x)\nwhile True:\n    pass")
        visit.click_run(name)
        visit.page.wait_for_function("document.querySelector('#cell-ch1-count .run-stdout')")
        visit.bar("Stop")
        assert visit.wait(name)[0] == "stopped"
        assert "Stopped" in visit.page.locator(".run-status").inner_text()

        visit.type(name, "print('x' in globals())")
        assert visit.run(name) == ("ok", "False\n", 0), "a new Python does not know x"

        cell.get_by_role("button", name="Show the book's output").click()
        assert "recurrent 4,928" in cell.locator(":scope > .cell_output").inner_text()
        cell.get_by_role("button", name="Reset").click()
        original = "".join(next(c for c in code_cells(FIRST) if c["id"] == name)["source"])
        assert cell.locator(".cell_input pre").inner_text().strip() == original
        assert visit.complaints() == []


def test_an_exercise_fails_on_the_blank_passes_on_the_solution_and_survives_a_reload(
    browser, base_url
):
    solution = next(cell for cell in code_cells(FIRST) if cell["id"] == "ch1-solution-1")
    with CellVisit(browser, base_url) as visit:
        assert visit.run("ch1-blank-1")[1].startswith("Not yet: ")
        assert not visit.cell("ch1-solution-1").is_visible()
        visit.type("ch1-blank-1", "".join(solution["source"]))
        assert visit.run("ch1-blank-1")[1] == "Correct: exercise 1.1 is solved.\n"
        assert not visit.cell("ch1-solution-1").is_visible()

        visit.page.reload(wait_until="networkidle")
        editor = visit.cell("ch1-blank-1").locator(".cm-content")
        assert editor.inner_text().rstrip() == "".join(solution["source"]).rstrip()
        assert visit.run("ch1-blank-1")[1] == "Correct: exercise 1.1 is solved.\n"

        with visit.page.expect_download() as download:
            visit.bar("Download")
        notebook = json.loads(download.value.path().read_text("utf-8"))
        texts = {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"]}
        assert texts["ch1-blank-1"] == "".join(solution["source"])
        originals = json.loads((TOP / f"{FIRST}.ipynb").read_text("utf-8"))["cells"]
        changed = [c["id"] for c in originals if "".join(c["source"]) != texts[c["id"]]]
        assert changed == ["ch1-blank-1"]

        visit.cell("ch1-blank-1").get_by_role("button", name="Reset").click()
        visit.page.reload(wait_until="networkidle")
        assert visit.page.locator(".cm-editor").count() == 0
        assert visit.complaints() == []


def test_the_keyboard_edits_runs_and_leaves(browser, base_url):
    with CellVisit(browser, base_url) as visit:
        press = visit.page.keyboard.press
        visit.cell("ch1-count").get_by_role("button", name="Edit").focus()
        press("Enter")
        visit.page.wait_for_selector("#cell-ch1-count .cm-focused")
        press("Control+a")
        visit.page.keyboard.type("for i in range(2):\nprint(i)")  # the editor indents
        press("Tab")  # more spaces, not the next button
        press("Shift+Tab")
        press("Shift+Enter")
        assert visit.wait("ch1-count") == ("ok", "0\n1\n", 0)
        press("Escape")
        press("Tab")
        focused = "document.activeElement.closest('.cm-editor') === null"
        assert visit.page.evaluate(focused)
        status = visit.page.get_by_role("status")
        assert "is done" in status.inner_text()


def test_run_all_runs_all_but_solutions_and_stops_where_a_cell_fails(browser, base_url):
    with CellVisit(browser, base_url) as visit:
        visit.type("ch1-three-steps", "1 / 0")
        visit.bar("Run all")
        assert visit.wait("ch1-three-steps")[0] == "error"
        ended = "document.querySelector('.run-status').textContent.includes('the run ended there')"
        visit.page.wait_for_function(ended)
        assert visit.cell("ch1-weights").get_attribute("data-run") == "ok"
        assert visit.cell("ch1-count").locator(".run-output").count() == 0


def test_axe_finds_no_serious_fault_beside_an_open_editor(browser, base_url):
    with CellVisit(browser, base_url) as visit:
        visit.type("ch1-weights", "# a comment\ndef f(x):\n    return 'text', 1.5, None, x / 0")
        visit.run("ch1-weights")
        visit.type("ch1-count", "f(1)")
        assert visit.run("ch1-count")[0] == "error"
        visit.page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
        for theme in ("light", "dark"):
            visit.page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
            assert visit.axe() == [], theme


def test_on_the_second_visit_the_files_come_from_the_browsers_cache(browser, base_url, tmp_path):
    launch = browser.browser_type.launch_persistent_context  # a cache on disk, as a reader has it
    options = {"executable_path": browsers.find(), "args": ARGUMENTS}
    with launch(tmp_path / "profile", **options) as context:
        page = context.new_page()
        weights = []
        for _ in range(2):
            SERVED["bytes"] = 0
            page.goto(f"{base_url}{FIRST}.html", wait_until="networkidle")
            page.locator("#cell-ch1-imports .run-button").first.click()
            page.wait_for_selector("#cell-ch1-imports[data-run=ok]", timeout=CELL_TIMEOUT * 1000)
            weights.append(SERVED["bytes"])
        assert weights[0] > 10_000_000
        assert weights[1] < weights[0] / 100
