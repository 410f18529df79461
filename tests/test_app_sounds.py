"""The page about spelling and sound: its published scores, its functions, and its training."""

from __future__ import annotations

import re

import numpy as np
import pytest
from printed import Page

from rnn_lib.data import result
from rnn_lib.engine import T, function
from rnn_lib.files import read_npz
from tools.train_sounds import SETTINGS, load_page, score, train

PAGE = Page("applications/spelling_to_sound")
TINY = {**SETTINGS, "n_hidden": 8, "n_embedding": 4, "batch_size": 32, "n_epochs": 2}


@pytest.fixture(scope="module")
def page():
    """Return the names that the cells of the page tagged ``model`` define."""
    return load_page()


def rates(cell, name):
    """Return the phone and the word error that a table of the page has for a name."""
    found = re.search(rf"^{name} .*?([\d.]+)%.*?([\d.]+)%", PAGE.text(cell), re.M)
    return float(found[1]) / 100, float(found[2]) / 100


@pytest.mark.parametrize(
    ("cell", "name", "phones", "words"),
    [
        ("sounds-tables-score", "table, one letter", (0.35, 0.55), (0.90, 1.00)),
        ("sounds-tables-score", "table, 3 letters", (0.15, 0.25), (0.60, 0.70)),
        ("sounds-tables-score", "table, 7 letters", (0.13, 0.18), (0.53, 0.60)),
        ("sounds-greedy-score", "with attention", (0.05, 0.15), (0.30, 0.50)),
        ("sounds-beam-score", "attention, beam of 4", (0.05, 0.15), (0.30, 0.50)),
    ],
)
def test_published_scores(cell, name, phones, words):
    phone, word = rates(cell, name)
    assert phones[0] <= phone <= phones[1]
    assert words[0] <= word <= words[1]


def test_the_network_with_attention_is_better_than_without_and_than_the_tables():
    table = rates("sounds-tables-score", "table, 7 letters")
    with_it = rates("sounds-greedy-score", "with attention")
    assert with_it[0] < rates("sounds-greedy-score", "without attention")[0]
    assert rates("sounds-beam-score", "attention, beam of 4")[1] < table[1] - 0.05
    teacher, own = (
        PAGE.number("sounds-trap", f"{who:8s} wrong after the first mistake:")
        for who in ("teacher", "own")
    )
    assert teacher < own


@pytest.mark.parametrize("kind", ["with", "without"])
def test_stored_parameters_reach_the_published_score(page, kind):
    path = result(f"sounds_{kind}_attention.npz")
    assert path.stat().st_size < 1e6
    options, values = read_npz(path)
    assert {name: options[name] for name in SETTINGS} == SETTINGS
    assert all(value.dtype == np.float32 for value in values.values())
    published = rates("sounds-greedy-score", f"{kind} attention")
    assert score(page, values, page.words.test) == pytest.approx(published, abs=6e-4)


def test_training_in_short_repeats_itself_and_learns(page):
    pairs = [(word, several[0]) for word, several in page.words.train.items()][:96]
    (best, options), (again, repeated) = (
        train(page, pairs, pairs[:9], attention=True, settings=TINY) for _ in range(2)
    )
    assert options["loss"][1] < options["loss"][0]
    assert options["attention"] is True
    assert repeated == options
    for name, value in best.items():
        np.testing.assert_array_equal(again[name], value)


def test_attention_gradients_equal_finite_differences(page):
    values = page.initial_parameters(3, 2, attention=True, seed=0)
    parameters = page.to_shared(values)
    inputs, loss, _ = page.loss_of(parameters)
    evaluate = function(inputs, [loss, *T.grad(loss, [parameters[n] for n in ("Wa", "Wxh_dec")])])
    data = page.batch([("ox", ("AA", "K", "S")), ("read", ("R", "EH", "D"))])
    _, *grads = evaluate(*data)
    for name, grad in zip(("Wa", "Wxh_dec"), grads):
        for index in [(0, 0), (1, 2), (2, 4)]:
            ends = []
            for shift in (1e-5, -1e-5):
                changed = values[name].copy()
                changed[index] += shift
                parameters[name].set_value(changed)
                ends.append(float(evaluate(*data)[0]))
            parameters[name].set_value(values[name])
            assert grad[index] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-5, abs=1e-9)


def test_step_by_step_equals_all_steps_at_once(page):
    parameters = page.to_shared(page.initial_parameters(5, 3, attention=True, seed=2))
    inputs, _, logits = page.loss_of(parameters)
    del inputs[3]
    x, x_mask, y_prev, _, y_mask = page.batch([("tax", ("T", "AE", "K")), ("a", ("AH", "N"))])
    at_once = function(inputs, logits)(x, x_mask, y_prev, y_mask)
    start, step = page.compile_translator(parameters)
    h, *rest = start(x, x_mask)
    for t in range(3):
        log_p, h, weights = step(y_prev[t], h, *rest)
        shifted = at_once[t] - np.log(np.exp(at_once[t]).sum(axis=1, keepdims=True))
        np.testing.assert_allclose(log_p, shifted, atol=1e-12)
        assert weights.shape == (2, 3)
        assert weights[1, 1:].tolist() == [0, 0]


def test_edit_distance_and_error_rates(page):
    assert page.edit_distance("kitten", "sitting") == 3
    assert page.edit_distance((), ("T", "AE")) == page.edit_distance(("T", "AE"), ()) == 2
    part = {"read": [("R", "EH", "D"), ("R", "IY", "D")], "ox": [("AA", "K", "S")]}
    said = [("R", "IY", "D"), ("AA", "K")]
    assert page.error_rates(said, part) == pytest.approx((1 / 6, 1 / 2))


def test_batches_hold_every_pair_once(page):
    pairs = [(word, several[0]) for word, several in page.words.valid.items()]
    found = page.batches(pairs, 64, np.random.default_rng(0))
    assert sorted(pair for some in found for pair in some) == sorted(pairs)
    assert max(map(len, found)) == 64
    assert all(len({len(p) for _, p in some}) <= 3 for some in found)
