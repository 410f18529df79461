"""The class ``RNN``: the article's, made right.

>>> import numpy as np
>>> from rnn_lib import RNN
>>> model = RNN(input_size=3, hidden_size=8, output_size=2, seed=1)
>>> sequences = [np.eye(3), np.eye(3)[::-1]]  # the same vectors in another order
>>> history = model.train(sequences, [0, 1], num_epochs=50)
>>> model.predict(sequences)
array([0, 1])
"""

import os
from dataclasses import asdict
from typing import Any, Self

import numpy as np

from rnn_lib.checks import check_choice, check_count, check_new_file, check_number, check_pair
from rnn_lib.engine import CAN_COMPILE, should_compile
from rnn_lib.files import read_npz, write_npz
from rnn_lib.network import Network
from rnn_lib.training import History, fit
from rnn_lib.updates import UPDATES

__all__ = ["RNN"]

_HINT = "This training looks long: with compiled=True numba makes the updates faster."


class RNN(Network):
    r"""A recurrent network: :math:`h_t = \tanh(W_{xh} x_t + W_{hh} h_{t-1} + b_h)`, then an output.

    Elman (1990).  Built in chapter 3, trained in chapter 4, used in chapter 5.

    Parameters
    ----------
    input_size : int, the features of a time step, or with an embedding the different tokens
    hidden_size : int, the units of a layer and direction
    output_size : int, the classes, or numbers, that are predicted
    cell : {"tanh", "lstm", "gru"}; see `rnn_lib.cells`, also for the order of the gates
    embedding_size : int, optional; makes each token a learned row of ``E (input, embedding)``
    layers : int; each further layer reads the outputs of the one below
    bidirectional : bool
        Adds to every layer a second one that reads from the end (Schuster and Paliwal 1997).
    readout : {"last", "all"}
        Predict once, from the last state (many to one), or at every step (many to many).
    output : {"softmax", "linear"}
        Class probabilities and cross-entropy, or numbers and squared error.
    seed : int, of the initial parameters: Glorot, orthogonal for ``Whh``, zero for biases

    Attributes
    ----------
    Wxh, Whh, bh : shared (n_gates * hidden, input), (n_gates * hidden, hidden), (n_gates * hidden,)
        Of the first layer; ``Wxh2`` ... of the second, ``Wxh_back`` ... of the other direction.
    Why, by : shared (output, hidden), (output,); ``2 * hidden`` when bidirectional
    params : list of shared
    x : tensor3 (n_steps, n_batch, input), or imatrix (n_steps, n_batch) with an embedding
    mask : bmatrix (n_steps, n_batch), 1 at real steps, 0 at padded ones
    y : ivector (n_batch,), or imatrix (n_steps, n_batch) with ``readout="all"``
        With ``output="linear"`` floats, and one more axis (output,).
    """

    def train(
        self,
        input_sequence: Any,
        target_sequence: Any,
        learning_rate: float = 0.1,
        num_epochs: int = 100,
        *,
        batch_size: int = 32,
        optimizer: str = "sgd",
        clip_norm: float | None = None,
        validation_data: tuple[Any, Any] | None = None,
        patience: int | None = None,
        seed: int = 0,
        checkpoint: str | os.PathLike[str] | None = None,
        compiled: bool | None = None,
        progress: bool | None = None,
    ) -> History:
        """Fit the parameters by gradient descent on minibatches; a second call goes on from there.

        Ctrl-C ends the training after the update in progress, and returns the history so far.

        Parameters
        ----------
        input_sequence : array (n_steps, input), or a list of such arrays of any lengths
            Time first, one row a step; with an embedding, token indices ``(n_steps,)``.  Arrays
            may also be lists or tables of pandas, whose column names are ignored.
        target_sequence : class index or one-hot row (output,), or a list of one for each sequence
            With ``readout="all"``, one for each step; with ``output="linear"``, numbers (output,).
        learning_rate : float
        num_epochs : int, the passes over all sequences
        batch_size : int, the sequences an update; padding inside a batch changes no result
        optimizer : {"sgd", "momentum", "rmsprop", "adam"}, without memory of earlier calls
        clip_norm : float, optional; the largest norm of the gradient
        validation_data : (input_sequence, target_sequence), optional; evaluated after every epoch
        patience : int, optional
            Stop after so many epochs without a smaller validation loss, and restore the best.
        seed : int, of the order of the sequences
        checkpoint : path, optional
            Where to :meth:`save` after every epoch (with ``validation_data``, every best one).
        compiled : bool, optional
            Compile the update by numba before the first one: that takes about a minute, once for
            each kind of network, and pays where a training goes on for longer.  By default what
            the environment variable ``RNN_COMPILED`` says, ``1`` or ``0``, else False.
        progress : bool, optional
            By default a bar on a terminal and in Jupyter, unless ``RNN_PROGRESS=0`` is set.

        Raises TypeError, ValueError or FileNotFoundError where an argument is wrong, and
        FloatingPointError where the training overflows: the parameters are as before the call.
        """
        xs, ys = self._check(input_sequence, target_sequence)
        numbers = [check_number("learning_rate", learning_rate)]
        numbers += [] if clip_norm is None else [check_number("clip_norm", clip_norm)]
        check_choice("optimizer", optimizer, UPDATES)
        check_count("num_epochs", num_epochs)
        check_count("batch_size", batch_size)
        if checkpoint is not None:
            checkpoint = check_new_file("checkpoint", checkpoint)
        compiled = should_compile(compiled)
        rng = np.random.default_rng(check_count("seed", seed, least=0))
        if patience is not None:
            check_count("patience", patience)
            if validation_data is None:
                raise ValueError("patience needs validation_data, got None.")
        validation = None
        if validation_data is not None:
            inputs, targets = check_pair(validation_data)
            validation = self._check(inputs, targets, ("validation_data[0]", "validation_data[1]"))
        details = (optimizer, clip_norm is not None)
        self._forget(*details)
        for p in self.params:  # set_value(..., borrow=True) may have put a read-only array there
            if not p.get_value(borrow=True).flags.writeable:
                p.set_value(p.get_value())
        step = self._compiled("update", *details, compiled=compiled)
        scalars = [np.asarray(number, dtype=self.Why.dtype) for number in numbers]

        def update(indices: np.ndarray) -> tuple[float, float]:
            *batch, n_items = self._batch(xs, ys, indices)
            return float(self._call(step, *batch, *scalars)), n_items

        return fit(
            update,
            len(xs),
            self.params,
            num_epochs=num_epochs,
            batch_size=batch_size,
            rng=rng,
            validate=None if validation is None else lambda: self._evaluate(*validation),
            patience=patience,
            save=None if checkpoint is None else lambda: self.save(checkpoint),
            note="compiling" if compiled else "",
            hint=_HINT if CAN_COMPILE and not compiled else "",
            progress=progress,
        )

    def evaluate(self, input_sequence: Any, target_sequence: Any) -> float:
        """Return the mean loss a sequence (``readout="all"``: a step), in nats or squared units.

        ``input_sequence`` and ``target_sequence`` are as for :meth:`train`.
        """
        return self._evaluate(*self._check(input_sequence, target_sequence))[0]

    def predict(self, input_sequence: Any) -> Any:
        """Return the most probable class of ``input_sequence``, as for :meth:`train`.

        An int, for a list an array ``(n_sequences,)``; with ``readout="all"`` an array
        ``(n_steps,)``, for a list a list of them.  Instead of a class, ``output="linear"`` gives
        numbers ``(output,)``.
        """
        output = self._each("predict", input_sequence)
        if not self._classes:
            return output
        if isinstance(output, list):
            return [rows.argmax(axis=-1) for rows in output]
        classes = output.argmax(axis=-1)
        return classes if classes.ndim else int(classes)

    def predict_proba(self, input_sequence: Any) -> Any:
        """Return the probability of each class for ``input_sequence``, as for :meth:`train`.

        An array ``(output,)``, for a list ``(n_sequences, output)``; with ``readout="all"``
        ``(n_steps, output)``, for a list a list of them.
        """
        if not self._classes:
            raise ValueError("predict_proba needs output='softmax', got 'linear': use predict.")
        return self._each("predict", input_sequence)

    def hidden_states(self, input_sequence: Any) -> Any:
        """Return the states of the last layer, ``(n_steps, hidden)``, for a list a list of them.

        ``input_sequence`` is as for :meth:`train`.  With ``bidirectional`` the states of both
        directions stand side by side, ``(n_steps, 2 * hidden)``: forward, then backward.
        """
        return self._each("states", input_sequence)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write options and parameters to one ``.npz`` file at ``path``, whole or not at all."""
        write_npz(path, asdict(self), {p.name: p.get_value() for p in self.params})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Return the model that :meth:`save` wrote to ``path``.

        Raises FileNotFoundError or ValueError where the file is missing, damaged, foreign or newer.
        """
        options, arrays = read_npz(path)
        try:
            model = cls(**options)
            for p in model.params:
                array = arrays[p.name]
                if array.shape != p.get_value(borrow=True).shape:
                    raise ValueError(f"{p.name} has the shape {array.shape}")
                if array.dtype.kind != "f":
                    raise ValueError(f"{p.name} has the dtype {array.dtype}")
                p.set_value(array.astype(p.dtype))
        except (KeyError, TypeError, ValueError, OverflowError, MemoryError) as error:
            raise ValueError(f"path must be a whole model, got {path}: {error}.") from error
        return model
