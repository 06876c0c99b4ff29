"""The rule of a gate on samples whose truth is known: false alarms, power, margins, drift."""

import numpy as np
import pytest
from scipy import stats

from gate_worlds import EVERY, EXACT, NORMAL, margin_of
from sandwich_sim.analysis.gate_drift import Drift, judge_drift
from sandwich_sim.analysis.gate_rule import (
    Levels,
    decide,
    judge_distribution,
    judge_paired,
    levels_of,
    overall,
    smallest_distance_margin,
)
from sandwich_sim.analysis.gate_statistics import (
    GRID,
    GateStatistic,
    bounded_values,
    freeze_thresholds,
    rounded,
)

FALSE_ALARM = 1e-6
LEVELS = levels_of(1e-5, 1e-3, n_statistics=24, n_looks=3)
SHARE = GateStatistic("mean(x)", "x", "mean", 0.005, low=0.0, high=1.0)


def most(n: int, rate: float) -> int:
    """As many of n as a rate explains, but for one alarm in a million."""
    return int(stats.binom.isf(FALSE_ALARM, n, min(rate, 1.0)))


def least(n: int, rate: float) -> int:
    return int(stats.binom.ppf(FALSE_ALARM, n, rate))


def count_false_alarms(world, nominal: float, runs: int, seed: int) -> int:
    """How often a change is claimed where there is none, at a nominal rate of both tails together."""
    rng, levels = np.random.default_rng(seed), Levels(nominal / 2.0, nominal / 2.0)
    return sum(world(rng, 0.0, levels).is_detectable for _ in range(runs))


def test_error_rates_are_split_over_statistics_and_looks():
    levels = levels_of(1e-5, 1e-3, n_statistics=24, n_looks=3)
    assert stats.norm.isf(levels.fail) == pytest.approx(5.27, abs=0.01)
    assert levels.accept == pytest.approx(1e-3 / 3)


@pytest.mark.parametrize("name", NORMAL)
def test_false_alarms_are_as_rare_as_stated(name):
    found = count_false_alarms(NORMAL[name], 0.05, 400, seed=1)
    assert least(400, 0.05) <= found <= most(400, 0.05)


@pytest.mark.parametrize("name", EXACT)
def test_exact_bounds_raise_no_more_false_alarms_than_stated(name):
    assert count_false_alarms(EXACT[name], 0.05, 200, seed=2) <= most(200, 0.05)


@pytest.mark.nightly
@pytest.mark.parametrize("name", NORMAL)
def test_false_alarms_are_calibrated_in_the_body(name):
    """G-2: the rates at 10^-2 and 10^-3 within a factor 1.25 and 1.5, from 100,000 runs each."""
    rng, runs = np.random.default_rng(3), 100_000
    far = np.array([_distance(NORMAL[name](rng, 0.0, Levels(0.005, 0.005))) for _ in range(runs)])
    for nominal, factor in ((1e-2, 1.25), (1e-3, 1.5)):
        rate = float(np.mean(far > stats.norm.isf(nominal / 2.0)))
        assert nominal / factor <= rate <= nominal * factor


def _distance(judged) -> float:
    return abs(judged.difference) / judged.standard_error


@pytest.mark.parametrize("name", EVERY)
def test_a_change_of_the_margin_is_hardly_ever_called_equivalent(name):
    """G-3, at a level that can be counted."""
    rng, world, runs, beta = np.random.default_rng(4), EVERY[name], 150, 0.05
    margin = margin_of(world)
    found = sum(world(rng, margin, Levels(1e-6, beta)).verdict == "EQUIVALENT" for _ in range(runs))
    assert found <= most(runs, beta)


@pytest.mark.nightly
@pytest.mark.parametrize("name", EVERY)
def test_a_change_of_the_margin_is_never_called_equivalent_in_2000_runs(name):
    """G-3: at most beta, and three standard errors of it."""
    rng, world, runs, beta = np.random.default_rng(5), EVERY[name], 2000, 1e-3
    margin = margin_of(world)
    found = sum(world(rng, margin, Levels(1e-8, beta)).verdict == "EQUIVALENT" for _ in range(runs))
    assert found <= runs * beta + 3.0 * np.sqrt(runs * beta)


