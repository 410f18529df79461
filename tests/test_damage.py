"""Damaged files and killed programs: a clear error or the whole thing, never half of it.

``make test`` tries a few of each; ``make proof`` damages 2,000 files and kills 200 times.
"""

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from rnn_lib import RNN

N_FILES = int(os.environ.get("BOOK_FILES", "60"))
N_KILLS = int(os.environ.get("BOOK_KILLS", "4"))  # of each of the three programs


def saved(tmp_path, **options):
    model = RNN(3, 4, 2, seed=0, **options)
    model.save(tmp_path / "model.npz")
    return model, (tmp_path / "model.npz").read_bytes()


def damaged(content, rng):
    """Return a copy with bytes cut off, flipped, swapped, or doubled."""
    data = bytearray(content)
    how = rng.randrange(5)
    if how == 0:
        return bytes(data[: rng.randrange(len(data))])
    if how == 1:
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif how == 2:
        a, b, n = rng.randrange(len(data)), rng.randrange(len(data)), rng.randint(1, 40)
        data[a : a + n], data[b : b + n] = data[b : b + n], data[a : a + n]
    elif how == 3:
        start = rng.randrange(len(data))
        del data[start : start + rng.randint(1, 200)]
    else:
        start = rng.randrange(len(data))
        data[start:start] = data[start : start + rng.randint(1, 200)]
    return bytes(data)


@pytest.mark.parametrize("cell", ["tanh", "gru"])
def test_a_damaged_file_is_refused_or_is_the_exact_model(tmp_path, cell):
    model, content = saved(tmp_path, cell=cell)
    expected = [p.get_value() for p in model.params]
    rng, path = random.Random(N_FILES), tmp_path / "damaged.npz"
    n_refused = 0
    for _ in range(N_FILES // 2):
        path.write_bytes(damaged(content, rng))
        refusal = ""
        try:
            found = [p.get_value() for p in RNN.load(path).params]
        except (TypeError, ValueError, FileNotFoundError) as error:
            refusal = str(error)
            n_refused += 1
        if refusal:
            assert "damaged.npz" in refusal
            assert "\n" not in refusal
        else:
            assert all(np.array_equal(p, q) for p, q in zip(found, expected, strict=True))
    assert n_refused > N_FILES // 4  # most damage is seen


SAVING = """
from rnn_lib import RNN
models = [RNN(40, 60, 9, seed=seed) for seed in (0, 1)]
print("ready", flush=True)
while True:
    for model in models:
        model.save("model.npz")
"""
TRAINING = """
import numpy as np
from rnn_lib import RNN
model = RNN(40, 60, 9, seed=0)
x, y = np.ones((3, 40)), 1
model.train(x, y, 0.01, 1, checkpoint="model.npz", progress=False)
print("ready", flush=True)
model.train(x, y, 0.001, 100_000, checkpoint="model.npz", progress=False)
"""
WRITING = """
import sys
from pathlib import Path
from tools.pages import write_whole
contents = [bytes([letter]) * 2_000_000 for letter in b"ab"]
write_whole(Path("page.ipynb"), contents[0])
print("ready", flush=True)
while True:
    for content in contents:
        write_whole(Path("page.ipynb"), content)
"""


def kill_while(program, folder, check, seed):
    """Kill a program at a random moment, again and again; what it wrote must be whole each time."""
    rng = random.Random(seed)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "RNN_PROGRESS": "0"}
    for _ in range(N_KILLS):
        child = subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert child.stdout.readline() == "ready\n"
            time.sleep(rng.uniform(0, 0.15))
        finally:
            child.kill()
            assert child.wait() == -signal.SIGKILL
            child.stdout.close()
        check()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
@pytest.mark.parametrize("program", [SAVING, TRAINING], ids=["save", "checkpoint"])
def test_a_killed_program_leaves_a_whole_file(tmp_path, program):
    (tmp_path / "model.npz").write_bytes(b"")
    RNN(2, 2, 2).save(tmp_path / "model.npz")  # the earlier one, which must not get lost

    def check():
        assert RNN.load(tmp_path / "model.npz").input_size == 40

    kill_while(program, tmp_path, check, seed=1)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_a_killed_tool_leaves_a_whole_notebook(tmp_path):
    def check():
        content = (tmp_path / "page.ipynb").read_bytes()
        assert len(content) == 2_000_000
        assert len(set(content)) == 1

    kill_while(WRITING, tmp_path, check, seed=2)
