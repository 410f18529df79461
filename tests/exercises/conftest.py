"""What the tests of all checks need."""

import pytest

from rnn_exercises import check


@pytest.fixture
def said(capsys):
    """Return what a check says of an answer; it writes nothing to stderr."""

    def verdict(number, *answer):
        check(number, *answer)
        captured = capsys.readouterr()
        assert captured.err == ""
        return captured.out

    return verdict


@pytest.fixture
def fails():
    """An answer that raises."""

    def unfinished(*arguments, **options):
        raise RuntimeError("not finished")

    return unfinished
