"""Bad input: one sentence with argument, expected and got; the parameters stay as they were."""

import numpy as np
import pytest
from models import get_model, get_weights, make_data

from rnn_lib import RNN, checks

X, Y = make_data(2, 3, (3, 5))
NAN, INF = X[0].copy(), X[0].copy()
NAN[1, 1], INF[0, 0] = np.nan, -np.inf

# Of the constructor: (keywords, exception, message)
CONSTRUCTOR = [
    ({"input_size": 0}, ValueError, "input_size must be a whole number of at least 1, got 0"),
    ({"hidden_size": -5}, ValueError, "hidden_size must be a whole number of at least 1, got -5"),
    ({"output_size": 2.0}, TypeError, r"output_size must be a whole number of .* 1, got 2\.0"),
    ({"input_size": "3"}, TypeError, "input_size must be a whole number of at least 1, got '3'"),
    ({"hidden_size": True}, TypeError, "hidden_size must be a whole number .*, got True"),
    ({"hidden_size": None}, TypeError, "hidden_size must be a whole number .*, got None"),
    ({"layers": 0}, ValueError, "layers must be a whole number of at least 1, got 0"),
    ({"embedding_size": 0}, ValueError, "embedding_size must be a whole number .*, got 0"),
    ({"embedding_size": 1.5}, TypeError, r"embedding_size must be a whole number .*, got 1\.5"),
    ({"seed": -1}, ValueError, "seed must be a whole number of at least 0, got -1"),
    ({"seed": "a"}, TypeError, "seed must be a whole number of at least 0, got 'a'"),
    ({"cell": "rnn"}, ValueError, "cell must be one of 'tanh', 'lstm', 'gru', got 'rnn'"),
    ({"bidirectional": "yes"}, ValueError, "bidirectional must be one of True, False, got 'yes'"),
    ({"readout": "first"}, ValueError, "readout must be one of 'last', 'all', got 'first'"),
    ({"output": "sigmoid"}, ValueError, "output must be one of 'softmax', 'linear', got 'sigmoid'"),
]

# Of RNN(2, 4, 3): inputs that every method refuses
INPUTS = [
    ([], ValueError, "input_sequence must hold at least one sequence .*, got none"),
    (np.zeros((0, 2)), ValueError, "input_sequence must .* at least one step, got none"),
    ([X[0], np.zeros((0, 2))], ValueError, r"input_sequence\[1\] .* one step, got .*\(0, 2\)"),
    (np.zeros((3, 5)), ValueError, r"input_sequence must have .* \(n_steps, 2\), .* \(3, 5\)"),
    ([X[0], np.zeros((3, 1))], ValueError, r"input_sequence\[1\] .* \(n_steps, 2\), .* \(3, 1\)"),
    (np.zeros(3), ValueError, r"input_sequence must have .* \(n_steps, 2\), .* \(3,\)"),
    ([1.0, 2.0], ValueError, r"input_sequence must have .* \(n_steps, 2\), .* \(2,\)"),
    (np.zeros((2, 3, 4, 2)), ValueError, r"input_sequence\[0\] must have .* \(3, 4, 2\)"),
    ([[[1.0, 2.0], [1.0]]], ValueError, r"input_sequence\[0\] must be a regular .* ragged"),
    ([[1.0, 2.0], [1.0]], ValueError, "input_sequence must be a regular array .* ragged"),
    (NAN, ValueError, "input_sequence must be finite, got NaN or infinity"),
    ([X[0], INF], ValueError, r"input_sequence\[1\] must be finite, got NaN or infinity"),
    ([["a", "b"]], TypeError, "input_sequence must hold numbers, got the text 'a': number it"),
    (X[0] + 1j, TypeError, "input_sequence must hold numbers, got dtype complex128"),
    (np.array([[None, 1]]), ValueError, "input_sequence must have no missing values, got None"),
    ("text", TypeError, "input_sequence must be an array or a list of arrays, got a text: number"),
    (None, TypeError, "input_sequence must be an array or a list of arrays, got NoneType"),
    (5.0, TypeError, "input_sequence must be an array or a list of arrays, got float"),
    ({"a": X[0]}, TypeError, "input_sequence must be an array or a list of arrays, got dict"),
]

