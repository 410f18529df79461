"""Sampling from logits and networks, and beam search, against what enumeration finds."""

import itertools

import numpy as np
import pytest

from rnn_lib import RNN, engine
from rnn_lib.sampling import beam_search, generate, sample

N_TOKENS, END = 4, 3


@pytest.fixture
def markov_step():
    """A model whose next token depends on the last one and on how many came before."""
    log_p = np.log(np.random.default_rng(5).dirichlet(np.ones(N_TOKENS), (6, N_TOKENS)))

    def step(tokens, state):
        return log_p[state[:, 0], tokens], state + 1

    return step


def all_sequences(step, max_steps):
    """Enumerate every sequence of at most ``max_steps`` tokens with its log probability."""
    found = {}
    for length in range(max_steps + 1):
        for tokens in itertools.product(range(N_TOKENS - 1), repeat=length):
            closed = [*tokens, END] if length < max_steps else list(tokens)
            state, last, total = np.zeros((1, 1), dtype=int), 0, 0.0
            for token in closed:
                log_p, state = step(np.array([last]), state)
                total, last = total + log_p[0, token], token
            found[tokens] = total
    return found


def test_beam_wide_enough_finds_the_best_of_all_sequences(markov_step):
    found = beam_search(
        markov_step, np.zeros((1, 1), dtype=int), start=0, end=END, width=500, max_steps=4
    )
    everything = all_sequences(markov_step, 4)
    assert {tuple(tokens) for tokens, _ in found} == set(everything)
    assert [score for _, score in found] == sorted(everything.values(), reverse=True)
    for tokens, score in found:
        assert score == pytest.approx(everything[tuple(tokens)], rel=1e-12)


def test_width_one_is_greedy(markov_step):
    state, last, greedy = np.zeros((1, 1), dtype=int), 0, []
    for _ in range(6):
        log_p, state = markov_step(np.array([last]), state)
        last = int(log_p.argmax())
        if last == END:
            break
        greedy.append(last)
    (tokens, _), *rest = beam_search(
        markov_step, np.zeros((1, 1), dtype=int), start=0, end=END, width=1, max_steps=6
    )
    assert (tokens, rest) == (greedy, [])


def test_state_may_be_a_tuple(markov_step):
    def step(tokens, state):
        log_p, counts = markov_step(tokens, state[0])
        return log_p, (counts, state[1])

    start = np.zeros((1, 1), dtype=int)
    options = {"start": 0, "end": END, "width": 3, "max_steps": 4}
    assert beam_search(step, (start, start), **options) == beam_search(
        markov_step, start, **options
    )


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_frequencies_follow_the_softmax(temperature):
    logits = np.array([0.0, 1.0, -1.0, -np.inf])  # never the log of zero
    rng = np.random.default_rng(0)
    draws = [sample(logits, rng, temperature=temperature) for _ in range(20_000)]
    expected = np.exp(logits / temperature)
    frequencies = np.bincount(draws, minlength=4) / len(draws)
    np.testing.assert_allclose(frequencies, expected / expected.sum(), atol=0.015)


def test_top_k_allows_only_the_best():
    rng = np.random.default_rng(0)
    logits = np.array([0.0, 3.0, 2.0, 1.0])
    assert {sample(logits, rng, top_k=2) for _ in range(500)} == {1, 2}
    assert {sample(logits, rng, top_k=1) for _ in range(20)} == {1}
    assert {sample(logits, rng, top_k=99) for _ in range(500)} == {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 0.0}, "temperature must be a finite number above 0, got 0.0"),
        ({"top_k": 0}, "top_k must be a whole number of at least 1, got 0"),
    ],
)
def test_bad_arguments_of_sample(options, message):
    with pytest.raises(ValueError, match=message):
        sample(np.zeros(3), np.random.default_rng(0), **options)


@pytest.mark.parametrize("name", ["width", "max_steps"])
def test_bad_arguments_of_beam_search(name, markov_step):
    options = {"start": 0, "end": END, "width": 2, "max_steps": 3, name: 0}
    with pytest.raises(ValueError, match=f"{name} must be a whole number of at least 1, got 0"):
        beam_search(markov_step, np.zeros((1, 1), dtype=int), **options)


