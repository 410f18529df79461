"""rnn_lib.RNN: the contract of the article's class, on one sequence and on many."""

import inspect

import numpy as np
import pytest
from models import get_model, get_weights, make_data, precision

import rnn_lib
from rnn_lib import RNN, network, theano
from rnn_lib.data import one_hot


def signature(function):
    """Return ``[(name, default)]`` of the positional and of the keyword-only parameters."""
    parameters = [p for p in inspect.signature(function).parameters.values() if p.name != "self"]
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    assert {p.kind for p in parameters} <= set(kinds)
    return [{p.name: p.default for p in parameters if p.kind == kind} for kind in kinds]


REQUIRED = inspect.Parameter.empty


def test_signatures():
    assert signature(RNN) == [
        dict.fromkeys(["input_size", "hidden_size", "output_size"], REQUIRED),
        {
            "cell": "tanh",
            "embedding_size": None,
            "layers": 1,
            "bidirectional": False,
            "readout": "last",
            "output": "softmax",
            "seed": 0,
        },
    ]
    positional, keywords = signature(RNN.train)
    assert positional == {
        "input_sequence": REQUIRED,
        "target_sequence": REQUIRED,
        "learning_rate": 0.1,
        "num_epochs": 100,
    }
    assert keywords == {
        "batch_size": 32,
        "optimizer": "sgd",
        "clip_norm": None,
        "validation_data": None,
        "patience": None,
        "seed": 0,
        "checkpoint": None,
        "compiled": None,
        "progress": None,
    }
    for method in (RNN.predict, RNN.predict_proba, RNN.hidden_states):
        assert signature(method) == [{"input_sequence": REQUIRED}, {}]
    assert signature(RNN.evaluate)[0] == dict.fromkeys(
        ["input_sequence", "target_sequence"], REQUIRED
    )
    assert signature(RNN.forward_step) == [dict.fromkeys(["x_t", "h_prev"], REQUIRED), {}]
    assert signature(RNN.save) == signature(RNN.load) == [{"path": REQUIRED}, {}]


def test_what_the_package_exports():
    assert set(rnn_lib.__all__) == {"RNN", "History", "T", "theano"}
    assert all(hasattr(rnn_lib, name) for name in rnn_lib.__all__)


# One sequence, or a list


def test_one_class_is_an_int_and_many_are_an_array():
    model = get_model(2, 3, 4)
    xs, _ = make_data(2, 4)
    one, many = model.predict(xs[0]), model.predict(xs)
    assert type(one) is int
    assert many.shape == (4,)
    assert many.dtype.kind == "i"
    assert one == many[0]
    p, ps = model.predict_proba(xs[0]), model.predict_proba(xs)
    assert (p.shape, ps.shape) == ((4,), (4, 4))
    np.testing.assert_allclose(ps.sum(axis=1), np.ones(4), rtol=1e-14)
    assert many.tolist() == ps.argmax(axis=1).tolist()
    assert model.hidden_states(xs[0]).shape == (3, 3)
    assert [h.shape for h in model.hidden_states(xs)] == [(len(x), 3) for x in xs]


def test_a_list_of_one_stays_a_list():
    model = get_model(2, 3, 4)
    xs, ys = make_data(2, 4, (3,))
    assert model.predict(xs).shape == (1,)
    assert model.predict_proba(xs).shape == (1, 4)
    assert isinstance(model.hidden_states(xs), list)
    assert model.evaluate(xs, ys) == model.evaluate(xs[0], ys[0])


def test_readout_at_every_step_gives_lists():
    model = get_model(2, 3, 4, readout="all")
    xs, _ = make_data(2, 4)
    assert model.predict(xs[1]).shape == (5,)
    assert model.predict_proba(xs[1]).shape == (5, 4)
    for x, classes, p in zip(xs, model.predict(xs), model.predict_proba(xs)):
        assert (classes.shape, p.shape) == ((len(x),), (len(x), 4))
        assert classes.tolist() == p.argmax(axis=1).tolist()


