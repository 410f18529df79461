r"""The loop over time as one operation of Theano, with a gradient; see the page about speed.

`scan` makes one graph of a step and interprets it at every step, which costs far more than the
numbers in it.  :class:`Recurrence` is one node of the graph, and its loop a function of
`rnn_lib.kernels`; :class:`RecurrenceGradient` is the node that goes back through it.

>>> import numpy as np
>>> from rnn_lib import theano, T
>>> from rnn_lib.fused import Recurrence
>>> p, Whh, start, mask = T.matrix(), T.matrix(), T.matrix(), T.bmatrix()
>>> h = Recurrence("tanh")(p, Whh, start, mask)
>>> run = theano.function([p, Whh, start, mask], [h, T.grad(h[-1].sum(), Whh)])
>>> h, dWhh = run(np.ones((5, 2)), np.eye(2), np.zeros((1, 2)), np.ones((5, 1), dtype="int8"))
>>> h.shape, dWhh.shape
((5, 1, 2), (2, 2))

The methods are those that the engines call.  ``make_node`` takes expressions: numbers ``x``, an
embedding ``E`` and its ``tokens``, the gradient ``dh`` with respect to ``h``, the ``tape`` of
`rnn_lib.kernels`.  ``perform`` takes the arrays ``inputs`` and puts its results into ``outputs``.
``infer_shape`` takes ``arguments``, the last of them the shapes of the inputs.  ``L_op`` takes the
expressions ``inputs`` and ``outputs``, and the ``gradients`` with respect to the outputs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rnn_lib.engine import T, theano
from rnn_lib.kernels import KERNELS

__all__ = ["LogSoftmax", "Lookup", "LookupGradient", "Recurrence", "RecurrenceGradient"]


class Recurrence(theano.Op):
    """The outputs of a cell at every step, and the tape that the gradient needs.

    The inputs are ``p (n_steps * n_batch, n_gates * n_hidden)``, ``Whh (n_gates * n_hidden,
    n_hidden)``, ``start (n_batch, n_states * n_hidden)`` and ``mask (n_steps, n_batch)``; a call
    returns ``h (n_steps, n_batch, n_hidden)``.  That ``p`` has two axes keeps the graph small: it
    comes from a product of matrices, and so does its gradient go into products of matrices.

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
        """Return the node of the graph: the floats of one dtype, the outputs of three axes."""
        p, Whh, start, mask = map(T.as_tensor_variable, inputs)
        dtype = theano.scalar.upcast(p.dtype, Whh.dtype, start.dtype)
        floats = [T.cast(x, dtype) for x in (p, Whh, start)]
        outputs = [T.tensor3(dtype=dtype) for _ in KERNELS[self.cell].blocks]
        return theano.Apply(self, [*floats, mask], outputs)

    def perform(self, node: Any, inputs: Any, outputs: Any) -> None:
        """Compute the outputs and put each into its place."""
        p, Whh, start, mask = inputs
        p = p.reshape(*mask.shape, len(Whh))
        tape = KERNELS[self.cell].forward(p, Whh, start, mask, self.backwards)
        for storage, value in zip(outputs, tape):
            storage[0] = value

    def infer_shape(self, *arguments: Any) -> list[Any]:
        """Return the shapes of the outputs from those of the inputs, on both engines the last."""
        _, Whh, _, mask = arguments[-1]
        return [(*mask, k * Whh[1]) for k in KERNELS[self.cell].blocks]

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
    and ``mask``, and its outputs; ``cell`` and ``backwards`` are its own.  A gradient of a gradient
    needs `scan`.
    """

    __props__ = ("cell", "backwards")

    def __init__(self, cell: str, backwards: bool = False) -> None:
        self.cell, self.backwards = cell, backwards

    def make_node(self, dh: Any, Whh: Any, start: Any, mask: Any, *tape: Any) -> Any:
        """Return the node of the graph; each gradient has the type of its variable."""
        inputs = [T.as_tensor_variable(x) for x in (dh, Whh, start, mask, *tape)]
        return theano.Apply(self, inputs, [T.matrix(dtype=Whh.dtype), Whh.type(), start.type()])

    def perform(self, node: Any, inputs: Any, outputs: Any) -> None:
        """Compute the gradients and put each into its place."""
        dh, Whh, start, mask, *tape = inputs
        backward = KERNELS[self.cell].backward
        dp, dWhh, dstart = backward(dh, Whh, start, mask, self.backwards, tape)
        for storage, value in zip(outputs, (dp.reshape(-1, len(Whh)), dWhh, dstart)):
            storage[0] = value

    def infer_shape(self, *arguments: Any) -> list[Any]:
        """Return the shapes of the outputs, as above."""
        _, Whh, start, mask, *_ = arguments[-1]
        return [(mask[0] * mask[1], Whh[0]), Whh, start]


class Lookup(theano.Op):
    """The rows ``E[tokens]`` of an embedding, ``(n, n_features)`` for ``tokens (n,)``.

    The values are those of indexing; the gradient, :class:`LookupGradient`, costs far less.
    """

    __props__ = ()

    def make_node(self, E: Any, tokens: Any) -> Any:
        """Return the node of the graph."""
        E, tokens = T.as_tensor_variable(E), T.as_tensor_variable(tokens)
        return theano.Apply(self, [E, tokens], [T.matrix(dtype=E.dtype)])

    def perform(self, node: Any, inputs: Any, outputs: Any) -> None:
        """Copy the rows."""
        E, tokens = inputs
        outputs[0][0] = E[tokens]

    def infer_shape(self, *arguments: Any) -> list[Any]:
        """Return the shape of the rows."""
        E, tokens = arguments[-1]
        return [(tokens[0], E[1])]

    def connection_pattern(self, node: Any) -> list[list[bool]]:
        """Say that the gradient goes to ``E`` alone."""
        return [[True], [False]]

    def L_op(self, inputs: Any, outputs: Any, gradients: Any) -> list[Any]:  # noqa: N802
        """Return the gradient: :class:`LookupGradient` of that of the rows."""
        E, tokens = inputs
        return [LookupGradient()(gradients[0], E, tokens), theano.gradient.DisconnectedType()()]

    pullback = L_op


class LookupGradient(theano.Op):
    """The gradient with respect to ``E`` of a `Lookup`: the sum over each token's rows of ``dh``.

    It sorts the tokens and sums what is side by side; to add row by row takes ten times as long.
    """

    __props__ = ()

    def make_node(self, dh: Any, E: Any, tokens: Any) -> Any:
        """Return the node of the graph."""
        return theano.Apply(self, [dh, E, tokens], [E.type()])

    def perform(self, node: Any, inputs: Any, outputs: Any) -> None:
        """Sum the rows of each token that occurs; the gradient of the others is zero."""
        dh, E, tokens = inputs
        dE, order = np.zeros_like(E), np.argsort(tokens, kind="stable")
        tokens = tokens[order]
        first = np.flatnonzero(np.diff(tokens, prepend=-1))
        if len(first):
            dE[tokens[first]] = np.add.reduceat(dh[order], first, axis=0)
        outputs[0][0] = dE

    def infer_shape(self, *arguments: Any) -> list[Any]:
        """Return the shape of ``E``."""
        return [arguments[-1][1]]


class LogSoftmax(theano.Op):
    r"""Each row's :math:`x_k - \log \sum_j e^{x_j}`, over the last axis, without overflow.

    As `rnn_lib.engine.log_softmax`, but one node on both engines, and its gradient takes the
    probabilities from its output instead of computing them again.
    """

    __props__ = ()

    def make_node(self, x: Any) -> Any:
        """Return the node of the graph."""
        x = T.as_tensor_variable(x)
        return theano.Apply(self, [x], [x.type()])

    def perform(self, node: Any, inputs: Any, outputs: Any) -> None:
        """Compute the logarithms in one new array."""
        (x,) = inputs
        z = x - x.max(axis=-1, keepdims=True)
        z -= np.log(np.exp(z).sum(axis=-1, keepdims=True))
        outputs[0][0] = z

    def infer_shape(self, *arguments: Any) -> list[Any]:
        """Return the shape of the input."""
        return list(arguments[-1])

    def L_op(self, inputs: Any, outputs: Any, gradients: Any) -> list[Any]:  # noqa: N802
        """Return the gradient: that of the output, less the probabilities times its sum."""
        (d,) = gradients
        return [d - T.exp(outputs[0]) * d.sum(axis=-1, keepdims=True)]

    pullback = L_op