def language_model(cell="tanh", **options):
    """A network of 7 tokens, with weights that make its probabilities differ."""
    model = RNN(7, 6, options.pop("output_size", 7), cell=cell, **{**LANGUAGE, **options})
    rng = np.random.default_rng(2)
    for p in model.params:
        p.set_value(rng.normal(0, 0.7, p.get_value().shape))
    return model


LANGUAGE = {"embedding_size": 5, "readout": "all"}
PROMPT = [3, 1, 4]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("cell", ["tanh", "lstm", "gru"])
def test_generate_draws_what_the_network_says_token_by_token(cell, temperature):
    model, rng, tokens = language_model(cell), np.random.default_rng(0), list(PROMPT)
    for _ in range(40):
        log_p = np.log(model.predict_proba(tokens)[-1])
        tokens.append(sample(log_p, rng, temperature=temperature))
    drawn = generate(model, PROMPT, 40, np.random.default_rng(0), temperature=temperature)
    assert drawn.dtype == "int64"
    assert drawn.tolist() == tokens[3:]
    assert len(set(tokens[3:])) > 3


def test_generate_stops_before_the_end():
    model = language_model()
    whole = generate(model, PROMPT, 40, np.random.default_rng(0)).tolist()
    for end in range(7):
        drawn = generate(model, PROMPT, 40, np.random.default_rng(0), end=end)
        assert drawn.tolist() == whole[: [*whole, end].index(end)]


@pytest.mark.skipif(engine.NAME != "pytensor", reason="numba comes with PyTensor")
@pytest.mark.parametrize("cell", ["tanh", "lstm", "gru"])
def test_generate_compiled_draws_the_same(cell, monkeypatch):
    model, drawn = language_model(cell), []
    for setting in "01":
        monkeypatch.setenv("RNN_COMPILED", setting)
        drawn.append(generate(model, PROMPT, 200, np.random.default_rng(0), end=END).tolist())
        drawn.append(generate(model, PROMPT, 200, np.random.default_rng(0)).tolist())
    assert drawn[:2] == drawn[2:]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layers": 2}, "layers of the model must be one of 1, got 2"),
        ({"bidirectional": True}, "bidirectional of the model must be one of False, got True"),
        ({"readout": "last"}, "readout of the model must be one of 'all', got 'last'"),
        ({"output": "linear"}, "output of the model must be one of 'softmax', got 'linear'"),
        ({"output_size": 3}, "output_size of the model must be one of 7, got 3"),
        ({"embedding_size": None}, "embedding_size of the model must be a number, got None"),
    ],
)
def test_models_that_cannot_generate(options, message):
    with pytest.raises(ValueError, match=message):
        generate(language_model(**options), PROMPT, 4, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("options", "exception", "message"),
    [
        ({"prompt": []}, ValueError, r"prompt must have the shape \(n_steps,\) .*, got \(0,\)"),
        ({"prompt": [[1, 2]]}, ValueError, r"prompt must have the shape .*, got \(1, 2\)"),
        ({"prompt": 3}, ValueError, r"prompt must have the shape .*, got \(\)"),
        ({"prompt": [7]}, ValueError, r"prompt must lie in 0\.\.6, got 7"),
        ({"prompt": [0.5]}, TypeError, r"prompt must hold whole numbers, got 0\.5"),
        ({"n_tokens": 0}, ValueError, "n_tokens must be a whole number of at least 1, got 0"),
        ({"temperature": 0}, ValueError, "temperature must be a finite number above 0, got 0"),
        ({"end": 7}, ValueError, r"end must lie in 0\.\.6, got 7"),
        ({"end": "."}, TypeError, "end must be a whole number of at least 0, got '.'"),
    ],
)
def test_bad_arguments_of_generate(options, exception, message):
    arguments = {"prompt": PROMPT, "n_tokens": 4, "rng": np.random.default_rng(0), **options}
    with pytest.raises(exception, match=message):
        generate(language_model(), **arguments)