@pytest.mark.parametrize("readout", ["last", "all"])
def test_numbers_instead_of_classes(readout):
    model = get_model(2, 3, 2, readout=readout, output="linear")
    xs, ys = make_data(2, 2, readout=readout, output="linear")
    for y, got in zip(ys, model.predict(xs)):
        assert got.shape == y.shape
    assert model.predict(xs[0]).shape == ys[0].shape
    errors = [((got - y) ** 2).sum() for got, y in zip(model.predict(xs), ys)]
    assert model.evaluate(xs, ys) == pytest.approx(sum(errors) / sum(y.size for y in ys), rel=1e-12)
    with pytest.raises(ValueError, match="predict_proba needs output='softmax', got 'linear'"):
        model.predict_proba(xs)


def test_one_number_may_come_without_its_axis():
    model = get_model(1, 3, 1, output="linear")
    xs, ys = make_data(1, 1, output="linear")
    flat = [float(y[0]) for y in ys]
    assert model.evaluate(xs, ys) == model.evaluate(xs, flat) == model.evaluate(xs, np.array(flat))
    assert model.evaluate(xs[0], flat[0]) == model.evaluate(xs[0], ys[0])
    model = get_model(1, 3, 1, output="linear", readout="all")
    xs, ys = make_data(1, 1, output="linear", readout="all")
    assert model.evaluate(xs, ys) == model.evaluate(xs, [y[:, 0] for y in ys])


def test_one_hot_rows_are_class_indices():
    model = get_model(2, 3, 4)
    xs, ys = make_data(2, 4)
    expected = model.evaluate(xs, ys)
    rows = one_hot(np.array(ys), 4)
    for targets in (np.array(ys), rows, list(rows), [r[None] for r in rows], rows.tolist()):
        assert model.evaluate(xs, targets) == expected
    one = model.evaluate(xs[0], ys[0])
    for target in (int(ys[0]), rows[0], rows[:1], rows[0].tolist()):
        assert model.evaluate(xs[0], target) == one
    model = get_model(2, 3, 4, readout="all")
    xs, ys = make_data(2, 4, readout="all")
    assert model.evaluate(xs, ys) == model.evaluate(xs, [one_hot(y, 4) for y in ys])


def test_a_batch_in_one_array_and_lists_of_lists():
    model = get_model(2, 3, 4)
    xs, ys = make_data(2, 4, (3, 3, 3))
    expected = model.predict_proba(xs)
    for batch in (np.array(xs), tuple(xs), [x.tolist() for x in xs]):
        assert np.array_equal(model.predict_proba(batch), expected)
    assert np.array_equal(model.predict_proba(xs[0].tolist()), expected[0])
    assert model.evaluate(np.array(xs), ys) == model.evaluate(xs, ys)


def test_tokens():
    model = get_model(5, 3, 4, embedding_size=2)
    xs, ys = make_data(5, 4, embedding_size=2)
    expected = model.predict_proba(xs)
    assert np.array_equal(model.predict_proba([x.tolist() for x in xs]), expected)
    np.testing.assert_allclose(model.predict_proba(xs[0]), expected[0], rtol=1e-14)
    assert model.predict(xs[2]) == expected[2].argmax()  # a single token
    assert len(model.train(xs[2], ys[2], num_epochs=2).loss) == 2


def test_integers_are_numbers():
    model = get_model(2, 3, 4)
    x = np.array([[1, 0], [0, 2]])
    assert np.array_equal(model.predict_proba(x), model.predict_proba(x.astype("float64")))


# Padding never changes a result

