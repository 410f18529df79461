"""Let students use JupyterHub at once on this machine, and measure what they need.

$ python -m tools.hub                   # four students, every page, into hub/measured.csv
$ python -m tools.hub --students 2 chapters/01_introduction.ipynb --output elsewhere.csv

Each student logs in, follows a link and runs pages through the hub, as a browser does.  The hub has
the settings of ``hub/jupyterhub_config.py`` but for what a test cannot have: accounts of the
machine and fixed ports.  It needs the environment of a class, ``make .venv-classroom/.installed``.
"""

from __future__ import annotations

import argparse
import copy
import csv
import json
import math
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

import nbformat
import psutil
import requests
import websocket
from jupyter_client.jsonutil import json_default
from jupyter_client.session import Session
from nbformat import NotebookNode

from tools.classroom import build
from tools.notebooks import normalise
from tools.pages import pages, tags

__all__ = [
    "Hub",
    "Student",
    "Use",
    "differences",
    "main",
    "measure",
    "processes",
    "read",
    "running",
    "sizing",
]

FOLDER = Path(__file__).resolve().parent.parent / "hub"
MEASURED = FOLDER / "measured.csv"
PROXY = Path(sys.prefix) / "node_modules" / ".bin" / "configurable-http-proxy"
PATIENCE = 300  # seconds for the start of a server, and for a cell
MB = 2**20
HUB = "the hub and its proxy"

# What a test changes: one password for all, folders in place of accounts, free ports.
TRIAL = """
load_subconfig({config!r})
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = {password!r}
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{home}/{{username}}"
c.Spawner.args = [*c.Spawner.args, "--allow-root"]
c.JupyterHub.bind_url = "http://127.0.0.1:{ports[0]}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{ports[1]}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{ports[2]}"
"""


@dataclass
class Use:
    """What was needed: time in seconds, memory in bytes."""

    what: str
    seconds: float = 0.0
    cpu: float = 0.0
    pss: float = 0.0  # shared pages are divided among those who share them
    rss: float = 0.0  # shared pages are counted for each process

    def row(self) -> dict[str, str]:
        """Return the row of the table."""
        return {
            "what": self.what,
            "seconds": f"{self.seconds:.1f}",
            "CPU seconds": f"{self.cpu:.1f}",
            "PSS in MB": f"{self.pss / MB:.0f}",
            "RSS in MB": f"{self.rss / MB:.0f}",
            "students in a GB": f"{1024 * MB / self.pss:.1f}" if self.what != HUB else "",
        }


# A hub -------------------------------------------------------------------------------------------


@dataclass
class Hub:
    """A running hub, whose processes all have their home in one folder."""

    folder: Path
    url: str
    password: str
    seconds: float  # how long its start took

    def processes(self, student: str | None = None) -> list[psutil.Process]:
        """Return the processes of a student, or of the hub and its proxy."""
        return processes(self.folder / "homes" / student if student else self.folder / "hub")


