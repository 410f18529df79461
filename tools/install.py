"""Make an environment of the book from its lock, by uv, or by pip where uv has no wheel.

    python tools/install.py               # .venv, for the book and its website
    python tools/install.py theano        # .venv-theano, the second engine (Python 3.11)
    python tools/install.py classroom     # .venv-classroom
    python tools/install.py benchmarks    # .venv-bench

It installs nothing but files whose sha256 is in ``locks/``, and this repository itself. An
environment that is whole has a file ``.installed``.
"""

import argparse
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

__all__ = ["ENVIRONMENTS", "main"]

TOP = Path(__file__).resolve().parent.parent
ENVIRONMENTS = {
    "book": ".venv",
    "theano": ".venv-theano",
    "classroom": ".venv-classroom",
    "benchmarks": ".venv-bench",
}


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="?", default="book", choices=ENVIRONMENTS)
    parser.add_argument("--pip", action="store_true", help="take pip, also where there is uv")
    args = parser.parse_args(arguments)
    newest = 11 if args.name == "theano" else 13
    if not 11 <= sys.version_info.minor <= newest or sys.version_info.major != 3:
        wanted = "Python 3.11" if newest == 11 else "Python 3.11, 3.12 or 3.13"
        sys.exit(f"This needs {wanted}, not {sys.version.split()[0]}: run it with another Python.")
    make(TOP / ENVIRONMENTS[args.name], args.name, with_uv=not args.pip)


def make(folder: Path, name: str, *, with_uv: bool) -> None:
    """Make the environment anew."""
    shutil.rmtree(folder, ignore_errors=True)
    print(f"Making {folder.name} from locks/{name}.txt", flush=True)
    venv.create(folder, with_pip=True)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    python = str(programs / ("python.exe" if os.name == "nt" else "python"))
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    locked = ["--require-hashes", "-r"]
    run([*pip, *locked, "locks/build.txt"])
    if with_uv and (uv := shutil.which("uv", path=str(programs))):
        pip = [uv, "pip", "install", "--quiet", "--python", python]
    run([*pip, "--no-build-isolation", *locked, f"locks/{name}.txt"])
    if name != "benchmarks":
        run([*pip, "--no-build-isolation", "--no-deps", "-e", "."])
    (folder / ".installed").touch()


def run(command: list[str]) -> None:
    """Run a command at the top of the repository; end with its code where it fails."""
    done = subprocess.run(command, cwd=TOP)
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
