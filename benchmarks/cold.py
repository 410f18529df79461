"""From the start of Python to a network that tells nine speakers apart: ``cold.py rnn_lib``.

All do the same job: 64 tanh units, 15 passes in batches of 27, Adam with clipping, then the test
utterances.  It prints the accuracy; who calls it measures the process.
"""

import sys
from pathlib import Path

import numpy as np

N_HIDDEN, N_CLASSES, N_EPOCHS, BATCH, RATE = 64, 9, 15, 27, 0.005


def load():
    """Return scaled training and test utterances with their speakers."""
    parts = []
    with np.load(Path(__file__).resolve().parent.parent / "data" / "japanese_vowels.npz") as file:
        for split in ("train", "test"):
            frames, ends = file[f"{split}_frames"] / 1e6, np.cumsum(file[f"{split}_n_frames"])
            parts += [frames, ends[:-1], file[f"{split}_speakers"].astype("int64")]
    frames, ends, y, test_frames, test_ends, y_test = parts
    mean, std = frames.mean(axis=0), frames.std(axis=0)
    x, x_test = (
        np.split(((f - mean) / std).astype("float32"), e)
        for f, e in ((frames, ends), (test_frames, test_ends))
    )
    return x, y, x_test, y_test


def pad(xs, n_steps=None):
    """Return the utterances side by side, and their lengths."""
    lengths = np.array([len(x) for x in xs])
    padded = np.zeros((n_steps or lengths.max(), len(xs), xs[0].shape[1]), "float32")
    for k, x in enumerate(xs):
        padded[: len(x), k] = x
    return padded, lengths


def batches(n, rng):
    """Return the indices of each batch of one pass."""
    return np.split(rng.permutation(n), range(BATCH, n, BATCH))


def weights():
    """Return the first parameters: Glorot's, an orthogonal matrix for the state."""
    rng = np.random.default_rng(0)
    q, r = np.linalg.qr(rng.standard_normal((N_HIDDEN, N_HIDDEN)))
    w = {"Whh": q * np.sign(np.diag(r)), "bh": np.zeros(N_HIDDEN), "by": np.zeros(N_CLASSES)}
    for name, shape in (("Wxh", (N_HIDDEN, 12)), ("Why", (N_CLASSES, N_HIDDEN))):
        limit = np.sqrt(6 / sum(shape))
        w[name] = rng.uniform(-limit, limit, shape)
    return {name: a.astype("float32") for name, a in w.items()}


def with_rnn_lib(x, y, x_test):
    from rnn_lib import RNN

    model = RNN(12, N_HIDDEN, N_CLASSES)
    for p in model.params:
        p.set_value(weights()[p.name])
    options = {"batch_size": BATCH, "optimizer": "adam", "clip_norm": 1.0, "progress": False}
    model.train(x, y, RATE, N_EPOCHS, **options)
    return model.predict(x_test)


def with_torch(x, y, x_test):
    import torch
    from torch import nn

    torch.set_num_threads(1)
    rnn, out = nn.RNN(12, N_HIDDEN), nn.Linear(N_HIDDEN, N_CLASSES)
    w = {name: torch.from_numpy(a) for name, a in weights().items()}
    with torch.no_grad():
        rnn.weight_ih_l0.copy_(w["Wxh"])
        rnn.weight_hh_l0.copy_(w["Whh"])
        rnn.bias_ih_l0.zero_()
        rnn.bias_hh_l0.zero_()
        out.weight.copy_(w["Why"])
        out.bias.zero_()
    rnn.bias_hh_l0.requires_grad_(False)
    params = [p for p in (*rnn.parameters(), *out.parameters()) if p.requires_grad]
    optimizer = torch.optim.Adam(params, lr=RATE)
    xs, targets, rng = (
        [torch.from_numpy(a) for a in x],
        torch.from_numpy(y),
        np.random.default_rng(0),
    )

    def logits(utterances):
        packed = nn.utils.rnn.pack_sequence(utterances, enforce_sorted=False)
        return out(rnn(packed)[1][0])

    for _ in range(N_EPOCHS):
        for batch in batches(len(x), rng):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(logits([xs[i] for i in batch]), targets[batch])
            loss.backward()
            nn.utils.clip_grad_norm_(params, 1.0)
            optimizer.step()
    with torch.inference_mode():
        return logits([torch.from_numpy(a) for a in x_test]).argmax(-1).numpy()


def with_jax(x, y, x_test):
    import os

    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax
    import jax.numpy as jnp

    def logits(w, x, lengths):
        def step(h, now):
            p_t, t = now
            return jnp.where((t < lengths)[:, None], jnp.tanh(p_t + h @ w["Whh"].T), h), None

        start = jnp.zeros((x.shape[1], N_HIDDEN), "float32")
        steps = jnp.arange(x.shape[0])
        h, _ = jax.lax.scan(step, start, (x @ w["Wxh"].T + w["bh"], steps))
        return h @ w["Why"].T + w["by"]

    def loss(w, x, lengths, y):
        log_p = jax.nn.log_softmax(logits(w, x, lengths))
        return -jnp.take_along_axis(log_p, y[:, None], 1).mean()

    @jax.jit
    def update(w, n, m, s, x, lengths, y):
        g = jax.grad(loss)(w, x, lengths, y)
        norm = jnp.sqrt(sum(jnp.sum(d**2) for d in g.values()))
        g = {k: d * jnp.minimum(1, 1 / norm) for k, d in g.items()}
        n = n + 1
        m = {k: 0.9 * m[k] + 0.1 * g[k] for k in g}
        s = {k: 0.999 * s[k] + 0.001 * g[k] ** 2 for k in g}
        m_scale, s_scale = 1 / (1 - 0.9**n), 1 / (1 - 0.999**n)
        w = {k: w[k] - RATE * m[k] * m_scale / (jnp.sqrt(s[k] * s_scale) + 1e-8) for k in g}
        return w, n, m, s

    w = weights()
    zeros = [{k: np.zeros_like(a) for k, a in w.items()} for _ in range(2)]
    state, rng = (w, np.float32(0), *zeros), np.random.default_rng(0)
    longest = max(len(a) for a in (*x, *x_test))  # one shape: it compiles once
    for _ in range(N_EPOCHS):
        for batch in batches(len(x), rng):
            state = update(*state, *pad([x[i] for i in batch], longest), y[batch])
    return np.asarray(jax.jit(logits)(state[0], *pad(x_test, longest)).argmax(-1))


def main():
    """Do the job with the library that the argument names."""
    job = {"rnn_lib": with_rnn_lib, "torch": with_torch, "jax": with_jax}[sys.argv[1]]
    x, y, x_test, y_test = load()
    print(float((job(x, y, x_test) == y_test).mean()))


if __name__ == "__main__":
    main()
