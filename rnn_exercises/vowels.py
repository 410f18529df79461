"""Japanese Vowels as the checks of chapters 4 to 6 use them: scaled, with speakers renamed.

>>> from rnn_exercises.vowels import scaled
>>> x_train, y_train, x_valid, y_valid = scaled()
>>> len(x_train), len(x_valid)
(216, 54)
"""

from functools import cache
from typing import Any

import numpy as np

from rnn_lib.data import load_japanese_vowels

__all__ = ["renamed", "scaled", "share_right"]


@cache
def scaled() -> tuple[list[np.ndarray], np.ndarray, list[np.ndarray], np.ndarray]:
    """Return x_train, y_train, x_valid and y_valid, every feature with mean 0 and deviation 1."""
    vowels = load_japanese_vowels()
    frames = np.concatenate(vowels.x_train)
    mean, std = frames.mean(axis=0), frames.std(axis=0)
    x_train, x_valid = (
        [(x - mean) / std for x in utterances] for utterances in (vowels.x_train, vowels.x_valid)
    )
    return x_train, vowels.y_train, x_valid, vowels.y_valid


def renamed(rng: np.random.Generator) -> np.ndarray:
    """Return a new number for each of the nine speakers, never the old one.

    A network that was trained elsewhere, with the old numbers, is then wrong about everybody.
    """
    return (np.arange(9) + rng.integers(1, 9)) % 9


def share_right(network: Any, utterances: list[np.ndarray], speakers: np.ndarray) -> float:
    """Return how often the last answer of a network is right, whether it has one or one a frame."""
    answers = [np.asarray(p) for p in network.predict_proba(utterances)]
    last = [p[-1] if p.ndim == 2 else p for p in answers]
    return float(np.mean([p.argmax() == k for p, k in zip(last, speakers)]))
