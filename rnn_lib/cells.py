r"""The recurrent cells: each computes one time step, symbolically; introduced in chapter 3.

A cell with gates stacks the rows of its gates in one :math:`W_{xh}`, one :math:`W_{hh}` and one
:math:`b_h`.  The part of the input, :math:`p_t = W_{xh} x_t + b_h`, does not depend on the state,
so `recurrence` computes it for all steps at once and a cell starts from it.

>>> import numpy as np
>>> from rnn_lib import theano, T
>>> from rnn_lib.cells import tanh_step
>>> p_t, h_prev, Whh = T.matrix(), T.matrix(), T.matrix()
>>> step = theano.function([p_t, h_prev, Whh], tanh_step(p_t, h_prev, Whh))
>>> step(np.zeros((1, 2)), np.ones((1, 2)), np.eye(2)).round(3)
array([[0.762, 0.762]])

Shapes: ``p_t (n_batch, n_gates * n_hidden)``, ``Whh (n_gates * n_hidden, n_hidden)``, the state
``(n_batch, n_states * n_hidden)``, whose first ``n_hidden`` columns are the output ``h_t``.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from rnn_lib.engine import T

__all__ = ["CELLS", "Cell", "glorot", "gru_step", "initial_weights", "lstm_step", "tanh_step"]


class Cell(NamedTuple):
    """One kind of cell: its step, and how many blocks its weights and its state have."""

    step: Callable[[Any, Any, Any], Any]  # (p_t, state, Whh) -> the next state
    n_gates: int  # blocks of n_hidden rows in Wxh, Whh and bh
    n_states: int  # blocks of n_hidden columns in the state; the first is the output h_t
    forget_gate: int | None = None  # the block whose bias starts at 1, so that the cell remembers
    kernel: str | None = None  # its name in `rnn_lib.kernels`; without one the step is scanned


def _blocks(x: Any, n_blocks: int, Whh: Any) -> list[Any]:
    n_hidden = Whh.shape[1]  # x is one row or a batch
    return [x[..., k * n_hidden : (k + 1) * n_hidden] for k in range(n_blocks)]


def tanh_step(p_t: Any, h_prev: Any, Whh: Any) -> Any:
    r"""Return ``h_t (n_batch, n_hidden)``, :math:`\tanh(p_t + W_{hh} h_{t-1})` (Elman 1990)."""
    return T.tanh(p_t + T.dot(h_prev, Whh.T))


def lstm_step(p_t: Any, state: Any, Whh: Any) -> Any:
    r"""Return the ``state (n_batch, 2 * n_hidden)`` of a long short-term memory: ``h_t``, ``c_t``.

    .. math::
        i, f, g, o &= p_t + W_{hh} h_{t-1} \\
        c_t &= \sigma(f) \odot c_{t-1} + \sigma(i) \odot \tanh(g) \\
        h_t &= \sigma(o) \odot \tanh(c_t)

    The blocks of the weights stand in the order input, forget, candidate, output, as in PyTorch;
    there are no peepholes.  Hochreiter and Schmidhuber (1997), Gers et al. (2000; forget gate).
    """
    h_prev, c_prev = _blocks(state, 2, Whh)
    i, f, g, o = _blocks(p_t + T.dot(h_prev, Whh.T), 4, Whh)
    c_t = T.nnet.sigmoid(f) * c_prev + T.nnet.sigmoid(i) * T.tanh(g)
    h_t = T.nnet.sigmoid(o) * T.tanh(c_t)
    return T.concatenate([h_t, c_t], axis=-1)


def gru_step(p_t: Any, h_prev: Any, Whh: Any) -> Any:
    r"""Return ``h_t (n_batch, n_hidden)`` of a gated recurrent unit (Cho et al. 2014).

    .. math::
        r &= \sigma(p^r_t + W^r_{hh} h_{t-1}), \quad z = \sigma(p^z_t + W^z_{hh} h_{t-1}) \\
        n &= \tanh(p^n_t + r \odot (W^n_{hh} h_{t-1})) \\
        h_t &= (1 - z) \odot n + z \odot h_{t-1}

    The blocks stand in the order reset, update, candidate.  As in PyTorch, the reset gate acts
    after the product, and the update gate weights the *old* state ``h_prev``.
    """
    p_r, p_z, p_n = _blocks(p_t, 3, Whh)
    q_r, q_z, q_n = _blocks(T.dot(h_prev, Whh.T), 3, Whh)
    r, z = T.nnet.sigmoid(p_r + q_r), T.nnet.sigmoid(p_z + q_z)
    n = T.tanh(p_n + r * q_n)
    return (1 - z) * n + z * h_prev


CELLS = {
    "tanh": Cell(tanh_step, n_gates=1, n_states=1, kernel="tanh"),
    "lstm": Cell(lstm_step, n_gates=4, n_states=2, forget_gate=1, kernel="lstm"),
    "gru": Cell(gru_step, n_gates=3, n_states=1, kernel="gru"),
}


def glorot(rng: np.random.Generator, n_out: int, n_in: int) -> np.ndarray:
    r"""Draw a matrix ``(n_out, n_in)``, uniform within :math:`\pm\sqrt{6 / (n_{in} + n_{out})}`.

    ``rng`` is the source of randomness.  Glorot and Bengio (2010), equation 16.
    """
    limit = np.sqrt(6 / (n_in + n_out))
    return rng.uniform(-limit, limit, (n_out, n_in))


def _orthogonal(rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw a rotation ``(n, n)``, uniformly: it neither shrinks nor grows any state (Saxe 2014)."""
    q, r = np.linalg.qr(rng.standard_normal((n, n)))
    return q * np.sign(np.diag(r))


def initial_weights(
    cell: Cell, n_features: int, n_hidden: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw ``Wxh``, ``Whh``, ``bh`` of a ``cell`` from ``rng``, the blocks of its gates stacked.

    ``Wxh (n_gates * n_hidden, n_features)`` is Glorot's, each block of ``Whh (n_gates * n_hidden,
    n_hidden)`` orthogonal, ``bh (n_gates * n_hidden,)`` zero, but one for a forget gate.
    """
    Wxh = np.concatenate([glorot(rng, n_hidden, n_features) for _ in range(cell.n_gates)])
    Whh = np.concatenate([_orthogonal(rng, n_hidden) for _ in range(cell.n_gates)])
    bh = np.zeros((cell.n_gates, n_hidden))
    if cell.forget_gate is not None:
        bh[cell.forget_gate] = 1
    return Wxh, Whh, bh.ravel()
