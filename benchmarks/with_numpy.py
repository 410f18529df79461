"""NumPy by hand: the loops, backpropagation through time and Adam, each written down plainly."""

import numpy as np
from workloads import MAX_NORM, RATE


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def step(work, w, x_t, h, c):
    """Return the next state, ``h`` and ``c``, and the gates."""
    a = x_t @ w["Wxh"].T + h @ w["Whh"].T + w["bh"]
    if work.cell == "tanh":
        return np.tanh(a), c, None
    i, f, g, o = np.split(a, 4, axis=-1)
    i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
    c = f * c + i * g
    return o * np.tanh(c), c, (i, f, g, o)


def forward(work, w, x):
    """Return the inputs of the layer, its states from before the first step on, and the gates."""
    inputs = w["E"][x] if work.letters else x
    h = np.zeros((work.n_steps + 1, work.n_batch, work.n_hidden), "float32")
    c, gates = np.zeros_like(h), []
    for t, x_t in enumerate(inputs):
        h[t + 1], c[t + 1], gates_t = step(work, w, x_t, h[t], c[t])
        gates.append(gates_t)
    return inputs, h, c, gates


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def loss_and_gradients(work, w, x, y):
    """Return the mean loss and its gradient by each parameter."""
    inputs, h, c, gates = forward(work, w, x)
    read = h[1:] if work.letters else h[-1]
    p = softmax(read @ w["Why"].T + w["by"])
    rows, targets = p.reshape(-1, work.n_classes), y.ravel()
    loss = -np.log(rows[np.arange(len(rows)), targets]).mean()
    rows[np.arange(len(rows)), targets] -= 1
    rows /= len(rows)
    grads = {k: np.zeros_like(a) for k, a in w.items()}
    grads["Why"] = rows.T @ read.reshape(-1, work.n_hidden)
    grads["by"] = rows.sum(axis=0)
    dh = np.zeros_like(h)
    if work.letters:
        dh[1:] = p @ w["Why"]
    else:
        dh[-1] = p @ w["Why"]
    dinputs, dc = np.empty_like(inputs), 0
    for t in reversed(range(work.n_steps)):
        if work.cell == "tanh":
            da = dh[t + 1] * (1 - h[t + 1] ** 2)
        else:
            i, f, g, o = gates[t]
            tanh_c = np.tanh(c[t + 1])
            dc = dc + dh[t + 1] * o * (1 - tanh_c**2)
            parts = [dc * g * i * (1 - i), dc * c[t] * f * (1 - f), dc * i * (1 - g**2)]
            da = np.concatenate([*parts, dh[t + 1] * tanh_c * o * (1 - o)], axis=1)
            dc = dc * f
        grads["Wxh"] += da.T @ inputs[t]
        grads["Whh"] += da.T @ h[t]
        grads["bh"] += da.sum(axis=0)
        dinputs[t] = da @ w["Wxh"]
        dh[t] += da @ w["Whh"]
    if work.letters:
        np.add.at(grads["E"], x.ravel(), dinputs.reshape(-1, work.n_features))
    return loss, grads


def make(work):
    """Return an update, which gives its loss, and a prediction."""
    w, (x, y) = work.weights(), work.data()
    m, s = ({k: np.zeros_like(a) for k, a in w.items()} for _ in range(2))
    n = 0

    def update():
        nonlocal n
        loss, grads = loss_and_gradients(work, w, x, y)
        if not work.letters:
            for k in w:
                w[k] -= RATE * grads[k]
            return float(loss)
        norm = np.sqrt(sum((g**2).sum() for g in grads.values()))
        n += 1
        for k, g in grads.items():
            g *= min(1, MAX_NORM / norm)
            m[k] = 0.9 * m[k] + 0.1 * g
            s[k] = 0.999 * s[k] + 0.001 * g**2
            step = m[k] / (1 - 0.9**n) / (np.sqrt(s[k] / (1 - 0.999**n)) + 1e-8)
            w[k] -= RATE * step
        return float(loss)

    def predict():
        _, h, _, _ = forward(work, w, x)
        return softmax((h[1:] if work.letters else h[-1]) @ w["Why"].T + w["by"])

    return update, predict


def make_sample(work):
    """Return a function that draws letters."""
    w, noise = work.speaker(), work.noise()

    def sample():
        h = c = np.zeros(work.n_hidden, "float32")
        token, letters = 0, []
        for noise_t in noise:
            h, c, _ = step(work, w, w["E"][token], h, c)
            token = int((h @ w["Why"].T + w["by"] + noise_t).argmax())
            letters.append(token)
        return letters

    return sample
