"""The compiled tier: PyTensor's numba mode, with the loops of `rnn_lib.kernels` inside.

Numba makes machine code of a function at its first call, which takes seconds for a loop and about a
minute for the whole update of a network; both stay on disk for later processes.  So this module is
imported only where something shall be compiled.  The page about speed says what that brings.

>>> import numpy as np
>>> from rnn_lib.compiled import njit
>>> from rnn_lib.kernels import KERNELS
>>> p, Whh, start = np.ones((5, 1, 2)), np.eye(2), np.zeros((1, 2))
>>> (h,) = njit(KERNELS["tanh"].forward)(p, Whh, start, np.ones((5, 1), dtype="int8"))
>>> h[:2, 0].round(3)
array([[0.762, 0.762],
       [0.943, 0.943]])
"""

from __future__ import annotations

import functools
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.extending import overload, register_jitable
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_default_op_cache_key

from rnn_lib.engine import theano
from rnn_lib.fused import LogSoftmax, Lookup, LookupGradient, Recurrence, RecurrenceGradient
from rnn_lib.kernel_parts import before, n_padded_rows, sigmoid, tanh, walk, weights_gradient
from rnn_lib.kernels import KERNELS

__all__ = ["function", "njit"]

# What is stored on disk is found again by this number: other sources, other entries.
_VERSION = zlib.crc32(
    b"".join(Path(__file__).with_name(f"{name}.py").read_bytes()
             for name in ("kernel_parts", "kernels", "compiled"))
)  # fmt: skip

for _part in (before, n_padded_rows, sigmoid, walk, weights_gradient):
    register_jitable(_part)


@overload(tanh, jit_options={"error_model": "numpy"})
def _tanh(x):  # type: ignore[no-untyped-def]  # numba compares the names and the notes of types
    r"""Tell numba a tanh that the processor does for many numbers at a time.

    .. math::
        \tanh a = \cfrac{a}{1 + \cfrac{a^2}{3 + \cfrac{a^2}{5 + \cdots}}}, \quad
        \tanh 2a = \frac{2 \tanh a}{1 + \tanh^2 a}

    Lambert's fraction, down to the 13, of :math:`a = x / 8`, then three doublings; as u / v, there
    is one division.  Its relative error stays below 4 times the epsilon of the dtype.
    """

    def loop(x):  # type: ignore[no-untyped-def]
        number = x.dtype.type
        one, two, eighth, limit = number(1), number(2), number(1 / 8), number(19)
        u1, u2, u3 = number(17325 / 135135), number(378 / 135135), number(1 / 135135)
        v1, v2, v3 = number(62370 / 135135), number(3150 / 135135), number(28 / 135135)
        for i in range(x.shape[0]):
            row = x[i]
            for j in range(x.shape[1]):
                a = min(max(row[j], -limit), limit) * eighth
                q = a * a
                u = a * (one + q * (u1 + q * (u2 + q * u3)))
                v = one + q * (v1 + q * (v2 + q * v3))
                for _ in range(3):
                    u, v = two * u * v, v * v + u * u
                y = u / v  # which rounding may put beyond 1; a NaN stays one
                row[j] = one if y > one else -one if y < -one else y

    return loop


def njit(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``kernel``, a plain function over arrays, as numba compiles it at the first call."""
    return numba.njit(kernel, error_model="numpy", cache=True)


@functools.cache
def _inner(kernel: Callable[..., Any]) -> Callable[..., Any]:
    return numba_njit(kernel, error_model="numpy")


def _implements(operation: type) -> Callable[..., Any]:
    """Say that the decorated function returns what numba shall run for a node of ``operation``.

    That is a function with a name, which PyTensor writes into its sources.
    """

    def decorate(make: Callable[[Any, Any], Any]) -> Any:
        def implementation(op: Any, node: Any = None, **others: Any) -> tuple[Any, int]:
            return numba_njit(make(op, node), error_model="numpy"), _VERSION

        return register_funcify_default_op_cache_key(operation)(implementation)

    return decorate


@_implements(Recurrence)
def _recurrence(op: Any, node: Any) -> Any:
    forward, backwards = _inner(KERNELS[op.cell].forward), op.backwards

    def tape(p, Whh, start, mask):  # type: ignore[no-untyped-def]
        steps = p.reshape((mask.shape[0], mask.shape[1], Whh.shape[0]))
        return forward(steps, Whh, start, mask, backwards)

    if len(node.outputs) > 1:
        return tape
    whole = _inner(tape)

    def outputs(p, Whh, start, mask):  # type: ignore[no-untyped-def]
        return whole(p, Whh, start, mask)[0]

    return outputs


@_implements(RecurrenceGradient)
def _recurrence_gradient(op: Any, node: Any) -> Any:
    backward, backwards = _inner(KERNELS[op.cell].backward), op.backwards

    def gradients(dh, Whh, start, mask, *tape):  # type: ignore[no-untyped-def]
        dp, dWhh, dstart = backward(dh, Whh, start, mask, backwards, tape)
        return dp.reshape((dp.shape[0] * dp.shape[1], dp.shape[2])), dWhh, dstart

    return gradients


@_implements(Lookup)
def _lookup(op: Any, node: Any) -> Any:
    def rows(E, tokens):  # type: ignore[no-untyped-def]
        return E[tokens]

    return rows


@_implements(LookupGradient)
def _lookup_gradient(op: Any, node: Any) -> Any:
    def add_rows(dh, E, tokens):  # type: ignore[no-untyped-def]
        dE = np.zeros_like(E)
        for i in range(len(tokens)):
            row = dE[tokens[i]]
            row += dh[i]
        return dE

    return add_rows


@_implements(LogSoftmax)
def _log_softmax(op: Any, node: Any) -> Any:
    def log_softmax(x):  # type: ignore[no-untyped-def]
        z = np.empty(x.shape, x.dtype)
        rows, into = x.reshape((-1, x.shape[-1])), z.reshape((-1, x.shape[-1]))
        for i in range(len(rows)):
            shifted = rows[i] - rows[i].max()
            into[i] = shifted - np.log(np.exp(shifted).sum())
        return z

    return log_softmax


def function(inputs: list[Any], outputs: Any, updates: Any = None) -> Any:
    """Return a function of ``inputs`` to ``outputs``, with ``updates``, compiled at its first call.

    It is that of `rnn_lib.engine.function`, in PyTensor's numba mode.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Loop fusion failed")  # some loops stay apart
        return theano.function(
            inputs, outputs, updates=updates, allow_input_downcast=True, mode="NUMBA"
        )
