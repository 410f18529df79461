"""Generate sequences: draw tokens, one or many, or search the most probable sequence (NumPy only).

Introduced on the pages about names and about spelling and sound.

>>> import numpy as np
>>> from rnn_lib.sampling import beam_search, sample
>>> sample(np.array([0.0, 5.0, 0.0]), np.random.default_rng(0), top_k=1)
1
>>> def step(tokens, state):  # a model that knows one word: after token i comes i + 1
...     return np.log(np.eye(4)[np.minimum(tokens + 1, 3)] + 1e-9), state
>>> beam_search(step, np.zeros((1, 0)), start=0, end=3, width=2, max_steps=5)[0][0]
[1, 2]

Of a network, :func:`generate` draws a whole sequence:

>>> from rnn_lib import RNN
>>> from rnn_lib.sampling import generate
>>> model = RNN(4, 8, 4, embedding_size=3, readout="all")
>>> model.Why.set_value(np.zeros((4, 8)))  # the last token is as good as sure, whatever came before
>>> model.by.set_value(np.array([0.0, 0.0, 0.0, 50.0]))
>>> generate(model, [0], 5, np.random.default_rng(0))
array([3, 3, 3, 3, 3])
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from rnn_lib.checks import (
    check_array,
    check_choice,
    check_count,
    check_indices,
    check_number,
    check_rng,
)
from rnn_lib.engine import should_compile
from rnn_lib.kernel_parts import product
from rnn_lib.kernels import gru_forward, lstm_forward, tanh_forward

__all__ = ["beam_search", "generate", "sample"]


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
    check_rng(rng, "gumbel")
    z = check_array("logits", logits, finite=False).astype("float64")
    if z.ndim != 1 or not z.size:
        raise ValueError(f"logits must have the shape (n_tokens,), got {z.shape}.")
    if np.isnan(z).any() or not z.max() > -np.inf:
        raise ValueError("logits must be numbers, one of them above -inf, got NaN or -inf alone.")
    z = z / temperature
    if top_k is not None:
        z = np.where(z >= np.sort(z)[-min(check_count("top_k", top_k), len(z))], z, -np.inf)
    return int((z + rng.gumbel(size=z.shape)).argmax())


def generate(
    model: Any,
    prompt: Any,
    n_tokens: int,
    rng: np.random.Generator,
    *,
    temperature: float = 1.0,
    end: int | None = None,
) -> np.ndarray:
    """Draw by ``rng`` the tokens that follow ``prompt``, each from what `model` says of all before.

    They are those that :func:`sample` draws token by token from the logits; but here one loop runs
    through the whole sequence, and all noise is drawn before it begins.

    Parameters
    ----------
    model : RNN
        With an embedding, one layer, ``readout="all"`` and ``output="softmax"``; not bidirectional.
    prompt : list or array of int, (n_steps,)
        What the sequence begins with: at least one token.
    n_tokens : int
        How many to draw.
    temperature : float
        As of :func:`sample`.
    end : int, optional
        The token that closes the sequence.

    Returns
    -------
    tokens : int64 array (n_tokens,)
        Without the prompt; shorter where ``end`` was drawn, which is not among them.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, or the option of ``model``, that is wrong.
    """
    if not hasattr(model, "embedding_size"):
        raise TypeError(f"model must be an RNN, got {type(model).__name__}.")
    check_rng(rng, "gumbel")
    known = ["tanh", "lstm", "gru"]
    needed: dict[str, list[Any]] = {"cell": known, "layers": [1], "bidirectional": [False]}
    needed |= {"readout": ["all"], "output": ["softmax"], "output_size": [model.input_size]}
    for name, values in needed.items():
        check_choice(f"{name} of the model", getattr(model, name), values)
    if model.embedding_size is None:
        raise ValueError("embedding_size of the model must be a number, got None.")
    prompt = check_array("prompt", prompt)
    if prompt.ndim != 1 or not len(prompt):
        expected = "prompt must have the shape (n_steps,) and at least one step"
        raise ValueError(f"{expected}, got {prompt.shape}.")
    prompt = check_indices("prompt", prompt, model.input_size)
    check_count("n_tokens", n_tokens)
    check_number("temperature", temperature)
    if end is not None:
        check_count("end", end, least=0)
        check_indices("end", end, model.output_size)
    E, Wxh, bh, Whh, Why, by = (
        getattr(model, name).get_value(borrow=True)
        for name in ("E", "Wxh", "bh", "Whh", "Why", "by")
    )
    noise = temperature * rng.gumbel(size=(n_tokens, len(by)))  # z / tau + noise has this arg max
    biases = (by + noise).astype(by.dtype)
    draw = _compiled_draw() if should_compile() else _draw
    W, W_out = np.ascontiguousarray(Whh.T), np.ascontiguousarray(Why.T)
    return draw(model.cell, prompt, E @ Wxh.T + bh, W, W_out, biases, -1 if end is None else end)


def _draw(
    cell: str,
    prompt: np.ndarray,
    table: np.ndarray,
    W: np.ndarray,
    W_out: np.ndarray,
    biases: np.ndarray,
    end: int,
) -> np.ndarray:
    """Run the loop of :func:`generate`, with the kernels for one step of one sequence.

    ``table`` has a row :math:`W_{xh} x + b_h` for each token, ``biases`` a row for each draw:
    ``by`` and the noise.  ``W`` and ``W_out`` are ``Whh`` and ``Why``, transposed.
    """
    n_read, mask = len(prompt), np.ones((1, 1), np.int8)
    tokens = np.empty(n_read + len(biases), np.int64)
    tokens[:n_read] = prompt
    h = c = np.zeros((1, 1, len(W)), table.dtype)
    logits = np.empty_like(biases[:1])
    for t in range(len(tokens) - 1):
        p = table[tokens[t] : tokens[t] + 1].reshape((1, 1, table.shape[1]))
        if cell == "tanh":
            (h,) = tanh_forward(p, W, h[0], mask)
        elif cell == "lstm":
            h, _, c = lstm_forward(p, W, np.concatenate((h[0], c[0]), axis=1), mask)
        else:
            h, _, _ = gru_forward(p, W, h[0], mask)
        if t + 1 >= n_read:
            product(h[0], W_out, logits)
            token = (logits[0] + biases[t + 1 - n_read]).argmax()
            if token == end:
                return tokens[n_read : t + 1]
            tokens[t + 1] = token
    return tokens[n_read:]


@functools.cache
def _compiled_draw() -> Any:
    from rnn_lib.compiled import njit

    return njit(_draw)


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

    ``step`` takes the last tokens ``(n,)`` and the state of each of n beginnings, and returns the
    log probabilities of the next token ``(n, n_tokens)`` and the next state.  ``state`` is that
    before the first token: an array ``(1, ...)`` or a tuple of them, whose first axis counts
    beginnings.  The tokens ``start`` and ``end`` open and close a sequence; neither is returned.
    ``width`` beginnings are kept at each step (1 is greedy search), and those that have not closed
    after ``max_steps`` are returned as they are.
    """
    check_count("width", width)
    check_count("max_steps", max_steps)
    check_count("start", start, least=0)
    check_count("end", end, least=0)
    if not callable(step):
        raise TypeError(f"step must be a function, got {step!r}.")
    state = _as_state("state", state)
    beginnings: list[tuple[list[int], float]] = [([], 0.0)]
    finished: list[tuple[list[int], float]] = []
    for _ in range(max_steps):
        last = np.array([tokens[-1] if tokens else start for tokens, _ in beginnings])
        answer = step(last, state)
        if not isinstance(answer, (tuple, list)) or len(answer) != 2:
            expected = "step must return a pair (log probabilities, state)"
            raise TypeError(f"{expected}, got {type(answer).__name__}.")
        log_p, state = _log_probabilities(answer[0], len(last), end), _as_state("state", answer[1])
        total = np.array([[score] for _, score in beginnings]) + log_p
        best = np.argsort(-total, axis=None, kind="stable")[: width - len(finished)]
        grown, kept = [], []
        for row, token in zip(*np.unravel_index(best, total.shape)):
            tokens, score = beginnings[row][0], float(total[row, token])
            if token == end:
                finished.append((tokens, score))
            else:
                grown.append(([*tokens, int(token)], score))
                kept.append(row)
        beginnings = grown
        if not kept:
            break
        state = tuple(s[kept] for s in state) if isinstance(state, tuple) else state[kept]
    return sorted(finished + beginnings, key=lambda found: -found[1])


def _as_state(name: str, state: Any) -> Any:
    """Return an array, or a tuple of arrays; a list of arrays becomes one."""
    if isinstance(state, (tuple, list)):
        return tuple(_as_state(f"{name}[{i}]", part) for i, part in enumerate(state))
    array = np.asarray(state)
    if array.ndim == 0:
        expected = f"{name} must be an array whose first axis counts beginnings"
        raise TypeError(f"{expected}, got {state!r}.")
    return array


def _log_probabilities(values: Any, n: int, end: int) -> np.ndarray:
    log_p = check_array("log probabilities of step", values, finite=False)
    if log_p.ndim != 2 or len(log_p) != n or log_p.shape[1] <= end:
        expected = f"step must return log probabilities ({n}, n_tokens) with more than {end} tokens"
        raise ValueError(f"{expected}, got the shape {log_p.shape}.")
    if np.isnan(log_p).any():
        raise ValueError("step must return log probabilities, got NaN.")
    return log_p
