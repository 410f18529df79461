"""Checks of the page of famous bugs: right answers in every form, and why wrong ones are wrong."""

import numpy as np
import pytest

from rnn_lib import T, theano

H, D, K = 4, 3, 2
rng = np.random.default_rng(3)
Wxh = theano.shared(rng.normal(size=(H, D)), "Wxh")
Whh = theano.shared(0.5 * rng.normal(size=(H, H)), "Whh")
Why = theano.shared(rng.normal(size=(K, H)), "Why")
# What the page passes after the answer.
WEIGHTS = {
    "6.6.1": (),
    "6.6.2": (Why,),
    "6.6.3": (Wxh, Whh),
    "6.6.4": (),
    "6.6.5": (),
    "6.6.6": (Wxh, Whh),
}


@pytest.mark.parametrize("number", WEIGHTS)
def test_anything_else_gets_one_sentence(said, fails, number):
    also = WEIGHTS[number]
    assert said(number, None, *also) == "Not yet: expected a function, got None.\n"
    assert said(number, "a", *also) == "Not yet: expected a function, got a value of type str.\n"
    assert said(number, fails, *also) == "Not yet: your code raises RuntimeError: not finished.\n"
    for odd in (None, "text", np, [], {}, 3.0, np.zeros((3, 2)), T.matrix(), T.scalar()):
        assert said(number, lambda *a, odd=odd: odd, *also).startswith("Not yet: ")


def fit(xs, ys, compile_function):
    w, (a, b) = theano.shared(0.0, "w"), T.scalars("a", "b")
    cost = (w * a - b) ** 2
    step = compile_function([a, b], cost, updates=[(w, w - 0.1 * T.grad(cost, w))])
    for x, y in zip(xs, ys):
        step(x, y)
    return float(w.get_value())


def fit_slowly(xs, ys, compile_function):
    w = theano.shared(0.0, "w")
    for x, y in zip(xs, ys):
        a, b = T.scalars("a", "b")
        cost = (w * a - b) ** 2
        compile_function([a, b], cost, updates=[(w, w - 0.1 * T.grad(cost, w))])(x, y)
    return float(w.get_value())


def fit_without_shared(xs, ys, compile_function):
    w, a, b = T.scalars("w", "a", "b")
    step = compile_function([w, a, b], w - 0.1 * T.grad((w * a - b) ** 2, w))
    value = 0.0
    for x, y in zip(xs, ys):
        value = step(value, x, y)
    return value


def fit_by_scan(xs, ys, compile_function):
    a, b = T.vectors("a", "b")
    ws, _ = theano.scan(
        lambda a_t, b_t, w: w - 0.2 * (w * a_t - b_t) * a_t,
        sequences=[a, b],
        outputs_info=[T.constant(np.float64(0))],
    )
    return compile_function([a, b], ws[-1])(xs, ys)


@pytest.mark.parametrize("answer", [fit, fit_without_shared, fit_by_scan])
def test_fit_right(said, answer):
    assert said("6.6.1", answer) == "Correct: exercise 6.6.1 is solved.\n"


def fit_all_at_once(xs, ys, compile_function):
    w, (a, b) = theano.shared(0.0, "w"), T.vectors("a", "b")
    cost = ((w * a - b) ** 2).sum()
    compile_function([a, b], cost, updates=[(w, w - 0.1 * T.grad(cost, w))])(xs, ys)
    return float(w.get_value())


def fit_that_goes_on():
    made = {}

    def fit(xs, ys, compile_function):
        if not made:
            w, (a, b) = theano.shared(0.0, "w"), T.scalars("a", "b")
            cost = (w * a - b) ** 2
            updates = [(w, w - 0.1 * T.grad(cost, w))]
            made.update(step=compile_function([a, b], cost, updates=updates), w=w)
        for x, y in zip(xs, ys):
            made["step"](x, y)
        return float(made["w"].get_value())

    return fit


def in_numpy(xs, ys, compile_function):
    w = 0.0
    for x, y in zip(xs, ys):
        w -= 0.2 * (w * x - y) * x
    return w


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (fit_slowly, "3 compilations for 3 updates"),
        (fit_all_at_once, "after 3 updates from 0 the factor is"),
        (fit_that_goes_on(), "updates from 0 the factor is"),
        (lambda xs, ys, f: fit(xs, ys, theano.function), "the function that is passed in"),
        (in_numpy, "the function that is passed in"),
        (lambda xs, ys, f: fit(xs[:3], ys[:3], f), "updates from 0 the factor is"),
        (lambda xs, ys, f: 3.0, "after 3 updates from 0 the factor is"),
    ],
)
def test_fit_wrong(said, answer, reason):
    out = said("6.6.1", answer)
    assert out.startswith("Not yet: ")
    assert reason in out


def neighbourly(h):
    return T.nnet.softmax(T.dot(Why, h.T)).T


def softmax_by_hand(h):
    z = T.dot(h, Why.T)
    e = T.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def beyond_the_range(h):
    e = T.exp(T.dot(h, Why.T))
    return e / (e.sum(axis=1, keepdims=True) + 1e-12)


