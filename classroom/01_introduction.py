# %% [markdown]
# ## For the teacher
#
# **Time**: 90 minutes with exercises 1.1 to 1.3; exercise 1.4 is for those who are early, or for home.
#
# **Before the first cell**: ask what a mean forgets.
# Let everybody compute the first step of the network of two units on paper.
#
# **What goes wrong**
#
# - Rows and columns of a weight matrix are exchanged.
#   A matrix has one row for each number that it writes.
# - "The network needs other weights for longer sequences": run the shortest and the longest utterance again.
# - The square matrix `Whh` fits in both directions, so its mistakes raise no error.
#
# **Discuss**: which data that you know carry nothing in their order?
# What would you lose by reading a sentence backwards?

# %% 1.1 | easy | 10 min | objective 4
# %% test: the shapes fit together in a step
x, states = np.zeros(shapes["x"]), np.zeros(shapes["states"])
a = np.zeros(shapes["Wxh"]) @ x[0] + np.zeros(shapes["Whh"]) @ states[-1]
assert (a + np.zeros(shapes["bh"])).shape == (16,)
# %% test: every state gives two scores
assert (np.zeros(shapes["states"]) @ np.zeros(shapes["Why"]).T).shape == (5, 2)
# %% wrong: the matrices go from input to output
shapes = {"x": (5, 26), "Wxh": (26, 16), "Whh": (16, 16)}
shapes |= {"bh": (16,), "states": (5, 16), "Why": (16, 2)}
# %% wrong: the bias grows with the name
shapes = {"x": (5, 26), "Wxh": (16, 26), "Whh": (16, 16)}
shapes |= {"bh": (5, 16), "states": (5, 16), "Why": (2, 16)}

# %% 1.2 | medium | 15 min | objective 2
# %% test: a batch of one sequence is still a batch
rng = np.random.default_rng(5)
x_t, h_prev = rng.standard_normal((1, 3)), rng.standard_normal((1, 2))
Wxh, Whh = rng.standard_normal((2, 3)), rng.standard_normal((2, 2))
h = step_batch(x_t, h_prev, Wxh, Whh, np.ones(2))
assert np.shape(h) == (1, 2)
assert np.allclose(h[0], step(x_t[0], h_prev[0], Wxh, Whh, np.ones(2)))
# %% test: where all sizes are equal, rows are still sequences
rng = np.random.default_rng(6)
x_t, h_prev, Wxh, Whh = rng.standard_normal((4, 3, 3))
rows = [step(x, h, Wxh, Whh, np.ones(3)) for x, h in zip(x_t, h_prev)]
assert np.allclose(step_batch(x_t, h_prev, Wxh, Whh, np.ones(3)), rows)


# %% wrong: Whh is not transposed, and fits all the same
def step_batch(x_t, h_prev, Wxh, Whh, bh):
    return np.tanh(x_t @ Wxh.T + h_prev @ Whh + bh)


# %% wrong: a batch of one loses its first axis
def step_batch(x_t, h_prev, Wxh, Whh, bh):
    return np.tanh(x_t @ Wxh.T + h_prev @ Whh.T + bh).squeeze()


# %% wrong: a loop over four sequences, whatever the batch has
def step_batch(x_t, h_prev, Wxh, Whh, bh):
    return np.array([step(x_t[k], h_prev[k], Wxh, Whh, bh) for k in range(4)])


# %% 1.3 | medium | 20 min | objective 3
# %% test: values up to 3
for low, high in [(-3.0, -2.0), (2.0, 3.0)]:
    rising = np.arange(low, high, 0.05)[:, np.newaxis]
    up, down = (
        float(my_w @ run_network(x, my_Wxh, my_Whh, my_bh)[-1]) for x in (rising, rising[::-1])
    )
    assert up > 0 > down, f"{up:.4f} for rising, {down:.4f} for falling from {high}"
# %% test: steps of 0.05 that end near 0.8
rising = np.arange(0.3, 0.85, 0.05)[:, np.newaxis]
assert float(my_w @ run_network(rising, my_Wxh, my_Whh, my_bh)[-1]) > 0
falling = np.arange(1.4, 0.75, -0.05)[:, np.newaxis]
assert float(my_w @ run_network(falling, my_Wxh, my_Whh, my_bh)[-1]) < 0
# %% wrong: the input weight 0.5 drives the tanh out of its straight part
my_Wxh, my_Whh = np.array([[0.5], [0.0]]), np.array([[0.0, 0.0], [1.0, 0.0]])
my_bh, my_w = np.zeros(2), np.array([1.0, -1.0])
# %% wrong: the sum of two inputs instead of their difference
my_Wxh, my_Whh = np.array([[0.01], [0.0]]), np.array([[0.0, 0.0], [1.0, 0.0]])
my_bh, my_w = np.zeros(2), np.array([1.0, 1.0])

# %% 1.4 | open | 15 min | objective 5
# %% test: other random weights remember, too
left = trace_of_first(longest, *random_weights(12, 32, rho, scale, seed=2))
assert left[-1] > 0.1
assert left.max() < 1.05
# %% test: after three utterances in a row, a tenth of a percent is left, and no more than all
left = trace_of_first(np.tile(longest, (3, 1)), *random_weights(12, 32, rho, scale))
assert 0.001 < left[-1] < 1
# %% wrong: rho above 1 against the tanh, with the inputs as they are
rho, scale = 1.5, 1.0
# %% wrong: small inputs alone, with rho 0.9
rho, scale = 0.9, 0.1
