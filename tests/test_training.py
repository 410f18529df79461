"""rnn_lib.training: validation, patience, checkpoints, Ctrl-C, overflow and the progress bar."""

import io
import os
import re
import signal
import sys
import threading

import numpy as np
import pytest
from models import get_model, get_weights, make_data

from rnn_lib import RNN, History, theano, training
from rnn_lib.data import load_japanese_vowels
from rnn_lib.engine import CAN_COMPILE
from rnn_lib.training import fit

XS, YS = make_data(2, 3, (3, 5, 1, 4, 2, 6))
VALID = make_data(2, 3, (4, 2, 5), seed=9)


def equal(weights, others):
    return all(np.array_equal(weights[name], others[name]) for name in weights)


def fit_numbers(losses, val_losses=None, **options):
    """Train a "model" whose losses are given; after epoch k its parameter is k."""
    parameter, epochs = theano.shared(0.0), iter(losses)

    def update(indices):
        parameter.set_value(parameter.get_value() + 1.0)
        return next(epochs), len(indices)

    if val_losses is not None:
        validations = iter(val_losses)
        options["validate"] = lambda: (next(validations), None)
    options = {"num_epochs": len(losses), "rng": np.random.default_rng(0), **options}
    return fit(update, 3, [parameter], batch_size=3, **options), parameter.get_value()


# History


def test_history_is_a_number_an_epoch():
    history = get_model(2, 4, 3).train(XS, YS, num_epochs=7)
    assert isinstance(history, History)
    assert len(history.loss) == 7
    assert history.loss[-1] < history.loss[0]
    assert history == History(loss=history.loss)


def test_loss_of_an_epoch_weighs_every_sequence_alike():
    """Minibatches of 4 and 2: the mean is over 6 sequences, not over 2 batches."""
    model = get_model(2, 4, 3)
    expected = model.evaluate(XS, YS)
    assert model.train(XS, YS, 1e-12, 1, batch_size=4).loss == [pytest.approx(expected, rel=1e-9)]
    model = get_model(2, 4, 3, readout="all")
    data = make_data(2, 3, (3, 5, 1, 4, 2, 6), readout="all")
    expected = model.evaluate(*data)
    assert model.train(*data, 1e-12, 1, batch_size=4).loss == [pytest.approx(expected, rel=1e-9)]


def test_every_sequence_is_seen_once_an_epoch_in_another_order():
    seen = []

    def update(indices):
        seen.append(indices.tolist())
        return 1.0, len(indices)

    fit(update, 10, [], num_epochs=2, batch_size=4, rng=np.random.default_rng(0))
    assert [len(batch) for batch in seen] == [4, 4, 2] * 2
    first, second = np.concatenate(seen[:3]).tolist(), np.concatenate(seen[3:]).tolist()
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second


def test_validation_history():
    model = get_model(2, 4, 3)
    history = model.train(XS, YS, num_epochs=5, validation_data=VALID)
    assert len(history.val_loss) == len(history.val_accuracy) == 5
    assert history.val_loss[-1] == model.evaluate(*VALID)
    assert history.val_accuracy[-1] == (model.predict(VALID[0]) == VALID[1]).mean()
    assert history.best_epoch == 1 + np.argmin(history.val_loss)
    assert history.stopped == ""
    plain = get_model(2, 4, 3).train(XS, YS, num_epochs=5)
    assert plain.loss == history.loss  # looking changes nothing


def test_numbers_have_no_accuracy():
    options = {"output": "linear"}
    data = make_data(2, 3, **options)
    history = get_model(2, 4, 3, **options).train(*data, 0.01, 2, validation_data=data)
    assert len(history.val_loss) == 2
    assert history.val_accuracy == []


def test_history_as_a_table():
    history = History([3.0, 2.0], [3.5, 2.5], [0.5, 0.75], "interrupted")
    assert history.table() == {
        "epoch": [1, 2],
        "loss": [3.0, 2.0],
        "val_loss": [3.5, 2.5],
        "val_accuracy": [0.5, 0.75],
    }
    assert History([3.0]).table() == {"epoch": [1], "loss": [3.0]}
    history.table()["loss"].clear()
    assert history.loss == [3.0, 2.0]
    pandas = pytest.importorskip("pandas")
    assert pandas.DataFrame(history.table()).shape == (2, 4)


