"""JAX: the loop as ``lax.scan``, the whole update compiled, its memory handed on."""

import os

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import numpy as np
from workloads import MAX_NORM, RATE


def tanh_step(Whh, h, p_t):
    h = jnp.tanh(p_t + h @ Whh.T)
    return h, h


def lstm_step(Whh, state, p_t):
    h, c = state
    i, f, g, o = jnp.split(p_t + h @ Whh.T, 4, axis=-1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    h = jax.nn.sigmoid(o) * jnp.tanh(c)
    return (h, c), h


def make(work):
    """Return an update, which gives its loss, and a prediction."""

    def logits(w, x):
        p = (w["E"] if work.letters else x) @ w["Wxh"].T + w["bh"]
        p = p[x] if work.letters else p  # each letter multiplied once, as rnn_lib does
        h = jnp.zeros((work.n_batch, work.n_hidden), "float32")
        start, step = (h, tanh_step) if work.cell == "tanh" else ((h, h), lstm_step)
        _, hs = jax.lax.scan(lambda s, p_t: step(w["Whh"], s, p_t), start, p)
        return (hs if work.letters else hs[-1]) @ w["Why"].T + w["by"]

    def loss(w, x, y):
        log_p = jax.nn.log_softmax(logits(w, x))
        return -jnp.take_along_axis(log_p, y[..., None], -1).mean()

    def sgd(w, memory, x, y):
        value, g = jax.value_and_grad(loss)(w, x, y)
        return jax.tree.map(lambda p, d: p - RATE * d, w, g), memory, value

    def adam(w, memory, x, y):
        value, g = jax.value_and_grad(loss)(w, x, y)
        norm = jnp.sqrt(sum(jnp.sum(d**2) for d in g.values()))
        g = {k: d * jnp.minimum(1, MAX_NORM / norm) for k, d in g.items()}
        n, m, s = memory
        n = n + 1
        m = {k: 0.9 * m[k] + 0.1 * g[k] for k in g}
        s = {k: 0.999 * s[k] + 0.001 * g[k] ** 2 for k in g}
        m_scale, s_scale = 1 / (1 - 0.9**n), 1 / (1 - 0.999**n)
        w = {k: w[k] - RATE * m[k] * m_scale / (jnp.sqrt(s[k] * s_scale) + 1e-8) for k in g}
        return w, (n, m, s), value

    step = jax.jit(adam if work.letters else sgd, donate_argnums=(0, 1))
    x, y = map(jnp.asarray, work.data())
    w = {k: jnp.asarray(a) for k, a in work.weights().items()}
    zeros = [{k: jnp.zeros_like(a) for k, a in w.items()} for _ in range(2)]
    state = [w, (jnp.float32(0), *zeros)]
    probabilities = jax.jit(lambda w, x: jax.nn.softmax(logits(w, x)))

    def update():
        *state[:], value = step(*state, x, y)
        return float(value)

    return update, lambda: np.asarray(probabilities(state[0], x))


def make_sample(work):
    """Return a function that draws letters: the whole loop is compiled."""
    w = {k: jnp.asarray(a) for k, a in work.speaker().items()}
    noise, step = jnp.asarray(work.noise()), tanh_step if work.cell == "tanh" else lstm_step

    @jax.jit
    def loop(w, noise):
        table = w["E"] @ w["Wxh"].T + w["bh"]

        def draw(carry, noise_t):
            state, token = carry
            state, h = step(w["Whh"], state, table[token])
            token = (h @ w["Why"].T + w["by"] + noise_t).argmax()
            return (state, token), token

        h = jnp.zeros(work.n_hidden, "float32")
        start = h if work.cell == "tanh" else (h, h)
        return jax.lax.scan(draw, (start, jnp.int32(0)), noise)[1]

    return lambda: np.asarray(loop(w, noise))
