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

The methods are those that the engines call.  ``make_node`` takes expressions: numbers ``x`` and
their classes ``y``, an embedding ``E`` and its ``tokens``, the gradient ``dh`` or ``d`` by an
output, the ``tape`` or ``p`` beside it.  ``perform`` takes the arrays ``inputs`` and puts its
results into ``outputs``.  ``infer_shape`` takes ``arguments``, the last of them the shapes of the
inputs; ``L_op`` the expressions ``inputs`` and ``outputs``, and their ``gradients``.
"""

import sys
from typing import Any

import numpy as np

from rnn_lib.engine import T, theano
from rnn_lib.kernels import KERNELS

__all__ = ["CrossEntropy", "CrossEntropyGradient", "Lookup", "LookupGradient"]
__all__ += ["Recurrence", "RecurrenceGradient"]

# Linux takes a large freed array back at once, and has to clear the memory of the next one.  Having
# seen one of this size freed, its C library keeps them.
if sys.platform == "linux":
    np.empty(2**25 - 2**16, dtype="uint8")


class Recurrence(theano.Op):
    """The outputs of a cell at every step, and the tape that the gradient needs.

    The inputs are ``p (n_steps * n_batch, n_gates * n_hidden)``, ``Whh (n_gates * n_hidden,
    n_hidden)``, ``start (n_batch, n_states * n_hidden)`` and ``mask (n_steps, n_batch)``; a call
    returns ``h (n_steps, n_batch, n_hidden)``.  That ``p`` has two axes keeps the graph small:
    products of matrices are before it, and behind its gradient.

    Parameters
    ----------
    cell : {"tanh", "lstm", "gru"}
    """

    __props__ = ("cell",)
    default_output = 0  # a call returns h alone

    def __init__(self, cell: str) -> None:
        self.cell = cell

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
        p, W = p.reshape(*mask.shape, len(Whh)), np.ascontiguousarray(Whh.T)
        tape = KERNELS[self.cell].forward(p, W, start, mask)
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
        back = RecurrenceGradient(self.cell)
        of_mask = theano.gradient.DisconnectedType()()
        return [*back(gradients[0], Whh, start, mask, *outputs), of_mask]

    pullback = L_op  # as PyTensor calls it


class RecurrenceGradient(theano.Op):
    """The gradients of the loss with respect to ``p``, ``Whh`` and ``start`` of a `Recurrence`.

    The inputs are the gradient ``dh`` with respect to its outputs, its inputs ``Whh``, ``start``
    and ``mask``, and its outputs; ``cell`` is its own.  A gradient of a gradient needs `scan`.
    """

    __props__ = ("cell",)

    def __init__(self, cell: str) -> None:
        self.cell = cell

    def make_node(self, dh: Any, Whh: Any, start: Any, mask: Any, *tape: Any) -> Any:
        """Return the node of the graph; each gradient has the type of its variable."""
        inputs = [T.as_tensor_variable(x) for x in (dh, Whh, start, mask, *tape)]
        return theano.Apply(self, inputs, [T.matrix(dtype=Whh.dtype), Whh.type(), start.type()])

    def perform(self, node: Any, inputs: Any, outputs: Any) -> None:
        """Compute the gradients and put each into its place."""
        dh, Whh, start, mask, *tape = inputs
        backward, Whh = KERNELS[self.cell].backward, np.ascontiguousarray(Whh)
        dp, dWhh, dstart = backward(dh, Whh, start, mask, tape)
        for storage, value in zip(outputs, (dp.reshape(-1, len(Whh)), dWhh, dstart)):
            storage[0] = value

    def infer_shape(self, *arguments: Any) -> list[Any]:
        """Return the shapes of the outputs, as above."""
        _, Whh, start, mask, *_ = arguments[-1]
        return [(mask[0] * mask[1], Whh[0]), Whh, start]


class _Gradient(theano.Op):
    """A gradient that has the type and the shape of the second of its inputs."""

    __props__ = ()

    def make_node(self, *inputs: Any) -> Any:
        """Return the node of the graph."""
        variables = [T.as_tensor_variable(x) for x in inputs]
        return theano.Apply(self, variables, [variables[1].type()])

    def infer_shape(self, *arguments: Any) -> list[Any]:
        """Return the shape of that input."""
        return [arguments[-1][1]]


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
        outputs[0][0] = inputs[0][inputs[1]]

    def infer_shape(self, *arguments: Any) -> list[Any]:
        """Return the shape of the rows."""
        return [(arguments[-1][1][0], arguments[-1][0][1])]

    def connection_pattern(self, node: Any) -> list[list[bool]]:
        """Say that the gradient goes to ``E`` alone."""
        return [[True], [False]]

    def L_op(self, inputs: Any, outputs: Any, gradients: Any) -> list[Any]:  # noqa: N802
        """Return the gradient: :class:`LookupGradient` of that of the rows."""
        E, tokens = inputs
        return [LookupGradient()(gradients[0], E, tokens), theano.gradient.DisconnectedType()()]

    pullback = L_op


class LookupGradient(_Gradient):
    """The gradient with respect to ``E`` of a `Lookup`: the sum over each token's rows of ``dh``.

    The inputs are ``dh``, ``E`` and ``tokens``.  The tokens are sorted, so that the rows of each
    are summed side by side.
    """

    def perform(self, node: Any, inputs: Any, outputs: Any) -> None:
        """Sum the rows of each token that occurs; the gradient of the others is zero."""
        dh, E, tokens = inputs
        dE, order = np.zeros_like(E), np.argsort(tokens, kind="stable")
        tokens = tokens[order]
        first = np.flatnonzero(np.diff(tokens, prepend=-1))
        dE[tokens[first]] = np.add.reduceat(dh[order], first, axis=0)
        outputs[0][0] = dE


class CrossEntropy(theano.Op):
    r"""Each row's loss :math:`-\log p_y`, and the tape :math:`p = \operatorname{softmax}(x)`.

    The inputs are ``x (..., n_classes)`` and the class indices ``y (...)``; a call returns the
    losses, of the shape of ``y``.  Extreme ``x`` overflow neither here nor in the gradient.
    """

    __props__ = ()
    default_output = 0

    def make_node(self, x: Any, y: Any) -> Any:
        """Return the node of the graph."""
        x, y = T.as_tensor_variable(x), T.as_tensor_variable(y)
        return theano.Apply(self, [x, y], [x[..., 0].type(), x.type()])

    def perform(self, node: Any, inputs: Any, outputs: Any) -> None:
        """Compute both in one new array."""
        x, y = inputs
        p = x - x.max(axis=-1, keepdims=True)
        of_y = np.take_along_axis(p, y[..., np.newaxis], axis=-1)
        np.exp(p, p)
        total = p.sum(axis=-1, keepdims=True)
        p /= total
        outputs[0][0], outputs[1][0] = (np.log(total) - of_y)[..., 0], p

    def infer_shape(self, *arguments: Any) -> list[Any]:
        """Return the shapes of the outputs."""
        return list(reversed(arguments[-1]))

    def connection_pattern(self, node: Any) -> list[list[bool]]:
        """Say that the gradient goes from the losses to ``x``."""
        return [[True, False], [False, False]]

    def L_op(self, inputs: Any, outputs: Any, gradients: Any) -> list[Any]:  # noqa: N802
        """Return the gradient: :class:`CrossEntropyGradient` of that of the losses."""
        dx = CrossEntropyGradient()(gradients[0], outputs[1], inputs[1])
        return [dx, theano.gradient.DisconnectedType()()]

    pullback = L_op


class CrossEntropyGradient(_Gradient):
    r"""The gradient with respect to ``x`` of a `CrossEntropy`: :math:`d_t (p_t - 1_y)` in each row.

    The inputs are the gradient ``d`` with respect to the losses, the tape ``p``, and ``y``.
    """

    def perform(self, node: Any, inputs: Any, outputs: Any) -> None:
        """Compute the gradient in one new array."""
        d, p, y = inputs
        dx = d[..., np.newaxis] * p
        rows = dx.reshape(-1, dx.shape[-1])
        rows[np.arange(y.size), y.ravel()] -= d.ravel()
        outputs[0][0] = dx
