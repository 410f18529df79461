r"""The loop over time as one operation of Theano, with a gradient; introduced in chapter 4.

`scan` makes one graph of a step and interprets it at every step, which costs far more than the
numbers in it.  :class:`Recurrence` is one node of the graph, and its loop a function of
`rnn_lib.kernels`; :class:`RecurrenceGradient` is the node that goes back through it.

>>> import numpy as np
>>> from rnn_lib import theano, T
>>> from rnn_lib.fused import Recurrence
>>> p, Whh, start, mask = T.tensor3(), T.matrix(), T.matrix(), T.bmatrix()
>>> h = Recurrence("tanh")(p, Whh, start, mask)
>>> run = theano.function([p, Whh, start, mask], [h, T.grad(h[-1].sum(), Whh)])
>>> h, dWhh = run(np.ones((5, 1, 2)), np.eye(2), np.zeros((1, 2)), np.ones((5, 1), dtype="int8"))
>>> h.shape, dWhh.shape
((5, 1, 2), (2, 2))
"""

from __future__ import annotations

from typing import Any

from rnn_lib.engine import T, theano
from rnn_lib.kernels import KERNELS

__all__ = ["Recurrence", "RecurrenceGradient"]


class Recurrence(theano.Op):
    """The outputs of a cell at every step, and the tape that the gradient needs.

    The inputs are ``p (n_steps, n_batch, n_gates * n_hidden)``, ``Whh (n_gates * n_hidden,
    n_hidden)`` and ``start (n_batch, n_states * n_hidden)``, of one float dtype, and
    ``mask (n_steps, n_batch)``; the first output is ``h (n_steps, n_batch, n_hidden)``.

    Parameters
    ----------
    cell : {"tanh", "lstm", "gru"}
    backwards : bool
        Go from the last step to the first.
    """

    __props__ = ("cell", "backwards")
    default_output = 0  # a call returns h alone

    def __init__(self, cell: str, backwards: bool = False) -> None:
        self.cell, self.backwards = cell, backwards

    def make_node(self, *inputs: Any) -> Any:
        """Return the node of the graph: inputs of one dtype, outputs of three axes."""
        p, Whh, start, mask = map(T.as_tensor_variable, inputs)
        dtype = theano.scalar.upcast(p.dtype, Whh.dtype, start.dtype)
        floats = [T.cast(x, dtype) for x in (p, Whh, start)]
        outputs = [T.tensor3(dtype=dtype) for _ in KERNELS[self.cell].blocks]
        return theano.Apply(self, [*floats, mask], outputs)

    def perform(self, node: Any, inputs: Any, outputs: Any) -> None:
        """Compute the outputs and put each into its place."""
        for storage, value in zip(outputs, KERNELS[self.cell].forward(*inputs, self.backwards)):
            storage[0] = value

    def infer_shape(self, *arguments: Any) -> list[Any]:
        """Return the shapes of the outputs from those of the inputs, on both engines the last."""
        p, Whh, _, _ = arguments[-1]
        return [(p[0], p[1], k * Whh[1]) for k in KERNELS[self.cell].blocks]

    def connection_pattern(self, node: Any) -> list[list[bool]]:
        """Say that the gradient goes from ``h`` to all inputs but the mask, not from the tape."""
        tape = [False] * (len(node.outputs) - 1)
        return [[True, *tape], [True, *tape], [True, *tape], [False, *tape]]

    def L_op(self, inputs: Any, outputs: Any, gradients: Any) -> list[Any]:  # noqa: N802
        """Return the gradients: :class:`RecurrenceGradient` of that of ``h``."""
        _, Whh, start, mask = inputs
        back = RecurrenceGradient(self.cell, self.backwards)
        of_mask = theano.gradient.DisconnectedType()()
        return [*back(gradients[0], Whh, start, mask, *outputs), of_mask]

    pullback = L_op  # as PyTensor calls it


class RecurrenceGradient(theano.Op):
    """The gradients of the loss with respect to ``p``, ``Whh`` and ``start`` of a `Recurrence`.

    The inputs are the gradient ``dh`` with respect to its outputs, its inputs ``Whh``, ``start``
    and ``mask``, and its outputs.  A gradient of a gradient needs `scan`.
    """

    __props__ = ("cell", "backwards")

    def __init__(self, cell: str, backwards: bool = False) -> None:
        self.cell, self.backwards = cell, backwards

    def make_node(self, dh: Any, Whh: Any, start: Any, mask: Any, *tape: Any) -> Any:
        """Return the node of the graph; each gradient has the type of its variable."""
        inputs = [T.as_tensor_variable(x) for x in (dh, Whh, start, mask, *tape)]
        p = T.tensor3(dtype=Whh.dtype)
        return theano.Apply(self, inputs, [p, Whh.type(), start.type()])

    def perform(self, node: Any, inputs: Any, outputs: Any) -> None:
        """Compute the gradients and put each into its place."""
        dh, Whh, start, mask, *tape = inputs
        values = KERNELS[self.cell].backward(dh, Whh, start, mask, self.backwards, tape)
        for storage, value in zip(outputs, values):
            storage[0] = value

    def infer_shape(self, *arguments: Any) -> list[Any]:
        """Return the shapes of the outputs, as above."""
        dh, Whh, start, *_ = arguments[-1]
        return [(dh[0], dh[1], Whh[0]), Whh, start]
