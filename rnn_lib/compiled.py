"""Compile a network: PyTensor's numba mode, with the loops of `rnn_lib.kernels` inside.

Numba makes machine code of a function at its first call, which takes seconds for a loop and about a
minute for the whole update of a network; both stay on disk for later processes.  Import this
module only when you need compilation.  The page about speed says what that brings.

>>> import numpy as np
>>> from rnn_lib.compiled import njit
>>> from rnn_lib.kernels import KERNELS
>>> p, W, start = np.ones((5, 1, 2)), np.eye(2), np.zeros((1, 2))
>>> (h,) = njit(KERNELS["tanh"].forward)(p, W, start, np.ones((5, 1), dtype="int8"))
>>> h[:2, 0].round(3)
array([[0.762, 0.762],
       [0.943, 0.943]])
"""

import functools
import types
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.extending import overload, register_jitable
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_default_op_cache_key
from pytensor.link.numba.dispatch.elemwise import numba_funcify_DimShuffle
from pytensor.tensor.elemwise import DimShuffle

import rnn_lib.fused as fused
import rnn_lib.kernel_parts as kernel_parts
from rnn_lib.engine import theano
from rnn_lib.kernel_parts import tanh
from rnn_lib.kernels import KERNELS

__all__ = ["function", "njit"]

# What is stored on disk is found again by this number: other sources, other entries.
_sources = (
    Path(__file__).with_name(f"{name}.py") for name in ("kernel_parts", "kernels", "compiled")
)
_VERSION = zlib.crc32(b"".join(path.read_bytes() for path in _sources))

_jitable = register_jitable(error_model="numpy")
_functions = [kernel_parts.n_padded_rows, kernel_parts.sigmoid, kernel_parts.weights_gradient]
for _function in [*_functions, *(f for kernel in KERNELS.values() for f in kernel[:2])]:
    _jitable(_function)
_for_numba = functools.partial(overload, jit_options={"error_model": "numpy"})


@_for_numba(kernel_parts.product)
def _product(a, b, out):  # type: ignore[no-untyped-def]
    return lambda a, b, out: np.dot(a, b, out)


@_for_numba(tanh)
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
            for j in range(x.shape[1]):
                a = min(max(x[i, j], -limit), limit) * eighth
                q = a * a
                u = a * (one + q * (u1 + q * (u2 + q * u3)))
                v = one + q * (v1 + q * (v2 + q * v3))
                for _ in range(3):
                    u, v = two * u * v, v * v + u * u
                y = u / v  # which rounding may put beyond 1; a NaN stays one
                x[i, j] = one if y > one else -one if y < -one else y

    return loop


# Loops over numbers: numba would compile the blocks of the gates as arrays of unknown strides.


@_for_numba(kernel_parts.lstm_cell_forward)
def _lstm_cell_forward(gates, c_prev, c, h):  # type: ignore[no-untyped-def]
    def loops(gates, c_prev, c, h):  # type: ignore[no-untyped-def]
        n = c.shape[1]
        for b in range(c.shape[0]):
            for j in range(n):
                c[b, j] = gates[b, j] * gates[b, 2 * n + j] + gates[b, n + j] * c_prev[b, j]
        h[:] = c
        tanh(h)
        for b in range(c.shape[0]):
            for j in range(n):
                h[b, j] *= gates[b, 3 * n + j]

    return loops


@_for_numba(kernel_parts.lstm_cell_backward)
def _lstm_cell_backward(gates, c_prev, c, dh, dc, da):  # type: ignore[no-untyped-def]
    def loops(gates, c_prev, c, dh, dc, da):  # type: ignore[no-untyped-def]
        n, one, tanh_c = c.shape[1], c.dtype.type(1), c.copy()
        tanh(tanh_c)
        for b in range(c.shape[0]):  # each loop is simple enough for many numbers at a time
            for j in range(n):
                dc[b, j] += dh[b, j] * gates[b, 3 * n + j] * (one - tanh_c[b, j] ** 2)
            for j in range(n):
                i = gates[b, j]
                da[b, j] = dc[b, j] * gates[b, 2 * n + j] * i * (one - i)
            for j in range(n):
                f = gates[b, n + j]
                da[b, n + j] = dc[b, j] * c_prev[b, j] * f * (one - f)
            for j in range(n):
                da[b, 2 * n + j] = dc[b, j] * gates[b, j] * (one - gates[b, 2 * n + j] ** 2)
            for j in range(n):
                o = gates[b, 3 * n + j]
                da[b, 3 * n + j] = dh[b, j] * tanh_c[b, j] * o * (one - o)
            for j in range(n):
                dc[b, j] *= gates[b, n + j]

    return loops


