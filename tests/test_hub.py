"""Several students on one JupyterHub: everyone gets a server, a page, and the stored outputs.

The hub is real: the settings of ``hub/jupyterhub_config.py``, its proxy, processes of this machine.
Without the environment of a class, Linux or the proxy the tests are skipped; with ``CI=true`` a
missing proxy is a failure.
"""

import copy
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
import requests
import yaml

pytest.importorskip("jupyterhub", reason="make test-class has an environment with JupyterHub")

from jupyterhub.app import JupyterHub
from jupyterhub.auth import PAMAuthenticator
from jupyterhub.proxy import ConfigurableHTTPProxy
from jupyterhub.spawner import LocalProcessSpawner
from traitlets.config.loader import PyFileConfigLoader

from tools.hub import FOLDER, PROXY, Student, differences, measure, processes, read, running, sizing
from tools.pages import ROOT, pages

FIRST = pages()[0]
CHAPTERS = [row for row in read() if row["what"][0] == "0"]
LARGEST = max(CHAPTERS, key=lambda row: float(row["RSS in MB"]))["what"]
VALUES = yaml.safe_load((FOLDER / "values.yaml").read_text("utf-8"))
RECIPE = (FOLDER / "Dockerfile").read_text("utf-8").replace("\\\n", "")

needs_proxy = pytest.mark.skipif(
    sys.platform != "linux" or (not PROXY.exists() and os.environ.get("CI") != "true"),
    reason="needs Linux and the proxy: make .venv-classroom/.installed brings it where Node.js is",
)
together = pytest.mark.xdist_group("hub")  # one hub at a time


# A class ----------------------------------------------------------------------------------------


@together
@needs_proxy
@pytest.mark.parametrize(
    ("n_students", "names"),
    [(2, [FIRST.stem]), pytest.param(4, [FIRST.stem, LARGEST], marks=pytest.mark.whole)],
)
def test_students_at_once_get_the_stored_outputs(tmp_path, n_students, names):
    chosen = [page for page in pages() if page.stem in names]
    uses = {use.what: use for use in measure(tmp_path, n_students, chosen)}  # raises if they differ
    limit = int(VALUES["singleuser"]["memory"]["limit"].removesuffix("M"))
    for name in names:
        print(uses[name].row())
        assert 0 < uses[name].rss / 2**20 < limit
    assert processes(tmp_path) == []


@together
@needs_proxy
def test_a_student_reaches_no_others_server_and_nobody_enters_without_the_password(tmp_path):
    with running(tmp_path) as hub:
        ada, bob = Student(hub, "ada"), Student(hub, "bob")
        ada.log_in()
        ada.start_server()
        bob.log_in()
        assert bob.browser.get(f"{ada.home}/api/contents").status_code == 403
        assert hub.processes("ada")
        hub.password = "not the password"
        with pytest.raises(requests.HTTPError, match="403"):
            Student(hub, "eve").log_in()


def test_a_wrong_output_is_seen():
    nb = nbformat.read(FIRST, as_version=4)
    assert differences(nb, copy.deepcopy(nb)) == []
    for cell in nb.cells:
        if any(output.output_type == "stream" for output in cell.get("outputs", [])):
            wrong = copy.deepcopy(nb)
            place = next(c for c in wrong.cells if c.id == cell.id)
            place.outputs[0]["text"] = "something else\n"
            assert len(differences(nb, wrong)) == 1
            place.outputs = []
            assert len(differences(nb, wrong)) == 1


def test_an_exercise_must_raise_the_error_of_its_stub():
    nb = nbformat.v4.new_notebook()
    nb.cells = [nbformat.v4.new_code_cell("answer", metadata={"tags": ["exercise"]})]
    ran = copy.deepcopy(nb)
    assert len(differences(nb, ran)) == 1
    error = {"ename": "NotImplementedError", "evalue": "", "traceback": [""]}
    ran.cells[0].outputs = [nbformat.v4.new_output("error", **error)]
    assert differences(nb, ran) == []


# The settings -----------------------------------------------------------------------------------


def test_the_settings_name_options_that_exist():
    config = PyFileConfigLoader("jupyterhub_config.py", path=str(FOLDER)).load_config()
    classes = {
        "JupyterHub": JupyterHub,
        "PAMAuthenticator": PAMAuthenticator,
        "Spawner": LocalProcessSpawner,
        "ConfigurableHTTPProxy": ConfigurableHTTPProxy,
    }
    assert set(config) == set(classes)
    for name, options in config.items():
        assert set(options) <= set(classes[name].class_traits(config=True)), name


