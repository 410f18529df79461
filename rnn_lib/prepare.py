"""What the second process runs that compiles while a training goes on: see the page about speed.

`rnn_lib.tiers` starts it.  It trains the same network for one update on nothing but zeros, and so
leaves on disk what numba compiled.

>>> from rnn_lib import RNN
>>> from rnn_lib.prepare import zeros
>>> sequences, targets = zeros(RNN(input_size=12, hidden_size=64, output_size=9))
>>> [x.shape for x in sequences], targets
([(3, 12), (3, 12)], [0, 0])
"""

import json
import os
import sys
import threading
from typing import Any

import numpy as np

from rnn_lib.engine import theano
from rnn_lib.model import RNN

__all__ = ["zeros"]


def zeros(model: RNN) -> tuple[list[np.ndarray], list[Any]]:
    """Return two sequences of three steps and their targets, of the kinds that ``model`` takes."""
    x = np.zeros(3, "int32") if model.embedding_size else np.zeros((3, model.input_size))
    y: Any = 0 if model.output == "softmax" else np.zeros(model.output_size)
    return [x, x], [[y] * 3 if model.readout == "all" else y] * 2


def _end_with_parent() -> None:
    sys.stdin.read()  # returns when the other end is closed, or its process has ended
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    job = json.loads(sys.argv[1])
    theano.config.floatX = job["floatX"]
    model = RNN(**job["network"])
    model.train(*zeros(model), num_epochs=1, compiled=True, progress=False, **job["train"])
