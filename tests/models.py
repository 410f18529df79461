"""Small models and data for the tests; compiled functions are kept from test to test."""

import contextlib
import functools

import numpy as np

from rnn_lib import RNN, theano


@contextlib.contextmanager
def precision(dtype):
    """Let weights and inputs have this dtype inside the ``with``."""
    before = theano.config.floatX
    theano.config.floatX = dtype
    try:
        yield
    finally:
        theano.config.floatX = before


@functools.cache
def _compiled_once(sizes, options):
    model = RNN(*sizes, **dict(options))
    return model, [p.get_value() for p in model.params]


def get_model(*sizes, **options):
    """Return ``RNN(*sizes, **options)`` with initial parameters and all that it compiled before."""
    model, start = _compiled_once(sizes, tuple(sorted(options.items())))
    for p, value in zip(model.params, start):
        p.set_value(value)
    return model


def get_weights(model):
    return {p.name: p.get_value() for p in model.params}


def make_data(input_size, output_size, lengths=(3, 5, 1, 4), *, seed=0, **options):
    """Return sequences and targets that fit ``RNN(input_size, ..., output_size, **options)``."""
    rng = np.random.default_rng(seed)
    every_step, linear = options.get("readout") == "all", options.get("output") == "linear"
    xs, ys = [], []
    for n in lengths:
        if options.get("embedding_size"):
            xs.append(rng.integers(0, input_size, n))
        else:
            xs.append(rng.standard_normal((n, input_size)))
        steps = (n,) if every_step else ()
        if linear:
            ys.append(rng.standard_normal((*steps, output_size)))
        else:
            ys.append(rng.integers(0, output_size, steps))
    return xs, ys
