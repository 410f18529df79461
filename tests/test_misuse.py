"""What users bring and do, from public bug reports: the right numbers, or one clear sentence.

Each test is one example of a kind.  What has one meaning is accepted; what has two, or none, is
refused by a sentence that names the argument and says what to write instead.
"""

import copy
import fractions
import io
import json
import os
import pickle
import sys
import threading
import warnings

import numpy as np
import pytest
from models import get_model, get_weights, make_data, precision
from test_checks import refuse

from rnn_lib import RNN, files
from rnn_lib.data import Vocabulary, minibatches, one_hot, pad
from rnn_lib.files import write_npz
from rnn_lib.sampling import beam_search, generate, sample

XS, YS = make_data(2, 3, (3, 5, 4))
RNG = np.random.default_rng(0)


@pytest.fixture
def pandas():
    return pytest.importorskip("pandas")


def same(model, xs, ys, given_xs, given_ys):
    """Assert that both mean the same to ``evaluate``, ``predict_proba`` and ``train``."""
    start = get_weights(model)
    assert model.evaluate(given_xs(), given_ys()) == model.evaluate(xs, ys)
    predict = model.predict_proba if model.output == "softmax" else model.predict
    for one, other in zip(predict(given_xs()), predict(xs), strict=True):
        assert np.array_equal(one, other)
    losses = []
    for inputs, targets in [(given_xs(), given_ys()), (xs, ys)]:
        for p in model.params:
            p.set_value(start[p.name])
        losses.append(model.train(inputs, targets, num_epochs=2).loss)
    assert losses[0] == losses[1]


# Threads


@pytest.mark.parametrize("cell", ["lstm", "tanh"])
@pytest.mark.parametrize("method", ["predict_proba", "hidden_states"])
def test_eight_threads_give_the_numbers_of_one(cell, method):
    """As the pool of a web server does: one model, 1,200 calls."""
    model = RNN(4, 8, 3, cell=cell)
    rng = np.random.default_rng(0)
    xs = [rng.standard_normal((n, 4)) for n in rng.integers(1, 30, 150)]
    ask = getattr(model, method)
    expected = [ask(x) for x in xs]
    wrong, start = [], threading.Barrier(8)

    def work(first):
        start.wait()
        for k in range(150):
            i = (first + k) % 150
            try:
                if not np.array_equal(ask(xs[i]), expected[i]):
                    wrong.append(i)
            except Exception as error:
                wrong.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(19 * k,)) for k in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []


def test_threads_may_make_the_functions_and_train():
    """Nothing is built before; one thread trains while the others predict."""
    model, results = RNN(2, 4, 3), []

    def work(k):
        if k == 0:
            results.append(len(model.train(XS, YS, num_epochs=20).loss) == 20)
        else:
            rows = [model.predict_proba(XS) for _ in range(20)]
            results.append(all(np.allclose(p.sum(axis=1), 1) for p in rows))
            results.append(np.isfinite(model.evaluate(XS, YS)))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 7
    assert all(results)


@pytest.mark.parametrize(
    "make", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"]
)
def test_copies_predict_alike_and_train_apart(make):
    model = RNN(2, 4, 3, cell="gru")
    before = model.predict_proba(XS)
    twin = make(model)
    assert np.array_equal(twin.predict_proba(XS), before)
    twin.train(XS, YS, num_epochs=3)
    assert np.array_equal(model.predict_proba(XS), before)
    assert not np.array_equal(twin.predict_proba(XS), before)


# Tables of pandas


def test_one_hot_table_trains_on_its_values_not_on_its_column_names(pandas):
    model, xs = get_model(2, 4, 2), XS[:2]
    rows = np.array([[0, 1], [1, 0]])
    same(model, xs, [1, 0], lambda: xs, lambda: pandas.DataFrame(rows))
    same(model, xs, [1, 0], lambda: xs, lambda: pandas.DataFrame(rows, columns=["no", "yes"]))
    same(model, xs, [1, 0], lambda: xs, lambda: pandas.get_dummies(pandas.Series(["b", "a"])))


