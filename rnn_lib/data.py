"""The data sets of the book, and what turns sequences into arrays: padding, batches, tokens.

Where each set comes from, its licence and every change are in ``data/README.md``.

>>> from rnn_lib.data import load_japanese_vowels, pad
>>> vowels = load_japanese_vowels()
>>> len(vowels.x_train), vowels.x_train[0].shape
(216, (20, 12))
>>> x, mask = pad(vowels.x_train[:3])
>>> x.shape, mask.sum(axis=0).tolist()
((26, 3, 12), [20, 26, 22])
"""

import hashlib
import io
from collections.abc import Hashable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from rnn_lib.checks import check_array, check_count, check_indices, check_items, check_rng

__all__ = ["JapaneseVowels", "NameList", "Names", "Pronunciations", "Vocabulary"]
__all__ += ["load_japanese_vowels", "load_names", "load_pronunciations", "load_sunspots"]
__all__ += ["minibatches", "one_hot", "pad", "result"]

HERE = Path(__file__).resolve().parent
# An installed copy carries the data inside; in the repository they stand beside the module.
FOLDER = HERE / "_data" if (HERE / "_data").is_dir() else HERE.parent / "data"
ADVICE = "get a fresh copy of the book's repository or install it again"


def _read(name: str) -> bytes:
    try:
        content = (FOLDER / name).read_bytes()
        sums = (FOLDER / "SHA256SUMS").read_text(encoding="ascii").split()
    except FileNotFoundError as error:
        raise FileNotFoundError(f"data file {error.filename} is missing, {ADVICE}.") from None
    if hashlib.sha256(content).hexdigest() != sums[sums.index(name) - 1]:
        raise ValueError(f"data file {FOLDER / name} is not as published (sha256), {ADVICE}.")
    return content


def result(name: str) -> Path:
    """Return the path of something that a script of the book computed, and a page reads.

    Parameters
    ----------
    name : str
        Such as ``"names.npz"``, the parameters of a trained network; ``data/README.md`` lists all.
    """
    path = FOLDER / "results" / name
    if not path.is_file():
        raise FileNotFoundError(f"data file {path} is missing, {ADVICE}.")
    return path


def _rows(name: str) -> list[list[str]]:
    _heading, *lines = _read(name).decode("ascii").splitlines()
    return [line.split(",") for line in lines]


class JapaneseVowels(NamedTuple):
    """Utterances, lists of arrays ``(n_steps, 12)``, and their speakers, arrays of 0 to 8."""

    x_train: list[np.ndarray]
    y_train: np.ndarray
    x_valid: list[np.ndarray]
    y_valid: np.ndarray
    x_test: list[np.ndarray]
    y_test: np.ndarray


def load_japanese_vowels(*, validation: bool = True) -> JapaneseVowels:
    """Load 640 utterances of the vowels /ae/ by nine men; the task is to tell the speaker.

    An utterance is float64 ``(n_steps, 12)``, 7 to 29 frames of 12 LPC cepstrum coefficients,
    without unit, not scaled; speakers are int64.  There are 216, 54 and 370, ordered by speaker:
    ``validation`` sets apart the last 6 of each speaker's 30 in training (else 270, 0 and 370).
    Kudo, Toyama and Shimbo (1999), doi:10.24432/C5NS47, CC BY 4.0.  Introduced in chapter 1.
    """
    splits: list[Any] = []
    with np.load(io.BytesIO(_read("japanese_vowels.npz")), allow_pickle=False) as archive:
        for split in ("train", "test"):
            frames = archive[f"{split}_frames"] / 1e6  # shipped as exact millionths
            ends = np.cumsum(archive[f"{split}_n_frames"], dtype="int64")
            splits += [np.split(frames, ends[:-1]), archive[f"{split}_speakers"].astype("int64")]
    x, y, x_test, y_test = splits
    valid = np.arange(len(x)) % 30 >= (24 if validation else 30)  # 30 of a speaker, then the next
    x_train, x_valid = ([x[i] for i in np.flatnonzero(part)] for part in (~valid, valid))
    return JapaneseVowels(x_train, y[~valid], x_valid, y[valid], x_test, y_test)


