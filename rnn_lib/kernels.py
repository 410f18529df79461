r"""The built-in cells over a whole sequence, forward and backward, in plain NumPy.

Of the equations of a network only those with :math:`h_{t-1}` must wait for the step before.  A loop
here holds these; what can be computed for all steps at once stands outside it.
`rnn_lib.fused` makes operations of Theano of these functions, and `rnn_lib.compiled` hands the same
functions to a compiler, numba; see the page about speed.

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

from rnn_lib.kernel_parts import before, n_padded_rows, sigmoid, tanh, walk, weights_gradient

__all__ = ["KERNELS", "Kernel"]

Array = np.ndarray
Tape = tuple[Array, ...]
Gradients = tuple[Array, Array, Array]


class Kernel(NamedTuple):
    """The two ways through a sequence; how many blocks of ``n_hidden`` each array of a tape has."""

    forward: Callable[..., Tape]
    backward: Callable[..., Gradients]
    blocks: tuple[int, ...]


def tanh_forward(p: Array, Whh: Array, start: Array, mask: Array, backwards: bool = False) -> Tape:
    r"""Return ``h`` alone: :math:`h_t = \tanh(p_t + W_{hh} h_{t-1})`."""
    h, W, n_padded = np.empty_like(p), np.ascontiguousarray(Whh.T), n_padded_rows(mask)
    h_prev = np.ascontiguousarray(start)
    for t in walk(len(p), backwards):
        h_t = h[t]
        np.dot(h_prev, W, h_t)
        h_t += p[t]
        tanh(h_t)
        if n_padded[t]:
            padded = np.flatnonzero(mask[t] == 0)
            h_t[padded] = h_prev[padded]
        h_prev = h_t
    return (h,)


def tanh_backward(
    dh: Array, Whh: Array, start: Array, mask: Array, backwards: bool, tape: Tape
) -> Gradients:
    r"""Follow :math:`da_t = (1 - h_t^2) \odot (dh_t + W_{hh}^\top da_{t+1})`."""
    (h,), W, n_padded = tape, np.ascontiguousarray(Whh), n_padded_rows(mask)
    da, carried = np.ones_like(h), np.zeros(start.shape, start.dtype)
    da -= h * h
    for t in walk(len(h), not backwards):
        da_t, dh_t = da[t], dh[t] + carried
        da_t *= dh_t
        if not n_padded[t]:
            np.dot(da_t, W, carried)
            continue
        padded = np.flatnonzero(mask[t] == 0)
        da_t[padded] = 0
        np.dot(da_t, W, carried)
        carried[padded] = dh_t[padded]
    return da, weights_gradient(da, before(h, start, backwards)), carried


def lstm_forward(p: Array, Whh: Array, start: Array, mask: Array, backwards: bool = False) -> Tape:
    r"""Return ``h``, the gates :math:`i, f, g, o` after their sigmoid or tanh, and ``c``.

    .. math::
        i, f, g, o &= p_t + W_{hh} h_{t-1} \\
        c_t &= \sigma(f) \odot c_{t-1} + \sigma(i) \odot \tanh(g), \quad
        h_t = \sigma(o) \odot \tanh(c_t)

    All gates take one tanh, scaled by :math:`s`, which is 1/2 for a sigmoid and 1 for a tanh:
    :math:`s \tanh(s a) + 1 - s`.  In padding the gates are 0, and *f* is 1, which keeps ``c``.
    """
    n, gates = Whh.shape[1], np.empty_like(p)
    h = np.empty((p.shape[0], p.shape[1], n), p.dtype)
    c = np.empty_like(h)
    W, n_padded = np.ascontiguousarray(Whh.T), n_padded_rows(mask)
    s = np.full(4 * n, 0.5, p.dtype)
    s[2 * n : 3 * n] = 1
    shift = 1 - s
    h_prev, c_prev = np.ascontiguousarray(start[:, :n]), np.ascontiguousarray(start[:, n:])
    for t in walk(len(p), backwards):
        a, c_t, h_t = gates[t], c[t], h[t]
        np.dot(h_prev, W, a)
        a += p[t]
        a *= s
        tanh(a)
        a *= s
        a += shift
        i, f, g, o = a[:, :n], a[:, n : 2 * n], a[:, 2 * n : 3 * n], a[:, 3 * n :]
        if n_padded[t]:
            padded = np.flatnonzero(mask[t] == 0)
            a[padded] = 0
            f[padded] = 1
        np.multiply(i, g, c_t)
        c_t += f * c_prev
        h_t[:] = c_t
        tanh(h_t)
        h_t *= o
        if n_padded[t]:
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
    (h, gates, c), W, n_padded = tape, np.ascontiguousarray(Whh), n_padded_rows(mask)
    n_steps, n_batch, n = h.shape
    h_start, c_start = np.ascontiguousarray(start[:, :n]), np.ascontiguousarray(start[:, n:])
    i, f = gates[:, :, :n], gates[:, :, n : 2 * n]
    g, o = gates[:, :, 2 * n : 3 * n], gates[:, :, 3 * n :]
    one, tanh_c, is_g = c.dtype.type(1), c.copy(), np.zeros(4 * n, c.dtype)
    tanh(tanh_c.reshape((n_steps * n_batch, n)))
    is_g[2 * n : 3 * n] = 1
    da = (one - gates) * (gates + is_g)
    da_i, da_f = da[:, :, :n], da[:, :, n : 2 * n]
    da_g, da_o = da[:, :, 2 * n : 3 * n], da[:, :, 3 * n :]
    da_i *= g
    da_f *= before(c, c_start, backwards)
    da_g *= i
    da_o *= tanh_c
    slope = o * (one - tanh_c * tanh_c)
    of_c = da.reshape((n_steps, n_batch, 4, n))[:, :, :3]
    carried, dc = np.zeros_like(h_start), np.zeros_like(c_start)
    for t in walk(n_steps, not backwards):
        dh_t = dh[t] + carried
        dc += dh_t * slope[t]
        of_c_t, of_h_t = of_c[t], da_o[t]
        of_c_t *= dc.reshape((n_batch, 1, n))
        of_h_t *= dh_t
        np.dot(da[t], W, carried)
        if n_padded[t]:
            padded = np.flatnonzero(mask[t] == 0)
            carried[padded] = dh_t[padded]
        dc *= f[t]
    dWhh = weights_gradient(da, before(h, h_start, backwards))
    return da, dWhh, np.concatenate((carried, dc), axis=1)


def gru_forward(p: Array, Whh: Array, start: Array, mask: Array, backwards: bool = False) -> Tape:
    r"""Return ``h``, the gates *r, z, n* after their sigmoid or tanh, and the product *q* of *n*.

    .. math::
        r &= \sigma(p^r_t + q^r), \quad z = \sigma(p^z_t + q^z), \quad
        n = \tanh(p^n_t + r \odot q^n), \quad q = W_{hh} h_{t-1} \\
        h_t &= (1 - z) \odot n + z \odot h_{t-1}

    In padding the gates are 0, and *z* is 1, which keeps ``h``.
    """
    size, gates = Whh.shape[1], np.empty_like(p)
    h = np.empty((p.shape[0], p.shape[1], size), p.dtype)
    q_n = np.empty_like(h)
    W, n_padded = np.ascontiguousarray(Whh.T), n_padded_rows(mask)
    one, q, h_prev = p.dtype.type(1), np.empty_like(p[0]), np.ascontiguousarray(start)
    for t in walk(len(p), backwards):
        p_t, a, h_t = p[t], gates[t], h[t]
        np.dot(h_prev, W, q)
        r_and_z, r, z = a[:, : 2 * size], a[:, :size], a[:, size : 2 * size]
        np.add(p_t[:, : 2 * size], q[:, : 2 * size], r_and_z)
        sigmoid(r_and_z)
        n = a[:, 2 * size :]
        q_n[t] = q[:, 2 * size :]
        np.multiply(r, q_n[t], n)
        n += p_t[:, 2 * size :]
        tanh(n)
        if n_padded[t]:
            padded = np.flatnonzero(mask[t] == 0)
            a[padded] = 0
            z[padded] = 1
        np.multiply(z, h_prev, h_t)
        h_t += (one - z) * n
        h_prev = h_t
    return h, gates, q_n


def gru_backward(
    dh: Array, Whh: Array, start: Array, mask: Array, backwards: bool, tape: Tape
) -> Gradients:
    r"""Follow :math:`dh_{t-1} = z \odot dh_t + W_{hh}^\top dq_t`, with *q* of :func:`gru_forward`.

    ``dq`` begins as the derivatives of :math:`h_t` by *q*, ``dn`` as that by :math:`p^n_t`.
    """
    (h, gates, q_n), W = tape, np.ascontiguousarray(Whh)
    n_steps, n_batch, size = h.shape
    r, z, n = gates[:, :, :size], gates[:, :, size : 2 * size], gates[:, :, 2 * size :]
    h_before, dq = before(h, start, backwards), np.empty_like(gates)
    one = h.dtype.type(1)
    dn = (one - z) * (one - n * n)
    dq[:, :, :size] = dn * q_n * r * (one - r)
    dq[:, :, size : 2 * size] = (h_before - n) * z * (one - z)
    dq[:, :, 2 * size :] = dn * r
    of_h = dq.reshape((n_steps, n_batch, 3, size))
    carried = np.zeros(start.shape, start.dtype)
    for t in walk(n_steps, not backwards):
        dh_t = dh[t] + carried
        of_t, dn_t = of_h[t], dn[t]
        of_t *= dh_t.reshape((n_batch, 1, size))
        dn_t *= dh_t
        np.dot(dq[t], W, carried)
        carried += z[t] * dh_t
    dWhh = weights_gradient(dq, h_before)
    dq[:, :, 2 * size :] = dn
    return dq, dWhh, carried


KERNELS = {
    "tanh": Kernel(tanh_forward, tanh_backward, (1,)),
    "lstm": Kernel(lstm_forward, lstm_backward, (1, 4, 1)),
    "gru": Kernel(gru_forward, gru_backward, (1, 3, 1)),
}
