"""The page's choice of the cells that must run first: none too few, and few too many."""

import doctest
import importlib.util
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parent.parent
SPEC = importlib.util.spec_from_file_location(
    "page_plan", TOP / "_static" / "browser" / "python" / "page_plan.py"
)
page_plan = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(page_plan)


def needed(*sources):
    return page_plan.plan(list(enumerate(sources, start=1)))


def test_the_examples_hold():
    result = doctest.testmod(page_plan)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["x = 1", "y = 2", "print(x)"], [1]),
        (["x = 1", "x = 2", "print(x)"], [2]),
        (["x = 1", "x += 1", "print(x)"], [1, 2]),
        (["x = [1]", "x[0] = 2", "x"], [1, 2]),
        (["x = [1]", "y = x", "y.append(2)", "x"], [1, 2, 3]),
        (["def f():\n    return x", "x = 1", "x = 2", "f()"], [1, 3]),
        (["x = []", "def f():\n    x.append(1)", "f()", "x"], [1, 2, 3]),
        (["x = []", "def f(a):\n    a.append(1)", "f(x)", "x"], [1, 2, 3]),
        (["x = []", "def f(a):\n    return len(a)", "f(x)", "x"], [1]),
        (["w = shared(0)", "f = function([], updates=[(w, w + 1)])", "f()", "w"], [1, 2, 3]),
        (["rng = make(0)", "a = draw(rng)", "b = rng.normal()", "rng.normal()"], [1, 2, 3]),
        (["for i in range(3):\n    print(i)", "for i in range(2):\n    print(i)"], []),
        (["a = 1", "f = lambda a: a", "f(2)"], [2]),
        (["h = 0", "for x in [1]:\n    h = h + x", "h"], [1, 2]),
        (["import numpy as np", "x = np.ones(2)", "np.sum(x)", "x"], [1, 2]),
        (
            [
                "import matplotlib.pyplot as plt",
                "fig, ax = plt.subplots()",
                "x = [1]",
                "ax.plot(x)",
                "x",
            ],
            [3],
        ),
        (["x = 1", "if x:\n    x = 2", "x"], [1, 2]),
        (["x = 1", "this is no Python", "x"], [1]),
    ],
)
def test_what_a_cell_needs(cells, expected):
    assert needed(*cells) == expected
