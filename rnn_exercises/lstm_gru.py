"""Checks of the page about LSTM and GRU: a half-life, a GRU that keeps, an LSTM of one unit."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnn_exercises.answers import call, kind, numbers
from rnn_lib import RNN

__all__ = ["exercise_1", "exercise_2", "exercise_3"]


def sigmoid(a: Any) -> Any:
    """Return numbers between 0 and 1, as gates have them."""
    return 1 / (1 + np.exp(-a))


def exercise_1(bias_for: Any) -> None:
    """Ask for several numbers of steps; to a thousandth is enough."""
    b = one_number(call(bias_for, 10))
    left = float(sigmoid(b) ** 10)
    assert not np.isclose(left, 0.5**10), "that halves the state at every step."
    assert not np.isclose(sigmoid(-b) ** 10, 0.5), "the sign: a large bias keeps."
    assert not np.isclose(b**10, 0.5), "that is the gate's value; which bias makes it?"
    assert abs(left - 0.5) < 1e-3, f"after 10 steps {left:.3f} is left, not a half."
    for n_steps in (100, 1, 1000, int(np.random.default_rng().integers(2, 1000))):
        left = float(sigmoid(one_number(call(bias_for, n_steps))) ** n_steps)
        assert abs(left - 0.5) < 1e-3, (
            f"right for 10 steps, not for {n_steps}: there {left:.3f} is left, not a half."
        )


def one_number(bias: Any) -> float:
    """Return a bias as a float; complain if it is no finite number."""
    bias = numbers(bias, name="the bias")
    assert bias.shape == (), f"return one number, not an array of shape {bias.shape}."
    assert np.isfinite(bias), f"the bias must be a finite number, not {bias}."
    return float(bias)


def exercise_2(keep_everything: Any) -> None:
    """Read 100 steps with many untrained GRUs of several sizes, from the states hardest to keep."""
    for n_hidden in (4, 8, 1, 40, int(np.random.default_rng().integers(2, 40))):
        bh = numbers(call(keep_everything, n_hidden), name="bh")
        assert bh.shape == (3 * n_hidden,), (
            f"a GRU of {n_hidden} units has biases ({3 * n_hidden},), yours are {bh.shape}."
        )
        assert np.isfinite(bh).all(), "the biases must be finite numbers."
        z = bh[n_hidden : 2 * n_hidden]
        assert (z >= -1).all(), "z near 0 overwrites the state: see the formula."
        assert (z != 0).all(), "z starts at one half: its block is the second."
        moved = max(largest_move(bh, seed) for seed in range(20))
        assert moved < 0.01, (
            f"with random weights for {n_hidden} units, the state moved by {moved:.3f} in 100 "
            "steps: keep more."
        )


def largest_move(bh: np.ndarray, seed: int) -> float:
    """Return how far a GRU with these biases and random weights moves a state in 100 steps.

    The states begin near -1 or 1, at which the candidate pulls most.
    """
    n_hidden, rng = len(bh) // 3, np.random.default_rng(seed)
    model = RNN(2, n_hidden, 1, cell="gru", output="linear", seed=seed)
    Wxh, Whh = model.Wxh.get_value(), model.Whh.get_value()
    start = h = 0.95 * rng.choice([-1.0, 1.0], n_hidden)
    for x_t in adding_problem(1, 100, rng)[0][:, 0]:
        p, q = np.split(Wxh @ x_t + bh, 3), np.split(Whh @ h, 3)
        r, z = sigmoid(p[0] + q[0]), sigmoid(p[1] + q[1])
        h = (1 - z) * np.tanh(p[2] + r * q[2]) + z * h
    return float(np.abs(h - start).max())


def exercise_3(one_unit: Any) -> None:
    """Put the weights into an LSTM, and let it add two numbers, and no numbers at all."""
    shapes = {"Wxh": (4, 2), "Whh": (4, 1), "bh": (4,), "Why": (1, 1), "by": (1,)}
    weights = call(one_unit)
    assert isinstance(weights, Mapping), f"return a dictionary of five arrays, not {kind(weights)}."
    model = RNN(2, 1, 1, cell="lstm", output="linear")
    for p in model.params:
        assert p.name in weights, f"{p.name} is missing in the dictionary."
        array = numbers(weights[p.name], name=p.name)
        shape = shapes[p.name]
        assert array.shape == shape, f"{p.name} is {shape}, not {array.shape}."
        assert np.isfinite(array).all(), f"{p.name} must be made of finite numbers."
        p.set_value(array.astype(p.dtype))

    x, y = adding_problem(200, 40, np.random.default_rng(5))
    output, error = outputs(model, x, y)
    assert output.std() > 1e-6, "the output is the same for all sequences."
    r = np.corrcoef(output, x[:, :, 0].sum(axis=0))[0, 1]
    assert r < 0.9, "that adds all values: let the mark open the input gate."
    r = np.corrcoef(output, y)[0, 1]
    assert r > 0.9, f"output and sum have a correlation of only {r:.2f}."
    assert error < 0.01, f"the sum is in c, but the error is {error:.3f}: scale?"
    for n_steps in (400, 1000):
        x, y = adding_problem(200, n_steps, np.random.default_rng())
        _, error = outputs(model, x, y)
        assert error < 0.01, (
            f"40 steps are solved; at {n_steps} the error is {error:.3f}: what fades, or leaks in?"
        )
    x[:, :, 1] = 0
    nothing, _ = outputs(model, x, y)
    most = float(nothing[np.abs(nothing).argmax()])
    assert abs(most) < 0.1, f"without a mark the sum is 0, and yours is {most:.2f}."


def outputs(model: RNN, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float]:
    """Return what a network says about each sequence, and its mean squared error."""
    output = model.predict([*x.transpose(1, 0, 2)])[:, 0]
    return output, float(((output - y) ** 2).mean())


def adding_problem(
    n_sequences: int, n_steps: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return sequences (n_steps, n_sequences, 2) and the sums of their two marked values."""
    values = rng.uniform(0, 1, (n_steps, n_sequences))
    marks, each = np.zeros_like(values), np.arange(n_sequences)
    marks[rng.integers(0, n_steps // 2, n_sequences), each] = 1
    marks[rng.integers(n_steps // 2, n_steps, n_sequences), each] = 1
    return np.stack([values, marks], axis=2), (values * marks).sum(axis=0)
