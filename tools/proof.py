"""Prove every page under other kernels of BLAS, and with more threads.

    python -m tools.proof                               # all pages, six settings
    python -m tools.proof chapters/04_training.ipynb    # one

Each page runs anew under ``OPENBLAS_CORETYPE`` Nehalem, Haswell and SkylakeX (those that this
processor can run), with one and with two threads: what it prints must be what the book stores, and
its figures must look the same. What has passed once is not run again until something changes:
``.cache/proof`` keeps it. ``make proof`` calls this, and the tests of bad inputs at full length.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import itertools
import os
import platform
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import matplotlib.image
import nbformat
import numpy as np
from tqdm import tqdm

from tools.notebooks import KERNEL_ENVIRONMENT, NotebookError, execute, normalise
from tools.pages import ROOT, pages

__all__ = ["differences", "main", "same_picture"]

KEPT = ROOT / ".cache" / "proof"
CORES = {"Nehalem": "sse4_2", "Haswell": "avx2", "SkylakeX": "avx512f"}
THREADS = ("1", "2")


def settings() -> list[tuple[str, str]]:
    """Return the pairs of kernel and number of threads that this machine can run."""
    info = Path("/proc/cpuinfo")
    flags = set(info.read_text().split()) if info.is_file() else set()
    cores = [core for core, flag in CORES.items() if flag in flags]
    if not cores:
        sys.exit(f"OpenBLAS has no other kernels to try on {platform.machine()} here.")
    return list(itertools.product(cores, THREADS))


def same_picture(stored: str, new: str) -> bool:
    """Tell whether two PNGs, in base64, look the same: hardly a pixel differs visibly."""
    a, b = (matplotlib.image.imread(io.BytesIO(base64.b64decode(png))) for png in (stored, new))
    return a.shape == b.shape and float(np.mean(np.abs(a - b).max(axis=-1) > 0.1)) < 0.002


def differences(stored: nbformat.NotebookNode, new: nbformat.NotebookNode) -> list[str]:
    """Return the ids of the cells whose text or figure differs, and what differs."""
    wrong = []
    for old, cell in zip(stored.cells, new.cells, strict=True):
        if cell.cell_type != "code" or "nbval-ignore-output" in cell.metadata.get("tags", []):
            continue
        pictures = []
        for version in (old, cell):
            data = [output.get("data", {}) for output in version.outputs]
            pictures.append([d.pop("image/png") for d in data if "image/png" in d])
        if len(pictures[0]) != len(pictures[1]) or old.outputs != cell.outputs:
            wrong.append(f"{cell.id} prints something else")
        elif not all(map(same_picture, *pictures)):
            wrong.append(f"{cell.id} draws something else")
    return wrong


def prove(page: Path, core: str, threads: str) -> list[str]:
    """Run a page under one setting; return what differs."""
    threaded = {f"{name}_NUM_THREADS": threads for name in ("OMP", "OPENBLAS")}
    os.environ.update(KERNEL_ENVIRONMENT, OPENBLAS_CORETYPE=core, **threaded)
    os.environ.pop("MPLBACKEND", None)
    stored = nbformat.read(page, as_version=4)
    new = nbformat.read(page, as_version=4)
    try:
        for _ in execute(new, page.parent, timeout=600):
            pass
    except NotebookError as error:
        return [str(error)]
    return differences(normalise(stored), normalise(new))


def receipt(page: Path, core: str, threads: str) -> Path:
    """Return the file that says that a page passed, named by all that it depends on."""
    digest = hashlib.sha256(f"{core} {threads} {sys.version} {np.__version__}".encode())
    packages = [ROOT / name for name in ("rnn_lib", "rnn_exercises", "data")]
    files = [path for package in packages for path in sorted(package.rglob("*.*"))]
    for path in [page, *files]:
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.read_bytes())
    return KEPT / f"{page.stem}-{core}-{threads}-{digest.hexdigest()[:12]}"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return 1 where a page differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="*", type=Path, default=pages())
    args = parser.parse_args(arguments)
    KEPT.mkdir(parents=True, exist_ok=True)
    jobs = [(page.resolve(), *setting) for setting in settings() for page in args.pages]
    open_jobs = [job for job in jobs if not receipt(*job).exists()]
    print(f"{len(jobs)} runs, {len(jobs) - len(open_jobs)} of them passed before")
    failed = 0
    with ProcessPoolExecutor(max_workers=2) as pool:
        answers = pool.map(prove, *zip(*open_jobs)) if open_jobs else iter(())
        for job, wrong in zip(open_jobs, tqdm(answers, total=len(open_jobs), unit="page")):
            page, core, threads = job
            if wrong:
                failed += 1
                tqdm.write(f"{page.stem}, {core}, threads {threads}: {'; '.join(wrong)}")
            else:
                receipt(*job).touch()
    print(f"{len(jobs) - failed} runs give what the book stores, {failed} do not")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
