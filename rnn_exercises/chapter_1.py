"""Checks of chapter 1: shapes, a step for a batch, rising and falling, a longer memory."""

from typing import Any

import numpy as np

from rnn_exercises.answers import call, fitting, kind, numbers
from rnn_lib.data import load_japanese_vowels

__all__ = ["exercise_1", "exercise_2", "exercise_3", "exercise_4"]


def exercise_1(shapes: Any) -> None:
    """Compare each shape with the right one; lists and NumPy's integers are fine."""
    n_steps, n_features, n_hidden, n_classes = 5, 26, 16, 2
    right = {
        "x": (n_steps, n_features),
        "Wxh": (n_hidden, n_features),
        "Whh": (n_hidden, n_hidden),
        "bh": (n_hidden,),
        "states": (n_steps, n_hidden),
        "Why": (n_classes, n_hidden),
    }
    assert isinstance(shapes, dict), f"expected the dictionary of shapes, got {kind(shapes)}."
    for array, shape in right.items():
        assert array in shapes, f"the shape of {array} is missing."
        yours = shapes[array]
        assert yours is not None, f"the shape of {array} is still None."
        try:
            yours = tuple(int(size) for size in yours)
        except (TypeError, ValueError):
            raise AssertionError(f"write the shape of {array} as a tuple: (…,).") from None
        transposed = len(shape) == 2 and yours == shape[::-1] != shape
        assert not transposed, f"the shape of {array} is transposed: what comes first?"
        grows = n_steps in yours and n_steps not in shape
        assert not grows, f"{array} must not depend on the length of the name."
        assert len(yours) == len(shape), (
            f"the number of axes of {array} is {len(shape)}, not {len(yours)}."
        )
        assert yours == shape, f"{array} is not {yours}: which sizes does it connect?"


def exercise_2(step_batch: Any) -> None:
    """Compare with one step a row; no loop over a fixed number of rows."""
    rng = np.random.default_rng(2)
    try_batch(step_batch, 4, 3, 2, rng)
    rng = np.random.default_rng()
    try_batch(step_batch, 1, 3, 2, rng)
    try_batch(step_batch, 3, 3, 3, rng)  # where all sizes are equal, nothing stops a wrong turn
    try_batch(step_batch, int(rng.integers(5, 9)), 2, 4, rng)


def try_batch(step_batch: Any, n_batch: int, n_features: int, n_hidden: int, rng: Any) -> None:
    """Try a batch of one size."""
    x_t = rng.standard_normal((n_batch, n_features))
    h_prev = rng.standard_normal((n_batch, n_hidden))
    Wxh = rng.standard_normal((n_hidden, n_features))
    Whh = rng.standard_normal((n_hidden, n_hidden))
    bh = rng.standard_normal(n_hidden)

    def rows(Whh: Any = Whh, bh: Any = bh) -> Any:
        return np.array([np.tanh(Wxh @ x + Whh @ h + bh) for x, h in zip(x_t, h_prev)])

    sizes = f"x_t {x_t.shape}, h_prev {h_prev.shape}, Wxh {Wxh.shape}, bh {bh.shape}"
    with fitting(f"the sizes do not fit: {sizes}."):
        yours = call(step_batch, x_t, h_prev, Wxh, Whh, bh)
    yours = numbers(yours, name="the result")
    turned = n_batch != n_hidden and yours.shape == (n_hidden, n_batch)
    assert not turned, "rows must be sequences: yours are units, so transpose."
    assert yours.shape == (n_batch, n_hidden), (
        f"a batch of {n_batch} with {n_hidden} units makes ({n_batch}, {n_hidden}), "
        f"and yours is {yours.shape}."
    )
    mistakes = {
        "the tanh is missing.": np.arctanh(rows()),
        "the bias is missing.": rows(bh=0 * bh),
        "the old state is missing.": rows(Whh=0 * Whh),
        "Whh is on the right of a row: then it must be transposed.": rows(Whh=Whh.T),
    }
    for message, wrong in mistakes.items():
        assert not np.allclose(yours, wrong), message
    assert np.allclose(yours, rows()), "the numbers differ from one step for each row."