@pytest.mark.parametrize(
    "answer",
    [
        lambda h: T.nnet.softmax(T.dot(h, Why.T)),
        lambda h: T.nnet.softmax(T.dot(Why, h.T).T),
        lambda h: T.nnet.softmax(T.dot(h, Why.get_value().T)),
        softmax_by_hand,
    ],
)
def test_probabilities_right(said, answer):
    assert said("6.6.2", answer, *WEIGHTS["6.6.2"]) == "Correct: exercise 6.6.2 is solved.\n"


def divided_once_more(h):
    p = neighbourly(h)
    return p / p.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (neighbourly, "the probabilities of the first utterance add up to"),
        (lambda h: T.nnet.sigmoid(T.dot(h, Why.T)), "add up to"),
        (divided_once_more, "they add up to 1, and still depend on the neighbours"),
        (lambda h: T.nnet.softmax(T.dot(h, Why.T)).T, "transpose (2, 3)"),
        (lambda h: T.nnet.softmax(-T.dot(h, Why.T)), "these are not the softmax"),
        (beyond_the_range, "states times 5000 give NaN"),
        (lambda h: [T.nnet.softmax(T.dot(h, Why.T))], "an expression of Theano"),
    ],
)
def test_probabilities_wrong(said, answer, reason):
    out = said("6.6.2", answer, *WEIGHTS["6.6.2"])
    assert out.startswith("Not yet: ")
    assert reason in out


def step(x_t, h_prev):
    return T.tanh(T.dot(x_t, Wxh.T) + T.dot(h_prev, Whh.T))


def scanned(by_time, n_rows, last=-1, **options):
    h_0 = T.zeros((n_rows, H))
    h, _ = theano.scan(step, sequences=[by_time], outputs_info=[h_0], **options)
    return h[last]


def unrolled(x):
    h = T.zeros((x.shape[0], H))
    for t in range(6):
        h = step(x[:, t], h)
    return h


@pytest.mark.parametrize(
    "answer",
    [
        lambda x: scanned(x.dimshuffle(1, 0, 2), x.shape[0]),
        lambda x: scanned(T.dot(x.dimshuffle(1, 0, 2), np.eye(D)), x.shape[0]),
        lambda x: scanned(x[:, ::-1].dimshuffle(1, 0, 2), x.shape[0], go_backwards=True),
    ],
)
def test_last_states_right(said, answer):
    assert said("6.6.3", answer, *WEIGHTS["6.6.3"]) == "Correct: exercise 6.6.3 is solved.\n"


def reshaped(x):
    return scanned(x.reshape((x.shape[1], x.shape[0], x.shape[2])), x.shape[0])


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda x: scanned(x, x.shape[1]), "(4, 4), not (6, 4). Which axis does scan walk?"),
        (lambda x: scanned(x.dimshuffle(1, 0, 2), x.shape[1]), "one row for each sequence"),
        (reshaped, "the shape is right, and the sequences are mixed"),
        (lambda x: scanned(x.dimshuffle(1, 0, 2), 4), "sequence"),
        (lambda x: scanned(x.dimshuffle(1, 0, 2), x.shape[0], slice(None)), "alone"),
        (lambda x: scanned(x[:, ::-1].dimshuffle(1, 0, 2), x.shape[0]), "from the last"),
        (lambda x: scanned(x.dimshuffle(1, 0, 2), x.shape[0], 0), "mixed"),
        (unrolled, "right for 4 sequences of 6 steps, not for 3 of 9"),
    ],
)
def test_last_states_wrong(said, answer, reason):
    out = said("6.6.3", answer, *WEIGHTS["6.6.3"])
    assert out.startswith("Not yet: ")
    assert reason in out


@pytest.mark.parametrize(
    "answer",
    [
        lambda losses, mask: T.switch(T.eq(mask, 1), losses, 0.0).sum() / mask.sum(),
        lambda losses, mask: losses[mask.nonzero()].mean(),
        lambda losses, mask: losses[T.gt(mask, 0).nonzero()].sum() / mask.sum(),
    ],
)
def test_mean_right(said, answer):
    assert said("6.6.4", answer) == "Correct: exercise 6.6.4 is solved.\n"


def mean_of_means(losses, mask):
    return (T.switch(T.eq(mask, 1), losses, 0.0).sum(axis=0) / mask.sum(axis=0)).mean()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda losses, mask: (losses * mask).mean(), "1.667 becomes 0.417"),
        (lambda losses, mask: losses.mean(), "where is the mask?"),
        (lambda losses, mask: (losses * mask).sum(), "the sum of the losses"),
        (lambda losses, mask: (losses * mask).sum() / mask.sum(), "zero times inf"),
        (
            lambda losses, mask: T.switch(T.isinf(losses), 0, losses * mask).sum() / mask.sum(),
            "zero times nan",
        ),
        (mean_of_means, "the mean of the sequences' means"),
        (lambda losses, mask: (losses * mask).sum(axis=0) / mask.sum(axis=0), "one number"),
        (lambda losses, mask: (losses * mask).sum() / 4, "Not yet"),
    ],
)
def test_mean_wrong(said, answer, reason):
    out = said("6.6.4", answer)
    assert out.startswith("Not yet: ")
    assert reason in out


