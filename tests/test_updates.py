"""rnn_lib.updates: each rule, symbolic, against the same rule written in NumPy."""

import numpy as np
import pytest
from models import precision

from rnn_lib import T, theano
from rnn_lib.updates import UPDATES, adam, clip_by_norm, momentum, rmsprop, sgd

START = [np.array([1.0, -2.0, 0.5]), np.array([[3.0], [0.0]])]
SCALE = [np.array([1.0, 10.0, 0.1]), np.array([[2.0], [1.0]])]
RATE = 0.05


def numpy_gradient(k, theta):
    return SCALE[k] * np.sin(theta) + 0.1


def run_symbolic(rule, n_steps=7, dtype="float64"):
    params = [theano.shared(value.astype(dtype)) for value in START]
    grads = [T.cast(s, dtype) * T.sin(p) + np.dtype(dtype).type(0.1) for s, p in zip(SCALE, params)]
    rate = T.scalar(dtype=dtype)
    updates = rule(params, grads, rate)
    for shared, new in updates:
        assert new.dtype == shared.dtype == dtype
        assert new.type.ndim == shared.type.ndim
    step = theano.function([rate], [], updates=updates, allow_input_downcast=True)
    for _ in range(n_steps):
        step(RATE)
    return [p.get_value() for p in params]


def run_numpy(step, n_steps=7):
    params, memories = [p.copy() for p in START], [{}, {}]
    for n in range(1, n_steps + 1):
        for k, memory in enumerate(memories):
            params[k] = params[k] - step(numpy_gradient(k, params[k]), memory, n)
    return params


def numpy_sgd(g, memory, n):
    return RATE * g


def numpy_momentum(g, memory, n, decay=0.9):
    memory["v"] = decay * memory.get("v", 0) + RATE * g
    return memory["v"]


def numpy_rmsprop(g, memory, n, decay=0.9, epsilon=1e-8):
    memory["s"] = decay * memory.get("s", 0) + (1 - decay) * g * g
    return RATE * g / (np.sqrt(memory["s"]) + epsilon)


def numpy_adam(g, memory, n, beta1=0.9, beta2=0.999, epsilon=1e-8):
    memory["m"] = beta1 * memory.get("m", 0) + (1 - beta1) * g
    memory["s"] = beta2 * memory.get("s", 0) + (1 - beta2) * g * g
    m_hat, s_hat = memory["m"] / (1 - beta1**n), memory["s"] / (1 - beta2**n)
    return RATE * m_hat / (np.sqrt(s_hat) + epsilon)


RULES = [(sgd, numpy_sgd), (momentum, numpy_momentum), (rmsprop, numpy_rmsprop), (adam, numpy_adam)]


@pytest.mark.parametrize(("rule", "by_hand"), RULES, ids=[r.__name__ for r, _ in RULES])
def test_rule(rule, by_hand):
    assert UPDATES[rule.__name__] is rule
    for got, expected in zip(run_symbolic(rule), run_numpy(by_hand)):
        np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_every_rule_is_tested():
    assert list(UPDATES) == [rule.__name__ for rule, _ in RULES]


@pytest.mark.parametrize("rule", [r for r, _ in RULES])
def test_single_precision_stays_single(rule):
    with precision("float32"):
        singles = run_symbolic(rule, dtype="float32")
    for single, double in zip(singles, run_symbolic(rule)):
        assert single.dtype == "float32"
        np.testing.assert_allclose(single, double, rtol=2e-4, atol=1e-5)


@pytest.mark.parametrize("max_norm", [0.5, 4.9, 5.0, 5.1, 1e9])
def test_clip_by_norm(max_norm):
    a, b, c = T.vector(), T.matrix(), T.scalar()
    run = theano.function([a, b, c], clip_by_norm([a, b], c))
    values = [np.array([3.0, 0.0]), np.array([[0.0], [4.0]])]  # together of norm 5
    clipped = run(*values, max_norm)
    for value, got in zip(values, clipped):
        np.testing.assert_allclose(got, value * min(1, max_norm / 5), rtol=1e-14)


def test_clip_of_a_zero_gradient_is_zero():
    a = T.vector()
    assert theano.function([a], clip_by_norm([a], 1.0))(np.zeros(2))[0].tolist() == [0, 0]
