"""Measure over which lengths each cell learns the adding problem, for the page about LSTM and GRU.

    python tools/train_lstm_gru.py             # about an hour; writes data/results/adding.csv
    python tools/train_lstm_gru.py --seeds 1   # a third of it

Every network has 32 units (``wide``: 66, as many parameters as the LSTM), and reads minibatches of
32 new sequences, by Adam, with gradients clipped to 1, until its mean squared error on 500 other
sequences is below 0.01, or the budget of 1,000 updates is used up.  The plain cell is tried with
two learning rates, and may count the better one; the gated cells have one.

The table is written anew after each run, whole or not at all; a run that it holds already is not
repeated.
"""

from __future__ import annotations

import argparse
import csv
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from rnn_lib import RNN, T, theano
from rnn_lib.cells import CELLS
from rnn_lib.losses import squared_error
from rnn_lib.recurrence import recurrence
from rnn_lib.updates import adam, clip_by_norm

__all__ = ["Run", "adding_problem", "make_update", "new_network", "plan", "read_table"]
__all__ += ["train_until_solved", "write_table"]

TABLE = Path(__file__).resolve().parent.parent / "data/results/adding.csv"
LENGTHS = (10, 20, 40, 80, 160)
BUDGET, INTERVAL, N_BATCH, SOLVED = 1000, 50, 32, 0.01


class Run(NamedTuple):
    """One training; ``start`` is the initial bias of the gate that keeps: default or long."""

    cell: str
    hidden: int
    start: str
    length: int
    learning_rate: float
    seed: int


class Result(NamedTuple):
    """Updates until solved, or the whole budget; mean squared error at the end."""

    updates: int
    error: float


def adding_problem(
    n_sequences: int, n_steps: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return ``x (n_steps, n_sequences, 2)``, values and marks, and the sums ``y (n_sequences,)``.

    Each half of a sequence has one mark; the target is the sum of the two marked values.
    """
    values = rng.uniform(0, 1, (n_steps, n_sequences))
    marks, each = np.zeros_like(values), np.arange(n_sequences)
    marks[rng.integers(0, n_steps // 2, n_sequences), each] = 1
    marks[rng.integers(n_steps // 2, n_steps, n_sequences), each] = 1
    return np.stack([values, marks], axis=2), (values * marks).sum(axis=0)


def new_network(run: Run) -> RNN:
    """Return the untrained network of a run."""
    model = RNN(2, run.hidden, 1, cell=run.cell, output="linear", seed=run.seed)
    if run.start == "long":  # memories of 1 to n_steps - 1 steps: Tallec and Ollivier (2018)
        bias = np.log(np.linspace(1, run.length - 1, run.hidden))
        bh = model.bh.get_value().reshape(-1, run.hidden)
        bh[0], bh[1] = -bias, bias
        model.bh.set_value(bh.ravel())
    return model


def make_update(model: RNN, learning_rate: float) -> Callable[[np.ndarray, np.ndarray], Any]:
    """Compile one update of Adam on ``x (n_steps, n_batch, 2)`` and ``y (n_batch,)``."""
    x, y = T.tensor3("x"), T.vector("y")
    mask = T.ones_like(x[:, :, 0], dtype="int8")  # all sequences are equally long
    h = recurrence(CELLS[model.cell], x, mask, model.Wxh, model.Whh, model.bh)
    output = T.dot(h[-1], model.Why.T) + model.by
    loss = squared_error(output, y.dimshuffle(0, "x")).mean()
    grads = clip_by_norm(T.grad(loss, model.params), 1.0)
    return theano.function([x, y], loss, updates=adam(model.params, grads, learning_rate))


def train_until_solved(run: Run, *, budget: int = BUDGET, progress: bool = False) -> Result:
    """Train the network of a run, and look at its error every 50 updates."""
    model = new_network(run)
    update = make_update(model, run.learning_rate)
    x_test, y_test = adding_problem(500, run.length, np.random.default_rng(999))
    test = [*x_test.transpose(1, 0, 2)]
    rng = np.random.default_rng(run.seed)
    error = np.inf
    bar = tqdm(range(1, budget + 1), desc=" ".join(map(str, run)), disable=not progress)
    for n_updates in bar:
        update(*adding_problem(N_BATCH, run.length, rng))
        if n_updates % INTERVAL == 0:
            error = model.evaluate(test, y_test)
            bar.set_postfix_str(f"error {error:.4f}")
            if error < SOLVED:
                break
    bar.close()
    return Result(n_updates, round(error, 4))


def plan(n_seeds: int = 3) -> list[Run]:
    """Return the runs of the table."""
    runs = []
    for seed in range(n_seeds):
        for length in LENGTHS:
            for rate in (0.01, 0.003):
                runs.append(Run("tanh", 32, "default", length, rate, seed))
            if length <= 40:
                runs += [Run("tanh", 66, "default", length, rate, seed) for rate in (0.01, 0.003)]
            for cell, start in (("gru", "default"), ("lstm", "default"), ("lstm", "long")):
                runs.append(Run(cell, 32, start, length, 0.01, seed))
    return runs


def read_table(path: Path = TABLE) -> dict[Run, Result]:
    """Return the runs that are done; none where there is no table."""
    if not path.exists():
        return {}
    with path.open(encoding="ascii", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        Run(
            row["cell"],
            int(row["hidden"]),
            row["start"],
            int(row["length"]),
            float(row["learning_rate"]),
            int(row["seed"]),
        ): Result(int(row["updates"]), float(row["error"]))
        for row in rows
    }


def write_table(results: dict[Run, Result], path: Path = TABLE) -> None:
    """Write the table whole or not at all, in the order of the plan."""
    path.parent.mkdir(exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="ascii", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*Run._fields, *Result._fields])
        writer.writerows([*run, *results[run]] for run in sorted(results))
    os.chmod(temporary, 0o644)  # mkstemp's files are private
    os.replace(temporary, path)


def main() -> None:
    """Make the runs that the table lacks."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--table", type=Path, default=TABLE)
    arguments = parser.parse_args()
    results = read_table(arguments.table)
    for run in plan(arguments.seeds):
        if run not in results:
            results[run] = train_until_solved(run, progress=True)
            write_table(results, arguments.table)
            print(*run, *results[run], sep="\t", flush=True)


if __name__ == "__main__":
    main()
