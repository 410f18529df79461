"""Loss functions: pure functions on expressions, one number an item; introduced in chapter 4.

>>> import numpy as np
>>> from rnn_lib import theano, T
>>> from rnn_lib.losses import cross_entropy
>>> logits, y = T.matrix(), T.ivector()
>>> loss = theano.function([logits, y], cross_entropy(logits, y))
>>> loss(np.array([[0.0, 0.0], [9.0, 0.0]]), [0, 0]).round(3)
array([0.693, 0.   ])
"""

from typing import Any

from rnn_lib.engine import T
from rnn_lib.fused import CrossEntropy

__all__ = ["cross_entropy", "masked_mean", "squared_error"]


def cross_entropy(logits: Any, y: Any) -> Any:
    r"""Return :math:`-\log p_y` with :math:`p = \operatorname{softmax}(\text{logits})`, in nats.

    ``logits (..., n_classes)`` come before the softmax, so that loss and gradient stay finite,
    however extreme they are; ``y (...)`` are class indices, and the losses have their shape.
    """
    return CrossEntropy()(logits, y)


def squared_error(output: Any, y: Any) -> Any:
    r"""Return :math:`\frac1K \sum_k (\hat y_k - y_k)^2`, in the square of the unit of ``y``.

    ``output`` and ``y (..., n_outputs)`` give losses of the shape ``(...)``.
    """
    return T.mean((output - y) ** 2, axis=-1)


def masked_mean(loss: Any, mask: Any) -> Any:
    """Return the mean of ``loss (n_steps, n_batch)`` over the steps where ``mask`` is 1."""
    n_real = T.cast(mask.sum(), loss.dtype)  # an integer would turn float32 into float64
    return T.switch(mask, loss, T.zeros_like(loss)).sum() / n_real
