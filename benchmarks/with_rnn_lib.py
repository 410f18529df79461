"""The book's own network; with ``scan``, the same network with the loop as a scan."""

import os

flags = f"{os.environ['RNN_ENGINE'].upper()}_FLAGS"
os.environ[flags] = "floatX=float32"

import numpy as np  # noqa: E402
from workloads import MAX_NORM, RATE  # noqa: E402

from rnn_lib import RNN, cells  # noqa: E402


def make(work, scan=False):
    """Return an update, which gives its loss, and a prediction."""
    if scan:
        for name, cell in cells.CELLS.items():
            cells.CELLS[name] = cell._replace(kernel=None)
    options = {"embedding_size": work.n_features, "readout": "all"} if work.letters else {}
    size = work.n_classes if work.letters else work.n_features
    model = RNN(size, work.n_hidden, work.n_classes, cell=work.cell, **options)
    for p in model.params:
        p.set_value(work.weights()[p.name])
    x, y = work.data()
    optimizer = ("adam", True) if work.letters else ("sgd", False)
    compiled, _ = model._compiled("update", *optimizer)
    numbers = [RATE, MAX_NORM] if work.letters else [RATE]
    sequences, targets = [*x.swapaxes(0, 1)], [*y.T] if work.letters else [*y]

    def update():
        x, mask, y, _ = model._batch(sequences, targets, range(work.n_batch))
        return float(compiled(x, mask, y, *numbers))

    def predict():
        p = np.asarray(model.predict_proba(sequences))
        return p.swapaxes(0, 1) if work.letters else p

    return update, predict
