"""Who imports whom."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import rnn_lib

PACKAGE = Path(rnn_lib.__file__).parent
ORDER = ["checks", "engine", "data", "plotting", "kernel_parts", "kernels", "fused"]
ORDER += [
    "compiled",
    "losses",
    "updates",
    "cells",
    "recurrence",
    "network",
    "files",
    "training",
]
ORDER += ["sampling", "model", "__init__"]
ALLOWED = {"numpy", "matplotlib", "tqdm", "rnn_lib", *sys.stdlib_module_names}
COMPILER = {"numba", "pytensor"}  # of `rnn_lib.compiled` alone
ENGINES = {"theano", "pytensor"}


def tree(module):
    return ast.parse((PACKAGE / f"{module}.py").read_text("utf-8"))


def imported(module):
    """Return the full names of all modules that ``module`` imports, anywhere in its code."""
    names = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names.add(node.module)
    return names


def test_order_names_every_module():
    assert sorted(ORDER) == sorted(path.stem for path in PACKAGE.glob("*.py"))


@pytest.mark.parametrize("module", ORDER)
def test_imports_point_one_way(module):
    names = imported(module)
    earlier = {f"rnn_lib.{name}" for name in ORDER[: ORDER.index(module)]}
    assert {name for name in names if name.startswith("rnn_lib")} <= earlier
    allowed = ALLOWED | COMPILER if module == "compiled" else ALLOWED
    assert {name.partition(".")[0] for name in names} <= allowed


@pytest.mark.parametrize("module", ORDER)
def test_only_the_engine_knows_the_engines(module):
    """Names and strings, too: nothing is imported by importlib behind the engine's back."""
    if module == "engine":
        assert "importlib" in imported(module)
        return
    if module == "compiled":  # imported where numba is used, so on PyTensor alone
        assert "pytensor.link.numba.dispatch.basic" in imported(module)
        return
    assert not {name.partition(".")[0] for name in imported(module)} & (ENGINES | {"importlib"})
    if module == "__init__":  # it hands on the name `theano`
        return
    strings = [n.value for n in ast.walk(tree(module)) if isinstance(n, ast.Constant)]
    assert not ENGINES & {s for s in strings if isinstance(s, str)}
    assert "__import__" not in {n.id for n in ast.walk(tree(module)) if isinstance(n, ast.Name)}


def test_figures_and_data_need_no_engine():
    assert {name.partition(".")[0] for name in imported("plotting")} <= {
        "__future__",
        "typing",
        "numpy",
        "matplotlib",
    }
    for module in ("data", "checks", "files", "training"):
        assert "rnn_lib.engine" not in imported(module)


def test_nothing_prints_or_plots_outside_its_place():
    for module in ORDER:
        calls = {
            n.func.id
            for n in ast.walk(tree(module))
            if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
        }
        assert "print" not in calls
        assert module == "plotting" or not any("matplotlib" in name for name in imported(module))


def test_import_is_light():
    """Neither figures nor what else is slow, beyond what the engine brings itself."""
    code = """
import sys
from rnn_lib.engine import NAME
before = set(sys.modules)
import rnn_lib
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(NAME, sorted(new & {"matplotlib", "scipy", "numba", "pandas", "IPython", "ipykernel"}))
print("matplotlib" in sys.modules)
"""
    environ = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environ, timeout=600
    )
    assert process.returncode == 0, process.stderr
    first, second = process.stdout.splitlines()
    assert first.endswith(" []")
    assert second == "False"
