"""How sure means, probabilities, quantiles and their differences are."""

from math import inf, isnan, nan, sqrt

import numpy as np
import pytest
from scipy import stats

from sandwich_sim.analysis.difference import (
    Measured,
    group_means,
    measure_mean,
    measure_probability,
    measure_quantiles,
    paired_difference,
    paired_probability_difference,
    student_factor,
    unpaired_difference,
)
from stochastic import assert_counts

ALPHA = 0.05


def groups_of(n):
    return (np.arange(n) % 16).astype(np.uint8)


def normals(n, seed=1, **options):
    return np.random.default_rng(seed).normal(size=n, **options)


def test_a_mean_of_independent_trajectories_has_the_interval_of_students_t():
    values = normals(500)
    found = measure_mean(values, groups_of(500), is_replicated=False)
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(1.0 - ALPHA)
    np.testing.assert_allclose(found.interval(ALPHA), expected, rtol=1e-10)
    assert found.p_value() == pytest.approx(stats.ttest_1samp(values, 0.0).pvalue)


def test_a_mean_of_scrambles_has_the_interval_of_their_sixteen_means():
    values = normals(640)
    found = measure_mean(values, groups_of(640), is_replicated=True)
    means = values.reshape(-1, 16).mean(axis=0)
    expected = stats.ttest_1samp(means, 0.0).confidence_interval(1.0 - ALPHA)
    np.testing.assert_allclose(found.interval(ALPHA), expected, rtol=1e-10)
    assert found.degrees_of_freedom == 15


@pytest.mark.parametrize("n", [640, 645])
def test_the_mean_of_each_group_is_that_of_its_trajectories(n):
    values, groups = normals(n), groups_of(n)
    expected = [values[groups == group].mean() for group in range(16)]
    np.testing.assert_allclose(group_means(values, groups), expected, rtol=1e-12)


def test_undefined_values_are_left_out_and_the_rest_is_counted():
    values = normals(640)
    values[::7] = nan
    found = measure_mean(values, groups_of(640), is_replicated=True)
    assert found.n == np.isfinite(values).sum()
    assert found.value == pytest.approx(np.nanmean(values))
    assert found.standard_error > 0


@pytest.mark.parametrize(("n", "is_replicated"), [(1, False), (0, False), (15, True)])
def test_too_few_trajectories_give_no_error_and_say_why(n, is_replicated):
    found = measure_mean(normals(n), groups_of(n), is_replicated=is_replicated)
    assert isnan(found.standard_error) and found.reason
    assert isnan(found.p_value())
    assert not found.is_known


def test_a_group_without_a_value_gives_no_error():
    values = normals(160)
    values[3::16] = nan
    assert not measure_mean(values, groups_of(160), is_replicated=True).is_known


@pytest.mark.parametrize("hits", [0, 1])
def test_what_never_or_always_happened_has_an_error(hits):
    found = measure_probability(np.full(1600, bool(hits)), groups_of(1600), is_replicated=True)
    assert found.value == hits
    # About the 95% bound of the rule of three: 3/n.
    assert 0.5 * 3 / 1600 < found.half_width(ALPHA) < 2 * 3 / 1600


def test_a_probability_is_the_mean_of_its_flags():
    flags = normals(1600) > 0.5
    found = measure_probability(flags, groups_of(1600), is_replicated=False)
    assert found.value == flags.mean()
    assert found.standard_error == pytest.approx(sqrt(flags.mean() * (1 - flags.mean()) / 1599))


def test_quantiles_are_those_of_numpy():
    values = normals(4800)
    values[5] = nan
    levels = [0.05, 0.5, 0.95]
    found = measure_quantiles(values, levels, groups_of(4800), is_replicated=True)
    np.testing.assert_allclose([each.value for each in found], np.nanquantile(values, levels), rtol=1e-12)


def test_the_error_of_a_quantile_is_the_one_of_theory():
    """Mean of squared errors over many samples, within a fifth; falsely once in 1e6."""
    level, n = 0.9, 1600
    density = stats.norm.pdf(stats.norm.ppf(level))
    expected = level * (1 - level) / n / density**2
    generator = np.random.default_rng(2)
    squares = [
        measure_quantiles(generator.normal(size=n), [level], groups_of(n), is_replicated=True)[
            0
        ].standard_error
        ** 2
        for _ in range(1500)
    ]
    # The spread of 16 group estimates has a relative error of sqrt(2 / 15).
    assert np.mean(squares) == pytest.approx(expected, rel=0.07 + 5 * sqrt(2 / 15 / 1500))


@pytest.mark.parametrize("level", [0.05, 0.5, 0.95])
def test_intervals_of_quantiles_by_order_cover(level):
    """Skewed values, 1,000 samples: a right interval passes 95 +- 3 points once in 80,000 times."""
    generator, truth, hits = np.random.default_rng(8), -np.log1p(-level), 0
    for _ in range(1000):
        values = generator.exponential(size=4096)
        (found,) = measure_quantiles(values, [level], groups_of(4096), is_replicated=False)
        assert found.value == pytest.approx(np.quantile(values, level))
        low, high = found.interval()
        hits += low <= truth <= high
    print(f"p{100 * level:g}: {hits / 10:.1f}%")
    assert abs(hits / 1000 - 0.95) <= 0.03