OPTIONS = [
    {},
    {"cell": "lstm", "bidirectional": True, "readout": "all"},
    {"cell": "gru", "embedding_size": 2, "output": "linear"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_together_is_as_alone(options):
    model = get_model(3, 4, 2, **options)
    xs, ys = make_data(3, 2, (3, 9, 1, 5), **options)

    def close(a, b):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)

    for method in (model.predict, model.hidden_states):
        for x, together in zip(xs, method(xs)):
            close(together, method(x))
    shares = np.array([len(x) if options.get("readout") == "all" else 1 for x in xs])
    losses = [model.evaluate(x, y) for x, y in zip(xs, ys)]
    close(model.evaluate(xs, ys), (shares * losses).sum() / shares.sum())

    start, gradients = get_weights(model), []
    for x, y in zip(xs, ys):
        get_model(3, 4, 2, **options).train(x, y, 1.0, 1)
        gradients.append({n: start[n] - after for n, after in get_weights(model).items()})
    history = get_model(3, 4, 2, **options).train(xs, ys, 1.0, 1)
    close(history.loss[0], (shares * losses).sum() / shares.sum())
    for name, after in get_weights(model).items():
        expected = sum(s * g[name] for s, g in zip(shares, gradients)) / shares.sum()
        np.testing.assert_allclose(start[name] - after, expected, rtol=1e-11, atol=1e-13)


def test_order_of_the_results_is_that_of_the_input(monkeypatch):
    """Sequences of like length are computed together; the caller never sees it."""
    m = get_model(2, 3, 4)
    xs, ys = make_data(2, 4, (9, 1, 5, 5, 2, 8, 1))
    expected, loss = m.predict_proba(xs), m.evaluate(xs, ys)
    states = m.hidden_states(xs)
    monkeypatch.setattr(network, "_CHUNK", 3)
    np.testing.assert_allclose(m.predict_proba(xs), expected, rtol=1e-13)
    np.testing.assert_allclose(m.evaluate(xs, ys), loss, rtol=1e-13)
    for got, h in zip(m.hidden_states(xs), states):
        np.testing.assert_allclose(got, h, rtol=1e-13)


def test_accuracy_leaves_padded_steps_out():
    """Padding has the target 0, which this model predicts everywhere."""
    m = get_model(2, 3, 4, readout="all")
    m.by.set_value(np.array([99.0, 0, 0, 0]))
    xs, ys = make_data(2, 4, (9, 1, 5), readout="all")
    share = (np.concatenate(ys) == 0).mean()
    assert 0 < share < 1
    history = m.train(xs, ys, 1e-12, 1, validation_data=(xs, ys))
    assert history.val_accuracy == [pytest.approx(share)]


# Precision


def test_single_precision():
    options = {"cell": "gru", "readout": "all"}
    xs, ys = make_data(3, 2, **options)
    curves = {}
    for dtype in ("float64", "float32"):
        with precision(dtype):
            m = RNN(3, 4, 2, **options)
            settings = {"optimizer": "adam", "clip_norm": 1.0, "validation_data": (xs, ys)}
            history = m.train(xs, ys, 0.01, 5, batch_size=3, **settings)
            assert {p.get_value().dtype.name for p in m.params} == {dtype}
            p = m.predict_proba(xs[0])
            assert p.dtype == dtype
            assert m.hidden_states(xs[0]).dtype == dtype
            assert all(type(loss) is float for loss in history.loss + history.val_loss)
            curves[dtype] = history.loss + history.val_loss + p.ravel().tolist()
    np.testing.assert_allclose(curves["float32"], curves["float64"], rtol=2e-4)
    assert curves["float32"] != curves["float64"]
    assert theano.config.floatX == "float64"


# Seeds


def test_same_seed_same_curve():
    xs, ys = make_data(2, 3, (3, 5, 1, 4, 2, 6))

    def train(seed):
        return get_model(2, 4, 3).train(xs, ys, 0.1, 5, batch_size=2, seed=seed).loss

    assert train(1) == train(1)
    assert train(1) != train(2)
    np.random.seed(3)  # noqa: NPY002  # the global state has no influence
    assert train(1) == train(1)


def test_seed_of_the_parameters_changes_the_curve():
    xs, ys = make_data(2, 3)
    losses = [get_model(2, 4, 3, seed=s).train(xs, ys, num_epochs=2).loss for s in (0, 1)]
    assert losses[0] != losses[1]


def test_a_second_training_goes_on_from_the_first():
    xs, ys = make_data(2, 3)
    whole = get_model(2, 4, 3).train(xs, ys, num_epochs=6).loss
    m = get_model(2, 4, 3)
    parts = m.train(xs, ys, num_epochs=4).loss + m.train(xs, ys, num_epochs=2).loss
    np.testing.assert_allclose(parts, whole, rtol=1e-13)


def test_an_optimizer_starts_without_memory_of_earlier_calls():
    xs, ys = make_data(2, 3)
    first = get_model(2, 4, 3).train(xs, ys, 0.01, 5, optimizer="adam").loss
    assert get_model(2, 4, 3).train(xs, ys, 0.01, 5, optimizer="adam").loss == first


def test_it_learns_the_order_of_two_vectors():
    xs = [np.eye(3), np.eye(3)[::-1]]
    m = get_model(3, 6, 2)
    m.train(xs, [0, 1])
    assert m.predict(xs).tolist() == [0, 1]
