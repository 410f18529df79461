r"""What the loops of `rnn_lib.kernels` have in common.

The functions here and there keep to that part of NumPy which numba compiles, too: arrays of one
dtype, tuples of a known length, no ``None``.  A plain number would make float64 of a float32.
Both are explained on the page about speed.

>>> import numpy as np
>>> from rnn_lib.kernel_parts import sigmoid, walk
>>> list(walk(3, backwards=True))
[2, 1, 0]
>>> a = np.zeros((1, 2))
>>> sigmoid(a)
>>> a
array([[0.5, 0.5]])
"""

from __future__ import annotations

import numpy as np

__all__ = ["before", "n_padded_rows", "sigmoid", "tanh", "walk", "weights_gradient"]

Array = np.ndarray


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


def walk(n_steps: int, backwards: bool) -> range:
    """Return the steps ``0`` to ``n_steps - 1`` in the order of the walk, or ``backwards``."""
    return range(n_steps - 1, -1, -1) if backwards else range(n_steps)


def n_padded_rows(mask: Array) -> Array:
    """Return how many sequences are padded at each step, from ``mask (n_steps, n_batch)``."""
    return (mask == 0).sum(axis=1)


def before(states: Array, start: Array, backwards: bool) -> Array:
    """Return for each of the ``states (n_steps, n_batch, n_hidden)`` the one before it.

    The first one in the order of the walk, which may be ``backwards``, has ``start`` before it.
    """
    first = start.reshape((1, start.shape[0], start.shape[1]))
    if backwards:
        return np.concatenate((states[1:], first))
    return np.concatenate((first, states[:-1]))


def weights_gradient(da: Array, h_before: Array) -> Array:
    r"""Return :math:`\sum_t da_t\, h_{t-1}^\top` over all steps and sequences: one product.

    ``da`` and ``h_before`` are ``(n_steps, n_batch, ...)``.
    """
    n = da.shape[0] * da.shape[1]
    return da.reshape((n, da.shape[2])).T @ h_before.reshape((n, h_before.shape[2]))
