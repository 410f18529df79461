"""rnn_lib.data: the loaders, padding, batches, one-hot rows and vocabularies."""

from __future__ import annotations

import doctest
import shutil
import subprocess
import sys

import numpy as np
import pytest

from rnn_lib import data
from rnn_lib.data import (
    Vocabulary,
    load_japanese_vowels,
    load_names,
    load_pronunciations,
    load_sunspots,
    minibatches,
    one_hot,
    pad,
)


def test_examples_in_docstrings():
    result = doctest.testmod(data)
    assert result.attempted >= 10
    assert result.failed == 0


# Japanese Vowels


def test_japanese_vowels_counts_and_ranges():
    vowels = load_japanese_vowels()
    assert [len(part) for part in vowels] == [216, 216, 54, 54, 370, 370]
    lengths = [len(x) for x in vowels.x_train + vowels.x_valid + vowels.x_test]
    assert (min(lengths), max(lengths), sum(lengths)) == (7, 29, 4274 + 5687)
    for x in vowels.x_train + vowels.x_valid + vowels.x_test:
        assert x.shape[1:] == (12,)
        assert x.dtype == np.float64
        assert np.isfinite(x).all()
        assert np.abs(x).max() < 2.3


def test_japanese_vowels_speakers():
    vowels = load_japanese_vowels()
    assert vowels.y_train.dtype == vowels.y_valid.dtype == vowels.y_test.dtype == np.int64
    assert np.bincount(vowels.y_train).tolist() == [24] * 9
    assert np.bincount(vowels.y_valid).tolist() == [6] * 9
    assert np.bincount(vowels.y_test).tolist() == [31, 35, 88, 44, 29, 24, 40, 50, 29]


def test_japanese_vowels_numbers_are_exactly_those_of_the_source():
    vowels = load_japanese_vowels()  # the first and the last numbers in the .ts files
    assert vowels.x_train[0][:3, 0].tolist() == [1.860936, 1.891651, 1.939205]
    assert vowels.x_train[0][:4, 1].tolist() == [-0.207383, -0.193249, -0.239664, -0.218572]
    assert vowels.x_test[0][-1, 0] == 1.388998


def test_validation_is_the_last_six_training_utterances_of_each_speaker():
    split, whole = load_japanese_vowels(), load_japanese_vowels(validation=False)
    assert [len(part) for part in whole] == [270, 270, 0, 0, 370, 370]
    assert whole.y_valid.dtype == np.int64
    for speaker in range(9):
        of_speaker = [x for x, y in zip(whole.x_train, whole.y_train, strict=True) if y == speaker]
        train = [x for x, y in zip(split.x_train, split.y_train, strict=True) if y == speaker]
        valid = [x for x, y in zip(split.x_valid, split.y_valid, strict=True) if y == speaker]
        for expected, x in zip(of_speaker, train + valid, strict=True):
            np.testing.assert_array_equal(x, expected)


def test_loading_twice_gives_independent_arrays():
    load_japanese_vowels().x_train[0][:] = 0
    assert load_japanese_vowels().x_train[0][0, 0] == 1.860936


# Sunspots and names


def test_sunspots():
    years, numbers = load_sunspots()
    assert years.tolist() == list(range(1700, 2009))
    assert (years.dtype, numbers.dtype) == (np.int64, np.float64)
    assert (numbers[0], numbers[-1], numbers.min(), numbers.max()) == (5, 2.9, 0, 190.2)
    assert years[numbers.argmax()] == 1957


def test_names():
    names = load_names()
    assert [len(part.names) for part in names] == [4275, 1219, 88799]
    assert [part.names[0] for part in names] == ["mary", "james", "smith"]
    assert names.female.frequencies[:2].tolist() == [2.629, 1.073]
    for part in names:
        assert len(set(part.names)) == len(part.names) == len(part.frequencies)
        assert set("".join(part.names)) <= set("abcdefghijklmnopqrstuvwxyz")
        assert (np.diff(part.frequencies) <= 0).all()
    assert (names.last.frequencies == 0).sum() == 69960
    assert len(set(names.female.names) & set(names.male.names)) == 331


