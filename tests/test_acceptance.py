"""What the book promises: a first result in seconds, and the accuracy of its running example."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from rnn_lib import RNN
from rnn_lib.data import load_japanese_vowels
from rnn_lib.engine import NAME

ROOT = Path(__file__).resolve().parent.parent

FIRST_EPOCH = """
import time
from rnn_lib import RNN
from rnn_lib.data import load_japanese_vowels
vowels = load_japanese_vowels()
history = RNN(12, 64, 9).train(vowels.x_train, vowels.y_train, num_epochs=1)
assert len(history.loss) == 1
print(time.process_time())  # of CPU, from the start of the process
"""


def test_first_epoch_in_less_than_five_seconds(tmp_path):
    """From the start of Python, with an empty compile cache."""
    flags = f"base_compiledir={tmp_path}"
    environ = {**os.environ, "PYTHONPATH": str(ROOT), f"{NAME.upper()}_FLAGS": flags}
    process = subprocess.run(
        [sys.executable, "-c", FIRST_EPOCH],
        capture_output=True,
        text=True,
        env=environ,
        timeout=600,
    )
    assert (process.returncode, process.stderr) == (0, "")
    seconds = float(process.stdout)
    print(f"first epoch after {seconds:.1f} s of CPU")
    assert 0 < seconds < 5


def test_accuracy_on_japanese_vowels():
    """With the settings of chapter 4, chosen on validation data."""
    vowels = load_japanese_vowels(validation=False)
    frames = np.concatenate(vowels.x_train)
    mean, std = frames.mean(axis=0), frames.std(axis=0)
    x_train, x_test = ([(x - mean) / std for x in xs] for xs in (vowels.x_train, vowels.x_test))
    settings = {"batch_size": 27, "optimizer": "adam", "clip_norm": 1.0}
    model, accuracies = RNN(12, 64, 9), []
    for seed in range(5):
        for p, start in zip(model.params, RNN(12, 64, 9, seed=seed).params):
            p.set_value(start.get_value())  # compiled once
        model.train(x_train, vowels.y_train, 0.005, 15, **settings)
        accuracies.append((model.predict(x_test) == vowels.y_test).mean())
    print("accuracies:", [f"{a:.1%}" for a in accuracies])
    assert np.median(accuracies) >= 0.96
    assert min(accuracies) > 0.9
