r"""Update rules of gradient descent: pure functions on expressions, introduced in chapter 4.

Each takes ``params``, the list of shared variables :math:`\theta`; ``grads``, a list of expressions
:math:`g` of the same shapes; and ``learning_rate``, a number or scalar expression :math:`\eta`.  It
returns the pairs ``(shared variable, new value)`` that ``theano.function`` takes.

>>> from rnn_lib import theano, T
>>> from rnn_lib.updates import sgd
>>> w = theano.shared(4.0)
>>> step = theano.function([], updates=sgd([w], [T.grad(w**2, w)], 0.25))
>>> _ = step()
>>> float(w.get_value())
2.0
"""

from typing import Any

import numpy as np

from rnn_lib.engine import T, theano

__all__ = ["UPDATES", "adam", "clip_by_norm", "momentum", "rmsprop", "sgd"]


def _zeros_like(parameter: Any) -> Any:
    return theano.shared(np.zeros_like(parameter.get_value()))


def sgd(params: list[Any], grads: list[Any], learning_rate: Any) -> list[tuple[Any, Any]]:
    r"""Gradient descent: :math:`\theta \leftarrow \theta - \eta g`."""
    return [(p, p - learning_rate * g) for p, g in zip(params, grads)]


def momentum(params: list[Any], grads: list[Any], learning_rate: Any) -> list[tuple[Any, Any]]:
    r"""Momentum: :math:`v \leftarrow 0.9\, v - \eta g`, then :math:`\theta \leftarrow \theta + v`.

    The velocity :math:`v` begins at zero.  Polyak (1964).
    """
    updates = []
    for p, g in zip(params, grads):
        v = _zeros_like(p)
        v_new = 0.9 * v - learning_rate * g
        updates += [(v, v_new), (p, p + v_new)]
    return updates


def rmsprop(params: list[Any], grads: list[Any], learning_rate: Any) -> list[tuple[Any, Any]]:
    r"""RMSProp: divide the gradient by its running root mean square (Tieleman and Hinton 2012).

    .. math:: s \leftarrow \rho s + (1 - \rho) g^2, \quad
        \theta \leftarrow \theta - \eta\, g / (\sqrt s + 10^{-8}), \quad \rho = 0.9
    """
    rho, updates = 0.9, []
    for p, g in zip(params, grads):
        s = _zeros_like(p)
        s_new = rho * s + (1 - rho) * g**2
        updates += [(s, s_new), (p, p - learning_rate * g / (T.sqrt(s_new) + 1e-8))]
    return updates


def adam(params: list[Any], grads: list[Any], learning_rate: Any) -> list[tuple[Any, Any]]:
    r"""Adam: RMSProp with momentum, both corrected for their start at zero (Kingma and Ba 2015).

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g, \quad
        s \leftarrow \beta_2 s + (1 - \beta_2) g^2 \\
        \theta &\leftarrow \theta - \eta\, \hat m / (\sqrt{\hat s} + 10^{-8}), \quad
        \hat m = m / (1 - \beta_1^k), \; \hat s = s / (1 - \beta_2^k)

    where :math:`k` counts the updates, :math:`\beta_1 = 0.9` and :math:`\beta_2 = 0.999`.
    """
    beta1, beta2 = 0.9, 0.999
    k = theano.shared(np.zeros((), dtype=params[0].dtype))
    k_new = k + 1
    m_scale, s_scale = 1 / (1 - beta1**k_new), 1 / (1 - beta2**k_new)
    updates = [(k, k_new)]
    for p, g in zip(params, grads):
        m, s = _zeros_like(p), _zeros_like(p)
        m_new = beta1 * m + (1 - beta1) * g
        s_new = beta2 * s + (1 - beta2) * g**2
        step = learning_rate * (m_new * m_scale) / (T.sqrt(s_new * s_scale) + 1e-8)
        updates += [(m, m_new), (s, s_new), (p, p - step)]
    return updates


UPDATES = {"sgd": sgd, "momentum": momentum, "rmsprop": rmsprop, "adam": adam}


def clip_by_norm(grads: list[Any], max_norm: Any) -> list[Any]:
    r"""Return ``grads`` scaled together so that their norm is at most ``max_norm``.

    .. math:: g \leftarrow g \min(1, c / \lVert g \rVert), \quad
        \lVert g \rVert^2 = \textstyle\sum g^2 \text{ over all parameters}

    The direction stays (Pascanu, Mikolov and Bengio 2013).
    """
    norm = T.sqrt(sum(T.sum(g**2) for g in grads))
    scale = T.switch(norm > max_norm, max_norm / norm, T.ones_like(norm))
    return [g * scale for g in grads]