def test_columns_whose_names_say_another_order_are_refused(pandas):
    model, table = get_model(2, 4, 3), pandas.DataFrame(np.eye(3, dtype=int), columns=[2, 0, 1])
    message = r"target_sequence must have its columns in the order 0, 1, .*\['2', '0', '1'\]"
    refuse(model, lambda: model.train(XS, table), ValueError, message)
    refuse(model, lambda: model.evaluate(XS, table), ValueError, message)


def test_tables_as_sequences(pandas):
    model, tables = get_model(2, 4, 3), [pandas.DataFrame(x, columns=["a", "b"]) for x in XS]
    same(model, XS, YS, lambda: tables, lambda: pandas.Series(YS))
    same(model, XS, YS, lambda: pandas.Series(tables), lambda: pandas.DataFrame({"label": YS}))
    assert np.array_equal(model.predict_proba(tables[0]), model.predict_proba(XS[0]))
    assert model.evaluate(tables[0], YS[0]) == model.evaluate(XS[0], YS[0])
    assert model.evaluate(tables[0], pandas.Series([YS[0]])) == model.evaluate(XS[0], YS[0])
    assert np.array_equal(pad(tables)[0], pad(XS)[0])
    mixed = tables[0].astype({"a": object})  # as a table with a missing value elsewhere has it
    assert np.array_equal(model.predict_proba(mixed), model.predict_proba(XS[0]))


def test_a_table_with_a_target_for_each_step(pandas):
    model = get_model(2, 4, 3, readout="all")
    xs, ys = make_data(2, 3, (3, 4), readout="all")
    same(model, xs, ys, lambda: xs, lambda: [pandas.DataFrame(one_hot(y, 3)) for y in ys])
    same(model, xs, ys, lambda: xs, lambda: [pandas.DataFrame({"label": y}) for y in ys])
    same(model, xs[:1], ys[:1], lambda: xs[:1], lambda: [pandas.Series(ys[0], index=[7, 8, 9])])


def test_series_of_tokens(pandas):
    model = get_model(5, 4, 3, embedding_size=2)
    tokens, ys = [[0, 3, 4], [1, 2]], [0, 2]
    same(model, tokens, ys, lambda: pandas.Series(tokens), lambda: ys)
    same(model, tokens, ys, lambda: [pandas.Series(t, index=list("abc")[: len(t)]) for t in tokens],
         lambda: pandas.array(ys, dtype="Int64"))  # fmt: skip
    one = pandas.Series(tokens[0], dtype="Int64")
    assert np.array_equal(model.predict_proba(one), model.predict_proba(tokens[0]))
    vocabulary = Vocabulary.from_sequences(pandas.Series(["ba", "c"]))
    assert vocabulary.tokens == ("a", "b", "c")
    assert vocabulary.encode(pandas.Series(["c", "a"])).tolist() == [2, 0]
    assert Vocabulary(pandas.Series(["x", "y"])).tokens == ("x", "y")


def test_what_a_table_can_hold_and_an_array_cannot_is_refused(pandas):
    model = get_model(2, 4, 3)
    missing = pandas.Series([0, None, 1], dtype="Int64")
    message = r"target_sequence.* must .*, got (<NA>: drop them or fill|NaN .* what is missing)"
    refuse(model, lambda: model.train(XS, missing), ValueError, message)
    category = pandas.Series(["a", "b", "a"], dtype="category")
    message = r"target_sequence must hold numbers, got categories: take their numbers, \.cat\.codes"
    refuse(model, lambda: model.train(XS, category), TypeError, message)
    refuse(model, lambda: model.train(XS, pandas.Categorical([3, 4, 3])), TypeError, message)
    assert model.evaluate(XS, category.cat.codes) == model.evaluate(XS, [0, 1, 0])
    message = r"target_sequence.* must hold numbers, got the text 'a': number it first"
    refuse(model, lambda: model.train(XS, pandas.Series(["a", "b", "a"])), TypeError, message)
    dates = pandas.DataFrame({"a": [1.0], "day": pandas.to_datetime(["2020-01-01"])})
    message = r"input_sequence must .*numbers, got"
    refuse(model, lambda: model.predict(dates), TypeError, message)
    refuse(model, lambda: model.predict(dates[["day", "day"]]), TypeError, message)


