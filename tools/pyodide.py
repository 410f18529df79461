"""Assemble what runs Python in the reader's browser: Pyodide, its packages, PyTensor and rnn_lib.

    python tools/pyodide.py            # into .cache/site/pyodide, which the book takes up

The files come from the first of these places that has them:

1. the folder or the URL in the environment variable ``PYODIDE_MIRROR``, if it is set
2. the Pyodide project's own distribution
3. package registries: npm for the runtime, PyPI for what is pure Python

Wherever a file comes from, its sha256 must be that of Pyodide's official lock, or the one below.
What has been fetched once is kept in ``.cache/pyodide``. Parts of SciPy and Matplotlib that no page
uses are left out, for they would be a third of what a reader loads. Where Node.js is at hand, the
modules of other packages come compiled: else the reader's browser does it, for several seconds.
Where nothing can be reached, the script says what to do and the book is built without Run buttons.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

__all__ = ["KEPT", "OUT", "UnreachableError", "assemble", "fetch", "main"]

TOP = Path(__file__).resolve().parent.parent
KEPT = TOP / ".cache" / "pyodide"
OUT = TOP / ".cache" / "site" / "pyodide"
MIRROR = "PYODIDE_MIRROR"

VERSION = "0.27.7"
DISTRIBUTION = f"https://cdn.jsdelivr.net/pyodide/v{VERSION}/full/"
RUNTIME = {
    "pyodide.mjs": "04c052c815abb0bf2981fa38c2dfa58e3120ee5288c956df2b2a15e301782c5f",
    "pyodide.asm.js": "6b4c90de5b7172873f04f21884d0e9d2274e305fe32116558fe3e4fbe3618d51",
    "pyodide.asm.wasm": "a50dd1843f805a0b7c45b61037ee0d7b26dfe85efe0e18ef95a34ad24e401f5f",
    "python_stdlib.zip": "16611534726e5d8ac2bd8f926410b2dcb8d6f49aa24913463533b457a2115c16",
    "pyodide-lock.json": "9c45b916001a750f4102fc287494f3eab215909c7535c626a20db80fd6333e2c",
}
WANTED = ["matplotlib", "scipy"]  # with all that they depend on, NumPy among it
# Matplotlib asks for these, for pages without a worker, for time zones and for PDF.
NOT_WANTED = {"fonttools", "matplotlib-pyodide", "pytz"}
LEFT_OUT = {
    "scipy": re.compile(
        "scipy/(cluster|constants|datasets|fft|fftpack|integrate|interpolate|io|misc|ndimage|odr"
        "|optimize|signal|spatial|stats)/"
    ),
    "matplotlib": re.compile(
        "matplotlib/mpl-data/(fonts/(afm|pdfcorefonts|ttf/DejaVuSerif)|images|sample_data)"
    ),
}
# In no Pyodide distribution, and pure Python: from PyPI. The book's lock has the same PyTensor and
# the same tqdm.
PURE = {
    "pytensor-3.3.7-py2.py3-none-any.whl": (
        "7b4831043a4262fd5fb89a4acb3eabd7292fcd1d93a4b37d8bc9a271cd664cbe"
    ),
    "filelock-3.20.0-py3-none-any.whl": (
        "339b4732ffda5cd79b13f4e2711a31b0365ce445d95d243bb996273d072546a2"
    ),
    "tqdm-4.70.1-py3-none-any.whl": (
        "c293e525e6fef9c20e8728fd4612df02a0aa31bb5fe91ecd93e123b1b7bffa73"
    ),
}
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
ADVICE = f"""\
The pages will have no Run buttons: {{}}.
Connect to the internet and build again, or set {MIRROR} to a folder or a URL
that holds the files of Pyodide {VERSION}, as
{DISTRIBUTION}
has them, and the wheels {", ".join(PURE)}."""


class UnreachableError(Exception):
    """No place has a file that is needed."""


def sha256(content: bytes) -> str:
    """Return the digest in the form of the lock."""
    return hashlib.sha256(content).hexdigest()


# Places: each takes a file's name and returns its content, or raises OSError ------------------


def from_mirror(name: str) -> bytes:
    """Read from the folder or the URL that the environment names."""
    place = os.environ.get(MIRROR, "")
    if re.match(r"https?://", place):
        return _download(place.rstrip("/") + "/", name)
    if not place:
        raise FileNotFoundError(f"{MIRROR} is not set")
    return (Path(place) / name).read_bytes()


def from_distribution(name: str) -> bytes:
    """Read from the Pyodide project's own distribution."""
    return _download(DISTRIBUTION, name)


def from_registries(name: str) -> bytes:
    """Read out of the packages that npm and PyPI have."""
    if name in RUNTIME:
        return _member(_npm_runtime(), f"package/{name}")
    if name in PURE:
        return _pip_download("==".join(name.split("-")[:2]))
    raise FileNotFoundError("registries do not have the packages of Pyodide")


