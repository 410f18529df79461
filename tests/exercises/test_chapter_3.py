"""Checks of chapter 3: right answers in every form, and the reason why wrong ones are wrong."""

import numpy as np
import pytest

from rnn_lib import T

CORRECT = "Correct: exercise {} is solved.\n"


def count(D, H, K):
    return H * D + H * H + K * H + H + K


def largest_hidden(budget, input_size, output_size):
    H = 1
    while count(input_size, H + 1, output_size) <= budget:
        H += 1
    return H


def by_formula(budget, D, K):
    b = D + K + 1
    return np.floor((-b + np.sqrt(b**2 + 4 * (budget - K) + 1e-9)) / 2)


@pytest.mark.parametrize("answer", [largest_hidden, by_formula])
def test_budget_right(said, answer):
    assert said("3.1", answer) == CORRECT.format("3.1")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda *a: largest_hidden(*a) + 1, "go back by one"),
        (lambda budget, D, K: largest_hidden(budget - 1, D, K), "may be used up"),
        (lambda budget, D, K: largest_hidden(budget + 1, D, K), "count both biases"),
        (lambda *a: min(99, largest_hidden(*a)), "units fit, not 99"),
        (lambda budget, D, K: {5513: 64, 1016: 28}.get(budget, 1), "units fit, not 1"),
        (lambda *a: 64.5, "a whole number"),
    ],
)
def test_budget_wrong(said, answer, reason):
    assert any(reason in said("3.1", answer) for _ in range(5))


def forward_step_batch(model, x_t, h_prev):
    return T.tanh(T.dot(x_t, model.Wxh.T) + T.dot(h_prev, model.Whh.T) + model.bh)


def transposed_twice(model, x_t, h_prev):
    z = T.dot(model.Wxh, x_t.T) + T.dot(model.Whh, h_prev.T) + model.bh.dimshuffle(0, "x")
    return T.tanh(z).T


@pytest.mark.parametrize("answer", [forward_step_batch, transposed_twice])
def test_batch_step_right(said, answer):
    assert said("3.2", answer) == CORRECT.format("3.2")


def numbers_for_variables(model, x_t, h_prev):
    Wxh, Whh, bh = (p.get_value() for p in (model.Wxh, model.Whh, model.bh))
    return T.tanh(T.dot(x_t, Wxh.T) + T.dot(h_prev, Whh.T) + bh)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (numbers_for_variables, "use the shared variables"),
        (lambda m, x, h: T.tanh(T.dot(x, m.Wxh.T) + T.dot(h, m.Whh) + m.bh), "turn Whh, too"),
        (lambda m, x, h: T.tanh(T.dot(x, m.Wxh.T) + T.dot(h, m.Whh.T)), "where is the bias"),
        (lambda m, x, h: T.dot(x, m.Wxh.T) + T.dot(h, m.Whh.T) + m.bh, "where is the tanh"),
        (lambda m, x, h: h, "the old state came back"),
        (lambda m, x, h: forward_step_batch(m, x, h).T, "make each sequence a row"),
        (lambda m, x, h: T.tanh(T.dot(m.Wxh, x) + T.dot(m.Whh, h) + m.bh), "do not fit"),
        (lambda m, x, h: np.zeros((5, 3)), "return an expression"),
    ],
)
def test_batch_step_wrong(said, answer, reason):
    assert reason in said("3.2", answer)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def gru_step(x_t, h_prev, Wxh, Whh, bh, keep_new=False, early=False):
    p_r, p_z, p_n = np.split(Wxh @ x_t + bh, 3)
    W_r, W_z, W_n = np.split(Whh, 3)
    r, z = sigmoid(p_r + W_r @ h_prev), sigmoid(p_z + W_z @ h_prev)
    n = np.tanh(p_n + (W_n @ (r * h_prev) if early else r * (W_n @ h_prev)))
    return z * n + (1 - z) * h_prev if keep_new else (1 - z) * n + z * h_prev


@pytest.mark.parametrize("answer", [gru_step, lambda *a: gru_step(*a).tolist()])
def test_gru_right(said, answer):
    assert said("3.3", answer) == CORRECT.format("3.3")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda *a: gru_step(*a, keep_new=True), "z weights the old state"),
        (lambda *a: gru_step(*a, early=True), "as in Cho et al. (2014)"),
        (lambda x, h, *w: h, "the old state came back"),
        (lambda *a: np.append(gru_step(*a), 0), "have a state (2,)"),
        (lambda *a: gru_step(*a) + 0.1, "a value is not"),
        (lambda *a: "text", "should be made of numbers"),
    ],
)
def test_gru_wrong(said, answer, reason):
    assert reason in said("3.3", answer)


def orthogonal(n, rng):
    q, r = np.linalg.qr(rng.standard_normal((n, n)))
    return q * np.sign(np.diag(r))


@pytest.mark.parametrize(
    "answer",
    [
        lambda n, rng: 1.2 * orthogonal(n, rng),
        lambda n, rng: -np.eye(n),
        lambda n, rng: (1.2 * orthogonal(n, rng)).astype("float32"),
    ],
)
def test_start_right(said, answer):
    assert said("3.4", answer) == CORRECT.format("3.4")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda n, rng: 0.01 * rng.standard_normal((n, n)), "is left after 10 steps"),
        (lambda n, rng: 1.2 * orthogonal(64, rng), "should have the shape (16, 16)"),
        (lambda n, rng: 1.2 * orthogonal(n, np.random.default_rng()), "draw from rng"),
        (lambda n, rng: 5 * orthogonal(n, rng), "saturate"),
        (lambda n, rng: None, "returns nothing"),
    ],
)
def test_start_wrong(said, answer, reason):
    assert reason in said("3.4", answer)


@pytest.mark.parametrize("number", ["3.1", "3.2", "3.3", "3.4"])
def test_anything_else_gets_one_sentence(said, fails, number):
    for answer in (None, "text", lambda *a: None, lambda *a: "text"):
        assert said(number, answer).startswith("Not yet: ")
    assert said(number, fails) == "Not yet: your code raises RuntimeError: not finished.\n"
