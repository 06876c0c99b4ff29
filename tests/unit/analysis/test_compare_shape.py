"""How two distributions differ: distances against SciPy, known shifts, where a gap lies."""

import numpy as np
import pytest
from scipy import stats

from sandwich_sim.analysis.compare_groups import sort_groups
from sandwich_sim.analysis.compare_shape import (
    SHIFT_LEVELS,
    describe_place,
    kolmogorov_smirnov,
    measure_shape,
    quantile_shift,
    split_gap,
    wasserstein,
)
from stochastic import assert_counts

RELATIONS = ("paired", "independent", "unknown")


def side(values):
    return sort_groups(values, (np.arange(values.size) % 16).astype(np.uint8))


def two(n_a=1600, n_b=1600, digits=12):
    generator = np.random.default_rng(1)
    a, b = generator.normal(size=n_a), 0.3 + 1.2 * generator.normal(size=n_b)
    return a.round(digits), b.round(digits)


@pytest.mark.parametrize("sizes", [(1600, 1600), (1600, 977)])
@pytest.mark.parametrize("digits", [12, 1])  # 1: with many ties
def test_distances_are_those_of_scipy(sizes, digits):
    a, b = two(*sizes, digits)
    expected = stats.wasserstein_distance(a, b)
    assert wasserstein(side(a), side(b), "independent").measured.value == pytest.approx(expected, rel=1e-9)
    found = kolmogorov_smirnov(side(a), side(b), "independent")
    assert found.measured.value == pytest.approx(stats.ks_2samp(a, b).statistic, abs=1e-12)
    at = abs((b <= found.place).mean() - (a <= found.place).mean())
    assert found.measured.value == pytest.approx(at, abs=1e-12)


def test_identical_sides_have_no_distance_no_shift_and_no_gap():
    a, _ = two(16_000)
    shape = measure_shape(side(a), side(a.copy()), "paired")
    parts = (shape.parts.lower, shape.parts.middle, shape.parts.upper)
    assert shape.wasserstein.measured.value == shape.kolmogorov_smirnov.measured.value == 0.0
    for found in (*shape.shift, shape.median, *parts):
        assert (found.value, found.standard_error) == (0.0, 0.0)


@pytest.mark.parametrize("relation", RELATIONS)
def test_a_shift_moves_every_quantile_by_itself(relation):
    a, _ = two()
    for found in quantile_shift(side(a), side(a + 0.25), relation):
        assert found.value == pytest.approx(0.25)
    shape = measure_shape(side(a), side(a + 0.25), relation)
    assert shape.wasserstein.measured.value == pytest.approx(0.25)
    assert shape.median.value == pytest.approx(0.25)
    assert shape.medians == (pytest.approx(np.median(a)), pytest.approx(np.median(a) + 0.25))


def test_pairing_makes_a_shift_certain():
    a, _ = two()
    paired, apart = (wasserstein(side(a), side(a + 0.25), relation) for relation in ("paired", "independent"))
    assert paired.measured.standard_error < 1e-12 < 0.01 < apart.measured.standard_error


@pytest.mark.parametrize("relation", RELATIONS)
def test_the_parts_of_a_gap_add_up_to_it(relation):
    a, b = two()
    parts = split_gap(side(a), side(b), relation)
    total = parts.lower.value + parts.middle.value + parts.upper.value
    assert total == pytest.approx(b.mean() - a.mean())


def test_a_part_of_a_gap_is_that_of_its_quarter():
    a, b = two()
    parts = split_gap(side(a), side(b), "paired")
    upper = np.sort(b)[1200:].sum() - np.sort(a)[1200:].sum()
    assert parts.upper.value == pytest.approx(upper / 1600)


def places():
    a = np.random.default_rng(2).normal(size=16_000)
    top, bottom = a > np.quantile(a, 0.9), a < np.quantile(a, 0.1)
    return [
        (a, a + 0.3, "across the whole distribution"),
        (a, a + 0.5 * top, "mostly in the upper tail"),
        (a, a - 0.5 * top, "mostly in the upper tail"),
        (a, a + 0.5 * bottom, "mostly in the lower tail"),
        (a, 1.5 * a, "up in the upper tail but down in the lower"),
        (a, 0.5 * a, "down in the upper tail but up in the lower"),
        (a, a + 0.3 * (np.abs(a) < 0.3), "mostly in the middle"),
        (a, np.random.default_rng(3).normal(size=16_000), ""),
    ]


@pytest.mark.parametrize(("a", "b", "words"), places(), ids=lambda x: x if isinstance(x, str) else "")
def test_where_a_gap_lies_is_said_in_words(a, b, words):
    assert describe_place(split_gap(side(a), side(b), "paired")) == words


def test_intervals_of_normals_that_are_shifted_hold_the_truth():
    """Wasserstein distance and median of two shifted normals, 600 samples; falsely once in 1e6."""
    generator, shift, n_sample = np.random.default_rng(6), 0.8, 600
    missed = {"wasserstein": 0, "median": 0, "median, paired": 0}
    for _ in range(n_sample):
        a, b = generator.normal(size=(2, 1600))
        common = side(0.6 * a + 0.8 * b + shift)
        one, other = side(a), side(b + shift)
        found = {
            "wasserstein": wasserstein(one, other, "independent").measured,
            "median": quantile_shift(one, other, "independent", [0.5])[0],
            "median, paired": quantile_shift(one, common, "paired", [0.5])[0],
        }
        for name, measured in found.items():
            low, high = measured.interval(0.05)
            missed[name] += not low <= shift <= high
    for count in missed.values():
        assert_counts(
            np.array([count, n_sample - count]), np.array([0.05, 0.95]), detectable=0.06, n_checks=len(missed)
        )


def test_the_error_of_the_kolmogorov_smirnov_distance_is_its_spread():
    """Within a quarter, over 400 samples of shifted normals, whose distance is known."""
    generator, shift = np.random.default_rng(7), 1.0
    truth = 2 * stats.norm.cdf(shift / 2) - 1
    found = [
        kolmogorov_smirnov(side(a), side(b + shift), "independent").measured
        for a, b in generator.normal(size=(400, 2, 1600))
    ]
    values = np.array([each.value for each in found])
    errors = np.array([each.standard_error for each in found])
    assert values.std() == pytest.approx(np.sqrt((errors**2).mean()), rel=0.25)
    assert abs(values.mean() - truth) < 0.6 * values.std()  # a maximum is a little too large


def test_levels_hold_the_median_and_are_symmetric():
    assert 0.5 in SHIFT_LEVELS
    np.testing.assert_allclose(np.array(SHIFT_LEVELS) + np.array(SHIFT_LEVELS[::-1]), 1.0)
