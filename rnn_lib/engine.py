"""Theano for the whole book: one API, two engines.

Only this module and `rnn_lib.compiled` import Theano or PyTensor, which Theano became.  All else,
the chapters included, takes ``theano`` and ``T`` from here and writes the API of Theano 1.0.5.

>>> from rnn_lib import theano, T
>>> x = T.dscalar("x")
>>> slope = theano.function([x], T.grad(x**2, x))
>>> float(slope(3.0))
6.0

On Theano the two are its own modules.  On PyTensor they are thin namespaces that pass every name on
and add only what PyTensor lacks or means differently.

Environment
-----------
RNN_ENGINE : ``pytensor`` or ``theano``; the default is PyTensor, or Theano where that is missing.
RNN_COMPILED : ``1`` lets numba compile every network, ``0`` (the default) none; needs PyTensor.
PYTENSOR_FLAGS, THEANO_FLAGS : the engine's own settings, which win over those made here.
"""

import functools
import importlib
import importlib.util
import logging
import os
import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np

from rnn_lib.checks import check_choice

__all__ = ["CAN_COMPILE", "NAME", "VERSION", "T", "floatX", "function", "log_softmax", "softmax"]
__all__ += ["should_compile", "theano"]

# The graph is interpreted, for a first result at once: no C++ compiler, no just-in-time compiler.
# Fusion would turn NumPy calls into Python loops over scalars; dot22scalar computes a gradient that
# is clipped twice; Theano's local_dimshuffle_alloc fails, loudly, on a batch's first state in scan.
_FLAGS = {
    "pytensor": "cxx=,linker=vm,optimizer_excluding=fusion:local_dot22_to_dot22scalar",
    "theano": "cxx=,blas.ldflags=,optimizer_excluding=fusion:local_dimshuffle_alloc",
}


def _choose_engine() -> str:
    wanted = os.environ.get("RNN_ENGINE", "")
    if wanted and wanted not in _FLAGS:
        raise ImportError(f"RNN_ENGINE must be 'pytensor' or 'theano', got {wanted!r}.")
    for name in [wanted] if wanted else _FLAGS:
        if importlib.util.find_spec(name):
            return name
    missing = wanted or "PyTensor or Theano"
    raise ImportError(f"rnn_lib found no engine ({missing}): run 'pip install pytensor'.")


def _import_engine(name: str) -> Any:
    """Import an engine with these flags and without noise on stderr."""
    variable = f"{name.upper()}_FLAGS"
    own = os.environ.get(variable, "")
    if not own.startswith(_FLAGS[name]):  # a child process inherits what is set here
        os.environ[variable] = f"{_FLAGS[name]},{own}".rstrip(",")
    # Without a compiler Theano says, through logging, that its BLAS is NumPy's: as we want it.
    logging.getLogger("theano.tensor.blas").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*no c\\+\\+ compiler")  # by choice
        # Theano 1.0.5 is older than some names in today's NumPy and Python.
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        engine = importlib.import_module(name)
        if name == "theano":  # its scan imports this at the first call, with a warning of its own
            importlib.import_module("theano.gpuarray")
    return engine


def _register_rewrite(name: str, engine: Any) -> None:
    """Leave to NumPy what the engines would else interpret number by number in Python."""

    def vectorise(*arguments: Any) -> Any:
        node = arguments[-1]
        operation = str(getattr(node.op, "scalar_op", ""))
        if operation in ("add", "mul") and len(node.inputs) > 2:  # gathered by other rewrites
            return [functools.reduce(getattr(engine.tensor, operation), node.inputs)]
        if operation == "scalar_sigmoid" and node.outputs[0].ndim:  # Theano's; it cannot overflow
            x, exp = node.inputs[0], engine.tensor.exp
            return [exp(engine.tensor.minimum(x, 0)) / (1 + exp(-abs(x)))]
        return False

    opt = engine.gof.opt if name == "theano" else engine.graph.rewriting.basic
    decorate = opt.local_optimizer if name == "theano" else opt.node_rewriter
    rewrite = opt.in2out(decorate([type(engine.tensor.add)])(vectorise), name="vectorise")
    register = functools.partial(engine.compile.mode.optdb.register, "vectorise", rewrite)
    # 48.5: after the rewrites that gather, before fusion
    register(48.5, "fast_run") if name == "theano" else register("fast_run", position=48.5)


