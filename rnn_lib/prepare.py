"""What the process runs that compiles while a training goes on: see `rnn_lib.tiers`.

It makes the same network, trains it for one update on nothing but zeros, and so leaves on disk what
numba compiled.  It ends when the training that started it does.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any

import numpy as np

from rnn_lib.engine import theano
from rnn_lib.model import RNN

__all__: list[str] = []


def _end_with_parent() -> None:
    sys.stdin.read()  # returns when the other end is closed, or its process has ended
    os._exit(1)


def _main(job: dict[str, Any]) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    theano.config.floatX = job["floatX"]
    model = RNN(**job["network"])
    shape = (3,) if model.embedding_size else (3, model.input_size)
    target: Any = 0 if model.output == "softmax" else np.zeros(model.output_size)
    target = [target] * 3 if model.readout == "all" else target
    examples = [np.zeros(shape, "int32" if model.embedding_size else "float64")] * 2
    model.train(examples, [target] * 2, num_epochs=1, compiled=True, progress=False, **job["train"])


if __name__ == "__main__":
    _main(json.loads(sys.argv[1]))
