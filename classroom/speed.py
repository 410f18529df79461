# %% [markdown]
# ## For the teacher
#
# **Time**: 75 minutes.
# The page has no training; the numbers of the benchmark are stored.
#
# **Before the first cell**: a network of 20 units multiplies 800 numbers at each step.
# How long may a step take, and how long does it take?
#
# **What goes wrong**
#
# - The state is multiplied outside the loop, too; only the input's part can wait there.
# - The gradient of an operation is given as numbers, not as an expression.
# - A time is compared with that of another machine, or with that of another run.
#
# **Discuss**: for which sizes does the ratio to a compiled library come near 1, and why?

# %% 6.7.1 | easy | 15 min | objective 2
# %% test: fifty steps, one product


def check_many_steps():
    calls, x = [], np.random.default_rng(5).standard_normal((50, 3))
    y = averages(lambda a, b: calls.append(1) or np.dot(a, b), x, np.eye(3), np.ones(3))
    state = np.zeros(3)
    for x_t in x:
        state = 0.9 * state + x_t + 1
    assert len(calls) == 1
    assert np.shape(y) == (50, 3)
    assert np.allclose(y[-1], state)


check_many_steps()
# %% test: weights that are not symmetric, one product


def check_weights():
    calls, x, W = [], np.eye(3)[:2], np.arange(9.0).reshape(3, 3)
    y = averages(lambda a, b: calls.append(1) or np.dot(a, b), x, W, np.zeros(3))
    assert len(calls) == 1
    assert np.allclose(y, [W[:, 0], 0.9 * W[:, 0] + W[:, 1]])


check_weights()


# %% wrong: at most thirty steps
def averages(dot, x, W, c):
    state, states, p = np.zeros(len(c)), [], dot(x, W.T) + c
    for t in range(min(len(p), 30)):
        state = 0.9 * state + p[t]
        states.append(state)
    return np.array(states)


# %% wrong: the weights are not transposed
def averages(dot, x, W, c):
    state, states = np.zeros(len(c)), []
    for p_t in dot(x, W) + c:
        state = 0.9 * state + p_t
        states.append(state)
    return np.array(states)


# %% 6.7.2 | medium | 20 min | objective 3
# %% test: five numbers
v, w = T.vector(), T.vector()
slopes = theano.function([v, w], T.grad((RunningSum()(v) * w).sum(), v))
assert np.allclose(slopes(np.ones(5), [1.0, 2.0, 3.0, 4.0, 5.0]), [15, 14, 12, 9, 5])
# %% test: a running sum of a running sum
v, w = T.vector(), T.vector()
slopes = theano.function([v, w], T.grad((RunningSum()(RunningSum()(v)) * w).sum(), v))
assert np.allclose(slopes(np.ones(3), [1.0, 10.0, 100.0]), [321, 210, 100])


# %% wrong: three numbers, whatever the length
class RunningSum(theano.Op):
    __props__ = ()

    def make_node(self, x):
        return theano.Apply(self, [x], [x.type()])

    def perform(self, node, inputs, outputs):
        outputs[0][0] = np.cumsum(inputs[0])

    def L_op(self, inputs, outputs, gradients):
        d = gradients[0]
        return [T.stack([d[0] + d[1] + d[2], d[1] + d[2], d[2]])]

    pullback = L_op


# %% wrong: reversed once, and not back
class RunningSum(theano.Op):
    __props__ = ()

    def make_node(self, x):
        return theano.Apply(self, [x], [x.type()])

    def perform(self, node, inputs, outputs):
        outputs[0][0] = np.cumsum(inputs[0])

    def L_op(self, inputs, outputs, gradients):
        return [self(gradients[0][::-1])]

    pullback = L_op


# %% 6.7.3 | easy | 15 min | objective 1, 4
# %% test: a GRU
assert count_products("gru", 7, 3, 10, 10) == 7 * 3 * 30 * 20
# %% test: fewer features than units
assert count_products("tanh", 5, 2, 3, 8) == 5 * 2 * 8 * 11


# %% wrong: only two of the three cells
def count_products(cell, n_steps, n_batch, n_features, n_hidden):
    rows = {"tanh": 1, "lstm": 4}.get(cell, 1) * n_hidden
    return n_steps * n_batch * rows * (n_features + n_hidden)


# %% wrong: as many features as units
def count_products(cell, n_steps, n_batch, n_features, n_hidden):
    return n_steps * n_batch * CELLS[cell].n_gates * n_hidden * 2 * n_hidden
