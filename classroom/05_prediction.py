# %% [markdown]
# ## For the teacher
#
# **Time**: 120 minutes with exercises 5.1 to 5.3; exercise 5.4 takes a training of some seconds.
#
# **Before the first cell**: let the class bet on the baseline.
# A linear model on 15 frames wins, and hardly anybody expects it.
#
# **What goes wrong**
#
# - Rows and columns of the confusion matrix are exchanged, and recall is reported as precision.
# - A share is divided by all utterances, although only some were answered.
# - The network is asked at moments at which it was never trained to answer, and is called weak.
# - The scaling of the training data is forgotten when a model is used elsewhere.
#
# **Discuss**: when is a network worth its trouble here?
# What data would make the baseline lose?

# %% 5.1 | easy | 10 min | objective 1
# %% test: among all classes is always right
rng = np.random.default_rng(1)
p, y = rng.dirichlet(np.ones(9), 20), rng.integers(0, 9, 20)
assert top_accuracy(p, y, 9) == 1
# %% test: three of nine classes
rng = np.random.default_rng(2)
p, y = rng.dirichlet(np.ones(9), 50), rng.integers(0, 9, 50)
ranks = (p > p[np.arange(50), y][:, np.newaxis]).sum(axis=1)
assert np.isclose(top_accuracy(p, y, 3), (ranks < 3).mean())


# %% wrong: at most two classes
def top_accuracy(p, y, n):
    best = np.argsort(p, axis=-1)[:, -min(n, 2) :]
    return (best == y[:, np.newaxis]).any(axis=-1).mean()


# %% wrong: exactly the n-th class
def top_accuracy(p, y, n):
    return (np.argsort(p, axis=-1)[:, -n] == y).mean()


# %% 5.2 | easy | 10 min | objective 3
# %% test: a class that is mostly taken for another
table = np.array([[1, 9, 0], [0, 10, 0], [4, 0, 6]])
assert np.allclose(precision(table), [0.2, 10 / 19, 1])
# %% test: the mean over columns is not the mean over rows
table = np.random.default_rng(1).integers(0, 20, (9, 9))
assert np.allclose(precision(table), np.diag(table) / table.sum(axis=0))


# %% wrong: the largest number of a column instead of the right one
def precision(confusion):
    return confusion.max(axis=0) / np.maximum(confusion.sum(axis=0), 1)


# %% wrong: the recall
def precision(confusion):
    return np.diag(confusion) / np.maximum(confusion.sum(axis=1), 1)


# %% 5.3 | medium | 15 min | objective 3
# %% test: nine classes
rng = np.random.default_rng(3)
p, y = rng.dirichlet(0.1 * np.ones(9), 60), rng.integers(0, 9, 60)
p[:30, :] = np.eye(9)[y[:30]]
sure = p.max(axis=1) >= 0.7
share, accuracy = answer_if_sure(p, y, 0.7)
assert np.isclose(share, sure.mean())
assert np.isclose(accuracy, (p.argmax(axis=1) == y)[sure].mean())
# %% test: one utterance, and it is wrong
assert tuple(answer_if_sure(np.array([[0.1, 0.2, 0.7]]), np.array([0]), 0.5)) == (1, 0)


# %% wrong: two classes, whatever p has
def answer_if_sure(p, y, threshold):
    answered = p.max(axis=-1) >= threshold
    hit = (p[:, 1] > 0.5) == y
    return answered.mean(), hit[answered].mean() if answered.any() else 1.0


# %% wrong: divided by all utterances
def answer_if_sure(p, y, threshold):
    answered = p.max(axis=-1) >= threshold
    hit = p.argmax(axis=-1) == y
    return answered.mean(), (hit & answered).mean() if answered.any() else 1.0


# %% 5.4 | open | 20 min | objective 4
# %% test: after ten frames it is still right
asked = train_every_frame(x_train, y_train)
answers = asked.predict([x[:10] for x in x_test])
assert np.mean([answer[-1] == k for answer, k in zip(answers, y_test)]) > 0.85
# %% test: at the end it is still right
asked = train_every_frame(x_train, y_train)
answers = asked.predict(x_test)
assert np.mean([answer[-1] == k for answer, k in zip(answers, y_test)]) > 0.85


# %% wrong: trained on beginnings of three frames alone
def train_every_frame(x_train, y_train):
    asked = RNN(12, 64, 9, readout="all", seed=SEED)
    beginnings = [x[:3] for x in x_train]
    targets = [np.full(len(x), k) for x, k in zip(beginnings, y_train)]
    asked.train(beginnings, targets, **settings)
    return asked


# %% wrong: the network of the page
def train_every_frame(x_train, y_train):
    return model
