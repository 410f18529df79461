# %% [markdown]
# ## For the teacher
#
# **Time**: 120 minutes.
#
# **Before the first cell**: what would you forecast for next year, if you knew only this year?
#
# **What goes wrong**
#
# - Something of the future leaks into the past: a mean over all years, a window that ends one year too late.
# - A forecast has one number a year, also for the years that have none yet: NaN, not zero.
# - The width of a band is forgotten: a band without end holds everything.
#
# **Discuss**: the validation years would have advised against the model that wins.
# What follows?

# %% 6.2.1 | easy | 10 min | objective 2
# %% test: one year ago is persistence
assert np.allclose(cycle_ago(numbers, 1)[1:], numbers[:-1])
assert np.isnan(cycle_ago(numbers, 1)[0])
# %% test: whole numbers have years without a forecast, too
out = cycle_ago(np.arange(30), 5)
assert np.isnan(out[:5]).all()
assert np.array_equal(out[5:], np.arange(25))


# %% wrong: 11, whatever is asked
def cycle_ago(values, n):
    return np.r_[np.full(11, np.nan), values[:-11]]


# %% wrong: an array of whole numbers has no NaN
def cycle_ago(values, n):
    out = np.empty_like(values)
    out[:n] = np.nan
    out[n:] = values[:-n]
    return out


# %% 6.2.2 | medium | 15 min | objective 4
# %% test: a band without end holds everything
held, width = score_band([-np.inf, -np.inf], [np.inf, np.inf], [3, 200])
assert held == 1
assert width == np.inf
# %% test: widths that are not spread evenly
rng = np.random.default_rng(1)
low, counted = rng.uniform(0, 50, (2, 40))
high = low + rng.exponential(20, 40)
held, width = score_band([*low], [*high], [*counted])
assert np.isclose(held, ((low <= counted) & (counted <= high)).mean())
assert np.isclose(width, (high - low).mean())


# %% wrong: the median width
def score_band(low, high, counted):
    low, high, counted = np.array(low), np.array(high), np.array(counted)
    inside = (low <= counted) & (counted <= high)
    return inside.mean(), np.median(high - low)


# %% wrong: the distance from the middle, which a band without end does not have
def score_band(low, high, counted):
    low, high, counted = np.array(low), np.array(high), np.array(counted)
    inside = abs(counted - (low + high) / 2) <= (high - low) / 2
    return inside.mean(), (high - low).mean()


# %% 6.2.3 | open | 30 min | objective 3
# %% test: another series
assert np.allclose(line_start(numbers), forecast_ar(numbers, fit_ar(numbers, 9))[W:])
# %% test: the forecast of nine years, not of two
assert np.allclose(line_start(root), forecast_ar(root, fit_ar(root, 9))[W:])


# %% wrong: the roots, whatever is asked
def line_start(values):
    return forecast_ar(root, fit_ar(root, 9))[W:]


# %% wrong: two years
def line_start(values):
    return forecast_ar(values, fit_ar(values, 2))[W:]
