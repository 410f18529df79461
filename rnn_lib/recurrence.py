"""Run a cell over time: the only place that walks along the sequence; introduced in chapter 3.

>>> import numpy as np
>>> from rnn_lib import theano, T
>>> from rnn_lib.cells import CELLS
>>> from rnn_lib.recurrence import recurrence
>>> x, mask = T.tensor3(), T.bmatrix()
>>> Wxh, Whh, bh = np.ones((2, 3)), np.eye(2), np.zeros(2)
>>> weights = [theano.shared(w) for w in (Wxh, Whh, bh)]
>>> run = theano.function([x, mask], recurrence(CELLS["tanh"], x, mask, *weights))
>>> run(np.ones((5, 1, 3)), np.ones((5, 1), dtype="int8")).shape
(5, 1, 2)
"""

from __future__ import annotations

from typing import Any

from rnn_lib.cells import Cell
from rnn_lib.engine import T, theano

__all__ = ["recurrence"]


def recurrence(
    cell: Cell, x: Any, mask: Any, Wxh: Any, Whh: Any, bh: Any, *, backwards: bool = False
) -> Any:
    """Return the outputs of a layer at every step, ``h (n_steps, n_batch, n_hidden)``.

    The state starts at zero; where the mask is 0 it is carried on unchanged.  So with padding at
    the end the last step holds the output at each sequence's own end; backwards, the first does.

    Parameters
    ----------
    cell : Cell
    x : tensor3 (n_steps, n_batch, n_features)
        Time first: a batch-first array would run, and mean nothing.
    mask : bmatrix (n_steps, n_batch)
        1 at real steps, 0 at padded ones.
    Wxh : matrix (n_gates * n_hidden, n_features)
    Whh : matrix (n_gates * n_hidden, n_hidden)
    bh : vector (n_gates * n_hidden,)
    backwards : bool
        Read the sequence from its end to its start; the outputs keep the order of ``x``.
    """

    def step(p_t: Any, m_t: Any, state: Any, Whh: Any) -> Any:
        return T.switch(m_t.dimshuffle(0, "x"), cell.step(p_t, state, Whh), state)

    p = T.dot(x, Wxh.T) + bh  # for all steps in one product, outside the loop
    order = slice(None, None, -1 if backwards else 1)
    n_hidden = Whh.shape[1]
    start = T.zeros((x.shape[1], cell.n_states * n_hidden), dtype=p.dtype)
    states, _ = theano.scan(
        step,
        sequences=[p[order], mask[order]],
        outputs_info=[start],
        non_sequences=[Whh],
        strict=True,
    )
    return states[order, :, :n_hidden]
