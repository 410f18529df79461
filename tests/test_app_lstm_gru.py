"""The page about LSTM and GRU: its scores, and the script that made its table of results."""

import ast
import importlib.util
import re
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

from rnn_lib.cells import CELLS

ROOT = Path(__file__).resolve().parent.parent
PAGE = nbformat.read(ROOT / "chapters/applications/lstm_gru.ipynb", as_version=4)


@pytest.fixture(scope="module")
def script():
    """Return tools/train_lstm_gru.py as a module."""
    path = ROOT / "tools" / "train_lstm_gru.py"
    spec = importlib.util.spec_from_file_location("train_lstm_gru", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["train_lstm_gru"] = module
    spec.loader.exec_module(module)
    return module


def numbers(cell, pattern):
    """Return the numbers that a cell printed where a pattern fits; nbval proves what it printed."""
    (found,) = [c for c in PAGE.cells if c.id == cell]
    text = "".join(output.get("text", "") for output in found.outputs)
    return [float(number) for number in re.findall(pattern, text)]


@pytest.fixture(scope="module")
def functions():
    """Return the functions that the page defines, made from its own cells."""
    namespace = {}
    wanted = ("lstm-imports", "lstm-data", "lstm-update", "lstm-bias-start")
    for cell in PAGE.cells:
        if cell.id in wanted:
            tree = ast.parse(cell.source)
            kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.Assign)
            tree.body = [node for node in tree.body if isinstance(node, kinds)]
            if cell.id == "lstm-data":
                tree.body = tree.body[:1]
            exec(compile(tree, cell.id, "exec"), namespace)
    return namespace


def test_gated_cells_solve_four_times_the_length_of_the_plain_cell():
    lengths = numbers("lstm-curve-table", r"solves up to (\d+) steps")
    plain, wide, lstm, long_lstm, gru = lengths
    assert min(plain, wide) >= 10  # the plain cell does learn the task
    assert min(lstm, long_lstm, gru) >= 4 * max(plain, wide)


def test_the_baselines_stay_far_from_solving():
    mean, linear, by_rule = numbers("lstm-baseline", r"(\d\.\d+)")
    assert 0.15 < mean < 0.19
    assert 0.15 < linear < 0.19
    assert by_rule == 0


def test_the_live_trainings_agree_with_the_table(script):
    results = script.read_table()
    for cell, start, key in (("gru", "default", "GRU"), ("lstm", "long", "LSTM")):
        stored = results[script.Run(cell, 32, start, 40, 0.01, 0)]
        (live,) = numbers("lstm-live", rf"{key}, 40 steps +solved after (\d+)")
        assert abs(stored.updates - live) <= 50


def test_short_sequences_need_no_gates():
    accuracies = numbers("lstm-vowels", r"([\d.]+)% right")
    assert len(accuracies) == len(CELLS)
    assert min(accuracies) > 90
    assert max(accuracies) - min(accuracies) < 6


def test_the_table_holds_every_run_of_the_plan(script):
    results = script.read_table()
    assert sorted(results) == sorted(script.plan())
    for run, result in results.items():
        assert (result.error < script.SOLVED) or (result.updates == script.BUDGET), run


def test_a_table_is_read_as_it_was_written(script, tmp_path):
    results = {run: script.Result(50, 0.125) for run in script.plan(1)[:3]}
    script.write_table(results, tmp_path / "table.csv")
    assert script.read_table(tmp_path / "table.csv") == results
    assert script.read_table(tmp_path / "none.csv") == {}


def test_page_and_script_make_the_same_data_and_starts(script, functions):
    x, y = script.adding_problem(7, 12, np.random.default_rng(3))
    same = functions["adding_problem"](7, 12, np.random.default_rng(3))
    assert np.array_equal(x, same[0])
    assert np.array_equal(y, same[1])
    assert np.array_equal(x[:, :, 1].sum(axis=0), np.full(7, 2))
    long = script.new_network(script.Run("lstm", 32, "long", 40, 0.01, 0))
    for p, q in zip(long.params, functions["long_memory"](40).params):
        assert np.allclose(p.get_value(), q.get_value(), rtol=0, atol=1e-15)


@pytest.mark.parametrize("cell", CELLS)
def test_page_and_script_make_the_same_updates(script, functions, cell):
    losses = []
    for make_update in (script.make_update, functions["make_update"]):
        update = make_update(script.new_network(script.Run(cell, 8, "default", 6, 0.01, 0)), 0.01)
        rng = np.random.default_rng(0)
        losses.append([float(update(*script.adding_problem(32, 6, rng))) for _ in range(60)])
    assert losses[0] == losses[1]
    assert np.mean(losses[0][-10:]) < np.mean(losses[0][:10])


def test_a_run_ends_at_its_budget_and_repeats(script):
    run = script.Run("gru", 8, "default", 10, 0.01, 0)
    first = script.train_until_solved(run, budget=100)
    assert first.updates == 100
    assert first == script.train_until_solved(run, budget=100)
