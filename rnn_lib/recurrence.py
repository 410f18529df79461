"""Run a cell over time, as one operation or by a scan; introduced in chapter 3.

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

from typing import Any

from rnn_lib.cells import Cell
from rnn_lib.engine import T, theano
from rnn_lib.fused import Lookup, Recurrence

__all__ = ["recurrence"]


def recurrence(
    cell: Cell,
    x: Any,
    mask: Any,
    Wxh: Any,
    Whh: Any,
    bh: Any,
    *,
    E: Any = None,
    start: Any = None,
    backwards: bool = False,
) -> Any:
    """Return the outputs of a layer at every step, ``h (n_steps, n_batch, n_hidden)``.

    Where the mask is 0 the state is carried on unchanged.  So with padding at the end the last
    step holds the output at each sequence's own end; backwards, the first does.

    A cell with a kernel, as each of ``CELLS``, runs as one operation, which costs far less than
    `scan` and gives the same numbers.  Any other cell is scanned; with
    ``cell._replace(kernel=None)`` a built-in one is, too.

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
    E : matrix (n_tokens, n_features), optional
        An embedding; ``x (n_steps, n_batch)`` are then tokens.
    start : matrix (n_batch, n_states * n_hidden), optional
        The state before the first step, by default zero.
    backwards : bool
        Read the sequence from its end to its start; the outputs keep the order of ``x``.
    """
    if backwards:
        x, mask = x[::-1], mask[::-1]
    n_steps, n_batch = x.shape[0], x.shape[1]
    # For all steps in one product, outside the loop; for tokens, one row for each of them.
    if E is None:
        p = T.dot(x.reshape((-1, x.shape[2]), ndim=2), Wxh.T) + bh
    else:
        p = Lookup()(T.dot(E, Wxh.T) + bh, x.flatten())
    if start is None:
        start = T.zeros((n_batch, cell.n_states * Whh.shape[1]), dtype=p.dtype)
    if cell.kernel:
        h = Recurrence(cell.kernel)(p, Whh, start, mask)
    else:
        h = _scan(cell, p.reshape((n_steps, n_batch, Whh.shape[0]), ndim=3), Whh, start, mask)
    return h[::-1] if backwards else h


def _scan(cell: Cell, p: Any, Whh: Any, start: Any, mask: Any) -> Any:
    def step(p_t: Any, m_t: Any, state: Any, Whh: Any) -> Any:
        return T.switch(m_t.dimshuffle(0, "x"), cell.step(p_t, state, Whh), state)

    states, _ = theano.scan(
        step, sequences=[p, mask], outputs_info=[start], non_sequences=[Whh], strict=True
    )
    return states[:, :, : Whh.shape[1]]
