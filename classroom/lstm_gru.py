# %% [markdown]
# ## For the teacher
#
# **Time**: 90 minutes.
# The trainings of this page take most of its minute: start it before the talk.
#
# **Before the first cell**: which number, multiplied a hundred times, neither vanishes nor explodes?
#
# **What goes wrong**
#
# - The blocks of the gates are mixed up: $i, f, g, o$ for the LSTM, $r, z, n$ for the GRU.
# - A gate is taken for a switch that is open or shut; it is a number in between, and its powers count.
# - "LSTMs remember everything": the state of the best unit drifts.
#
# **Discuss**: the wide tanh network has more parameters than the LSTM.
# Why does it not help?

# %% 6.1.1 | easy | 15 min | objective 3
# %% test: three steps
assert np.isclose(sigmoid(bias_for(3)) ** 3, 0.5)
# %% test: a thousand steps
assert np.isclose(sigmoid(bias_for(1000)) ** 1000, 0.5)


# %% wrong: the wrong sign
def bias_for(n_steps):
    f = 0.5 ** (1 / n_steps)
    return -np.log(f / (1 - f))


# %% wrong: only right for large numbers of steps, and not quite
def bias_for(n_steps):
    return np.log(n_steps / np.log(2))


# %% 6.1.2 | medium | 15 min | objective 3
# %% test: eight units of other random weights
model, bh = RNN(2, 8, 1, cell="gru", output="linear", seed=3), np.asarray(keep_everything(8))
assert bh.shape == (24,)
model.bh.set_value(bh.astype("float64"))
x_t, h_prev = T.vector(), T.vector()
step = theano.function([x_t, h_prev], model.forward_step(x_t, h_prev))
h = start = np.linspace(-0.9, 0.9, 8)
for x in adding_problem(1, 100, np.random.default_rng(1))[0][:, 0]:
    h = step(x, h)
assert np.abs(h - start).max() < 0.01
# %% test: a thousand steps
model = RNN(2, 4, 1, cell="gru", output="linear", seed=1)
model.bh.set_value(np.asarray(keep_everything(4), dtype="float64"))
x_t, h_prev = T.vector(), T.vector()
step = theano.function([x_t, h_prev], model.forward_step(x_t, h_prev))
h = start = np.array([0.9, -0.5, 0.1, 0.0])
for x in adding_problem(1, 1000, np.random.default_rng(1))[0][:, 0]:
    h = step(x, h)
assert np.abs(h - start).max() < 0.01


# %% wrong: four units, whatever is asked
def keep_everything(n_hidden):
    return np.array([0.0] * 4 + [15.0] * 4 + [0.0] * 4)


# %% wrong: just enough for a hundred steps
def keep_everything(n_hidden):
    r, z, n = np.zeros((3, n_hidden))
    return np.concatenate([r, z + 10, n])


# %% 6.1.3 | hard | 30 min | objective 2
# %% test: a thousand steps
model, weights = RNN(2, 1, 1, cell="lstm", output="linear"), one_unit()
for p in model.params:
    p.set_value(np.asarray(weights[p.name], dtype="float64"))
x, y = adding_problem(100, 1000, np.random.default_rng(8))
output = model.predict([*x.transpose(1, 0, 2)])[:, 0]
assert ((output - y) ** 2).mean() < 0.01
# %% test: without a mark the sum is 0, and with three marks it is the sum of three
model, weights = RNN(2, 1, 1, cell="lstm", output="linear"), one_unit()
for p in model.params:
    p.set_value(np.asarray(weights[p.name], dtype="float64"))
x = np.zeros((2, 30, 2))
x[:, :, 0] = 0.5
x[1, [3, 9, 20], 1] = 1
output = model.predict([*x])[:, 0]
assert abs(output[0]) < 0.1
assert abs(output[1] - 1.5) < 0.1


# %% wrong: the forget gate leaks
def one_unit():
    Wxh = np.array([[0.0, 40.0], [0.0, 0.0], [0.1, 0.0], [0.0, 0.0]])
    bh = np.array([-20.0, 8.0, 0.0, 20.0])
    return {
        "Wxh": Wxh,
        "Whh": np.zeros((4, 1)),
        "bh": bh,
        "Why": np.array([[10.0]]),
        "by": np.zeros(1),
    }


# %% wrong: a guess of the mean makes up for a scale that is too small
def one_unit():
    Wxh = np.array([[0.0, 40.0], [0.0, 0.0], [0.1, 0.0], [0.0, 0.0]])
    bh = np.array([-20.0, 20.0, 0.0, 20.0])
    by = np.array([0.2])
    return {"Wxh": Wxh, "Whh": np.zeros((4, 1)), "bh": bh, "Why": np.array([[8.0]]), "by": by}
