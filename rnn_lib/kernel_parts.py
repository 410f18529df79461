r"""What the loops of `rnn_lib.kernels` have in common.

The functions here and there keep to that part of NumPy which numba compiles, too: arrays of one
dtype, tuples of a known length, no ``None``.  A plain number would make float64 of a float32.
Of `product`, `tanh` and the cell of the LSTM `rnn_lib.compiled` has a second form, for numba alone.
Both are explained on the page about speed.

>>> import numpy as np
>>> from rnn_lib.kernel_parts import sigmoid
>>> a = np.zeros((1, 2))
>>> sigmoid(a)
>>> a
array([[0.5, 0.5]])
"""

import numpy as np

__all__ = ["lstm_cell_backward", "lstm_cell_forward", "n_padded_rows", "product"]
__all__ += ["sigmoid", "tanh", "weights_gradient"]

Array = np.ndarray


def product(a: Array, b: Array, out: Array) -> None:
    """Put the matrix product of ``a`` and ``b`` into ``out``."""
    a.dot(b, out)  # with fewer calls around it than np.dot


def tanh(x: Array) -> None:
    """Put the tanh of ``x``, an array of two axes, in its place."""
    np.tanh(x, x)


def sigmoid(a: Array) -> None:
    r"""Put :math:`\sigma(a) = \tfrac12 \tanh(a/2) + \tfrac12` in the place of ``a``."""
    half = a.dtype.type(0.5)  # by tanh, which never overflows
    a *= half
    tanh(a)
    a *= half
    a += half


def lstm_cell_forward(gates: Array, c_prev: Array, c: Array, h: Array) -> None:
    r"""Put :math:`f \odot c_{t-1} + i \odot g` into ``c``, and :math:`o \odot \tanh c` into ``h``.

    ``gates`` are *i, f, g* and *o*, side by side, ``(n_batch, 4 * n_hidden)``; ``c_prev``, as the
    others ``(n_batch, n_hidden)``, is :math:`c_{t-1}`.
    """
    n = c.shape[1]
    i, f, g, o = gates[:, :n], gates[:, n : 2 * n], gates[:, 2 * n : 3 * n], gates[:, 3 * n :]
    np.multiply(i, g, c)
    c += f * c_prev
    h[:] = c
    tanh(h)
    h *= o


def lstm_cell_backward(
    gates: Array, c_prev: Array, c: Array, dh: Array, dc: Array, da: Array
) -> None:
    r"""Go back through :func:`lstm_cell_forward`, from ``dh`` and ``dc`` of the steps behind.

    Put the gradients with respect to the gates, before their sigmoid or tanh, into ``da``, and that
    with respect to ``c_prev`` in the place of ``dc``:

    .. math::
        dc &\leftarrow dc + dh \odot o \odot (1 - \tanh^2 c), \quad
        dc_{t-1} = dc \odot f \\
        da^i &= dc \odot g \odot i (1 - i), \quad da^f = dc \odot c_{t-1} \odot f (1 - f) \\
        da^g &= dc \odot i \odot (1 - g^2), \quad da^o = dh \odot \tanh c \odot o (1 - o)
    """
    n, tanh_c = c.shape[1], c.copy()
    i, f, g, o = gates[:, :n], gates[:, n : 2 * n], gates[:, 2 * n : 3 * n], gates[:, 3 * n :]
    tanh(tanh_c)
    dc += dh * o * (1 - tanh_c**2)
    da[:, :n] = dc * g * i * (1 - i)
    da[:, n : 2 * n] = dc * c_prev * f * (1 - f)
    da[:, 2 * n : 3 * n] = dc * i * (1 - g**2)
    da[:, 3 * n :] = dh * tanh_c * o * (1 - o)
    dc *= f


def n_padded_rows(mask: Array) -> Array:
    """Return how many sequences are padded at each step, from ``mask (n_steps, n_batch)``."""
    return (mask == 0).sum(axis=1)


def weights_gradient(da: Array, h: Array, start: Array) -> Array:
    r"""Return :math:`\sum_t da_t\, h_{t-1}^\top` over all steps and sequences: one product.

    ``da (n_steps, n_batch, n_gates * n_hidden)``; the states ``h (n_steps, n_batch, n_hidden)``,
    and ``start (n_batch, n_hidden)`` before them.
    """
    n = h[1:].size // h.shape[2]
    later, h_before = da[1:].reshape((n, da.shape[2])), h[:-1].reshape((n, h.shape[2]))
    return later.T @ h_before + da[0].T @ np.ascontiguousarray(start)
