"""Checks of the page about names: units, the two knobs of sampling, a stream, a mixture."""

from typing import Any

import numpy as np

from rnn_exercises.answers import call, kind, numbers

__all__ = ["exercise_1", "exercise_2", "exercise_3", "exercise_4"]


def exercise_1(convert: Any) -> None:
    """Convert the loss of 8 equal letters, of one nat, and a random one."""
    for nats in (np.log(8), 1.0, float(np.random.default_rng().uniform(0.1, 4))):
        answer = numbers(call(convert, nats), name="the answer")
        assert answer.shape == (2,), "return two numbers: bits and perplexity."
        bits, perplexity = (float(value) for value in answer)
        assert not np.isclose(bits, nats * np.log(2)), (
            "a bit is smaller than a nat, so there must be more bits than nats: divide."
        )
        right = nats / np.log(2)
        assert np.isclose(bits, right), f"{nats:.3f} nats are {right:.3f} bits, not {bits:.3f}."
        assert not np.isclose(perplexity, 2**nats), (
            "2 to the power of nats mixes two units: use e with nats, or 2 with bits."
        )
        right = np.exp(nats)
        assert np.isclose(perplexity, right), (
            f"the perplexity of {nats:.3f} nats is {right:.3f}, not {perplexity:.3f}."
        )


def exercise_2(knobs: Any) -> None:
    """Turn each knob alone, then both, for logits in any order and of any size."""

    def turned(z: Any, temperature: float, top_k: int) -> Any:
        return numbers(call(knobs, z, temperature, top_k), np.shape(z), "the result")

    z = np.log([0.6, 0.3, 0.1])
    p = turned(z, 1.0, 3)
    assert np.allclose(p, [0.6, 0.3, 0.1]), "at temperature 1 with all tokens, keep softmax(z)."
    cold = turned(z, 0.5, 3)
    assert cold[0] > 0.6, "a temperature below 1 must favour the best token: divide by it."
    assert np.allclose(cold, np.array([36, 9, 1]) / 46), (
        f"temperature 0.5 gives {np.round(cold, 3)}, not 36/46, 9/46 and 1/46."
    )
    top = turned(z, 1.0, 2)
    assert top[2] == 0, "top_k=2 must leave the third token no probability."
    assert np.isclose(top.sum(), 1), f"the probabilities add up to {top.sum():.2f}, not to 1."
    top = turned(z[::-1], 1.0, 2)
    assert top[0] == 0, "top_k keeps the best tokens, wherever they are, not the first ones."
    huge = turned(np.array([1000.0, 0.0]), 1.0, 2)
    assert np.allclose(huge, [1, 0]), "logits of 1000 overflow: subtract the largest first."
    rng = np.random.default_rng()
    z, temperature = rng.normal(0, 3, int(rng.integers(5, 12))), float(rng.uniform(0.3, 3))
    top_k = int(rng.integers(2, len(z)))
    kept = np.where(z >= np.sort(z)[-top_k], z, -np.inf) / temperature
    right = np.exp(kept - kept.max())
    given = z.copy()
    got = numbers(knobs(given, temperature, top_k), z.shape, "the result")
    assert np.array_equal(given, z), "your function changes the logits that it is given."
    assert np.allclose(got, right / right.sum()), (
        f"{len(z)} random logits, temperature {temperature:.2f}, top_k {top_k}: not these."
    )


def exercise_3(chunks: Any) -> None:
    """Cut streams whose tokens tell their place, and a random one."""
    pairs = cut(chunks, np.arange(25), 2, 4)
    assert len(pairs) == 3, f"24 inputs in 2 streams give 3 chunks of 4, not {len(pairs)}."
    x, y = pairs[0]
    assert x.shape != (2, 4), "time comes first: the shape is (n_steps, n_streams)."
    assert x.shape == (4, 2), f"a chunk has the shape (4, 2), and yours {x.shape}."
    assert not np.array_equal(x.ravel(), np.arange(8)), (
        "neighbours of the stream are in one row: each column must be a run of it."
    )
    assert np.array_equal(y, x + 1), "y must be the token after x, at every place."
    assert np.array_equal(x[:, 1], [12, 13, 14, 15]), "the second column starts at 12."
    after = pairs[1][0]
    assert after[0, 0] == 4, f"column 0 must go on with 4, and goes on with {after[0, 0]:g}."
    longer = cut(chunks, np.arange(28), 2, 4)
    assert len(longer) == 3, "27 inputs in 2 streams leave a step over: leave it out."
    even = cut(chunks, np.arange(24), 2, 4)
    assert len(even) == 2, "the last token has no next one: 24 tokens have 23 inputs."
    rng = np.random.default_rng()
    n_streams, n_steps, n_chunks = (int(n) for n in rng.integers(2, 6, 3))
    length = n_steps * n_chunks + int(rng.integers(n_steps))
    stream = rng.integers(0, 27, n_streams * length + 1)
    pairs = cut(chunks, stream, n_streams, n_steps)
    assert len(pairs) == n_chunks, (
        f"{len(stream)} tokens, {n_streams} streams, {n_steps} steps: "
        f"{n_chunks} chunks, not {len(pairs)}."
    )
    for side, first in ((0, 0), (1, 1)):
        right = stream[first : first + n_streams * length].reshape(n_streams, length).T
        got = np.concatenate([pair[side] for pair in pairs])
        assert np.array_equal(got, right[: n_steps * n_chunks]), (
            f"{'xy'[side]} of a random stream of {len(stream)} tokens is not cut as it should be."
        )


def cut(chunks: Any, stream: Any, n_streams: int, n_steps: int) -> list[tuple[Any, Any]]:
    """Return the pairs of an answer; a generator is as good as a list."""
    answer = call(chunks, stream, n_streams, n_steps)
    assert np.iterable(answer), f"return a list of pairs, not {kind(answer)}."
    pairs = [tuple(pair) if np.iterable(pair) else () for pair in answer]
    assert all(len(pair) == 2 for pair in pairs), "each chunk is a pair (x, y)."
    found = [(numbers(x, name="x"), numbers(y, name="y")) for x, y in pairs]
    assert all(x.ndim == y.ndim == 2 for x, y in found), "x and y must have two axes each."
    return found


def exercise_4(best_share: Any) -> None:
    """Compare with the loss of all 101 shares, for a few letters and for many."""

    def shared(p: Any, q: Any) -> float:
        share = float(numbers(call(best_share, p, q), (), "the share"))
        assert 0 <= share <= 1, f"a share is between 0 and 1, and yours is {share}."
        return share

    p, q = np.array([0.8, 0.8, 0.05, 0.8]), np.array([0.3, 0.3, 0.6, 0.3])
    share = shared(p, q)
    assert not np.isclose(share, 0.33, atol=0.02), "the share is that of p, not of q."
    assert not np.isclose(share, 1), (
        "the mean probability is largest there; which share has the smallest mean of -log?"
    )
    assert np.isclose(share, 0.67, atol=0.005), (
        f"the mean of -log is least at a share of 0.67, and yours is {share:.2f}."
    )
    assert np.isclose(shared(p, q / 100), 1.0), "a hopeless q should get no share at all."
    p, q = np.random.default_rng().uniform(0.05, 0.9, (2, 500))
    losses = [-np.log(w * p + (1 - w) * q).mean() for w in np.arange(101) / 100]
    right, share = float(np.argmin(losses) / 100), shared(p, q)
    assert np.isclose(share, right, atol=0.015), (
        f"on 500 random letters the best share is {right:.2f}, and yours {share:.2f}."
    )
