"""The built website in a browser: where it is, a server's handler, and a visit to a page.

The website is read from ``_build/html``, or from the folder that the environment variable
``BOOK_HTML`` names. The fixtures ``base_url`` and ``browser`` stand in ``conftest.py``.
"""

import os
from pathlib import Path

import pytest

from tools.serve import Handler

TOP = Path(__file__).resolve().parent.parent
SITE = Path(os.environ.get("BOOK_HTML") or TOP / "_build" / "html")
CI = os.environ.get("CI") == "true"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
SERVED = {"bytes": 0}  # what the server has sent


class QuietHandler(Handler):
    def log_message(self, *args):
        pass

    def copyfile(self, source, outputfile):
        SERVED["bytes"] += os.fstat(source.fileno()).st_size
        super().copyfile(source, outputfile)


class Visit:
    """A page in a fresh browser context, with what it asked for and complained of."""

    def __init__(self, browser, base_url, path, **options):
        options = {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"} | options
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.base_url = base_url
        self.requests, self.errors = [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", self.note_console)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("response", self.note_response)
        self.page.goto(base_url + path, wait_until="load")
        if self.page.evaluate("typeof MathJax !== 'undefined'"):
            self.page.evaluate("MathJax.startup.promise.then(() => true)")

    def note_console(self, message):
        if message.type in {"error", "warning"}:
            self.errors.append(message.text)

    def note_response(self, response):
        if response.status >= 400:
            self.errors.append(f"{response.status} {response.url}")

    def complaints(self):
        """Return what must not be: errors, and requests to another host."""
        own = (self.base_url, "blob:", "data:")
        return self.errors + [url for url in self.requests if not url.startswith(own)]

    def axe(self, what="document"):
        """Return the serious faults that axe-core finds, after stopping what fades in."""
        self.page.evaluate(pytest.importorskip("axe_playwright_python.base").AXE_SCRIPT)
        self.page.add_style_tag(
            content="* { transition: none !important; animation: none !important }"
        )
        # preload: axe-core would fetch style sheets a second time, and stumble over their imports
        options = "{resultTypes: ['violations'], preload: false}"
        result = self.page.evaluate(f"axe.run({what}, {options})")
        return [
            f"{violation['id']}: {node['html'][:200]}"
            for violation in result["violations"]
            if violation["impact"] in {"serious", "critical"}
            for node in violation["nodes"]
        ]

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.context.close()