def test_history_plots_itself():
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    ax = plt.subplots()[1]
    history = History([3.0, 2.0, 1.0], [3.0, 2.5, 2.6])
    assert history.plot(ax) is ax
    assert ax.lines[0].get_ydata().tolist() == [3, 2, 1]
    assert ax.lines[1].get_ydata().tolist() == [3, 2.5, 2.6]
    assert history.plot() is not ax
    plt.close("all")


# Patience


def test_patience_stops_and_restores_the_best():
    history, parameter = fit_numbers([1.0] * 9, [5, 4, 3, 3.5, 3, 9, 2, 1, 0], patience=3)
    assert history.stopped == "patience"
    assert history.val_loss == [5, 4, 3, 3.5, 3, 9]
    assert (history.best_epoch, parameter) == (3, 3)


def test_patience_counts_from_the_last_improvement():
    history, parameter = fit_numbers([1.0] * 6, [5, 6, 4, 5, 3, 7], patience=2)
    assert (history.stopped, history.best_epoch, parameter) == ("", 5, 5)
    assert len(history.loss) == 6


def test_without_patience_the_last_parameters_stay():
    history, parameter = fit_numbers([1.0] * 3, [1, 2, 3])
    assert (history.stopped, history.best_epoch, parameter) == ("", 1, 3)


def test_patience_of_a_network():
    model = get_model(2, 8, 3)
    history = model.train(XS, YS, 0.5, 300, validation_data=VALID, patience=5)
    assert history.stopped == "patience"
    assert len(history.loss) == history.best_epoch + 5
    assert (
        model.evaluate(*VALID) == min(history.val_loss) == history.val_loss[history.best_epoch - 1]
    )


# Checkpoints


def test_checkpoint_after_every_epoch(tmp_path):
    model = get_model(2, 4, 3)
    model.train(XS, YS, num_epochs=3, checkpoint=tmp_path / "last.npz")
    assert equal(get_weights(RNN.load(tmp_path / "last.npz")), get_weights(model))
    saved = []
    fit_numbers([1.0] * 4, save=lambda: saved.append(1))
    assert len(saved) == 4


def test_checkpoint_in_no_folder_is_told_before_training(tmp_path):
    model = get_model(2, 4, 3)
    before, path = get_weights(model), tmp_path / "nowhere" / "model.npz"
    with pytest.raises(FileNotFoundError, match="checkpoint must be in a folder that exists, got "):
        model.train(XS, YS, checkpoint=path)
    assert equal(get_weights(model), before)


def test_checkpoint_of_every_best_epoch(tmp_path):
    model = get_model(2, 8, 3)
    settings = {"validation_data": VALID, "patience": 5, "checkpoint": tmp_path / "best.npz"}
    model.train(XS, YS, 0.5, 300, **settings)
    assert equal(get_weights(RNN.load(tmp_path / "best.npz")), get_weights(model))
    saved = []
    fit_numbers([1.0] * 5, [3, 4, 2, 2, 1], save=lambda: saved.append(1))
    assert len(saved) == 3


# Ctrl-C