def processes(folder: Path) -> list[psutil.Process]:
    """Return the processes whose home is a folder, or lies in it."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # it ended, or is another user's
            if Path(process.environ().get("HOME", "/")).is_relative_to(folder):
                found.append(process)
    return found


@contextmanager
def running(folder: Path) -> Iterator[Hub]:
    """Run a hub in a folder; afterwards no process of it is left."""
    home, ports = folder / "hub", _free_ports(3)
    home.mkdir(parents=True)
    hub = Hub(folder, f"http://127.0.0.1:{ports[0]}", secrets.token_hex(8), 0.0)
    config = str(FOLDER / "jupyterhub_config.py")
    trial = TRIAL.format(config=config, password=hub.password, home=folder / "homes", ports=ports)
    (home / "trial.py").write_text(trial, "utf-8")
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "TZ") if key in os.environ}
    started = time.monotonic()
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(
            [Path(sys.prefix) / "bin" / "jupyterhub", "--config", "trial.py"],
            cwd=home,
            env={**kept, "HOME": str(home)},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while not _answers(f"{hub.url}/hub/health"):
                if process.poll() is not None or time.monotonic() - started > PATIENCE:
                    raise RuntimeError((folder / "log.txt").read_text("utf-8")[-3000:])
                time.sleep(0.1)
            hub.seconds = time.monotonic() - started
            yield hub
        finally:
            process.send_signal(signal.SIGTERM)  # the hub ends its servers and the proxy
            with suppress(subprocess.TimeoutExpired):
                process.wait(60)
            for left in processes(folder):
                with suppress(psutil.NoSuchProcess):
                    left.kill()
            process.wait()


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


# A student ---------------------------------------------------------------------------------------


@dataclass
class Student:
    """Somebody with a browser: cookies, and nothing else to prove who it is."""

    hub: Hub
    name: str
    browser: requests.Session = field(default_factory=requests.Session)

    @property
    def home(self) -> str:
        """The address of the student's own server."""
        return f"{self.hub.url}/user/{self.name}"

    def log_in(self) -> None:
        """Fill in the form of the hub."""
        login = f"{self.hub.url}/hub/login"
        self._get(login)
        form = {"username": self.name, "password": self.hub.password}
        self._checked(self.browser.post(login, data={**form, "_xsrf": self._xsrf("/hub/")}))

    def start_server(self) -> float:
        """Wait for JupyterLab, and return the seconds that it took."""
        started = time.monotonic()
        self._get(f"{self.hub.url}/hub/spawn")
        while "/hub/" in self._get(f"{self.home}/lab").url:  # the page that says: starting
            if time.monotonic() - started > PATIENCE:
                raise TimeoutError(f"the server of {self.name} does not start")
            time.sleep(0.2)
        return time.monotonic() - started

    def follow(self, repository: Path, page: str) -> None:
        """Follow a link for nbgitpuller, which copies a repository and opens a page of it."""
        path = f"{repository.name}/{page}"
        link = {"repo": str(repository), "branch": "main", "urlpath": f"lab/tree/{path}"}
        self._get(f"{self.hub.url}/hub/user-redirect/git-pull?{urlencode(link)}")
        asked = {"repo": str(repository), "branch": "main", "targetpath": repository.name}
        said = self._get(f"{self.home}/git-pull/api?{urlencode(asked)}").text
        if '"phase": "finished"' not in said:
            raise RuntimeError(said)

    def open(self, path: str) -> NotebookNode:
        """Return a notebook as the student's server hands it to JupyterLab."""
        answer = self._get(f"{self.home}/api/contents/{quote(path)}")
        return nbformat.from_dict(answer.json()["content"])

    def run(self, path: str) -> NotebookNode:
        """Open a notebook, run its cells in a kernel of its own, and return it with new outputs."""
        nb = self.open(path)
        headers = {"X-XSRFToken": self._xsrf(f"/user/{self.name}/")}
        asked = {"path": path, "type": "notebook", "name": "", "kernel": {"name": "python3"}}
        answer = self.browser.post(f"{self.home}/api/sessions", json=asked, headers=headers)
        session = self._checked(answer).json()
        try:
            with self._channel(session["kernel"]["id"]) as channel:
                for cell in nb.cells:
                    if cell.cell_type == "code":
                        cell.outputs = list(_execute(channel, cell.source))
        finally:
            address = f"{self.home}/api/sessions/{session['id']}"
            self._checked(self.browser.delete(address, headers=headers))
        return nb

    @contextmanager
    def _channel(self, kernel: str) -> Iterator[websocket.WebSocket]:
        address = f"{self.home}/api/kernels/{kernel}/channels"
        request = self.browser.prepare_request(requests.Request("GET", address))
        channel = websocket.create_connection(
            address.replace("http", "ws", 1),
            cookie=request.headers["Cookie"],
            origin=self.hub.url,
            timeout=PATIENCE,
        )
        try:
            yield channel
        finally:
            channel.close()

    def _xsrf(self, path: str) -> str:
        """Return the token that the hub, and each server, gave to pages under a path."""
        return next(c.value for c in self.browser.cookies if (c.name, c.path) == ("_xsrf", path))

    def _get(self, url: str) -> requests.Response:
        return self._checked(self.browser.get(url, timeout=PATIENCE))

    @staticmethod
    def _checked(answer: requests.Response) -> requests.Response:
        answer.raise_for_status()
        return answer


def _execute(channel: websocket.WebSocket, source: str) -> Iterator[NotebookNode]:
    """Run a cell and yield its outputs."""
    content = {"code": source, "silent": False, "store_history": True, "allow_stdin": False}
    request = {**Session().msg("execute_request", content), "channel": "shell"}
    channel.send(json.dumps(request, default=json_default))
    while True:
        message = json.loads(channel.recv())
        if message["parent_header"].get("msg_id") != request["header"]["msg_id"]:
            continue
        kind, content = message["msg_type"], message["content"]
        if kind == "status" and content["execution_state"] == "idle":
            return
        if kind in ("stream", "display_data", "execute_result", "error"):
            yield nbformat.v4.output_from_msg(message)


def differences(stored: NotebookNode, ran: NotebookNode) -> list[str]:
    """Say which cells printed something else than is stored.

    As nbval does it, pictures are not compared; nor is what progress bars write to stderr.  The
    cells of exercises, which store nothing, must raise the error of the stub.
    """
    found = []
    for old, new in zip(_silent(stored).cells, _silent(ran).cells, strict=True):
        if old.cell_type != "code" or "nbval-ignore-output" in tags(old):
            continue
        said = _printed(new)
        if "exercise" in tags(old) and not old.outputs:
            right = any(output.get("ename") == "NotImplementedError" for output in said)
        else:
            right = said == _printed(old)
        if not right:
            found.append(f"cell {old.id}: {said} in place of {_printed(old)}")
    return found


