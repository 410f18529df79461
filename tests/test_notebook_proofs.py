"""Proof that the checks bite: what is wrong in a copy of a real chapter is found.

nbval compares stored outputs with new ones and finds a wrong number, but passes a notebook that
stores none. So the structure is checked too, and here both are shown to do their part.
"""

import copy
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import nbformat
import pytest

from notebook_structure import faults, printed
from tools.notebooks import execute, normalise, to_bytes
from tools.pages import number_of, tags

ROOT = Path(__file__).resolve().parent.parent
ORIGINAL = ROOT / "chapters" / "01_introduction.ipynb"


@pytest.fixture
def chapter():
    return nbformat.read(ORIGINAL, as_version=4)


def plant_wrong_number(nb):
    """Change a digit that a cell printed; return the number of the cell, counted as nbval does."""
    code = [cell for cell in nb.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code):
        for output in cell.outputs:
            if output.output_type == "stream" and re.search(r"\d", output.text):
                output.text = re.sub(
                    r"\d", lambda d: str((int(d[0]) + 1) % 10), output.text, count=1
                )
                return number
    raise AssertionError("the chapter prints no number")


def strip_outputs(nb):
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


@pytest.fixture(scope="module")
def nbval(tmp_path_factory):
    """Run nbval on two doctored copies; return where a fault was planted, and what failed."""
    folder = tmp_path_factory.mktemp("doctored")
    (folder / "matplotlibrc").write_bytes((ORIGINAL.parent / "matplotlibrc").read_bytes())
    doctors = {"number": plant_wrong_number, "stripped": strip_outputs}
    planted = {}
    for name, doctor in doctors.items():
        nb = nbformat.read(ORIGINAL, as_version=4)
        planted[name] = doctor(nb)
        nbformat.write(nb, folder / f"{name}.ipynb")
    report = folder / "report.xml"
    options = ["--nbval", "--nbval-current-env", f"--rootdir={folder}", f"--junit-xml={report}"]
    quiet = ["-c", "/dev/null", "-p", "no:cacheprovider", "-p", "no:xdist", "-q"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *quiet, folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    results = {name: {} for name in doctors}
    for case in ET.parse(report).iter("testcase"):
        name = next(n for n in doctors if n in case.get("classname") + case.get("file", ""))
        number = int(re.search(r"Cell (\d+)", case.get("name"))[1])
        results[name][number] = "failed" if case.find("failure") is not None else "passed"
    assert all(results.values()), run.stdout + run.stderr
    return planted, results


def test_nbval_finds_a_wrong_number(nbval):
    planted, results = nbval
    failed = [cell for cell, result in results["number"].items() if result == "failed"]
    assert failed == [planted["number"]]


def test_nbval_passes_a_notebook_without_outputs(nbval):
    assert set(nbval[1]["stripped"].values()) == {"passed"}


def test_structure_finds_a_notebook_without_outputs(chapter):
    strip_outputs(chapter)
    found = faults(chapter, number_of(ORIGINAL))
    assert any(fault.startswith("execution_counts: ") for fault in found)
    assert any(fault.startswith("outputs_present: ") for fault in found)


def test_check_refuses_a_blank_in_place_of_the_solution(chapter):
    blank = next(cell for cell in chapter.cells if "exercise" in tags(cell))
    solution = next(cell for cell in chapter.cells if "solution" in tags(cell))
    solution.source = blank.source
    for _ in execute(chapter, ORIGINAL.parent):
        pass
    assert printed(solution).startswith("Not yet: ")
    assert any(
        fault.startswith("verdicts_stored: ") for fault in faults(chapter, number_of(ORIGINAL))
    )


def test_running_the_chapter_again_changes_nothing(chapter):
    nb = copy.deepcopy(chapter)
    strip_outputs(nb)
    for _ in execute(nb, ORIGINAL.parent):
        pass
    # Pictures are left out: their pixels may differ on another kind of machine.
    for cell in (cell for version in (nb, chapter) for cell in version.cells):
        for output in cell.get("outputs", []):
            output.get("data", {}).pop("image/png", None)
    assert to_bytes(normalise(nb)) == to_bytes(chapter)
