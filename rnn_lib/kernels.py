r"""The built-in cells over a whole sequence, forward and backward, in plain NumPy.

Of the equations of a network only those with :math:`h_{t-1}` must wait for the step before.  A loop
here holds these; what can be computed for all steps at once stands outside it.
`rnn_lib.fused` makes operations of Theano of these functions; see the page about speed.

>>> import numpy as np
>>> from rnn_lib.kernels import KERNELS
>>> p, Whh, start = np.ones((5, 1, 2)), np.eye(2), np.zeros((1, 2))  # 5 steps, 1 sequence, 2 units
>>> h, *tape = KERNELS["tanh"].forward(p, Whh, start, np.ones((5, 1)))
>>> h[:2, 0].round(3)
array([[0.762, 0.762],
       [0.943, 0.943]])

Each ``forward`` takes these arguments, all but the mask of one dtype, float32 or float64:

p : (n_steps, n_batch, n_gates * n_hidden)
    The part of the input, :math:`p_t = W_{xh} x_t + b_h`.
Whh : (n_gates * n_hidden, n_hidden)
start : (n_batch, n_states * n_hidden)
    The state before the first step; the blocks of gates and states stand as in `rnn_lib.cells`.
mask : (n_steps, n_batch)
    0 at padded steps, over which the state is carried unchanged.
backwards : bool
    Go from the last step to the first; every array keeps the order of the steps.

It returns a *tape*: the outputs ``h (n_steps, n_batch, n_hidden)``, then what else the way back
needs.  Each ``backward`` takes ``dh``, the gradient of the loss with respect to ``h``, what
``forward`` took but for ``p``, and the tape.  It returns ``dp``, ``dWhh`` and ``dstart``, the
gradients with respect to the inputs of these names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

__all__ = ["KERNELS", "Kernel"]

Array = np.ndarray
Tape = tuple[Array, ...]
Gradients = tuple[Array, Array, Array]


class Kernel(NamedTuple):
    """The two ways through a sequence; how many blocks of ``n_hidden`` each array of a tape has."""

    forward: Callable[..., Tape]
    backward: Callable[..., Gradients]
    blocks: tuple[int, ...]


def _walk(mask: Array, backwards: bool) -> list[tuple[int, Array | None]]:
    """Return the steps in the order of the walk, each with its padded rows, or None."""
    padded = mask == 0
    rows = [np.flatnonzero(row) if some else None for row, some in zip(padded, padded.any(axis=1))]
    return list(enumerate(rows))[:: -1 if backwards else 1]


def _before(states: Array, start: Array, backwards: bool) -> Array:
    """Return for each step the state before it, ``(n_steps, n_batch, n_hidden)``."""
    return np.concatenate([states[1:], start[None]] if backwards else [start[None], states[:-1]])


def _blocks(x: Array, n_hidden: int) -> list[Array]:
    """Return views of the blocks of ``n_hidden`` columns."""
    return [x[..., k : k + n_hidden] for k in range(0, x.shape[-1], n_hidden)]


def _weights_gradient(da: Array, h_before: Array) -> Array:
    r"""Return :math:`\sum_t da_t\, h_{t-1}^\top` over all steps and sequences: one product."""
    return da.reshape(-1, da.shape[2]).T @ h_before.reshape(-1, h_before.shape[2])


def _sigmoid(a: Array) -> None:
    r"""Put :math:`\sigma(a) = \tfrac12 \tanh(a/2) + \tfrac12` in the place of ``a``."""
    a *= 0.5  # by tanh, which never overflows
    np.tanh(a, a)
    a *= 0.5
    a += 0.5


def tanh_forward(p: Array, Whh: Array, start: Array, mask: Array, backwards: bool = False) -> Tape:
    r"""Return ``h`` alone: :math:`h_t = \tanh(p_t + W_{hh} h_{t-1})`."""
    h, W = np.empty(p.shape, p.dtype), np.ascontiguousarray(Whh.T)
    h_prev = start
    for t, padded in _walk(mask, backwards):
        h_t = h[t]
        np.dot(h_prev, W, h_t)
        h_t += p[t]
        np.tanh(h_t, h_t)
        if padded is not None:
            h_t[padded] = h_prev[padded]
        h_prev = h_t
    return (h,)


def tanh_backward(
    dh: Array, Whh: Array, start: Array, mask: Array, backwards: bool, tape: Tape
) -> Gradients:
    r"""Follow :math:`da_t = (1 - h_t^2) \odot (dh_t + W_{hh}^\top da_{t+1})`."""
    (h,) = tape
    da = 1 - h * h
    da[mask == 0] = 0
    carried = np.zeros(start.shape, start.dtype)
    for t, padded in reversed(_walk(mask, backwards)):
        da_t, dh_t = da[t], dh[t] + carried
        da_t *= dh_t
        np.dot(da_t, Whh, carried)
        if padded is not None:
            carried[padded] = dh_t[padded]
    return da, _weights_gradient(da, _before(h, start, backwards)), carried


def lstm_forward(p: Array, Whh: Array, start: Array, mask: Array, backwards: bool = False) -> Tape:
    r"""Return ``h``, the gates :math:`i, f, g, o` after their sigmoid or tanh, and ``c``.

    .. math::
        i, f, g, o &= p_t + W_{hh} h_{t-1} \\
        c_t &= \sigma(f) \odot c_{t-1} + \sigma(i) \odot \tanh(g), \quad
        h_t = \sigma(o) \odot \tanh(c_t)

    All gates take one tanh, scaled by :math:`s`, which is 1/2 for a sigmoid and 1 for a tanh:
    :math:`s \tanh(s a) + 1 - s`.  In padding the gates are 0, and *f* is 1, which keeps ``c``.
    """
    n = Whh.shape[1]
    h, gates, c = (np.empty((*p.shape[:2], k * n), p.dtype) for k in (1, 4, 1))
    W, s = np.ascontiguousarray(Whh.T), np.repeat(np.array([0.5, 0.5, 1, 0.5], p.dtype), n)
    shift = 1 - s
    h_prev, c_prev = _blocks(start, n)
    for t, padded in _walk(mask, backwards):
        a, c_t, h_t = gates[t], c[t], h[t]
        np.dot(h_prev, W, a)
        a += p[t]
        a *= s
        np.tanh(a, a)
        a *= s
        a += shift
        i, f, g, o = _blocks(a, n)
        if padded is not None:
            a[padded] = 0
            f[padded] = 1
        np.multiply(i, g, c_t)
        c_t += f * c_prev
        np.tanh(c_t, h_t)
        h_t *= o
        if padded is not None:
            h_t[padded] = h_prev[padded]
        h_prev, c_prev = h_t, c_t
    return h, gates, c


def lstm_backward(
    dh: Array, Whh: Array, start: Array, mask: Array, backwards: bool, tape: Tape
) -> Gradients:
    r"""Follow :math:`dc_t = f_{t+1} \odot dc_{t+1} + o \odot (1 - \tanh^2 c_t) \odot dh_t`.

    ``da`` begins as the derivatives of :math:`h_t` by *o* and of :math:`c_t` by *i, f* and *g*,
    all before their sigmoid or tanh; the loop multiplies them with the gradients that arrive.
    """
    (h, gates, c), n = tape, Whh.shape[1]
    (h_start, c_start), (i, f, g, o), tanh_c = _blocks(start, n), _blocks(gates, n), np.tanh(c)
    da = (1 - gates) * (gates + np.repeat(np.array([0, 0, 1, 0], c.dtype), n))
    for block, factor in zip(_blocks(da, n), (g, _before(c, c_start, backwards), i, tanh_c)):
        block *= factor
    slope = o * (1 - tanh_c * tanh_c)
    of_c, of_h = da.reshape(*c.shape[:2], 4, n)[:, :, :3], da[:, :, 3 * n :]
    carried, dc = np.zeros(h_start.shape, c.dtype), np.zeros(c_start.shape, c.dtype)
    for t, padded in reversed(_walk(mask, backwards)):
        dh_t = dh[t] + carried
        dc += dh_t * slope[t]
        of_c[t] *= dc[:, None]
        of_h[t] *= dh_t
        np.dot(da[t], Whh, carried)
        if padded is not None:
            carried[padded] = dh_t[padded]
        dc *= f[t]
    dstart = np.concatenate([carried, dc], axis=1)
    return da, _weights_gradient(da, _before(h, h_start, backwards)), dstart


def gru_forward(p: Array, Whh: Array, start: Array, mask: Array, backwards: bool = False) -> Tape:
    r"""Return ``h``, the gates *r, z, n* after their sigmoid or tanh, and the product *q* of *n*.

    .. math::
        r &= \sigma(p^r_t + q^r), \quad z = \sigma(p^z_t + q^z), \quad
        n = \tanh(p^n_t + r \odot q^n), \quad q = W_{hh} h_{t-1} \\
        h_t &= (1 - z) \odot n + z \odot h_{t-1}

    In padding the gates are 0, and *z* is 1, which keeps ``h``.
    """
    size = Whh.shape[1]
    h, gates, q_n = (np.empty((*p.shape[:2], k * size), p.dtype) for k in (1, 3, 1))
    W, q = np.ascontiguousarray(Whh.T), np.empty(p.shape[1:], p.dtype)
    h_prev = start
    for t, padded in _walk(mask, backwards):
        p_t, a, h_t = p[t], gates[t], h[t]
        np.dot(h_prev, W, q)
        np.add(p_t[:, : 2 * size], q[:, : 2 * size], a[:, : 2 * size])
        _sigmoid(a[:, : 2 * size])
        r, z, n = _blocks(a, size)
        q_n[t] = q[:, 2 * size :]
        np.multiply(r, q_n[t], n)
        n += p_t[:, 2 * size :]
        np.tanh(n, n)
        if padded is not None:
            a[padded] = 0
            z[padded] = 1
        np.multiply(z, h_prev, h_t)
        h_t += (1 - z) * n
        h_prev = h_t
    return h, gates, q_n


def gru_backward(
    dh: Array, Whh: Array, start: Array, mask: Array, backwards: bool, tape: Tape
) -> Gradients:
    r"""Follow :math:`dh_{t-1} = z \odot dh_t + W_{hh}^\top dq_t`, with *q* of :func:`gru_forward`.

    ``dq`` begins as the derivatives of :math:`h_t` by *q*, ``dn`` as that by :math:`p^n_t`.
    """
    (h, gates, q_n), size = tape, Whh.shape[1]
    r, z, n = _blocks(gates, size)
    h_before, dq = _before(h, start, backwards), np.empty_like(gates)
    dn = (1 - z) * (1 - n * n)
    dq_r, dq_z, dq_n = _blocks(dq, size)
    np.multiply(dn, q_n * r * (1 - r), dq_r)
    np.multiply(h_before - n, z * (1 - z), dq_z)
    np.multiply(dn, r, dq_n)
    of_h = dq.reshape(*h.shape[:2], 3, size)
    carried = np.zeros(start.shape, start.dtype)
    for t, _ in reversed(_walk(mask, backwards)):
        dh_t = dh[t] + carried
        of_h[t] *= dh_t[:, None]
        dn[t] *= dh_t
        np.dot(dq[t], Whh, carried)
        carried += z[t] * dh_t
    dWhh = _weights_gradient(dq, h_before)
    dq_n[...] = dn
    return dq, dWhh, carried


KERNELS = {
    "tanh": Kernel(tanh_forward, tanh_backward, (1,)),
    "lstm": Kernel(lstm_forward, lstm_backward, (1, 4, 1)),
    "gru": Kernel(gru_forward, gru_backward, (1, 3, 1)),
}