@pytest.mark.parametrize(
    ("name", "times"),
    [("mean", 2.0), ("skewed mean", 1.5), ("probability", 3.0), ("mean apart", 3.5), ("distribution", 2.0)],
)
def test_a_change_beyond_the_margin_is_found(name, times):
    """G-4: each sample is large enough for the interval to be narrower than what lies beyond the margin."""
    rng, world, runs = np.random.default_rng(6), EVERY[name], 100
    change = times * margin_of(world)
    found = [world(rng, change, Levels(1e-7, 1e-3)).verdict for _ in range(runs)]
    assert found.count("CHANGED") >= least(runs, 0.99)


def six_hops(rng, n, change):
    """Shares of six hops on both sides, by softmax, the new side moved in one hop."""
    scores = rng.normal(0.0, 1.0, (6, n))
    moved = scores + rng.normal(0.0, 0.02, (6, n))
    old, new = (np.exp(side) / np.exp(side).sum(axis=0) for side in (scores, moved))
    new[0] += change
    return old, new


@pytest.mark.parametrize(
    ("times", "verdict"), [(0.0, "EQUIVALENT"), (0.5, "EQUIVALENT"), (1.0, "INCONCLUSIVE"), (1.5, "CHANGED")]
)
def test_the_toy_of_six_hops_gets_the_verdict_that_its_change_deserves(times, verdict):
    rng, margin = np.random.default_rng(7), 0.003
    statistics = [GateStatistic(f"mean({i})", str(i), "mean", margin) for i in range(6)]
    found = []
    for _ in range(20):
        old, new = six_hops(rng, 16384, times * margin)
        judged = [judge_paired(s, old[i], new[i], LEVELS) for i, s in enumerate(statistics)]
        found.append(overall(item.verdict for item in judged))
    assert found == [verdict] * 20


@pytest.mark.nightly
@pytest.mark.parametrize(("times", "verdict"), [(1.5, "CHANGED"), (0.0, "EQUIVALENT"), (0.5, "EQUIVALENT")])
def test_the_toy_of_six_hops_500_times(times, verdict):
    """G-4: a change of 1.5 margins is CHANGED in 99% of 500 paired runs."""
    rng, margin = np.random.default_rng(8), 0.003
    statistics = [GateStatistic(f"mean({i})", str(i), "mean", margin) for i in range(6)]
    found = 0
    for _ in range(500):
        old, new = six_hops(rng, 16384, times * margin)
        judged = [judge_paired(s, old[i], new[i], LEVELS) for i, s in enumerate(statistics)]
        found += overall(item.verdict for item in judged) == verdict
    assert found >= 495


def test_nothing_changed_is_equivalent_at_the_first_look_by_exact_bounds():
    values = np.random.default_rng(9).beta(2.0, 5.0, 16384)
    judged = judge_paired(SHARE, values, values.copy(), LEVELS)
    assert (judged.verdict, judged.method, judged.n_up, judged.n_down) == ("EQUIVALENT", "exact", 0, 0)
    assert judged.accept[1] == pytest.approx(np.log(3000.0) / 16384 + SHARE.negligible, rel=1e-3)


@pytest.mark.parametrize("n_changed", [1, 10, 60, 99])
def test_a_few_changed_trajectories_never_get_a_normal_interval(n_changed):
    old = np.zeros(16384)
    new = old.copy()
    new[:n_changed] = 1.0
    judged = judge_paired(SHARE, old, new, LEVELS)
    assert judged.method == "exact"
    assert judged.accept[1] >= n_changed / 16384
    assert judged.accept[1] - judged.accept[0] > 2.0 * judged.standard_error


def test_a_change_that_is_the_same_for_all_may_still_hide_others():
    old = np.random.default_rng(18).beta(2.0, 5.0, 16384)
    judged = judge_paired(SHARE, old, old + 0.002, LEVELS)
    hidden = np.log(3000.0) / 16384
    assert judged.method == "exact"
    assert judged.accept == pytest.approx((0.002 - hidden - 5e-5, 0.002 + hidden + 5e-5), rel=1e-2)


