"""Every public name is documented, with its arguments and their shapes; every example runs."""

import doctest
import importlib
import inspect
import re
from pathlib import Path

import pytest

import rnn_lib
from rnn_lib.engine import CAN_COMPILE

MODULES = sorted(path.stem for path in Path(rnn_lib.__file__).parent.glob("[a-z]*.py"))
if not CAN_COMPILE:
    MODULES.remove("compiled")


def load(name):
    return importlib.import_module(f"rnn_lib.{name}")


def public_functions():
    """Yield ``(full name, function or class)``: what ``__all__`` names, and public methods."""
    for module in MODULES:
        for name in load(module).__all__:
            thing = getattr(load(module), name)
            if not callable(thing) or name in ("T", "theano"):
                continue
            yield f"{module}.{name}", thing
            if inspect.isclass(thing):
                for method, function in inspect.getmembers(thing, inspect.isroutine):
                    ours = str(getattr(function, "__module__", "")).startswith("rnn_lib")
                    if ours and not method.startswith("_"):
                        yield f"{module}.{name}.{method}", function


PUBLIC = dict(public_functions())


def arguments(thing):
    signature = inspect.signature(thing)
    return [name for name in signature.parameters if name not in ("self", "cls", "args", "kwargs")]


@pytest.mark.filterwarnings("ignore:Matplotlib is currently using agg:UserWarning")
@pytest.mark.parametrize("module", [*MODULES, "__init__"])
def test_examples_run(module):
    result = doctest.testmod(rnn_lib if module == "__init__" else load(module))
    assert result.attempted >= 1, "a module opens with an example that runs"
    assert result.failed == 0


@pytest.mark.parametrize("module", MODULES)
def test_module_says_what_it_is_for_and_exports(module):
    first, *_ = load(module).__doc__.splitlines()
    assert len(first) > 20
    assert "__all__" in vars(load(module))
    for name in load(module).__all__:
        assert hasattr(load(module), name)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_argument_is_documented(name):
    thing = PUBLIC[name]
    doc = inspect.getdoc(thing)
    assert doc, f"{name} has no docstring"
    if name == "network.Network":  # they are those of RNN, and its docstring says so
        assert "RNN" in doc
        assert arguments(thing) == arguments(rnn_lib.RNN)
        return
    if inspect.isclass(thing) and issubclass(thing, tuple):  # the names of its fields say it
        return
    doc += load(name.partition(".")[0]).__doc__  # what is common to a module's functions
    missing = [a for a in arguments(thing) if not re.search(rf"\b{a}\b", doc)]
    assert not missing, f"{name} does not say what {', '.join(missing)} is"


# Their arguments or results are arrays or tensors.
WITH_SHAPES = [
    "cells.glorot",
    "cells.gru_step",
    "cells.initial_weights",
    "cells.lstm_step",
    "cells.tanh_step",
    "checks.check_sequences",
    "checks.check_targets",
    "data.JapaneseVowels",
    "data.load_japanese_vowels",
    "data.load_names",
    "data.load_sunspots",
    "data.one_hot",
    "data.pad",
    "data.Vocabulary.decode",
    "data.Vocabulary.encode",
    "losses.cross_entropy",
    "losses.masked_mean",
    "losses.squared_error",
    "model.RNN",
    "model.RNN.forward_step",
    "model.RNN.hidden_states",
    "model.RNN.predict",
    "model.RNN.predict_proba",
    "model.RNN.train",
    "plotting.plot_history",
    "plotting.plot_states",
    "recurrence.recurrence",
]


@pytest.mark.parametrize("name", WITH_SHAPES)
def test_shapes_are_documented(name):
    doc = inspect.getdoc(PUBLIC[name])
    module = load(name.partition(".")[0]).__doc__
    text = doc if re.search(r"\(", doc) else f"{doc} {module}"
    assert re.search(r"\((?:[\w.* ]+,[^)]*|\.\.\.)\)", text), f"{name} does not say its shapes"


TOOLS = ("checks", "engine", "files", "plotting")


@pytest.mark.parametrize("module", sorted({*MODULES} - {*TOOLS}))
def test_a_reader_finds_where_the_book_explains_it(module):
    assert re.search(r"chapters? \d|pages? about", inspect.getsource(load(module)))