NAME = _choose_engine()
_engine = _import_engine(NAME)
_register_rewrite(NAME, _engine)
VERSION: str = _engine.__version__
CAN_COMPILE = NAME == "pytensor" and importlib.util.find_spec("numba") is not None


class _Namespace:
    """A module under another name: what is given here comes first, the rest is passed on."""

    def __init__(self, module: Any, **added: Any) -> None:
        self.__dict__.update(added, _module=module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *dir(self._module)})


def _pytensor_namespaces() -> tuple[Any, Any]:
    """Return ``theano`` and ``T`` as PyTensor gives them, with Theano's names and meaning."""
    pt, special = _engine.tensor, importlib.import_module("pytensor.tensor.special")
    changes = "Scan return signature will change|The `mode` argument of|Setting default_update is"

    def scan(fn: Any, *args: Any, **kwargs: Any) -> Any:
        """``theano.scan``: return ``(outputs, updates)``, which PyTensor means to change."""
        # Else the loop's inner function would ignore our flags, be fused, and interpreted slowly.
        kwargs.setdefault("mode", _engine.compile.get_default_mode())
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=changes)
            return _engine.scan(fn, *args, return_updates=True, **kwargs)

    def rows(x: Any) -> Any:
        x = pt.as_tensor_variable(x)
        if x.ndim not in (1, 2):
            raise ValueError(f"x must be 1-d or 2-d tensor of floats. Got {x.type}")
        return x.dimshuffle("x", 0) if x.ndim == 1 else x

    def softmax(c: Any) -> Any:
        """``T.nnet.softmax``: of each row; a vector is one row, the result ``(1, n)``."""
        return special.softmax(rows(c), axis=-1)

    def logsoftmax(c: Any) -> Any:
        """``T.nnet.logsoftmax``: the logarithm of ``softmax``, without overflow."""
        return special.log_softmax(rows(c), axis=-1)

    def categorical_crossentropy(coding_dist: Any, true_dist: Any) -> Any:
        """``T.nnet.categorical_crossentropy``: one loss a row; targets one-hot or class index."""
        true_dist = pt.as_tensor_variable(true_dist)
        if true_dist.ndim not in (coding_dist.ndim, coding_dist.ndim - 1):
            raise TypeError("rank mismatch between coding and true distributions")
        apply = coding_dist.owner
        if apply and isinstance(apply.op, special.Softmax):  # log(softmax(x)) has NaN gradients
            log_probability = special.log_softmax(apply.inputs[0], axis=-1)
        else:
            log_probability = pt.log(coding_dist)
        if true_dist.ndim == coding_dist.ndim:
            return -pt.sum(true_dist * log_probability, axis=-1)
        if true_dist.dtype not in pt.type.integer_dtypes:
            raise TypeError("integer vector required for argument: true_dist")
        return -log_probability[pt.arange(true_dist.shape[0]), true_dist]

    def relu(x: Any, alpha: Any = 0) -> Any:
        """``T.nnet.relu``: ``x`` where it is positive, else ``alpha * x``."""
        return pt.switch(x > 0, x, alpha * x)

    def binary_crossentropy(output: Any, target: Any) -> Any:
        """``T.nnet.binary_crossentropy``: one loss for each probability in ``output``."""
        return -(target * pt.log(output) + (1.0 - target) * pt.log(1.0 - output))

    class RandomStreams:
        """``T.shared_randomstreams.RandomStreams``; its numbers are not those of Theano's."""

        def __init__(self, seed: int | None = None) -> None:
            self._seeds = np.random.SeedSequence(seed)
            self._updates: list[tuple[Any, Any]] = []

        def _draw(self, distribution: Any, size: Any, *parameters: Any) -> Any:
            rng = _engine.shared(np.random.default_rng(self._seeds.spawn(1)[0]))
            next_rng, draw = distribution(*parameters, size=size, rng=rng, return_next_rng=True)
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message=changes)
                rng.default_update = next_rng
            self._updates.append((rng, next_rng))
            return draw

        def uniform(self, size: Any = None, low: Any = 0.0, high: Any = 1.0) -> Any:
            return self._draw(pt.random.uniform, size, low, high)

        def normal(self, size: Any = None, avg: Any = 0.0, std: Any = 1.0) -> Any:
            return self._draw(pt.random.normal, size, avg, std)

        def binomial(self, size: Any = None, n: Any = 1, p: Any = 0.5) -> Any:
            return self._draw(pt.random.binomial, size, n, p)

        def updates(self) -> list[tuple[Any, Any]]:
            return list(self._updates)

    nnet = SimpleNamespace(softmax=softmax, logsoftmax=logsoftmax, relu=relu)
    nnet.sigmoid, nnet.softplus = pt.sigmoid, pt.softplus
    nnet.categorical_crossentropy = categorical_crossentropy
    nnet.binary_crossentropy = binary_crossentropy
    random = SimpleNamespace(RandomStreams=RandomStreams)
    tensor = _Namespace(pt, nnet=nnet, shared_randomstreams=random)
    added = {"Op": _engine.graph.Op, "Apply": _engine.graph.Apply, "pp": _engine.printing.pp}
    return _Namespace(_engine, tensor=tensor, scan=scan, **added), tensor


