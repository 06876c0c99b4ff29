"""Indices from given data agree with closed forms within the intervals that they state."""

from functools import partial

import numpy as np
import pytest
from scipy import stats

from known_sensitivities import g_function, gaussian_linear, ishigami
from sandwich_sim.analysis.sensitivity import _lowest_fifth, _mean_within
from sandwich_sim.analysis.sensitivity_first import (
    Bins,
    bin_inputs,
    bootstrap_error,
    choose_bins,
    first_order,
    resampling_weights,
    sum_by_bin,
)
from sandwich_sim.analysis.sensitivity_moment import moment_independent
from sandwich_sim.analysis.sensitivity_total import TotalBounder
from stochastic import assert_close_to

CASES = {"ishigami": ishigami, "g": g_function, "gaussian": gaussian_linear}
STUDENT_LIMIT = float(stats.t.isf(1e-6 / 2, 15)) / float(stats.norm.isf(1e-6 / 2))
"""Errors have 15 degrees of freedom: so much wider than those of `assert_close_to`."""


def sample(case, n, seed=1):
    x = case.draw(np.random.default_rng(seed), n)
    return x, case.evaluate(x)


def indices(x, y, **options):
    found = first_order(sum_by_bin(bin_inputs(x), np.atleast_2d(y)), **options)
    return found.value[:, 0], found.standard_error[:, 0]


@pytest.mark.parametrize("name", CASES)
def test_first_order_indices_are_those_of_the_closed_form(name):
    case = CASES[name]()
    value, error = indices(*sample(case, 131_072))
    for found, expected, own in zip(value, case.first, error, strict=True):
        assert_close_to(found, expected, STUDENT_LIMIT * own + 2e-5, detectable=0.03, n_checks=12)


@pytest.mark.parametrize("name", CASES)
def test_total_indices_lie_within_their_bounds(name):
    """The bounds are wide where three inputs or noise are left, but hold the truth."""
    case = CASES[name]()
    x, y = sample(case, 32_768)
    found = TotalBounder(x, case.groups).bounds(y)
    reach = float(stats.t.isf(1e-6 / 24, 15))
    assert (found.low - reach * found.low_error <= case.total + 0.002).all()
    assert (found.high + reach * found.high_error >= case.total - 0.002).all()
    assert found.unexplained < 0.01
    assert (found.high - found.low).max() < 0.01  # identified: nothing is left to explain
    assert found.low_error.max() < 0.02


def test_noise_widens_the_bounds_by_what_it_carries():
    case = gaussian_linear()
    x, y = sample(case, 32_768)
    noise = np.random.default_rng(2).normal(size=y.size) * y.std()
    found = TotalBounder(x, case.groups).bounds(y + noise)
    assert_close_to(found.unexplained, 0.5, 0.006, detectable=0.05)
    assert (found.low <= 0.5 * case.total + 0.03).all() and (found.high >= 0.5 * case.total - 0.03).all()


def coverage(case, n, replications, **options):
    """How often the 95% intervals of all inputs hold the truth, by input."""
    hits = np.zeros(case.first.size)
    for seed in range(replications):
        value, error = indices(*sample(case, n, seed), seed=seed, **options)
        hits += np.abs(value - case.first) <= 2.131 * error
    return hits / replications


@pytest.mark.parametrize("name", CASES)
def test_intervals_hold_the_truth_as_often_as_they_say(name):
    """200 replications: below 0.89 in one of 2,000 cases where 0.95 is true."""
    assert coverage(CASES[name](), 2048, 200, resamples=48).min() > 0.89


@pytest.mark.nightly
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("n", [2048, 32_768])
def test_intervals_hold_the_truth_in_many_replications(name, n):
    found = coverage(CASES[name](), n, 1000)
    assert found.min() > 0.92, found


def test_an_input_without_influence_has_an_index_of_noise():
    x, y = sample(ishigami(), 65_536)
    value, error = indices(x, y)
    assert abs(value[3]) < 6.0 * error[3] + 1e-12 < 0.005


def test_an_input_of_two_values_carries_what_lies_between_them():
    generator = np.random.default_rng(3)
    coin = generator.integers(0, 2, 65_536).astype(np.float64)
    y = coin + generator.normal(size=coin.size)
    value, error = indices(coin[None], y)
    assert_close_to(value[0], 0.2, STUDENT_LIMIT * error[0], detectable=0.03)


