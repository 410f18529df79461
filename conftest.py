"""Settings of every test run, also of a plain ``pytest --nbval chapters``.

The kernels that nbval starts inherit the environment.
"""

import os

import numpy

os.environ.setdefault("RNN_PROGRESS", "0")  # no progress bars: they write to stderr
os.environ.setdefault("RNN_COMPILED", "0")  # interpreted, unless the caller says otherwise
os.environ.setdefault("OMP_NUM_THREADS", "1")  # small arrays gain nothing from more threads
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.pop("MPLBACKEND", None)  # a kernel chooses its own

from rnn_lib.engine import NAME, VERSION

# These test the book, not the engine, and need the first environment's tools.
collect_ignore = []
if NAME == "theano":
    collect_ignore = [
        "rnn_lib/compiled.py",
        "tests/test_browser.py",
        "tests/test_chapters.py",
        "tests/test_classroom.py",
        "tests/test_data_files.py",
        "tests/test_explorers.py",
        "tests/test_hub.py",
        "tests/test_nbgrader.py",
        "tests/test_notebook_proofs.py",
        "tests/test_pyodide.py",
        "tests/test_repository.py",
        "tests/test_website.py",
    ]


def pytest_report_header() -> str:
    """Say which engine the run is about."""
    return f"engine: {NAME} {VERSION}, NumPy {numpy.__version__}"
