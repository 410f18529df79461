"""Measure `rnn_lib` beside its peers, and store what was found: ``make bench``.

Every engine runs in a process of its own.  The processes take turns, a few updates each, so that
what else the machine does meets all of them alike; what counts is the ratio of the medians of CPU
time.  Before that all must give the same losses, or there is no result.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from workloads import GROWTH, WORKLOADS, Workload

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PYTHON = {name: ROOT / name / "bin" / "python" for name in (".venv", ".venv-theano", ".venv-bench")}

INTERPRETED = {"RNN_ENGINE": "pytensor", "RNN_COMPILED": "0"}
COMPILED = {"RNN_ENGINE": "pytensor", "RNN_COMPILED": "1"}
ON_THEANO = {"RNN_ENGINE": "theano", "RNN_COMPILED": "0"}
# What a row is called: the environment, the module, its variant, the variables of its process
ENGINES = {
    "rnn_lib": (".venv", "with_rnn_lib", "fused", INTERPRETED),
    "rnn_lib compiled": (".venv", "with_rnn_lib", "fused", COMPILED),
    "rnn_lib on Theano": (".venv-theano", "with_rnn_lib", "fused", ON_THEANO),
    "scan": (".venv", "with_rnn_lib", "scan", INTERPRETED),
    "scan compiled": (".venv", "with_rnn_lib", "scan", COMPILED),
    "scan on Theano": (".venv-theano", "with_rnn_lib", "scan", ON_THEANO),
    "NumPy by hand": (".venv", "with_numpy", "plain", {}),
    "PyTorch": (".venv-bench", "with_torch", "plain", {}),
    "JAX": (".venv-bench", "with_jax", "plain", {}),
    "C by hand": (".venv", "with_c", "plain", {}),  # W1 alone
}
SPEAKERS = ["rnn_lib", "rnn_lib compiled", "NumPy by hand", "PyTorch", "JAX"]  # who draws letters
N_LOSSES = {"W1": 31, "W2r": 31, "W2l": 31}  # elsewhere 5: those updates are long, or many sizes
TOLERANCE = 1e-5  # relative; the arrays are float32
RESULTS = ROOT / "data" / "results" / "speed.json"
CACHE = tempfile.TemporaryDirectory()  # of what numba compiles: empty at the start of a run


def environment(**variables: str) -> dict[str, str]:
    """Return the variables of a process: one thread, this repository, nothing of the caller's."""
    own = {k: v for k, v in os.environ.items() if not k.endswith("_FLAGS")}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return own | threads | {"PYTHONPATH": str(ROOT)} | variables


def cached_in(folder: str) -> dict[str, str]:
    """Return the variables that make the engines and numba keep there what they compile."""
    flags = dict.fromkeys(("PYTENSOR_FLAGS", "THEANO_FLAGS"), f"base_compiledir={folder}")
    return flags | {"NUMBA_CACHE_DIR": folder}


class Worker:
    """A process that runs one workload with one engine, when it is asked to."""

    def __init__(self, engine: str, work: str) -> None:
        folder, module, variant, variables = ENGINES[engine]
        self.process = subprocess.Popen(
            [PYTHON[folder], HERE / "worker.py", module, variant, work],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(**variables, **cached_in(CACHE.name)),
        )

    def ask(self, command: str) -> dict:
        """Send a line, return the answer."""
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.process.args} ended before it answered {command!r}.")
        return json.loads(line)

    def close(self) -> None:
        """End the process."""
        self.process.stdin.close()
        self.process.wait()


def check_losses(losses: dict[str, list[float]]) -> float:
    """Return the largest relative difference from PyTorch's losses; stop where it is too large."""
    largest = 0.0
    for engine, values in losses.items():
        gap = max(abs(a - b) / abs(b) for a, b in zip(values, losses["PyTorch"], strict=True))
        if not gap < TOLERANCE:
            raise SystemExit(f"{engine} computes other losses than PyTorch: {gap:.1e}")
        largest = max(largest, gap)
    return largest


def take_turns(workers: dict[str, Worker], command: str, rounds: int) -> dict[str, list[float]]:
    """Return the CPU seconds of each call, by engine; a turn is about 0.2 s long."""
    turns = {}
    for engine, worker in workers.items():
        seconds = min(worker.ask(f"{command} 2")["seconds"])
        turns[engine] = max(1, min(100, round(0.2 / seconds)))
    found: dict[str, list[float]] = {engine: [] for engine in workers}
    for _ in range(rounds):
        for engine, worker in workers.items():
            found[engine] += worker.ask(f"{command} {turns[engine]}")["seconds"]
    return found


def first_update(engine: str, work: str) -> dict:
    """Return the CPU seconds and the peak of memory of a process that makes one update."""
    worker = Worker(engine, work)
    worker.ask("update 1")
    found = worker.ask("so far")
    worker.close()
    return found


