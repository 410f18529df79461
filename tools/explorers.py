"""Write the data of the explorers: what the pages show that need no Python.

    python tools/explorers.py [folder]

Each file is a saved model of `rnn_lib` with some arrays more, in 32 bits a number:

* ``hidden-states.npz``: the network of chapter 5, trained as there, and utterances for it
* ``gradient-flow.npz``: the untrained networks of chapter 4, one for each cell, and a stream

The explorer of the names reads the parameters of the page about names as they are.
"""

import argparse
from dataclasses import asdict
from pathlib import Path

import numpy as np

from rnn_lib import RNN
from rnn_lib.cells import CELLS
from rnn_lib.data import load_japanese_vowels
from rnn_lib.files import write_npz

__all__ = ["gradient_flow", "hidden_states", "main"]

FOLDER = Path(__file__).resolve().parent.parent / "_static" / "explorers"
UNFOLDING = 175  # the test utterance of the figure "A prediction unfolds"
N_FRAMES = 100  # of the stream


def scale(frames: np.ndarray, sequences: list[np.ndarray]) -> list[np.ndarray]:
    """Return the sequences with the mean and the deviation of ``frames`` taken out."""
    return [(x - frames.mean(axis=0)) / frames.std(axis=0) for x in sequences]


def hidden_states() -> tuple[dict, dict[str, np.ndarray]]:
    """Return options and arrays of chapter 5: its network, and utterances end to end.

    They are the one of the figure, the first of each speaker, and all those that the network
    takes for another speaker's.
    """
    vowels = load_japanese_vowels(validation=False)
    frames = np.concatenate(vowels.x_train)
    model = RNN(12, 64, 9, seed=0)
    settings = {"batch_size": 27, "optimizer": "adam", "clip_norm": 1.0}
    model.train(scale(frames, vowels.x_train), vowels.y_train, 0.005, 15, **settings)
    x_test = scale(frames, vowels.x_test)
    wrong = np.flatnonzero(model.predict(x_test) != vowels.y_test)
    firsts = np.unique(vowels.y_test, return_index=True)[1]
    numbers = [UNFOLDING, *sorted({*firsts, *wrong} - {UNFOLDING})]
    return asdict(model), {
        **{p.name: p.get_value() for p in model.params},
        "frames": np.concatenate([x_test[i] for i in numbers]),  # (all frames, 12)
        "lengths": np.array([len(x_test[i]) for i in numbers]),
        "numbers": np.array(numbers),
        "speakers": vowels.y_test[numbers],
    }


def gradient_flow() -> tuple[dict, dict[str, np.ndarray]]:
    """Return options and arrays of chapter 4: its untrained network with each cell, and a stream.

    The stream is the first of those that the chapter measures the gradient on, and goes on longer.
    """
    x_train = load_japanese_vowels().x_train
    order = np.random.default_rng(0).permutation(len(x_train))
    stream = scale(np.concatenate(x_train), [np.concatenate([x_train[i] for i in order])])[0]
    models = {cell: RNN(12, 64, 9, cell=cell, seed=0) for cell in CELLS}
    arrays = {
        f"{cell}.{p.name}": p.get_value() for cell, model in models.items() for p in model.params
    }
    return {}, {**arrays, "stream": stream[:N_FRAMES]}


def main(arguments: list[str] | None = None) -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    folder = parser.parse_args(arguments).folder
    for name, make in (("hidden-states", hidden_states), ("gradient-flow", gradient_flow)):
        options, arrays = make()
        small = {
            key: value.astype("float32" if value.dtype.kind == "f" else "int32")
            for key, value in arrays.items()
        }
        write_npz(folder / f"{name}.npz", options, small)


if __name__ == "__main__":
    main()
