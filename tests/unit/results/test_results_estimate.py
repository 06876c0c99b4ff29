import numpy as np
import pytest
from scipy import stats

from sandwich_sim.results.estimate import (
    NORMAL_FACTOR,
    STUDENT_FACTOR,
    estimate_mean,
    estimate_probability,
    interval_factor,
    probability_interval,
    spread_is_zero,
)


def sums(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    parts = [values[r::16] for r in range(16)]
    total = np.array([part.sum() for part in parts])
    square = np.array([(part**2).sum() for part in parts])
    return total, square, np.array([part.size for part in parts])


def test_one_sample_gives_the_usual_standard_error() -> None:
    values = np.random.default_rng(1).lognormal(0.0, 1.0, 1001)
    mean, error = estimate_mean(*sums(values), is_replicated=False)
    assert mean == pytest.approx(values.mean(), rel=1e-14)
    assert error == pytest.approx(values.std(ddof=1) / np.sqrt(1001), rel=1e-12)


def test_a_large_mean_costs_few_digits() -> None:
    values = 1000.0 + np.random.default_rng(1).normal(0.0, 1.0, 100_000)
    _, error = estimate_mean(*sums(values), is_replicated=False)
    assert error == pytest.approx(values.std(ddof=1) / np.sqrt(values.size), rel=1e-6)


@pytest.mark.parametrize(("mean", "spread", "digits"), [(1.2, 0.1, 13), (100.2, 0.1, 9), (10_000.2, 0.1, 5)])
def test_digits_of_a_spread_that_is_small_beside_its_mean(mean: float, spread: float, digits: int) -> None:
    """NIST's NumAcc2 and its larger kin (StRD): 1,001 values at the mean and either side of it.

    Sums of squares lose twice the digits by which the mean exceeds the spread: below a millionth, all.
    """
    values = np.full(1001, mean)
    values[1::2], values[2::2] = mean - spread, mean + spread
    found, error = estimate_mean(*sums(values), is_replicated=False)
    assert found == pytest.approx(mean, rel=1e-13)
    assert error == pytest.approx(spread / np.sqrt(1001), rel=10.0**-digits)
    _, none = estimate_mean(*sums(values + 1e6), is_replicated=False)
    assert none == 0.0


def test_replicates_give_the_error_across_their_means() -> None:
    values = np.random.default_rng(1).normal(3.0, 1.0, 1600)
    _, error = estimate_mean(*sums(values), is_replicated=True)
    means = [values[r::16].mean() for r in range(16)]
    assert error == pytest.approx(np.std(means, ddof=1) / 4.0, rel=1e-12)


@pytest.mark.parametrize("is_replicated", [False, True])
@pytest.mark.parametrize("constant", [0.0, 0.1, -7.3e5])
def test_a_constant_has_no_error(constant: float, is_replicated: bool) -> None:
    found = sums(np.full(10_007, constant))
    mean, error = estimate_mean(*found, is_replicated=is_replicated)
    assert mean == pytest.approx(constant, rel=1e-12)
    assert error == 0.0
    assert spread_is_zero(*found)


@pytest.mark.parametrize("is_replicated", [False, True])
def test_too_few_values_have_no_error(is_replicated: bool) -> None:
    _, error = estimate_mean(*sums(np.array([1.0])), is_replicated=is_replicated)
    assert np.isnan(error)


def test_an_empty_replicate_leaves_no_error_across_replicates() -> None:
    found = sums(np.arange(12.0))
    assert np.isnan(estimate_mean(*found, is_replicated=True)[1])
    assert estimate_mean(*found, is_replicated=False)[1] == pytest.approx(np.arange(12).std(ddof=1) / 12**0.5)


def test_leading_axes_are_kept() -> None:
    total = np.random.default_rng(0).normal(size=(16, 5, 7))
    mean, error = estimate_mean(total, total**2 + 1.0, np.full((16, 5, 1), 10), is_replicated=True)
    assert mean.shape == error.shape == (5, 7)


def test_a_probability_has_the_binomial_error() -> None:
    hits = np.array([5] * 16)
    probability, error = estimate_probability(hits, np.full(16, 20), is_replicated=False)
    assert probability == 0.25
    assert error == pytest.approx(np.sqrt(0.25 * 0.75 / 320))


@pytest.mark.parametrize("is_replicated", [False, True])
@pytest.mark.parametrize("hit", [0, 20])
def test_a_probability_of_none_or_all_is_not_certain(hit: int, is_replicated: bool) -> None:
    _, error = estimate_probability(np.full(16, hit), np.full(16, 20), is_replicated=is_replicated)
    assert 1.0 / 320 < error < 3.0 / 320


def test_the_interval_factors_are_those_of_the_normal_and_of_student() -> None:
    assert pytest.approx(stats.norm.ppf(0.975), rel=1e-12) == NORMAL_FACTOR
    assert pytest.approx(stats.t.ppf(0.975, 15), rel=1e-12) == STUDENT_FACTOR
    assert interval_factor(is_replicated=True) == STUDENT_FACTOR


@pytest.mark.parametrize("is_replicated", [False, True])
def test_intervals_of_a_skewed_mean_cover_as_often_as_they_say(is_replicated: bool) -> None:
    generator = np.random.default_rng(17)
    factor = interval_factor(is_replicated=is_replicated)
    hits = []
    for _ in range(1000):
        mean, error = estimate_mean(*sums(generator.lognormal(0.0, 0.5, 1024)), is_replicated=is_replicated)
        hits.append(abs(mean - np.exp(0.125)) <= factor * error)
    assert abs(np.mean(hits) - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 1000)


@pytest.mark.parametrize("is_replicated", [False, True])
def test_an_interval_of_a_probability_stays_within_0_and_1_and_holds_the_estimate(
    is_replicated: bool,
) -> None:
    hits = np.zeros((16, 4), dtype=int)
    hits[0, 1], hits[:, 2], hits[:, 3] = 1, 50, 100
    low, high = probability_interval(hits, np.full((16, 4), 100), is_replicated=is_replicated)
    estimate = np.array([0.0, 1 / 1600, 0.5, 1.0])
    assert ((low >= 0.0) & (low <= estimate) & (estimate <= high) & (high <= 1.0)).all()
    assert low[0] == 0.0 < high[0]
    assert high[3] == 1.0 > low[3]


def test_many_hits_of_even_scrambles_have_a_narrow_interval() -> None:
    hits = np.full((16, 1), 50)
    hits[::2] += 1
    low, high = probability_interval(hits, np.full((16, 1), 100), is_replicated=True)
    plain_low, plain_high = probability_interval(hits, np.full((16, 1), 100), is_replicated=False)
    assert (high - low)[0] < 0.2 * (plain_high - plain_low)[0]


def test_nothing_has_no_interval() -> None:
    low, high = probability_interval(np.zeros((16, 1)), np.zeros((16, 1)), is_replicated=True)
    assert np.isnan([low, high]).all()
