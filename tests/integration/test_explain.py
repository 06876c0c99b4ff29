"""Shares of a gap between scenarios: they add up, they are what swapping gives, their errors are honest."""

from math import sqrt

import numpy as np
import pytest
from scipy import stats

from changed_scenarios import COOLING, overlay
from sandwich_sim.analysis.attribution import Explanation
from sandwich_sim.errors import UsageError
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.studies.explain import explain, plan_explanation, read_statistics
from sandwich_sim.studies.paired import merged_slots, paired_outcomes
from sandwich_sim.studies.shortened import shortened

N = 1024
STATISTICS = ("cents_kept.lab @ horizon", "profit_share.chips @ 2030-07", "thesis_falsified")


@pytest.fixture(scope="module")
def base():
    return load_scenario("base")


@pytest.fixture(scope="module")
def war(base) -> Explanation:
    return explain(base, load_scenario("price_war"), STATISTICS, trajectories=N)


def by_name(explanation: Explanation, name: str):
    return next(item for item in explanation.attributions if item.name == name)


def test_shares_add_up_to_the_gap_of_every_statistic(war):
    assert len(war.attributions) == 9  # a mean and three quantiles of two outcomes, and one probability
    for item in war.attributions:
        total = sum(part.share.value for part in item.parts)
        size = max(abs(item.first), abs(item.second), 1e-300)
        assert abs(total - item.gap.value) <= 1e-12 * size
        assert item.gap.value == pytest.approx(item.second - item.first, abs=1e-12 * size)


def test_sides_are_what_the_scenarios_give_by_themselves(base, war):
    other = load_scenario("price_war")
    metric = "cents_kept.lab @ horizon"
    alone = paired_outcomes(
        [base, other],
        [metric],
        trajectories=N,
        seed=base.run.seed,
        sampler=base.run.sampler,
        dtype=np.float64,
    )
    mean, median = by_name(war, f"mean({metric})"), by_name(war, f"p50({metric})")
    for values, found, middle in zip(
        alone.values, (mean.first, mean.second), (median.first, median.second), strict=True
    ):
        assert found == pytest.approx(values[0].mean(), rel=1e-12)
        assert middle == pytest.approx(np.median(values[0]), rel=1e-12)


def test_with_two_groups_shares_are_means_over_both_orders(base):
    changes = ["open_source.gap=2.0", "lab.reinvestment=0.9"]
    ends = [load_scenario("base", some) for some in ([], changes[:1], changes[1:], changes)]
    metric = "cents_kept.lab @ horizon"
    runs = paired_outcomes(
        ends, [metric], trajectories=N, seed=5, sampler="random", slots=merged_slots(ends), dtype=np.float64
    )
    none, gap, lab, both = (values[0].mean() for values in runs.values)
    found = explain(ends[0], ends[3], [f"mean({metric})"], trajectories=N, seed=5, sampler="random")
    parts = {part.group: part for part in found.attributions[0].parts}
    assert parts["open_source"].share.value == pytest.approx(0.5 * (gap - none + both - lab), rel=1e-9)
    assert parts["lab"].share.value == pytest.approx(0.5 * (lab - none + both - gap), rel=1e-9)
    assert parts["open_source"].alone == pytest.approx(gap - none, rel=1e-9)
    assert parts["open_source"].last == pytest.approx(both - lab, rel=1e-9)


def test_a_group_that_has_no_influence_gets_nothing(base, tmp_path):
    # What users spend is decided before the power plant is paid.
    other = overlay(tmp_path, "[open_source]\ngap = 3.0\n[hop.power]\nfixed_cost = 0.10\n")
    found = explain(base, other, ["mean(gap @ 2030-07)", "p50(gap @ 2030-07)"], trajectories=N)
    for item in found.attributions:
        power = next(part for part in item.parts if part.group == "hop.power")
        assert power.share.value == power.share.standard_error == 0.0


def test_the_order_of_the_sides_turns_every_sign(base, war):
    back = explain(load_scenario("price_war"), base, STATISTICS[:1], trajectories=N, seed=base.run.seed)
    assert back.sampler == war.sampler
    mine, its = by_name(war, "mean(cents_kept.lab @ horizon)"), back.attributions[0]
    shares = {part.group: part.share for part in its.parts}
    for part in mine.parts:
        other = shares[part.group]
        # Sobol dimensions differ (each scenario keeps its own), so equal within the errors of both:
        # six comparisons at 5 standard errors, false alarm 1 in 100,000 or so.
        error = sqrt(part.share.standard_error**2 + other.standard_error**2)
        assert abs(part.share.value + other.value) < 6.0 * error + 1e-12


