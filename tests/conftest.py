"""The website on a server of its own, and a browser that reaches no other host."""

import functools
import threading
from http.server import ThreadingHTTPServer

import pytest
from pages import ARGUMENTS, CI, SITE, QuietHandler

from tools import browser as browsers


@pytest.fixture(scope="module")
def base_url():
    handler = functools.partial(QuietHandler, directory=SITE)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def browser():
    path = browsers.find()
    if path is None:
        (pytest.fail if CI else pytest.skip)("no browser: set CHROMIUM to the path of one")
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()