PLACES: list[Callable[[str], bytes]] = [from_mirror, from_distribution, from_registries]
_silent: set[str] = set()  # hosts that did not answer: they are not asked again


def _download(base: str, name: str) -> bytes:
    if base in _silent:
        raise OSError(f"{base} does not answer")
    try:
        with urllib.request.urlopen(base + name, timeout=20) as answer:
            return answer.read()
    except urllib.error.HTTPError:
        raise
    except OSError:
        _silent.add(base)
        raise


def _member(archive: dict[str, bytes], name: str) -> bytes:
    if name not in archive:
        raise FileNotFoundError(f"the registries' packages hold no {name}")
    return archive[name]


def _run(command: list[str], folder: str) -> bytes:
    """Run a command that writes one file into a folder, and return the file."""
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    except subprocess.CalledProcessError as error:
        message = error.stderr.decode(errors="replace").strip().splitlines() or ["it failed"]
        raise OSError(f"{' '.join(command[:4])} …: {message[-1]}") from None
    (path,) = Path(folder).iterdir()
    return path.read_bytes()


@cache
def _npm_runtime() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        package = _run(["npm", "pack", "--silent", f"pyodide@{VERSION}"], folder)
    with tarfile.open(fileobj=io.BytesIO(package)) as archive:
        return {m.name: archive.extractfile(m).read() for m in archive.getmembers() if m.isfile()}


def _pip_download(requirement: str) -> bytes:
    python = ["--python-version", "3.12", "--implementation", "py", "--abi", "none"]
    only = ["--no-deps", "--only-binary", ":all:", "--platform", "any"]
    with tempfile.TemporaryDirectory() as folder:
        return _run([*PIP, "download", *only, *python, requirement], folder)


def fetch(name: str, digest: str) -> bytes:
    """Return a file, as kept or from the first place that has it with the right digest."""
    kept = KEPT / name
    if kept.is_file() and sha256(content := kept.read_bytes()) == digest:
        return content
    reasons = []
    for place in PLACES:
        try:
            content = place(name)
        except OSError as error:
            reasons.append(str(error))
            continue
        if sha256(content) == digest:
            KEPT.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(content)
            return content
        reasons.append(f"{place.__name__.replace('_', ' ')}: another sha256 than the lock's")
    raise UnreachableError(f"{name} cannot be had ({'; '.join(reasons)})")


# The book's own parts --------------------------------------------------------------------------


def pack(name: str, version: str, files: dict[str, bytes]) -> tuple[str, bytes]:
    """Return the file name and the content of a wheel; the same files give the same bytes.

    The name carries a digest: a browser that keeps an older wheel does not take it for this one.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            archive.writestr(zipfile.ZipInfo(path), files[path], zipfile.ZIP_DEFLATED)
    content = buffer.getvalue()
    return f"{name}-{version}-0{sha256(content)[:8]}-py3-none-any.whl", content


def compiled(packages: dict[str, str]) -> dict[str, bytes]:
    """Return the compiled modules that the pages import, by path; none without Node.js.

    ``packages`` are the names and digests of the wheels: for others, the work is done anew. The set
    must have been written.
    """
    script = TOP / "tools" / "bytecode.mjs"
    state = json.dumps([VERSION, packages, script.read_text("utf-8")], sort_keys=True)
    kept = KEPT / f"bytecode-{sha256(state.encode())[:12]}.zip"
    if not kept.is_file():
        node = shutil.which("node")
        if not node:
            print("Node.js is not at hand: Python will start more slowly in the pages.")
            return {}
        for old in KEPT.glob("bytecode-*.zip"):
            old.unlink()
        done = subprocess.run([node, script, OUT, kept], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{script.name} failed: {done.stderr[-2000:]}")
    with zipfile.ZipFile(kept) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def with_bytecode(name: str, version: str, content: bytes, modules: dict[str, bytes]):
    """Return a wheel in which compiled modules stand in the place of their sources."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {path: archive.read(path) for path in archive.namelist()}
    if not any(f"{path}c" in modules for path in files):
        return None
    for path in [path for path in files if f"{path}c" in modules]:
        del files[path]
        files[f"{path}c"] = modules[f"{path}c"]
    return pack(name, version, files)


def trim(name: str, version: str, content: bytes) -> tuple[str, bytes]:
    """Return a wheel without the parts that no page uses; its licence and metadata stay."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        paths = [path for path in archive.namelist() if not LEFT_OUT[name].match(path)]
        return pack(name, version, {path: archive.read(path) for path in paths})


def pure_wheel(name: str, version: str, files: dict[str, bytes]) -> tuple[str, bytes]:
    """Return the file name and the content of a wheel of the book's own."""
    info = f"{name}-{version}.dist-info"
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    about = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": record.encode(),
    }
    return pack(name, version, files | about)


