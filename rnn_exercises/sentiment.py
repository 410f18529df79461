"""Checks of the page about sentiment: a rule by hand, one word moved, a network fooled."""

import re
from typing import Any

import numpy as np

from rnn_exercises.answers import call, kind

__all__ = ["exercise_1", "exercise_2", "exercise_3"]

# The grammar of the page.
SUBJECTS = ["film", "plot", "music", "acting", "ending"]
GOOD = ["good", "great", "funny", "clever", "moving"]
BAD = ["bad", "dull", "boring", "silly", "awful"]
DEGREES = ["very", "really", "so"]
CLAUSE = re.compile(
    rf"((i think|nobody thinks) )?the ({'|'.join(SUBJECTS)}) is (not )?"
    rf"(({'|'.join(DEGREES)}) )?({'|'.join(GOOD + BAD)})"
)


def clause(rng: Any, *, negated: bool | None = None) -> str:
    """Draw a clause, with or without "not" where ``negated`` says so."""
    opening = ["", "", "i think ", "nobody thinks "][rng.integers(4)]
    negated = bool(rng.integers(2)) if negated is None else negated
    degree = rng.choice([f"{word} " for word in DEGREES] + [""])
    word = rng.choice(GOOD + BAD)
    return f"{opening}the {rng.choice(SUBJECTS)} is {'not ' if negated else ''}{degree}{word}"


def sentence(rng: Any, n_clauses: int, links: tuple[str, ...] = ("but", "although")) -> str:
    """Draw a sentence of some clauses."""
    text = clause(rng)
    for _ in range(n_clauses - 1):
        text = f"{text} {rng.choice(links)} {clause(rng)}"
    return text


def verdict_of(text: str) -> int:
    """Return 1 for praise and 0 for blame."""
    decisive = text.split(" but ")[-1].split(" although ")[0].split()
    turns = decisive.count("not") + decisive.count("nobody")
    return int((decisive[-1] in GOOD) ^ (turns % 2 == 1))


def exercise_1(verdict: Any) -> None:
    """Try sentences of one to nine clauses, those with fewer kinds of words first."""
    cases = (
        ((), 1, "Count what turns the verdict round: twice is back."),
        (("but",), 3, "What comes after the last 'but' replaces the verdict."),
        (("although",), 3, "What comes after 'although' does not count."),
        (("but", "although"), 3, "Read from left to right, one link after the other."),
        (("but", "although"), 9, "It has many clauses: one link after the other."),
    )
    for rng in (np.random.default_rng(0), np.random.default_rng()):
        for links, n_clauses, hint in cases:
            for _ in range(60):
                text = sentence(rng, n_clauses, links)
                mine, right = call(verdict, text), verdict_of(text)
                assert np.ndim(mine) == 0 and mine in (0, 1), (  # noqa: PT018
                    f"verdict returns {mine!r}: it should be 1 or 0."
                )
                assert mine == right, f"'{text}' is {right}, not {int(mine)}. {hint}"


def exercise_2(move_not: Any) -> None:
    """Move the word to and fro in sentences of two clauses."""
    for rng in (np.random.default_rng(1), np.random.default_rng()):
        for k in range(40):
            first = bool(k % 2)
            text = f"{clause(rng, negated=first)} but {clause(rng, negated=not first)}"
            right = moved(text)
            twin = call(move_not, text)
            assert isinstance(twin, str), f"return the new sentence, not {kind(twin)}."
            assert twin != text, f"'{text}' came back unchanged."
            assert sorted(twin.split()) == sorted(text.split()), f"'{twin}': other words."
            parts = twin.split(" but ")
            assert len(parts) == 2, f"'{twin}' must have two clauses."
            assert any(" is not " in part for part in parts), f"'{twin}': 'not' must follow 'is'."
            assert twin.replace(" not ", " ") == text.replace(" not ", " "), (
                f"'{twin}': the other words must stay where they are."
            )
            assert twin == right, f"'{text}' should become '{right}'."


def moved(text: str) -> str:
    """Move "not" to the other clause."""

    def change(part: str) -> str:
        return part.replace(" not ", " ") if " not " in part else part.replace(" is ", " is not ")

    return " but ".join(map(change, text.split(" but ")))


def exercise_3(fool: Any, model: Any, encode: Any) -> None:
    """Let it fool a network of the page, and one that fails only at sentences with many links."""
    assert hasattr(model, "predict"), f"the second argument must be a network, not {kind(model)}."
    assert callable(encode), f"the third argument must be the page's encode, not {kind(encode)}."
    text = fooled(fool, model)
    assert model.predict(encode([text]))[0] != verdict_of(text), (
        f"the network reads '{text}' correctly: look for another."
    )
    words = sorted(set(" ".join([*SUBJECTS, *GOOD, *BAD, *DEGREES]).split()) | KEYWORDS)
    names = {tuple(np.ravel(encode([word])[0])): word for word in words}
    tired = Tires(names)
    text = fooled(fool, tired)
    assert tired.verdict(text) != verdict_of(text), (
        f"a network that fails only at sentences with more than three links reads '{text}' "
        "correctly: ask the network that you are given, and try longer sentences."
    )


KEYWORDS = {"i", "think", "nobody", "thinks", "the", "is", "not", "but", "although"}


def fooled(fool: Any, model: Any) -> str:
    """Return the sentence of an answer; complain if the grammar does not make it."""
    text = call(fool, model)
    assert isinstance(text, str), f"fool must return a sentence, not {kind(text)}."
    parts = re.split(" but | although ", text)
    wrong = [part for part in parts if not CLAUSE.fullmatch(part)]
    assert not wrong, f"the grammar does not make the clause '{wrong[0] if wrong else ''}'."
    assert len(parts) <= 12, f"{len(parts)} clauses, and at most 12 are allowed."
    return text


class Tires:
    """A network that reads every sentence right, but for those with more than three links."""

    def __init__(self, names: dict[tuple[int, ...], str]) -> None:
        self.names = names

    def verdict(self, text: str) -> int:
        """Return its verdict on a sentence."""
        n_links = text.split().count("but") + text.split().count("although")
        return verdict_of(text) ^ int(n_links > 3)

    def predict(self, sequences: Any) -> Any:
        """Return its verdicts on encoded sentences, or on one."""
        if np.ndim(sequences[0]) == 0:
            return self.predict([sequences])[0]
        texts = [" ".join(self.names[(int(token),)] for token in tokens) for tokens in sequences]
        return np.array([self.verdict(text) for text in texts])

    def predict_proba(self, sequences: Any) -> Any:
        """Return its verdicts as probabilities of 0 and 1."""
        return np.eye(2)[self.predict(sequences)]