def test_pronunciations():
    words = load_pronunciations()
    assert [len(part) for part in words] == [20_000, 1000, 1000]
    assert len({word for part in words for word in part}) == 22_000
    assert words.test["dismore"] == [("D", "IH", "S", "M", "AO", "R")]
    assert words.train["heartening"] == [
        ("HH", "AA", "R", "T", "AH", "N", "IH", "NG"),
        ("HH", "AA", "R", "T", "N", "IH", "NG"),
    ]
    listed = [phones for part in words for phones in part.values()]
    assert all(len(set(phones)) == len(phones) > 0 for phones in listed)
    assert {len(p) for phones in listed for p in phones} == set(range(1, 13))
    assert len({phone for phones in listed for p in phones for phone in p}) == 39
    assert all(3 <= len(word) <= 10 for part in words for word in part)


# Where the files are, and what happens when they are not


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a private copy of the data folder that the loaders use."""
    copy = tmp_path / "data"
    shutil.copytree(data.FOLDER, copy)
    monkeypatch.setattr(data, "FOLDER", copy)
    return copy


@pytest.mark.parametrize("name", ["sunspots.csv", "SHA256SUMS"])
def test_missing_file(folder, name):
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=rf"{name} is missing, get a fresh copy"):
        load_sunspots()


@pytest.mark.parametrize(
    ("name", "load"),
    [
        ("japanese_vowels.npz", load_japanese_vowels),
        ("sunspots.csv", load_sunspots),
        ("names_last.csv", load_names),
        ("pronunciations.csv", load_pronunciations),
    ],
)
def test_damaged_file(folder, name, load):
    load()
    content = (folder / name).read_bytes()
    for damaged in (content[:-1], b"", content[:99] + b"7" + content[100:]):
        (folder / name).write_bytes(damaged)
        with pytest.raises(ValueError, match=rf"{name} is not as published .* install it again"):
            load()


def test_installed_copy_uses_the_data_inside_the_package(tmp_path):
    package = tmp_path / "rnn_lib"
    package.mkdir()
    (package / "__init__.py").touch()
    for module in ("data", "checks"):
        shutil.copy(f"{data.HERE}/{module}.py", package)
    shutil.copytree(data.FOLDER, package / "_data")
    command = "from rnn_lib import data; print(data.FOLDER, data.load_sunspots()[1][-1])"
    done = subprocess.run(
        [sys.executable, "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(package / "_data"), "2.9"]


def test_the_module_needs_neither_engine(tmp_path):
    test = "import sys; sys.path.insert(0, '.'); import data; print(*sys.modules, sep='\\n')"
    source = (data.HERE / "data.py").read_text(encoding="utf-8")
    (tmp_path / "data.py").write_text(source.replace("rnn_lib.checks", "checks"), encoding="utf-8")
    shutil.copy(data.HERE / "checks.py", tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", test], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert not {"theano", "pytensor", "rnn_lib", "matplotlib"} & set(done.stdout.split())


# pad


def test_pad_restores_every_sequence():
    rng = np.random.default_rng(1)
    sequences = [rng.normal(size=(n_steps, 3)) for n_steps in (4, 1, 7)]
    padded, mask = pad(sequences)
    assert padded.shape == (7, 3, 3)
    assert (mask.shape, mask.dtype) == ((7, 3), np.int8)
    for i, sequence in enumerate(sequences):
        np.testing.assert_array_equal(padded[mask[:, i] == 1, i], sequence)
        assert (mask[:, i] == (np.arange(7) < len(sequence))).all()
        assert not padded[len(sequence) :, i].any()


def test_pad_tokens():
    padded, mask = pad([np.array([3, 1]), [2], []])
    assert padded.tolist() == [[3, 2, 0], [1, 0, 0]]
    assert mask.tolist() == [[1, 1, 0], [1, 0, 0]]


def test_pad_dtype():
    assert pad([np.ones((2, 1), "float32")])[0].dtype == np.float32
    assert pad([np.ones((2, 1), "float32"), np.ones((1, 1), "float64")])[0].dtype == np.float64
    assert pad([[1, 2]])[0].dtype.kind == "i"
    assert pad([np.ones((2, 1))], dtype="float32")[0].dtype == np.float32


def test_pad_errors():
    with pytest.raises(ValueError, match="sequences must hold at least one sequence, got none"):
        pad([])
    with pytest.raises(ValueError, match=r"sequences\[1\] must have the shape \(n_steps, 2\), got"):
        pad([np.ones((3, 2)), np.ones((3, 1))])
    with pytest.raises(ValueError, match=r"sequences\[1\] .* \(n_steps\), got \(3, 1\)"):
        pad([np.ones(3), np.ones((3, 1))])
    with pytest.raises(ValueError, match=r"sequences\[0\] must .*, got \(\)"):
        pad([1.0])


# minibatches


@pytest.mark.parametrize(
    ("sizes", "lengths"), [((7, 3), [3, 3, 1]), ((6, 3), [3, 3]), ((2, 5), [2])]
)
def test_only_the_last_minibatch_may_be_smaller(sizes, lengths):
    batches = list(minibatches(*sizes, np.random.default_rng(0)))
    assert [len(batch) for batch in batches] == lengths
    assert sorted(np.concatenate(batches)) == list(range(sizes[0]))


def test_minibatches_shuffled_by_the_generator_alone():
    once = np.concatenate(list(minibatches(50, 8, np.random.default_rng(3))))
    again = np.concatenate(list(minibatches(50, 8, np.random.default_rng(3))))
    other = np.concatenate(list(minibatches(50, 8, np.random.default_rng(4))))
    assert once.tolist() == again.tolist() != other.tolist()
    assert sorted(once) == sorted(other) == list(range(50))


@pytest.mark.parametrize("sizes", [(0, 3), (3, 0), (-1, 3)])
def test_minibatches_errors_come_at_the_call(sizes):
    with pytest.raises(
        ValueError, match=r"(n_items|batch_size) must be a whole number of at least 1"
    ):
        minibatches(*sizes, np.random.default_rng(0))
    with pytest.raises(TypeError, match=r"batch_size must be .*, got 2\.5"):
        minibatches(3, 2.5, np.random.default_rng(0))


# one_hot


def test_one_hot():
    assert one_hot(1, 3).tolist() == [0, 1, 0]
    rows = one_hot([[2, 0], [1, 1]], 3)
    assert (rows.shape, rows.dtype) == ((2, 2, 3), np.float64)
    assert rows.argmax(axis=-1).tolist() == [[2, 0], [1, 1]]
    assert (rows.sum(axis=-1) == 1).all()
    assert one_hot([], 4).shape == (0, 4)


def test_one_hot_errors():
    with pytest.raises(ValueError, match=r"indices must lie in 0\.\.2, got 3"):
        one_hot([0, 3], 3)
    with pytest.raises(ValueError, match=r"indices must lie in 0\.\.2, got -1"):
        one_hot(-1, 3)
    with pytest.raises(TypeError, match=r"indices must hold whole numbers, got 0\.5"):
        one_hot([0.5], 3)
    with pytest.raises(ValueError, match="n_classes must be a whole number of at least 1, got 0"):
        one_hot([0], 0)


# Vocabulary


def test_vocabulary_numbers_reserved_tokens_first_and_the_rest_sorted():
    vocabulary = Vocabulary.from_sequences([["b", "a"], ["c", "."]], reserved=[".", "?"])
    assert vocabulary.tokens == (".", "?", "a", "b", "c")
    assert len(vocabulary) == 5


def test_vocabulary_there_and_back():
    names = load_names().male.names
    vocabulary = Vocabulary.from_sequences(names, reserved=".")
    assert len(vocabulary) == 27
    for name in names:
        indices = vocabulary.encode(name + ".")
        assert indices.dtype == np.int64
        assert "".join(vocabulary.decode(indices)) == name + "."
    assert vocabulary.encode("").shape == (0,)
    assert vocabulary.decode([]) == []


def test_vocabulary_of_words():
    vocabulary = Vocabulary(["not", "good"])
    assert vocabulary.encode(["good", "not"]).tolist() == [1, 0]
    assert vocabulary.decode(np.array([0])) == ["not"]


def test_vocabulary_errors():
    vocabulary = Vocabulary("ab")
    with pytest.raises(ValueError, match=r"sequence\[2\] must be one of a b, got 'é'"):
        vocabulary.encode("abé")
    with pytest.raises(ValueError, match=r"indices must lie in 0\.\.1, got 2"):
        vocabulary.decode([0, 2])
    with pytest.raises(ValueError, match=r"indices must lie in 0\.\.1, got -1"):
        vocabulary.decode([-1])
    with pytest.raises(TypeError, match="indices must hold whole numbers"):
        vocabulary.decode([0.5])
    with pytest.raises(ValueError, match="tokens must be at least one and different"):
        Vocabulary("aba")
    with pytest.raises(ValueError, match="tokens must be at least one and different"):
        Vocabulary([])
