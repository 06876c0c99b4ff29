"""The value of information agrees with closed forms; what chance adds is bracketed."""

import numpy as np
import pytest
from scipy import stats

from sandwich_sim.analysis.sensitivity_first import bin_inputs, sum_by_bin
from sandwich_sim.analysis.worth import worth_of_choice
from sandwich_sim.analysis.worth_choices import (
    Choice,
    choose_basis,
    default_choices,
    parse_choice,
    position_returns,
)
from sandwich_sim.errors import UsageError
from sandwich_sim.scenario.spec import Position
from stochastic import assert_close_to
from synthetic_run import make_meta

N = 131_072
STUDENT_LIMIT = float(stats.t.isf(1e-6 / 2, 7)) / float(stats.norm.isf(1e-6 / 2))
CHIPS = Position("chips", 0.5, {"chips": 1.0}, None, None)
LAB = Position("lab", 0.25, {"lab": 0.8, "app": 0.2}, None, None)


def two_choices(mean, slope, noise=1.0, seed=1, n=N):
    """Nothing, or a normal payoff that leans on the first of two inputs; a third does nothing."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(3, n))
    other = mean + slope * x[0] + noise * generator.normal(size=n)
    return x, np.stack([np.zeros(n), other])


def closed_form(mean, slope):
    """E max(0, m + s x) - max(0, m) for a standard normal x."""
    return slope * stats.norm.pdf(mean / slope) + mean * stats.norm.cdf(mean / slope) - max(mean, 0.0)


def worth(x, payoffs, n_input=2):
    choices = [Choice(str(i), {}) for i in range(len(payoffs))]
    return worth_of_choice(sum_by_bin(bin_inputs(x), payoffs), payoffs, choices, n_input)


@pytest.mark.parametrize(("mean", "slope"), [(0.0, 1.0), (0.3, 1.0), (-0.5, 0.7), (1.0, 0.4)])
def test_worth_is_that_of_the_closed_form(mean, slope):
    _, found = worth(*two_choices(mean, slope))
    error = STUDENT_LIMIT * found.worth_error[0] + 3e-4  # bins see a little less than the input itself
    assert_close_to(found.worth[0], closed_form(mean, slope), error, detectable=0.06, n_checks=4)
    assert abs(found.worth[1]) < 0.01
    assert found.worth[0] <= found.upper[0] + 1e-12


def test_hindsight_is_worth_what_the_closed_form_says():
    _, found = worth(*two_choices(0.3, 1.0))
    assert_close_to(found.loss, closed_form(0.3, np.sqrt(2.0)), found.loss_error * 1.7, detectable=0.04)
    assert found.best == 1 and found.mean[1] == pytest.approx(0.3, abs=6.0 * found.mean_error[1])


def test_the_two_estimates_hold_the_truth_between_them():
    """On average over many small samples: too low where one half chooses, too high where all do."""
    low, high = [], []
    for seed in range(60):
        _, found = worth(*two_choices(0.02, 0.1, seed=seed, n=4096))
        low.append(found.worth[0])
        high.append(found.upper[0])
    truth = closed_form(0.02, 0.1)
    reach = 5.0 / np.sqrt(60.0)
    assert np.mean(low) < truth + reach * np.std(low) and np.mean(high) > truth - reach * np.std(high)
    assert np.mean(low) < np.mean(high)


def coverage(replications, n, mean=0.3, slope=1.0):
    """How often the 95% interval of a worth holds the truth."""
    hits = 0
    for seed in range(replications):
        _, found = worth(*two_choices(mean, slope, seed=seed, n=n))
        hits += abs(found.worth[0] - closed_form(mean, slope)) <= 2.365 * found.worth_error[0]
    return hits / replications


def test_intervals_hold_the_truth_as_often_as_they_say():
    """200 replications: below 0.89 in one of 2,000 cases where 0.95 is true."""
    assert coverage(200, 16_384) > 0.89


@pytest.mark.nightly
@pytest.mark.parametrize("n", [16_384, 65_536])
def test_intervals_hold_the_truth_in_many_replications(n):
    assert 0.92 < coverage(1000, n) <= 1.0


def test_an_input_that_changes_no_choice_is_worth_nothing():
    noise, found = worth(*two_choices(5.0, 0.5))
    assert found.worth[0] == 0.0 == noise and found.when_low[0] == found.when_high[0] == 1


def test_the_best_choice_follows_the_input():
    _, found = worth(*two_choices(0.0, 1.0))
    assert (found.when_low[0], found.when_high[0]) == (0, 1)


def test_a_dollar_buys_what_the_basis_says():
    meta = make_meta(n_trajectories=4)
    profit = np.array([[1.0, 3.0, 1.0, 3.0], [10.0, 20.0, 30.0, 40.0], [2.0, 2.0, 4.0, 4.0]])
    total = np.zeros((16, meta.n_record, len(meta.series)))
    for hop, revenue in zip(meta.hops, (5.0, 20.0, 8.0), strict=True):
        total[0, 0, meta.series.index(f"revenue.{hop}")] = 4.0 * revenue
    sums = {"total": total, "count": np.array([4.0, *[0.0] * 15])}
    priced = Position("priced", 0.25, {"chips": 1.0}, 30.0, 6.0)
    fair = position_returns([CHIPS, LAB], profit, meta, sums, "fair")
    np.testing.assert_allclose(fair.mean(axis=1), 1.0)
    np.testing.assert_allclose(fair[0], profit[2] / 3.0)
    per_revenue = position_returns([CHIPS, LAB], profit, meta, sums, "revenue")
    np.testing.assert_allclose(per_revenue[1], (0.8 * profit[1] + 0.2 * profit[0]) / 17.0)
    # The multiple that it earns over the one that is paid.
    np.testing.assert_allclose(
        position_returns([priced], profit, meta, sums, "price")[0], (profit[2] / 8.0) / (30.0 / 6.0)
    )
    assert choose_basis([CHIPS, LAB], profit, meta) == "fair"
    assert choose_basis([CHIPS, LAB], -profit, meta) == "revenue"
    assert choose_basis([priced], profit, meta) == "price"
    with pytest.raises(UsageError, match="chips has no price"):
        position_returns([CHIPS], profit, meta, sums, "price")
    with pytest.raises(UsageError, match="loses money on average"):
        position_returns([CHIPS], -profit, meta, sums, "fair")


def test_choices_are_the_book_an_even_one_and_each_position():
    found = {choice.name: dict(choice.weights) for choice in default_choices([CHIPS, LAB])}
    assert found["book"] == pytest.approx({"chips": 2 / 3, "lab": 1 / 3})
    assert found["even"] == {"chips": 0.5, "lab": 0.5} and found["lab"] == {"lab": 1.0}


def test_a_choice_of_ones_own_is_read():
    found = parse_choice("bold = lab:3, chips:1", [CHIPS, LAB])
    assert (found.name, dict(found.weights)) == ("bold", {"lab": 0.75, "chips": 0.25})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lab:3", "is no choice. Write such as"),
        ("bold=lap:3", 'Did you mean "lab"'),
        ("bold=lab:-1", "is no choice"),
        ("bold=lab:0", "all its weights are 0"),
        ("bold=", "is no choice"),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused(text, message):
    with pytest.raises(UsageError, match=message):
        parse_choice(text, [CHIPS, LAB])
