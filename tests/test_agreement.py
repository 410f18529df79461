"""Both engines print the same numbers: trainings here and in the other engine's environment."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from curves import TRAININGS, train_all

from rnn_lib.engine import NAME, VERSION

ROOT = Path(__file__).resolve().parent.parent
OTHER, FOLDER = ("pytensor", ".venv") if NAME == "theano" else ("theano", ".venv-theano")


def find_other_python():
    """Return the Python of the other environment; where it is missing, say so, or fail in CI.

    `make test` makes the second environment after the tests of the first, so that in CI it is the
    run on Theano that must find the other one.
    """
    for python in ("bin/python", "Scripts/python.exe"):
        if (ROOT / FOLDER / python).exists():
            return ROOT / FOLDER / python
    message = (
        f"NOT COMPARED WITH {OTHER.upper()}: {FOLDER} is missing, `make test-{OTHER}` makes it"
    )
    if os.environ.get("CI") == "true" and NAME == "theano":
        pytest.fail(message)
    return pytest.skip(message)


@pytest.fixture(scope="module")
def other_curves():
    environ = {k: v for k, v in os.environ.items() if not k.endswith("_FLAGS")}
    environ |= {"RNN_ENGINE": OTHER, "PYTHONPATH": str(ROOT)}
    process = subprocess.run(
        [find_other_python(), ROOT / "tests" / "curves.py"],
        capture_output=True,
        text=True,
        env=environ,
        timeout=1200,
    )
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    answer = json.loads(process.stdout)
    assert answer["engine"].startswith(OTHER)
    print(f"compared {NAME} {VERSION} with {answer['engine']}")
    return answer["curves"]


@pytest.fixture(scope="module")
def curves(other_curves):
    return train_all()


@pytest.mark.parametrize("name", TRAININGS)
def test_same_numbers_on_both_engines(name, curves, other_curves):
    assert len(curves[name]) > 40
    assert min(curves[name][:20]) < 0.9 * curves[name][0]  # it learns: not all curves are flat
    np.testing.assert_allclose(curves[name], other_curves[name], rtol=1e-10)
