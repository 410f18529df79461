"""Checks of chapter 1: right answers in every form, and the reason why wrong ones are wrong."""

import numpy as np
import pytest

CORRECT = "Correct: exercise {} is solved.\n"
SHAPES = {"x": (5, 26), "Wxh": (16, 26), "Whh": (16, 16)}
SHAPES |= {"bh": (16,), "states": (5, 16), "Why": (2, 16)}


@pytest.mark.parametrize(
    "answer",
    [
        SHAPES,
        {name: list(shape) for name, shape in SHAPES.items()},
        {name: tuple(np.int64(n) for n in shape) for name, shape in SHAPES.items()},
    ],
)
def test_shapes_right(said, answer):
    assert said("1.1", answer) == CORRECT.format("1.1")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Wxh": None}, "the shape of Wxh is still None"),
        ({"Wxh": (26, 16)}, "the shape of Wxh is transposed"),
        ({"bh": (5, 16)}, "bh must not depend on the length"),
        ({"bh": 16}, "write the shape of bh as a tuple"),
        ({"bh": (16, 1)}, "the number of axes of bh is 1, not 2"),
        ({"Why": (3, 16)}, "Why is not (3, 16)"),
        ({"x": "five"}, "write the shape of x as a tuple"),
    ],
)
def test_shapes_wrong(said, change, reason):
    assert reason in said("1.1", SHAPES | change)


def test_shapes_of_another_kind(said):
    assert said("1.1", None) == "Not yet: expected the dictionary of shapes, got None.\n"
    assert said("1.1", {"x": (5, 26)}) == "Not yet: the shape of Wxh is missing.\n"


def step(x_t, h_prev, Wxh, Whh, bh):
    return np.tanh(Wxh @ x_t + Whh @ h_prev + bh)


def step_batch(x_t, h_prev, Wxh, Whh, bh):
    return np.tanh(x_t @ Wxh.T + h_prev @ Whh.T + bh)


def by_einsum(x_t, h_prev, Wxh, Whh, bh):
    return np.tanh(np.einsum("bd,hd->bh", x_t, Wxh) + np.einsum("bj,ij->bi", h_prev, Whh) + bh)


@pytest.mark.parametrize("answer", [step_batch, by_einsum])
def test_step_batch_right(said, answer):
    assert said("1.2", answer) == CORRECT.format("1.2")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda x, h, Wxh, Whh, bh: np.tanh(x @ Wxh.T + h @ Whh + bh), "must be transposed"),
        (lambda x, h, Wxh, Whh, bh: step_batch(x, h, Wxh, Whh, bh).squeeze(), "(1, 2)"),
        (lambda x, h, *w: np.array([step(x[k], h[k], *w) for k in range(4)]), "IndexError"),
        (lambda x, h, Wxh, Whh, bh: x @ Wxh.T + h @ Whh.T + bh, "the tanh is missing"),
        (lambda x, h, Wxh, Whh, bh: np.tanh(x @ Wxh.T + h @ Whh.T), "the bias is missing"),
        (lambda x, h, Wxh, Whh, bh: np.tanh(x @ Wxh.T + bh), "the old state is missing"),
        (lambda x, h, *w: step_batch(x, h, *w).T, "so transpose"),
        (lambda x, h, Wxh, Whh, bh: np.tanh(x @ Wxh + h @ Whh + bh), "the sizes do not fit"),
        (lambda x, h, *w: "text", "should be made of numbers"),
    ],
)
def test_step_batch_wrong(said, answer, reason):
    assert reason in said("1.2", answer)


RIGHT = (np.array([[0.01], [0.0]]), np.array([[0.0, 0.0], [1.0, 0.0]]), np.zeros(2), [1.0, -1.0])


@pytest.mark.parametrize(
    "answer",
    [
        RIGHT,
        (RIGHT[0].ravel().tolist(), RIGHT[1].tolist(), [[0], [0]], np.array([[1.0], [-1.0]])),
        (0.01 * np.array([0.0, 1.0]), [[0, 1], [0, 0]], np.zeros(2), np.float32([-1, 1])),
    ],
)
def test_rising_right(said, answer):
    assert said("1.3", *answer) == CORRECT.format("1.3")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((RIGHT[0], RIGHT[1], RIGHT[2], [-1.0, 1.0]), "turn one sign around"),
        ((RIGHT[0], np.zeros((2, 2)), RIGHT[2], [1.0, 0.0]), "with Whh = 0"),
        ((RIGHT[0], RIGHT[1], RIGHT[2], [0.0, 0.0]), "the answer is 0"),
        ((RIGHT[0], RIGHT[1], RIGHT[2], [1.0, 1.0]), "rising inputs get"),
        ((np.zeros(3), RIGHT[1], RIGHT[2], [1.0, 1.0]), "Wxh should have the shape (2, 1)"),
        ((None, RIGHT[1], RIGHT[2], [1.0, 1.0]), "Wxh is None"),
        (("text", RIGHT[1], RIGHT[2], [1.0, 1.0]), "Wxh should be made of numbers"),
    ],
)
def test_rising_wrong(said, answer, reason):
    assert reason in said("1.3", *answer)


@pytest.mark.parametrize("answer", [(1.0, 0.1), (np.float32(1), np.array(0.1)), (1, 0.12)])
def test_longer_memory_right(said, answer):
    assert said("1.4", *answer) == CORRECT.format("1.4")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((0.9, 1.0), "after 28 steps only"),
        ((0.9, 0.1), "after 28 steps only"),
        ((1.5, 1.0), "the trace grows"),
        ((1.0, 1e-3), "the state hardly moves"),
        ((1.0, -0.1), "above 0"),
        ((None, 1.0), "rho should be made of numbers, and is None"),
        (("text", 1.0), "rho should be made of numbers"),
    ],
)
def test_longer_memory_wrong(said, answer, reason):
    assert reason in said("1.4", *answer)


@pytest.mark.parametrize("answer", [None, "text", 3])
def test_a_step_that_is_no_function(said, answer):
    assert said("1.2", answer).startswith("Not yet: expected a function, got ")


def test_a_step_that_raises(said, fails):
    assert said("1.2", fails) == "Not yet: your code raises RuntimeError: not finished.\n"
