"""rnn_lib.network: parameters, expressions, and how often it compiles."""

import numpy as np
import pytest
from models import get_model, get_weights, make_data, precision
from reference import forward, softmax

from rnn_lib import RNN, T, network, theano
from rnn_lib.cells import CELLS
from rnn_lib.fused import Lookup


def shapes(model):
    return {p.name: p.get_value().shape for p in model.params}


def test_parameters_are_those_of_the_article_in_its_order():
    model = RNN(12, 64, 9)
    assert [(name, *shape) for name, shape in shapes(model).items()] == [
        ("Wxh", 64, 12),
        ("Whh", 64, 64),
        ("Why", 9, 64),
        ("bh", 64),
        ("by", 9),
    ]
    assert model.params == [model.Wxh, model.Whh, model.Why, model.bh, model.by]
    assert (model.input_size, model.hidden_size, model.output_size) == (12, 64, 9)
    assert repr(model) == "RNN(12, 64, 9, cell='tanh') with 5,513 parameters"


@pytest.mark.parametrize("cell", CELLS)
def test_parameters_of_layers_directions_and_embedding(cell):
    model = RNN(7, 4, 2, cell=cell, layers=2, bidirectional=True, embedding_size=3)
    rows = 4 * CELLS[cell].n_gates
    expected = {"Wxh": (rows, 3), "Whh": (rows, 4), "Why": (2, 8), "bh": (rows,), "by": (2,)}
    expected |= {"E": (7, 3)}
    for name in ("_back", "2", "2_back"):
        expected[f"Wxh{name}"] = (rows, 8 if "2" in name else 3)
        expected |= {f"Whh{name}": (rows, 4), f"bh{name}": (rows,)}
    assert shapes(model) == expected
    assert list(expected)[:5] == [p.name for p in model.params][:5]
    for p in model.params:
        assert getattr(model, p.name) is p


def test_a_missing_parameter_says_where_to_look():
    with pytest.raises(AttributeError, match=r"no 'Whh2': see \.params"):
        RNN(2, 2, 2).Whh2  # noqa: B018


@pytest.mark.parametrize("cell", CELLS)
def test_initial_values(cell):
    model = RNN(5, 16, 3, cell=cell, layers=2, seed=1)
    weights = get_weights(model)
    for name in ("Whh", "Whh2"):
        for block in np.split(weights[name], CELLS[cell].n_gates):
            np.testing.assert_allclose(block.T @ block, np.eye(16), atol=1e-13)
    for name, fans in [("Wxh", 5 + 16), ("Wxh2", 16 + 16), ("Why", 16 + 3)]:
        limit = np.sqrt(6 / fans)
        assert 0.85 * limit < np.abs(weights[name]).max() <= limit
    for name in ("bh", "bh2"):
        expected = np.zeros((CELLS[cell].n_gates, 16))
        if cell == "lstm":
            expected[1] = 1
        assert np.array_equal(weights[name], expected.ravel())
    assert not weights["by"].any()


def test_same_seed_same_parameters():
    options = {"cell": "gru", "layers": 2, "embedding_size": 3, "bidirectional": True}
    one, same, other = (get_weights(RNN(4, 3, 2, seed=s, **options)) for s in (5, 5, 6))
    for name in one:
        assert np.array_equal(one[name], same[name])
        assert name.startswith("b") or not np.array_equal(one[name], other[name])
    before = get_weights(RNN(4, 3, 2))
    np.random.seed(0)  # noqa: NPY002  # the global state has no influence
    assert all(np.array_equal(v, before[n]) for n, v in get_weights(RNN(4, 3, 2)).items())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_types_of_the_inputs(dtype):
    for readout, output, y in [
        ("last", "softmax", ("int32", 1)),
        ("all", "softmax", ("int32", 2)),
        ("last", "linear", (dtype, 2)),
        ("all", "linear", (dtype, 3)),
    ]:
        with precision(dtype):
            model = RNN(2, 3, 2, readout=readout, output=output)
            words = RNN(2, 3, 2, embedding_size=2, readout=readout, output=output)
        for m in (model, words):
            assert (m.y.dtype, m.y.ndim) == y
            assert (m.mask.dtype, m.mask.ndim) == ("int8", 2)
            assert {p.get_value().dtype.name for p in m.params} == {dtype}
        assert (model.x.dtype, model.x.ndim) == (dtype, 3)
        assert (words.x.dtype, words.x.ndim) == ("int32", 2)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("n_batch", [None, 2])
