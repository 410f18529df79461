"""Checks of the page of famous bugs: each asks again what must not change.

Where a program uses the network of the page, the check gets its shared variables, too.
"""

from typing import Any

import numpy as np

from rnn_exercises.answers import call, kind, numbers
from rnn_lib import T, theano

__all__ = [
    "exercise_1",
    "exercise_2",
    "exercise_3",
    "exercise_4",
    "exercise_5",
    "exercise_6",
]


def exercise_1(fit: Any) -> None:
    """Count the compilations, for few numbers, for many, and for a second fit after the first."""
    n_calls = compare_factors(fit, [1.0, 2.0, 1.5], [3.0, 6.0, 4.5])
    assert n_calls > 0, "compile with the function that is passed in."
    assert n_calls == 1, f"{n_calls} compilations for 3 updates: what belongs before the loop?"
    rng = np.random.default_rng()
    xs = rng.uniform(0.5, 1.5, int(rng.integers(10, 25))).tolist()
    factor = float(rng.uniform(-4, 4))
    n_calls = compare_factors(fit, xs, [factor * x for x in xs])
    assert n_calls <= 1, f"{n_calls} compilations for {len(xs)} updates."


def compare_factors(fit: Any, xs: list[float], ys: list[float]) -> int:
    """Complain if the factor is not that of gradient descent; return the number of compilations."""
    calls = []

    def compile_function(*arguments: Any, **options: Any) -> Any:
        calls.append(1)
        return theano.function(*arguments, **options)

    right = 0.0
    for x, y in zip(xs, ys):
        right -= 0.2 * (right * x - y) * x
    w = float(numbers(call(fit, xs, ys, compile_function), (), "the factor"))
    assert np.isclose(w, right), (
        f"after {len(xs)} updates from 0 the factor is {right:.3f}, not {w:.3f}."
    )
    return len(calls)


def exercise_2(probabilities: Any, Why: Any) -> None:
    """Ask for the states of the page, for each of them alone, for huge ones and random ones."""
    n_classes, n_hidden = Why.get_value().shape
    h = T.matrix("h")
    layer = compiled([h], call(probabilities, h))
    states = np.random.default_rng(5).uniform(-1, 1, (3, n_hidden))
    p = numbers(layer(states), name="the result")
    assert p.shape != (n_classes, 3), f"3 utterances are 3 rows: transpose {p.shape}."
    assert p.shape == (3, n_classes), (
        f"3 utterances and {n_classes} classes make {(3, n_classes)}, not {p.shape}."
    )
    total = float(p[0].sum())
    assert np.allclose(p.sum(axis=1), 1), (
        f"the probabilities of the first utterance add up to {total:.3f}."
    )
    alone = np.concatenate([layer(states[k : k + 1]) for k in range(3)])
    assert np.allclose(p, alone), "they add up to 1, and still depend on the neighbours."
    assert np.allclose(p, softmax(states @ Why.get_value().T)), (
        "no neighbour matters, but these are not the softmax of Why times each state."
    )
    rng = np.random.default_rng()
    for size in (5000, 1):
        many = size * rng.uniform(-1, 1, (int(rng.integers(4, 12)), n_hidden))
        p = numbers(layer(many), (len(many), n_classes), f"the result for {len(many)} states")
        assert np.isfinite(p).all(), "states times 5000 give NaN: T.nnet.softmax can do it."
        assert np.allclose(p, softmax(many @ Why.get_value().T)), (
            f"right for 3 states, not for {len(many)} random ones."
        )


def exercise_3(last_states: Any, Wxh: Any, Whh: Any) -> None:
    """Compare with NumPy for four sequences, for one, and for a random number of them."""
    n_hidden, n_features = Wxh.get_value().shape
    x = T.tensor3("x")
    run = compiled([x], call(last_states, x))
    rng = np.random.default_rng()
    sizes = [(4, 6), (1, 6), (3, 9), tuple(int(n) for n in rng.integers(2, 20, 2))]
    for n_batch, n_steps in sizes:
        sequences = rng.normal(size=(n_batch, n_steps, n_features))
        try:
            h = numbers(run(sequences), name="the result")
        except ValueError:
            raise AssertionError("h_0 needs one row for each sequence.") from None
        batch = "1 sequence" if n_batch == 1 else f"{n_batch} sequences"
        asked = f"{batch} of {n_steps} steps: {(n_batch, n_hidden)}, not {h.shape}."
        assert h.ndim != 3, f"{asked} Return the last states alone."
        assert len(h) != 4 or n_batch == 4, f"{asked} Take the number of sequences from x."
        assert h.shape == (n_batch, n_hidden), f"{asked} Which axis does scan walk?"
        turned = states_of(sequences[:, ::-1], Wxh, Whh)
        assert not np.allclose(h, turned), "the steps are read from the last to the first."
        assert np.allclose(h, states_of(sequences, Wxh, Whh)), (
            "the shape is right, and the sequences are mixed."
            if (n_batch, n_steps) == sizes[0]
            else f"right for 4 sequences of 6 steps, not for {n_batch} of {n_steps}."
        )


