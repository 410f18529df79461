"""Checks of the page about loops: one product before the loop, a gradient, multiplications."""

from typing import Any

import numpy as np

from rnn_exercises.answers import call, fitting, kind, numbers, whole
from rnn_lib import T, theano
from rnn_lib.cells import CELLS

__all__ = ["exercise_1", "exercise_2", "exercise_3"]


def exercise_1(averages: Any) -> None:
    """Count the calls of dot, for weights that are not square, and for another number of steps."""
    n_calls = compare_averages(averages, 30, 4, 3, np.random.default_rng(1))
    assert n_calls > 0, "use the function dot that is passed in."
    assert n_calls == 1, f"you called dot {n_calls} times: once is enough."
    rng = np.random.default_rng()
    n_steps = int(rng.integers(40, 80))
    n_inputs, n_outputs = (int(n) for n in rng.integers(2, 9, 2))
    n_calls = compare_averages(averages, n_steps, n_inputs, n_outputs, rng)
    assert n_calls == 1, f"you called dot {n_calls} times for {n_steps} steps: once is enough."


def compare_averages(
    averages: Any, n_steps: int, n_inputs: int, n_outputs: int, rng: np.random.Generator
) -> int:
    """Complain if the values are not those of the slow loop; return how often dot was called."""
    calls = []

    def dot(a: Any, b: Any) -> Any:
        calls.append(1)
        return np.dot(a, b)

    x, W = rng.standard_normal((n_steps, n_inputs)), rng.standard_normal((n_outputs, n_inputs))
    c = rng.standard_normal(n_outputs)
    with fitting("the shapes do not fit: which of x and W is turned?"):
        y = numbers(call(averages, dot, x, W, c), name="the result")
    shape = n_steps, n_outputs
    assert y.shape == shape, f"for {n_steps} steps the result is {shape}, yours is {y.shape}."
    right = averaged(x @ W.T + c)
    mistakes = {
        "c is missing.": averaged(x @ W.T),
        "c is added once, not at every step.": averaged(x @ W.T) + c,
        "the old state is missing in the loop.": x @ W.T + c,
        "the old state must be multiplied by 0.9.": np.cumsum(x @ W.T + c, axis=0),
    }
    for message, wrong in mistakes.items():
        assert not np.allclose(y, wrong), message
    assert np.allclose(y, right), "the values are not those of the loop."
    return len(calls)


def averaged(p: np.ndarray) -> np.ndarray:
    """Return the states, each of which keeps 0.9 of the one before."""
    states = np.zeros((len(p) + 1, p.shape[1]))
    for t, p_t in enumerate(p):
        states[t + 1] = 0.9 * states[t] + p_t
    return states[1:]


def exercise_2(RunningSum: Any) -> None:
    """Compare sums and gradients for three numbers, for five, and for random ones."""
    assert callable(RunningSum), f"expected the class RunningSum, got {kind(RunningSum)}."
    is_operation = hasattr(RunningSum, "make_node") and not isinstance(RunningSum, type)
    op = RunningSum if is_operation else RunningSum()
    assert callable(op), f"RunningSum() should be an operation, and is {kind(op)}."
    v, w = T.vector(), T.vector()
    sums = theano.function([v], op(v))
    weighted = (op(v) * w).sum()
    try:
        slope = T.grad(weighted, v)
    except (AttributeError, TypeError, ValueError):
        raise AssertionError(
            "T.grad cannot use what L_op returns: it should be a list of one expression."
        ) from None
    slopes = theano.function([v, w], slope, on_unused_input="ignore")
    rng = np.random.default_rng()
    examples = [
        ([1.0, 2.0, 4.0], [1.0, 10.0, 100.0]),
        ([1.0, -2.0, 3.0, 0.0, 5.0], [1.0, 2.0, 3.0, 4.0, 5.0]),
        ([0.5], [2.0]),
        rng.normal(size=(2, int(rng.integers(6, 20)))).tolist(),
    ]
    for numbers_in, weights in examples:
        y = numbers(sums(numbers_in), name="the sum")
        n, right = len(numbers_in), np.cumsum(numbers_in)
        assert y.shape == (n,), f"{n} numbers have {n} sums, yours have the shape {y.shape}."
        assert np.allclose(y, right), f"the sums of {numbers_in} are {right}, not {y}."
        d = numbers(slopes(numbers_in, weights), name="the gradient")
        assert d.shape == (n,), f"{n} numbers have {n} slopes, yours have the shape {d.shape}."
        if n > 1:
            forward = np.allclose(d, np.cumsum(weights))
            assert not forward, "that sums forward; look who uses x_1."
            turned = np.allclose(d, np.cumsum(weights[::-1]))
            assert not turned, "turn the sums round, too: the slope of x_1 comes first."
        right = np.cumsum(weights[::-1])[::-1]
        assert np.allclose(d, right), (
            f"the gradient is {d}: see the hint."
            if n == 3
            else f"the gradient of {n} numbers is {d}, and should be {right}."
        )


def exercise_3(count_products: Any) -> None:
    """Count for the networks of the page, for a GRU, and for random sizes."""
    count = counted(count_products, "tanh", 100, 1, 20, 20)
    assert count != 100 * 20 * 20, "that is the state alone: the input has a product too."
    assert count == 80_000, f"for W1 it is 80,000, not {count:,}."
    count = counted(count_products, "lstm", 64, 32, 128, 128)
    assert count != 64 * 128 * 256 * 4, "every sequence of the batch costs the same."
    assert count != 64 * 32 * 128 * 256, "an LSTM has four blocks: see n_gates."
    assert count == 268_435_456, f"for W2l it is 268,435,456, not {count:,}."
    rng = np.random.default_rng()
    sizes = [(7, 3, 10, 10), (5, 2, 3, 8), tuple(int(n) for n in rng.integers(2, 30, 4))]
    for cell in ("gru", "tanh", "lstm"):
        for n_steps, n_batch, n_features, n_hidden in sizes:
            count = counted(count_products, cell, n_steps, n_batch, n_features, n_hidden)
            blocks = CELLS[cell].n_gates
            right = n_steps * n_batch * blocks * n_hidden * (n_features + n_hidden)
            assert count == right, (
                f"{cell}, {n_steps} steps, {n_batch} sequences, {n_features} features, "
                f"{n_hidden} units: {right:,}, not {count:,}."
            )


def counted(count_products: Any, *sizes: Any) -> int:
    """Return the count of an answer as a whole number."""
    return whole(call(count_products, *sizes), "the count")
