"""tools/pyodide.py: every file checked, from the first place that has it, and a clear message."""

import io
import json
import re
import zipfile

import pytest

from tools import pyodide

PINNED = re.compile(r"^(pytensor|tqdm)==(\S+)", re.MULTILINE)
CONTENT = b"as published"


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """An empty folder in place of what was fetched."""
    monkeypatch.setattr(pyodide, "TOP", tmp_path)
    monkeypatch.setattr(pyodide, "OUT", tmp_path / "set")
    monkeypatch.setattr(pyodide, "KEPT", tmp_path / "kept")
    pyodide.OUT.mkdir()
    pyodide.KEPT.mkdir()
    return pyodide.KEPT


def place(content=None):
    def from_nowhere(name):
        if content is None:
            raise OSError("no such host")
        return content

    return from_nowhere


def test_a_file_comes_from_the_first_place_that_has_it(empty, monkeypatch):
    monkeypatch.setattr(pyodide, "PLACES", [place(), place(b"changed"), place(CONTENT)])
    assert pyodide.fetch("a.whl", pyodide.sha256(CONTENT)) == CONTENT
    assert (empty / "a.whl").read_bytes() == CONTENT


def test_a_file_that_is_there_is_not_fetched_again_but_a_changed_one_is(empty, monkeypatch):
    digest = pyodide.sha256(CONTENT)
    (empty / "a.whl").write_bytes(CONTENT)
    monkeypatch.setattr(pyodide, "PLACES", [place()])
    assert pyodide.fetch("a.whl", digest) == CONTENT
    (empty / "a.whl").write_bytes(b"changed")
    with pytest.raises(pyodide.UnreachableError, match=r"a\.whl cannot be had \(no such host\)"):
        pyodide.fetch("a.whl", digest)


def test_a_file_with_another_digest_is_refused(empty, monkeypatch):
    monkeypatch.setattr(pyodide, "PLACES", [place(b"changed")])
    with pytest.raises(pyodide.UnreachableError, match="another sha256 than the lock's"):
        pyodide.fetch("a.whl", pyodide.sha256(CONTENT))
    assert list(empty.iterdir()) == []


def test_where_nothing_is_reached_the_message_says_what_to_do(empty, monkeypatch, capsys):
    lock = pyodide.OUT / "pyodide-lock.json"
    lock.write_text("{}")  # of an earlier state
    monkeypatch.setattr(pyodide, "PLACES", [place()])
    monkeypatch.setattr(pyodide, "library_wheel", lambda: None)
    pyodide.main()
    said = capsys.readouterr().err
    assert "no Run buttons" in said
    assert pyodide.MIRROR in said
    assert pyodide.DISTRIBUTION in said
    assert not lock.exists()


def test_the_mirror_is_a_folder_or_a_url(tmp_path, monkeypatch):
    (tmp_path / "a.whl").write_bytes(CONTENT)
    monkeypatch.setenv(pyodide.MIRROR, str(tmp_path))
    assert pyodide.from_mirror("a.whl") == CONTENT
    monkeypatch.setenv(pyodide.MIRROR, "http://127.0.0.1:9")  # the port that discards
    with pytest.raises(OSError, match="refused"):
        pyodide.from_mirror("a.whl")
    monkeypatch.delenv(pyodide.MIRROR)
    with pytest.raises(OSError, match="is not set"):
        pyodide.from_mirror("a.whl")


def test_the_same_files_make_the_same_wheel():
    files = {"a/__init__.py": b"x = 1\n", "a/data.csv": b"1,2\n"}
    name, content = pyodide.pure_wheel("a", "1.0", files)
    assert (name, content) == pyodide.pure_wheel("a", "1.0", dict(files))
    assert re.fullmatch(r"a-1\.0-0[0-9a-f]{8}-py3-none-any\.whl", name)
    assert name != pyodide.pure_wheel("a", "1.0", {**files, "a/data.csv": b"1,3\n"})[0]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {name: archive.read(name) for name in files} == files
        assert archive.testzip() is None


def test_trimming_leaves_out_what_is_named_and_nothing_else():
    files = {"scipy/linalg/a.py": b"1", "scipy/stats/a.py": b"2", "scipy.dist-info/LICENSE": b"3"}
    _, content = pyodide.trim("scipy", "1.0", pyodide.pack("scipy", "1.0", files)[1])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["scipy.dist-info/LICENSE", "scipy/linalg/a.py"]


def test_the_wheels_hold_both_packages_the_data_and_what_notebooks_read():
    held = {}
    for _, content in pyodide.own_wheels().values():
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            held |= {name: archive.read(name) for name in archive.namelist()}
    top = pyodide.TOP
    modules = [*(top / "rnn_lib").rglob("*.py"), *(top / "rnn_exercises").rglob("*.py")]
    expected = {path.relative_to(top).as_posix(): path for path in modules}
    for line in (top / "data" / "SHA256SUMS").read_text("ascii").splitlines():
        name = line.split()[-1]
        expected[f"rnn_lib/_data/{name}"] = top / "data" / name
    expected["chapters/matplotlibrc"] = top / "chapters" / "matplotlibrc"
    expected["rnn_lib/_data/results/names.npz"] = top / "data" / "results" / "names.npz"
    assert {name: held.get(name) for name in expected} == {
        name: path.read_bytes() for name, path in expected.items()
    }
    assert [name for name in held if name.endswith(".ipynb")] == []


def test_the_pure_wheels_are_those_of_the_locks():
    pinned = PINNED.findall((pyodide.TOP / "locks" / "book.txt").read_text("utf-8"))
    for name in pyodide.PURE:
        package, version = name.split("-")[:2]
        assert package == "filelock" or (package, version) in pinned


def test_the_assembled_set_is_whole():
    lock = pyodide.OUT / "pyodide-lock.json"
    if not lock.is_file():
        pytest.skip("no Pyodide here: run `python tools/pyodide.py`")
    packages = json.loads(lock.read_text("utf-8"))["packages"]
    official = json.loads((pyodide.KEPT / "pyodide-lock.json").read_text("utf-8"))["packages"]
    for name, item in packages.items():
        assert pyodide.sha256((pyodide.OUT / item["file_name"]).read_bytes()) == item["sha256"]
        assert set(item["depends"]) <= set(packages)
        if item["file_name"] in {other["file_name"] for other in official.values()}:
            assert item["sha256"] == official[name]["sha256"]
    files = {item["file_name"] for item in packages.values()} | set(pyodide.RUNTIME)
    assert {path.name for path in pyodide.OUT.iterdir()} == files
