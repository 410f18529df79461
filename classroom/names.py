# %% [markdown]
# ## For the teacher
#
# **Time**: 120 minutes, or 60 for the first half: up to the comparison with n-grams.
#
# **Before the first cell**: play Shannon's game with a name, letter by letter, and count the guesses.
#
# **What goes wrong**
#
# - Nats and bits are mixed: perplexity is $e$ to the power of nats, or 2 to the power of bits.
# - A stream is cut into chunks whose columns do not go on: the carried state then belongs to another text.
# - A share is chosen on the test names.
#
# **Discuss**: the network is better than the best n-gram by a small margin.
# When is that worth ten minutes of training?

# %% 6.3.1 | easy | 10 min | objective 1
# %% test: one nat
bits, perplexity = convert(1.0)
assert np.isclose(bits, 1.442695)
assert np.isclose(perplexity, np.e)
# %% test: 2 to the power of bits is the perplexity
for nats_a_letter in (0.5, 2.0, 3.3):
    bits, perplexity = convert(nats_a_letter)
    assert np.isclose(2**bits, perplexity)
    assert np.isclose(perplexity, np.exp(nats_a_letter))


# %% wrong: a bit is taken for larger than a nat
def convert(nats):
    return nats * np.log(2), np.exp(nats)


# %% wrong: 2 to the power of nats
def convert(nats):
    return nats / np.log(2), 2**nats


# %% 6.3.2 | medium | 20 min | objective 4
# %% test: logits in any order
p = knobs(np.log([0.1, 0.2, 0.4, 0.3]), 1.0, 2)
assert np.allclose(p, [0, 0, 4 / 7, 3 / 7])
# %% test: the logits are not changed
z = np.log([0.1, 0.2, 0.4, 0.3])
before = z.copy()
p = knobs(z, 0.7, 1)
assert np.allclose(p, [0, 0, 1, 0])
assert np.array_equal(z, before)


# %% wrong: the first tokens instead of the best
def knobs(z, temperature, top_k):
    z = np.where(np.arange(len(z)) < top_k, z, -np.inf) / temperature
    e = np.exp(z - z.max())
    return e / e.sum()


# %% wrong: writes into its argument
def knobs(z, temperature, top_k):
    z[z < np.sort(z)[-top_k]] = -np.inf
    e = np.exp((z - z.max()) / temperature)
    return e / e.sum()


# %% 6.3.3 | hard | 25 min | objective 3
# %% test: three streams go on from chunk to chunk
stream = np.random.default_rng(1).integers(0, 27, 100)
pairs = chunks(stream, 3, 5)
x = np.concatenate([np.asarray(x) for x, _ in pairs])
assert x.shape == (30, 3)
assert np.array_equal(x.T, stream[:99].reshape(3, 33)[:, :30])
# %% test: an even stream, whose last token has no next one
pairs = chunks(np.arange(24), 2, 4)
assert len(pairs) == 2
assert all(np.array_equal(np.asarray(y), np.asarray(x) + 1) for x, y in pairs)


# %% wrong: the last token has no next one, and is used
def chunks(stream, n_streams, n_steps):
    length = len(stream) // n_streams
    x = stream[: n_streams * length].reshape(n_streams, length).T
    y = stream[1 : n_streams * length + 1].reshape(n_streams, length).T
    starts = range(0, length - n_steps + 1, n_steps)
    return [(x[s : s + n_steps], y[s : s + n_steps]) for s in starts]


# %% wrong: neighbours of the stream get columns next to each other
def chunks(stream, n_streams, n_steps):
    length = (len(stream) - 1) // n_streams
    x = stream[: n_streams * length].reshape(length, n_streams)
    y = stream[1 : n_streams * length + 1].reshape(length, n_streams)
    starts = range(0, length - n_steps + 1, n_steps)
    return [(x[s : s + n_steps], y[s : s + n_steps]) for s in starts]


# %% 6.3.4 | open | 25 min | objective 5
# %% test: exchanged models have exchanged shares
p, q = np.array([0.8, 0.8, 0.05, 0.8]), np.array([0.3, 0.3, 0.6, 0.3])
assert 0.5 < best_share(p, q) < 0.8
assert np.isclose(best_share(p, q) + best_share(q, p), 1)
# %% test: five hundred letters
rng = np.random.default_rng(1)
p, q = rng.uniform(0.05, 0.9, (2, 500))
losses = [-np.log(w * p + (1 - w) * q).mean() for w in np.arange(101) / 100]
assert np.isclose(best_share(p, q), np.argmin(losses) / 100)


# %% wrong: the largest mean probability, not the smallest loss
def best_share(p, q):
    shares = np.linspace(0, 1, 101)
    return shares[np.argmax([(w * p + (1 - w) * q).mean() for w in shares])]


# %% wrong: steps of a tenth
def best_share(p, q):
    shares = np.linspace(0, 1, 11)
    return shares[np.argmin([-np.log(w * p + (1 - w) * q).mean() for w in shares])]
