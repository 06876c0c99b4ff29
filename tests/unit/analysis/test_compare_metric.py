"""One outcome on two sides."""

from math import inf, isnan, nan

import numpy as np
import pytest
from scipy import stats

from sandwich_sim.analysis.compare import (
    SPREAD_LEVELS,
    Sample,
    compare_metric,
    effective_number,
    needed_trajectories,
)
from sandwich_sim.analysis.difference import Measured
from sandwich_sim.analysis.metrics import Metric
from stochastic import assert_counts

MARGIN = Metric("margin.lab @ horizon", "Operating margin, Labs", "1", "series", "margin", "lab")
EVENT = Metric("event.boom", "A boom", "1", "flag", "boom")
N = 1600


def sample(values, is_replicated=True):
    return Sample(values, (np.arange(values.size) % 16).astype(np.uint8), is_replicated)


def normals(seed=1, n=N):
    return np.random.default_rng(seed).normal(size=n)


def test_identical_sides_differ_nowhere():
    a = normals()
    found = compare_metric(MARGIN, sample(a), sample(a.copy()), "paired")
    assert (found.gap.mean.value, found.gap.mean.standard_error) == (0.0, 0.0)
    assert (found.gap.above.value, found.gap.below.value) == (0.0, 0.0)
    assert found.gap.n_changed == 0
    assert all(each.value == 0.0 for each in (*found.gap.spread, *found.shape.shift))


def test_a_difference_is_taken_trajectory_by_trajectory():
    a, b = normals(1), normals(2)
    gap = compare_metric(MARGIN, sample(a), sample(b), "paired").gap
    assert gap.mean.value == pytest.approx((b - a).mean())
    assert gap.above.value == (b > a).mean()
    assert gap.below.value == (b < a).mean()
    np.testing.assert_allclose([each.value for each in gap.spread], np.quantile(b - a, SPREAD_LEVELS))
    assert (gap.n, gap.n_changed) == (N, N)


def test_what_is_equal_is_neither_above_nor_below():
    a = normals().round(0)
    gap = compare_metric(MARGIN, sample(a), sample(normals(2).round(0)), "paired").gap
    assert gap.above.value + gap.below.value < 1.0
    assert gap.n_changed == round((gap.above.value + gap.below.value) * N)


def test_the_gain_of_pairing_is_the_ratio_of_variances():
    a, noise = normals(1, 160_000), normals(2, 160_000)
    gap = compare_metric(MARGIN, sample(a, False), sample(a + 0.1 * noise, False), "paired").gap
    assert gap.gain == pytest.approx((1.0 + 1.01) / 0.01, rel=0.03)


def test_undefined_values_are_counted_and_pairs_with_one_left_out():
    a, b = normals(1), normals(2)
    a[:30], b[20:70] = nan, nan
    found = compare_metric(MARGIN, sample(a), sample(b), "paired")
    assert (found.undefined.a, found.undefined.b, found.undefined.either) == (30, 50, 70)
    assert found.gap.n == N - 70
    both = ~np.isnan(a + b)
    assert found.gap.mean.value == pytest.approx((b - a)[both].mean())
    assert found.mean_a.value == pytest.approx(a[both].mean())  # of the same trajectories
    assert found.gap.above.value == pytest.approx((b > a)[both].mean())


def test_unpaired_sides_each_leave_out_their_own():
    a, b = normals(1), normals(2)
    a[:30] = nan
    found = compare_metric(MARGIN, sample(a), sample(b), "independent")
    assert (found.undefined.either, found.gap.n, found.gap.n_changed) == (30, N - 30, -1)
    assert found.mean_b.value == pytest.approx(b.mean())


def test_a_side_without_any_value_has_no_shape():
    found = compare_metric(MARGIN, sample(np.full(N, nan)), sample(normals()), "paired")
    assert found.shape is None
    assert isnan(found.gap.mean.value)
    assert not found.gap.mean.is_known


