"""Sorted values by group: quantiles, distribution functions, shortfalls."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sandwich_sim.analysis.compare_groups import is_in_turn, quantile_slope, sort_groups, sorted_quantiles

LEVELS = (0.0, 0.05, 0.3, 0.5, 0.95, 1.0)


def groups_of(n):
    return (np.arange(n) % 16).astype(np.uint8)


def sample(n=485, seed=1):
    values = np.random.default_rng(seed).normal(size=n).round(1)  # with ties
    values[::11] = np.nan
    return values


@pytest.mark.parametrize("n", [480, 485])
def test_groups_hold_the_defined_values_of_their_trajectories_in_order(n):
    values, groups = sample(n), groups_of(n)
    found = sort_groups(values, groups)
    for group, part in enumerate(found.groups):
        mine = values[groups == group]
        np.testing.assert_array_equal(part, np.sort(mine[~np.isnan(mine)]))
    np.testing.assert_array_equal(found.pooled, np.sort(values[~np.isnan(values)]))
    assert found.n == np.isfinite(values).sum()


def test_trajectories_in_any_order_are_grouped_alike():
    values, groups = sample(480), groups_of(480)
    order = np.random.default_rng(2).permutation(480)
    assert not is_in_turn(groups[order])
    one, two = sort_groups(values, groups), sort_groups(values[order], groups[order])
    for part, other in zip(one.groups, two.groups, strict=True):
        np.testing.assert_array_equal(part, other)


@given(arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e6, 1e6)))
def test_quantiles_are_those_of_numpy(values):
    found = sorted_quantiles(np.sort(values), LEVELS)
    np.testing.assert_allclose(found, np.quantile(values, LEVELS), rtol=1e-9, atol=1e-6)


def test_no_values_have_no_quantiles():
    assert np.isnan(sorted_quantiles(np.empty(0), LEVELS)).all()


def test_what_groups_say_of_a_quantile_is_the_part_below_it_by_the_slope():
    values, groups = sample(4805), groups_of(4805)
    found = sort_groups(values, groups)
    columns = found.quantile_columns(LEVELS)
    np.testing.assert_array_equal(columns[:, 0], found.quantiles(LEVELS))
    for level, (whole, *of_groups) in zip(LEVELS, columns.tolist(), strict=True):
        if not found.n * min(level, 1.0 - level) >= 50:
            assert np.isnan(of_groups).all()
            continue
        slope = quantile_slope(found.pooled, level)
        below = found.shares_below(np.array([whole]))[:, 0]
        np.testing.assert_allclose(of_groups, whole + slope * ((found.pooled <= whole).mean() - below))
        assert abs(np.mean(of_groups) - whole) < 0.1 * np.std(of_groups)


def test_the_slope_of_quantiles_is_one_over_the_density():
    """Of 4,096 exponentials, on average over 400 samples: within 2%, four of its standard errors."""
    generator, level = np.random.default_rng(12), 0.9
    slopes = [quantile_slope(np.sort(generator.exponential(size=4096)), level) for _ in range(400)]
    assert np.mean(slopes) == pytest.approx(1.0 / (1.0 - level), rel=0.02)


def test_a_slope_beside_events_that_never_came_is_none():
    ordered = np.concatenate([np.arange(500.0), np.full(500, np.inf)])
    assert np.isnan(quantile_slope(ordered, 0.5))


def test_shares_and_shortfalls_are_the_means_that_they_say():
    values, groups = sample(), groups_of(485)
    found = sort_groups(values, groups)
    thresholds = np.array([-5.0, -0.3, 0.0, 0.71, 5.0])
    for group in range(16):
        mine = values[(groups == group) & ~np.isnan(values)]
        shares = (mine[:, None] <= thresholds).mean(axis=0)
        shortfalls = np.maximum(thresholds - mine[:, None], 0.0).mean(axis=0)
        np.testing.assert_allclose(found.shares_below(thresholds)[group], shares, rtol=1e-12)
        np.testing.assert_allclose(found.shortfalls(thresholds)[group], shortfalls, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.group_means(), [part.mean() for part in found.groups])