if NAME == "pytensor":
    theano, T = _pytensor_namespaces()
else:
    theano, T = _engine, _engine.tensor
    # Theano warns that softmax of a vector will change in a release that never came.
    warnings.filterwarnings("ignore", message="DEPRECATION: If x is a vector, Softmax")


def should_compile(compiled: bool | None = None) -> bool:
    """Return whether numba compiles: as ``compiled`` says, or ``RNN_COMPILED`` where it is None.

    Raises ValueError for another value, and for True where nothing can compile.
    """
    if compiled is None:
        meanings = {"0": False, "1": True}
        setting = os.environ.get("RNN_COMPILED") or "0"
        return meanings[check_choice("RNN_COMPILED", setting, meanings)] and CAN_COMPILE
    check_choice("compiled", compiled, [True, False])
    if compiled and not CAN_COMPILE:
        raise ValueError("compiled=True needs PyTensor and numba: run 'pip install pytensor'.")
    return bool(compiled)


def floatX() -> str:
    """Return the dtype of weights and inputs: ``"float64"``, unless the engine's flags say else."""
    return str(theano.config.floatX)


def _by_rows(fn: Any, x: Any) -> Any:
    return fn(x) if x.ndim == 2 else fn(x.reshape((-1, x.shape[-1]))).reshape(x.shape, ndim=x.ndim)


def softmax(x: Any) -> Any:
    r"""Return :math:`e^{x_k} / \sum_j e^{x_j}` over the last axis, for any number of axes.

    Do not call it inside ``scan``: gradients of extreme logits become NaN on both engines.
    """
    return _by_rows(T.nnet.softmax, x)


def log_softmax(x: Any) -> Any:
    r"""Return :math:`x_k - \log \sum_j e^{x_j}` over the last axis, without overflow."""
    return _by_rows(T.nnet.logsoftmax, x)


def function(inputs: list[Any], outputs: Any, updates: Any = None) -> Any:
    """Compile ``theano.function(inputs, outputs, updates)`` for arrays of any float precision."""
    return theano.function(inputs, outputs, updates=updates, allow_input_downcast=True)
