"""Scores of forecasts: known values, propriety, and words that claim no more than the data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sandwich_sim.analysis.scores import (
    accepted_range,
    calibration_words,
    cluster_interval,
    coverage_of,
    crps_of_normal,
    crps_of_sample,
    interval_score,
    probability_transform,
    skill_interval,
)
from stochastic import assert_close_to

NUMBERS = st.lists(st.floats(-100.0, 100.0), min_size=2, max_size=40)


def test_crps_of_a_normal_distribution_has_its_known_value() -> None:
    # sigma (2 phi(0) - 1 / sqrt(pi)) at the mean, by Gneiting and Raftery (2007), eq. (5).
    assert crps_of_normal(0.0, 1.0, 0.0) == pytest.approx((np.sqrt(2.0) - 1.0) / np.sqrt(np.pi), abs=1e-12)
    # 30 digits of arithmetic.
    assert crps_of_normal(0.0, 1.0, 0.3) == pytest.approx(0.269332900686663433, abs=1e-9)
    assert crps_of_normal(2.0, 3.0, 2.9) == pytest.approx(3.0 * crps_of_normal(0.0, 1.0, 0.3), abs=1e-12)
    assert crps_of_normal(2.0, 0.0, 5.0) == 3.0


@given(NUMBERS, st.floats(-200.0, 200.0))
def test_crps_of_a_sample_is_that_of_its_definition(values: list[float], outcome: float) -> None:
    sample = np.array(values)
    pairs = np.abs(sample[:, None] - sample[None, :])
    n = sample.size
    expected = np.abs(sample - outcome).mean() - 0.5 * pairs.sum() / (n * (n - 1))
    assert crps_of_sample(sample, outcome) == pytest.approx(expected, abs=1e-9)


def test_crps_of_small_samples_has_the_mean_of_the_distribution() -> None:
    # The fair version has no bias, however small the sample: 1e-6 false alarms.
    draws = np.random.default_rng(5).standard_normal((40_000, 5))
    found = np.array([crps_of_sample(row, 0.7) for row in draws])
    error = found.std(ddof=1) / np.sqrt(found.size)
    assert_close_to(found.mean(), crps_of_normal(0.0, 1.0, 0.7), error, detectable=0.02)


def test_an_honest_forecast_scores_best() -> None:
    outcomes = np.random.default_rng(6).standard_normal(20_000)

    def mean_score(mean: float, deviation: float) -> float:
        return float(np.mean([crps_of_normal(mean, deviation, outcome) for outcome in outcomes]))

    honest = mean_score(0.0, 1.0)
    assert honest < min(mean_score(0.3, 1.0), mean_score(0.0, 1.5), mean_score(0.0, 0.7))


def test_the_interval_score_is_width_and_penalty() -> None:
    assert interval_score(1.0, 3.0, 2.0) == 2.0
    assert interval_score(1.0, 3.0, 3.5) == pytest.approx(2.0 + 20.0 * 0.5)
    assert interval_score(1.0, 3.0, 0.9, level=0.5) == pytest.approx(2.0 + 4.0 * 0.1)


def test_the_transform_counts_ties_half() -> None:
    assert probability_transform(np.array([1.0, 2.0, 2.0, 3.0]), 2.0) == 0.5
    assert probability_transform(np.array([1.0, 2.0]), 5.0) == 1.0


def test_coverage_has_the_exact_binomial_interval() -> None:
    for inside, n in ((0, 7), (18, 36), (7, 7)):
        exact = stats.binomtest(inside, n).proportion_ci(0.95, method="exact")
        found = coverage_of(inside, n, 0.9)
        assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=1e-12)


@pytest.mark.parametrize(("n", "low", "high"), [(20, 0.70, 1.0), (40, 0.75, 1.0), (100, 0.82, 0.97)])
def test_the_range_that_is_accepted_is_that_of_the_binomial(n: int, low: float, high: float) -> None:
    assert accepted_range(n) == pytest.approx((low, high))


def test_fewer_than_twenty_outcomes_claim_nothing() -> None:
    for inside in (0, 10, 19):
        words = calibration_words(coverage_of(inside, 19, 0.9), 19)
        assert "nothing can be said about calibration" in words
        assert "too narrow" not in words and "too low" not in words


def test_twenty_outcomes_and_more_are_judged_without_ever_being_called_calibrated() -> None:
    assert "too narrow" in calibration_words(coverage_of(10, 20, 0.9), 10)
    good = calibration_words(coverage_of(18, 20, 0.9), 10)
    assert "does not contradict" in good and "not to say that it is calibrated" in good
    assert "no sign of leaning" in good
    assert "too wide" in calibration_words(coverage_of(200, 200, 0.9), 100)
    assert "too low" in calibration_words(coverage_of(36, 40, 0.9), 33)
    assert "too high" in calibration_words(coverage_of(36, 40, 0.9), 7)


def test_the_interval_of_a_skill_covers_it_as_often_as_stated() -> None:
    # 400 made-up studies of 40 outcomes in pairs. A percentile interval of so few is somewhat narrow:
    # 95% is asked for, 88% to 99% accepted; the binomial error at 93% is 1.3 points.
    rng = np.random.default_rng(7)
    hits = 0
    for study in range(400):
        common = rng.lognormal(0.0, 0.3, 20).repeat(2)
        own, other = common * rng.lognormal(-0.5, 0.3, 40), common * rng.lognormal(0.0, 0.3, 40)
        low, high = cluster_interval(
            np.array([own, other]), np.arange(40) // 2, lambda means: 1.0 - means[0] / means[1], seed=study
        )
        hits += low <= 1.0 - np.exp(-0.5) <= high
    assert 0.88 * 400 <= hits <= 0.99 * 400


def test_a_few_clusters_give_no_interval() -> None:
    values = np.ones((2, 12))
    assert np.isnan(cluster_interval(values, np.arange(12) % 4, lambda means: means[0])).all()


def test_the_interval_of_a_series_covers_its_skill_though_outcomes_are_few_and_forecasts_share_them() -> None:
    # 2000 made-up series of 5 outcomes, each forecast three times with errors that hang together. Linearized,
    # so near 95% and not exactly: 92% to 98% accepted; the binomial error is 0.5 points.
    rng = np.random.default_rng(11)
    outcomes = np.arange(5).repeat(3)
    hits = plain_hits = 0
    for _ in range(2000):
        shared = rng.lognormal(0.0, 0.3, (2, 5))[:, outcomes]
        own, other = shared * rng.lognormal(0.0, 0.1, (2, 15)) * np.array([[0.6], [1.0]])
        low, high = skill_interval(own, other, outcomes)
        hits += low <= 0.4 <= high
        plain_low, plain_high = skill_interval(own, other, np.arange(15))
        plain_hits += plain_low <= 0.4 <= plain_high
    assert 0.92 * 2000 <= hits <= 0.98 * 2000
    assert plain_hits < 0.85 * 2000  # as if they were independent: what the grouping is there for


def test_a_series_of_few_forecasts_or_of_few_outcomes_has_no_interval() -> None:
    scores = np.linspace(1.0, 2.0, 8)
    assert np.isfinite(skill_interval(scores[:5], scores[3:], np.arange(5))).all()
    assert np.isnan(skill_interval(scores[:4], scores[4:], np.arange(4))).all()
    assert np.isnan(skill_interval(scores, scores[::-1], np.arange(8) % 2)).all()
