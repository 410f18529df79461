"""rnn_lib.files and RNN.save/load: bit-exact, whole or not at all, never pickle, clear errors."""

import json
import os
import pickle
import sys

import numpy as np
import pytest
from models import get_weights, make_data, precision

from rnn_lib import RNN, files
from rnn_lib.files import read_npz, write_npz

OPTIONS = {
    "cell": "lstm",
    "embedding_size": 3,
    "layers": 2,
    "bidirectional": True,
    "readout": "all",
    "output": "linear",
    "seed": 7,
}


@pytest.fixture
def saved(tmp_path):
    """A small model, and the file that holds it."""
    model = RNN(2, 3, 2, seed=1)
    model.save(tmp_path / "model.npz")
    return model, tmp_path / "model.npz"


@pytest.mark.parametrize("options", [{}, OPTIONS], ids=["default", "all options"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_round_trip_is_exact(tmp_path, options, dtype):
    with precision(dtype):
        model = RNN(4, 3, 2, **options)
        rng = np.random.default_rng(0)
        for p in model.params:
            p.set_value(rng.standard_normal(p.get_value().shape).astype(dtype))
        model.save(tmp_path / "model.npz")
        loaded = RNN.load(tmp_path / "model.npz")
    assert type(loaded) is RNN
    assert repr(loaded) == repr(model)
    assert [p.name for p in loaded.params] == [p.name for p in model.params]
    for name, value in get_weights(loaded).items():
        assert value.dtype == dtype
        assert np.array_equal(value, get_weights(model)[name])
    for name in ("input_size", "hidden_size", "output_size", *OPTIONS):
        assert getattr(loaded, name) == getattr(model, name)


def test_a_loaded_model_predicts_and_trains_on(saved):
    model, path = saved
    loaded = RNN.load(path)
    xs, ys = make_data(2, 2)
    assert np.array_equal(loaded.predict_proba(xs), model.predict_proba(xs))
    assert loaded.train(xs, ys, num_epochs=3).loss == model.train(xs, ys, num_epochs=3).loss


def test_path_may_be_a_string_and_have_any_ending(tmp_path):
    model = RNN(2, 3, 2)
    model.save(str(tmp_path / "my.model"))
    assert os.listdir(tmp_path) == ["my.model"]
    assert repr(RNN.load(str(tmp_path / "my.model"))) == repr(model)


def test_sizes_may_be_integers_of_numpy(tmp_path):
    model = RNN(*np.array([2, 3, 2]), layers=np.int64(2), seed=np.int64(3), bidirectional=np.True_)
    model.save(tmp_path / "model.npz")
    loaded = RNN.load(tmp_path / "model.npz")
    assert all(np.array_equal(v, get_weights(model)[n]) for n, v in get_weights(loaded).items())


def test_numpy_alone_reads_the_file(saved):
    model, path = saved
    with np.load(path, allow_pickle=False) as content:
        assert int(content["rnn_lib"]) == 1
        options = json.loads(str(content["options"]))
        assert (options["input_size"], options["cell"]) == (2, "tanh")
        assert set(content.files) == {"rnn_lib", "options", "Wxh", "Whh", "Why", "bh", "by"}
        assert np.array_equal(content["Wxh"], model.Wxh.get_value())


# Whole or not at all


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
@pytest.mark.parametrize("broken", ["savez", "fsync", "replace"])
def test_failed_write_leaves_the_old_file_and_nothing_else(saved, monkeypatch, broken, error):
    model, path = saved
    old = path.read_bytes()

    def fail(*args, **kwargs):
        if broken == "savez":  # half of it is written
            args[0].write(b"PK\x03\x04 half a file")
        raise error

    monkeypatch.setattr(files.np if broken == "savez" else files.os, broken, fail)
    with pytest.raises(type(error)):
        model.save(path)
    assert path.read_bytes() == old
    assert os.listdir(path.parent) == ["model.npz"]
    monkeypatch.undo()
    with pytest.raises(FileNotFoundError):
        model.save(path.parent / "no such folder" / "model.npz")


def test_overwriting_replaces_the_whole_file(saved):
    _, path = saved
    other = RNN(5, 6, 7, cell="gru")
    other.save(path)
    assert repr(RNN.load(path)) == repr(other)
    assert os.listdir(path.parent) == ["model.npz"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_the_file_can_be_read_by_whom_a_new_file_can_be_read(saved):
    _, path = saved
    (path.parent / "ordinary").write_bytes(b"")
    assert path.stat().st_mode == (path.parent / "ordinary").stat().st_mode


# Bad files


def test_missing_file(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"path must be a saved model, and .*none\.npz does"
    ):
        RNN.load(tmp_path / "none.npz")


def test_truncated_anywhere(saved):
    _, path = saved
    content = path.read_bytes()
    lengths = {*range(0, len(content), 37), 1, 2, 3, 4, len(content) - 1, len(content) - 22}
    for n in sorted(lengths):
        path.write_bytes(content[:n])
        with pytest.raises(ValueError, match=r"path must be a saved model, got .*: damaged or no"):
            RNN.load(path)


def test_damaged_anywhere(saved):
    """A changed byte of the numbers is noticed, too."""
    model, path = saved
    content = path.read_bytes()
    start = content.index(model.Whh.get_value().tobytes())
    for n in range(start, start + 72):
        path.write_bytes(content[:n] + bytes([content[n] ^ 1]) + content[n + 1 :])
        with pytest.raises(ValueError, match=r"path must be a saved model, got .*: damaged or no"):
            RNN.load(path)


@pytest.mark.parametrize(
    "content", [b"", b"text\n", b"\x93NUMPY", pickle.dumps({"Wxh": 1}), b"PK\x03\x04" + bytes(100)]
)
def test_no_npz(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ValueError, match=r"path must be a saved model, got .*: damaged or no"):
        RNN.load(tmp_path / "file")


def test_folder_and_npy(tmp_path):
    np.save(tmp_path / "array.npy", np.zeros(3))
    with pytest.raises(ValueError, match=r"path must be a saved model, got .*: damaged or no"):
        RNN.load(tmp_path / "array.npy")
    with pytest.raises(ValueError, match=r"path must be a saved model, got .*"):
        RNN.load(tmp_path)


class Trap:
    """Unpickling it would run code."""

    def __reduce__(self):
        return (pytest.fail, ("the file was unpickled",))


def test_pickle_is_never_loaded(tmp_path):
    trap = np.array([Trap()], dtype=object)
    np.savez(tmp_path / "evil.npz", rnn_lib=np.array(1), options=np.array("{}"), Wxh=trap)
    with pytest.raises(ValueError, match="damaged or no"):
        RNN.load(tmp_path / "evil.npz")


def test_file_of_another_program(tmp_path):
    np.savez(tmp_path / "foreign.npz", weights=np.zeros((3, 3)))
    with pytest.raises(ValueError, match=r"path must be a model saved by RNN.save, got .*foreign"):
        RNN.load(tmp_path / "foreign.npz")


def test_newer_format(saved, monkeypatch):
    model, path = saved
    monkeypatch.setattr(files, "_FORMAT", 2)
    model.save(path)
    monkeypatch.undo()
    with pytest.raises(ValueError, match=r"format 1 or older, got .* of format 2: update rnn_lib"):
        RNN.load(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda options, arrays: arrays.pop("Whh"), "Whh"),
        (lambda options, arrays: arrays.update(bh=np.zeros(4)), r"bh has the shape \(4,\)"),
        (lambda options, arrays: options.pop("hidden_size"), "hidden_size"),
        (lambda options, arrays: options.update(hidden_size=-1), "hidden_size must be a whole"),
        (lambda options, arrays: options.update(cell="lstm"), "Wxh has the shape"),
        (lambda options, arrays: options.update(colour="red"), "colour"),
        (lambda options, arrays: arrays.update(by=np.array(["a", "b"])), "by has the dtype <U1"),
    ],
)
def test_parts_that_do_not_fit(saved, change, message):
    _, path = saved
    options, arrays = read_npz(path)
    change(options, arrays)
    write_npz(path, options, arrays)
    with pytest.raises(ValueError, match=rf"path must be a whole model, got .*{message}"):
        RNN.load(path)
