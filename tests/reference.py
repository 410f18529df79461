"""Recurrent networks in plain NumPy, by hand: what `rnn_lib` is compared with.

One sequence at a time, one loop over time, no masks.  Weights are dictionaries of arrays with the
names that `rnn_lib.RNN` gives to its parameters, options are those of its constructor.
"""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


# Each cell: forward through one sequence, and backpropagation through time.


def tanh_forward(x, Wxh, Whh, bh):
    h = np.zeros((len(x) + 1, Whh.shape[1]))  # h[-1] is the state before the first step
    for t in range(len(x)):
        h[t] = np.tanh(Wxh @ x[t] + Whh @ h[t - 1] + bh)
    return h[:-1], h


def tanh_backward(dh, x, h, Wxh, Whh):
    dx, dWxh, dWhh, dbh = (np.zeros_like(a) for a in (x, Wxh, Whh, Whh[:, 0]))
    carried = np.zeros(Whh.shape[1])
    for t in reversed(range(len(x))):
        da = (dh[t] + carried) * (1 - h[t] ** 2)
        dWxh += np.outer(da, x[t])
        dWhh += np.outer(da, h[t - 1])
        dbh += da
        dx[t] = Wxh.T @ da
        carried = Whh.T @ da
    return dx, dWxh, dWhh, dbh


def lstm_forward(x, Wxh, Whh, bh):
    n = Whh.shape[1]
    h, c, gates = np.zeros((len(x) + 1, n)), np.zeros((len(x) + 1, n)), np.zeros((len(x), 4 * n))
    for t in range(len(x)):
        a = Wxh @ x[t] + Whh @ h[t - 1] + bh
        i, f, o = sigmoid(a[:n]), sigmoid(a[n : 2 * n]), sigmoid(a[3 * n :])
        g = np.tanh(a[2 * n : 3 * n])
        c[t] = f * c[t - 1] + i * g
        h[t] = o * np.tanh(c[t])
        gates[t] = np.concatenate([i, f, g, o])
    return h[:-1], (h, c, gates)


def lstm_backward(dh, x, tape, Wxh, Whh):
    h, c, gates = tape
    dx, dWxh, dWhh, dbh = (np.zeros_like(a) for a in (x, Wxh, Whh, Whh[:, 0]))
    dh_carried = dc_carried = np.zeros(Whh.shape[1])
    for t in reversed(range(len(x))):
        i, f, g, o = np.split(gates[t], 4)
        dh_t = dh[t] + dh_carried
        dc_t = dc_carried + dh_t * o * (1 - np.tanh(c[t]) ** 2)
        da = np.concatenate(
            [
                dc_t * g * i * (1 - i),
                dc_t * c[t - 1] * f * (1 - f),
                dc_t * i * (1 - g**2),
                dh_t * np.tanh(c[t]) * o * (1 - o),
            ]
        )
        dWxh += np.outer(da, x[t])
        dWhh += np.outer(da, h[t - 1])
        dbh += da
        dx[t] = Wxh.T @ da
        dh_carried, dc_carried = Whh.T @ da, dc_t * f
    return dx, dWxh, dWhh, dbh


def gru_forward(x, Wxh, Whh, bh):
    n = Whh.shape[1]
    h, gates = np.zeros((len(x) + 1, n)), np.zeros((len(x), 3 * n))
    for t in range(len(x)):
        p, q = Wxh @ x[t] + bh, Whh @ h[t - 1]
        r, z = sigmoid(p[:n] + q[:n]), sigmoid(p[n : 2 * n] + q[n : 2 * n])
        new = np.tanh(p[2 * n :] + r * q[2 * n :])
        h[t] = (1 - z) * new + z * h[t - 1]
        gates[t] = np.concatenate([r, z, new])
    return h[:-1], (h, gates)


def gru_backward(dh, x, tape, Wxh, Whh):
    h, gates = tape
    n = Whh.shape[1]
    dx, dWxh, dWhh, dbh = (np.zeros_like(a) for a in (x, Wxh, Whh, Whh[:, 0]))
    carried = np.zeros(n)
    for t in reversed(range(len(x))):
        r, z, new = np.split(gates[t], 3)
        dh_t = dh[t] + carried
        da_new = dh_t * (1 - z) * (1 - new**2)
        da_z = dh_t * (h[t - 1] - new) * z * (1 - z)
        da_r = da_new * (Whh[2 * n :] @ h[t - 1]) * r * (1 - r)
        dp = np.concatenate([da_r, da_z, da_new])
        dq = np.concatenate([da_r, da_z, da_new * r])
        dWxh += np.outer(dp, x[t])
        dWhh += np.outer(dq, h[t - 1])
        dbh += dp
        dx[t] = Wxh.T @ dp
        carried = dh_t * z + Whh.T @ dq
    return dx, dWxh, dWhh, dbh


