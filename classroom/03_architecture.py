# %% [markdown]
# ## For the teacher
#
# **Time**: 120 minutes with exercises 3.1 to 3.3; exercise 3.4 is open and may become a small competition.
#
# **Before the first cell**: let the class find the shapes of the five arrays for 12 features, 64 units and 9 speakers.
#
# **What goes wrong**
#
# - For a batch, the matrix goes to the right and is transposed; the square `Whh` is forgotten, without an error.
# - The GRU: which side of the gate keeps the old state differs between books. Here $z$ near 1 keeps.
# - The reset gate of this book acts *after* the product with $W_{hh}$, as in most libraries of today.
# - "More memory is better": the last exercise shows a start that remembers well and learns badly.
#
# **Discuss**: why do all steps share their weights?
# What would happen to the number of parameters otherwise?

# %% 3.1 | easy | 10 min | objective 1
# %% test: a large budget
assert largest_hidden(100_000, 12, 9) == max(
    H for H in range(1, 400) if count_parameters(12, H, 9) <= 100_000
)
# %% test: budgets that are used up, and one number less
for H in (2, 10, 50):
    exact = count_parameters(3, H, 4)
    assert largest_hidden(exact, 3, 4) == H
    assert largest_hidden(exact - 1, 3, 4) == H - 1


# %% wrong: no more than 99 units are tried
def largest_hidden(budget, input_size, output_size):
    fits = [H for H in range(1, 100) if count_parameters(input_size, H, output_size) <= budget]
    return fits[-1]


# %% wrong: a budget may not be used up
def largest_hidden(budget, input_size, output_size):
    H = 1
    while count_parameters(input_size, H + 1, output_size) < budget:
        H += 1
    return H


# %% 3.2 | medium | 15 min | objective 1
# %% test: equal sizes, where a missing transpose raises no error
rng = np.random.default_rng(4)
model, X, old = MendedRNN(3, 3, 2), rng.normal(size=(3, 3)), rng.normal(size=(3, 3))
for p in model.params:
    p.set_value(rng.normal(size=p.get_value().shape))
Wxh, Whh, _, bh, _ = (p.get_value() for p in model.params)
x_t, h_prev = T.matrix(), T.matrix()
step = theano.function([x_t, h_prev], forward_step_batch(model, x_t, h_prev))
assert np.allclose(step(X, old), np.tanh(X @ Wxh.T + old @ Whh.T + bh))
# %% test: the gradient reaches all three arrays, and new values count
model, (x_t, h_prev) = MendedRNN(4, 3, 2), T.matrices("x_t", "h_prev")
h = forward_step_batch(model, x_t, h_prev)
slopes = T.grad(h.sum(), [model.Wxh, model.Whh, model.bh])
values = theano.function([x_t, h_prev], slopes)(np.ones((5, 4)), np.ones((5, 3)))
assert all(np.abs(value).max() > 0 for value in values)


# %% wrong: the weights are taken out as numbers, so that nothing can learn
def forward_step_batch(model, x_t, h_prev):
    Wxh, Whh, bh = (p.get_value() for p in (model.Wxh, model.Whh, model.bh))
    return T.tanh(T.dot(x_t, Wxh.T) + T.dot(h_prev, Whh.T) + bh)


# %% wrong: Whh is not transposed
def forward_step_batch(model, x_t, h_prev):
    return T.tanh(T.dot(x_t, model.Wxh.T) + T.dot(h_prev, model.Whh) + model.bh)


# %% 3.3 | medium | 25 min | objective 5
# %% test: with both gates shut, only the candidate of the input is left
rng = np.random.default_rng(5)
Wxh, Whh, h = rng.normal(size=(6, 3)), rng.normal(size=(6, 2)), rng.uniform(-1, 1, 2)
x, bh = rng.normal(size=3), np.array([-50.0, -50, -50, -50, 0.2, -0.1])
assert np.allclose(gru_step(x, h, Wxh, Whh, bh), np.tanh(Wxh[4:] @ x + bh[4:]))
# %% test: equal to the library's GRU, for other sizes
rng, model = np.random.default_rng(6), RNN(4, 5, 2, cell="gru")
for p in (model.Wxh, model.Whh, model.bh):
    p.set_value(rng.normal(size=p.get_value().shape))
x, h = rng.normal(size=4), rng.uniform(-1, 1, 5)
weights = (p.get_value() for p in (model.Wxh, model.Whh, model.bh))
right = theano.function([], model.forward_step(T.constant(x), T.constant(h)))()
assert np.allclose(gru_step(x, h, *weights), right)


# %% wrong: z weights the candidate
def gru_step(x_t, h_prev, Wxh, Whh, bh):
    p_r, p_z, p_n = np.split(Wxh @ x_t + bh, 3)
    q_r, q_z, q_n = np.split(Whh @ h_prev, 3)
    z = sigmoid(p_z + q_z)
    n = np.tanh(p_n + sigmoid(p_r + q_r) * q_n)
    return z * n + (1 - z) * h_prev


# %% wrong: the reset gate acts before the product
def gru_step(x_t, h_prev, Wxh, Whh, bh):
    p_r, p_z, p_n = np.split(Wxh @ x_t + bh, 3)
    W_r, W_z, W_n = np.split(Whh, 3)
    r, z = sigmoid(p_r + W_r @ h_prev), sigmoid(p_z + W_z @ h_prev)
    return (1 - z) * np.tanh(p_n + W_n @ (r * h_prev)) + z * h_prev


# %% 3.4 | open | 25 min | objective 3
# %% test: a layer of another size
Whh = start_Whh(16, np.random.default_rng(0))
assert np.shape(Whh) == (16, 16)
assert np.abs(np.linalg.eigvals(Whh)).max() > 0.9
# %% test: the same seed gives the same weights, and they do not shrink
first, second = (start_Whh(H, np.random.default_rng(3)) for _ in range(2))
assert np.array_equal(first, second)
assert np.abs(np.linalg.eigvals(first)).max() > 0.9


# %% wrong: always the size of this chapter's network
def start_Whh(n_hidden, rng):
    return 1.2 * orthogonal(H, rng)


# %% wrong: a generator of its own, so that no run can be repeated
def start_Whh(n_hidden, rng):
    return 1.2 * orthogonal(n_hidden, np.random.default_rng())
