"""Checks of chapter 6: a network in NumPy alone, another layout, a network that answers early."""

from typing import Any

import numpy as np

from rnn_exercises.answers import call, fitting, kind, numbers
from rnn_exercises.vowels import renamed, scaled, share_right
from rnn_lib import RNN

__all__ = ["exercise_1", "exercise_2", "exercise_3"]


def exercise_1(probabilities: Any) -> None:
    """Compare with (3.1) and (3.2), for networks of two sizes, and for huge logits."""
    arrays, x = network_of(12, 32, 9, np.random.default_rng(1))
    with fitting("sizes do not fit: take x row by row."):
        yours = numbers(call(probabilities, arrays, x), name="the result")
    assert yours.shape == (9,), f"the shape should be (9,), not {yours.shape}."
    assert abs(yours.sum() - 1) < 1e-5, "probabilities add up to 1: where is the softmax?"
    for name in ("Whh", "bh", "by"):
        without = numbers(call(probabilities, {**arrays, name: 0 * arrays[name]}, x))
        same = np.allclose(yours, without, rtol=0, atol=1e-9)
        assert not same, f"{name} changes nothing in yours: where does it act?"
    mistakes = {
        "that is too sure: where is the tanh?": forward(arrays, x, tanh=lambda a: a),
        "Whh is turned: the state is a column, Whh @ h.": forward(
            {**arrays, "Whh": arrays["Whh"].T}, x
        ),
        "these are the probabilities after the first frame.": forward(arrays, x[:1]),
        "x is read from its end to its beginning.": forward(arrays, x[::-1]),
    }
    for message, wrong in mistakes.items():
        assert not np.allclose(yours, wrong, rtol=0, atol=1e-5), message
    assert np.allclose(yours, forward(arrays, x), rtol=0, atol=1e-5), (
        "the numbers differ: compare each line with the equations."
    )

    high = numbers(call(probabilities, {**arrays, "by": arrays["by"] + 1000}, x))
    assert np.isfinite(high).all(), (
        "logits of 1000 give NaN: subtract the largest one before the exponential."
    )
    assert np.allclose(high, yours, atol=1e-3), "1000 added to all logits should change nothing."

    rng = np.random.default_rng()
    n_features, n_units, n_classes = (int(n) for n in rng.integers(2, 8, 3))
    arrays, x = network_of(n_features, n_units, n_classes, rng)
    n_hidden, n_inputs = arrays["Wxh"].shape
    size = f"a network of {n_hidden} units that reads {n_inputs} features"
    with fitting(f"sizes do not fit in {size}: take them from the arrays that the function gets."):
        yours = numbers(call(probabilities, arrays, x), arrays["by"].shape, "the result")
    assert np.allclose(yours, forward(arrays, x), rtol=0, atol=1e-5), (
        f"the numbers differ for {size}: use only the arrays that the function gets."
    )


def network_of(
    n_inputs: int, n_hidden: int, n_classes: int, rng: np.random.Generator
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the five arrays of an untrained network, and ten frames for it to read."""
    shapes = {
        "Wxh": (n_hidden, n_inputs),
        "Whh": (n_hidden, n_hidden),
        "Why": (n_classes, n_hidden),
        "bh": (n_hidden,),
        "by": (n_classes,),
    }
    arrays = {name: rng.normal(size=shape) / np.sqrt(shape[-1]) for name, shape in shapes.items()}
    return arrays, rng.normal(size=(10, n_inputs))


def forward(arrays: dict[str, np.ndarray], x: np.ndarray, tanh: Any = np.tanh) -> np.ndarray:
    """Return the probabilities after the last frame of one utterance."""
    h = np.zeros(len(arrays["bh"]))
    for x_t in x:
        h = tanh(arrays["Wxh"] @ x_t + arrays["Whh"] @ h + arrays["bh"])
    z = arrays["Why"] @ h + arrays["by"]
    e = np.exp(z - z.max())
    return e / e.sum()


def exercise_2(to_row_layout: Any) -> None:
    """Compare K, R and b with what they must do to a row vector."""
    rng = np.random.default_rng()
    for n_inputs, n_hidden, seed in ((12, 32, 2), (3, 5, rng), (4, 4, rng)):
        arrays, _ = network_of(n_inputs, n_hidden, 9, np.random.default_rng(seed))
        layout = call(to_row_layout, arrays)
        assert np.iterable(layout), f"return K, R and b, three arrays, not {kind(layout)}."
        layout = list(layout)
        assert len(layout) == 3, f"return K, R and b, three arrays, not {len(layout)}."
        K, R, b = (numbers(array, name=name) for array, name in zip(layout, "KRb"))
        shape = n_inputs, n_hidden
        assert K.shape == shape, f"K should be {shape}: from input to units, not {K.shape}."
        shape = n_hidden, n_hidden
        assert R.shape == shape, f"R should be {shape}, not {R.shape}."
        assert b.shape == (n_hidden,), f"b should be {(n_hidden,)}, not {b.shape}."
        Wxh, Whh, bh = (arrays[name] for name in ("Wxh", "Whh", "bh"))
        assert np.allclose(K, Wxh.T), "K must turn an input as the Wxh of `arrays` does."
        assert np.allclose(b, bh), "b is added to the units, as the bh of `arrays` is."
        assert not np.allclose(R, Whh), "K and b are right, but the state goes astray: turn R, too."
        assert np.allclose(R, Whh.T), "K and b are right, but R is not made of Whh."


def exercise_3(train_early: Any) -> None:
    """Train on the utterances for learning, with speakers renumbered, and ask those for validation.

    A nearest mean passes only one of the two bars, whichever frames its centres come from.
    """
    x_train, y_train, x_valid, y_valid = scaled()
    names = renamed(np.random.default_rng())
    network = call(train_early, x_train, names[y_train])
    assert isinstance(network, RNN), f"return a trained network, an RNN, not {kind(network)}."
    early = share_right(network, [x[:7] for x in x_valid], names[y_valid])
    whole = share_right(network, x_valid, names[y_valid])
    found = f"after 7 frames {early:.0%}, on whole utterances {whole:.0%} of the validation set"
    assert max(early, whole) > 0.3, (
        "train the network inside the function, on its x_train and y_train."
    )
    assert early > 0.8, f"{found}; over 80 % is asked for after 7."
    assert whole > 0.85, f"{found}: better early, but whole utterances lost (over 85 %)."
