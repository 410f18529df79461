"""What is said in several files says the same everywhere."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent


def pins(name):
    """Return the pinned lines of a requirements file, as ``{(package, marker): version}``."""
    text = (ROOT / name).read_text("utf-8").splitlines()
    lines = (line.split("#")[0].rstrip("\\ ").strip() for line in text)
    found = [Requirement(line) for line in lines if line and not line.startswith("-")]
    return {
        (r.name.lower(), str(r.marker or "")): str(r.specifier).removeprefix("==") for r in found
    }


def test_every_direct_requirement_is_exact_and_explained():
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    assert lines[-1] == "-e ."
    seen = set()
    for line in (line for line in lines if "==" in line):
        name = line.split("==")[0]
        assert re.match(r"[\w-]+==[\w.]+ ", line)
        assert " # " in line or name in seen, f"say why: {line}"
        seen.add(name)


def test_every_locked_file_has_its_hash_and_no_other_address():
    locks = sorted((ROOT / "locks").glob("*.txt"))
    assert len(locks) == 5
    for lock in locks:
        text = lock.read_text("utf-8")
        packages = re.split(r"^(?=\w[\w.-]*==)", text, flags=re.M)[1:]
        assert packages
        assert [p.split()[0] for p in packages if "--hash=sha256:" not in p] == []
        assert not re.search(r"^\s*--(?!hash)|://", text, re.M)


def test_the_locks_hold_the_direct_requirements():
    for direct, lock in (
        ("requirements.txt", "locks/book.txt"),
        ("locks/theano.in", "locks/theano.txt"),
        ("locks/classroom.in", "locks/classroom.txt"),
        ("locks/book.txt", "locks/classroom.txt"),
    ):
        locked = {(name, version) for (name, _), version in pins(lock).items()}
        assert {(name, version) for (name, _), version in pins(direct).items()} <= locked


def test_hooks_use_the_locked_ruff():
    hooks = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    assert set(re.findall(r"ruff==([\d.]+)", hooks)) == {pins("requirements.txt")["ruff", ""]}


def test_the_address_of_the_repository_is_the_same_everywhere():
    book = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    address, site = book["repository"]["url"], book["html"]["baseurl"]
    owner, name = address.removeprefix("https://github.com/").split("/")
    assert site == f"https://{owner}.github.io/{name}/"
    for file in ("README.md", "CITATION.cff", "pyproject.toml"):
        text = (ROOT / file).read_text("utf-8")
        assert set(re.findall(r"https://github\.com/[\w-]+/[\w-]+", text)) == {address}, file
        assert set(re.findall(r"https://[\w-]+\.github\.io/[\w-]*/?", text)) <= {site}, file


def test_versions_agree():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert f'version = "{citation["version"]}"' in (ROOT / "pyproject.toml").read_text("utf-8")


def test_readme_is_short_and_its_files_exist():
    text = (ROOT / "README.md").read_text("utf-8")
    assert text.count("\n") <= 80
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).is_file()] == []


def test_no_file_names_the_machine_where_it_was_written():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a clone: git lists no files")
    place = re.compile(r"/(?:home|root|tmp|work|Users)/[\w.]")
    names = [name for name in listed.stdout.splitlines() if not name.startswith("_vendor/")]
    text = {name: (ROOT / name).read_bytes().decode("utf-8", "ignore") for name in names}
    assert {name: found[0] for name in names if (found := place.search(text[name]))} == {}