def _silent(nb: NotebookNode) -> NotebookNode:
    """Return a copy in normal form without what went to stderr."""
    nb = copy.deepcopy(nb)
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs = [each for each in cell.outputs if each.get("name") != "stderr"]
    return normalise(nb)


def _printed(cell: NotebookNode) -> list[dict]:
    """Return what a cell printed, in a form that can be compared."""
    outputs = []
    for output in cell.outputs:
        kept = {key: output[key] for key in ("name", "text", "ename", "evalue") if key in output}
        data = output.get("data", {}).items()
        outputs.append({**kept, **{kind: v for kind, v in data if not kind.startswith("image/")}})
    return outputs


# Measuring ---------------------------------------------------------------------------------------


def repository(folder: Path) -> Path:
    """Make what a lecturer publishes: a repository with the notebooks for students."""
    build(folder)
    made = folder / "student"
    who = ["-c", "user.name=teacher", "-c", "user.email=teacher@example.org"]
    for command in ("init -q -b main", "add .", "commit -q -m Notebooks"):
        subprocess.run(["git", *who, *command.split()], cwd=made, check=True)
    return made


def measure(folder: Path, n_students: int, chosen: Iterable[Path]) -> Iterator[Use]:
    """Let students start and run pages at the same time; yield the most that one of them needed.

    Raises
    ------
    RuntimeError
        Where a student sees another output than the stored one.
    """
    source = repository(folder)
    with ThreadPoolExecutor(n_students) as pool, running(folder) as hub:
        students = [Student(hub, f"student{k}") for k in range(1, n_students + 1)]
        list(pool.map(Student.log_in, students))
        yield _used(hub, Use(HUB, hub.seconds), None)
        starts = list(pool.map(Student.start_server, students))
        uses = [_used(hub, Use("JupyterLab", s), each.name) for s, each in zip(starts, students)]
        yield _most(uses)
        for page in chosen:
            path = next(source.rglob(page.name)).relative_to(source).as_posix()
            before = [_used(hub, Use("before"), student.name).cpu for student in students]
            uses = [Use(page.stem) for _ in students]
            work = [
                pool.submit(_lesson, use, student, source, path)
                for use, student in zip(uses, students)
            ]
            while wait(work, timeout=0.5).not_done:
                for use, student in zip(uses, students):
                    _used(hub, use, student.name)
            for done, use, already in zip(work, uses, before):
                done.result()
                use.cpu -= already
            yield _most(uses)


def _lesson(use: Use, student: Student, source: Path, path: str) -> None:
    """Fetch a page, run it, and compare."""
    student.follow(source, path)
    started = time.monotonic()
    ran = student.run(f"{source.name}/{path}")
    use.seconds = time.monotonic() - started
    wrong = differences(nbformat.read(source / path, as_version=4), ran)
    if wrong:
        raise RuntimeError(f"{student.name}, {path}:\n" + "\n".join(wrong))


def _used(hub: Hub, use: Use, student: str | None) -> Use:
    """Raise a record to what the processes use now."""
    pss = rss = cpu = 0.0
    for process in hub.processes(student):
        with suppress(psutil.Error):  # it has just ended
            memory, times = process.memory_full_info(), process.cpu_times()
            pss, rss = pss + memory.pss, rss + memory.rss
            cpu += times.user + times.system
    use.pss, use.rss, use.cpu = max(use.pss, pss), max(use.rss, rss), max(use.cpu, cpu)
    return use


def _most(uses: list[Use]) -> Use:
    most = {key: max(getattr(use, key) for use in uses) for key in ("seconds", "cpu", "pss", "rss")}
    return Use(uses[0].what, **most)


# What follows from it ----------------------------------------------------------------------------


def sizing(rows: list[dict[str, str]]) -> dict[str, dict[str, str | float]]:
    """Return what a student's container needs, from the rows of the table.

    It is guaranteed what the largest page needed, and may use twice as much: a second notebook,
    or a mistake.  The guaranteed share of a core runs the longest page ten times in two hours.
    """
    memory = 64 * math.ceil(max(float(row["RSS in MB"]) for row in rows) / 64)
    share = max(float(row["CPU seconds"]) for row in rows) * 10 / 7200
    return {
        "memory": {"guarantee": f"{memory}M", "limit": f"{2 * memory}M"},
        "cpu": {"guarantee": math.ceil(share * 20) / 20, "limit": 1},
    }


def read(path: Path = MEASURED) -> list[dict[str, str]]:
    """Return the rows of the table."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="*", type=Path, default=pages())
    parser.add_argument("--students", type=int, default=4)
    parser.add_argument("--output", type=Path, default=MEASURED)
    args = parser.parse_args(arguments)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for use in measure(Path(folder), args.students, args.pages):
            rows.append(use.row())
            print(rows[-1], flush=True)
    with args.output.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, rows[0], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    print(f"hub/values.yaml must say: {sizing(rows)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
