r"""The built-in cells over a whole sequence, forward and backward, in plain NumPy.

Of the equations of a network only those with :math:`h_{t-1}` must wait for the step before.  A loop
here holds these; what can be computed for all steps at once stands outside it.
`rnn_lib.fused` makes operations of Theano of these functions, and `rnn_lib.compiled` hands the same
functions to a compiler, numba; see the page about speed.

>>> import numpy as np
>>> from rnn_lib.kernels import KERNELS
>>> p, W, start = np.ones((5, 1, 2)), np.eye(2), np.zeros((1, 2))  # 5 steps, 1 sequence, 2 units
>>> h, *tape = KERNELS["tanh"].forward(p, W, start, np.ones((5, 1)))
>>> h[:2, 0].round(3)
array([[0.762, 0.762],
       [0.943, 0.943]])

Each ``forward`` takes these arrays, all but the mask of one dtype, float32 or float64:

p : (n_steps, n_batch, n_gates * n_hidden)
    The part of the input, :math:`p_t = W_{xh} x_t + b_h`.
W : (n_hidden, n_gates * n_hidden)
    :math:`W_{hh}^\top`.
start : (n_batch, n_states * n_hidden)
    The state before the first step; the blocks of gates and states stand as in `rnn_lib.cells`.
mask : (n_steps, n_batch)
    0 at padded steps, over which the state is carried unchanged.

It returns a *tape*: the outputs ``h (n_steps, n_batch, n_hidden)``, then what else the way back
needs.  Each ``backward`` takes ``dh``, the gradient of the loss with respect to ``h``, ``Whh``,
``start``, ``mask`` and the tape.  It returns ``dp``, ``dWhh`` and ``dstart``, the gradients with
respect to the inputs of these names.  ``W`` and ``Whh`` are contiguous.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rnn_lib.kernel_parts import (
    lstm_cell_backward,
    lstm_cell_forward,
    n_padded_rows,
    product,
    sigmoid,
    tanh,
    weights_gradient,
)

__all__ = ["KERNELS", "Kernel", "gru_forward", "lstm_forward", "tanh_forward"]

Array = np.ndarray
Tape = tuple[Array, ...]
Gradients = tuple[Array, Array, Array]


class Kernel(NamedTuple):
    """The two ways through a sequence; how many blocks of ``n_hidden`` each array of a tape has."""

    forward: Callable[..., Tape]
    backward: Callable[..., Gradients]
    blocks: tuple[int, ...]


def tanh_forward(p: Array, W: Array, start: Array, mask: Array) -> Tape:
    r"""Return ``h`` alone: :math:`h_t = \tanh(p_t + W_{hh} h_{t-1})`."""
    h, h_prev = np.empty_like(p), np.ascontiguousarray(start)
    n_padded = n_padded_rows(mask)
    for t in range(len(p)):
        h_t = h[t]
        product(h_prev, W, h_t)
        h_t += p[t]
        tanh(h_t)
        if n_padded[t]:
            padded = np.flatnonzero(mask[t] == 0)
            h_t[padded] = h_prev[padded]
        h_prev = h_t
    return (h,)


def tanh_backward(dh: Array, Whh: Array, start: Array, mask: Array, tape: Tape) -> Gradients:
    r"""Follow :math:`da_t = (1 - h_t^2) \odot (dh_t + W_{hh}^\top da_{t+1})`."""
    (h,), n_padded = tape, n_padded_rows(mask)
    da, carried = h.dtype.type(1) - h * h, np.zeros(start.shape, start.dtype)
    for t in range(len(h) - 1, -1, -1):
        da_t = da[t]
        carried += dh[t]
        da_t *= carried
        if not n_padded[t]:
            product(da_t, Whh, carried)
            continue
        padded = np.flatnonzero(mask[t] == 0)
        da_t[padded], unchanged = 0, carried[padded]
        product(da_t, Whh, carried)
        carried[padded] = unchanged
    return da, weights_gradient(da, h, start), carried


def lstm_forward(p: Array, W: Array, start: Array, mask: Array) -> Tape:
    r"""Return ``h``, the gates :math:`i, f, g, o` after their sigmoid or tanh, and ``c``.

    All gates take one tanh, scaled by :math:`s`, which is 1/2 for a sigmoid and 1 for a tanh:
    :math:`s \tanh(s a) + 1 - s`.  In padding the gates are 0, and *f* is 1, which keeps ``c``.
    """
    n, gates = len(W), np.empty_like(p)
    h = np.empty((p.shape[0], p.shape[1], n), p.dtype)
    c = np.empty_like(h)
    s = np.full(p.shape[1:], 0.5, p.dtype)
    s[:, 2 * n : 3 * n] = 1
    shift = 1 - s
    h_prev, c_prev = np.ascontiguousarray(start[:, :n]), np.ascontiguousarray(start[:, n:])
    n_padded = n_padded_rows(mask)
    for t in range(len(p)):
        a, h_t = gates[t], h[t]
        product(h_prev, W, a)
        a += p[t]
        a *= s
        tanh(a)
        a *= s
        a += shift
        if n_padded[t]:
            padded = np.flatnonzero(mask[t] == 0)
            a[padded] = 0
            f = a[:, n : 2 * n]
            f[padded] = 1
        lstm_cell_forward(a, c_prev, c[t], h_t)
        if n_padded[t]:
            h_t[padded] = h_prev[padded]
        h_prev, c_prev = h_t, c[t]
    return h, gates, c


def lstm_backward(dh: Array, Whh: Array, start: Array, mask: Array, tape: Tape) -> Gradients:
    r"""Follow :math:`dh_{t-1} = W_{hh}^\top da_t`, with :math:`da_t` of `lstm_cell_backward`."""
    (h, gates, c), n_padded, n = tape, n_padded_rows(mask), Whh.shape[1]
    h_start, c_start = np.ascontiguousarray(start[:, :n]), np.ascontiguousarray(start[:, n:])
    da, carried, dc = np.empty_like(gates), np.zeros_like(h_start), np.zeros_like(c_start)
    for t in range(len(h) - 1, -1, -1):
        dh_t, c_prev = dh[t] + carried, c[t - 1] if t else c_start
        lstm_cell_backward(gates[t], c_prev, c[t], dh_t, dc, da[t])
        product(da[t], Whh, carried)
        if n_padded[t]:
            padded = np.flatnonzero(mask[t] == 0)
            carried[padded] = dh_t[padded]
    dstart = np.concatenate((carried, dc), axis=1)
    return da, weights_gradient(da, h, h_start), dstart


def gru_forward(p: Array, W: Array, start: Array, mask: Array) -> Tape:
    r"""Return ``h``, the gates *r, z, n* after their sigmoid or tanh, and the product *q* of *n*.

    .. math::
        r &= \sigma(p^r_t + q^r), \quad z = \sigma(p^z_t + q^z), \quad
        n = \tanh(p^n_t + r \odot q^n), \quad q = W_{hh} h_{t-1} \\
        h_t &= (1 - z) \odot n + z \odot h_{t-1}

    In padding the gates are 0, and *z* is 1, which keeps ``h``.
    """
    size, gates = len(W), np.empty_like(p)
    h = np.empty((p.shape[0], p.shape[1], size), p.dtype)
    q_n, q, one = np.empty_like(h), np.empty_like(p[0]), p.dtype.type(1)
    h_prev = np.ascontiguousarray(start)
    n_padded = n_padded_rows(mask)
    for t in range(len(p)):
        p_t, a, q_n_t, h_t = p[t], gates[t], q_n[t], h[t]
        r_and_z, r, z, n = a[:, : 2 * size], a[:, :size], a[:, size : 2 * size], a[:, 2 * size :]
        product(h_prev, W, q)
        np.add(p_t[:, : 2 * size], q[:, : 2 * size], r_and_z)
        sigmoid(r_and_z)
        q_n_t[:] = q[:, 2 * size :]
        np.multiply(r, q_n_t, n)
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


def gru_backward(dh: Array, Whh: Array, start: Array, mask: Array, tape: Tape) -> Gradients:
    r"""Follow :math:`dh_{t-1} = z \odot dh_t + W_{hh}^\top dq_t`, with *q* of :func:`gru_forward`.

    ``dq`` and ``dp`` differ in the block of *n* alone.
    """
    (h, gates, q_n), size, one = tape, Whh.shape[1], dh.dtype.type(1)
    dn, dq, start = np.empty_like(h), np.empty_like(gates), np.ascontiguousarray(start)
    carried = np.zeros_like(start)
    for t in range(len(h) - 1, -1, -1):
        a, dq_t, dn_t, dh_t = gates[t], dq[t], dn[t], dh[t] + carried
        r, z, n = a[:, :size], a[:, size : 2 * size], a[:, 2 * size :]
        h_prev = h[t - 1] if t else start
        dn_t[:] = dh_t * (one - z) * (one - n * n)
        dq_t[:, :size] = dn_t * q_n[t] * r * (one - r)
        dq_t[:, size : 2 * size] = dh_t * (h_prev - n) * z * (one - z)
        dq_t[:, 2 * size :] = dn_t * r
        product(dq_t, Whh, carried)
        carried += z * dh_t
    dWhh = weights_gradient(dq, h, start)
    dq[:, :, 2 * size :] = dn
    return dq, dWhh, carried


KERNELS = {
    "tanh": Kernel(tanh_forward, tanh_backward, (1,)),
    "lstm": Kernel(lstm_forward, lstm_backward, (1, 4, 1)),
    "gru": Kernel(gru_forward, gru_backward, (1, 3, 1)),
}
