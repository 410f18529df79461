"""Generate sequences: draw tokens from logits, or search the most probable sequence (NumPy only).

Introduced on the pages about names and about spelling and sound.

>>> import numpy as np
>>> from rnn_lib.sampling import beam_search, sample
>>> sample(np.array([0.0, 5.0, 0.0]), np.random.default_rng(0), top_k=1)
1
>>> def step(tokens, state):  # a model that knows one word: after token i comes i + 1
...     return np.log(np.eye(4)[np.minimum(tokens + 1, 3)] + 1e-9), state
>>> beam_search(step, np.zeros((1, 0)), start=0, end=3, width=2, max_steps=5)[0][0]
[1, 2]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rnn_lib.checks import check_count, check_number

__all__ = ["beam_search", "sample"]


def sample(
    logits: np.ndarray,
    rng: np.random.Generator,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
) -> int:
    r"""Draw by ``rng`` a token from ``logits`` z ``(n_tokens,)``: :math:`p \propto e^{z / \tau}`.

    A small ``temperature`` :math:`\tau` prefers probable tokens; ``top_k`` allows only the k best.
    Adding Gumbel noise and taking the arg max draws from the softmax without ever computing it.
    """
    check_number("temperature", temperature)
    z = np.asarray(logits, dtype="float64") / temperature
    if top_k is not None:
        z = np.where(z >= np.sort(z)[-min(check_count("top_k", top_k), len(z))], z, -np.inf)
    return int((z + rng.gumbel(size=z.shape)).argmax())


def beam_search(
    step: Callable[[np.ndarray, Any], tuple[np.ndarray, Any]],
    state: Any,
    *,
    start: int,
    end: int,
    width: int,
    max_steps: int,
) -> list[tuple[list[int], float]]:
    """Return the most probable sequences found, best first, each with its log probability in nats.

    Parameters
    ----------
    step : function
        Takes the last tokens ``(n,)`` and the state of each of n beginnings, and returns the log
        probabilities of the next token ``(n, n_tokens)`` and the next state.
    state : array (1, ...), or tuple of such arrays
        Before the first token; its first axis counts beginnings.
    start, end : int
        The token that opens, and the one that closes a sequence; neither is returned.
    width : int
        How many beginnings are kept at each step; 1 is greedy search.
    max_steps : int
        Beginnings that have not closed by then are returned as they are.
    """
    check_count("width", width)
    check_count("max_steps", max_steps)
    beginnings: list[tuple[list[int], float]] = [([], 0.0)]
    finished: list[tuple[list[int], float]] = []
    for _ in range(max_steps):
        last = np.array([tokens[-1] if tokens else start for tokens, _ in beginnings])
        log_p, state = step(last, state)
        total = np.array([score for _, score in beginnings])[:, np.newaxis] + log_p
        best = np.argsort(-total, axis=None, kind="stable")[: width - len(finished)]
        rows, tokens = np.unravel_index(best, total.shape)
        grown = [
            (row, [*beginnings[row][0], int(token)], float(total[row, token]))
            for row, token in zip(rows, tokens)
        ]
        finished += [(tokens[:-1], score) for _, tokens, score in grown if tokens[-1] == end]
        alive = [item for item in grown if item[1][-1] != end]
        beginnings = [(tokens, score) for _, tokens, score in alive]
        if not alive:
            break
        keep = [row for row, _, _ in alive]
        state = tuple(s[keep] for s in state) if isinstance(state, tuple) else state[keep]
    return sorted(finished + beginnings, key=lambda found: -found[1])
