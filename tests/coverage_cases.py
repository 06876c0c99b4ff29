"""Cases with known truth: what part of the 95% intervals that the product reports holds it.

Each case makes ``repeats`` independent samples and returns which intervals hold the truth. The
samplers are the product's own where points hang together (sobol).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from math import exp, factorial, log

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from drawn_specs import uniforms
from sandwich_sim.analysis.difference import paired_difference
from sandwich_sim.analysis.metrics import Metric, Statistic
from sandwich_sim.analysis.statistic import interval_of
from sandwich_sim.analysis.weighted import weighted_quantiles
from sandwich_sim.analysis.weights import make_weights
from sandwich_sim.results.estimate import estimate_mean, interval_factor, probability_interval
from sandwich_sim.results.histogram import N_EXTRA, estimate_quantiles
from sandwich_sim.sampling import draw_plan, draw_rows

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
N_GROUP = 16


def scrambled(n_dimension: int, n: int, repeats: int, seed: int, sampler: str = "sobol") -> Iterator[Floats]:
    """Yield uniforms by points that hang together, shape (n_dimension, n), each with a seed of its own."""
    spec = uniforms(*(f"input_{k}" for k in range(n_dimension)))
    for k in range(repeats):
        plan = draw_plan(spec, seed=seed + k, sampler=sampler, trajectories=n)
        yield draw_rows(plan, range(n_dimension), np.arange(n))


def groups_of(values: Floats) -> Floats:
    """Split the last axis by i % 16; the group comes first."""
    return np.moveaxis(values.reshape(*values.shape[:-1], -1, N_GROUP), -1, 0)


def mean_holds(values: Floats, truth: float, *, is_replicated: bool) -> Flags:
    """Which of many samples, shape (repeats, n), have an interval of the mean that holds the truth."""
    parts = groups_of(values)
    count = np.full(parts.shape[:-1], parts.shape[-1])
    mean, error = estimate_mean(parts.sum(-1), (parts**2).sum(-1), count, is_replicated=is_replicated)
    return np.asarray(np.abs(mean - truth) <= interval_factor(is_replicated=is_replicated) * error)


def probability_holds(flags: Flags, truth: float, *, is_replicated: bool) -> Flags:
    """As `mean_holds`, of the probability of a flag."""
    parts = groups_of(flags)
    count = np.full(parts.shape[:-1], parts.shape[-1])
    low, high = probability_interval(parts.sum(-1), count, is_replicated=is_replicated)
    return np.asarray((low <= truth) & (truth <= high))


def quantile_holds(
    samples: Iterator[Floats], level: float, truth: float, limits: tuple[float, float], *, is_replicated: bool
) -> Flags:
    """As `mean_holds`, of a quantile from the histogram that a run stores (1,024 buckets)."""
    n_bucket, batch = 1024, 250
    low, high = limits
    found = []
    while values := list(islice(samples, batch)):
        place = np.floor((np.array(values) - low) / (high - low) * n_bucket).astype(np.int64)
        column = np.where(place < 0, n_bucket, np.minimum(place, n_bucket + 1))
        column[place == n_bucket] = n_bucket + 1
        shape = (N_GROUP, len(values), n_bucket + N_EXTRA)
        group, sample = np.arange(column.shape[1]) % N_GROUP, np.arange(len(values))[:, None]
        place = np.ravel_multi_index((np.broadcast_to(group, column.shape), sample, column), shape)
        counts = np.bincount(place.ravel(), minlength=int(np.prod(shape))).reshape(shape)
        estimate = estimate_quantiles(counts, low, high, 0.0, (level,), is_replicated=is_replicated)
        found.append((estimate.low[0] <= truth) & (truth <= estimate.high[0]))
    return np.concatenate(found)


def mean_of_normal(repeats: int, seed: int) -> Flags:
    """Plain sampling, symmetric."""
    values = np.random.default_rng(seed).normal(2.0, 3.0, (repeats, 512))
    return mean_holds(values, 2.0, is_replicated=False)


def mean_of_lognormal(repeats: int, seed: int) -> Flags:
    """Plain sampling, skewed (skewness 6.2)."""
    values = np.random.default_rng(seed).lognormal(0.0, 1.0, (repeats, 4096))
    return mean_holds(values, exp(0.5), is_replicated=False)


def mean_by_sobol(repeats: int, seed: int) -> Flags:
    """Scrambled Sobol points, skewed: ``exp(u1 + u2 + u3)``."""
    samples = scrambled(3, 16 * 32, repeats, seed)
    values = np.array([np.exp(points.sum(axis=0)) for points in samples])
    return mean_holds(values, (exp(1.0) - 1.0) ** 3, is_replicated=True)


def even_probability(repeats: int, seed: int) -> Flags:
    """Plain sampling, in the middle."""
    return probability_holds(
        np.random.default_rng(seed).random((repeats, 1024)) < 0.3, 0.3, is_replicated=False
    )


def probability_near_zero(repeats: int, seed: int) -> Flags:
    """Plain sampling, eight hits expected of 4,096."""
    flags = np.random.default_rng(seed).random((repeats, 4096)) < 8 / 4096
    return probability_holds(flags, 8 / 4096, is_replicated=False)


def probability_near_one_by_sobol(repeats: int, seed: int) -> Flags:
    """Scrambled Sobol points, nine misses expected of 1,024: ``u1 u2 u3 u4 > c``."""
    c = 0.0015
    truth = 1.0 - c * sum((-log(c)) ** k / factorial(k) for k in range(4))
    samples = scrambled(4, 1024, repeats, seed)
    flags = np.array([points.prod(axis=0) > c for points in samples])
    return probability_holds(flags, truth, is_replicated=True)


def probability_by_sobol(repeats: int, seed: int) -> Flags:
    """Scrambled Sobol points, a corner of probability 1/6: ``u1 + u2 + u3 < 1``."""
    samples = scrambled(3, 1024, repeats, seed)
    flags = np.array([points.sum(axis=0) < 1.0 for points in samples])
    return probability_holds(flags, 1 / 6, is_replicated=True)


def quantile_of_skewed(repeats: int, seed: int) -> Flags:
    """Plain sampling, the 95% quantile of an exponential from a stored histogram."""
    generator = np.random.default_rng(seed)
    samples = (generator.exponential(1.0, 4096) for _ in range(repeats))
    return quantile_holds(samples, 0.95, log(20.0), (0.0, 12.0), is_replicated=False)


def quantile_by_sobol(repeats: int, seed: int) -> Flags:
    """Sobol inputs and random shocks, as the model has them: the 5% quantile of ``u1 + u2 + shock``."""
    generator = np.random.default_rng(seed)
    samples = (points.sum(axis=0) + generator.random(4096) for points in scrambled(2, 4096, repeats, seed))
    return quantile_holds(samples, 0.05, 0.3 ** (1 / 3), (-0.5, 3.5), is_replicated=True)


def median_from_values(repeats: int, seed: int) -> Flags:
    """Plain sampling, the median of a lognormal by the order of the values themselves."""
    generator, scramble = np.random.default_rng(seed), (np.arange(1024) % 16).astype(np.uint8)
    metric = Metric("x", "x", "1", "series", "gap")
    statistic = Statistic("p50(x)", "quantile", metric, level=0.5)
    found = []
    for _ in range(repeats):
        values = generator.lognormal(0.0, 1.5, 1024)
        low, high = interval_of(statistic, values, scramble, is_replicated=False, alpha=0.05)
        found.append(low <= 1.0 <= high)
    return np.array(found)


def paired_difference_of_means(repeats: int, seed: int) -> Flags:
    """Scrambled Sobol points, the same on both sides: ``u1 u2`` against ``u1^2``."""
    scramble = (np.arange(512) % 16).astype(np.uint8)
    found = []
    for one, other in scrambled(2, 512, repeats, seed):
        low, high = paired_difference(one * other, one**2, scramble, is_replicated=True).interval()
        found.append(low <= 1 / 3 - 1 / 4 <= high)
    return np.array(found)


SPREAD = log(2.0) / stats.norm.ppf(0.95)
"""Standard deviation of the logarithm of an input, given two readings of it by evidence."""


def weighted_quantile(level: float, noise: float, repeats: int, seed: int) -> Flags:
    """Scrambled Sobol points, one input given two readings of it, and a shock of the outcome."""
    generator, scramble = np.random.default_rng(seed), (np.arange(4096) % N_GROUP).astype(np.uint8)
    scores = np.linspace(-6.0, 6.0, 20_001)
    density = np.exp(-0.5 * scores**2 - (4.0 * np.exp(SPREAD * scores) - 3.0) ** 2)

    def excess(y: float) -> float:
        places = (log(y / 4.0) - SPREAD * scores) / noise
        return float((density * stats.norm.cdf(places)).sum() / density.sum()) - level

    truth = optimize.brentq(excess, 0.1, 40.0, xtol=1e-9)
    found = []
    for (points,) in scrambled(1, 4096, repeats, seed):
        values = 4.0 * np.exp(SPREAD * stats.norm.ppf(points))
        weights = make_weights(-((values - 3.0) ** 2), scramble, is_replicated=True)
        outcomes = values * np.exp(noise * generator.normal(size=values.size))
        low, high = weighted_quantiles(outcomes, weights, (level,))[0].interval()
        found.append(low <= truth <= high)
    return np.array(found)


def weighted_quantile_by_sobol(repeats: int, seed: int) -> Flags:
    """Given evidence, the 5% quantile of an outcome that has a shock, as every outcome of the model has."""
    return weighted_quantile(0.05, 0.3, repeats, seed)


def weighted_quantile_without_shocks(repeats: int, seed: int) -> Flags:
    """The same of the input itself: a known miss, since in effect sixteen points make the quantile."""
    return weighted_quantile(0.05, 1e-6, repeats, seed)


CASES: tuple[Callable[[int, int], Flags], ...] = (
    mean_of_normal,
    mean_of_lognormal,
    mean_by_sobol,
    even_probability,
    probability_near_zero,
    probability_near_one_by_sobol,
    probability_by_sobol,
    quantile_of_skewed,
    quantile_by_sobol,
    median_from_values,
    paired_difference_of_means,
    weighted_quantile_by_sobol,
)
"""Those that must cover; `weighted_quantile_without_shocks` is known to miss."""


def false_alarm(coverage: float, repeats: int, within: float) -> float:
    """How often a share of ``repeats`` lies further than ``within`` from 95% if it is ``coverage``."""
    low, high = np.floor((0.95 - within) * repeats), np.ceil((0.95 + within) * repeats)
    law = stats.binom(repeats, coverage)
    return float(law.cdf(low - 1) + law.sf(high))
