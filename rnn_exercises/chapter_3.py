"""Checks of chapter 3: a budget, a step for a batch, a GRU, a start that remembers."""

from typing import Any

import numpy as np

from rnn_exercises.answers import call, fitting, kind, numbers, whole
from rnn_lib import RNN, T, theano
from rnn_lib.data import load_japanese_vowels

__all__ = ["exercise_1", "exercise_2", "exercise_3", "exercise_4"]


def exercise_1(largest_hidden: Any) -> None:
    """Compare with budgets that are just used up, and with random ones."""

    def answer(*sizes: int) -> int:
        return whole(call(largest_hidden, *sizes), "the number of units")

    H = answer(5513, 12, 9)
    assert H != 65, "65 units need more than 5,513 numbers: go back by one."
    assert H != 63, "64 units need exactly 5,513 numbers: a budget may be used up."
    assert H == 64, f"5,513 numbers for D = 12, K = 9: 64 units fit, not {H}."
    H = answer(1016, 3, 2)
    assert H != 29, "29 units need 1,017 numbers: did you count both biases?"
    assert H == 28, f"1,016 numbers for D = 3, K = 2: 28 units fit, not {H}."
    H = answer(10, 3, 2)
    assert H == 1, f"10 numbers for D = 3, K = 2: one unit fits, not {H}."
    rng = np.random.default_rng()
    for _ in range(5):
        D, K, right = (int(n) for n in rng.integers(1, 300, 3))
        least = right * (D + right + K + 1) + K
        budget = int(rng.integers(least, least + 2 * right + D + K + 2))
        H = answer(budget, D, K)
        assert right == H, f"{budget:,} numbers for D = {D}, K = {K}: {right} units fit, not {H}."


def exercise_2(forward_step_batch: Any) -> None:
    """Compare with NumPy, and ask for the gradient of all three arrays."""
    try_step(forward_step_batch, 5, 4, 3, np.random.default_rng(1))
    rng = np.random.default_rng()
    try_step(forward_step_batch, 3, 3, 3, rng)  # where all sizes are equal, a wrong turn fits
    try_step(forward_step_batch, int(rng.integers(1, 9)), 2, 4, rng)


def try_step(forward_step_batch: Any, n_batch: int, D: int, H: int, rng: Any) -> None:
    """Try a batch of one size, with new values in the parameters."""
    model = RNN(D, H, 2)
    X, old = rng.normal(size=(n_batch, D)), rng.normal(size=(n_batch, H))
    x_t, h_prev = T.matrix("x_t"), T.matrix("h_prev")
    with fitting("x_t (B, D), Wxh (H, D), bh (H,) do not fit."):
        h = call(forward_step_batch, model, x_t, h_prev)
    assert hasattr(h, "owner"), f"return an expression, not {kind(h)}."
    for p in (model.Wxh, model.Whh, model.bh):
        p.set_value(rng.normal(size=p.get_value().shape))
    Wxh, Whh, bh = (p.get_value() for p in (model.Wxh, model.Whh, model.bh))
    try:
        got = theano.function([x_t, h_prev], h, on_unused_input="ignore")(X, old)
    except ValueError:
        raise AssertionError("x_t (B, D), Wxh (H, D), bh (H,) do not fit.") from None
    got = numbers(got, name="the new state")
    turned = n_batch != H and got.shape == (H, n_batch)
    assert not turned, "your states are (H, B): make each sequence a row."
    assert got.shape == (n_batch, H), (
        f"{n_batch} sequences and {H} units make ({n_batch}, {H}), not {got.shape}."
    )
    z = X @ Wxh.T + old @ Whh.T  # (n_batch, n_hidden)
    mistakes = {
        "the old state came back unchanged.": old,
        "where is the bias bh?": np.tanh(z),
        "where is the tanh?": z + bh,
        "turn Whh, too.": np.tanh(X @ Wxh.T + old @ Whh + bh),
    }
    for message, wrong in mistakes.items():
        assert not np.allclose(got, wrong), message
    assert np.allclose(got, np.tanh(z + bh)), (
        "with new weights the rows differ from steps of each alone: use the shared variables."
    )


