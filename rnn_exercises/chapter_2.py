"""Checks of chapter 2: a compiled loss, a scan, a descent, and the reach of a network."""

from typing import Any

import numpy as np

from rnn_exercises.answers import call, kind, numbers

__all__ = ["exercise_1", "exercise_2", "exercise_3", "exercise_4"]


def one_number(value: Any, name: str) -> float:
    """Return an output as a float; a list of one output, as Theano gives it, is fine."""
    if isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    array = numbers(value, name=name)
    assert array.ndim == 0, f"{name} has the shape {array.shape}: it should be one number."
    return float(array)


def exercise_1(mse: Any) -> None:
    """Compare with the mean of squared differences, for vectors of any length and sign."""
    assert mse is not None, "mse is still None: assign a compiled function."
    assert callable(mse), "mse is an expression: compile it with theano.function."
    value = one_number(call(mse, *pair([1, 2, 3], [1, 0, 0])), "the loss")
    assert not np.isclose(value, 13), "13 is the sum of the squares: take the mean."
    assert not np.isclose(value, 5 / 3), "that is a mean without the squares."
    assert np.isclose(value, 13 / 3), f"expected 13/3 = 4.333, got {value:.3f}."
    value = one_number(call(mse, *pair([0, 1], [2, 5])), "the loss")
    assert not np.isclose(value, -14), "that is a difference of squares: subtract first."
    assert not np.isclose(value, 3), "those are absolute values: square the differences."
    assert np.isclose(value, 10), f"for (0, 1) and (2, 5) expected 10, got {value:.3f}."
    rng = np.random.default_rng()
    p, t = pair(*rng.standard_normal((2, int(rng.integers(4, 60)))))
    value, right = one_number(call(mse, p, t), "the loss"), float(np.mean((p - t) ** 2))
    assert np.isclose(value, right, rtol=1e-4), (
        f"for {len(p)} random numbers expected {right:.4f}, got {value:.4f}."
    )


def pair(p: Any, t: Any) -> tuple[Any, Any]:
    """Return two vectors of numbers that float32 holds exactly, so that fvectors serve, too."""
    return np.asarray(p, dtype="float32"), np.asarray(t, dtype="float32")


def exercise_2(smooth: Any) -> None:
    """Compare with the recurrence, for three weights and any length."""
    assert callable(smooth), "smooth is no function: compile it with theano.function."
    out = smoothed_by(smooth, [1, 0, 2], 0.75)
    mistakes = {
        "the old value is missing: it comes from outputs_info.": [0.25, 0, 0.5],
        "the weights are swapped: keep belongs to the old value.": [0.75, 0.1875, 1.546875],
        "the new input must be weighted by 1 - keep.": [1, 0.75, 2.5625],
        "start from zero, not from the first input.": [1, 0.75, 1.0625],
    }
    for message, wrong in mistakes.items():
        assert not np.allclose(out, wrong), message
    assert np.allclose(out, [0.25, 0.1875, 0.640625]), (
        f"smooth([1, 0, 2], 0.75) gives {np.round(out, 4)}: begin at x_1."
    )
    fixed = np.allclose(smoothed_by(smooth, [1, 0, 2], 0.25), out)
    assert not fixed, "the weight is fixed in the step: it must come in as keep."
    rng = np.random.default_rng()
    for keep in (0.0, 0.5, float(np.float32(rng.uniform(0.1, 0.99)))):
        x = rng.standard_normal(int(rng.integers(4, 30))).astype("float32")
        h, right = 0.0, []
        for x_t in x:
            h = keep * h + (1 - keep) * x_t
            right.append(h)
        out = smoothed_by(smooth, x, keep)
        assert np.allclose(out, right, atol=1e-5), (
            f"keep {keep:.2f}, {len(x)} inputs: the last is {right[-1]:.4f}, not {out[-1]:.4f}."
        )