def njit(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``kernel``, a plain function over arrays, as numba compiles it at the first call."""
    copy = types.FunctionType(kernel.__code__, kernel.__globals__)
    copy.__qualname__ = f"{kernel.__name__}_{_VERSION}"  # the name by which numba finds it on disk
    return numba.njit(copy, error_model="numpy", cache=True)


def _implements(operation: type) -> Callable[..., Any]:
    """Say that the decorated function returns what numba shall run for a node of ``operation``.

    That is a function with a name, which PyTensor writes into its sources.
    """

    def decorate(make: Callable[[Any, Any], Any]) -> Any:
        def implementation(op: Any, node: Any = None, **others: Any) -> tuple[Any, int]:
            return numba_njit(make(op, node), error_model="numpy"), _VERSION

        return register_funcify_default_op_cache_key(operation)(implementation)

    return decorate


@_implements(fused.Recurrence)
def _recurrence(op: Any, node: Any) -> Any:
    forward = KERNELS[op.cell].forward

    def tape(p, Whh, start, mask):  # type: ignore[no-untyped-def]
        steps = p.reshape((mask.shape[0], mask.shape[1], Whh.shape[0]))
        return forward(steps, np.ascontiguousarray(Whh.T), start, mask)

    def h(p, Whh, start, mask):  # type: ignore[no-untyped-def]
        steps = p.reshape((mask.shape[0], mask.shape[1], Whh.shape[0]))
        return forward(steps, np.ascontiguousarray(Whh.T), start, mask)[0]

    return tape if len(node.outputs) > 1 else h


@_implements(fused.RecurrenceGradient)
def _recurrence_gradient(op: Any, node: Any) -> Any:
    backward = KERNELS[op.cell].backward

    def gradients(dh, Whh, start, mask, *tape):  # type: ignore[no-untyped-def]
        dp, dWhh, dstart = backward(dh, np.ascontiguousarray(Whh), start, mask, tape)
        return dp.reshape((dp.shape[0] * dp.shape[1], dp.shape[2])), dWhh, dstart

    return gradients


@_implements(fused.Lookup)
def _lookup(op: Any, node: Any) -> Any:
    def rows(E, tokens):  # type: ignore[no-untyped-def]
        return E[tokens]

    return rows


@_implements(fused.LookupGradient)
def _lookup_gradient(op: Any, node: Any) -> Any:
    def add_rows(dh, E, tokens):  # type: ignore[no-untyped-def]
        dE = np.zeros_like(E)
        for i in range(len(tokens)):
            row = dE[tokens[i]]
            row += dh[i]
        return dE

    return add_rows


@_implements(fused.CrossEntropy)
def _cross_entropy(op: Any, node: Any) -> Any:
    def losses_and_p(x, y):  # type: ignore[no-untyped-def]
        losses, p = np.empty(y.shape, x.dtype), np.empty(x.shape, x.dtype)
        every_x, every_loss = x.reshape((-1, x.shape[-1])), losses.reshape(-1)
        every_p, every_y = p.reshape((-1, x.shape[-1])), y.reshape(-1)
        for i in range(len(every_x)):
            row = every_p[i]
            row[:] = every_x[i] - every_x[i].max()
            of_y = row[every_y[i]]
            row[:] = np.exp(row)
            total = row.sum()
            row /= total
            every_loss[i] = np.log(total) - of_y
        return losses, p

    return losses_and_p


@_implements(fused.CrossEntropyGradient)
def _cross_entropy_gradient(op: Any, node: Any) -> Any:
    def gradient(d, p, y):  # type: ignore[no-untyped-def]
        dx = np.empty_like(p)
        every_p, every_dx = p.reshape((-1, p.shape[-1])), dx.reshape((-1, p.shape[-1]))
        for i, (slope, k) in enumerate(zip(d.flat, y.flat)):
            every_dx[i] = slope * every_p[i]
            every_dx[i, k] -= slope
        return dx

    return gradient


@register_funcify_default_op_cache_key(DimShuffle)
def _dimshuffle(op: Any, node: Any, **others: Any) -> Any:
    """Tell numba that the transpose of a contiguous matrix is contiguous, too.

    PyTensor's own form hides that: every product with a transpose would then copy it first, and
    numba would warn that ``np.dot()`` is faster on contiguous arrays.
    """
    if op.new_order != (1, 0):
        return numba_funcify_DimShuffle(op, node, **others)

    def transpose(x):  # type: ignore[no-untyped-def]
        return x.T

    return numba_njit(transpose), _VERSION


def function(inputs: list[Any], outputs: Any, updates: Any = None) -> Any:
    """Return a function of ``inputs`` to ``outputs``, with ``updates``, compiled at its first call.

    It is that of `rnn_lib.engine.function`, in PyTensor's numba mode.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Loop fusion failed")  # some loops stay apart
        return theano.function(
            inputs, outputs, updates=updates, allow_input_downcast=True, mode="NUMBA"
        )
