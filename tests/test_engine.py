"""rnn_lib.engine: Theano's API with Theano's meaning, on whichever engine runs.

The asserts are the same on both engines.  In the run on Theano, ``T`` is Theano's own module, so
each of them is checked against Theano itself.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from reference import sigmoid, softmax

from rnn_lib import T, engine, theano

ROOT = Path(__file__).resolve().parent.parent
# `engine` silences this for readers; pytest has its own filters.
pytestmark = pytest.mark.filterwarnings("ignore:DEPRECATION. If x is a vector:UserWarning")
EXTREME = np.array([[1000.0, 0.0, -1000.0], [-800.0, -800.0, 800.0], [1.0, 2.0, 3.0]])


def evaluate(expression, **values):
    inputs = [v for v in _inputs(expression) if v.name in values]
    return theano.function(inputs, expression)(*(values[v.name] for v in inputs))


def _inputs(expression, seen=None):
    seen = {} if seen is None else seen
    if expression not in seen:
        seen[expression] = True
        for parent in expression.owner.inputs if expression.owner else []:
            _inputs(parent, seen)
    return [v for v in seen if v.owner is None and v.name]


def run_python(code, **variables):
    """Run ``code`` in a new process with the engine of this one; return the process."""
    environ = {k: v for k, v in os.environ.items() if k != "RNN_ENGINE"}
    path = os.pathsep.join([str(ROOT), environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    environ.update(PYTHONPATH=path, **variables)
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=600, env=environ
    )


# Which engine


def test_import_and_use_leave_stderr_and_stdout_empty():
    process = run_python(
        """
from rnn_lib import theano, T, RNN
x = T.vector()
theano.function([x], T.nnet.softmax(x))([1.0])
theano.scan(lambda s: s + 1, outputs_info=[x], n_steps=2)
draws, updates = theano.scan(T.shared_randomstreams.RandomStreams(1).uniform, n_steps=3)
theano.function([], draws, updates=updates)()
RNN(2, 2, 2).train([[1.0, 0.0]], 1, num_epochs=2)
""",
        RNN_ENGINE=engine.NAME,
    )
    assert (process.returncode, process.stdout, process.stderr) == (0, "", "")


def test_name_and_version_are_those_of_the_module():
    assert engine.NAME in ("pytensor", "theano")
    assert sys.modules[engine.NAME].__version__ == engine.VERSION
    if os.environ.get("RNN_ENGINE"):
        assert os.environ["RNN_ENGINE"] == engine.NAME


def test_flags_are_those_of_the_interpreted_tier():
    assert theano.config.cxx == ""
    assert "fusion" in theano.config.optimizer_excluding


def test_own_flags_win():
    variable = f"{engine.NAME.upper()}_FLAGS"
    process = run_python(
        "from rnn_lib import theano; print(theano.config.floatX, repr(theano.config.cxx))",
        **{variable: "floatX=float32"},
    )
    assert process.stdout.split() == ["float32", "''"], process.stderr


def test_importing_twice_sets_the_flags_once(monkeypatch):
    monkeypatch.setenv(f"{engine.NAME.upper()}_FLAGS", "floatX=float64")
    engine._import_engine(engine.NAME)
    once = os.environ[f"{engine.NAME.upper()}_FLAGS"]
    engine._import_engine(engine.NAME)
    assert os.environ[f"{engine.NAME.upper()}_FLAGS"] == once
    assert once.endswith(",floatX=float64")


def test_unknown_engine_is_refused(monkeypatch):
    monkeypatch.setenv("RNN_ENGINE", "tensorflow")
    with pytest.raises(ImportError, match=r"RNN_ENGINE must be 'pytensor' or 'theano'.*tensorflow"):
        engine._choose_engine()


@pytest.mark.parametrize(
    ("wanted", "installed", "chosen"),
    [
        ("", {"pytensor", "theano"}, "pytensor"),
        ("", {"theano"}, "theano"),
        ("theano", {"pytensor", "theano"}, "theano"),
        ("pytensor", {"pytensor", "theano"}, "pytensor"),
    ],
)
def test_choice_of_the_engine(monkeypatch, wanted, installed, chosen):
    monkeypatch.setenv("RNN_ENGINE", wanted)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name in installed or None)
    assert engine._choose_engine() == chosen


@pytest.mark.parametrize(("wanted", "hidden"), [("", "pytensor theano"), (None, None)])
def test_without_an_engine_one_sentence_says_what_to_install(wanted, hidden):
    if wanted is None:  # this engine forced, and only this one missing
        wanted = hidden = engine.NAME
    process = run_python(
        f"""