# The same with an embedding of 2 tokens
TOKENS = [
    (np.array([0.0, 0.5]), TypeError, r"input_sequence must hold whole numbers, got 0\.5"),
    ([0, 2], ValueError, r"input_sequence must lie in 0\.\.1, got 2"),
    ([[0, 1], [1, -1]], ValueError, r"input_sequence\[1\] must lie in 0\.\.1, got -1"),
    (np.zeros((2, 2, 2), int), ValueError, r"input_sequence\[0\] .* \(n_steps,\) .* \(2, 2\)"),
    (np.zeros(0, int), ValueError, "input_sequence must hold at least one .*, got none"),
    ("ab", TypeError, "input_sequence must be .*, got a text: number its tokens first"),
]

# Targets: options, inputs, targets, exception, message
TARGETS = [
    ({}, X, Y[:1], ValueError, "target_sequence must hold a target for each of 2 .*, got 1"),
    ({}, X, 1, TypeError, "target_sequence must hold a target for each of 2 sequences, got 1"),
    ({}, X, None, TypeError, "target_sequence must hold a target for each of 2 .*, got None"),
    ({}, X, [0, 3], ValueError, r"target_sequence\[1\] must lie in 0\.\.2, got 3"),
    ({}, X, [-1, 0], ValueError, r"target_sequence\[0\] must lie in 0\.\.2, got -1"),
    ({}, X, [0.0, 1.5], TypeError, r"target_sequence\[1\] must hold whole numbers, got 1\.5"),
    ({}, X, ["a", "b"], TypeError, r"target_sequence\[0\] must hold numbers, got the text 'a'"),
    ({}, X, [0, np.nan], ValueError, r"target_sequence\[1\] must be finite"),
    ({}, X, [[0, 1], [1, 0]], ValueError, r"target_sequence\[0\] .* \(\) or \(3,\), got \(2,\)"),
    ({}, X[0], [0.5, 0.5, 0], ValueError, "target_sequence must be one-hot: a single 1 in each"),
    ({}, X[0], [1, 1, 0], ValueError, "target_sequence must be one-hot: a single 1 in each row"),
    ({}, X[0], [0, 0, 0], ValueError, "target_sequence must be one-hot: a single 1 in each row"),
    ({}, X[0], [0, 1], ValueError, r"target_sequence must have .* \(\) or \(3,\), got \(2,\)"),
    ({}, X[0], 7, ValueError, r"target_sequence must lie in 0\.\.2, got 7"),
    ({}, X[0], None, ValueError, "target_sequence must have no missing values, got None"),
    ({}, X[0], [[1], [1, 2]], ValueError, "target_sequence must be a regular array of numbers"),
    ({"readout": "all"}, X, [0, 1], ValueError, r"target_sequence\[0\] .* \(3,\) or \(3, 3\), got"),
    ({"readout": "all"}, X[0], [0, 1], ValueError, r"target_sequence must have .*, got \(2,\)"),
    ({"readout": "all"}, X[0], [0, 1, 9], ValueError, r"must lie in 0\.\.2, got 9"),
    ({"output": "linear"}, X[0], [0.5], ValueError, r"must have the shape \(3,\), got \(1,\)"),
    ({"output": "linear"}, X[0], [1, 2, np.inf], ValueError, "target_sequence must be finite"),
]