def smoothed_by(smooth: Any, xs: Any, keep: float) -> Any:
    """Return all steps of an answer; complain about another shape."""
    out = call(smooth, np.asarray(xs, dtype="float32"), np.float32(keep))
    if isinstance(out, list | tuple) and len(out) == 1:
        out = out[0]
    out = numbers(out, name="the result")
    assert out.shape != (), "return all steps, not the last one alone."
    n = len(xs)
    assert out.shape == (n,), f"{n} inputs give {n} outputs, not the shape {out.shape}."
    return out


def exercise_3(make_descent: Any) -> None:
    """Take steps with two rates; each descent has a w of its own."""
    step, w = descent(make_descent, 0.1)
    cost = one_number(call(step), "the cost")
    moved = float(w.get_value())
    assert np.isclose(cost, 9), f"the first cost is (0 - 3)^2 = 9, not {cost:.3f}."
    assert moved != 0, "w did not move: pass updates to theano.function."
    assert moved > 0, "w moved away from 3: downhill is against the gradient."
    assert not np.isclose(moved, 6), "w jumped to 6: multiply the slope by rate."
    assert np.isclose(moved, 0.6), f"the first step leads to w = 0.6, not {moved:.3f}."
    _, other = descent(make_descent, 0.1)
    shared = not np.isclose(w.get_value(), 0.6) or float(other.get_value()) != 0
    assert not shared, "two descents share one w: make a new one at each call."
    rate = float(np.random.default_rng().uniform(0.01, 0.3))
    step, w = descent(make_descent, rate)
    right = 0.0
    for _ in range(5):
        step()
        right -= rate * 2 * (right - 3)
    end = float(w.get_value())
    assert np.isclose(end, right, rtol=1e-4), (
        f"rate {rate:.3f}, 5 steps: w is {right:.4f}, not {end:.4f}; the slope changes with w."
    )


def descent(make_descent: Any, rate: float) -> tuple[Any, Any]:
    """Return the function and the shared variable that an answer makes."""
    made = call(make_descent, rate)
    two = isinstance(made, list | tuple) and len(made) == 2
    assert two, "return two things: the compiled function, and w."
    step, w = made
    assert step is not None, "there is no compiled function yet."
    assert callable(step), "first comes the function, made with theano.function, then w."
    assert hasattr(w, "get_value"), f"the second must be the shared variable w, not {kind(w)}."
    return step, w


def exercise_4(reach: Any, states: Any) -> None:
    """Compare with finite differences of the chapter's compiled function ``states``."""
    assert callable(reach), "reach is no function: compile it with theano.function."
    assert callable(states), "the second argument must be the chapter's function `states`."
    fixed = np.random.default_rng(5).normal(size=(20, 2))
    out = compare_reach(reach, states, fixed)
    random = np.random.default_rng().normal(size=(7, 2))
    once = np.shape(reach(random)) == out.shape
    assert not once, "the result must depend on the inputs that the function is given."
    compare_reach(reach, states, random)


def compare_reach(reach: Any, states: Any, inputs: Any) -> Any:
    """Compare one answer; return it."""
    n_steps, n_features = inputs.shape
    out = numbers(call(reach, inputs), name="the result")
    assert out.shape != inputs.shape, "that is the gradient itself: take the norm of each row."
    assert out.shape == (n_steps,), f"one number a step: ({n_steps},), not {out.shape}."
    slopes = np.zeros((n_steps, n_features))
    for place in np.ndindex(*inputs.shape):
        move = np.zeros_like(inputs)
        move[place] = 1e-5
        slopes[place] = (states(inputs + move)[-1, 0] - states(inputs - move)[-1, 0]) / 2e-5
    right = np.linalg.norm(slopes, axis=1)
    mistakes = {
        "those are the squares of the norms: take the root.": right**2,
        "that is the largest entry of each row: take its norm.": np.abs(slopes).max(axis=1),
        "that is the sum of each row: take its norm.": np.abs(slopes).sum(axis=1),
        "is time turned around? The last input acts at once.": right[::-1],
    }
    for message, wrong in mistakes.items():
        assert not np.allclose(out, wrong, atol=1e-6), message
    assert np.allclose(out, right, atol=1e-6), (
        f"at the last step {right[-1]:.4f} is right, not {out[-1]:.4f}: unit 0 alone, as norm."
    )
    return out