def measure(work: str, rounds: int, engines: list[str], others: tuple[str, ...] = ()) -> dict:
    """Return medians in ms and the peak of memory in MB, by engine, and the gap of the losses.

    ``others`` are commands besides "update" that are measured: "predict" or "sample".
    """
    result: dict = {"gap": 0.0}
    if work in WORKLOADS:  # with nothing compiled, then again
        compiled = [engine for engine in engines if engine.endswith(" compiled")]
        result["first"] = {engine: first_update(engine, work) for engine in compiled}
        result["again"] = {engine: first_update(engine, work) for engine in engines}
    workers = {engine: Worker(engine, work) for engine in engines}
    try:
        answers = {
            e: w.ask(f"update {N_LOSSES.get(work, 5)}")["values"] for e, w in workers.items()
        }
        result["gap"] = check_losses(answers)
        result["update"] = take_turns(workers, "update", rounds)
        result["memory"] = {engine: w.ask("so far")["memory"] for engine, w in workers.items()}
        for command in others:
            able = {e: w for e, w in workers.items() if command != "sample" or e in SPEAKERS}
            if command == "sample":
                check_letters({e: w.ask("sample 1")["values"][0] for e, w in able.items()})
            result[command] = take_turns(able, command, rounds)
    finally:
        for worker in workers.values():
            worker.close()
    for command in ("update", *others):
        for engine, seconds in result[command].items():
            result[command][engine] = float(f"{1000 * statistics.median(seconds):.3g}")
    return result


def check_letters(letters: dict[str, list[int]]) -> None:
    """Stop where an engine draws other letters than PyTorch from the same noise."""
    for engine, drawn in letters.items():
        if drawn != letters["PyTorch"]:
            raise SystemExit(f"{engine} draws other letters than PyTorch.")


def engines_for(work: str) -> list[str]:
    """Return the names of the rows: C is for W1 alone, and where there is a compiler."""
    if work == "W1" and not shutil.which("cc"):
        print("There is no C compiler, so no row for C.")
    with_c = work == "W1" and shutil.which("cc")
    return [engine for engine in ENGINES if with_c or engine != "C by hand"]


def seconds_of(command: list, **variables: str) -> tuple[float, str]:
    """Return the CPU seconds of a process from its start to its end, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment(**variables)
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent, process.stdout


def cold_start(rounds: int) -> dict:
    """Return CPU seconds and accuracy of the whole job of `cold.py`, with empty caches."""
    jobs = {
        "rnn_lib": (".venv", {"RNN_ENGINE": "pytensor"}),
        "rnn_lib on Theano": (".venv-theano", {"RNN_ENGINE": "theano"}),
        "PyTorch": (".venv-bench", {}),
        "JAX": (".venv-bench", {}),
    }
    names = {"PyTorch": "torch", "JAX": "jax"}
    found: dict[str, list[float]] = {name: [] for name in [*jobs, "import torch alone"]}
    accuracy = {}
    for _ in range(rounds):
        for name, (folder, variables) in jobs.items():
            with tempfile.TemporaryDirectory() as cache:
                flags = {k: f"floatX=float32,{v}" if k.endswith("FLAGS") else v
                         for k, v in cached_in(cache).items()}  # fmt: skip
                command = [PYTHON[folder], HERE / "cold.py", names.get(name, "rnn_lib")]
                spent, printed = seconds_of(command, **variables, **flags)
            found[name].append(spent)
            accuracy[name] = round(float(printed), 4)
        alone = [PYTHON[".venv-bench"], "-c", "import torch"]
        found["import torch alone"].append(seconds_of(alone)[0])
    medians = {name: round(statistics.median(s), 2) for name, s in found.items()}
    return {"seconds": medians, "accuracy": accuracy}


def growth(rounds: int) -> dict:
    """Return the ms of an update of W1 as one of its sizes grows, by size and engine."""
    engines, found = ["rnn_lib", "scan", "PyTorch", "JAX", "rnn_lib compiled"], {}
    for size, values in GROWTH.items():
        print(f"growth with {size}", flush=True)
        rows = [
            measure(json.dumps(dataclasses.asdict(Workload(**{size: v}))), rounds, engines)
            for v in values
        ]
        update = {engine: [row["update"][engine] for row in rows] for engine in engines}
        found[size] = {"values": values, "update": update}
    return found


def machine() -> dict:
    """Return what the numbers depend on, and no name of a person or place."""
    model = [
        line.split(":")[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    versions = {}
    for folder, names in {
        ".venv": ["pytensor", "numpy"],
        ".venv-theano": ["Theano", "numpy"],
        ".venv-bench": ["torch", "jax"],
    }.items():
        code = f"from importlib.metadata import version as v; print(*map(v, {names!r}))"
        printed = seconds_of([PYTHON[folder], "-c", code])[1].split()
        versions |= {f"{n} ({folder})": v for n, v in zip(names, printed, strict=True)}
    return {
        "processor": model[0],
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": versions,
    }


def main() -> None:
    """Measure everything, print the ratios, store the numbers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9, help="turns of each engine")
    parser.add_argument("--only", nargs="*", default=[*WORKLOADS, "cold", "growth"])
    options = parser.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"train": {}}
    results["machine"] = machine()
    for name in options.only:
        if name in WORKLOADS:
            others = {"W1": ("predict",), "W2r": ("sample",), "W2l": ("sample",)}.get(name, ())
            result = measure(name, options.rounds, engines_for(name), others)
            results["train"][name] = result
            for engine, ms in result["update"].items():
                ratio = result["update"]["PyTorch"] / ms
                memory = result["memory"][engine]
                print(f"{name:4} {engine:18} {ms:9.3f} ms {ratio:7.2f} x PyTorch {memory:6.0f} MB")
        elif name == "cold":
            results["cold"] = cold_start(options.rounds)
            print(results["cold"])
        else:
            results["growth"] = growth(max(3, options.rounds // 3))
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
