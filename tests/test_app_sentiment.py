"""The page about sentiment: its figures as bands, its grammar, and the loader of reviews."""

import hashlib
import http.server
import json
import threading
import zipfile

import numpy as np
import pytest
from printed import Page

from rnn_lib.data import result
from tools import train_reviews as reviews

PAGE = Page("applications/sentiment")
NEGATIVE = [f"a dull film number {i}" for i in range(60)]
POSITIVE = [f"a clever film number {i}" for i in range(60)]


@pytest.fixture(scope="module")
def page():
    return PAGE.nb


# What the page claims; nbval proves that its cells print it.


def test_the_network_solves_what_a_bag_of_words_cannot():
    for n in (1, 2, 3):
        before = f"bag of up to {n} neighbouring words: test accuracy"
        assert PAGE.number("sentiment-fit-bag", before) < 0.75
    assert PAGE.number("sentiment-seeds", "their median:") >= 0.98
    assert PAGE.number("sentiment-seeds", "the first on the twins:") >= 0.98


def test_the_network_reads_longer_sentences_than_it_was_trained_on():
    assert PAGE.number("sentiment-long", "median network:") >= 0.95
    assert PAGE.number("sentiment-long", "12 clauses: bag") < 0.6


def test_a_unit_flips_at_not_and_does_not_decide_alone():
    assert PAGE.number("sentiment-unit", "flips at 'not' in") >= 0.95
    assert PAGE.number("sentiment-unit", "at 'really' in") <= 0.25
    assert PAGE.number("sentiment-swap", " 1 units replaced: verdict turned in") <= 0.1


def test_the_page_shows_the_stored_comparison_on_real_reviews():
    results = json.loads(result("reviews.json").read_text("utf-8"))
    assert (results["n_train"], results["n_test"]) == (8530, 1066)
    words = PAGE.number("sentiment-reviews", "bag of words:")
    assert words == pytest.approx(results["words"], abs=6e-4)
    for accuracy in (results["words"], results["pairs"], *results["networks"]):
        assert 0.72 < accuracy < 0.80
    assert len(results["networks"]) == 3


def test_the_grammar_turns_the_verdict_by_order(page):
    sources = [c.source for c in page.cells if c.cell_type == "code"]
    names = {"np": np}
    for start in ("SUBJECTS", "def clause", "def sentence", "def twins"):
        (source,) = [s for s in sources if s.startswith(start)]
        exec(source.split("\n\n\nrng =")[0].split("\n\n\nfor ")[0].split("\n\n\nx_twins")[0], names)
    texts, labels = names["twins"](100, seed=3)
    for a, b, label_a, label_b in zip(texts[::2], texts[1::2], labels[::2], labels[1::2]):
        assert sorted(a.split()) == sorted(b.split())
        assert label_a != label_b
    rng = np.random.default_rng(0)
    for text, label in (names["sentence"](rng, 4) for _ in range(200)):
        words = text.split(" but ")[-1].split(" although ")[0].split()
        turns = words.count("not") + words.count("nobody")
        assert label == ((words[-1] in names["GOOD"]) + turns) % 2


# The loader, against a server on this machine.


@pytest.fixture
def server(tmp_path):
    """Serve a folder; yield it, its address, and the list of what was asked for."""
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(tmp_path / "served"))

        def log_message(self, *_arguments):
            asked.append(self.path)

    (tmp_path / "served").mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield tmp_path / "served", f"http://127.0.0.1:{running.server_port}/r.zip", asked
        running.shutdown()


@pytest.fixture
def served(server):
    """Serve a small file of the form of the real one; yield address, sha256, and the requests."""
    folder, url, asked = server
    with zipfile.ZipFile(folder / "r.zip", "w") as archive:
        for side, sentences in (("neg", NEGATIVE), ("pos", POSITIVE)):
            archive.writestr(f"sentence_polarity/rt-polarity.{side}", "\n".join(sentences) + "\n")
    return url, hashlib.sha256((folder / "r.zip").read_bytes()).hexdigest(), asked


def test_reviews_are_downloaded_once_and_split(served, tmp_path, capsys):
    url, sha256, asked = served
    loaded = reviews.load_reviews(url, sha256, tmp_path / "cache")
    assert "100%" in capsys.readouterr().err  # the progress bar
    assert [len(part) for part in loaded] == [96, 96, 12, 12, 12, 12]
    for sentences, labels in zip(loaded[::2], loaded[1::2]):
        assert [int(words[1] == "clever") for words in sentences] == labels.tolist()
    everything = sorted(" ".join(words) for part in loaded[::2] for words in part)
    assert everything == sorted(NEGATIVE + POSITIVE)
    again = reviews.load_reviews(url, sha256, tmp_path / "cache")
    assert again.x_test == loaded.x_test
    assert len(asked) == 1


def test_a_damaged_copy_is_downloaded_again(served, tmp_path):
    url, sha256, asked = served
    reviews.load_reviews(url, sha256, tmp_path / "cache")
    (tmp_path / "cache" / reviews.NAME).write_bytes(b"half a fi")
    assert len(reviews.load_reviews(url, sha256, tmp_path / "cache").x_train) == 96
    assert len(asked) == 2


def test_another_file_is_refused_and_not_kept(served, tmp_path):
    with pytest.raises(ValueError, match="is not the published file: another sha256"):
        reviews.load_reviews(served[0], reviews.SHA256, tmp_path / "cache")
    assert not [path for path in (tmp_path / "cache").iterdir() if path.is_file()]


def test_offline_the_error_says_what_to_do(tmp_path):
    with pytest.raises(ConnectionError, match=r"connect to the internet .* by hand"):
        reviews.load_reviews("http://127.0.0.1:1/r.zip", folder=tmp_path)


def test_a_missing_file_is_a_clear_error(server, tmp_path):
    with pytest.raises(ConnectionError, match=r"cannot be downloaded \(HTTPError\)"):
        reviews.load_reviews(server[1], folder=tmp_path / "cache")


def test_a_copy_made_by_hand_needs_no_network(served, server, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / reviews.NAME).write_bytes((server[0] / "r.zip").read_bytes())
    reviews.load_reviews("http://127.0.0.1:1/r.zip", served[1], tmp_path / "cache")
    assert served[2] == []


def test_all_models_learn_an_easy_task(served, tmp_path):
    loaded = reviews.load_reviews(served[0], served[1], tmp_path / "cache")
    assert reviews.accuracy_of_words(loaded) == 1
    assert reviews.accuracy_of_words(loaded, pairs=True) == 1
    first = reviews.accuracy_of_network(loaded, seed=0, num_epochs=30)
    assert first == reviews.accuracy_of_network(loaded, seed=0, num_epochs=30) == 1


def test_logistic_regression_is_at_its_minimum():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 2, (40, 5))
    labels = rng.integers(0, 2, 40)
    rows = reviews.encode([set(np.flatnonzero(x).tolist()) for x in X], {i: i for i in range(5)})
    weights, bias = reviews.logistic_regression(rows, labels, 5, penalty=0.3, n_steps=5000)
    error = 1 / (1 + np.exp(-(X @ weights + bias))) - labels
    np.testing.assert_allclose(X.T @ error + 0.6 * weights, 0, atol=1e-4)
    np.testing.assert_allclose(error.mean(), 0, atol=1e-4)