def test_an_outcome_that_never_changes_depends_on_nothing():
    x = np.random.default_rng(1).uniform(size=(2, 2048))
    value, error = indices(x, np.full(2048, 3.0))
    assert (value == 0.0).all() and (error == 0.0).all()
    assert TotalBounder(x).bounds(np.full(2048, 3.0)).high.tolist() == [0.0, 0.0]


def test_many_outcomes_are_measured_as_if_each_were_alone():
    x, y = sample(ishigami(), 8192)
    both = first_order(sum_by_bin(bin_inputs(x), np.stack([y, x[1]])))
    np.testing.assert_allclose(both.value[:, 0], indices(x, y)[0], rtol=1e-5, atol=1e-7)
    assert both.value[1, 1] == pytest.approx(1.0, abs=1e-3)


def test_bins_follow_the_values():
    draws = np.random.default_rng(1).lognormal(0.0, 2.0, 65_536)
    bins = Bins(draws, 64)
    count = np.bincount(bins.place(draws), minlength=64)
    assert bins.is_even and count.size == 64
    assert (np.diff([draws[bins.place(draws) == level].mean() for level in range(64)]) > 0.0).all()
    few = Bins(np.array([1.0, 5.0, 5.0, 9.0]), 64)
    assert few.place(np.array([1.0, 5.0, 9.0])).tolist() == [0, 1, 2] and not few.is_even
    assert (choose_bins(1024), choose_bins(10**6)) == (16, 64)


def test_resampled_groups_err_as_the_groups_do():
    """The bootstrap error of a mean of sixteen numbers is its standard error."""
    values = np.random.default_rng(1).normal(size=16)
    again = resampling_weights(20_000, 1) @ values / 16.0
    assert bootstrap_error(again) == pytest.approx(values.std(ddof=1) / 4.0, rel=0.03)


def gaussian_delta(slope):
    """Half the area between N(slope x, 1 - slope^2) and N(0, 1), over x."""
    x, y = np.linspace(-6.0, 6.0, 601), np.linspace(-8.0, 8.0, 3201)
    gap = np.abs(stats.norm.pdf(y, slope * x[:, None], np.sqrt(1 - slope**2)) - stats.norm.pdf(y))
    return 0.5 * np.trapezoid(np.trapezoid(gap, y, axis=1) * stats.norm.pdf(x), x)


def gaussian_pawn(slope, n_range=16):
    """Median over ranges of the largest gap between the distribution functions of the same pair."""
    x = stats.norm.ppf((np.arange(n_range * 400) + 0.5) / (n_range * 400)).reshape(n_range, -1)
    y = np.linspace(-4.0, 4.0, 801)
    inside = stats.norm.cdf((y - slope * x[:, :, None]) / np.sqrt(1 - slope**2)).mean(axis=1)
    return np.median(np.abs(inside - stats.norm.cdf(y)).max(axis=1))


SLOPES = (0.0, 0.05, 0.2, 0.6)
STRONG = (0.02, 0.1, 0.9)


def gaussian_sum(slopes, n, seed):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(len(slopes), n))
    rest = np.sqrt(1.0 - np.square(slopes).sum())
    return x, np.asarray(slopes) @ x + rest * generator.normal(size=n)


def moment_coverage(slopes, n, replications):
    """How often the 95% intervals hold the truth: delta by input, then PAWN."""
    delta, pawn = (np.array([f(slope) for slope in slopes]) for f in (gaussian_delta, gaussian_pawn))
    hits = np.zeros((2, len(slopes)))
    for seed in range(replications):
        x, y = gaussian_sum(slopes, n, seed)
        found = moment_independent(bin_inputs(x), y, seed=seed)
        hits[0] += np.abs(found.delta - delta) <= 2.131 * found.delta_error
        hits[1] += np.abs(found.pawn - pawn) <= 2.131 * found.pawn_error
    return hits / replications


def test_delta_and_pawn_have_intervals_that_hold_the_truth():
    """100 replications: below 0.85 in one of 6,000 cases where 0.95 is true."""
    assert moment_coverage(SLOPES, 2048, 100).min() > 0.85