def exercise_3(Wxh: Any, Whh: Any, bh: Any, w: Any) -> None:
    """Run rising and falling sequences of 2 to 11 steps, low ones and high ones."""
    named = {"Wxh": (Wxh, (2, 1)), "Whh": (Whh, (2, 2)), "bh": (bh, (2,)), "w": (w, (2,))}
    arrays = {}
    for name, (array, shape) in named.items():
        assert array is not None, f"{name} is None."
        array = numbers(array, name=name)
        assert array.size == np.prod(shape), f"{name} should have the shape {shape}."
        arrays[name] = array.reshape(shape)  # a column is as good as a row
    Wxh, Whh, bh, w = arrays.values()
    verdicts = [*verdicts_of(Wxh, Whh, bh, w, np.random.default_rng(3))]
    verdicts += verdicts_of(Wxh, Whh, bh, w, np.random.default_rng())
    assert any(up or down for _, up, down in verdicts), (
        "the answer is 0: no input reaches it through w."
    )
    wrong_way = all(up < 0 < down for _, up, down in verdicts)
    assert not wrong_way, "every answer has the wrong sign: turn one sign around."
    assert not np.allclose(Whh, 0), "with Whh = 0 the answer depends on the last input alone."
    for n_steps, up, down in verdicts:
        assert up > 0, f"{n_steps} rising inputs get {up:.4f}, not above 0."
        assert down < 0, f"{n_steps} falling inputs get {down:.4f}, not below 0."


def verdicts_of(Wxh: Any, Whh: Any, bh: Any, w: Any, rng: Any) -> list[tuple[int, float, float]]:
    """Return the number of steps, and the answers to a rising and to a falling sequence."""
    found = []
    for n_steps in range(2, 12):
        steps = rng.uniform(0.05, 0.15, (n_steps, 1))
        rising = np.cumsum(steps, axis=0) - 0.8
        up, down = (float(w @ states_of(x, Wxh, Whh, bh)[-1]) for x in (rising, rising[::-1]))
        found.append((n_steps, up, down))
    return found


def states_of(x: Any, Wxh: Any, Whh: Any, bh: Any) -> Any:
    """Return the hidden states (n_steps, n_hidden) of the tanh network of (1.1)."""
    h, states = np.zeros(len(bh)), []
    for x_t in x:
        h = np.tanh(Wxh @ x_t + Whh @ h + bh)
        states.append(h)
    return np.array(states)


def exercise_4(rho: Any, scale: Any) -> None:
    """Measure the trace of the first frame over the longest utterance, for three draws."""
    rho, scale = (
        float(numbers(value, (), name)) for value, name in ((rho, "rho"), (scale, "scale"))
    )
    assert min(rho, scale) > 0, "rho and scale must be above 0."
    utterance = max(load_japanese_vowels().x_test, key=len)
    for seed in range(3):
        weights = weights_of(12, 32, rho, scale, seed)
        left = trace_of_first(utterance, *weights)
        assert left[-1] > 0.1, f"after 28 steps only {left[-1]:.2%} is left, not 10 %."
        assert left.max() < 1.05, f"the trace grows to {left.max():.2f} on the way."
        activity = np.abs(states_of(utterance, *weights)).mean()
        assert activity > 0.05, f"the state hardly moves: mean size {activity:.4f}."


def weights_of(n_features: int, n_hidden: int, rho: float, scale: float, seed: int) -> Any:
    """Draw weights as the chapter's ``random_weights`` does."""
    rng = np.random.default_rng(seed)
    limit = scale * np.sqrt(6 / (n_features + n_hidden))
    q, r = np.linalg.qr(rng.standard_normal((n_hidden, n_hidden)))
    Wxh = rng.uniform(-limit, limit, (n_hidden, n_features))
    return Wxh, rho * q * np.sign(np.diag(r)), np.zeros(n_hidden)


def trace_of_first(x: Any, Wxh: Any, Whh: Any, bh: Any) -> Any:
    """Return how much of a small change in the first input is left after each step."""
    changed = x.copy()
    changed[0] += 0.01
    difference = states_of(changed, Wxh, Whh, bh) - states_of(x, Wxh, Whh, bh)
    distance = np.linalg.norm(difference, axis=1)
    return distance / distance[0]