FORWARD = {"tanh": tanh_forward, "lstm": lstm_forward, "gru": gru_forward}
BACKWARD = {"tanh": tanh_backward, "lstm": lstm_backward, "gru": gru_backward}


# The whole network: layers, directions, embedding, output, loss.


def layer_names(layers, bidirectional):
    """Return for each layer the endings of its directions: [["", "_back"], ["2", "2_back"]]."""
    endings = ["", "_back"] if bidirectional else [""]
    return [["" + n + e for e in endings] for n in ["", *map(str, range(2, layers + 1))]]


def forward(weights, sequence, *, cell="tanh", layers=1, bidirectional=False, readout="last"):
    """Return the outputs before the softmax, the states of the last layer and the tape."""
    inputs, tapes = weights["E"][sequence] if "E" in weights else sequence, []
    for names in layer_names(layers, bidirectional):
        outputs = []
        for name in names:
            x = inputs[::-1] if name.endswith("_back") else inputs
            W = [weights[kind + name] for kind in ("Wxh", "Whh", "bh")]
            h, tape = FORWARD[cell](x, *W)
            tapes.append((name, x, tape))
            outputs.append(h[::-1] if name.endswith("_back") else h)
        inputs = np.concatenate(outputs, axis=1)
    read = inputs
    if readout == "last":  # where each direction ends
        ends = [out[0 if name.endswith("_back") else -1] for name, out in zip(names, outputs)]
        read = np.concatenate(ends)
    return read @ weights["Why"].T + weights["by"], inputs, (read, tapes)


def loss_of(out, target, *, output="softmax"):
    """Return the mean loss of one sequence and its derivative by ``out``."""
    if output == "linear":
        error = out - target
        return np.mean(error**2), 2 * error / error.size
    p = np.atleast_2d(softmax(out))
    rows, target = np.arange(len(p)), np.atleast_1d(target)
    loss = -np.log(p[rows, target]).mean()
    p[rows, target] -= 1
    return loss, p.reshape(out.shape) / len(rows)


def loss(weights, sequence, target, *, output="softmax", **options):
    return loss_of(forward(weights, sequence, **options)[0], target, output=output)[0]


def loss_and_gradients(weights, sequence, target, *, output="softmax", **options):
    """Return the loss of one sequence and its gradient by each of ``weights``, by BPTT."""
    out, h, (read, tapes) = forward(weights, sequence, **options)
    value, dout = loss_of(out, target, output=output)
    grads = {name: np.zeros_like(weight) for name, weight in weights.items()}
    grads["Why"], grads["by"] = np.atleast_2d(dout).T @ np.atleast_2d(read), dout
    dread = dout @ weights["Why"]
    if dout.ndim == 2:
        grads["by"], dh = dout.sum(axis=0), dread
    else:  # only the last step of each direction was read
        n = dread.size // (1 + options.get("bidirectional", False))
        dh = np.zeros_like(h)
        dh[-1, :n], dh[0, n:] = dread[:n], dread[n:]
    for names in reversed(
        layer_names(options.get("layers", 1), options.get("bidirectional", False))
    ):
        n = dh.shape[1] // len(names)
        dbelow = 0
        for k, name in reversed(list(enumerate(names))):
            back = name.endswith("_back")
            tape_name, x, tape = tapes.pop()
            assert tape_name == name
            dout = dh[::-1, k * n :][:, :n] if back else dh[:, k * n :][:, :n]
            dx, *dW = BACKWARD[options.get("cell", "tanh")](
                dout, x, tape, weights["Wxh" + name], weights["Whh" + name]
            )
            grads.update(zip((kind + name for kind in ("Wxh", "Whh", "bh")), dW))
            dbelow = dbelow + (dx[::-1] if back else dx)
        dh = dbelow
    if "E" in weights:
        np.add.at(grads["E"], sequence, dh)
    return value, grads


def batch_loss_and_gradients(weights, sequences, targets, **options):
    """Return the mean over sequences, or with ``readout="all"`` over all their steps."""
    every_step = options.get("readout") == "all"
    shares = np.array([len(s) if every_step else 1 for s in sequences], dtype=float)
    total, total_grads = 0.0, {name: np.zeros_like(weight) for name, weight in weights.items()}
    for share, sequence, target in zip(shares / shares.sum(), sequences, targets):
        value, grads = loss_and_gradients(weights, sequence, target, **options)
        total += share * value
        for name in grads:
            total_grads[name] += share * grads[name]
    return total, total_grads


def slope(function, weights, directions, step=1e-6):
    """Return the derivative of ``function(weights)`` along ``directions``, by central steps."""
    above, below = (
        function(
            {
                n: w + sign * step * directions[n] if n in directions else w
                for n, w in weights.items()
            }
        )
        for sign in (1, -1)
    )
    return (above - below) / (2 * step)