def load_sunspots() -> tuple[np.ndarray, np.ndarray]:
    """Load the yearly number of sunspots, 1700 to 2008, without gaps.

    Returns years, int64 ``(309,)``, and the international sunspot numbers, float64 ``(309,)``:
    means of a year, old scale (version 1), 0 to 190.2.
    SILSO, Royal Observatory of Belgium; public domain.  Introduced in chapter 1.
    """
    years, numbers = zip(*_rows("sunspots.csv"))
    return np.array(years, dtype="int64"), np.array(numbers, dtype="float64")


class NameList(NamedTuple):
    """Names in lower case, the most frequent first, and the percentage of people with each."""

    names: list[str]
    frequencies: np.ndarray


class Names(NamedTuple):
    """4,275 first names of women, 1,219 of men (331 are in both lists), and 88,799 last names."""

    female: NameList
    male: NameList
    last: NameList


def load_names() -> Names:
    """Load the names of the United States census of 1990, public domain.

    ``names`` are different str of the letters a to z, ``frequencies`` float64 ``(n_names,)`` in
    percent, in steps of 0.001: 0 for the 69,960 rarest last names.  Introduced in chapter 1.
    """
    lists = []
    for part in Names._fields:
        names, per_100000 = zip(*_rows(f"names_{part}.csv"))
        lists.append(NameList(list(names), np.array(per_100000, dtype="int64") / 1000))
    return Names(*lists)


class Pronunciations(NamedTuple):
    """Words and their pronunciations, such as ``[("R", "EH", "D"), ("R", "IY", "D")]``."""

    train: dict[str, list[tuple[str, ...]]]
    valid: dict[str, list[tuple[str, ...]]]
    test: dict[str, list[tuple[str, ...]]]


def load_pronunciations() -> Pronunciations:
    """Load 22,000 English words with their sounds, from the CMU Pronouncing Dictionary.

    There are 20,000, 1,000 and 1,000 words of 3 to 10 letters a to z, drawn by lot, in no order,
    each with all that the dictionary lists: 1 to 12 of 39 phones, without stress.
    Carnegie Mellon University, licence BSD.  Introduced on the page about spelling and sound.
    """
    parts = Pronunciations({}, {}, {})
    for word, listed, split in _rows("pronunciations.csv"):
        getattr(parts, split)[word] = [tuple(p.split()) for p in listed.split("|")]
    return parts


