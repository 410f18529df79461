"""The book's own network; with ``scan``, the same network with the loop as a scan.

``RNN_COMPILED`` says for both whether the engine interprets their graph or numba compiles it.
"""

import functools
import os
from types import SimpleNamespace

flags = f"{os.environ['RNN_ENGINE'].upper()}_FLAGS"
os.environ[flags] = f"floatX=float32,{os.environ.get(flags, '')}".rstrip(",")

import numpy as np  # noqa: E402
from workloads import MAX_NORM, N_DRAWN, RATE  # noqa: E402

from rnn_lib import RNN, cells, theano  # noqa: E402
from rnn_lib.sampling import generate  # noqa: E402


def build(work, weights):
    """Return the network with these weights."""
    options = {"embedding_size": work.n_features, "readout": "all"} if work.letters else {}
    size = work.n_classes if work.letters else work.n_features
    model = RNN(size, work.n_hidden, work.n_classes, cell=work.cell, **options)
    for p in model.params:
        p.set_value(weights[p.name])
    return model


def make(work, scan=False):
    """Return an update, which gives its loss, and a prediction."""
    if scan:
        for name, cell in cells.CELLS.items():
            cells.CELLS[name] = cell._replace(kernel=None)
        if os.environ.get("RNN_COMPILED") == "1":  # the step, too, as PyTensor alone compiles it
            theano.scan = functools.partial(theano.scan, mode="NUMBA")
    model = build(work, work.weights())
    x, y = work.data()
    optimizer = ("adam", True) if work.letters else ("sgd", False)
    compiled = model._compiled("update", *optimizer)
    numbers = [np.array(n, "float32") for n in ([RATE, MAX_NORM] if work.letters else [RATE])]
    sequences, targets = [*x.swapaxes(0, 1)], [*y.T] if work.letters else [*y]

    def update():
        x, mask, y, _ = model._batch(sequences, targets, range(work.n_batch))
        return float(compiled(x, mask, y, *numbers))

    def predict():
        p = np.asarray(model.predict_proba(sequences))
        return p.swapaxes(0, 1) if work.letters else p

    return update, predict


def make_sample(work):
    """Return a function that draws letters."""
    model, noise = build(work, work.speaker()), work.noise()
    rng = SimpleNamespace(gumbel=lambda size: noise)  # the same for all
    return lambda: generate(model, [0], N_DRAWN, rng)