def test_an_event_is_compared_by_its_probability():
    a, b = (normals(1) > 1.0).astype(float), (normals(1) > 0.8).astype(float)
    found = compare_metric(EVENT, sample(a), sample(b), "paired")
    assert found.gap.mean.value == pytest.approx(b.mean() - a.mean())
    assert (found.gap.above.value, found.gap.below.value) == (pytest.approx(b.mean() - a.mean()), 0.0)
    assert found.shape is None
    assert not found.rests_on_few


@pytest.mark.parametrize("is_replicated", [True, False])
def test_the_chance_of_unpaired_sides_is_that_of_mann_and_whitney(is_replicated):
    a, b = normals(1), normals(2, 1920) + 0.3
    gap = compare_metric(MARGIN, sample(a, is_replicated), sample(b, is_replicated), "independent").gap
    expected = stats.mannwhitneyu(b, a).statistic / a.size / b.size
    assert gap.above.value == pytest.approx(expected)
    assert gap.above.value + gap.below.value == pytest.approx(1.0)


def test_the_interval_of_that_chance_holds_the_truth():
    """300 samples of two normals; falsely alarmed once in 1e6."""
    generator, truth, missed = np.random.default_rng(3), stats.norm.cdf(0.5 / np.sqrt(2)), 0
    for _ in range(300):
        a, b = generator.normal(size=(2, 320))
        gap = compare_metric(MARGIN, sample(a, False), sample(b + 0.5, False), "independent").gap
        low, high = gap.above.interval(0.05)
        missed += not low <= truth <= high
    assert_counts(np.array([missed, 300 - missed]), np.array([0.05, 0.95]), detectable=0.08)


def test_errors_add_up_where_sides_may_hang_together():
    a, b = sample(normals(1)), sample(normals(2))
    one, two = (compare_metric(MARGIN, a, b, relation) for relation in ("independent", "unknown"))
    assert two.gap.mean.standard_error == pytest.approx(one.mean_a.standard_error + one.mean_b.standard_error)
    assert one.gap.mean.standard_error < two.gap.mean.standard_error
    assert one.shape.median.standard_error < two.shape.median.standard_error


def test_a_mean_of_one_far_value_rests_on_few():
    a, b = normals(1), normals(2)
    assert not compare_metric(MARGIN, sample(a), sample(b), "paired").rests_on_few
    b[5] = -1e9
    found = compare_metric(MARGIN, sample(a), sample(b), "paired")
    assert found.gap.n_behind == pytest.approx(1.0, abs=0.01)
    assert found.rests_on_few
    assert abs(found.shape.median.value) < 0.2


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.zeros(50), 50.0),
        (np.array([-1.0, 1.0] * 25), 50.0),
        (np.array([0.0] * 99 + [1.0]), 1.0),
        (np.array([0.0] * 99 + [1e200]), 1.0),  # no overflow
        (np.empty(0), 0.0),
    ],
)
def test_an_error_rests_on_so_many_trajectories(values, expected):
    assert effective_number(values) == pytest.approx(expected, abs=0.05)


def test_a_normal_sample_rests_on_a_third_of_it():
    assert effective_number(normals(1, 100_000)) == pytest.approx(100_000 / 3, rel=0.05)


def test_as_many_trajectories_as_are_said_to_settle_it_do_so_nine_times_in_ten():
    measured = Measured(0.05, 1.0 / np.sqrt(100.0), inf, 100)
    needed = int(needed_trajectories(measured, 100, 0.01))
    generator, n_sample = np.random.default_rng(4), 2000
    means = 0.05 + generator.normal(size=n_sample) / np.sqrt(needed)
    shown = int((np.abs(means) * np.sqrt(needed) > stats.norm.isf(0.005)).sum())
    assert_counts(np.array([shown, n_sample - shown]), np.array([0.9, 0.1]), detectable=0.04)


@pytest.mark.parametrize("measured", [Measured(0.0, 0.1), Measured(nan, nan), Measured(0.1, nan)])
def test_what_is_not_measured_is_never_settled(measured):
    assert needed_trajectories(measured, 100, 0.05) == inf
