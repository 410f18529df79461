"""Runs the cells of a page in the browser: what a Jupyter kernel does, as far as the book needs it.

The worker calls ``start`` once and ``run`` for each cell. Everything that a cell shows goes out
through ``send(kind, content)``: ``stdout``, ``stderr``, ``html``, ``image`` (PNG) and ``error``.
"""

import ast
import io
import linecache
import logging
import os
import sys
import time
import traceback
import types
from collections.abc import Callable
from pathlib import Path

from page_plan import plan

__all__ = ["emit", "plan", "run", "start"]

# A loop that prints must not flood the page: after so many lines of a cell, the text is sent in
# pieces, with so many seconds between them.
AT_ONCE, PAUSE = 100, 0.1
send: Callable[[str, object], None]
namespace: dict


class Stream(io.TextIOBase):
    """A stdout or stderr that sends its text line by line, or in pieces where there is much."""

    def __init__(self, kind):
        self.kind, self.text, self.n_sent, self.sent = kind, "", 0, 0.0

    def writable(self):
        """Say yes."""
        return True

    def write(self, text):
        """Keep the text, and send it if it is time."""
        self.text += text
        at_once = self.n_sent < AT_ONCE and text.endswith("\n")
        if at_once or time.monotonic() - self.sent > PAUSE:
            self.flush()
        return len(text)

    def flush(self):
        """Send what is kept."""
        if self.text:
            send(self.kind, self.text)
            self.text, self.sent = "", time.monotonic()
            self.n_sent += 1


def emit(kind, content):
    """Send something after the text that was written before it."""
    sys.stdout.flush()
    sys.stderr.flush()
    send(kind, content)


def start(folder, sender):
    """Make a fresh ``__main__`` in a folder of the book, with its own stdout and stderr."""
    global send, namespace
    send = sender
    main = types.ModuleType("__main__")
    sys.modules["__main__"], namespace = main, main.__dict__
    sys.stdout, sys.stderr = Stream("stdout"), Stream("stderr")
    folder = Path(__file__).parent / folder
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    # It would say that it builds its cache of fonts.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    time.process_time = time.perf_counter  # its own clock stands still in a browser
    os.environ["MPLBACKEND"] = "module://page_figures"


def display(value):
    """Show the value of a cell's last line as a notebook does."""
    if value is None:
        return
    html = getattr(value, "_repr_html_", lambda: None)()
    emit("html", html) if html else print(repr(value))


def run(source, number):
    """Run a cell; return whether it went through."""
    name = f"<cell {number}>"
    sys.stdout.n_sent = sys.stderr.n_sent = 0
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    try:
        tree = ast.parse(source, name)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, name, "exec"), namespace)
        if last:
            display(eval(compile(ast.Expression(last.value), name, "eval"), namespace))
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].show()
    except BaseException as error:  # KeyboardInterrupt and SystemExit end a cell, not the session
        emit("error", report(error))
        return False
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return True


def report(error):
    """Return the traceback without the frames of this module."""
    told = traceback.TracebackException.from_exception(error)
    cause = told
    while cause:
        kept = [frame for frame in cause.stack if frame.filename != __file__]
        cause.stack = traceback.StackSummary.from_list(kept)
        cause = cause.__cause__ or cause.__context__
    return "".join(told.format())