def test_many_groups_are_sampled_and_agree_with_all_orders(base, tmp_path):
    text = """
    [open_source]
    gap = 2.0
    catch_up_speed = 1.1
    [lab]
    reinvestment = 0.9
    training = 60.0
    [token_price]
    open_markup = 1.0
    pass_through = 4.0
    [hop.lab]
    monopoly_long = 0.3
    pricing_power_long = 0.4
    [hop.cloud]
    pricing_power_long = 0.5
    """
    other = overlay(tmp_path, text)
    wanted = ["mean(cents_kept.lab @ horizon)"]
    options = {"trajectories": 256, "seed": 3, "sampler": "sobol"}
    sampled = explain(base, other, wanted, by="key", permutations=24, **options)
    assert not sampled.is_exact
    assert sampled.n_permutation == 24
    item = sampled.attributions[0]
    assert len(item.parts) == 9
    assert sum(part.share.value for part in item.parts) == pytest.approx(item.gap.value, rel=1e-12)
    # With one key less there are eight groups and all orders: the same shares for groups of keys.
    exact = explain(base, other, wanted, by="key", groups=["shares=hop.lab,hop.cloud"], **options)
    assert exact.is_exact
    same = {part.group: part.share for part in exact.attributions[0].parts}
    for part in item.parts:
        if part.group not in same:
            continue
        # Grouping moves a share by its interactions only, which are far below this here; the sampled
        # error is that of 12 pairs.
        assert abs(part.share.value - same[part.group].value) < 6.0 * part.share.standard_error + 0.05


def test_a_scenario_with_a_new_hop_is_explained(base, tmp_path):
    other = overlay(tmp_path, COOLING + "[open_source]\ngap = 3.0\n")
    found = explain(base, other, ["mean(dollar_other.datacenter @ start)"], trajectories=256)
    assert set(found.groups) == {"hop.cooling + edge.datacenter-*", "open_source"}
    assert len(found.remarks) == 1
    item = found.attributions[0]
    assert sum(part.share.value for part in item.parts) == pytest.approx(item.gap.value, rel=1e-12)
    cooling = next(part for part in item.parts if part.group.startswith("hop.cooling"))
    assert cooling.share.interval()[1] < 0.0  # what cooling is paid no longer goes to wages


def test_the_definition_of_an_event_is_a_cause_of_its_probability(tmp_path):
    text = """
    [event.gap_is_small]
    title = "The gap is small"
    clauses = [{ series = "gap", below = %s }]
    [open_source]
    gap = %s
    """
    one, two = overlay(tmp_path, text % (1.0, 5.0), "one"), overlay(tmp_path, text % (3.0, 2.0), "two")
    found = explain(one, two, ["P(gap_is_small)"], trajectories=1024)
    parts = {part.group: part.share.value for part in found.attributions[0].parts}
    assert set(parts) == {"event.gap_is_small", "open_source"}
    assert min(parts.values()) > 0.0  # a wider door and a shorter way: both make it likelier
    # The same change of a definition that nobody looks at is no cause.
    assert set(explain(one, two, ["mean(gap @ 2028-07)"], trajectories=64).groups) == {"open_source"}


def test_time_settings_are_one_group(base, tmp_path):
    other = overlay(tmp_path, "[time]\nyears = 8\nsteps_per_year = 5\n[open_source]\ngap = 3.0\n")
    found = explain(base, other, ["mean(gap @ 2030-07)", "mean(gap @ horizon)"], trajectories=256)
    assert found.groups["time"] == ("time.years: 10 → 8", "time.steps_per_year: 4 → 5")
    for item in found.attributions:
        assert sum(part.share.value for part in item.parts) == pytest.approx(item.gap.value, abs=1e-12)


def test_standard_errors_are_those_that_shares_have(base):
    other = load_scenario("base", ["open_source.gap=2.0", "lab.reinvestment=0.9"])
    wanted = ["mean(cents_kept.lab @ horizon)", "p50(cents_kept.lab @ horizon)"]
    n_repeat = 48
    found = [
        explain(base, other, wanted, trajectories=256, seed=seed, sampler="random")
        for seed in range(n_repeat)
    ]
    for row in range(2):
        for place in range(2):
            shares = [item.attributions[row].parts[place].share for item in found]
            spread = np.var([share.value for share in shares], ddof=1)
            stated = np.mean([share.standard_error**2 for share in shares])
            # The ratio has about the spread of a chi-square with 47 degrees of freedom; the limits hold
            # with 1 - 1e-4 for each of the four, 20% being left for outcomes that are not normal.
            low, high = stats.chi2.ppf([5e-5, 1 - 5e-5], n_repeat - 1) / (n_repeat - 1)
            assert 0.8 * low < spread / stated < 1.2 * high


