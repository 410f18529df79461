# %% [markdown]
# ## For the teacher
#
# **Time**: 90 minutes, in pairs: one reads the program aloud, the other asks what must not change.
#
# **Before the first cell**: which errors in your own programs gave no message?
# How did you find them?
#
# **What goes wrong**
#
# - The symptom is treated, not the bug: probabilities are divided once more, a loss is clipped.
#   The hidden tests of exercises 6.6.2 and 6.6.6 refuse this.
# - `reshape` is taken for a change of axes: the shape is right, and the numbers are mixed.
# - The mask multiplies the losses, and infinity in the padding becomes "not a number".
#
# **Discuss**: which one test would you write for every new network, before its first training?

# %% 6.6.1 | easy | 10 min | objective 4
# %% test: twenty updates, one compilation
counted.calls, right = 0, 0.0
xs = np.random.default_rng(1).uniform(0.5, 1.5, 20)
for x in xs:
    right -= 0.2 * (right * x - 2 * x) * x
assert np.isclose(fit(xs, 2 * xs, counted), right)
assert counted.calls == 1
# %% test: a second call starts anew, with a function of its own
counted.calls = 0
first, second = (fit([1.0, 2.0], [3.0, 6.0], counted) for _ in range(2))
assert np.isclose(first, second)
assert counted.calls == 2
# %% wrong: compiled once for ever, so that the second call goes on where the first ended
made = {}


def fit(xs, ys, compile_function):
    if "step" not in made:
        w, (a, b) = theano.shared(0.0, "w"), T.scalars("a", "b")
        cost = (w * a - b) ** 2
        made["step"] = compile_function([a, b], cost, updates=[(w, w - 0.1 * T.grad(cost, w))])
        made["w"] = w
    for x, y in zip(xs, ys):
        made["step"](x, y)
    return float(made["w"].get_value())


# %% wrong: one update with all numbers instead of many updates
def fit(xs, ys, compile_function):
    w, (a, b) = theano.shared(0.0, "w"), T.vectors("a", "b")
    cost = ((w * a - b) ** 2).sum()
    step = compile_function([a, b], cost, updates=[(w, w - 0.1 * T.grad(cost, w))])
    step(xs, ys)
    return float(w.get_value())


# %% 6.6.2 | medium | 15 min | objective 2
# %% test: the same alone as in a batch
layer = theano.function([h], probabilities(h))
many = np.random.default_rng(2).uniform(-1, 1, (7, H))
assert np.allclose(layer(many)[3:4], layer(many[3:4]))
# %% test: logits of thousands
layer = theano.function([h], probabilities(h))
p = layer(5000 * states)
assert np.isfinite(p).all()
assert np.allclose(p.sum(axis=1), 1)


# %% wrong: the symptom is divided away
def probabilities(h):
    p = neighbourly(h)
    return p / p.sum(axis=1, keepdims=True)


# %% wrong: each class for itself
def probabilities(h):
    return T.nnet.sigmoid(T.dot(h, Why.T))


# %% 6.6.3 | medium | 15 min | objective 2
# %% test: one sequence
run, one = theano.function([x], last_states(x)), six[:1]
expected = np.zeros((1, H))
for t in range(6):
    expected = np.tanh(one[:, t] @ Wxh.get_value().T + expected @ Whh.get_value().T)
assert run(one).shape == (1, H)
assert np.allclose(run(one), expected)
# %% test: a changed sequence moves no other
run, changed = theano.function([x], last_states(x)), six.copy()
changed[5] = 0
assert np.allclose(run(changed)[:5], run(six)[:5])
assert not np.allclose(run(changed)[5], run(six)[5])


# %% wrong: reshape instead of an exchange of axes
def last_states(x):
    by_time = x.reshape((x.shape[1], x.shape[0], x.shape[2]))
    h, _ = theano.scan(step, sequences=[by_time], outputs_info=[T.zeros((x.shape[0], H))])
    return h[-1]


# %% wrong: four rows for the first state, whatever the batch has
def last_states(x):
    h_0 = T.zeros((4, H))
    h, _ = theano.scan(step, sequences=[x.dimshuffle(1, 0, 2)], outputs_info=[h_0])
    return h[-1]


