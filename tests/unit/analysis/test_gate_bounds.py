"""Intervals at tiny error rates: known values, and that none misses more often than it says."""

import numpy as np
import pytest
from scipy import stats

from sandwich_sim.analysis.gate_bounds import (
    apart_interval,
    bounded_interval,
    distance_allowance,
    flip_interval,
    fraction_lower,
    fraction_upper,
    moments,
    normal_factor,
    sparse_interval,
    tail_is_normal,
)

FALSE_ALARM = 1e-6
"""Of each check here, were its seed a fresh one."""


def most_misses(n: int, rate: float) -> int:
    """As many misses of n as a rate explains, but for one alarm in a million."""
    return int(stats.binom.isf(FALSE_ALARM, n, rate))


@pytest.mark.parametrize("tail", [1e-2, 1e-5, 1e-9, 1e-12])
def test_a_normal_factor_leaves_its_tail(tail):
    assert stats.norm.sf(normal_factor(tail)) == pytest.approx(tail, rel=1e-9)


@pytest.mark.parametrize(("count", "n"), [(0, 16384), (1, 100), (37, 1000), (99, 100), (100, 100)])
@pytest.mark.parametrize("tail", [1e-2, 1e-9])
def test_bounds_of_a_fraction_are_those_of_the_binomial_distribution(count, n, tail):
    upper, lower = fraction_upper(count, n, tail), fraction_lower(count, n, tail)
    if count < n:
        assert stats.binom.cdf(count, n, upper) == pytest.approx(tail, rel=1e-6)
    else:
        assert upper == 1.0
    if count:
        assert stats.binom.sf(count - 1, n, lower) == pytest.approx(tail, rel=1e-6)
    else:
        assert lower == 0.0


def test_no_change_at_all_bounds_the_mean_by_what_may_be_hidden():
    low, high = sparse_interval(0, 0, 16384, largest=150.0, negligible=0.005, tail=1e-3 / 3)
    assert high == pytest.approx(150.0 * -np.log(1e-3 / 3) / 16384 + 0.005, rel=1e-3)
    assert low == -high


@pytest.mark.parametrize("probability", [3e-5, 3e-4, 2e-3])
def test_the_exact_bound_of_a_sparse_change_holds(probability):
    """Every changed trajectory changes by the largest amount: the worst case."""
    n, runs, tail = 20_000, 100_000, 0.01
    counts = np.random.default_rng(1).binomial(n, probability, runs)
    highs = {count: sparse_interval(int(count), 0, n, 1.0, 0.0, tail)[1] for count in np.unique(counts)}
    misses = sum(highs[count] < probability for count in counts)
    assert misses <= most_misses(runs, tail)


@pytest.mark.parametrize(("up", "down"), [(0.002, 0.002), (0.01, 0.0), (0.2, 0.15)])
def test_the_exact_interval_of_flips_holds(up, down):
    n, runs, tail = 2_000, 20_000, 0.01
    draws = np.random.default_rng(2).multinomial(n, [up, down, 1.0 - up - down], runs)
    known: dict[tuple[int, int], tuple[float, float]] = {}
    misses = [0, 0]
    for ups, downs, _ in draws.tolist():
        if (ups, downs) not in known:
            known[ups, downs] = flip_interval(ups, downs, n, tail)
        low, high = known[ups, downs]
        misses[0] += low > up - down
        misses[1] += high < up - down
    assert max(misses) <= most_misses(runs, tail)


def test_the_exact_interval_of_two_samples_holds():
    tail, runs, rng = 0.01, 20_000, np.random.default_rng(3)
    old, new = rng.binomial(3000, 0.004, runs), rng.binomial(1000, 0.01, runs)
    misses = [0, 0]
    for a, b in zip(old.tolist(), new.tolist(), strict=True):
        low, high = apart_interval((a, 3000), (b, 1000), tail)
        misses[0] += low > 0.006
        misses[1] += high < 0.006
    assert max(misses) <= most_misses(runs, tail)


SHAPES = {
    "normal": lambda rng, n: (np.clip(rng.normal(0.0, 0.1, n), -1.0, 1.0), 0.0),
    "sparse": lambda rng, n: ((rng.uniform(size=n) < 0.005).astype(float), 0.005),
    "skewed": lambda rng, n: (rng.uniform(size=n) ** 8, 1.0 / 9.0),
    "two points": lambda rng, n: (np.where(rng.uniform(size=n) < 0.5, -1.0, 1.0), 0.0),
}


@pytest.mark.parametrize("name", SHAPES)
def test_the_bounded_interval_holds_for_any_shape(name):
    tail, runs, rng = 0.01, 1_000, np.random.default_rng(4)
    misses = [0, 0]
    for _ in range(runs):
        values, mean = SHAPES[name](rng, 1000)
        low, high = bounded_interval(values, 1.0, tail)
        misses[0] += low > mean
        misses[1] += high < mean
    assert max(misses) <= most_misses(runs, tail)


def test_the_bounded_interval_is_hardly_wider_than_a_normal_one_where_that_is_right():
    values = np.clip(np.random.default_rng(5).normal(0.0, 0.1, 16384), -1.0, 1.0)
    mean, spread, _ = moments(values)
    low, high = bounded_interval(values, 1.0, 1e-9)
    normal = normal_factor(1e-9) * spread / 128.0
    assert low < mean < high
    assert high - low < 1.5 * 2.0 * normal


def test_the_tail_guard_knows_the_skewness_at_which_a_tail_doubles():
    # exp(3.7 * 27 / (3 * sqrt(2000))) = 2.10
    assert not tail_is_normal(3.7, 2000, 3.0)
    assert tail_is_normal(3.4, 2000, 3.0)
    assert tail_is_normal(2.0, 20_000, 5.27)
    assert not tail_is_normal(2.1, 20_000, 5.27)
    assert tail_is_normal(-8.0, 320_000, 5.27)


def test_moments_are_those_of_the_textbook():
    values = np.random.default_rng(6).gamma(2.0, size=5000)
    expected = values.mean(), values.std(ddof=1), stats.skew(values)
    assert moments(values) == pytest.approx(expected, rel=1e-3)
    assert moments(np.full(100, 0.1)) == (pytest.approx(0.1), 0.0, 0.0)


def test_a_distance_between_distributions_is_bounded_as_massart_says():
    assert distance_allowance(20_000, 1e-6) == pytest.approx(0.01905, abs=1e-5)
