"""Print losses of several trainings as JSON, for test_agreement; runs on either engine."""

import json

from models import make_data

from rnn_lib import RNN
from rnn_lib.engine import NAME, VERSION

TRAININGS = {
    "tanh, sgd": ({}, {"learning_rate": 0.3}),
    "tanh, momentum, clipped, bidirectional": (
        {"cell": "tanh", "readout": "all", "bidirectional": True},
        {"learning_rate": 0.1, "optimizer": "momentum", "clip_norm": 0.5},
    ),
    "lstm, adam, clipped": (
        {"cell": "lstm"},
        {"learning_rate": 0.05, "optimizer": "adam", "clip_norm": 0.3},
    ),
    "gru, rmsprop, embedding, linear": (
        {"cell": "gru", "embedding_size": 2, "output": "linear"},
        {"learning_rate": 0.01, "optimizer": "rmsprop"},
    ),
}


def train_all():
    """Return ``{name: losses of the epochs, then validation losses, then some weights}``."""
    curves = {}
    for name, (options, settings) in TRAININGS.items():
        model = RNN(3, 4, 3, seed=1, **options)
        xs, ys = make_data(3, 3, (3, 5, 1, 4, 6, 2, 2), seed=2, **options)
        valid = make_data(3, 3, (4, 2), seed=3, **options)
        history = model.train(
            xs, ys, num_epochs=20, batch_size=3, seed=4, validation_data=valid, **settings
        )
        weights = [float(p.get_value().ravel()[0]) for p in model.params]
        curves[name] = history.loss + history.val_loss + weights
    return curves


if __name__ == "__main__":
    print(json.dumps({"engine": f"{NAME} {VERSION}", "curves": train_all()}))
