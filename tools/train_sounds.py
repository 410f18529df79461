"""Train the two networks of the page about spelling and sound, without and with attention.

    python tools/train_sounds.py                    # both, five minutes of CPU
    python tools/train_sounds.py --check            # train nothing: score the stored parameters

It writes data/results/, and runs the cells of the page that are tagged
``model``, so that the page shows what is trained.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from tqdm import tqdm

if __name__ == "__main__":  # before the engine is imported
    os.environ.setdefault("PYTENSOR_FLAGS", "floatX=float32")  # half the memory to move

from rnn_lib.files import read_npz, write_npz

APPLICATIONS = Path(__file__).resolve().parent.parent / "chapters" / "applications"
RESULTS = APPLICATIONS.parent.parent / "data" / "results"
SETTINGS = {
    "n_hidden": 64,
    "n_embedding": 32,
    "seed": 1,
    "n_epochs": 8,
    "batch_size": 64,
    "learning_rate": 0.003,
}


def load_page(path: Path = APPLICATIONS / "spelling_to_sound.ipynb") -> SimpleNamespace:
    """Run the cells tagged ``model`` of the page, and return the names that they define."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    names: dict[str, Any] = {"print": lambda *values: None}
    for cell in cells:
        if "model" in cell["metadata"].get("tags", []):
            exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
    return SimpleNamespace(**names)


def learning_rate(done: float, first: float) -> float:
    """Return the rate after the share ``done`` of the training: half a wave of a cosine."""
    return first * (0.01 + 0.99 * (1 + np.cos(np.pi * done)) / 2)


def train(page: Any, pairs: list[Any], valid: list[Any], *, attention: bool, settings: Any) -> Any:
    """Return the best parameters, and the settings with the losses of all epochs."""
    values = page.initial_parameters(
        settings["n_hidden"], settings["n_embedding"], attention=attention, seed=settings["seed"]
    )
    parameters = page.to_shared(values)
    update = page.compile_update(parameters)
    inputs, loss, _ = page.loss_of(parameters)
    evaluate = page.function(inputs, loss)
    rng = np.random.default_rng(settings["seed"])
    history: dict[str, list[float]] = {"loss": [], "val_loss": []}
    n_epochs, best = settings["n_epochs"], {}
    for epoch in range(n_epochs):
        batches, losses = page.batches(pairs, settings["batch_size"], rng), []
        bar = tqdm(batches, f"epoch {epoch + 1} of {n_epochs}", disable=None, leave=False)
        for i, some_pairs in enumerate(bar):
            done = (epoch + i / len(batches)) / n_epochs
            rate = learning_rate(done, settings["learning_rate"])
            losses.append(float(update(*page.batch(some_pairs), rate)))
        history["loss"].append(round(float(np.mean(losses)), 5))
        history["val_loss"].append(round(float(evaluate(*page.batch(valid))), 5))
        if history["val_loss"][-1] == min(history["val_loss"]):
            best = {name: p.get_value() for name, p in parameters.items()}
        print(f"epoch {epoch + 1}: {history['loss'][-1]:.4f} {history['val_loss'][-1]:.4f}")
    return best, {**settings, "attention": attention, **history}


def score(page: Any, values: dict[str, np.ndarray], part: dict[str, Any]) -> tuple[float, float]:
    """Return the phone and the word error rate of greedy decoding."""
    said, _ = page.greedy(page.compile_translator(page.to_shared(values)), list(part))
    return page.error_rates(said, part)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="train nothing, score what is stored")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--n-epochs", type=int, default=SETTINGS["n_epochs"])
    parser.add_argument("--n-pairs", type=int, help="only the first ones, to try the script")
    options = parser.parse_args(arguments)
    page = load_page()
    pairs = [(word, p) for word, several in page.words.train.items() for p in several]
    valid = [(word, p) for word, several in page.words.valid.items() for p in several]
    options.out.mkdir(parents=True, exist_ok=True)
    for attention in (True, False):
        path = options.out / f"sounds_{'with' if attention else 'without'}_attention.npz"
        if not options.check:
            settings = {**SETTINGS, "n_epochs": options.n_epochs}
            values, settings = train(
                page, pairs[: options.n_pairs], valid, attention=attention, settings=settings
            )
            write_npz(path, settings, {k: v.astype("float32") for k, v in values.items()})
        for name in ("valid", "test"):
            rates = score(page, read_npz(path)[1], getattr(page.words, name))
            print(f"{path.stem}, {name}: phone error {rates[0]:.1%}, word error {rates[1]:.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
