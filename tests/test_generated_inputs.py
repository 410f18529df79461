"""Whatever a user brings is understood, or refused in one sentence: inputs made by Hypothesis.

``make test`` tries a few of each kind, always the same ones; ``make proof`` tries 10,000 new ones.
An accepted input must give what NumPy gives by hand; a refused one leaves the parameters as they
were, with a TypeError, ValueError or FloatingPointError that names the argument.
"""

import itertools
import os
import re

import numpy as np
import pytest

pytest.importorskip("hypothesis", reason="the second engine's environment has no Hypothesis")
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rnn_lib import RNN
from rnn_lib.data import Vocabulary, pad
from rnn_lib.sampling import beam_search, sample

N_EXAMPLES = int(os.environ.get("BOOK_EXAMPLES", "25"))  # of each of the eight tests
settings.register_profile(
    "book",
    max_examples=N_EXAMPLES,
    derandomize=N_EXAMPLES < 100,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("book")

REFUSALS = (TypeError, ValueError, FloatingPointError)
NUMBERS = st.floats(-3, 3, width=32) | st.integers(-3, 3)
ODD = st.sampled_from(
    [None, "text", b"bytes", True, 1j, [], {}, (), object, float("nan"), float("inf"), -1, 0, 2.5]
) | st.lists(st.none() | st.text(max_size=2) | NUMBERS, max_size=3)


def rows(width):
    """Lists of rows, most of them of the right width."""
    row = st.lists(NUMBERS, min_size=width, max_size=width)
    return st.lists(row | st.lists(NUMBERS, max_size=width + 1) | ODD, max_size=4) | st.lists(
        row, min_size=1, max_size=5
    )


def sentence_naming(error, *names):
    """Assert that a message is one sentence that names one of the arguments."""
    said = str(error)
    assert re.search(rf"\b({'|'.join(names)})\b", said), f"names no argument: {said}"
    assert said.endswith("."), said
    assert "\n" not in said, said


def parameters(model):
    return [p.get_value() for p in model.params]


def unchanged(model, before):
    return all(np.array_equal(p, q) for p, q in zip(parameters(model), before, strict=True))


def states_by_hand(model, x):
    h, states = np.zeros(model.hidden_size), []
    Wxh, Whh, bh = (p.get_value() for p in (model.Wxh, model.Whh, model.bh))
    for x_t in x:
        h = np.tanh(Wxh @ x_t + Whh @ h + bh)
        states.append(h)
    return np.array(states)


def probabilities_by_hand(model, x):
    z = model.Why.get_value() @ states_by_hand(model, x)[-1] + model.by.get_value()
    e = np.exp(z - z.max())
    return e / e.sum()


MODEL = RNN(2, 3, 2, seed=0)
OPTIONS = {
    "input_size": st.integers(1, 4) | ODD,
    "hidden_size": st.integers(1, 4) | ODD,
    "output_size": st.integers(1, 4) | ODD,
    "cell": st.sampled_from(["tanh", "lstm", "gru", "relu"]) | ODD,
    "embedding_size": st.none() | st.integers(1, 3) | ODD,
    "layers": st.integers(1, 2) | ODD,
    "bidirectional": st.booleans() | ODD,
    "readout": st.sampled_from(["last", "all", "first"]) | ODD,
    "output": st.sampled_from(["softmax", "linear"]) | ODD,
    "seed": st.integers(0, 9) | ODD,
}


@given(st.fixed_dictionaries({}, optional=OPTIONS), st.data())
def test_a_network_is_built_as_asked_or_refused(options, data):
    asked = {"input_size": 2, "hidden_size": 3, "output_size": 2} | options
    try:
        model = RNN(**asked)
    except REFUSALS as error:
        sentence_naming(error, *OPTIONS)
        return
    for name in ("input_size", "hidden_size", "output_size", "cell", "layers", "readout"):
        if name in asked:
            assert getattr(model, name) == asked[name]
    assert all(np.isfinite(p).all() for p in parameters(model))
    assert asked.get("cell", "tanh") in ("tanh", "lstm", "gru")


@given(rows(2) | ODD)
def test_predict_is_right_or_refuses(x):
    before = parameters(MODEL)
    try:
        p = MODEL.predict_proba(x)
    except REFUSALS as error:
        sentence_naming(error, "input_sequence")
    else:
        single = np.ndim(x[0]) == 1
        sequences = [x] if single else x
        expected = [probabilities_by_hand(MODEL, np.asarray(s, float)) for s in sequences]
        assert np.allclose(p, expected[0] if single else expected, rtol=0, atol=1e-9)
        k = MODEL.predict(x)
        assert np.array_equal(k, np.argmax(p, axis=-1))
    assert unchanged(MODEL, before)


@given(
    st.lists(
        st.lists(st.lists(NUMBERS, min_size=2, max_size=2), min_size=1, max_size=4), max_size=3
    )
    | rows(2)
    | ODD,
    st.lists(st.integers(-1, 2), max_size=3) | st.integers(-1, 2) | ODD,
    st.sampled_from([0.1, 1e300, 0, -1, "0.1", None, float("nan")]),
    st.sampled_from([1, 2, 0, -1, 1.5, None]),
    st.sampled_from(["sgd", "adam", "momentum", "rmsprop", "newton", None]),
)
def test_train_learns_or_leaves_everything_as_it_was(x, y, rate, n_epochs, optimizer):
    model = RNN(2, 3, 2, seed=1)
    before = parameters(model)
    try:
        history = model.train(x, y, rate, n_epochs, optimizer=optimizer, progress=False)
    except REFUSALS as error:
        names = ("input_sequence", "target_sequence", "learning_rate", "num_epochs", "optimizer")
        sentence_naming(error, *names, "training")
        assert unchanged(model, before)
    else:
        assert len(history.loss) == n_epochs
        assert np.isfinite(history.loss).all()
        assert all(np.isfinite(p).all() for p in parameters(model))
        first = RNN(2, 3, 2, seed=1).evaluate(x, y)
        if n_epochs == 1 and np.ndim(y) == 0:
            assert np.isclose(history.loss[0], first)


@given(st.lists(rows(2) | st.lists(NUMBERS, max_size=4), max_size=4) | ODD)
def test_pad_keeps_every_number_and_adds_zeros(sequences):
    try:
        padded, mask = pad(sequences)
    except REFUSALS as error:
        sentence_naming(error, "sequences")
        return
    assert mask.sum(axis=0).tolist() == [len(s) for s in sequences]
    for i, sequence in enumerate(sequences):
        assert np.array_equal(
            padded[: len(sequence), i].tolist(), np.asarray(sequence).tolist(), equal_nan=True
        )
        assert not np.any(padded[len(sequence) :, i])
        assert not np.any(mask[len(sequence) :, i])


TOKENS = st.text(max_size=4) | st.integers(0, 5) | st.none() | st.tuples(st.integers(0, 1))


@given(st.lists(TOKENS, max_size=6) | ODD, st.lists(TOKENS, max_size=4) | ODD)
def test_a_vocabulary_goes_there_and_back(tokens, sequence):
    try:
        vocabulary = Vocabulary(tokens)
    except REFUSALS as error:
        sentence_naming(error, "tokens")
        return
    assert len(vocabulary) == len(set(tokens)) == len(tokens)
    try:
        indices = vocabulary.encode(sequence)
    except REFUSALS as error:
        sentence_naming(error, "sequence")
        return
    assert vocabulary.decode(indices) == list(sequence)


@given(
    st.lists(NUMBERS | st.sampled_from([-np.inf, np.nan, 1e300]), max_size=5) | ODD,
    st.sampled_from([1.0, 0.1, 5, 0, -1, None, "1"]),
    st.sampled_from([None, 1, 2, 9, 0, -1, 1.5]),
    st.integers(0, 2**32 - 1),
)
def test_sample_draws_an_allowed_token_or_refuses(logits, temperature, top_k, seed):
    options = {"temperature": temperature, "top_k": top_k}
    try:
        token = sample(logits, np.random.default_rng(seed), **options)
    except REFUSALS as error:
        sentence_naming(error, "logits", "temperature", "top_k")
        return
    z = np.asarray(logits, float)
    assert 0 <= token < len(z)
    assert z[token] > -np.inf
    if top_k is not None:
        assert z[token] >= np.sort(z)[-min(top_k, len(z))]
    assert token == sample(logits, np.random.default_rng(seed), **options)


@given(
    st.lists(st.lists(st.floats(0.01, 1), min_size=3, max_size=3), min_size=3, max_size=3),
    st.integers(1, 30) | ODD,
    st.integers(1, 4) | ODD,
)
def test_a_wide_beam_finds_the_most_probable_sequence(weights, width, max_steps):
    log_p = np.log(weights) - np.log(np.sum(weights, axis=1, keepdims=True))

    def step(tokens, state):
        return log_p[tokens], state

    try:
        found = beam_search(
            step, np.zeros((1, 1)), start=0, end=0, width=width, max_steps=max_steps
        )
    except REFUSALS as error:
        sentence_naming(error, "width", "max_steps")
        return
    for tokens, score in found:
        path = [0, *tokens, *([0] if len(tokens) < max_steps else [])]
        assert np.isclose(score, sum(log_p[a, b] for a, b in itertools.pairwise(path)))
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)
    if width >= 27 and max_steps <= 3:  # nothing is ever cut off: compare with all sequences
        every = []
        for n in range(max_steps + 1):
            for tokens in itertools.product((1, 2), repeat=n):
                path = [0, *tokens, *([0] if n < max_steps else [])]
                every.append(sum(log_p[a, b] for a, b in itertools.pairwise(path)))
        assert np.isclose(scores[0], max(every))


@given(st.sampled_from(["", ".", "none.npz", "a\0b", "x" * 300, None, 0, b"x", 2.5, "no/such.npz"]))
def test_load_refuses_what_is_no_file(path):
    with pytest.raises((*REFUSALS, FileNotFoundError)) as caught:
        RNN.load(path)
    assert "path" in str(caught.value) or "file" in str(caught.value), caught.value
