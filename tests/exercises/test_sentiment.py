"""Checks of the page about sentiment: right answers in every form, and why wrong ones are wrong."""

import numpy as np
import pytest

from rnn_exercises.sentiment import GOOD, KEYWORDS, Tires, sentence, verdict_of
from rnn_lib.data import Vocabulary

CORRECT = "Correct: exercise {} is solved.\n"


@pytest.mark.parametrize("answer", [verdict_of, lambda text: bool(verdict_of(text))])
def test_rule_right(said, answer):
    assert said("6.5.1", answer) == CORRECT.format("6.5.1")


def first_but(text):
    clause = text.split(" but ")[1] if " but " in text else text
    return verdict_of(clause.split(" although ")[0])


def one_negation(text):
    decisive = text.split(" but ")[-1].split(" although ")[0].split()
    return int((decisive[-1] in GOOD) ^ ("not" in decisive or "nobody" in decisive))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (first_but, "the last 'but'"),
        (one_negation, "twice is back"),
        (lambda text: verdict_of(text.split(" although ")[-1]), "does not count"),
        (lambda text: verdict_of(text.split(" but ")[0]), "the last 'but'"),
        (lambda text: 1, "is 0, not 1"),
        (lambda text: "praise", "it should be 1 or 0"),
    ],
)
def test_rule_wrong(said, answer, reason):
    assert reason in said("6.5.1", answer)


def move_not(text):
    def change(part):
        words = part.split()
        if "not" in words:
            words.remove("not")
        else:
            words.insert(words.index("is") + 1, "not")
        return " ".join(words)

    return " but ".join(map(change, text.split(" but ")))


def test_move_right(said):
    assert said("6.5.2", move_not) == CORRECT.format("6.5.2")


def into_the_second(text):
    first, second = text.replace(" not ", " ").split(" but ")
    return f"{first} but {second.replace(' is ', ' is not ')}"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (into_the_second, "came back unchanged"),
        (lambda text: " but ".join(reversed(text.split(" but "))), "must stay where they are"),
        (lambda text: text, "came back unchanged"),
        (lambda text: text.replace(" not ", " "), "other words"),
        (lambda text: text.split(), "return the new sentence"),
        (lambda text: text.replace(" not ", " ") + " not", "'not' must follow 'is'"),
    ],
)
def test_move_wrong(said, answer, reason):
    assert reason in said("6.5.2", answer)


@pytest.fixture(scope="module")
def page():
    """A network of the page, as far as the check sees it, and the page's encode."""
    rng = np.random.default_rng(0)
    texts = [sentence(rng, 3) for _ in range(500)]
    vocabulary = Vocabulary.from_sequences(text.split() for text in texts)

    def encode(texts):
        return [np.array(vocabulary.encode(text.split()), "int32") for text in texts]

    names = {(k,): token for k, token in enumerate(vocabulary.decode(range(len(vocabulary))))}
    return Tires(names), encode


def searching(encode, lengths):
    def fool(model):
        rng = np.random.default_rng(3)
        texts = [sentence(rng, int(rng.choice(lengths))) for _ in range(300)]
        said = model.predict(encode(texts))
        wrong = [t for t, v in zip(texts, said, strict=True) if v != verdict_of(t)]
        return min(wrong, key=len)

    return fool


def test_fool_right(said, page):
    model, encode = page
    answer = searching(encode, [1, 2, 3, 6, 12])
    assert said("6.5.3", answer, model, encode) == CORRECT.format("6.5.3")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda model: "the film is good", "reads 'the film is good' correctly"),
        (lambda model: "the film is purple", "the grammar does not make"),
        (lambda model: " but ".join(["the film is good"] * 13), "at most 12 are allowed"),
        (lambda model: 3, "fool must return a sentence"),
        (None, "expected a function, got None"),
        ("text", "expected a function"),
    ],
)
def test_fool_wrong(said, page, answer, reason):
    assert reason in said("6.5.3", answer, *page)


def test_fool_that_looks_at_short_sentences_only(said, page):
    model, encode = page
    assert "ValueError" in said("6.5.3", searching(encode, [1, 2]), model, encode)


class AlwaysWrong(Tires):
    def verdict(self, text):
        return 1 - verdict_of(text)


def test_fool_that_asks_another_network(said, page):
    model, encode = page
    wrong = AlwaysWrong(model.names)
    found = said("6.5.3", lambda _: "the film is good", wrong, encode)
    assert "ask the network that you are given" in found


def test_the_words_of_the_check_are_those_of_the_grammar(page):
    assert set(page[0].names.values()) >= KEYWORDS


@pytest.mark.parametrize("number", ["6.5.1", "6.5.2"])
def test_anything_else_gets_one_sentence(said, fails, number):
    for answer in (None, "text", lambda *a: None, lambda *a: 1j):
        assert said(number, answer).startswith("Not yet: ")
    assert said(number, fails) == "Not yet: your code raises RuntimeError: not finished.\n"
