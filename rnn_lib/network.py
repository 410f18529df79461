"""A network as expressions, from parameters to loss, and compiled; introduced in chapter 3.

>>> from rnn_lib.network import Network
>>> network = Network(input_size=12, hidden_size=64, output_size=9)
>>> [(p.name, p.get_value().shape) for p in network.params]
[('Wxh', (64, 12)), ('Whh', (64, 64)), ('Why', (9, 64)), ('bh', (64,)), ('by', (9,))]
"""

import functools
import threading
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np

from rnn_lib.cells import CELLS, glorot, initial_weights
from rnn_lib.checks import check_choice, check_count, check_sequences, check_targets
from rnn_lib.data import pad
from rnn_lib.engine import T, floatX, function, should_compile, softmax, theano
from rnn_lib.fused import Lookup
from rnn_lib.losses import cross_entropy, masked_mean, squared_error
from rnn_lib.recurrence import recurrence
from rnn_lib.updates import UPDATES, clip_by_norm

__all__ = ["Network"]

_CHUNK = 256  # sequences that are predicted at a time
_FEW_TOKENS = 256  # so many are multiplied by Wxh once each, and not each time they occur

# The engines build graphs, and call what they compiled, for one thread at a time.
_building = threading.RLock()


@dataclass(eq=False, repr=False)
class Network:
    """What :class:`rnn_lib.RNN` is made of; its parameters and attributes are documented there."""

    input_size: int
    hidden_size: int
    output_size: int
    _: KW_ONLY
    cell: str = "tanh"
    embedding_size: int | None = None
    layers: int = 1
    bidirectional: bool = False
    readout: str = "last"
    output: str = "softmax"
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("input_size", "hidden_size", "output_size", "layers"):
            setattr(self, name, check_count(name, getattr(self, name)))  # NumPy's int is no JSON
        if self.embedding_size is not None:
            self.embedding_size = check_count("embedding_size", self.embedding_size)
        self.seed = check_count("seed", self.seed, least=0)
        check_choice("cell", self.cell, CELLS)
        self.bidirectional = bool(check_choice("bidirectional", self.bidirectional, [True, False]))
        check_choice("readout", self.readout, ["last", "all"])
        check_choice("output", self.output, ["softmax", "linear"])
        dtype, values = floatX(), self._initial_values()
        self.params = [theano.shared(v.astype(dtype), name=name) for name, v in values.items()]
        self.__dict__.update((p.name, p) for p in self.params)  # .Wxh, .Whh, ...
        self.x = T.imatrix("x") if self.embedding_size else T.tensor3("x", dtype=dtype)
        self.mask = T.bmatrix("mask")
        self._every_step, self._classes = self.readout == "all", self.output == "softmax"
        y = [T.vector, T.matrix, T.tensor3][self._every_step + (not self._classes)]
        self.y = y("y", dtype="int32" if self._classes else dtype)
        self._functions: dict[tuple[Any, ...], Any] = {}
        self._calling = threading.RLock()

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled and copied: all but the lock."""
        return {name: value for name, value in self.__dict__.items() if name != "_calling"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _calling=threading.RLock())

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"a network of these options has no {name!r}: see .params")

    def __repr__(self) -> str:
        n_params = sum(p.get_value(borrow=True).size for p in self.params)
        sizes = f"{self.input_size}, {self.hidden_size}, {self.output_size}"
        return f"RNN({sizes}, cell={self.cell!r}) with {n_params:,} parameters"

    def _weight_names(self) -> list[list[list[str]]]:
        """Return the names of ``Wxh``, ``Whh`` and ``bh`` for each direction of each layer."""
        sides = ["", "_back"] if self.bidirectional else [""]
        layers = ["", *map(str, range(2, self.layers + 1))]
        return [[[f"{w}{n}{side}" for w in ("Wxh", "Whh", "bh")] for side in sides] for n in layers]

    def _initial_values(self) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(self.seed)
        # The order of the article's params comes first.
        values = dict.fromkeys(["Wxh", "Whh", "Why", "bh", "by"], np.empty(0))
        n_features = self.input_size
        if self.embedding_size:
            n_features = self.embedding_size
            values["E"] = rng.standard_normal((self.input_size, n_features))
        for layer in self._weight_names():
            for names in layer:
                weights = initial_weights(CELLS[self.cell], n_features, self.hidden_size, rng)
                values.update(zip(names, weights))
            n_features = self.hidden_size * len(layer)
        values["Why"] = glorot(rng, self.output_size, n_features)
        values["by"] = np.zeros(self.output_size)
        return values

    def forward_step(self, x_t: Any, h_prev: Any) -> Any:
        """Return ``h_t``, the state of the first layer after one time step, as an expression.

        ``x_t (n_features,)`` is the input, ``h_prev (n_states * hidden,)`` the state before: with
        ``"lstm"`` ``h`` and ``c`` side by side, else ``h`` alone.  Both may be ``(n_batch, ...)``.
        """
        return CELLS[self.cell].step(T.dot(x_t, self.Wxh.T) + self.bh, h_prev, self.Whh)

    @functools.cached_property
    def _expressions(self) -> tuple[Any, Any, Any]:
        """``h (n_steps, n_batch, hidden)``, ``logits (..., output)`` and the mean loss."""
        h, E = self.x, None
        if self.embedding_size and self.input_size <= _FEW_TOKENS:
            E = self.E
        elif self.embedding_size:
            shape = (self.x.shape[0], self.x.shape[1], self.embedding_size)
            h = Lookup()(self.E, self.x.flatten()).reshape(shape, ndim=3)
        for layer in self._weight_names():
            outputs = [
                recurrence(
                    CELLS[self.cell],
                    h,
                    self.mask,
                    *(getattr(self, name) for name in names),
                    E=E,
                    backwards=bool(side),
                )
                for side, names in enumerate(layer)
            ]
            h, E = T.concatenate(outputs, axis=2), None
        ends = [out[0 if side else -1] for side, out in enumerate(outputs)]  # where each one ends
        read = h if self._every_step else T.concatenate(ends, axis=1)
        logits = T.dot(read, self.Why.T) + self.by
        loss = (cross_entropy if self._classes else squared_error)(logits, self.y)
        return h, logits, masked_mean(loss, self.mask) if self._every_step else loss.mean()

    def _compiled(self, purpose: str, *details: Any, compiled: bool | None = None) -> Any:
        """Return a function, made at its first use, for sequences and batches of all lengths.

        ``compiled`` says whether numba compiles it, by default what ``RNN_COMPILED`` says.
        """
        compiled = should_compile(compiled)
        key = (purpose, *details, compiled)
        with _building:
            if key not in self._functions:
                make = function
                if compiled:
                    from rnn_lib.compiled import function as make  # numba only where it is used
                self._functions[key] = make(*self._graph(purpose, *details))
                self._functions[key].trust_input = True  # they have the right dtypes: `_batch`
            return self._functions[key]

    def _call(self, compiled: Any, *arrays: Any) -> Any:
        """Call what :meth:`_compiled` returned: a thread waits until no other one is in it.

        Each compiled function keeps its inputs and intermediate results in one place, so two
        threads at a time would mix their numbers, and an update would change the parameters of a
        prediction halfway.
        """
        with self._calling:
            return compiled(*arrays)

    def _graph(self, purpose: str, *details: Any) -> tuple[Any, ...]:
        """Return inputs, outputs and, for an update, the updates."""
        h, logits, loss = self._expressions
        inputs = [self.x, self.mask]
        if purpose == "states":
            return inputs, h
        if purpose == "predict":
            return inputs, softmax(logits) if self._classes else logits
        if purpose == "evaluate":
            return [*inputs, self.y], [loss, logits]
        numbers, updates = self._rule(*details)
        return [*inputs, self.y, *numbers], loss, updates

    def _rule(self, optimizer: str, clipped: bool) -> tuple[list[Any], list[Any]]:
        """Return the numbers that an update takes, and the updates; the same at each call."""
        key = ("rule", optimizer, clipped)
        if key not in self._functions:
            grads = T.grad(self._expressions[2], self.params)
            numbers = [T.scalar("learning_rate")]
            if clipped:
                numbers.append(T.scalar("clip_norm"))
                grads = clip_by_norm(grads, numbers[1])
            self._functions[key] = numbers, UPDATES[optimizer](self.params, grads, numbers[0])
        return self._functions[key]

    def _forget(self, optimizer: str, clipped: bool) -> None:
        """Set to zero what the optimizer remembers of earlier updates."""
        with _building:
            updates = self._rule(optimizer, clipped)[1]
        for shared, _ in updates:
            if shared not in self.params:
                shared.set_value(np.zeros_like(shared.get_value()))

    # Examples as arrays.

    def _largest(self) -> float:
        """Return a size of numbers whose squares can still be summed."""
        return float(np.finfo(self.Why.dtype).max) ** 0.4

    def _check_inputs(
        self, input_sequence: Any, name: str = "input_sequence"
    ) -> tuple[list[Any], bool]:
        return check_sequences(
            input_sequence,
            self.input_size,
            indices=bool(self.embedding_size),
            name=name,
            largest=self._largest(),
        )

    def _check(
        self,
        input_sequence: Any,
        target_sequence: Any,
        names: tuple[str, str] = ("input_sequence", "target_sequence"),
    ) -> tuple[list[Any], list[Any]]:
        xs, single = self._check_inputs(input_sequence, names[0])
        ys = check_targets(
            target_sequence,
            [x.shape[:1] if self._every_step else () for x in xs],
            self.output_size,
            classes=self._classes,
            single=single,
            name=names[1],
            largest=self._largest(),
        )
        return xs, ys

    def _batch(self, xs: list[Any], ys: list[Any], indices: Any) -> tuple[Any, Any, Any, int]:
        """Return ``x``, ``mask``, ``y`` and the number of items in the mean of their loss."""
        x, mask = pad([xs[i] for i in indices], dtype=self.x.dtype)
        targets = [ys[i] for i in indices]
        if self._every_step:
            return x, mask, pad(targets, dtype=self.y.dtype)[0], int(mask.sum())
        return x, mask, np.array(targets, dtype=self.y.dtype), len(targets)

    def _chunks(self, xs: list[Any]) -> list[list[int]]:
        """Return indices of sequences of like length, so that there is little padding."""
        order = sorted(range(len(xs)), key=lambda i: len(xs[i]))
        return [order[start : start + _CHUNK] for start in range(0, len(order), _CHUNK)]

    def _evaluate(self, xs: list[Any], ys: list[Any]) -> tuple[float, float | None]:
        """Return the mean loss and, for classes, the accuracy."""
        total, hits, n_items = 0.0, 0, 0
        for chunk in self._chunks(xs):
            x, mask, y, n = self._batch(xs, ys, chunk)
            loss, logits = self._call(self._compiled("evaluate"), x, mask, y)
            total, n_items = total + float(loss) * n, n_items + n
            if self._classes:
                right = logits.argmax(axis=-1) == y
                hits += int(right[mask > 0].sum() if self._every_step else right.sum())
        return total / n_items, hits / n_items if self._classes else None

    def _each(self, purpose: str, input_sequence: Any) -> Any:
        """Return what a compiled function gives for each sequence, or for one alone."""
        xs, single = self._check_inputs(input_sequence)
        results: list[Any] = [None] * len(xs)
        for chunk in self._chunks(xs):
            x, mask = pad([xs[i] for i in chunk], dtype=self.x.dtype)
            out = self._call(self._compiled(purpose), x, mask)
            for k, i in enumerate(chunk):
                results[i] = out[: len(xs[i]), k] if out.ndim == 3 else out[k]
        if single:
            return results[0]
        return results if out.ndim == 3 else np.array(results)