def states_of(sequences: np.ndarray, Wxh: Any, Whh: Any) -> np.ndarray:
    """Return the last states (n_batch, n_hidden), in NumPy."""
    h = np.zeros((len(sequences), len(Whh.get_value())))
    for t in range(sequences.shape[1]):
        h = np.tanh(sequences[:, t] @ Wxh.get_value().T + h @ Whh.get_value().T)
    return h


def exercise_4(masked_mean: Any) -> None:
    """Compare with the mean of the real losses, whatever the padding holds."""
    losses, mask = T.matrix("losses"), T.matrix("mask")
    mean = compiled([losses, mask], call(masked_mean, losses, mask))
    real = np.array([[1.0, 4.0], [2.0, 9.9], [3.0, 9.9]])
    real_mask = np.array([[1.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    more = (0, 9), (0, 0)
    short = one_loss(mean(real, real_mask))
    long = one_loss(mean(np.pad(real, more), np.pad(real_mask, more)))
    assert not np.isclose(short, real.mean()), "the padding counts: where is the mask?"
    assert np.isclose(short, long), (
        f"{short:.3f} becomes {long:.3f} with more padding: by what do you divide?"
    )
    assert not np.isclose(short, 10), "10 is the sum of the losses: take the mean."
    assert not np.isclose(short, 3), "3 is the mean of the sequences' means: count every step once."
    assert np.isclose(short, 2.5), f"the four real losses have the mean 2.5, not {short:.3f}."
    for padding in (np.inf, np.nan):
        value = one_loss(mean(np.where(real_mask, real, padding), real_mask))
        assert np.isclose(value, 2.5), (
            f"with {padding} in the padding the mean is {value}: zero times {padding} is not zero."
        )

    rng = np.random.default_rng()
    n_steps, n_batch = (int(n) for n in rng.integers(3, 12, 2))
    lengths = rng.integers(1, n_steps + 1, n_batch)
    lengths[:2] = n_steps, 1
    counts = np.arange(n_steps)[:, np.newaxis] < lengths
    values = rng.uniform(0, 3, (n_steps, n_batch))
    value, right = one_loss(mean(values, counts.astype(float))), values[counts].mean()
    assert np.isclose(value, right), (
        f"{n_batch} sequences of 1 to {n_steps} steps: {right:.3f}, not {value:.3f}."
    )


def one_loss(value: Any) -> float:
    """Return a compiled mean as a float; complain if it is not one number."""
    value = numbers(value, name="the result")
    assert value.shape == (), f"return one number, the mean, not an array {value.shape}."
    return float(value)


def exercise_5(stream_slopes: Any) -> None:
    """Compare with backpropagation by hand, for chunks that fill the stream and others."""
    stream = np.random.default_rng(8).uniform(0.2, 1, 12)
    slopes = all_slopes(stream_slopes, stream, 4)
    n_zero = int((slopes == 0).sum())
    assert n_zero == 0, f"{n_zero} steps have a slope of zero: they teach nothing."
    assert not np.allclose(slopes, slopes_by_hand(stream, 12)), "nothing was cut."
    assert not np.allclose(slopes, slopes_by_hand(stream, 4, carried=False)), (
        "every chunk starts at zero: carry the state."
    )
    right = slopes_by_hand(stream, 4)
    assert np.allclose(slopes[:4], right[:4]), "the first chunk is wrong."
    assert np.allclose(slopes, right), "the first chunk is right: which state goes on?"

    rng = np.random.default_rng()
    longer = int(rng.integers(20, 40))
    for n, k in ((10, 4), (12, 5), (12, 50), (longer, int(rng.integers(3, 19)))):
        stream = rng.uniform(0.2, 1, n)
        slopes = all_slopes(stream_slopes, stream, k)
        assert np.allclose(slopes, slopes_by_hand(stream, k)), (
            f"right for 12 steps in chunks of 4, not for {n} steps in chunks of {k}."
        )


def all_slopes(stream_slopes: Any, stream: np.ndarray, k: int) -> np.ndarray:
    """Return the slopes of an answer; complain if there is not one for each step."""
    slopes = numbers(call(stream_slopes, stream, k), name="the result")
    n = len(stream)
    assert slopes.shape == (n,), (
        f"{n} steps have {n} slopes, and yours in chunks of {k} have the shape {slopes.shape}."
    )
    return slopes


def slopes_by_hand(stream: np.ndarray, k: int, carried: bool = True) -> np.ndarray:
    """Return the gradient of the sum of h_t^2, cut at every k-th step."""
    slopes, state = [], 0.0
    for start in range(0, len(stream), k):
        h = [state if carried else 0.0]
        for a_t in stream[start : start + k]:
            h.append(np.tanh(a_t + 0.9 * h[-1]))
        da, chunk = 0.0, []
        for h_t in h[:0:-1]:
            da = (1 - h_t**2) * (2 * h_t + 0.9 * da)
            chunk.append(da)
        slopes += chunk[::-1]
        state = h[-1]
    return np.array(slopes)


def exercise_6(stable: Any, Wxh: Any, Whh: Any) -> None:
    """Compare loss and gradient with those by hand, for ordinary weights and for huge ones."""
    x, y, W = T.matrix("x"), T.ivector("y"), T.matrix("W")
    cost = symbol(call(stable, x, y, W))
    assert cost.ndim == 0, f"return one number, the mean, not an array of {cost.ndim} axes."
    run = compiled([x, y, W], cost, T.grad(cost, W))

    def compare(frames: np.ndarray, labels: np.ndarray, weights: np.ndarray, name: str) -> None:
        loss, slope = (numbers(value) for value in run(frames, labels, weights))
        h = states_over_time(frames, Wxh, Whh)
        right, right_slope = loss_by_hand(h, labels, weights)
        assert np.isfinite(loss), f"with {name} the loss is {loss}."
        assert np.isfinite(slope).all(), f"with {name} the loss is finite, and its gradient is not."
        assert np.isclose(loss, right), (
            f"with {name} the loss is {right:.3f}, not {loss:.3f}: clip nothing, and add nothing."
            if np.abs(weights).max() > 10
            else f"with {name} the loss is {right:.3f}, not {loss:.3f}."
        )
        assert np.allclose(slope, right_slope, rtol=1e-4), (
            f"with {name} the loss is right, and its gradient is not: it must also lead back from "
            "a probability of 0."
        )

    n_hidden, n_features = Wxh.get_value().shape
    frames = np.random.default_rng(6).normal(size=(6, n_features))
    labels = np.array([0, 1, 0, 1, 0, 1], dtype="int32")
    weights = np.random.default_rng(3).normal(size=(2, n_hidden))
    compare(frames, labels, weights, "ordinary weights")
    compare(frames, labels, 5000 * weights, "weights times 5000")
    compare(frames, 1 - labels, 5000 * weights, "weights times 5000")
    rng = np.random.default_rng()
    n_steps, n_classes = (int(n) for n in rng.integers(3, 12, 2))
    frames = rng.normal(size=(n_steps, n_features))
    labels = rng.integers(0, n_classes, n_steps).astype("int32")
    for size in (1, 100):
        weights = size * rng.normal(size=(n_classes, n_hidden))
        compare(frames, labels, weights, f"{n_steps} random frames and {n_classes} classes")


def states_over_time(frames: np.ndarray, Wxh: Any, Whh: Any) -> np.ndarray:
    """Return the states (n_steps, n_hidden) of one sequence, in NumPy."""
    h, states = np.zeros(len(Whh.get_value())), []
    for x_t in frames:
        h = np.tanh(Wxh.get_value() @ x_t + Whh.get_value() @ h)
        states.append(h)
    return np.array(states)


def loss_by_hand(
    h: np.ndarray, labels: np.ndarray, weights: np.ndarray
) -> tuple[float, np.ndarray]:
    """Return the mean cross-entropy and its gradient with respect to the output weights."""
    z, steps = h @ weights.T, np.arange(len(h))
    z = z - z.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    d = np.exp(log_p)
    d[steps, labels] -= 1
    return float(-log_p[steps, labels].mean()), d.T @ h / len(h)


def softmax(z: np.ndarray) -> np.ndarray:
    """Return the softmax of each row, in NumPy."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def symbol(value: Any) -> Any:
    """Return a symbolic answer; complain about anything else."""
    assert hasattr(value, "owner"), f"return an expression of Theano, not {kind(value)}."
    return value


def compiled(inputs: list[Any], answer: Any, *others: Any) -> Any:
    """Compile a symbolic answer, also where it does not use all inputs."""
    outputs = [symbol(answer), *others] if others else symbol(answer)
    return theano.function(inputs, outputs, on_unused_input="ignore")
