"""Find a Chromium or Chrome for the tests of the website, or install one.

    python tools/browser.py      # prints its path

The first of these that works is taken: the path in ``CHROMIUM``, a program on the path, one that
Playwright has in its cache, Playwright's own download, and, for root on Debian, its package.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["find", "install"]

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """Return the path of a browser that is here, or None."""
    if named := os.environ.get("CHROMIUM"):
        return named
    return next(filter(None, map(shutil.which, NAMES)), None) or _of_playwright()


def _of_playwright() -> str | None:
    """Return the Chromium in Playwright's cache."""
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:  # an environment without a browser's tests
        return None
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


def install() -> str | None:
    """Install a browser; return its path, or None where neither way works."""
    commands = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        package = ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"]
        commands += [["apt-get", "update"], package]
    for command in commands:
        print("No browser yet:", " ".join(command), file=sys.stderr, flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode == 0 and (path := find()):
            return path
    return None


if __name__ == "__main__":
    print(find() or install() or "No browser could be installed: set CHROMIUM to the path of one.")
