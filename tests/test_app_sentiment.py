"""The page about sentiment: its figures as bands, its grammar, and the loader of reviews."""

import hashlib
import http.server
import importlib.util
import json
import threading
import zipfile
from pathlib import Path

import nbformat
import numpy as np
import pytest

PAGE = Path(__file__).resolve().parent.parent / "chapters" / "applications" / "sentiment.ipynb"
NEGATIVE = [f"a dull film number {i}" for i in range(60)]
POSITIVE = [f"a clever film number {i}" for i in range(60)]


@pytest.fixture(scope="module")
def reviews():
    spec = importlib.util.spec_from_file_location("reviews", PAGE.with_name("reviews.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def page():
    return nbformat.read(PAGE, as_version=4)


@pytest.fixture(scope="module")
def glued(page):
    outputs = [o for cell in page.cells if cell.cell_type == "code" for o in cell.outputs]
    pairs = [(o.get("metadata", {}).get("scrapbook", {}).get("name"), o) for o in outputs]
    return {
        name: float(o["data"]["application/papermill.record/text/plain"])
        for name, o in pairs
        if name
    }


# The figures of the page; nbval proves that they are what the cells give.


def test_the_network_solves_what_a_bag_of_words_cannot(glued):
    assert glued["bag_words"] < 0.75
    assert glued["bag_pairs"] < 0.75
    assert glued["bag_triples"] < 0.75
    assert glued["bag_twins"] == 0.5
    assert glued["network_median"] >= 0.98
    assert glued["network_twins"] >= 0.98


def test_the_network_reads_longer_sentences_than_it_was_trained_on(glued):
    assert glued["twelve_median"] >= 0.95
    assert glued["twelve_bag"] < 0.6


def test_a_unit_flips_at_not_and_does_not_decide_alone(glued):
    assert glued["unit_not"] >= 0.95
    assert glued["unit_really"] <= 0.25
    assert glued["turned_one"] <= 0.1


def test_on_real_reviews_both_do_as_well(glued):
    results = json.loads(PAGE.with_name("reviews.json").read_text("utf-8"))
    assert (results["n_train"], results["n_test"]) == (8530, 1066)
    assert glued["real_words"] == results["words"]
    assert glued["real_pairs"] == results["pairs"]
    for accuracy in (results["words"], results["pairs"], *results["networks"]):
        assert 0.72 < accuracy < 0.80
    assert len(results["networks"]) == 3


def test_the_grammar_turns_the_verdict_by_order(page):
    sources = [c.source for c in page.cells if c.cell_type == "code"]
    names = {"np": np}
    for start in ("SUBJECTS", "def sentence", "def twins"):
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


def test_reviews_are_downloaded_once_and_split(reviews, served, tmp_path, capsys):
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


def test_a_damaged_copy_is_downloaded_again(reviews, served, tmp_path):
    url, sha256, asked = served
    reviews.load_reviews(url, sha256, tmp_path / "cache")
    (tmp_path / "cache" / reviews.NAME).write_bytes(b"half a fi")
    assert len(reviews.load_reviews(url, sha256, tmp_path / "cache").x_train) == 96
    assert len(asked) == 2


def test_another_file_is_refused_and_not_kept(reviews, served, tmp_path):
    with pytest.raises(ValueError, match="is not the published file: another sha256"):
        reviews.load_reviews(served[0], reviews.SHA256, tmp_path / "cache")
    assert not [path for path in (tmp_path / "cache").iterdir() if path.is_file()]


def test_offline_the_error_says_what_to_do(reviews, tmp_path):
    with pytest.raises(ConnectionError, match=r"connect to the internet .* by hand"):
        reviews.load_reviews("http://127.0.0.1:1/r.zip", folder=tmp_path)


def test_a_missing_file_is_a_clear_error(reviews, server, tmp_path):
    with pytest.raises(ConnectionError, match=r"cannot be downloaded \(HTTPError\)"):
        reviews.load_reviews(server[1], folder=tmp_path / "cache")


def test_a_copy_made_by_hand_needs_no_network(reviews, served, server, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / reviews.NAME).write_bytes((server[0] / "r.zip").read_bytes())
    reviews.load_reviews("http://127.0.0.1:1/r.zip", served[1], tmp_path / "cache")
    assert served[2] == []


def test_all_models_learn_an_easy_task(reviews, served, tmp_path):
    loaded = reviews.load_reviews(served[0], served[1], tmp_path / "cache")
    assert reviews.accuracy_of_words(loaded) == 1
    assert reviews.accuracy_of_words(loaded, pairs=True) == 1
    first = reviews.accuracy_of_network(loaded, seed=0, num_epochs=30)
    assert first == reviews.accuracy_of_network(loaded, seed=0, num_epochs=30) == 1


def test_logistic_regression_is_at_its_minimum(reviews):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 2, (40, 5))
    labels = rng.integers(0, 2, 40)
    rows = reviews.encode([set(np.flatnonzero(x).tolist()) for x in X], {i: i for i in range(5)})
    weights, bias = reviews.logistic_regression(rows, labels, 5, penalty=0.3, n_steps=5000)
    error = 1 / (1 + np.exp(-(X @ weights + bias))) - labels
    np.testing.assert_allclose(X.T @ error + 0.6 * weights, 0, atol=1e-4)
    np.testing.assert_allclose(error.mean(), 0, atol=1e-4)