def test_skewed_changes_get_a_bound_that_holds_for_any_shape():
    """One trajectory in a hundred jumps: too many for exact bounds, too skewed for a normal interval."""
    old = np.zeros(16384)
    new = np.where(np.arange(16384) % 100 == 0, 0.3, 0.0)
    judged = judge_paired(SHARE, old, new, LEVELS)
    assert judged.skewness > 9.0
    normal = judge_paired(SHARE, old, old + 0.003 + np.random.default_rng(1).normal(0, 0.03, 16384), LEVELS)
    assert normal.method == "normal"
    assert judged.fail[1] - judged.fail[0] > normal.fail[1] - normal.fail[0]


def test_a_guard_against_skewness_spares_what_is_symmetric():
    old = np.random.default_rng(10).uniform(size=16384)
    judged = judge_paired(SHARE, old, old[::-1].copy(), LEVELS)
    assert judged.method == "normal"


def test_one_changed_statistic_is_a_change_and_one_open_one_is_open():
    assert overall(["EQUIVALENT", "EQUIVALENT"]) == "EQUIVALENT"
    assert overall(["EQUIVALENT", "INCONCLUSIVE"]) == "INCONCLUSIVE"
    assert overall(["INCONCLUSIVE", "CHANGED", "EQUIVALENT"]) == "CHANGED"
    assert overall([]) == "EQUIVALENT"


def test_a_change_of_the_margin_itself_is_open():
    judged = judge_paired(SHARE, np.zeros(16384), np.full(16384, SHARE.margin), LEVELS)
    assert judged.verdict == "INCONCLUSIVE"
    assert decide(judged, 2.0 * SHARE.margin) == "EQUIVALENT"
    assert decide(judged, 0.5 * SHARE.margin) == "CHANGED"


# --- distributions


def test_distributions_at_an_atom_have_no_distance_of_their_own():
    """Half of the trajectories at exactly 0, on both sides."""
    rng = np.random.default_rng(11)
    sides = [np.maximum(rng.normal(size=50_000), 0.0) for _ in range(2)]
    grid = np.quantile(sides[0], np.linspace(0.0, 1.0, GRID), method="inverted_cdf")
    judged = judge_distribution(
        GateStatistic("distribution(x)", "x", "distribution", 0.05), grid, 50_000, sides[1], LEVELS
    )
    assert judged.difference < 0.02
    assert judged.verdict == "EQUIVALENT"


def test_the_distance_is_that_of_kolmogorov_and_smirnov():
    rng = np.random.default_rng(12)
    old, new = rng.normal(size=20_000), rng.normal(0.1, 1.0, 10_000)
    grid = np.quantile(old, np.linspace(0.0, 1.0, GRID), method="inverted_cdf")
    statistic = GateStatistic("distribution(x)", "x", "distribution", 0.05)
    judged = judge_distribution(statistic, grid, 20_000, new, LEVELS)
    assert judged.difference == pytest.approx(stats.ks_2samp(old, new).statistic, abs=1.0 / (GRID - 1))


def test_no_number_of_trajectories_shows_a_margin_below_the_smallest():
    least_margin = smallest_distance_margin(16384, 16384, LEVELS, GRID)
    same = np.random.default_rng(13).uniform(size=16384)
    grid = np.quantile(same, np.linspace(0.0, 1.0, GRID), method="inverted_cdf")
    statistic = GateStatistic("distribution(x)", "x", "distribution", 0.999 * least_margin)
    assert judge_distribution(statistic, grid, 16384, same, LEVELS).verdict != "EQUIVALENT"


# --- what a statistic is the mean of


def test_values_keep_16_bits():
    values = np.random.default_rng(14).normal(size=10_000) * 1e3
    kept = rounded(values)
    assert kept.dtype == np.float32
    assert np.abs(kept - values).max() <= np.abs(values).max() * 2.0**-16
    np.testing.assert_array_equal(rounded(kept.astype(np.float64)), kept)
    assert not (kept.view(np.uint32) & 0xFF).any()