def test_interrupt_keeps_the_last_finished_update(monkeypatch):
    """A real SIGINT in the middle of the eighth update, the second of the third epoch."""
    handler = signal.default_int_handler  # a job in the background begins without it
    signal.signal(signal.SIGINT, handler)
    reference = get_model(2, 4, 3)
    expected = reference.train(XS, YS, num_epochs=2, batch_size=2)
    calls, states = [], []

    def minibatches(*args):
        for batch in original(*args):
            states.append(get_weights(model))  # before each update
            calls.append(batch)
            if len(calls) == 8:
                signal.raise_signal(signal.SIGINT)
            yield batch

    original = training.minibatches
    monkeypatch.setattr(training, "minibatches", minibatches)
    model = get_model(2, 4, 3)
    history = model.train(XS, YS, num_epochs=50, batch_size=2)
    assert history.stopped == "interrupted"
    assert history.loss == expected.loss
    assert len(calls) == 8
    assert not equal(get_weights(model), states[7])  # the eighth update was finished
    assert signal.getsignal(signal.SIGINT) is handler
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    monkeypatch.undo()
    assert len(model.train(XS, YS, num_epochs=1).loss) == 1  # and training goes on


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill ends the process there")
def test_interrupt_at_any_moment(monkeypatch):
    """From outside, as a terminal sends it: whole epochs, finite parameters, no exception."""
    model = get_model(2, 4, 3)
    delays, timers = [0.17, 0.1, 0.01], []

    def minibatches(*args):
        if not timers:  # counts from the first epoch
            timers.append(threading.Timer(delays.pop(), os.kill, (os.getpid(), signal.SIGINT)))
            timers[0].start()
        return original(*args)

    original = training.minibatches
    monkeypatch.setattr(training, "minibatches", minibatches)
    while delays:
        history = model.train(XS, YS, 0.01, 10**6, batch_size=2, validation_data=VALID)
        timers.pop().join()
        assert history.stopped == "interrupted"
        assert len(history.loss) == len(history.val_loss) < 10**6
        assert all(np.isfinite(w).all() for w in get_weights(model).values())


def test_training_in_a_thread_needs_no_signals():
    model, histories = get_model(2, 4, 3), []
    thread = threading.Thread(target=lambda: histories.append(model.train(XS, YS, num_epochs=2)))
    thread.start()
    thread.join()
    assert len(histories[0].loss) == 2


# Overflow


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_overflow_restores_the_parameters(bad):
    with pytest.raises(FloatingPointError, match=f"loss became {bad} in epoch 3: use a smaller"):
        fit_numbers([1.0, 2.0, bad])


def test_overflow_in_the_last_update():
    """No later loss would show it."""
    parameter = theano.shared(7.0)

    def update(indices):
        parameter.set_value(np.inf)
        return 1.0, len(indices)

    with pytest.raises(FloatingPointError, match="a parameter became infinite or NaN in epoch 1"):
        fit(update, 3, [parameter], num_epochs=1, batch_size=3, rng=np.random.default_rng(0))
    assert parameter.get_value() == 7


def test_overflow_of_a_network():
    model = get_model(2, 4, 3, output="linear")
    data = make_data(2, 3, output="linear")
    model.train(*data, 0.01, 2)
    before, handler = get_weights(model), signal.getsignal(signal.SIGINT)
    with (
        np.errstate(all="ignore"),
        pytest.raises(FloatingPointError, match="learning_rate or set clip_norm"),
    ):
        model.train(*data, 1e10)
    assert equal(get_weights(model), before)
    assert signal.getsignal(signal.SIGINT) is handler


def test_clipping_keeps_a_wild_training_finite():
    model = get_model(2, 4, 3, output="linear")
    data = make_data(2, 3, output="linear")
    history = model.train(*data, 0.1, 30, clip_norm=0.5)
    assert np.isfinite(history.loss).all()
    before = get_weights(model)
    model.train(*data, 1.0, 1, clip_norm=1e-3)
    moved = np.sqrt(sum(((before[n] - w) ** 2).sum() for n, w in get_weights(model).items()))
    assert moved == pytest.approx(1e-3, rel=1e-9)


# Progress


class Terminal:
    """Stands for stderr; keeps what is written."""

    def __init__(self, isatty):
        self.isatty, self.text, self.encoding = lambda: isatty, "", "utf-8"

    def write(self, text):
        self.text += text

    def flush(self):
        pass


def train_and_watch(monkeypatch, *, isatty, setting, kernel=False, **options):
    terminal = Terminal(isatty)
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    if kernel:
        monkeypatch.setitem(sys.modules, "ipykernel", training)
    if setting is None:
        monkeypatch.delenv("RNN_PROGRESS", raising=False)
    else:
        monkeypatch.setenv("RNN_PROGRESS", setting)
    fit_numbers([2.5] * 300, **options)
    return terminal.text