def exercise_3(gru_step: Any) -> None:
    """Compare with the library's GRU for two sizes; name the usual slips."""
    try_gru(gru_step, 3, 2, np.random.default_rng(2))
    rng = np.random.default_rng()
    try_gru(gru_step, int(rng.integers(1, 6)), int(rng.integers(3, 7)), rng)


def try_gru(gru_step: Any, D: int, H: int, rng: Any) -> None:
    """Try one size."""
    model = RNN(D, H, 2, cell="gru")
    Wxh, Whh, bh = (rng.normal(size=shape) for shape in ((3 * H, D), (3 * H, H), 3 * H))
    for p, value in zip((model.Wxh, model.Whh, model.bh), (Wxh, Whh, bh)):
        p.set_value(value)
    x, old = rng.normal(size=D), rng.uniform(-1, 1, H)
    with fitting("the shapes do not fit: split p and q into three parts of H numbers."):
        h = numbers(call(gru_step, x, old, Wxh, Whh, bh), name="the new state")
    assert h.shape == (H,), f"{H} units have a state ({H},), yours is {h.shape}."
    p, q = np.split(Wxh @ x + bh, 3), np.split(Whh @ old, 3)
    r, z = sigmoid(p[0] + q[0]), sigmoid(p[1] + q[1])
    n, late = np.tanh(p[2] + r * q[2]), np.tanh(p[2] + Whh[2 * H :] @ (r * old))
    mistakes = {
        "the old state came back unchanged.": old,
        "z weights the old state, 1 - z the candidate.": z * n + (1 - z) * old,
        "your reset gate acts before the product, as in Cho et al. (2014); "
        "in (3.6) it acts after it.": (1 - z) * late + z * old,
        "the order is r, z, n.": (1 - r) * np.tanh(p[2] + z * q[2]) + r * old,
        "r should scale q_n.": (1 - z) * np.tanh(p[2] + q[2]) + z * old,
    }
    for message, wrong in mistakes.items():
        assert not np.allclose(h, wrong), message
    right = theano.function([], model.forward_step(T.constant(x), T.constant(old)))()
    assert np.allclose(h, right), "the shape is right, a value is not: read (3.6) again."


def sigmoid(a: Any) -> Any:
    """Return 1 / (1 + exp(-a))."""
    return 1 / (1 + np.exp(-a))


def exercise_4(start_Whh: Any) -> None:
    """Measure what is left of the first frame after ten steps, for three seeds and two sizes."""
    vowels = load_japanese_vowels()
    utterance = max(vowels.x_train, key=len)
    first = drawn(start_Whh, 16, 3)
    assert np.array_equal(first, drawn(start_Whh, 16, 3)), (
        "the same rng must give the same weights: draw from rng."
    )
    kept, sizes = [], []
    for seed in range(3):
        model = RNN(12, 64, 9)
        model.Whh.set_value(drawn(start_Whh, 64, seed))
        states = model.hidden_states(utterance)
        changed = utterance.copy()
        changed[0] = 0
        gap = np.linalg.norm(states - model.hidden_states(changed), axis=1)
        kept.append(gap[10] / gap[0])
        sizes.append(np.sqrt((states**2).mean()))
    middle, largest = float(np.median(kept)), float(max(sizes))
    assert largest < 0.65, f"states of size {largest:.2f} saturate the tanh."
    assert middle < 1, f"the change grows to {middle:.2f} times its size: too large."
    assert middle > 0.4, f"only {middle:.1%} of the change is left after 10 steps."


def drawn(start_Whh: Any, n_hidden: int, seed: int) -> Any:
    """Return the initial weights of an answer."""
    Whh = call(start_Whh, n_hidden, np.random.default_rng(seed))
    return numbers(Whh, (n_hidden, n_hidden), "Whh")