def test_rounding_leaves_what_is_no_number():
    found = rounded(np.array([np.nan, np.inf, -np.inf, 0.0, -0.0]))
    np.testing.assert_array_equal(found, [np.nan, np.inf, -np.inf, 0.0, 0.0])


def test_an_undefined_value_counts_as_the_low_end():
    values = np.array([np.nan, 0.5, 3.0])
    np.testing.assert_array_equal(bounded_values(SHARE, values), [0.0, 0.5, 1.0])
    quantile = GateStatistic("P(x <= p50)", "x", "quantile", 0.01, level=0.5)
    np.testing.assert_array_equal(bounded_values(quantile, values, 1.0), [1.0, 1.0, 0.0])


def test_a_quantile_in_an_atom_is_judged_on_both_sides_of_it():
    values = np.concatenate([np.full(600, 0.0), np.linspace(-1.0, -0.5, 200), np.linspace(0.5, 1.0, 200)])
    asked = (GateStatistic("P(x <= p50)", "x", "quantile", 0.01, level=0.5),)
    statistics, thresholds = freeze_thresholds(asked, {"x": values})
    parts = {s.name: bounded_values(s, values, thresholds[s.name]).mean() for s in statistics}
    assert parts == {"P(x <= p50)": 0.8, "P(x < p50)": 0.2}


def test_rounding_moves_no_trajectory_across_a_frozen_threshold():
    """A share that is 0 but for rounding must not flip a third of the flags."""
    rng = np.random.default_rng(15)
    values = np.maximum(rng.normal(size=3000), 0.0)
    asked = (GateStatistic("P(x <= p25)", "x", "quantile", 0.01, level=0.25),)
    statistics, thresholds = freeze_thresholds(asked, {"x": values})
    shaken = values + rng.normal(0.0, 1e-15, 3000)
    for statistic in statistics:
        flags = [bounded_values(statistic, side, thresholds[statistic.name]) for side in (values, shaken)]
        np.testing.assert_array_equal(*flags)


# --- drift


def small_step(times, n=16384):
    old = np.random.default_rng(16).beta(2.0, 5.0, n)
    return judge_paired(SHARE, old, old + times * SHARE.margin, LEVELS)


def test_twenty_small_changes_are_stopped_by_the_ledger():
    """G-8: each step of 0.3 margins passes by itself; the seventh adds up to more than two margins."""
    drift, verdicts = Drift(), []
    for _ in range(20):
        judged = small_step(0.3)
        assert judged.verdict == "EQUIVALENT"
        verdicts.append(judge_drift(judged, drift, LEVELS).verdict)
        drift = drift.plus(judged.difference, judged.standard_error, judged.n_up, judged.n_down)
    assert verdicts[:6] == ["EQUIVALENT"] * 6
    assert "EQUIVALENT" not in verdicts[6:]
    assert verdicts[8:] == ["CHANGED"] * 12


def test_changes_there_and_back_are_no_drift():
    drift = Drift()
    for times in (0.6, -0.6) * 10:
        judged = small_step(times)
        assert judge_drift(judged, drift, LEVELS).verdict == "EQUIVALENT"
        drift = drift.plus(judged.difference, judged.standard_error, judged.n_up, judged.n_down)


def test_accepting_what_did_not_change_uses_nothing_up():
    drift, judged = Drift(), small_step(0.0)
    for _ in range(200):
        assert judge_drift(judged, drift, LEVELS).verdict == "EQUIVALENT"
        drift = drift.plus(judged.difference, judged.standard_error, judged.n_up, judged.n_down)


def test_noisy_steps_make_drift_harder_to_exclude():
    """Errors of steps add up: how they hang together is not known."""
    rng, drift, last = np.random.default_rng(17), Drift(), 0.0
    for _ in range(5):
        old = rng.beta(2.0, 5.0, 16384)
        judged = judge_paired(SHARE, old, old + rng.normal(0.0, 0.05, 16384), LEVELS)
        found = judge_drift(judged, drift, LEVELS)
        assert found.accept[1] - found.accept[0] > last
        last = found.accept[1] - found.accept[0]
        drift = drift.plus(judged.difference, judged.standard_error, judged.n_up, judged.n_down)
