# %% [markdown]
# ## For the teacher
#
# **Time**: 120 minutes with exercises 2.1 to 2.3; exercise 2.4 prepares chapter 4 and is good homework.
#
# **Before the first cell**: what does `x + 1` give when `x` has no value?
# The difference between an expression and a number is the whole chapter.
#
# **What goes wrong**
#
# - An expression is passed where a compiled function is asked for.
# - `theano.function` is called inside the loop: it works, and takes a hundred times as long.
# - The arguments of the step come in another order: sequences, then old values, then non-sequences.
# - A gradient is wanted with respect to a number that was taken out of a shared variable by `get_value()`.
#
# **Discuss**: what can a program do with a graph that it cannot do with numbers?
# What does it lose?

# %% 2.1 | easy | 10 min | objective 1
# %% test: fifty numbers of both signs
p, t = np.random.default_rng(1).standard_normal((2, 50))
assert np.isclose(mse(p, t), np.mean((p - t) ** 2))
# %% test: prediction and target may change places
p, t = np.array([0.0, 1.0]), np.array([2.0, 5.0])
assert np.isclose(mse(p, t), 10)
assert np.isclose(mse(t, p), 10)
# %% wrong: a difference of squares, which now and then equals the square of a difference
mse = theano.function([prediction, target], T.mean(prediction**2 - target**2))
# %% wrong: absolute values instead of squares
mse = theano.function([prediction, target], T.mean(abs(prediction - target)))

# %% 2.2 | medium | 20 min | objective 3
# %% test: with keep = 0 nothing is smoothed
x = np.array([3.0, -1.0, 2.0])
assert np.allclose(smooth(x, 0.0), x)
# %% test: thirty steps, three weights
x = np.random.default_rng(2).standard_normal(30)
for k in (0.1, 0.5, 0.99):
    h, expected = 0.0, []
    for x_t in x:
        h = k * h + (1 - k) * x_t
        expected.append(h)
    assert np.allclose(smooth(x, k), expected)
# %% wrong: 0.75 is written into the step, whatever keep is
smoothed, _ = theano.scan(
    lambda x_t, h_prev: 0.75 * h_prev + 0.25 * x_t,
    sequences=[series],
    outputs_info=[T.zeros((), dtype=series.dtype)],
)
smooth = theano.function([series, keep], smoothed, on_unused_input="ignore")
# %% wrong: the two weights are exchanged
smoothed, _ = theano.scan(
    lambda x_t, h_prev, k: (1 - k) * h_prev + k * x_t,
    sequences=[series],
    outputs_info=[T.zeros((), dtype=series.dtype)],
    non_sequences=[keep],
)
smooth = theano.function([series, keep], smoothed)

# %% 2.3 | medium | 15 min | objective 1
# %% test: two descents do not share their w
first, w_1 = make_descent(0.1)
second, w_2 = make_descent(0.1)
first()
assert float(w_1.get_value()) > 0.5
assert float(w_2.get_value()) == 0
# %% test: a hundred steps arrive
step, w = make_descent(0.1)
for _ in range(100):
    step()
assert abs(float(w.get_value()) - 3) < 1e-6
# %% wrong: one w for all descents
the_w = theano.shared(0.0, "w")


def make_descent(rate):
    the_w.set_value(0.0)
    cost = (the_w - 3) ** 2
    return theano.function([], cost, updates=[(the_w, the_w - rate * T.grad(cost, the_w))]), the_w


# %% wrong: the slope at the start, for ever
def make_descent(rate):
    w = theano.shared(0.0, "w")
    return theano.function([], (w - 3) ** 2, updates=[(w, w + rate * 6)]), w


# %% 2.4 | hard | 25 min | objective 2
# %% test: another length and other inputs
x = np.random.default_rng(3).standard_normal((5, D))
assert np.shape(reach(x)) == (5,)
assert not np.allclose(reach(x), reach(2 * x))
# %% test: a single step, where the slope is known
x = 0.3 * np.ones((1, D))
eps = [states(x + e)[-1, 0] - states(x - e)[-1, 0] for e in 1e-5 * np.eye(D)]
assert np.allclose(reach(x), np.linalg.norm(eps) / 2e-5, atol=1e-6)
# %% wrong: computed once, for the inputs of the page
slope_x = T.grad(h[-1, 0], X)
once = theano.function([X], T.sqrt(T.sum(slope_x**2, axis=1)))(inputs)


def reach(inputs):
    return once


# %% wrong: the largest entry of each row instead of its norm
slope_x = T.grad(h[-1, 0], X)
reach = theano.function([X], abs(slope_x).max(axis=1))