@pytest.mark.nightly
@pytest.mark.parametrize("slopes", [SLOPES, STRONG], ids=str)
@pytest.mark.parametrize("n", [2048, 32_768, 262_144])
def test_delta_and_pawn_have_intervals_that_hold_the_truth_in_many_replications(slopes, n):
    found = moment_coverage(slopes, n, 1000 if n < 100_000 else 200)
    print(n, slopes, found)
    assert found.min() > (0.92 if n < 100_000 else 0.89), found


@pytest.mark.nightly
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("n", [2048, 32_768])
def test_bounds_of_total_indices_hold_the_truth_in_many_replications(name, n):
    case = CASES[name]()
    hits = np.zeros(case.first.size)
    for seed in range(200):
        x, y = sample(case, n, seed)
        found = TotalBounder(x, case.groups, seed=seed).bounds(y)
        above = found.low - 2.131 * found.low_error <= case.total
        hits += above & (case.total <= found.high + 2.131 * found.high_error)
    print(name, n, hits / 200)
    assert (hits / 200).min() > 0.89, hits


def test_delta_is_that_of_a_gaussian_pair():
    x, y = gaussian_sum((0.6, 0.0), 262_144, 4)
    found = moment_independent(bin_inputs(x), y)
    for value, error, slope in zip(found.delta, found.delta_error, (0.6, 0.0), strict=True):
        assert_close_to(value, gaussian_delta(slope), STUDENT_LIMIT * error, detectable=0.02)


def salib_delta(x, y):
    delta = pytest.importorskip("SALib.analyze.delta")
    calc = partial(delta.calc_delta, y, np.linspace(y.min(), y.max(), 100))
    return [calc(row, np.linspace(0, y.size, 17)) for row in x]


def test_pawn_and_delta_agree_with_salib():
    """SALib's estimates of the same sample: never below noise, so compared for inputs that matter."""
    pawn = pytest.importorskip("SALib.analyze.pawn")
    x, y = gaussian_sum((0.6, 0.4), 8192, 7)
    found = moment_independent(bin_inputs(x), y)
    np.testing.assert_allclose(found.delta, salib_delta(x, y), atol=0.03)
    x, y = sample(ishigami(), 16_384)
    problem = {"num_vars": 4, "names": list("abcd"), "bounds": [[-4.0, 4.0]] * 4}
    other = pawn.analyze(problem, x.T, y, S=16)["median"]
    np.testing.assert_allclose(moment_independent(bin_inputs(x), y).pawn[:3], other[:3], atol=0.03)


def test_delta_of_densities_with_poles_is_nearer_than_a_smooth_estimate():
    """Ishigami: from counts of 125 million points in 512 by 512 cells, which still rise by 0.002."""
    x, y = sample(ishigami(), 65_536)
    truth = np.array([0.265, 0.425, 0.209])
    missed = np.abs(moment_independent(bin_inputs(x), y).delta[:3] - truth)
    assert missed.max() < 0.025
    assert (missed < np.abs(np.array(salib_delta(x[:3, :4096], y[:4096])) - truth)).all()


def test_events_have_a_delta():
    x = np.random.default_rng(5).uniform(size=(1, 65_536))
    found = moment_independent(bin_inputs(x), (x[0] > 0.5).astype(np.float64))
    assert found.delta[0] == pytest.approx(0.5, abs=0.01)


def test_means_of_fifths_are_those_of_all_trajectories():
    """Not of those alone whose draws are kept; of a discrete input, a part of its lowest value."""
    rng = np.random.default_rng(4)
    n = 3 * 65_536
    x = np.stack([rng.normal(size=n), rng.integers(0, 4, n).astype(float)]).astype(np.float32)
    y = x[0] + np.float32(0.5) * x[1] + rng.normal(size=n).astype(np.float32)
    y[65_536:] += 1.0
    sums = sum_by_bin(bin_inputs(x), y[np.newaxis])
    low, error = _mean_within(sums.count, sums.total[..., 0], _lowest_fifth(sums.count))
    found = low + sums.center[0]
    own = y[x[0] <= np.quantile(x[0], 0.2)]
    assert found[0] == pytest.approx(own.mean(), abs=0.01)
    assert error[0] == pytest.approx(own.std() / np.sqrt(own.size), rel=0.6)
    assert found[1] == pytest.approx(y[x[1] == 0.0].mean(), abs=1e-4)