def test_forward_step_in_scan_is_the_recurrence(cell, n_batch):
    """As the article uses it: one sequence, or a batch of them."""
    model = get_model(3, 4, 2, cell=cell)
    x = T.matrix() if n_batch is None else T.tensor3()
    n_states = 4 * CELLS[cell].n_states
    start = T.zeros(n_states) if n_batch is None else T.zeros((n_batch, n_states))
    h, _ = theano.scan(fn=model.forward_step, sequences=[x], outputs_info=[start])
    values = np.random.default_rng(0).standard_normal(
        (5, 3) if n_batch is None else (5, n_batch, 3)
    )
    got = theano.function([x], h)(values)[..., :4]
    for k in range(n_batch or 1):
        sequence = values if n_batch is None else values[:, k]
        expected = model.hidden_states(sequence)
        np.testing.assert_allclose(got if n_batch is None else got[:, k], expected, rtol=1e-13)
        by_hand = forward(get_weights(model), sequence, cell=cell)[1]
        np.testing.assert_allclose(expected, by_hand, rtol=1e-12)


def test_predictions_are_those_of_numpy():
    for options in [
        {"cell": "lstm", "bidirectional": True},
        {"readout": "all", "embedding_size": 2},
        {"cell": "gru", "readout": "all", "output": "linear"},
    ]:
        model = get_model(4, 3, 2, **options)
        xs, _ = make_data(4, 2, **options)
        network_options = {
            k: v for k, v in options.items() if k not in ("embedding_size", "output")
        }
        linear = "output" in options
        got = model.predict(xs) if linear else model.predict_proba(xs)
        for x, row in zip(xs, got):
            out, _, _ = forward(get_weights(model), x, **network_options)
            np.testing.assert_allclose(row, out if linear else softmax(out), rtol=1e-12)


# Compiling


@pytest.fixture
def compiled(monkeypatch):
    """Count what is compiled."""
    calls = []

    def function(inputs, *args, **kwargs):
        calls.append([v.name for v in inputs])
        return original(inputs, *args, **kwargs)

    original = network.function
    monkeypatch.setattr(network, "function", function)
    return calls


def test_construction_compiles_nothing(compiled):
    RNN(2, 3, 2, cell="lstm", layers=2)
    assert compiled == []


def test_one_compilation_for_every_length_and_batch_size(compiled):
    model = RNN(2, 3, 2)
    model.train(*make_data(2, 2, (3, 5)), num_epochs=2)
    assert len(compiled) == 1
    model.train(*make_data(2, 2, (1, 9, 4, 2, 6)), 0.01, 3, batch_size=2, seed=7)
    xs, ys = make_data(2, 2, (4,))
    model.train(xs[0], int(ys[0]), num_epochs=1)
    assert len(compiled) == 1
    model.predict(xs)
    model.predict(xs[0])
    model.predict_proba(make_data(2, 2, (1, 2, 3))[0])
    assert len(compiled) == 2
    model.hidden_states(xs)
    model.hidden_states(make_data(2, 2, (7, 3))[0])
    assert len(compiled) == 3
    model.evaluate(xs, ys)
    model.evaluate(*make_data(2, 2, (7, 3)))
    assert len(compiled) == 4


def test_validation_compiles_once_more_and_other_optimizers_each_once(compiled):
    model = RNN(2, 3, 2)
    xs, ys = make_data(2, 2, (3, 5))
    for _ in range(2):
        model.train(xs, ys, num_epochs=3, validation_data=(xs, ys), patience=2)
    assert len(compiled) == 2
    for clip_norm in (1.0, 2.0):  # another limit is another number, not another function
        model.train(xs, ys, 0.01, 1, optimizer="adam", clip_norm=clip_norm)
    assert len(compiled) == 3
    for p in model.params:
        p.set_value(p.get_value() * 0)
    assert model.evaluate(xs, ys) == pytest.approx(np.log(2), rel=1e-12)  # new values, old function
    assert len(compiled) == 3


@pytest.mark.parametrize("options", [{}, {"layers": 2, "bidirectional": True, "cell": "lstm"}])
def test_few_tokens_and_many_give_the_same(monkeypatch, options):
    """Few go through Wxh before they are looked up, many after it."""
    xs, ys = [np.array([0, 3, 3]), np.array([6, 1])], [np.array([0, 2, 1]), np.array([1, 0])]
    results = []
    for few in (7, 6):
        monkeypatch.setattr(network, "_FEW_TOKENS", few)
        model = RNN(7, 4, 3, embedding_size=5, readout="all", **options)
        loss = model._expressions[2]
        run = theano.function([model.x, model.mask, model.y], [loss, *T.grad(loss, model.params)])
        lookups = [n for n in run.maker.fgraph.toposort() if isinstance(n.op, Lookup)]
        of_embedding = [node.inputs[0].name == "E" for node in lookups]
        assert of_embedding == ([True] if few == 6 else [False] * (1 + model.bidirectional))
        results.append(run(*model._batch(xs, ys, [0, 1])[:3]))
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-13)