import sys

class Without:  # finds what the finder finds, but for the engines
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, *where):
        if name.partition(".")[0] not in {hidden!r}.split():
            return self.finder.find_spec(name, *where)

sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
import rnn_lib
""",
        RNN_ENGINE=wanted,
    )
    assert process.returncode == 1
    last = process.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: rnn_lib found no engine")
    assert "pip install" in last


# theano and T pass everything on


def test_names_are_passed_on():
    assert theano.tensor is T
    assert {"tanh", "dot", "nnet", "shared_randomstreams"} <= set(dir(T))
    assert {"scan", "pp", "shared", "function", "tensor"} <= set(dir(theano))
    assert T.exp is sys.modules[f"{engine.NAME}.tensor"].exp
    with pytest.raises(AttributeError, match="no_such_name"):
        T.no_such_name  # noqa: B018


def test_pp_prints_an_expression():
    assert theano.pp(T.dscalar("a") + T.dscalar("b")) == "(a + b)"


def test_floatx():
    assert engine.floatX() == theano.config.floatX == "float64"


# T.nnet


def test_softmax_of_a_matrix_works_by_rows():
    x = T.matrix("x")
    np.testing.assert_allclose(evaluate(T.nnet.softmax(x), x=EXTREME), softmax(EXTREME), atol=1e-15)


def test_softmax_of_a_vector_is_one_row():
    p = evaluate(T.nnet.softmax(T.vector("x")), x=np.array([0.0, 1.0, 3.0]))
    assert p.shape == (1, 3)
    np.testing.assert_allclose(p[0], softmax(np.array([0.0, 1.0, 3.0])), rtol=1e-14)


@pytest.mark.parametrize("function", [T.nnet.softmax, T.nnet.logsoftmax])
def test_softmax_of_three_axes_is_refused(function):
    with pytest.raises(ValueError, match="must be 1-d or 2-d tensor of floats"):
        function(T.tensor3("x"))


def test_logsoftmax_is_stable():
    x = T.matrix("x")
    log_p = evaluate(T.nnet.logsoftmax(x), x=EXTREME)
    expected = EXTREME - EXTREME.max(1, keepdims=True)
    expected = expected - np.log(np.exp(expected).sum(1, keepdims=True))
    np.testing.assert_allclose(log_p, expected, rtol=1e-14)
    gradient = evaluate(T.grad(T.nnet.logsoftmax(x)[0, 2], x), x=EXTREME)
    np.testing.assert_allclose(gradient[0], [-1, 0, 1], atol=1e-15)


def test_elementwise_functions():
    x, values = T.vector("x"), np.array([-30.0, -1.0, 0.0, 0.5, 20.0])
    for symbolic, expected in [
        (T.nnet.sigmoid(x), sigmoid(values)),
        (T.nnet.softplus(x), np.log1p(np.exp(values))),
        (T.nnet.relu(x), np.maximum(values, 0)),
        (T.nnet.relu(x, 0.1), np.where(values > 0, values, 0.1 * values)),
    ]:
        np.testing.assert_allclose(evaluate(symbolic, x=values), expected, rtol=1e-12)


def test_binary_crossentropy():
    p, y = T.vector("p"), T.vector("y")
    got = evaluate(T.nnet.binary_crossentropy(p, y), p=np.array([0.2, 0.7]), y=np.array([0.0, 1.0]))
    np.testing.assert_allclose(got, -np.log([0.8, 0.7]), rtol=1e-14)


ONE_HOT = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])


def test_crossentropy_of_indices_and_of_one_hot_rows():
    x, k, y = T.matrix("x"), T.ivector("k"), T.matrix("y")
    logits = np.array([[0.1, 0.2, 0.3], [2.0, 1.0, 0.0], [0.0, 0.0, -1.0]])
    p, expected = T.nnet.softmax(x), -np.log(softmax(logits)[[0, 1, 2], [1, 0, 2]])
    index = evaluate(T.nnet.categorical_crossentropy(p, k), x=logits, k=np.int32([1, 0, 2]))
    rows = evaluate(T.nnet.categorical_crossentropy(p, y), x=logits, y=ONE_HOT)
    soft = evaluate(T.nnet.categorical_crossentropy(p, y), x=logits, y=softmax(logits))
    np.testing.assert_allclose(index, expected, rtol=1e-14)
    np.testing.assert_allclose(rows, expected, rtol=1e-14)
    np.testing.assert_allclose(
        soft, -(softmax(logits) * np.log(softmax(logits))).sum(1), rtol=1e-14
    )


def test_crossentropy_of_probabilities_that_are_no_softmax():
    p, k, y = T.matrix("p"), T.ivector("k"), T.matrix("y")
    values = np.full((3, 3), 1 / 3)
    for target, name, given in [(k, "k", np.int32([1, 0, 2])), (y, "y", ONE_HOT)]:
        loss = evaluate(T.nnet.categorical_crossentropy(p, target), p=values, **{name: given})
        np.testing.assert_allclose(loss, np.log([3, 3, 3]), rtol=1e-14)


def test_crossentropy_and_gradient_are_stable_at_extreme_logits():
    x, k, y = T.matrix("x"), T.ivector("k"), T.matrix("y")
    p = T.nnet.softmax(x)
    wrong = np.int32([2, 0, 0])  # what the softmax rounds to a probability of zero
    for target, name, given in [(k, "k", wrong), (y, "y", np.eye(3)[wrong])]:
        loss = T.nnet.categorical_crossentropy(p, target)
        got = evaluate(loss, x=EXTREME, **{name: given})
        np.testing.assert_allclose(got, [2000, 1600, 2 + np.log(1 + np.exp(-1) + np.exp(-2))])
        gradient = evaluate(T.grad(loss.sum(), x), x=EXTREME, **{name: given})
        np.testing.assert_allclose(gradient, softmax(EXTREME) - np.eye(3)[wrong], atol=1e-14)


def test_crossentropy_refuses_targets_of_another_rank():
    p = T.nnet.softmax(T.matrix("x"))
    for target in [T.tensor3("y"), T.scalar("y")]:
        with pytest.raises(TypeError, match="rank mismatch between coding and true distributions"):
            T.nnet.categorical_crossentropy(p, target)
    with pytest.raises(TypeError, match="rank mismatch between coding and true distributions"):
        T.nnet.categorical_crossentropy(T.nnet.softmax(T.vector("x"))[0], T.matrix("y"))


def test_crossentropy_refuses_float_indices():
    with pytest.raises(TypeError, match="integer vector required"):
        T.nnet.categorical_crossentropy(T.nnet.softmax(T.matrix("x")), T.vector("y"))


# theano.scan


def test_scan_returns_outputs_and_updates():
    x = T.vector("x")
    sums, updates = theano.scan(lambda x_t, s: s + x_t, sequences=[x], outputs_info=[T.zeros(())])
    assert len(updates) == 0
    assert evaluate(sums, x=np.array([1.0, 2.0, 3.0])).tolist() == [1, 3, 6]


def test_scan_of_two_states_returns_a_list():
    (a, b), _ = theano.scan(
        lambda a, b: [b, a + b],
        outputs_info=[T.as_tensor_variable(0.0), T.as_tensor_variable(1.0)],
        n_steps=6,
    )
    assert evaluate(a).tolist() == [1, 1, 2, 3, 5, 8]
    assert evaluate(b).tolist() == [1, 2, 3, 5, 8, 13]


def test_scan_takes_all_its_arguments():
    x, W = T.matrix("x"), theano.shared(np.array([[0.5, 1.0], [0.0, -1.0]]))
    outputs, _ = theano.scan(
        lambda x_t, h, W: T.tanh(x_t + T.dot(h, W)),
        [x],
        [T.zeros(2)],
        non_sequences=[W],
        go_backwards=True,
        strict=True,
    )
    values = np.array([[0.1, 0.2], [0.3, 0.4], [-0.5, 0.6]])
    h, expected = np.zeros(2), []
    for x_t in values[::-1]:
        h = np.tanh(x_t + h @ W.get_value())
        expected.append(h)
    np.testing.assert_allclose(evaluate(outputs, x=values), expected, rtol=1e-14)


def test_truncated_gradient_keeps_the_last_steps_of_the_whole_pass():
    x, w = T.vector("x"), theano.shared(1.0)
    h, _ = theano.scan(
        lambda x_t, h, w: w * h + x_t,
        sequences=[x],
        outputs_info=[T.zeros(())],
        non_sequences=[w],
        truncate_gradient=2,
    )
    slopes = evaluate(T.grad(h.sum(), x), x=np.ones(5))
    assert slopes.tolist() == [0, 0, 0, 2, 1]


def test_scan_is_not_fused():
    """A fused loop body is interpreted scalar by scalar: correct, and 30 times slower."""
    x = T.matrix("x")
    h, _ = theano.scan(lambda x_t, h: T.tanh(x_t + 2 * h) * h, sequences=[x], outputs_info=[x[0]])
    compiled = theano.function([x], h)
    scans = [n.op for n in compiled.maker.fgraph.apply_nodes if type(n.op).__name__ == "Scan"]
    assert len(scans) == 1
    inner = scans[0].fn.maker.fgraph.apply_nodes
    assert not [n for n in inner if "Composite" in str(n.op)]


# T.shared_randomstreams


def make_streams(seed=1):
    return T.shared_randomstreams.RandomStreams(seed)


def test_random_streams_draw_anew_at_each_call_and_repeat_with_their_seed():
    draw = theano.function([], make_streams().uniform((4,)))
    first, second = draw(), draw()
    assert first.shape == (4,)
    assert not np.array_equal(first, second)
    again = theano.function([], make_streams().uniform((4,)))
    assert np.array_equal(first, again())
    assert np.array_equal(second, again())
    other = theano.function([], make_streams(2).uniform((4,)))
    assert not np.array_equal(first, other())


def test_random_streams_differ_from_each_other():
    streams = make_streams()
    a, b = theano.function([], [streams.normal((5,)), streams.normal((5,))])()
    assert not np.array_equal(a, b)
    assert len(streams.updates()) == 2


def test_random_distributions():
    streams = make_streams(3)
    size = (20000,)
    uniform = theano.function([], streams.uniform(size, low=-1.0, high=3.0))()
    assert uniform.min() >= -1
    assert uniform.max() < 3
    assert abs(uniform.mean() - 1) < 0.05
    normal = theano.function([], streams.normal(size, avg=2.0, std=0.5))()
    assert abs(normal.mean() - 2) < 0.02
    assert abs(normal.std() - 0.5) < 0.02
    binomial = theano.function([], streams.binomial(size, n=1, p=0.3))()
    assert set(np.unique(binomial)) == {0, 1}
    assert abs(binomial.mean() - 0.3) < 0.02


def test_random_draws_inside_scan_need_the_updates():
    streams = make_streams()
    draws, updates = theano.scan(lambda: streams.uniform(()), n_steps=3)
    assert len(updates) == 1
    draw = theano.function([], draws, updates=updates)
    values = np.concatenate([draw(), draw()])
    assert len(set(values)) == 6


# The helpers


@pytest.mark.parametrize("ndim", [1, 2, 3, 4])
def test_softmax_over_the_last_axis_of_any_number(ndim):
    x = [T.vector, T.matrix, T.tensor3, T.tensor4][ndim - 1]("x")
    values = np.random.default_rng(0).standard_normal((2, 3, 4, 5)[:ndim]) * 10
    p, log_p = theano.function([x], [engine.softmax(x), engine.log_softmax(x)])(values)
    np.testing.assert_allclose(p, softmax(values), rtol=1e-12)
    np.testing.assert_allclose(log_p, np.log(softmax(values)), rtol=1e-9, atol=1e-12)


def test_function_takes_any_float_precision(monkeypatch):
    x = T.fvector("x")
    double = engine.function([x], 2 * x)
    assert double(np.array([0.5])).dtype == "float32"
    assert double([0.5]).tolist() == [1.0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_long_sums_products_and_sigmoids_are_computed_by_numpy_at_once(dtype):
    """Both engines would interpret them number by number, in scan as well: 30 times slower."""
    a, b, c = (T.matrix(name, dtype=dtype) for name in "abc")
    outputs, _ = theano.scan(lambda row, w: row * w * T.nnet.sigmoid(w) + row + w, [a], None, [c])
    expressions = [a * b * c + a + b + c, T.nnet.sigmoid(a), outputs]
    compute = theano.function([a, b, c], expressions)
    rng = np.random.default_rng(0)
    x, y, z = (100 * rng.standard_normal((50, 50)).astype(dtype) for _ in "abc")
    total, gate, rows = compute(x, y, z)
    assert total.dtype == gate.dtype == rows.dtype == dtype
    close = {"rtol": 1e-4 if dtype == "float32" else 1e-12, "atol": 1e-6}
    np.testing.assert_allclose(total, x * y * z + x + y + z, **close)
    np.testing.assert_allclose(gate, 1 / (1 + np.exp(-x.astype("float64"))), **close)
    gates = 1 / (1 + np.exp(-z.astype("float64")))
    np.testing.assert_allclose(rows, x[:, None] * z * gates + x[:, None] + z, **close)
    for function in [
        compute,
        *(n.op.fn for n in compute.maker.fgraph.apply_nodes if hasattr(n.op, "fn")),
    ]:
        for node in function.maker.fgraph.apply_nodes:
            operation = str(getattr(node.op, "scalar_op", ""))
            assert not (operation.lower() in ("add", "mul") and len(node.inputs) > 2), node
            assert operation != "scalar_sigmoid", node
