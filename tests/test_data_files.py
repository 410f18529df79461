"""The shipped data: as published, small, licensed, and equal to a rebuild from the packages."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import os
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

TOP = Path(__file__).resolve().parent.parent
DATA = TOP / "data"


@pytest.fixture(scope="module")
def build_data():
    """Return tools/build_data.py as a module."""
    spec = importlib.util.spec_from_file_location("build_data", TOP / "tools" / "build_data.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["build_data"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rebuilt(build_data, tmp_path_factory):
    """Return what the packages give, by file name; needs a registry, or PACKAGES with the files."""
    packages = os.environ.get("PACKAGES") or tmp_path_factory.mktemp("packages")
    try:
        return build_data.build(Path(packages))
    except build_data.DownloadError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"THE SHIPPED DATA WERE NOT COMPARED TO THEIR PACKAGES: {error}")


def test_every_shipped_file_has_its_published_sum(build_data):
    lines = (DATA / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    sums = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert list(sums) == list(build_data.FILES)
    for name, digest in sums.items():
        assert hashlib.sha256((DATA / name).read_bytes()).hexdigest() == digest, name


def test_nothing_else_is_shipped_and_all_is_small(build_data):
    files = {path.name: path.stat().st_size for path in DATA.iterdir() if path.is_file()}
    texts = {"README.md", "SHA256SUMS", ".gitattributes"}
    sets = ("japanese_vowels", "names", "pronunciations", "sunspots")
    licences = {f"LICENSE-{data_set}.txt" for data_set in sets}
    assert set(files) == set(build_data.FILES) | texts | licences
    assert sum(files.values()) < 5e6


def test_readme_and_licences_name_every_file_and_its_package(build_data):
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    licences = "".join(path.read_text(encoding="utf-8") for path in DATA.glob("LICENSE-*.txt"))
    for name, (package, _make) in build_data.FILES.items():
        assert f"`{name}`" in readme
        assert name in licences
        assert f"PyPI {package.requirement.replace('==', ' ')}" in readme
        assert package.requirement.replace("==", " ") in licences
    for path in DATA.glob("LICENSE-*.txt"):
        assert f"({path.name})" in readme


def test_the_archive_is_open_to_everyone():
    with zipfile.ZipFile(DATA / "japanese_vowels.npz") as archive:
        assert archive.testzip() is None
    with np.load(DATA / "japanese_vowels.npz", allow_pickle=False) as arrays:
        shapes = {name: (str(arrays[name].dtype), arrays[name].shape) for name in arrays.files}
    assert shapes == {
        "train_frames": ("int32", (4274, 12)),
        "train_speakers": ("uint8", (270,)),
        "train_n_frames": ("uint8", (270,)),
        "test_frames": ("int32", (5687, 12)),
        "test_speakers": ("uint8", (370,)),
        "test_n_frames": ("uint8", (370,)),
    }


def test_shipped_files_equal_a_rebuild_from_the_packages(build_data, rebuilt):
    assert build_data.differences(rebuilt, DATA) == []


def test_a_changed_or_missing_file_is_found(build_data, rebuilt, tmp_path):
    for name, content in rebuilt.items():
        build_data.write(tmp_path / name, content)
    assert build_data.differences(rebuilt, tmp_path) == []
    (tmp_path / "names_male.csv").unlink()
    (tmp_path / "sunspots.csv").write_bytes(rebuilt["sunspots.csv"].replace(b"1700,5", b"1700,6"))
    assert build_data.differences(rebuilt, tmp_path) == [
        "names_male.csv: missing",
        "sunspots.csv: differs from what the packages give",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        {*rebuilt} - {"names_male.csv"}
    )


# The parts of tools/build_data.py


def test_a_foreign_package_is_refused(build_data, tmp_path, capsys):
    (tmp_path / build_data.AEON.filename).write_bytes(b"not aeon")
    assert build_data.main(["--check", "--packages", str(tmp_path)]) == 1
    assert "must have the sha256 d05227" in capsys.readouterr().err


def test_without_a_registry_the_error_is_clear(build_data, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert build_data.main(["--packages", str(tmp_path), "--data", str(tmp_path / "d")]) == 1
    assert "pip cannot download aeon==1.6.0" in capsys.readouterr().err
    assert not (tmp_path / "d").exists()


def ts(*utterances: str) -> str:
    """Return a .ts file with these utterances."""
    return "\n".join(["# a comment", "@problemName Test", "@data", *utterances, ""])


def test_parse_ts_turns_columns_into_frames(build_data):
    row = ":".join([f"{i}.5,-{i}e-06" for i in range(12)] + ["3"])
    frames, speakers, n_frames = build_data.parse_ts(ts(row))
    assert frames == [i * 10**6 + 500_000 for i in range(12)] + [-i for i in range(12)]
    assert (speakers, n_frames) == ([2], [2])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (":".join(["1,2"] * 11 + ["1"]), "utterance 0 must have 12 coefficients"),
        (":".join(["1,2"] * 11 + ["1", "1"]), "utterance 0 must have 12 coefficients"),
        (":".join(["1.0000001"] * 12 + ["1"]), "utterance 0 must have 6 decimals"),
    ],
)
def test_parse_ts_errors(build_data, row, message):
    with pytest.raises(build_data.BuildError, match=message):
        build_data.parse_ts(ts(row))


def test_parse_cmudict_keeps_all_pronunciations_of_plain_words(build_data):
    text = """
read R EH1 D
read(2) R IY1 D
read(3) R EH2 D
'em AH0 M
ax AE1 K S
aalen AE1 L AH0 N # place, german
toolongaword T UW1
sounds{}
long L AO1
long(2){}
""".format(" S" * 12, " S" * 13)
    assert build_data.parse_cmudict(text.strip()) == {
        "read": ["R EH D", "R IY D"],
        "aalen": ["AE L AH N"],
        "sounds": ["S" + " S" * 11],
    }


def test_npy_is_what_numpy_reads(build_data):
    content = build_data.npy([1, -2, 3, 70000, 5, 6], "<i4", (2, 3))
    array = np.load(io.BytesIO(content), allow_pickle=False)
    assert array.tolist() == [[1, -2, 3], [70000, 5, 6]]
    assert content.index(b"\n") % 64 == 63  # the numbers are aligned
    assert np.load(io.BytesIO(build_data.npy([7], "|u1", (1,)))).tolist() == [7]


def test_write_leaves_the_old_file_when_it_fails(build_data, tmp_path, monkeypatch):
    path = tmp_path / "file"
    build_data.write(path, b"old")

    def no_space(*_arguments):
        raise OSError("no space left")

    monkeypatch.setattr(build_data.os, "replace", no_space)
    with pytest.raises(OSError, match="no space left"):
        build_data.write(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
