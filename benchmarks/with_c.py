"""C by hand, for the small workload alone: `with_c.c`, compiled for this processor."""

import ctypes
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from workloads import RATE

COMPILER = ["cc", "-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]


def load():
    """Return the compiled functions."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "with_c.so")
        source = Path(__file__).with_suffix(".c")
        subprocess.run([*COMPILER, "-o", path, source, "-lm"], check=True)
        return ctypes.CDLL(str(path))


def make(work):
    """Return an update, which gives its loss, and a prediction."""
    assert (work.cell, work.n_batch, work.letters) == ("tanh", 1, False)
    library = load()
    library.update.restype = ctypes.c_float
    # transposed, so that the inner loops run along memory
    w = {k: np.ascontiguousarray(a.T) for k, a in work.weights().items()}
    x, y = work.data()
    h = np.zeros((work.n_steps + 1, work.n_hidden), "float32")
    p = np.empty(work.n_classes, "float32")
    sizes = (work.n_steps, work.n_features, work.n_hidden, work.n_classes)

    def pointers(*arrays):
        return [a.ctypes.data_as(ctypes.c_void_p) for a in arrays]

    (at_x,) = pointers(x)
    others = pointers(*(w[k] for k in ("Wxh", "Whh", "Why", "bh", "by")), h, p)

    def update():
        return library.update(*sizes, at_x, int(y[0]), ctypes.c_float(RATE), *others)

    def predict():
        library.predict(*sizes, at_x, *others)
        return p[np.newaxis].copy()

    return update, predict