def test_one_table_where_a_list_is_asked_for_is_refused(pandas):
    table = pandas.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    for name, call in [
        ("sequences", lambda: pad(table)),
        ("tokens", lambda: Vocabulary(table)),
        ("sequences", lambda: Vocabulary.from_sequences(table)),
        ("sequence", lambda: Vocabulary("ab").encode(table)),
    ]:
        with pytest.raises(TypeError, match=f"{name} must be a list or an array, got a table: put"):
            call()


# Masked arrays


def test_masked_arrays_are_refused_with_what_to_do():
    model = get_model(2, 4, 3)
    masked = np.ma.masked_invalid([[1.0, 2.0], [np.nan, np.nan]])
    message = r" must be no masked array: leave the masked steps out, and the lengths .* the mask"
    for call in (model.predict, model.predict_proba, model.hidden_states):
        refuse(model, lambda call=call: call(masked), ValueError, "input_sequence" + message)
        refuse(model, lambda call=call: call([XS[0], masked]), ValueError, r"e\[1\]" + message)
    refuse(model, lambda: model.train([list(masked)], [0]), ValueError, r"\]\[1\]" + message)
    refuse(model, lambda: model.evaluate(XS[0], np.ma.array(1, mask=True)), ValueError, message)
    refuse(
        model,
        lambda: model.train(XS, YS, validation_data=([masked], [0])),
        ValueError,
        r"validation_data\[0\]\[0\]" + message,
    )
    for call in (
        lambda: pad([masked]),
        lambda: Vocabulary("ab").encode(np.ma.array(["a", "b"], mask=[0, 1])),
        lambda: Vocabulary("ab").decode(np.ma.array([0, 1], mask=[0, 1])),
        lambda: one_hot(np.ma.array([0, 1], mask=[0, 1]), 2),
        lambda: sample(np.ma.array([0.0, 1.0], mask=[0, 1]), RNG),
        lambda: generate(language_model(), np.ma.array([0, 1], mask=[0, 1]), 3, RNG),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_a_masked_array_that_masks_nothing_is_an_array():
    model = get_model(2, 4, 3)
    assert np.array_equal(model.predict_proba(np.ma.array(XS[0])), model.predict_proba(XS[0]))


# Axes and labels


def test_the_error_for_swapped_axes_names_them():
    """Of a square array nothing can be known; of any other the sentence says what it looks like."""
    model = get_model(2, 4, 3)
    message = r"\(n_steps, 2\), time first, .* got the shape \(2, 5\): transpose it if its rows are"
    refuse(model, lambda: model.predict(XS[1].T), ValueError, message)
    refuse(model, lambda: model.train([x.T for x in XS], YS), ValueError, r"\(2, 3\): transpose")
    assert model.hidden_states(XS[0][:2]).shape == (2, 4)


def test_labels_from_1_are_told_that_counting_begins_at_0():
    model = get_model(2, 4, 3)
    message = r"target_sequence\[2\] must lie in 0\.\.2, got 3: counting begins at 0"
    refuse(model, lambda: model.train(XS, [1, 2, 3]), ValueError, message)


def test_a_class_that_never_occurs_is_no_error():
    """A padding token or a small sample leaves classes out on purpose, so nothing warns."""
    model = get_model(2, 4, 3)
    assert len(model.train(XS, [1, 2, 1], num_epochs=2).loss) == 2


BRINGS = {
    "booleans": ([0, 1, 1], [False, True, True]),
    "an array of booleans": ([0, 1, 1], np.array([0, 3, 5]) > 0),
    "whole floats": ([0, 2, 1], [0.0, 2.0, 1.0]),
    "an array of whole floats": ([0, 2, 1], np.array([0, 2, 1], "float32")),
    "a column": ([0, 2, 1], np.array([[0], [2], [1]])),
    "a column of floats": ([0, 2, 1], np.array([[0.0], [2.0], [1.0]])),
    "an object array": ([0, 2, 1], np.array([0, 2, 1], dtype=object)),
    "one-hot booleans": ([0, 2, 1], np.array([0, 2, 1])[:, None] == np.arange(3)),
    "a map": ([0, 2, 1], lambda: map(int, "021")),
    "a generator": ([0, 2, 1], lambda: (k for k in [0, 2, 1])),
    "a range": ([0, 1, 2], range(3)),
}


@pytest.mark.parametrize(("ys", "given"), BRINGS.values(), ids=BRINGS)
def test_labels_of_one_meaning(ys, given):
    model = get_model(2, 4, 3)
    same(model, XS, ys, lambda: XS, given if callable(given) else lambda: given)


def test_labels_of_one_meaning_for_each_step():
    model = get_model(2, 4, 3, readout="all")
    xs, ys = make_data(2, 3, (3, 4), readout="all")
    same(model, xs, ys, lambda: xs, lambda: [y[:, None] for y in ys])
    same(model, xs, ys, lambda: xs, lambda: [y.astype(float) for y in ys])
    same(model, xs, ys, lambda: xs, lambda: (one_hot(y, 3) > 0 for y in ys))
    ones = [np.minimum(y, 1) for y in ys]
    same(model, xs, ones, lambda: xs, lambda: [y > 0 for y in ones])


def test_a_column_is_no_label_where_it_has_another_meaning():
    model = get_model(2, 4, 3, output="linear")
    message = r"target_sequence\[0\] must have the shape \(3,\), got \(1,\)"
    refuse(model, lambda: model.train(XS, np.zeros((3, 1))), ValueError, message)
    model = get_model(2, 4, 1, output="linear")
    column = np.array([[0.5], [1.5], [2.5]])
    assert model.evaluate(XS, column) == model.evaluate(XS, column[:, 0])


def test_text_as_labels_says_how_to_number_it():
    model, labels = get_model(2, 4, 3), ["cat", "dog", "cat"]
    message = r"must hold numbers, got the text 'cat': number it first, as rnn_lib\.data\.Vocab"
    for targets in (labels, np.array(labels), np.array(labels, object), iter(labels)):
        refuse(model, lambda y=targets: model.train(XS, y), TypeError, message)
    numbers = Vocabulary(sorted(set(labels))).encode(labels)
    assert model.evaluate(XS, numbers) == model.evaluate(XS, [0, 1, 0])
    numerals = [np.array(["1", "2"]), np.array(["0", "1"])]
    refuse(model, lambda: model.predict(numerals), TypeError, r"must hold numbers, got the text")


# Containers


def object_array(items):
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


@pytest.mark.parametrize(
    "container",
    [object_array, tuple, iter, lambda xs: map(np.array, xs), lambda xs: (x for x in xs)],
)
def test_sequences_in_any_container(container):
    same(get_model(2, 4, 3), XS, YS, lambda: container(XS), lambda: YS)
    assert np.array_equal(pad(container(XS))[0], pad(XS)[0])


def test_tokens_in_any_container():
    """As imdb.npz has them: lists of integers in an object array."""
    model, tokens = get_model(5, 4, 3, embedding_size=2), [[0, 3, 4], [1, 2]]
    for container in (object_array, iter):
        same(model, tokens, [0, 2], lambda c=container: c(tokens), lambda: [0, 2])
    same(model, tokens, [0, 2], lambda: [map(float, t) for t in tokens], lambda: [0, 2])
    same(model, [[0, 1]], [2], lambda: [np.array([False, True])], lambda: [2])


def test_inputs_of_other_kinds_of_numbers():
    model = get_model(2, 4, 3)
    x = np.array([[1, 0], [0, 1]])
    expected = model.predict_proba(x)
    for given in (x > 0, x.astype(object), [[fractions.Fraction(1), 0], [0, True]]):
        assert np.array_equal(model.predict_proba(given), expected)


def test_one_long_series_for_one_feature():
    model, series = get_model(1, 4, 1, output="linear"), np.sin(np.arange(9.0))
    column = series[:, np.newaxis]
    for given in (series, series.tolist(), iter(series.tolist()), series[:, np.newaxis].tolist()):
        assert np.array_equal(model.predict(given), model.predict(column))
    assert model.evaluate(series, 0.5) == model.evaluate(column, 0.5)
    message = r"input_sequence must be a list of arrays \(n_steps, 1\): write \[x\[:, np\.newaxis\]"
    for length in (4, 9):
        refuse(model, lambda n=length: model.predict([series, series[:n]]), ValueError, message)


def test_sets_and_dictionaries_have_no_order():
    for bad in ({"a": 1}, {"a", "b"}):
        with pytest.raises(TypeError, match="tokens must be a list or an array, got a"):
            Vocabulary(bad)
        with pytest.raises(TypeError, match="sequence must be a list or an array, got a"):
            Vocabulary("ab").encode(bad)
    with pytest.raises(TypeError, match="sequences must be a list or an array, got a set"):
        pad({(1, 2)})
    assert Vocabulary.from_sequences([{"b", "a"}]).tokens == ("a", "b")


# Numbers


@pytest.mark.parametrize(("dtype", "size"), [("float64", 1e308), ("float32", 1e20)])
def test_numbers_that_would_overflow_are_refused(dtype, size):
    with precision(dtype), warnings.catch_warnings():
        warnings.simplefilter("error")
        for options in ({}, {"output": "linear"}):
            model = RNN(2, 4, 3, **options)
            message = rf"input_sequence must lie within ±.*, got {size:.3g}: scale it".replace(
                "+", r"\+"
            )
            refuse(model, lambda m=model: m.predict(np.full((3, 2), size)), ValueError, message)
            refuse(model, lambda m=model: m.predict(np.full((3, 2), -size)), ValueError, "scale it")
        targets = [np.full(3, size)] * 3
        refuse(model, lambda: model.evaluate(XS, targets), ValueError, r"target_.* scale it")
        assert np.isfinite(model.predict(np.full((3, 2), size**0.3))).all()


def test_a_read_only_parameter_is_trained(tmp_path):
    """As a memory map is, or an array of another library."""
    model = RNN(2, 4, 3)
    np.save(tmp_path / "Whh.npy", model.Whh.get_value())
    mapped = np.load(tmp_path / "Whh.npy", mmap_mode="r")
    model.Whh.set_value(mapped, borrow=True)
    other = RNN(2, 4, 3)
    assert np.array_equal(model.predict_proba(XS), other.predict_proba(XS))
    assert model.train(XS, YS, num_epochs=3).loss == other.train(XS, YS, num_epochs=3).loss
    assert np.array_equal(np.load(tmp_path / "Whh.npy"), RNN(2, 4, 3).Whh.get_value())


# Paths


def bad_paths(folder):
    (folder / "file").write_bytes(b"")
    return [
        (None, TypeError, "must be a path, a str or a Path, got None"),
        (0, TypeError, "must be a path, a str or a Path, got 0"),
        (b"model.npz", TypeError, "must be a path, a str or a Path, got b'model.npz'"),
        ("", ValueError, "must be the path of a file, got ''"),
        ("a\0b", ValueError, "must be the path of a file, got 'a.x00b'"),
    ]


def bad_new_paths(folder):
    return [
        *bad_paths(folder),
        (".", ValueError, "must be the path of a file, got the folder '.'"),
        ("..", ValueError, r"must be the path of a file, got the folder '\.\.'"),
        (folder, ValueError, "must be the path of a file, got the folder"),
        (f"{folder}/new/", ValueError, "must be the path of a file, got the folder"),
        (folder / ("x" * 300), ValueError, "cannot be .*: File name too long"),
        (folder / "none" / "x.npz", FileNotFoundError, "must be in a folder that exists"),
        (folder / "file" / "x.npz", FileNotFoundError, "must be in a folder that exists"),
        ("~nobody-of-this-name/x.npz", ValueError, "must be in a folder that exists"),
    ]


@pytest.mark.parametrize("k", range(13))
def test_paths_that_cannot_be_written(tmp_path, k):
    """Told before the first update."""
    model = get_model(2, 4, 3)
    path, exception, message = bad_new_paths(tmp_path)[k]
    refuse(model, lambda: model.save(path), exception, "path " + message)
    if path is not None:
        call = lambda: model.train(XS, YS, checkpoint=path)  # noqa: E731
        refuse(model, call, exception, "checkpoint " + message)
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("k", range(5))
def test_paths_that_cannot_be_read(tmp_path, k):
    path, exception, message = bad_paths(tmp_path)[k]
    with pytest.raises(exception, match="path " + message):
        RNN.load(path)


def test_a_folder_that_may_not_be_written_to(tmp_path, monkeypatch):
    def fail(**options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", fail)
    model, path = get_model(2, 4, 3), tmp_path / "x.npz"
    message = "must be in a folder that may be written to, got .*: Permission denied"
    refuse(model, lambda: model.save(path), ValueError, "path " + message)
    refuse(model, lambda: model.train(XS, YS, checkpoint=path), ValueError, "checkpoint " + message)


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    def fail(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files, "open", fail, raising=False)
    with pytest.raises(ValueError, match=r"path must be a saved model, got .*: Permission denied"):
        RNN.load(tmp_path / "x.npz")


def test_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    model = get_model(2, 4, 3)
    model.save("~/saved.npz")
    model.train(XS, YS, num_epochs=1, checkpoint="~/checkpoint.npz")
    assert sorted(os.listdir(tmp_path)) == ["checkpoint.npz", "saved.npz"]
    loaded = RNN.load("~/checkpoint.npz")
    assert np.array_equal(loaded.predict_proba(XS), model.predict_proba(XS))


def test_a_name_as_long_as_a_name_may_be(tmp_path):
    path = tmp_path / ("x" * 251 + ".npz")
    RNN(2, 4, 3).save(path)
    assert RNN.load(path).input_size == 2


# Files whose parts are of the wrong kind

WRONG = {
    "no JSON": ({"options": np.array("{")}, "its options are damaged"),
    "a list": ({"options": np.array("[1]")}, "its options are damaged"),
    "null": ({"options": np.array("null")}, "its options are damaged"),
    "nested too deep": ({"options": np.array("[" * 100_000)}, "its options are damaged"),
    "options of numbers": ({"options": np.array(1.5)}, "of another program"),
    "many options": ({"options": np.array(["{}", "{}"])}, "of another program"),
    "version of text": ({"rnn_lib": np.array("one")}, "of another program"),
    "many versions": ({"rnn_lib": np.array([1, 1])}, "of another program"),
    "a float": ({"rnn_lib": np.array(1.0)}, "of another program"),
    "version 0": ({"rnn_lib": np.array(0)}, "of another program"),
    "no options": ({"options": np.array("{}")}, "input_size"),
    "a size of text": ({"options": np.array('{"input_size": "a"}')}, "missing 2 required"),
    "huge": ({"options": np.array(json.dumps(
        {"input_size": 2, "hidden_size": 10**12, "output_size": 2}))}, "Unable to allocate"),
    "complex weights": ({"Whh": np.zeros((3, 3), complex)}, "Whh has the dtype complex128"),
    "a scalar": ({"Whh": np.array(1.0)}, r"Whh has the shape \(\)"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG)
def test_parts_of_a_wrong_kind(tmp_path, change, message):
    RNN(2, 3, 2).save(tmp_path / "model.npz")
    with np.load(tmp_path / "model.npz") as content:
        parts = {name: content[name] for name in content.files}
    np.savez(tmp_path / "other.npz", **(parts | change))
    with (
        warnings.catch_warnings(action="error"),
        pytest.raises(ValueError, match=rf"path must be .*, got .*other\.npz: .*{message}"),
    ):
        RNN.load(tmp_path / "other.npz")


def test_an_open_file_is_no_path():
    with pytest.raises(TypeError, match="path must be a path, a str or a Path, got <"):
        RNN.load(io.BytesIO())
    with pytest.raises(TypeError, match="path must be a path"):
        write_npz(io.BytesIO(), {}, {})


# Tokens, draws and beams


def language_model():
    return get_model(4, 3, 4, embedding_size=2, readout="all")


def step(tokens, state):
    return np.log(np.full((len(tokens), 4), 0.25)), state


BEAM = {"start": 0, "end": 3, "width": 2, "max_steps": 3}
CALLS = {
    "pad of a number": (lambda: pad(5), TypeError, "sequences must be a list .*, got 5"),
    "pad of text": (lambda: pad([["a"]]), TypeError, r"sequences\[0\] must hold numbers, got the"),
    "pad of ragged": (lambda: pad([[[1], [1, 2]]]), ValueError, r"sequences\[0\] .* ragged"),
    "pad of missing": (lambda: pad([[1, None]]), ValueError, r"sequences\[0\] .* no missing"),
    "tokens of none": (lambda: Vocabulary(None), TypeError, "tokens must be a list .*, got None"),
    "tokens of lists": (lambda: Vocabulary([["a"]]), TypeError, r"tokens\[0\] must be a token,"),
    "sequences of numbers": (
        lambda: Vocabulary.from_sequences([1, 2]), TypeError, r"sequences\[0\] .*, got 1"),
    "sequences of two kinds": (
        lambda: Vocabulary.from_sequences([["a", 1]]), TypeError, "sequences must hold tokens"),
    "reserved of none": (
        lambda: Vocabulary.from_sequences(["a"], reserved=None), TypeError, "reserved must be a"),
    "encode none": (lambda: Vocabulary("a").encode(None), TypeError, "sequence must be a list"),
    "encode lists": (lambda: Vocabulary("a").encode([["a"]]), TypeError, r"sequence\[0\] must"),
    "decode one": (lambda: Vocabulary("a").decode(0), ValueError, r"\(n_steps,\), got \(\)"),
    "decode rows": (lambda: Vocabulary("a").decode([[0]]), ValueError, r"indices .* got \(1, 1\)"),
    "decode text": (lambda: Vocabulary("a").decode("a"), TypeError, "indices must hold numbers"),
    "one-hot of text": (lambda: one_hot(["a"], 2), TypeError, "indices must hold numbers, got the"),
    "batches of a seed": (lambda: minibatches(3, 2, 0), TypeError, "rng must be .*, got 0"),
    "sample with a seed": (lambda: sample([0.0], 0), TypeError, "rng must be a source .*, got 0"),
    "sample of rows": (lambda: sample(np.zeros((2, 3)), RNG), ValueError, r"logits .* \(2, 3\)"),
    "sample of nothing": (lambda: sample([], RNG), ValueError, r"logits must .*, got \(0,\)"),
    "sample of NaN": (lambda: sample([np.nan, 0], RNG), ValueError, "logits must be numbers"),
    "sample of -inf": (lambda: sample([-np.inf], RNG), ValueError, "logits must be numbers, one"),
    "sample of text": (lambda: sample("ab", RNG), TypeError, "logits must hold numbers, got the"),
    "generate of none": (
        lambda: generate(None, [0], 3, RNG), TypeError, "model must be an RNN, got NoneType"),
    "generate with a seed": (
        lambda: generate(language_model(), [0], 3, 0), TypeError, "rng must be a source"),
    "generate from text": (
        lambda: generate(language_model(), "ab", 3, RNG), TypeError, "prompt must hold numbers"),
    "beam of no function": (
        lambda: beam_search(None, np.zeros((1, 1)), **BEAM), TypeError, "step must be a function"),
    "beam of no state": (
        lambda: beam_search(step, 0, **BEAM), TypeError, "state must be an array whose first"),
    "beam with a text": (
        lambda: beam_search(step, np.zeros((1, 1)), **(BEAM | {"end": "."})), TypeError,
        "end must be a whole number"),
    "beam without an end": (
        lambda: beam_search(step, np.zeros((1, 1)), **(BEAM | {"end": 4})), ValueError,
        r"step must return log probabilities \(1, n_tokens\) with more than 4"),
    "beam of one answer": (
        lambda: beam_search(lambda t, s: s, np.zeros((1, 1)), **BEAM), TypeError,
        "step must return a pair .*, got ndarray"),
    "beam of NaN": (
        lambda: beam_search(lambda t, s: (np.full((1, 4), np.nan), s), np.zeros((1, 1)), **BEAM),
        ValueError, "step must return log probabilities, got NaN"),
}  # fmt: skip


@pytest.mark.parametrize(("call", "exception", "message"), CALLS.values(), ids=CALLS)
def test_tokens_draws_and_beams(call, exception, message):
    with pytest.raises(exception, match=message) as caught:
        call()
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_a_state_may_be_a_list():
    start = np.zeros((1, 1))
    assert beam_search(step, [start, start], **BEAM) == beam_search(step, (start, start), **BEAM)


def test_logits_of_other_kinds():
    assert sample([0, 99], np.random.default_rng(0)) == 1
    assert sample(np.array([0, 99], object), np.random.default_rng(0)) == 1
