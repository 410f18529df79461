"""Checks of chapter 5: a short list, precision, answers when sure, answers at every frame."""

from typing import Any

import numpy as np

from rnn_exercises.answers import call, fitting, numbers
from rnn_exercises.vowels import renamed, scaled, share_right

__all__ = ["exercise_1", "exercise_2", "exercise_3", "exercise_4"]


def exercise_1(top_accuracy: Any) -> None:
    """Compare with the rank of the right class."""
    p = np.array([[0.6, 0.3, 0.1], [0.2, 0.3, 0.5], [0.5, 0.1, 0.4]])
    y = np.array([1, 2, 2])
    with fitting("make y a column to compare: y[:, np.newaxis]."):
        share, of_two = (one_share(call(top_accuracy, p, y, n)) for n in (1, 2))
    assert share != 1, "not all, and not their number: the mean over utterances."
    assert share != 0, "0 counts the least probable classes: argsort starts with them."
    assert np.isclose(share, 1 / 3), f"with n = 1 the share is 1/3, not {share:.3f}."
    assert not np.isclose(of_two, 2 / 3), "with n = 2 the most probable class counts, too."
    assert np.isclose(of_two, 1), f"with n = 2 all three are found: 1, not {of_two:.3f}."

    rng = np.random.default_rng()
    p, y = rng.dirichlet(np.ones(9), 50), rng.integers(0, 9, 50)
    rank = (p > p[np.arange(50), y][:, np.newaxis]).sum(axis=1)
    for n in (1, 3, 5, 9):
        share, right = one_share(call(top_accuracy, p, y, n)), (rank < n).mean()
        assert np.isclose(share, right), (
            f"50 random utterances, 9 classes, n = {n}: {right:.2f}, not {share:.2f}."
        )


def one_share(share: Any) -> float:
    """Return a share as a float; complain about anything that is not one number."""
    share = numbers(share, name="the share")
    assert share.ndim == 0, "return one number: the mean over all utterances."
    return float(share)


def exercise_2(precision: Any) -> None:
    """Compare with the right ones of each column."""
    nine = np.random.default_rng().integers(1, 20, (9, 9))
    for table in (
        np.array([[3, 1, 0], [0, 2, 0], [1, 1, 0]]),
        np.array([[1, 9, 0], [0, 10, 0], [4, 0, 6]]),
        nine,
    ):
        n = len(table)
        got = numbers(call(precision, table), name="the result")
        assert got.shape == (n,), f"return one number a class: ({n},), not {got.shape}."
        right = np.diag(table)
        columns, rows = np.maximum(table.sum(axis=0), 1), table.sum(axis=1)
        mistakes = {
            "these are shares of rows: the recall.": right / rows,
            "divide by the sum of the class's own column, not of the table.": right / table.sum(),
            "these are counts: divide by the sum of each column.": right,
            "the right ones are on the diagonal, not where a column is largest.": (
                table.max(axis=0) / columns
            ),
        }
        assert np.isfinite(got).all(), "a class never predicted must give 0, not NaN."
        if not np.allclose(got, right / columns):
            for message, wrong in mistakes.items():
                assert not np.allclose(got, wrong), message
            expected, yours = (
                ", ".join(f"{share:.2f}" for share in shares) for shares in (right / columns, got)
            )
            raise AssertionError(f"expected {expected}, got {yours}.")


def exercise_3(answer_if_sure: Any) -> None:
    """Compare with the share answered and the accuracy of the answers, up to none at all."""
    p = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.7, 0.3]])
    y = np.array([0, 0, 1, 1])
    share, accuracy = two_numbers(answer_if_sure, p, y, 0.8)
    assert share != 0.25, "a confidence equal to the threshold counts, too: use >=."
    assert share != 2, "the first number is a share, not a count."
    assert np.isclose(share, 0.5), f"half of the four are sure enough, not {share}."
    assert accuracy != 0.5, "divide by the number of answers, not by all utterances."
    assert np.isclose(accuracy, 1), f"both answers are right: accuracy 1, not {accuracy}."
    none = two_numbers(answer_if_sure, p, y, 0.99)
    assert none == (0, 1), f"with no answer expect (0, 1), not {none}."
    every = two_numbers(answer_if_sure, p, y, 0.0)
    assert np.allclose(every, (1, 0.5)), (
        f"with threshold 0 all four are answered, two of them right: (1, 0.5), not {every}."
    )
    sure = two_numbers(answer_if_sure, np.array([[0.1, 0.2, 0.7]]), np.array([0]), 0.5)
    assert sure[0] != 0, (
        "the confidence is that of the predicted class, also where it is not the true one."
    )
    assert np.allclose(sure, (1, 0)), f"one answer, and it is wrong: (1, 0), not {sure}."

    rng = np.random.default_rng()
    p, y = rng.dirichlet(0.1 * np.ones(9), 60), rng.integers(0, 9, 60)
    p[:20] = 0.95 * np.eye(9)[y[:20]] + 0.05 / 9  # sure and right
    answered = p.max(axis=1) >= 0.7
    right = answered.mean(), (p.argmax(axis=1) == y)[answered].mean()
    got = two_numbers(answer_if_sure, p, y, 0.7)
    assert np.allclose(got, right), (
        f"60 random utterances, 9 classes, threshold 0.7: expected {right[0]:.3f} and "
        f"{right[1]:.3f}, got {got[0]:.3f} and {got[1]:.3f}."
    )


def two_numbers(answer: Any, *arguments: Any) -> tuple[float, float]:
    """Return the two numbers that an answer gives; complain about anything else."""
    got = numbers(call(answer, *arguments), name="the result")
    assert got.shape == (2,), "return two numbers: the share answered, and the accuracy."
    return float(got[0]), float(got[1])


def exercise_4(train_every_frame: Any) -> None:
    """Train on the utterances for learning, with speakers renumbered, and ask those for validation.

    Any network that answers well after three frames and at the end will do: one that is asked at
    every frame, or one that was trained on beginnings of all lengths.
    """
    x_train, y_train, x_valid, y_valid = scaled()
    names = renamed(np.random.default_rng())
    network = call(train_every_frame, x_train, names[y_train])
    assert hasattr(network, "predict_proba"), "return the trained network."
    early = share_right(network, [x[:3] for x in x_valid], names[y_valid])
    end = share_right(network, x_valid, names[y_valid])
    if early < 0.8 and getattr(network, "readout", None) == "last":
        raise AssertionError('asked at the end only: use readout="all".')
    assert max(early, end) > 0.3, (
        f"only {early:.0%} right after three frames: was it trained on the x_train and y_train "
        "that your function gets?"
    )
    found = f"{early:.0%} right after three frames, {end:.0%} at the end"
    assert early > 0.8, f"{found}: over 80 % is possible after three."
    assert end > 0.8, f"{found}: train on whole utterances, not on their first frames alone."
