"""Settings of every test run, also of a plain ``pytest --nbval chapters``.

The kernels that nbval starts inherit the environment.
"""

import os
import re
from pathlib import Path

import numpy

os.environ.setdefault("RNN_PROGRESS", "0")  # no progress bars: they write to stderr
os.environ.setdefault("RNN_COMPILED", "0")  # interpreted, unless the caller says otherwise
os.environ.setdefault("OMP_NUM_THREADS", "1")  # small arrays gain nothing from more threads
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.pop("MPLBACKEND", None)  # a kernel chooses its own


def warm_caches() -> str:
    """Return the folders that hold code that an earlier run compiled."""
    flags = re.search(r"base_compiledir=([^,]+)", os.environ.get("PYTENSOR_FLAGS", ""))
    folders = [os.environ.get("NUMBA_CACHE_DIR") or "~/.cache/numba"]
    folders.append(flags[1] if flags else "~/.pytensor")
    paths = [Path(folder).expanduser() for folder in folders]
    return " ".join(str(path) for path in paths if any(path.rglob("*.n[bib]*")))


os.environ.setdefault("BOOK_WARM_CACHES", warm_caches())  # at the start; tests/test_cold.py

from rnn_lib.engine import NAME, VERSION  # noqa: E402  # after the settings above

# These test the book, not the engine, and need the first environment's tools.
collect_ignore = []
if NAME == "theano":
    collect_ignore = [
        "rnn_lib/compiled.py",
        "tests/test_browser.py",
        "tests/test_cold.py",
        "tests/test_chapters.py",
        "tests/test_classroom.py",
        "tests/test_data_files.py",
        "tests/test_alone.py",
        "tests/test_explorers.py",
        "tests/test_front_ends.py",
        "tests/test_hub.py",
        "tests/test_nbgrader.py",
        "tests/test_notebook_proofs.py",
        "tests/test_proof.py",
        "tests/test_pyodide.py",
        "tests/test_repository.py",
        "tests/test_website.py",
    ]


def pytest_terminal_summary(terminalreporter) -> None:
    """Say loudly how many tests did not run because there is no browser."""
    skipped = [
        report
        for report in terminalreporter.getreports("skipped")
        if "no browser: " in str(report.longrepr)
    ]
    if skipped:
        line = f"NOT TESTED: {len(skipped)} tests of the website and its Python: no browser"
        terminalreporter.section(line, sep="*", red=True, bold=True)


def pytest_report_header() -> str:
    """Say which engine the run is about."""
    return f"engine: {NAME} {VERSION}, NumPy {numpy.__version__}"