def compile_slopes(truncate):
    a, h_0 = T.vector("a"), T.scalar("h_0")
    h, _ = theano.scan(
        lambda a_t, h_prev: T.tanh(a_t + 0.9 * h_prev),
        sequences=[a],
        outputs_info=[h_0],
        truncate_gradient=truncate,
    )
    return theano.function([a, h_0], [T.grad(T.sum(h**2), a), h[-1]])


@pytest.fixture(scope="module")
def whole():
    return compile_slopes(-1)


def in_chunks(whole, a, k, starts=None, carried=True):
    slopes, state = [np.zeros(0)], 0.0
    for start in range(0, len(a), k) if starts is None else starts:
        here, state = whole(a[start : start + k], state)
        slopes.append(here)
        state = state if carried else 0.0
    return np.concatenate(slopes)


@pytest.mark.parametrize("form", [np.asarray, list, lambda slopes: slopes.astype("float32")])
def test_chunks_right(said, whole, form):
    out = said("6.6.5", lambda a, k: form(in_chunks(whole, a, k)))
    assert out == "Correct: exercise 6.6.5 is solved.\n"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda whole, a, k: compile_slopes(4)(a, 0.0)[0], "8 steps have a slope of zero"),
        (lambda whole, a, k: whole(a, 0.0)[0], "nothing was cut"),
        (lambda whole, a, k: in_chunks(whole, a, k, carried=False), "carry the state"),
        (lambda whole, a, k: in_chunks(whole, a, 4), "chunks of 5"),
        (
            lambda whole, a, k: in_chunks(whole, a, k, range(0, len(a) - k + 1, k)),
            "10 steps have 10 slopes",
        ),
        (lambda whole, a, k: [whole(c, 0.0)[0] for c in np.split(a, 3)], "12 steps have 12"),
        (lambda whole, a, k: in_chunks(whole, a, k)[::-1], "the first chunk is wrong"),
    ],
)
def test_chunks_wrong(said, whole, answer, reason):
    out = said("6.6.5", lambda a, k: answer(whole, a, k))
    assert out.startswith("Not yet: ")
    assert reason in out


def states(x):
    def step(x_t, h_prev):
        return T.tanh(T.dot(Wxh, x_t) + T.dot(Whh, h_prev))

    return theano.scan(step, sequences=[x], outputs_info=[T.zeros(H)])[0]


def stable(x, y, Why):
    return T.nnet.categorical_crossentropy(T.nnet.softmax(T.dot(states(x), Why.T)), y).mean()


def by_log_sum_exp(x, y, Why):
    z = T.dot(states(x), Why.T)
    z = z - z.max(axis=1, keepdims=True)
    log_p = z - T.log(T.exp(z).sum(axis=1, keepdims=True))
    return -log_p[T.arange(y.shape[0]), y].mean()


@pytest.mark.parametrize("answer", [stable, by_log_sum_exp])
def test_stable_right(said, answer):
    assert said("6.6.6", answer, *WEIGHTS["6.6.6"]) == "Correct: exercise 6.6.6 is solved.\n"


def inside(x, Why):
    def step(x_t, h_prev):
        h_t = T.tanh(T.dot(Wxh, x_t) + T.dot(Whh, h_prev))
        return h_t, T.nnet.softmax(T.dot(Why, h_t).dimshuffle("x", 0))[0]

    return theano.scan(step, sequences=[x], outputs_info=[T.zeros(H), None])[0][1]


def fragile(x, y, Why):
    return T.nnet.categorical_crossentropy(inside(x, Why), y).mean()


def clipped(x, y, Why):
    p = T.clip(inside(x, Why), 1e-30, 1.0)
    return T.nnet.categorical_crossentropy(p, y).mean()


def added(x, y, Why):
    return -T.log(inside(x, Why)[T.arange(y.shape[0]), y] + 1e-30).mean()


def clipped_logits(x, y, Why):
    z = T.clip(T.dot(states(x), Why.T), -300, 300)
    return T.nnet.categorical_crossentropy(T.nnet.softmax(z), y).mean()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (fragile, "with weights times 5000 the loss is inf."),
        (clipped, "clip nothing, and add nothing"),
        (added, "clip nothing, and add nothing"),
        (clipped_logits, "clip nothing, and add nothing"),
        (lambda x, y, W: 6 * stable(x, y, W), "with ordinary weights the loss is"),
        (lambda x, y, W: stable(x, y, W) * T.ones(3), "return one number, the mean"),
        (lambda x, y, W: stable(x, 1 - y, W), "with ordinary weights the loss is"),
    ],
)
def test_stable_wrong(said, answer, reason):
    out = said("6.6.6", answer, *WEIGHTS["6.6.6"])
    assert out.startswith("Not yet: ")
    assert reason in out
