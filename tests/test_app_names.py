"""The page about names: its results stay in their bands, and its network can be trained again."""

import json
from pathlib import Path

import numpy as np
import pytest

from rnn_lib import RNN
from tools import train_names

FOLDER = Path(__file__).resolve().parent.parent / "chapters" / "applications"
PARAMETERS = FOLDER / "parameters" / "names.npz"


RECORD = "application/papermill.record/text/plain"


@pytest.fixture(scope="module")
def glued():
    """Return the values that the stored outputs of the page glue; nbval proves them."""
    cells = json.loads((FOLDER / "names.ipynb").read_text("utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    named = [o for o in outputs if o.get("metadata", {}).get("scrapbook")]
    return {o["metadata"]["scrapbook"]["name"]: float(o["data"][RECORD]) for o in named}


# What the page claims --------------------------------------------------------------------------


def test_network_is_below_the_best_ngram(glued):
    assert glued["nats_best"] < glued["nats_interpolated"] < glued["nats_uniform"]
    assert 2.09 < glued["nats_network"] < glued["nats_best"] - 0.01
    assert glued["nats_best"] < 2.13
    assert glued["nats_both"] < glued["nats_network"] - 0.02


def test_gain_is_no_luck(glued):
    assert glued["gain_name"] > 3 * glued["gain_error"] > 0


def test_units_agree(glued):
    assert glued["bits_network"] == pytest.approx(glued["nats_network"] / np.log(2), abs=2e-4)
    assert glued["perplexity_network"] == pytest.approx(np.exp(glued["nats_network"]), rel=2e-4)


def test_small_network_is_below_the_counts_of_the_same_names(glued):
    assert glued["nats_small"] < glued["nats_few"] - 0.01


def test_state_carried_on_is_worth_most_with_short_chunks(glued):
    assert glued["stream_1_carried"] < glued["stream_1_zero"] - 0.2
    assert abs(glued["stream_16_carried"] - glued["stream_16_zero"]) < 0.05


def test_colder_draws_are_more_often_real_names(glued):
    assert glued["real_cold"] > 2 * glued["real_one"] > 2 * glued["real_hot"]


def test_wider_beam_finds_a_better_name(glued):
    assert glued["greedy"] < glued["beam"] < 0


def test_shuffled_names_are_found_out(glued):
    assert glued["judged"] > 0.95


def test_classifiers_beat_the_majority_and_are_level(glued):
    assert glued["sex_majority"] < glued["sex_last"] < min(glued["sex_bayes"], glued["sex_gru"])
    assert abs(glued["sex_bayes"] - glued["sex_gru"]) < 3 * glued["sex_noise"]


# The parameters and the script that trained them -----------------------------------------------


def test_split_is_that_of_the_page(glued):
    train, valid, test = train_names.split_names()
    assert (len(train), len(test)) == (glued["n_train"], glued["n_test"])
    assert len({*train, *valid, *test}) == len(train) + len(valid) + len(test)


def test_stored_parameters_reach_the_published_score(glued):
    assert PARAMETERS.stat().st_size < 1_000_000
    model = RNN.load(PARAMETERS)
    assert model.hidden_size == 128
    test = train_names.split_names()[2]
    nats = model.evaluate(*train_names.encode(test))
    assert nats == pytest.approx(glued["nats_network"], abs=1e-4)


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