# Options of train
OPTIONS = [
    ({"learning_rate": 0}, ValueError, "learning_rate must be a finite number above 0, got 0"),
    ({"learning_rate": -0.1}, ValueError, r"learning_rate must be a finite .*, got -0\.1"),
    ({"learning_rate": np.nan}, ValueError, "learning_rate must be a finite .*, got nan"),
    ({"learning_rate": np.inf}, ValueError, "learning_rate must be a finite .*, got inf"),
    ({"learning_rate": "fast"}, TypeError, "learning_rate must be a finite .*, got 'fast'"),
    ({"learning_rate": True}, TypeError, "learning_rate must be a finite .*, got True"),
    ({"num_epochs": 0}, ValueError, "num_epochs must be a whole number of at least 1, got 0"),
    ({"num_epochs": 2.5}, TypeError, r"num_epochs must be a whole number .*, got 2\.5"),
    ({"batch_size": 0}, ValueError, "batch_size must be a whole number of at least 1, got 0"),
    ({"batch_size": "all"}, TypeError, "batch_size must be a whole number .*, got 'all'"),
    ({"optimizer": "lbfgs"}, ValueError, "optimizer must be one of 'sgd', .*, got 'lbfgs'"),
    ({"clip_norm": 0.0}, ValueError, r"clip_norm must be a finite number above 0, got 0\.0"),
    ({"clip_norm": "1"}, TypeError, "clip_norm must be a finite number above 0, got '1'"),
    ({"patience": 3}, ValueError, "patience needs validation_data, got None"),
    ({"patience": 0, "validation_data": (X, Y)}, ValueError, "patience must be a whole .*, got 0"),
    ({"seed": -1}, ValueError, "seed must be a whole number of at least 0, got -1"),
    ({"seed": 1.0}, TypeError, r"seed must be a whole number of at least 0, got 1\.0"),
    ({"validation_data": (X,)}, TypeError, "validation_data must be a pair .*, got tuple"),
    ({"validation_data": 7}, TypeError, "validation_data must be a pair .*, got int"),
    ({"validation_data": (X, [0, 9])}, ValueError, r"validation_data\[1\]\[1\] must lie in 0"),
    ({"validation_data": ([], [])}, ValueError, r"validation_data\[0\] must hold at least one"),
]


def refuse(model, call, exception, message):
    """Assert that ``call`` raises one sentence, and that the parameters are as before."""
    before = get_weights(model)
    with pytest.raises(exception, match=message) as caught:
        call()
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    assert len(text) < 200
    for name, value in get_weights(model).items():
        assert np.array_equal(value, before[name])


@pytest.mark.parametrize(("options", "exception", "message"), CONSTRUCTOR)
def test_constructor(options, exception, message):
    sizes = {"input_size": 2, "hidden_size": 3, "output_size": 3}
    with pytest.raises(exception, match=message):
        RNN(**{**sizes, **options})


@pytest.mark.parametrize(("bad", "exception", "message"), INPUTS)
def test_input_sequence(bad, exception, message):
    model = get_model(2, 4, 3)
    for call in (
        lambda: model.train(bad, Y),
        lambda: model.evaluate(bad, Y),
        lambda: model.predict(bad),
        lambda: model.predict_proba(bad),
        lambda: model.hidden_states(bad),
    ):
        refuse(model, call, exception, message)


@pytest.mark.parametrize(("bad", "exception", "message"), TOKENS)
def test_tokens(bad, exception, message):
    model = get_model(2, 4, 3, embedding_size=2)
    refuse(model, lambda: model.train(bad, Y), exception, message)
    refuse(model, lambda: model.predict(bad), exception, message)


@pytest.mark.parametrize(("options", "xs", "bad", "exception", "message"), TARGETS)
def test_target_sequence(options, xs, bad, exception, message):
    model = get_model(2, 4, 3, **options)
    refuse(model, lambda: model.train(xs, bad), exception, message)
    refuse(model, lambda: model.evaluate(xs, bad), exception, message)


@pytest.mark.parametrize(("options", "exception", "message"), OPTIONS)
def test_options_of_train(options, exception, message):
    model = get_model(2, 4, 3)
    refuse(model, lambda: model.train(X, Y, **options), exception, message)


def test_good_input_is_returned():
    assert checks.check_count("n", np.int64(3)) == 3
    assert type(checks.check_count("n", np.int64(3))) is int
    assert checks.check_number("n", np.float32(0.5)) == 0.5
    assert checks.check_choice("n", "a", ["a", "b"]) == "a"
    assert checks.check_indices("n", [], 3).shape == (0,)
    assert checks.check_indices("n", [[2, 0]], 3).tolist() == [[2, 0]]
    arrays, single = checks.check_sequences([[1, 2]], 2, indices=False)
    assert (len(arrays), single, arrays[0].shape) == (1, True, (1, 2))


def test_arguments_are_not_changed():
    model = get_model(2, 4, 3)
    xs, ys = make_data(2, 3, (3, 5, 2))
    copies = [x.copy() for x in xs]
    model.train(xs, ys, num_epochs=2)
    model.predict(xs)
    assert all(np.array_equal(x, copy) for x, copy in zip(xs, copies))
    assert len(xs) == len(ys) == 3
