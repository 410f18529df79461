"""Train the letter model of the page about names, and store its parameters.

    python tools/train_names.py                                  # the whole training
    PYTENSOR_FLAGS=floatX=float32 python tools/train_names.py    # as it was done: half the time

It writes ``data/results/names.npz``: a GRU of 128 units, trained on 72,799 last
names, about 10 minutes on a free core.  It prints nats a letter after each stage.  The parameters
are stored as float32, which the page reads by ``RNN.load``.
"""

import argparse
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np

from rnn_lib import RNN
from rnn_lib.data import Vocabulary, load_names
from rnn_lib.files import write_npz

__all__ = ["encode", "main", "make_model", "split_names", "store", "train"]

FOLDER = Path(__file__).resolve().parent.parent / "data" / "results"
VOCABULARY = Vocabulary(".abcdefghijklmnopqrstuvwxyz")  # the dot opens and closes a name
N_HELD_OUT = 8_000
STAGES = ((0.003, 6), (0.001, 4), (0.0003, 3))  # learning rate, epochs


def split_names() -> tuple[list[str], list[str], list[str]]:
    """Return the last names in the three parts of the page: train, valid and test."""
    names = load_names().last.names
    shuffled = [names[i] for i in np.random.default_rng(0).permutation(len(names))]
    test, valid = shuffled[:N_HELD_OUT], shuffled[N_HELD_OUT : 2 * N_HELD_OUT]
    return shuffled[2 * N_HELD_OUT :], valid, test


def encode(names: list[str]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return inputs, which start with the dot, and targets, the same letters one step earlier."""
    codes = [VOCABULARY.encode(f".{name}.") for name in names]
    return [code[:-1] for code in codes], [code[1:] for code in codes]


def make_model(hidden_size: int = 128, seed: int = 0) -> RNN:
    """Return the untrained network."""
    n = len(VOCABULARY)
    options = {"cell": "gru", "embedding_size": 24, "readout": "all"}
    return RNN(n, hidden_size, n, **options, seed=seed)


def train(
    model: RNN,
    names: list[str],
    valid: list[str],
    stages: tuple[tuple[float, int], ...] = STAGES,
    seed: int = 0,
) -> Iterator[tuple[float, float]]:
    """Train in stages of falling learning rate; yield training and validation loss of each."""
    inputs, targets = encode(names)
    for stage, (rate, n_epochs) in enumerate(stages):
        history = model.train(
            inputs,
            targets,
            rate,
            n_epochs,
            batch_size=64,
            optimizer="adam",
            clip_norm=1.0,
            validation_data=encode(valid),
            patience=n_epochs,  # keeps the best epoch
            seed=seed + stage,
        )
        yield history.loss[-1], min(history.val_loss)


def store(model: RNN, path: Path) -> None:
    """Write the model as ``RNN.save`` does, with half the digits, and whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {p.name: p.get_value().astype("float32") for p in model.params}
    write_npz(path, asdict(model), arrays)


def main(arguments: list[str] | None = None) -> None:
    """Train, print the scores, and store."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", type=Path, default=FOLDER / "names.npz")
    parser.add_argument("--hidden", type=int, default=128, help="units of the GRU")
    parser.add_argument("--names", type=int, help="train on fewer names")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    names, valid, test = split_names()
    model = make_model(options.hidden, options.seed)
    print(f"{model}, seed {options.seed}", flush=True)
    for loss, val_loss in train(model, names[: options.names], valid, seed=options.seed):
        print(f"nats a letter: training {loss:.4f}, validation {val_loss:.4f}", flush=True)
        store(model, options.output)
    nats = RNN.load(options.output).evaluate(*encode(test))
    print(f"stored {os.path.getsize(options.output):,} bytes; test {nats:.4f}")


if __name__ == "__main__":
    main()
