"""rnn_lib.losses: symbolic, computed, and compared with NumPy."""

import numpy as np
import pytest
from reference import softmax

from rnn_lib import T, theano
from rnn_lib.losses import cross_entropy, masked_mean, squared_error


@pytest.mark.parametrize("shape", [(4,), (3, 2)], ids=["matrix", "tensor3"])
def test_cross_entropy(shape):
    rng = np.random.default_rng(0)
    logits, y = rng.standard_normal((*shape, 5)), rng.integers(0, 5, shape).astype("int32")
    x = T.matrix() if len(shape) == 1 else T.tensor3()
    k = T.ivector() if len(shape) == 1 else T.imatrix()
    loss = cross_entropy(x, k)
    got, gradient = theano.function([x, k], [loss, T.grad(loss.sum(), x)])(logits, y)
    p = softmax(logits)
    np.testing.assert_allclose(got, -np.log(np.take_along_axis(p, y[..., None], -1))[..., 0])
    np.testing.assert_allclose(gradient, p - np.eye(5)[y], atol=1e-14)


def test_cross_entropy_and_gradient_stay_finite_at_extreme_logits():
    x, k = T.matrix(), T.ivector()
    loss = cross_entropy(x, k)
    run = theano.function([x, k], [loss, T.grad(loss.sum(), x)])
    got, gradient = run(np.array([[1e4, 0, 0], [0, -1e4, 0]]), np.array([1, 1], "int32"))
    np.testing.assert_allclose(got, [1e4, 1e4 + np.log(2)])
    np.testing.assert_allclose(gradient, [[1, -1, 0], [0.5, -1, 0.5]], atol=1e-15)


def test_squared_error():
    rng = np.random.default_rng(1)
    output, y = rng.standard_normal((2, 3, 4, 2))
    a, b = T.tensor3(), T.tensor3()
    loss = squared_error(a, b)
    got, gradient = theano.function([a, b], [loss, T.grad(loss.sum(), a)])(output, y)
    np.testing.assert_allclose(got, ((output - y) ** 2).mean(axis=-1), rtol=1e-14)
    np.testing.assert_allclose(gradient, output - y, rtol=1e-14)  # 2 (output - y) / 2 outputs


def test_masked_mean_counts_only_real_steps():
    loss, mask = T.matrix(), T.bmatrix()
    mean = masked_mean(loss, mask)
    run = theano.function([loss, mask], [mean, T.grad(mean, loss)])
    losses = np.array([[1.0, 2.0], [4.0, np.inf], [5.0, np.nan]])
    got, gradient = run(losses, np.array([[1, 1], [1, 0], [1, 0]], "int8"))
    assert got == 3
    assert gradient.tolist() == [[0.25, 0.25], [0.25, 0], [0.25, 0]]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_precision_is_kept(dtype):
    logits, y = T.tensor3(dtype=dtype), T.imatrix()
    target, mask = T.tensor3(dtype=dtype), T.bmatrix()
    assert cross_entropy(logits, y).dtype == dtype
    assert squared_error(logits, target).dtype == dtype
    assert masked_mean(cross_entropy(logits, y), mask).dtype == dtype