def test_bar_shows_epoch_loss_and_time_left(monkeypatch):
    text = train_and_watch(monkeypatch, isatty=True, setting=None)
    assert "/300" in text
    assert re.search(r"\[\d\d:\d\d<", text)  # elapsed < left
    slow = train_and_watch(monkeypatch, isatty=True, setting=None, validate=lambda: (_wait(), None))
    assert re.search(r"\d+/300 \[\d\d:\d\d<\d\d:\d\d, .*epoch \d+/300, loss 2\.5\]", slow)


def _wait():
    threading.Event().wait(0.001)
    return 1.0


@pytest.mark.parametrize(
    ("shown", "options"),
    [
        (True, {"isatty": True, "setting": "1"}),
        (True, {"isatty": False, "setting": None, "kernel": True}),
        (True, {"isatty": False, "setting": "0", "progress": True}),
        (False, {"isatty": False, "setting": None}),
        (False, {"isatty": True, "setting": "0"}),
        (False, {"isatty": False, "setting": "0", "kernel": True}),
        (False, {"isatty": True, "setting": None, "progress": False}),
    ],
)
def test_where_a_bar_is_shown(monkeypatch, shown, options):
    assert bool(train_and_watch(monkeypatch, **options)) == shown


@pytest.mark.parametrize(
    ("long", "hint", "shown"),
    [(True, "use a compiler", 1), (False, "use a compiler", 0), (True, "", 0)],
)
def test_a_long_training_says_once_what_would_be_faster(monkeypatch, long, hint, shown):
    monkeypatch.setattr(training, "_TRIAL", 0.0)
    monkeypatch.setattr(training, "_LONG", 0.0 if long else 1e6)
    text = train_and_watch(monkeypatch, isatty=True, setting=None, hint=hint)
    assert text.count("use a compiler") == shown


def test_without_a_bar_nothing_is_said(monkeypatch):
    monkeypatch.setattr(training, "_TRIAL", 0.0)
    monkeypatch.setattr(training, "_LONG", 0.0)
    assert train_and_watch(monkeypatch, isatty=False, setting=None, hint="use a compiler") == ""


@pytest.mark.parametrize(("compiled", "said"), [(None, CAN_COMPILE), (False, CAN_COMPILE)])
def test_the_hint_of_a_network(monkeypatch, capsys, compiled, said):
    monkeypatch.setenv("RNN_COMPILED", "0")
    monkeypatch.setattr(training, "_TRIAL", 0.0)
    monkeypatch.setattr(training, "_LONG", 0.0)
    get_model(2, 4, 3).train(XS, YS, num_epochs=3, progress=True, compiled=compiled)
    assert ("compiled=True" in capsys.readouterr().err) == said


# Where nobody can see a bar, training goes on without one.


class Bare:
    """A stream without isatty, as some programs put in the place of stderr."""

    def write(self, text):
        pass

    def flush(self):
        pass


class Closed(io.StringIO):
    def __init__(self):
        super().__init__()
        self.close()


@pytest.mark.parametrize("progress", [None, False, True])
@pytest.mark.parametrize("make", [lambda: None, Bare, Closed], ids=["none", "bare", "closed"])
def test_any_stderr_will_do(monkeypatch, make, progress):
    monkeypatch.setattr(sys, "stderr", make())
    monkeypatch.delenv("RNN_PROGRESS", raising=False)
    history, _ = fit_numbers([1.0] * 3, progress=progress)
    assert len(history.loss) == 3


def test_a_stderr_that_closes_while_a_bar_is_shown(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(training, "_TRIAL", 0.0)
    monkeypatch.setattr(training, "_LONG", 0.0)
    options = {"validate": lambda: (stream.close() or 1.0, None), "hint": "use a compiler"}
    history, _ = fit_numbers([1.0] * 300, progress=True, **options)
    assert len(history.loss) == 300


def test_bar_of_a_network(capsys):
    get_model(2, 4, 3).train(XS, YS, num_epochs=3, progress=True)
    assert "/3 [" in capsys.readouterr().err


# On real data


def test_first_epoch_on_japanese_vowels_lowers_the_loss():
    vowels = load_japanese_vowels()
    model = get_model(12, 16, 9)
    history = model.train(vowels.x_train, vowels.y_train, 0.01, 2, optimizer="adam", clip_norm=1.0)
    assert history.loss[1] < history.loss[0] < 1.1 * np.log(9)
