# %% [markdown]
# ## For the teacher
#
# **Time**: 120 minutes; the good networks are stored, so nobody waits for a training.
#
# **Before the first cell**: read three English words aloud whose spelling does not tell their sound.
#
# **What goes wrong**
#
# - What the decoder reads and what it writes are exchanged, or not shifted.
# - The attention is divided first and masked afterwards: the weights do not add up to one.
# - Teacher forcing hides how the network does when it reads its own mistakes.
#
# **Discuss**: which errors of the network would a person make, too?

# %% 6.4.1 | easy | 10 min | objective 2
# %% test: a pronunciation of no phones
reads, writes = shift([])
assert [*reads] == [START]
assert [*writes] == [END]
# %% test: the ids come as a tuple, and stay as they are
reads, writes = shift((4, 4))
assert [*reads] == [START, 4, 4]
assert [*writes] == [4, 4, END]


# %% wrong: writes into its argument
def shift(ids):
    reads = ids.copy()
    reads.insert(0, START)
    return reads, [*ids, END]


# %% wrong: needs a first phone
def shift(ids):
    return [START, ids[0], *ids[1:]], [*ids, END]


# %% 6.4.2 | medium | 15 min | objective 3
# %% test: very small scores of real letters
a = masked_weights(np.array([-20000.0, -20001.0, 0.0]), np.array([1, 1, 0], "int8"))
assert np.allclose(a, [np.e / (1 + np.e), 1 / (1 + np.e), 0])
# %% test: padding in front
a = masked_weights(np.array([7.0, 1.0, 1.0]), np.array([0, 1, 1], "int8"))
assert np.allclose(a, [0, 0.5, 0.5])


# %% wrong: minus 10,000 instead of minus infinity
def masked_weights(scores, mask):
    scores = np.where(mask, scores, -10_000.0)
    a = np.exp(scores - scores.max())
    return a / a.sum()


# %% wrong: takes the padding for the end
def masked_weights(scores, mask):
    n = mask.sum()
    e = np.exp(scores[:n] - scores[:n].max())
    return np.concatenate([e / e.sum(), np.zeros(len(scores) - n)])


# %% 6.4.3 | open | 20 min | objective 5
# %% test: a share that is not quite a whole number of words
scores, right = -np.arange(100.0), np.ones(100, bool)
right[28] = False
assert np.isclose(error_of_surest(scores, right, 0.29), 1 / 29)
# %% test: the surest words are anywhere in the list
rng = np.random.default_rng(1)
scores, right = rng.standard_normal(40), rng.random(40) < 0.6
kept = right[np.argsort(-scores)[:10]]
assert np.isclose(error_of_surest(scores, right, 0.25), 1 - kept.mean())


# %% wrong: cuts 28.999... down to 28
def error_of_surest(scores, right, share):
    surest = np.argsort(-scores)[: int(share * len(scores))]
    return float(1 - right[surest].mean())


# %% wrong: the words it is least sure of
def error_of_surest(scores, right, share):
    surest = np.argsort(scores)[: round(share * len(scores))]
    return float(1 - right[surest].mean())