def test_the_lock_of_the_proxy_is_complete():
    direct = json_of("package.json")["dependencies"]
    locked = json_of("package-lock.json")["packages"]
    assert locked[""]["dependencies"] == direct
    assert all(package.get("integrity") for name, package in locked.items() if name)


def json_of(name):
    return yaml.safe_load((FOLDER / name).read_text("utf-8"))  # JSON is YAML


def test_every_page_was_measured():
    rows = [row["what"] for row in read()]
    assert rows[2:] == [page.stem for page in pages()]


def test_the_values_follow_from_what_was_measured():
    needs = sizing(read())
    assert {key: VALUES["singleuser"][key] for key in needs} == needs


def test_the_page_recommends_what_was_measured():
    page = (ROOT / "teaching" / "hub.md").read_text("utf-8")
    chapters, all_pages = re.search(
        r"six chapters count (\d+) students a GB, and (\d+) if", page
    ).groups()
    fit = {row["what"]: int(float(row["students in a GB"])) for row in read()[2:]}
    assert int(all_pages) == min(fit.values())
    assert int(chapters) == min(n for what, n in fit.items() if what[0] == "0")


def test_sizing_by_hand():
    rows = [
        {"RSS in MB": "300", "CPU seconds": "72.0"},
        {"RSS in MB": "321", "CPU seconds": "5.0"},
    ]
    assert sizing(rows) == {
        "memory": {"guarantee": "384M", "limit": "768M"},
        "cpu": {"guarantee": 0.1, "limit": 1},
    }


def test_image_and_values_belong_together():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert VALUES["singleuser"]["image"]["tag"] == project["version"]
    command = VALUES["singleuser"]["lifecycleHooks"]["postStart"]["exec"]["command"]
    program = command[-1].split()[0]
    assert (Path(sys.prefix) / "bin" / program).exists()


# The recipe -------------------------------------------------------------------------------------


def copied():
    """Return what the recipe copies, as ``(sources, target)``."""
    lines = re.findall(r"^COPY (?:--\S+ )*(.+)$", RECIPE, re.M)
    return [(line.split()[:-1], line.split()[-1]) for line in lines]


def test_the_recipe_copies_what_is_there_and_let_in():
    let_in = (FOLDER / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    sources = [source for each, _ in copied() for source in each]
    assert sorted(f"!{source}" for source in sources) == sorted(x for x in let_in if x[0] == "!")
    made = "_build/classroom/student"  # by `make classroom`
    assert [s for s in sources if s != made and not (ROOT / s).exists()] == []
    assert made in sources


def test_the_recipe_runs_as_a_user_and_installs_the_lock():
    assert re.findall(r"^USER (.+)$", RECIPE, re.M) == ["jovyan"]
    assert "useradd --uid 1000 --gid 100 --create-home jovyan" in RECIPE
    assert "-r locks/classroom.txt" in RECIPE
    assert RECIPE.index("-r locks/classroom.txt") < RECIPE.index("--no-deps --no-build-isolation .")


def test_the_recipes_package_is_whole(tmp_path):
    """What the recipe copies is enough to install rnn_lib with its data, and the checks."""
    for sources, target in copied():
        for source in sources:
            if target in (".", "./", source) and source != "locks":
                copy_to = tmp_path / "context" / source
                copy_to.parent.mkdir(exist_ok=True)
                copier = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
                copier(ROOT / source, copy_to)
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--target",
        tmp_path / "site",
        ".",
    ]
    subprocess.run(install, cwd=tmp_path / "context", check=True, capture_output=True)
    code = (
        "import rnn_lib.data, rnn_exercises; print(rnn_lib.data.__file__, rnn_exercises.__file__);"
        "rnn_lib.data.load_sunspots(); rnn_exercises.check('1.4', 1.0, 0.1)"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert run.stdout.count(str(tmp_path / "site")) == 2, run.stderr
    assert run.stdout.endswith("Correct: exercise 1.4 is solved.\n"), run.stdout


@pytest.mark.whole
def test_the_locked_packages_need_no_compiler(tmp_path):
    install = re.search(r"pip (install .* -r locks/classroom.txt)", RECIPE)[1].split()
    options = ["--dry-run", "--ignore-installed", "--quiet"]
    subprocess.run([sys.executable, "-m", "pip", *install, *options], cwd=ROOT, check=True)
