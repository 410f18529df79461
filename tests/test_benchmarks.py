"""The benchmark: its engines compute and draw the same, and the stored results are whole."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rnn_lib.engine import NAME

ROOT = Path(__file__).resolve().parent.parent
SMALL = {
    "tanh": {"n_steps": 7, "n_hidden": 5},
    "lstm": {"n_steps": 6, "n_batch": 3, "n_features": 4, "n_hidden": 4, "letters": True},
}


def ask(module, variant, work, *commands):
    """Return what a worker answers."""
    process = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "worker.py", module, variant, json.dumps(work)],
        input="".join(f"{command}\n" for command in commands),
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
        env={**os.environ, "RNN_ENGINE": NAME, "RNN_COMPILED": "0", "PYTHONPATH": str(ROOT)},
    )
    return [json.loads(line) for line in process.stdout.splitlines()]


def run_worker(module, variant, cell):
    """Return what a worker answers to 10 updates and a prediction."""
    work = {"cell": cell, **SMALL[cell]}
    update, process, predict = ask(module, variant, work, "update 10", "so far", "predict 1")
    assert len(update["seconds"]) == 10
    assert min(update["seconds"]) > 0
    assert process["seconds"] > sum(update["seconds"])
    assert 10 < process["memory"] < 2000
    return update["values"], predict["values"][0]


@pytest.mark.parametrize("cell", SMALL)
def test_engines_compute_the_same(cell):
    """Written three times: fused, scanned, by hand; PyTorch and JAX are compared by the command."""
    by_hand, probabilities = run_worker("with_numpy", "plain", cell)
    assert by_hand[-1] < by_hand[0]
    for variant in ("fused", "scan"):
        losses, predicted = run_worker("with_rnn_lib", variant, cell)
        np.testing.assert_allclose(losses, by_hand, rtol=1e-5)
        np.testing.assert_allclose(predicted, probabilities, rtol=1e-4)


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
def test_c_computes_the_same():
    losses, probabilities = run_worker("with_c", "plain", "tanh")
    by_hand, expected = run_worker("with_numpy", "plain", "tanh")
    np.testing.assert_allclose(losses, by_hand, rtol=1e-5)
    np.testing.assert_allclose(probabilities, expected, rtol=1e-4)


@pytest.mark.parametrize("cell", SMALL)
def test_engines_draw_the_same_letters(cell):
    work = {"cell": cell, **SMALL["lstm"]}
    by_hand, drawn = (
        ask(module, "plain", work, "sample 2")[0]["values"]
        for module in ("with_numpy", "with_rnn_lib")
    )
    assert by_hand == drawn
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 200
    assert len(set(drawn[0])) > 5


def test_stored_results_are_whole():
    folder = ROOT / "data" / "results"
    results = json.loads((folder / "speed.json").read_text("utf-8"))
    assert list(results["train"]) == ["W1", "W2r", "W2l", "W3"]
    engines = [e for e in results["train"]["W1"]["update"] if e != "C by hand"]
    compiled = ["rnn_lib compiled", "scan compiled"]
    assert {"rnn_lib", "scan", "PyTorch", "JAX", "NumPy by hand", *compiled} <= set(engines)
    for result in results["train"].values():
        assert list(result["update"]) == list(result["memory"]) == list(result["again"])
        assert [e for e in result["update"] if e != "C by hand"] == engines
        assert list(result["first"]) == compiled
        assert result["gap"] < 1e-5
    assert "rnn_lib compiled" in results["train"]["W1"]["predict"]
    for work in ("W2r", "W2l"):
        speakers = {"rnn_lib", "rnn_lib compiled", "NumPy by hand", "PyTorch", "JAX"}
        assert set(results["train"][work]["sample"]) == speakers
    assert min(results["cold"]["accuracy"].values()) >= 0.96
    for found in results["growth"].values():
        assert {len(row) for row in found["update"].values()} == {len(found["values"])}