def pad(sequences: Sequence[Any], *, dtype: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Put sequences of any lengths side by side, time first, with zeros after their ends.

    ``sequences`` are arrays ``(n_steps, n_features)`` or ``(n_steps,)``.  Returns ``padded
    (max_steps, n_batch, n_features)`` or ``(max_steps, n_batch)``, of the ``dtype`` that holds all,
    and ``mask (max_steps, n_batch)``, int8: 1 for a step, 0 for padding.  Introduced in chapter 4.

    >>> pad([[5, 6], [8]])[0]
    array([[5, 8],
           [6, 0]])
    """
    items = check_items("sequences", sequences)
    arrays = [check_array(f"sequences[{i}]", item, finite=False) for i, item in enumerate(items)]
    if not arrays:
        raise ValueError("sequences must hold at least one sequence, got none.")
    features = arrays[0].shape[1:]
    for i, array in enumerate(arrays):
        if array.ndim == 0 or array.shape[1:] != features:
            shape = ", ".join(map(str, ("n_steps", *features)))
            raise ValueError(f"sequences[{i}] must have the shape ({shape}), got {array.shape}.")
    n_steps = max(len(array) for array in arrays)
    padded = np.zeros((n_steps, len(arrays), *features), dtype or np.result_type(*arrays))
    mask = np.zeros((n_steps, len(arrays)), "int8")
    for i, array in enumerate(arrays):
        padded[: len(array), i] = array
        mask[: len(array), i] = 1
    return padded, mask


def minibatches(n_items: int, batch_size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Return int64 arrays of ``batch_size`` indices, all of ``0..n_items - 1`` as ``rng`` shuffles.

    The last array may be smaller (chapter 4).

    >>> [len(batch) for batch in minibatches(5, 2, np.random.default_rng(0))]
    [2, 2, 1]
    """
    check_rng(rng, "permutation")
    order = rng.permutation(check_count("n_items", n_items))
    starts = range(0, n_items, check_count("batch_size", batch_size))
    return (order[start : start + batch_size] for start in starts)


def one_hot(indices: Any, n_classes: int) -> np.ndarray:
    """Turn class ``indices (...)`` into float64 rows ``(..., n_classes)`` with a single 1.

    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    return np.eye(check_count("n_classes", n_classes))[check_indices("indices", indices, n_classes)]


class Vocabulary:
    """A numbering of different tokens: ``tokens[i]`` has the index ``i``.

    >>> vocabulary = Vocabulary.from_sequences(["anna", "bob"], reserved=".")
    >>> vocabulary.tokens, vocabulary.encode("nab.")
    (('.', 'a', 'b', 'n', 'o'), array([3, 1, 2, 0]))
    >>> "".join(vocabulary.decode([2, 4, 2]))
    'bob'
    """

    def __init__(self, tokens: Iterable[Hashable]) -> None:
        self.tokens = tuple(check_items("tokens", tokens))
        _check_hashable("tokens", self.tokens)
        self._index = {token: i for i, token in enumerate(self.tokens)}
        if not 0 < len(self._index) == len(self.tokens):
            raise ValueError(f"tokens must be at least one and different, got {self.tokens!r}.")

    @classmethod
    def from_sequences(cls, sequences: Iterable[Any], *, reserved: Iterable[Any] = ()) -> Self:
        """Return the tokens that occur, in sorted order after the ``reserved`` ones."""
        first = tuple(check_items("reserved", reserved))
        _check_hashable("reserved", first)
        found: set[Any] = set()
        for i, sequence in enumerate(check_items("sequences", sequences, ordered=False)):
            tokens = check_items(f"sequences[{i}]", sequence, ordered=False)
            _check_hashable(f"sequences[{i}]", tokens)
            found.update(tokens)
        try:
            rest = sorted(found.difference(first))
        except TypeError as error:
            raise TypeError(f"sequences must hold tokens that can be sorted: {error}.") from None
        return cls((*first, *rest))

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, sequence: Iterable[Hashable]) -> np.ndarray:
        """Return the int64 indices ``(n_steps,)`` of a ``sequence``: a text or a list of tokens."""
        tokens = check_items("sequence", sequence)
        _check_hashable("sequence", tokens)
        for i, token in enumerate(tokens):
            if token not in self._index:
                known = " ".join(map(str, self.tokens[:30]))
                raise ValueError(f"sequence[{i}] must be one of {known}, got {token!r}.")
        return np.array([self._index[token] for token in tokens], dtype="int64")

    def decode(self, indices: Any) -> list[Any]:
        """Return the list of the tokens with these indices ``(n_steps,)``."""
        array = check_array("indices", indices)
        if array.ndim != 1:
            raise ValueError(f"indices must have the shape (n_steps,), got {array.shape}.")
        return [self.tokens[i] for i in check_indices("indices", array, len(self))]


def _check_hashable(name: str, tokens: Iterable[Any]) -> None:
    for i, token in enumerate(tokens):
        try:
            hash(token)
        except TypeError:
            kind = type(token).__name__
            raise TypeError(f"{name}[{i}] must be a token, such as a str, got a {kind}.") from None
