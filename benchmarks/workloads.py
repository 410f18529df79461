"""What is measured: sizes, data and initial weights, the same numbers for every engine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RATE, MAX_NORM = 0.001, 1.0
N_DRAWN = 200  # letters that are drawn one by one
N_GATES = {"tanh": 1, "lstm": 4}


@dataclass(frozen=True)
class Workload:
    """One network and the shape of its data; its float arrays are float32."""

    cell: str = "tanh"
    n_steps: int = 100
    n_batch: int = 1
    n_features: int = 20  # with letters: the size of the embedding
    n_hidden: int = 20
    n_classes: int = 10  # with letters: also how many letters there are
    letters: bool = False  # read letters, predict at every step, Adam with clipping; else SGD

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Return ``x`` and ``y``; time first."""
        rng = np.random.default_rng(0)
        if self.letters:
            text = rng.integers(0, self.n_classes, (2, self.n_steps, self.n_batch))
            return text[0].astype("int32"), text[1].astype("int32")
        x = rng.standard_normal((self.n_steps, self.n_batch, self.n_features))
        return x.astype("float32"), rng.integers(0, self.n_classes, self.n_batch).astype("int32")

    def weights(self) -> dict[str, np.ndarray]:
        """Return the parameters by their names in `rnn_lib.RNN`."""
        n_rows = N_GATES[self.cell] * self.n_hidden
        shapes = {
            "Wxh": (n_rows, self.n_features),
            "Whh": (n_rows, self.n_hidden),
            "Why": (self.n_classes, self.n_hidden),
            "bh": (n_rows,),
            "by": (self.n_classes,),
        }
        if self.letters:
            shapes["E"] = (self.n_classes, self.n_features)
        rng = np.random.default_rng(1)
        scale = 1 / np.sqrt(self.n_hidden)
        return {k: rng.uniform(-scale, scale, s).astype("float32") for k, s in shapes.items()}

    def speaker(self) -> dict[str, np.ndarray]:
        """Return the parameters for drawing letters: what was drawn changes what is drawn next."""
        scales = {"E": 20, "Why": 4}
        return {k: a * np.float32(scales.get(k, 1)) for k, a in self.weights().items()}

    def noise(self) -> np.ndarray:
        """Return what is added to the logits of each letter that is drawn: the arg max is drawn."""
        rng = np.random.default_rng(2)
        return rng.gumbel(size=(N_DRAWN, self.n_classes)).astype("float32")


LETTERS = {"n_steps": 64, "n_batch": 32, "n_features": 128, "n_hidden": 128, "n_classes": 65}
WORKLOADS = {
    "W1": Workload(),
    "W2r": Workload("tanh", **LETTERS, letters=True),
    "W2l": Workload("lstm", **LETTERS, letters=True),
    "W3": Workload(
        "lstm", **(LETTERS | {"n_batch": 64, "n_hidden": 512, "n_features": 512}), letters=True
    ),
}
# How the cost of W1 grows: one size changes, the others stay.
GROWTH = {
    "n_steps": [25, 100, 400],
    "n_batch": [1, 16, 256],
    "n_hidden": [16, 64, 256],
}
