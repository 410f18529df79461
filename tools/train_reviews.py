"""Real film reviews for the page about sentiment: download, and compare three models.

    python tools/train_reviews.py            # download, train, print
    python tools/train_reviews.py --write    # and store it for the page

It downloads 500 kB once and trains for some minutes.  The reviews are 10,662 sentences
of Pang and Lee (2005), one half positive, CC BY 4.0.  They are not part of the book.
"""

from __future__ import annotations

import argparse
import json
import os
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rnn_lib import RNN
from rnn_lib.data import Vocabulary

__all__ = [
    "Reviews",
    "accuracy_of_network",
    "accuracy_of_words",
    "compare",
    "load_reviews",
]

URL = "https://raw.githubusercontent.com/nltk/nltk_data/gh-pages/packages/corpora/"
NAME = "sentence_polarity.zip"
SHA256 = "6e1ed4405b65c7eabf1d199a7f7c437091ac21da0ea7467b410a74062574566b"
SIDES = ("neg", "pos")
RESULTS = Path(__file__).resolve().parent.parent / "data" / "results" / "reviews.json"


class Reviews(NamedTuple):
    """Sentences, lists of words, and their labels, int64 arrays: 1 is positive."""

    x_train: list[list[str]]
    y_train: np.ndarray
    x_valid: list[list[str]]
    y_valid: np.ndarray
    x_test: list[list[str]]
    y_test: np.ndarray


def load_reviews(url=URL + NAME, sha256=SHA256, folder=None):
    """Download the reviews, unless `folder` has them; return them split in three."""
    import pooch  # only for who downloads

    folder = Path(folder or pooch.os_cache("rnn-with-theano"))
    try:
        path = pooch.retrieve(url, f"sha256:{sha256}", NAME, folder, progressbar=True)
    except ValueError:
        raise ValueError(f"{url} is not the published file: another sha256.") from None
    except OSError as error:
        raise ConnectionError(
            f"the reviews cannot be downloaded ({type(error).__name__}): connect to "
            f"the internet and try again, or copy {url} into {folder} by hand."
        ) from None
    with zipfile.ZipFile(path) as archive:
        parts = [archive.read(f"sentence_polarity/rt-polarity.{s}") for s in SIDES]
    negative, positive = ([s.split() for s in p.decode().splitlines()] for p in parts)
    labels = np.repeat([0, 1], [len(negative), len(positive)])
    return split(negative + positive, labels)


def split(sentences, labels, seed=0):
    """Return Reviews, shuffled: 80 % to train, 10 % to validate and 10 % to test."""
    order = np.random.default_rng(seed).permutation(len(sentences))
    tenth = len(order) // 10
    train, valid, test = order[2 * tenth :], order[:tenth], order[tenth : 2 * tenth]
    pairs = [([sentences[i] for i in p], labels[p]) for p in (train, valid, test)]
    return Reviews(*(value for pair in pairs for value in pair))


# A bag of words, and logistic regression on it. A sentence has a few of many thousand
# words, so only these are stored: the words of all bags in a row, and the bag of each.


def bag(words, pairs=False):
    """Return the set of the words, with `pairs` also of the pairs of neighbours."""
    return {*words, *pairwise(words)} if pairs else set(words)


def encode(bags, index):
    """Return the indices of the known words in all bags, and the bag of each."""
    found = [(index[w], i) for i, words in enumerate(bags) for w in words if w in index]
    return np.array(found).reshape(-1, 2).T


def scores(model, rows, n_bags):
    """Return the log odds of praise for each bag, given weights and bias."""
    (weights, bias), (words, owners) = model, rows
    return np.bincount(owners, weights[words], minlength=n_bags) + bias


def logistic_regression(rows, labels, n_words, penalty, n_steps=200):
    """Return weights and bias of least cross-entropy plus `penalty` times square."""
    words, owners = rows
    weights, bias, memory = np.zeros(n_words), 0.0, np.full(n_words, 1e-8)
    for _ in range(n_steps):  # AdaGrad: a rare word gets larger steps
        error = 1 / (1 + np.exp(-scores((weights, bias), rows, len(labels)))) - labels
        gradient = np.bincount(words, error[owners], minlength=n_words)
        gradient += 2 * penalty * weights
        memory += gradient**2
        weights -= 0.3 * gradient / np.sqrt(memory)
        bias -= error.mean()
    return weights, bias


def accuracy_of_words(reviews, pairs=False, penalties=(0.1, 0.3, 1, 3)):
    """Return the test accuracy, with the penalty that validation chooses."""
    bags = [[bag(words, pairs) for words in sentences] for sentences in reviews[::2]]
    index = {word: i for i, word in enumerate(sorted(set().union(*bags[0]), key=str))}
    train, valid, test = (encode(some, index) for some in bags)

    def accuracy(model, rows, labels):
        return float(np.mean((scores(model, rows, len(labels)) > 0) == labels))

    models = [
        logistic_regression(train, reviews.y_train, len(index), penalty) for penalty in penalties
    ]
    best = max(models, key=lambda model: accuracy(model, valid, reviews.y_valid))
    return accuracy(best, test, reviews.y_test)


# The network.


def accuracy_of_network(reviews, seed, num_epochs=10):
    """Return the test accuracy of a GRU with 32 units that starts from random words."""
    words, counts = np.unique(np.concatenate(reviews.x_train), return_counts=True)
    vocabulary = Vocabulary(["<rare>", *words[counts > 1].tolist()])
    known = set(vocabulary.tokens)
    train, valid, test = (
        [vocabulary.encode(w if w in known else "<rare>" for w in s) for s in sentences]
        for sentences in reviews[::2]
    )
    model = RNN(len(vocabulary), 32, 2, cell="gru", embedding_size=32, seed=seed)
    model.E.set_value(0.1 * model.E.get_value())  # a smaller start for the many words
    model.train(
        train,
        reviews.y_train,
        learning_rate=0.003,
        num_epochs=num_epochs,
        batch_size=64,
        optimizer="adam",
        clip_norm=1.0,
        validation_data=(valid, reviews.y_valid),
        patience=1,
        seed=seed,
    )
    return float(np.mean(model.predict(test) == reviews.y_test))


def compare(reviews, n_seeds=3):
    """Return the numbers of sentences, and print and return the test accuracies."""
    results = {
        "n_train": len(reviews.x_train),
        "n_test": len(reviews.x_test),
        "words": accuracy_of_words(reviews),
        "pairs": accuracy_of_words(reviews, pairs=True),
    }
    print(f"bag of words: {results['words']:.1%}, and pairs: {results['pairs']:.1%}")
    results["networks"] = []
    for seed in range(n_seeds):
        results["networks"].append(accuracy_of_network(reviews, seed))
        print(f"GRU, seed {seed}: {results['networks'][-1]:.1%}", flush=True)
    return results


def main(arguments=None):
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default=URL + NAME, help="another place of the file")
    parser.add_argument("--folder", help="where to keep it")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    args = parser.parse_args(arguments)
    results = compare(load_reviews(args.url, folder=args.folder))
    if args.write:
        new = RESULTS.with_suffix(".new")
        new.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        os.replace(new, RESULTS)


if __name__ == "__main__":
    main()
