"""The page about names: its results stay in their bands, and its network can be trained again."""

import re

import numpy as np
import pytest
from printed import Page

from rnn_lib import RNN
from rnn_lib.data import result
from tools import train_names

PARAMETERS = result("names.npz")
PAGE = Page("applications/names")


# What the page claims --------------------------------------------------------------------------


def test_network_is_below_the_best_ngram():
    network = PAGE.number("names-load", "GRU of 128")
    best = PAGE.number("names-load", "Kneser-Ney 7-gram")
    both = PAGE.number("names-load", "mean of both")
    interpolated = PAGE.number("names-best-ngram", "best interpolated model")
    assert best < interpolated < PAGE.number("names-uniform", "27 equal tokens")
    assert 2.09 < network < best - 0.01
    assert best < 2.13
    assert both < network - 0.02


def test_gain_is_no_luck():
    gain = PAGE.number("names-difference", "gain")
    assert gain > 3 * PAGE.number("names-difference", "standard error") > 0


def test_small_network_is_below_the_counts_of_the_same_names():
    counts = PAGE.number("names-small", "Kneser-Ney 6-gram of these")
    assert PAGE.number("names-small", "GRU of 48, 6,000 names") < counts - 0.01


def test_state_carried_on_is_worth_most_with_short_chunks():
    kept, zeroed = (
        {n: float(re.search(rf"chunks of +{n}: .*{word} ([\d.]+)", text)[1]) for n in (1, 16)}
        for text in [PAGE.text("names-stream-compare")]
        for word in ("carried", "zero")
    )
    assert kept[1] < zeroed[1] - 0.2
    assert abs(kept[16] - zeroed[16]) < 0.05


def test_colder_draws_are_more_often_real_names():
    cold, one, hot = (PAGE.number("names-draw", f"temperature-{t}") for t in ("0.3", "1.0", "1.5"))
    assert cold > 2 * one > 2 * hot


def test_shuffled_names_are_found_out():
    assert PAGE.number("names-shuffles", "pairs,") > 0.95


def test_classifiers_beat_the_majority_and_are_level():
    rows = ("always a woman", "last letter", "Bayes, 3-grams", "GRU")
    found = (
        re.search(rf"{row} +right ([\d.]+)%", PAGE.text("names-classifier-results")) for row in rows
    )
    majority, last, bayes, gru = (float(match[1]) / 100 for match in found)
    assert majority < last < min(bayes, gru)
    assert abs(bayes - gru) < 0.033


# The parameters and the script that trained them -----------------------------------------------


def test_split_is_that_of_the_page():
    train, valid, test = train_names.split_names()
    assert f"{len(train):,} names to train" in PAGE.text("names-split")
    assert f"{len(test):,} to test" in PAGE.text("names-split")
    assert len({*train, *valid, *test}) == len(train) + len(valid) + len(test)


def test_stored_parameters_reach_the_published_score():
    assert PARAMETERS.stat().st_size < 1_000_000
    model = RNN.load(PARAMETERS)
    assert model.hidden_size == 128
    test = train_names.split_names()[2]
    nats = model.evaluate(*train_names.encode(test))
    assert nats == pytest.approx(PAGE.number("names-load", "GRU of 128"), abs=6e-4)


def test_encode():
    inputs, targets = train_names.encode(["ab"])
    assert inputs[0].tolist() == [0, 1, 2]
    assert targets[0].tolist() == [1, 2, 0]


def test_training_falls_and_repeats():
    train, valid, _ = train_names.split_names()
    curves = []
    for _ in range(2):
        model = train_names.make_model(hidden_size=12)
        stages = ((0.01, 2), (0.003, 1))
        curves.append(list(train_names.train(model, train[:640], valid[:100], stages)))
    assert curves[0] == curves[1]
    (first, first_valid), (second, second_valid) = curves[0]
    assert second < first < np.log(27)
    assert second_valid < first_valid


def test_main_stores_what_it_trained(tmp_path, monkeypatch, capsys):
    train, valid, test = (part[:64] for part in train_names.split_names())
    monkeypatch.setattr(train_names, "split_names", lambda: (train, valid, test))
    path = tmp_path / "new" / "names.npz"
    train_names.main(["--output", str(path), "--hidden", "5", "--names", "32"])
    printed = capsys.readouterr().out
    assert "seed 0" in printed
    assert printed.count("validation") == len(train_names.STAGES)
    with np.load(path) as arrays:
        assert arrays["Whh"].dtype == np.float32
    nats = RNN.load(path).evaluate(*train_names.encode(test))
    assert f"test {nats:.4f}" in printed
    assert [p.name for p in path.parent.iterdir()] == ["names.npz"]