def test_the_plan_says_what_it_will_take_before_anything_runs(base):
    plan = plan_explanation(base, load_scenario("deflation_sandwich"), STATISTICS, trajectories=1 << 36)
    assert plan.n_simulation == 32
    assert plan.seconds > 1e5


def test_scenarios_that_do_not_differ_are_refused(base):
    other = load_scenario("base", ["run.trajectories=64"])
    with pytest.raises(UsageError, match="do not differ in anything that changes these outcomes"):
        explain(base, other, STATISTICS, trajectories=64)


@pytest.mark.parametrize(
    ("statistics", "message"),
    [
        ([], "no outcome to explain"),
        (["se(mean(gap @ 2030))"], "is no mean, quantile or probability"),
        (["mean(margin.chip @ 2030)"], 'Did you mean "chips"'),
    ],
)
def test_statistics_that_make_no_sense_are_refused(base, statistics, message):
    with pytest.raises(UsageError, match=message):
        explain(base, load_scenario("price_war"), statistics, trajectories=64)


def test_an_outcome_that_one_side_lacks_is_refused_before_anything_runs(base, tmp_path):
    other = overlay(tmp_path, COOLING)
    with pytest.raises(UsageError, match="cooling"):
        explain(other, base, ["mean(margin.cooling @ horizon)"], trajectories=64)


def test_usual_statistics_of_an_event_are_its_probability(base):
    names = [statistic.name for statistic in read_statistics(["thesis_falsified"], base)]
    assert names == ["P(thesis_falsified)"]


@pytest.mark.parametrize("metrics", [["gap @ 2030", "margin.chips @ 2028-07"], ["profit_share.lab @ start"]])
def test_a_shortened_scenario_gives_the_same_bits(base, metrics):
    short = shortened(base, metrics)
    assert short.years < base.years
    options = {"trajectories": 64, "seed": 1, "sampler": "sobol", "dtype": np.float64}
    whole, part = (paired_outcomes([spec], metrics, **options).values[0] for spec in (base, short))
    np.testing.assert_array_equal(whole, part)


@pytest.mark.parametrize("metric", ["gap @ horizon", "thesis_falsified", "discounted_profit.lab"])
def test_outcomes_of_the_whole_run_shorten_nothing(base, metric):
    assert shortened(base, ["gap @ 2028", metric]) is base


@pytest.mark.nightly
def test_intervals_hold_the_shares_as_often_as_they_say(base):
    """Sobol scrambles: means, tail quantiles and probabilities, each against a far larger run."""
    other = load_scenario("deflation_sandwich")
    wanted = [
        "mean(cents_kept.lab @ 2030-07)", "p5(cents_kept.lab @ 2030-07)", "P(margin.lab @ 2030-07 > 0)",
    ]  # fmt: skip
    rules = ["money=lab,hop.lab", "models=open_source,token_price,hop.app"]
    options = {"sampler": "sobol", "groups": rules}
    truth = explain(base, other, wanted, trajectories=1 << 18, seed=999, **options)
    n_repeat, n = 300, 2048
    hits = np.zeros((3, 2))
    for seed in range(n_repeat):
        found = explain(base, other, wanted, trajectories=n, seed=seed, **options)
        for row in range(3):
            for place in range(2):
                share = found.attributions[row].parts[place].share
                true = truth.attributions[row].parts[place].share
                # The larger run errs too, by a tenth or less; its error widens the interval.
                half = stats.t.ppf(0.975, 15) * np.hypot(share.standard_error, true.standard_error)
                hits[row, place] += abs(share.value - true.value) <= half
    # Six rates of 300; nominal 95%, for quantiles of small groups a little less. One in 10,000 for each.
    low = stats.binom.ppf(1e-4, n_repeat, 0.94) / n_repeat
    high = stats.binom.ppf(1.0 - 1e-4, n_repeat, 0.96) / n_repeat
    rates = hits / n_repeat
    assert (low <= rates).all() and (rates <= high).all(), rates