def read_all(folder: Path, pattern: str, prefix: str = "") -> dict[str, bytes]:
    """Return the files in a folder that fit a pattern, by their path in the wheel."""
    paths = sorted(p for p in folder.rglob(pattern) if p.is_file() and "__pycache__" not in p.parts)
    return {prefix + path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def own_wheels() -> dict[str, tuple[str, bytes]]:
    """Return the wheels made from this repository: that of rnn_lib, and the page's helpers.

    The first is also published beside the site, for notebooks on their own; in the page its name
    carries a digest. The helpers are the files of ``_static/browser/python``, and what the
    notebooks read from their own folder.
    """
    content = library_wheel().read_bytes()
    version = library_wheel().name.split("-")[1]
    chapters = TOP / "chapters"
    neighbours = {
        f"chapters/{name}": content
        for name, content in read_all(chapters, "*").items()
        if not name.endswith((".ipynb", "ruff.toml")) and "/." not in f"/{name}"
    }
    helpers = read_all(TOP / "_static" / "browser" / "python", "*.py") | neighbours
    return {
        "rnn-lib": (f"rnn_lib-{version}-0{sha256(content)[:8]}-py3-none-any.whl", content),
        "book-page": pure_wheel("book_page", version, helpers),
    }


@cache
def library_wheel() -> Path:
    """Build the wheel of rnn_lib into ``.cache/site``, and return its path."""
    for old in OUT.parent.glob("rnn_lib-*.whl"):
        old.unlink()
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    done = subprocess.run(
        [*command, "--directory", str(OUT.parent)], cwd=TOP, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"The wheel of rnn_lib was not built: {done.stderr[-2000:]}")
    (wheel,) = OUT.parent.glob("rnn_lib-*.whl")
    return wheel


def entry(name: str, file_name: str, digest: str, depends: list[str]) -> dict:
    """Return what the lock says of a pure package."""
    return {
        "name": name,
        "version": file_name.split("-")[1],
        "file_name": file_name,
        "sha256": digest,
        "install_dir": "site",
        "package_type": "package",
        "imports": [],
        "depends": depends,
        "unvendored_tests": False,
    }


def official_packages() -> dict[str, dict]:
    """Return what the official lock says of the packages that are wanted and what they need."""
    lock = json.loads(fetch("pyodide-lock.json", RUNTIME["pyodide-lock.json"]))["packages"]
    found: dict[str, dict] = {}

    def take(name: str) -> None:
        if name not in found:
            needs = [other for other in lock[name]["depends"] if other not in NOT_WANTED]
            found[name] = {**lock[name], "depends": needs}
            for other in needs:
                take(other)

    for name in WANTED:
        take(name)
    return found


def assemble() -> int:
    """Fetch, check and write the whole set; return its size in bytes."""
    files: dict[str, bytes] = {name: fetch(name, digest) for name, digest in RUNTIME.items()}
    info = json.loads(files.pop("pyodide-lock.json"))["info"]
    packages = official_packages()
    for name, item in packages.items():
        content = fetch(item["file_name"], item["sha256"])
        if name in LEFT_OUT:
            item["file_name"], content = trim(name, item["version"], content)
            item["sha256"] = sha256(content)
        files[item["file_name"]] = content
    for name, digest in PURE.items():
        files[name] = fetch(name, digest)
        packages[name.split("-")[0]] = entry(name.split("-")[0], name, digest, [])
    others = dict(packages)
    for name, (file_name, content) in own_wheels().items():
        files[file_name] = content
        packages[name] = entry(name, file_name, sha256(content), [])
    packages["book-page"]["depends"] = sorted(set(packages) - {"book-page"})
    write(info, packages, files)

    modules = compiled({name: item["sha256"] for name, item in others.items()})
    for name, item in others.items():
        if item["file_name"].endswith(".whl"):
            new = with_bytecode(name, item["version"], files[item["file_name"]], modules)
            if new:
                del files[item["file_name"]]
                item["file_name"], files[new[0]] = new
                item["sha256"] = sha256(new[1])
    return write(info, packages, files)


def write(info: dict, packages: dict[str, dict], files: dict[str, bytes]) -> int:
    """Write the set and its lock, and nothing else; return its size in bytes."""
    lock = json.dumps({"info": info, "packages": packages}, indent=1, sort_keys=True)
    files = {**files, "pyodide-lock.json": lock.encode()}
    OUT.mkdir(parents=True, exist_ok=True)
    for path in OUT.iterdir():
        if path.name not in files:  # a wheel of an earlier state
            path.unlink()
    for name, content in files.items():
        path = OUT / name
        if not path.is_file() or path.read_bytes() != content:
            path.write_bytes(content)
    return sum(len(content) for content in files.values())


def main() -> None:
    """Build the wheel and assemble the set, or say what is missing and leave no half of it."""
    library_wheel()
    try:
        size = assemble()
    except UnreachableError as error:
        (OUT / "pyodide-lock.json").unlink(missing_ok=True)  # without it, the book has no buttons
        print(ADVICE.format(error), file=sys.stderr)
    else:
        print(f"Pyodide {VERSION} for the pages: {size / 1e6:.0f} MB in {OUT.relative_to(TOP)}")


if __name__ == "__main__":
    main()
