"""rnn_lib.exercises: the verdict of a check.

PYTEST_DONT_REWRITE: pytest would add its own explanation to the messages of the asserts.
"""

import pytest

from rnn_lib.exercises import check


@check("Exercise 0.1")
def check_double(double):
    """Doubles."""
    assert double(2) is not None, "double(2) returned nothing."
    assert double(2) == 4, f"double(2) should be 4, and yours is {double(2)}."


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (lambda x: None, "Not yet: double(2) returned nothing."),
        (lambda x: x, "Not yet: double(2) should be 4, and yours is 2."),
        (lambda x: 2 * x, "Correct: Exercise 0.1 is solved."),
    ],
)
def test_verdict(answer, verdict, capsys):
    assert check_double(answer) is None
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == (verdict + "\n", "")


def test_error_in_the_answer_is_the_learners_own():
    with pytest.raises(ZeroDivisionError):
        check_double(lambda x: x / 0)


def test_check_keeps_its_name():
    assert check_double.__name__ == "check_double"
    assert check_double.__doc__ == "Doubles."
