# %% [markdown]
# ## For the teacher
#
# **Time**: 90 minutes; the capstone is a project of half a day or more.
#
# **Before the first cell**: let everybody write down one claim about recurrent networks that this course has tested.
#
# **What goes wrong**
#
# - The NumPy version uses names of the notebook instead of its arguments, and works for this network only.
# - The square matrix is not transposed, and its shape does not tell.
# - The capstone is chosen on the test set.
#   Ask for the validation curve first.
#
# **Discuss**: what would you report if the simple method had won?
# Who would read it?

# %% 6.1 | medium | 20 min | objective 2
# %% test: another network, of other sizes
rng = np.random.default_rng(1)
small = {"Wxh": (5, 3), "Whh": (5, 5), "Why": (4, 5), "bh": (5,), "by": (4,)}
small = {name: rng.standard_normal(shape) for name, shape in small.items()}
x, h = rng.standard_normal((6, 3)), np.zeros(5)
for x_t in x:
    h = np.tanh(small["Wxh"] @ x_t + small["Whh"] @ h + small["bh"])
e = np.exp(small["Why"] @ h + small["by"])
assert np.allclose(probabilities(small, x), e / e.sum())
# %% test: large logits
p = np.asarray(probabilities({**arrays, "by": arrays["by"] + 5000}, x_test[0]))
assert np.isfinite(p).all()
assert np.allclose(p, model.predict_proba(x_test[0]))


# %% wrong: 32 units, whatever the arrays say
def probabilities(arrays, x):
    h = np.zeros(32)
    for x_t in x:
        h = np.tanh(arrays["Wxh"] @ x_t + arrays["Whh"] @ h + arrays["bh"])
    z = arrays["Why"] @ h + arrays["by"]
    p = np.exp(z - z.max())
    return p / p.sum()


# %% wrong: the softmax overflows
def probabilities(arrays, x):
    h = np.zeros(len(arrays["bh"]))
    for x_t in x:
        h = np.tanh(arrays["Wxh"] @ x_t + arrays["Whh"] @ h + arrays["bh"])
    p = np.exp(arrays["Why"] @ h + arrays["by"])
    return p / p.sum()


# %% 6.2 | easy | 10 min | objective 3
# %% test: the arrays of another network
rng = np.random.default_rng(2)
other = {"Wxh": rng.standard_normal((5, 3)), "Whh": rng.standard_normal((5, 5))}
other |= {"bh": rng.standard_normal(5)}
K, R, b = to_row_layout(other)
x, h = rng.standard_normal(3), rng.standard_normal(5)
assert np.allclose(x @ K + h @ R + b, other["Wxh"] @ x + other["Whh"] @ h + other["bh"])
# %% test: the states of twenty utterances
K, R, b = to_row_layout(arrays)
for x in x_test[:20]:
    h = np.zeros(32)
    for x_t in x:
        h = np.tanh(x_t @ K + h @ R + b)
    assert np.allclose(h, model.hidden_states(x)[-1])


# %% wrong: the network of the page, whatever is asked
def to_row_layout(arrays):
    return model.Wxh.get_value().T, model.Whh.get_value().T, model.bh.get_value()


# %% wrong: the square matrix stays as it is
def to_row_layout(arrays):
    return arrays["Wxh"].T, arrays["Whh"], arrays["bh"]


# %% 6.3 | open | 60 min | objective 4
# %% test: learns the labels that it is given
renamed = train_early(x_train, (y_train + 1) % 9)
assert accuracy(renamed, x_valid, (y_valid + 1) % 9) > 0.7
# %% test: better than the page's network after five frames and after ten
candidate = train_early(x_train, y_train)
for n in (5, 10):
    assert accuracy(candidate, first(x_valid, n), y_valid) > accuracy(
        model, first(x_valid, n), y_valid
    )


# %% wrong: trained on the validation set
def train_early(x_train, y_train):
    early_model = RNN(12, 32, 9, seed=SEED)
    both = x_valid + [x[:7] for x in x_valid]
    early_model.train(both, np.concatenate([y_valid, y_valid]), **SETTINGS)
    return early_model


# %% wrong: nothing is cut
def train_early(x_train, y_train):
    early_model = RNN(12, 32, 9, seed=SEED)
    early_model.train(x_train, y_train, **SETTINGS)
    return early_model