def test_a_quantile_beside_events_that_never_came_has_no_error():
    values = np.concatenate([np.arange(500.0), np.full(500, inf)])
    (found,) = measure_quantiles(values, [0.49], groups_of(1000), is_replicated=False)
    assert isnan(found.standard_error) and "never came" in found.reason


def test_groups_that_are_too_small_for_a_quantile_give_none():
    (found,) = measure_quantiles(normals(320), [0.05], groups_of(320), is_replicated=True)
    assert isnan(found.standard_error) and found.reason == "too few trajectories"


def test_identical_sides_differ_by_exactly_nothing():
    values = normals(640)
    for is_replicated in (True, False):
        found = paired_difference(values, values.copy(), groups_of(640), is_replicated=is_replicated)
        assert (found.value, found.standard_error) == (0.0, 0.0)
        assert found.p_value() == 1.0


def test_a_paired_difference_is_the_mean_over_pairs_that_both_have():
    a, b = normals(640), normals(640, seed=2)
    a[0], b[1] = nan, nan
    found = paired_difference(a, b, groups_of(640), is_replicated=False)
    assert found.n == 638
    assert found.value == pytest.approx((b - a)[2:].mean())


def test_flags_that_agree_everywhere_still_have_an_error():
    flags = (normals(1600) > 0).astype(float)
    found = paired_probability_difference(flags, flags, groups_of(1600), is_replicated=True)
    assert found.value == 0.0
    assert 0.5 / 1600 < found.standard_error < 2 / 1600


def test_an_unpaired_difference_is_that_of_welch():
    a, b = normals(100), normals(300, seed=2, scale=3.0)
    sides = [measure_mean(x, groups_of(x.size), is_replicated=False) for x in (a, b)]
    found = unpaired_difference(*sides)
    expected = stats.ttest_ind(b, a, equal_var=False)
    assert found.degrees_of_freedom == pytest.approx(expected.df)
    assert found.p_value() == pytest.approx(expected.pvalue)


def test_errors_add_up_where_two_sides_hang_together_in_an_unknown_way():
    a, b = Measured(1.0, 0.3, 15.0, 10), Measured(3.0, 0.4, inf, 20)
    found = unpaired_difference(a, b, is_independent=False)
    assert (found.value, found.standard_error, found.degrees_of_freedom, found.n) == (2.0, 0.7, 15.0, 10)
    assert unpaired_difference(a, b).standard_error == pytest.approx(0.5)


def test_a_missing_side_gives_no_difference_and_its_reason():
    missing = Measured(nan, nan, reason="too few trajectories")
    assert unpaired_difference(Measured(1.0, 0.1), missing).reason == "too few trajectories"


@pytest.mark.parametrize("freedom", [15.0, 40.0, inf])
@pytest.mark.parametrize("alpha", [0.05, 1e-6])
def test_factors_are_those_of_scipy(freedom, alpha):
    expected = stats.t.isf(alpha / 2, freedom) if freedom < inf else stats.norm.isf(alpha / 2)
    assert student_factor(alpha, freedom) == pytest.approx(expected)


def test_another_unit_changes_value_and_error_alike():
    found = Measured(0.2, 0.01, 15.0, 7).scaled(-100.0)
    assert (found.value, found.standard_error, found.n) == (-20.0, 1.0, 7)


# Coverage: 12,000 samples each, exact binomial tails, falsely alarmed once in 1e6 together; a
# rate of misses that is off by 0.01 is noticed.
SAMPLES = 12_000
N = 256


def sobol_like(generator, n_sample):
    """Trajectories whose scrambles are independent, and which hang together within each."""
    within = generator.normal(size=(n_sample, N))
    return within + generator.normal(size=(n_sample, 16))[:, groups_of(N)]


def misses(found, truth):
    return sum(not low <= truth <= high for low, high in (each.interval(ALPHA) for each in found))


def assert_misses(n_missed):
    assert_counts(np.array([n_missed, SAMPLES - n_missed]), np.array([ALPHA, 1 - ALPHA]), detectable=0.011)


@pytest.mark.parametrize("is_replicated", [True, False])
def test_paired_intervals_miss_as_often_as_they_say(is_replicated):
    generator, groups = np.random.default_rng(3), groups_of(N)
    draw = sobol_like if is_replicated else lambda generator, n: generator.normal(size=(n, N))
    a = draw(generator, SAMPLES)
    b = 0.5 * a + draw(generator, SAMPLES) + 0.2
    found = [paired_difference(x, y, groups, is_replicated=is_replicated) for x, y in zip(a, b, strict=True)]
    assert_misses(misses(found, 0.2))


@pytest.mark.parametrize("is_replicated", [True, False])
def test_unpaired_intervals_miss_as_often_as_they_say(is_replicated):
    generator, groups = np.random.default_rng(4), groups_of(N)
    draw = sobol_like if is_replicated else lambda generator, n: generator.normal(size=(n, N))
    sides = [
        [measure_mean(x, groups, is_replicated=is_replicated) for x in draw(generator, SAMPLES) + mean]
        for mean in (0.0, 0.2)
    ]
    found = [unpaired_difference(x, y) for x, y in zip(*sides, strict=True)]
    assert_misses(misses(found, 0.2))


def test_pooled_errors_would_miss_far_too_often_with_sobol():
    generator = np.random.default_rng(5)
    found = [measure_mean(x, groups_of(N), is_replicated=False) for x in sobol_like(generator, 500)]
    assert misses(found, 0.0) > 200