# %% 6.6.4 | medium | 15 min | objective 3
# %% test: infinity in the padding
mean = theano.function([losses, mask], masked_mean(losses, mask))
its_mask = np.array([[1.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
values = np.array([[1.0, 4.0], [2.0, np.inf], [3.0, np.inf]])
assert np.isclose(mean(values, its_mask), 2.5)
# %% test: every real step counts the same
mean = theano.function([losses, mask], masked_mean(losses, mask))
rng = np.random.default_rng(4)
values, lengths = rng.uniform(0, 3, (9, 5)), np.array([9, 1, 4, 2, 6])
real_steps = np.arange(9)[:, np.newaxis] < lengths
assert np.isclose(mean(values, real_steps.astype(float)), values[real_steps].mean())


# %% wrong: zero times infinity
def masked_mean(losses, mask):
    return (losses * mask).sum() / mask.sum()


# %% wrong: the mean of the means, where a step of a short sequence counts more
def masked_mean(losses, mask):
    return ((losses * mask).sum(axis=0) / mask.sum(axis=0)).mean()


# %% 6.6.5 | hard | 20 min | objective 4
# %% test: chunks longer than the stream cut nothing
assert np.allclose(stream_slopes(stream, 50), whole(stream, 0.0)[0])
# %% test: ten steps in chunks of four: the last chunk is short
slopes, state = stream_slopes(stream[:10], 4), whole(stream[:8], 0.0)[1]
assert np.shape(slopes) == (10,)
assert np.allclose(slopes[8:], whole(stream[8:10], state)[0])
assert np.all(slopes != 0)


# %% wrong: four, whatever is asked
def stream_slopes(a, k):
    slopes, state = [], 0.0
    for start in range(0, len(a), 4):
        here, state = whole(a[start : start + 4], state)
        slopes.append(here)
    return np.concatenate(slopes)


# %% wrong: what does not fill a chunk is lost
def stream_slopes(a, k):
    slopes, state = [np.zeros(0)], 0.0
    for start in range(0, len(a) - k + 1, k):
        here, state = whole(a[start : start + k], state)
        slopes.append(here)
    return np.concatenate(slopes)


# %% 6.6.6 | hard | 20 min | objective 3
# %% test: very sure and wrong costs as much as the logits differ
W = 5000 * Why.get_value()
cost, _ = compile_loss(stable)(frames, labels, W)
h, costs = np.zeros(H), []
for x_t, k in zip(frames, labels):
    h = np.tanh(Wxh.get_value() @ x_t + Whh.get_value() @ h)
    costs.append((W @ h).max() - (W @ h)[k])
assert np.isclose(cost, np.mean(costs))
# %% test: and the gradient still leads back
_, slope = compile_loss(stable)(frames, 1 - labels, 5000 * Why.get_value())
_, other = compile_loss(stable)(frames, labels, 5000 * Why.get_value())
assert np.isfinite(slope).all()
assert np.isfinite(other).all()
assert max(np.abs(slope).max(), np.abs(other).max()) > 0.01


# %% wrong: the probabilities are clipped, and the network learns nothing where it is most wrong
def stable(x, y, Why):
    def step(x_t, h_prev):
        h_t = T.tanh(T.dot(Wxh, x_t) + T.dot(Whh, h_prev))
        return h_t, T.nnet.softmax(T.dot(Why, h_t).dimshuffle("x", 0))[0]

    (_, p), _ = theano.scan(step, sequences=[x], outputs_info=[T.zeros(H), None])
    return T.nnet.categorical_crossentropy(T.clip(p, 1e-30, 1.0), y).mean()


# %% wrong: a small number is added inside the logarithm
def stable(x, y, Why):
    def step(x_t, h_prev):
        h_t = T.tanh(T.dot(Wxh, x_t) + T.dot(Whh, h_prev))
        return h_t, T.nnet.softmax(T.dot(Why, h_t).dimshuffle("x", 0))[0]

    (_, p), _ = theano.scan(step, sequences=[x], outputs_info=[T.zeros(H), None])
    return -T.log(p[T.arange(y.shape[0]), y] + 1e-30).mean()
