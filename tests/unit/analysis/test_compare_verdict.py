"""The sentences of a comparison."""

from dataclasses import replace
from datetime import date
from math import inf, nan

import numpy as np
import pytest

from sandwich_sim.analysis.compare import Gap, MetricComparison, Sample, Undefined, compare_metric
from sandwich_sim.analysis.compare_verdict import (
    Rates,
    describe_needed,
    digits_for,
    few_note,
    format_number,
    judge,
    possessive,
    round_up,
    shown_unit,
    undefined_note,
)
from sandwich_sim.analysis.difference import Measured
from sandwich_sim.analysis.metrics import Metric

SHARE = Metric(
    "profit_share.lab @ horizon", "Share of profit, Labs", "1", "series", "profit_share", "lab", record=40
)
CENTS = Metric("cents_kept.lab @ horizon", "Cents", "cent", "series", "dollar_profit", "lab", 100.0, 40)
EVENT = Metric("event.boom", "A boom", "1", "flag", "boom")
RATES = Rates(n_compared=4)
N = 65_536


def found(metric, value, error, **changes):
    """A comparison with this difference and its standard error."""
    gap = Gap(
        mean=Measured(value, error, inf, N),
        above=Measured(0.6, 0.01),
        below=Measured(0.4, 0.01),
        spread=(),
        n=N,
        n_changed=N,
        n_behind=N / 3,
        gain=30.0,
    )
    mean = Measured(0.2, 0.001, inf, N)
    return MetricComparison(metric, mean, mean, replace(gap, **changes), None, Undefined(0, 0, 0))


def sentence(metric, value, error, rates=RATES, **changes):
    return judge(found(metric, value, error, **changes), ("A", "B"), rates).sentence


def test_a_difference_is_told_with_its_interval():
    text = sentence(SHARE, 0.031, 0.001)
    assert text == "B's lab profit share is 3.1 points higher (95% CI 2.9 to 3.3)."


def test_a_lower_outcome_has_its_interval_in_rising_order():
    assert sentence(SHARE, -0.031, 0.001).endswith("is 3.1 points lower (95% CI 2.9 to 3.3).")


def test_cents_are_kept():
    assert sentence(CENTS, 0.5, 0.01) == "In B, lab keeps 0.50 cents more (95% CI 0.48 to 0.52)."


def test_an_event_happens_more_or_less_often():
    assert sentence(EVENT, -0.2, 0.01) == "In B, event boom happens 20 points less often (95% CI 18 to 22)."


def test_a_date_that_is_not_the_horizon_is_named():
    metric = replace(SHARE, name="profit_share.lab @ 2030", date=date(2030, 1, 1))
    assert sentence(metric, 0.031, 0.001).startswith("B's lab profit share on 2030-01-01 is 3.1 points")


def test_an_interval_around_nothing_is_not_distinguishable_and_says_what_would_settle_it():
    verdict = judge(found(SHARE, 0.001, 0.001), ("A", "B"), RATES)
    assert verdict.state == "indistinct"
    assert verdict.direction == 0
    assert verdict.sentence == (
        "B's lab profit share is not distinguishable at this n: it is 0.1 points higher "
        "(95% CI −0.1 to 0.3); about 1,000,000 trajectories would settle it."
    )
    assert 900_000 < verdict.needed < 1_000_000


def test_what_many_comparisons_explain_is_no_difference():
    verdict = judge(found(SHARE, 0.0022, 0.001), ("A", "B"), RATES)
    assert verdict.state == "suggestive"
    assert "within chance among 4 comparisons; about " in verdict.sentence
    assert judge(found(SHARE, 0.0022, 0.001), ("A", "B"), Rates()).state == "different"


def test_more_looks_widen_the_interval_but_not_what_it_promises():
    text = sentence(SHARE, 0.031, 0.001, Rates(n_look=9))
    assert text == "B's lab profit share is 3.1 points higher (95% CI 2.8 to 3.4)."


def test_no_changed_trajectory_is_told_as_such():
    verdict = judge(found(SHARE, 0.0, 0.0, n_changed=0), ("A", "B"), RATES)
    assert verdict.state == "same"
    assert verdict.sentence == (
        "B's lab profit share is the same as in A on every one of the 65,536 trajectories."
    )


def test_a_few_changed_trajectories_are_counted_instead_of_judged():
    verdict = judge(found(EVENT, 0.001, 0.0001, n_changed=37), ("A", "B"), RATES)
    assert verdict.state == "sparse"
    assert verdict.sentence == "In B, event boom differs on only 37 of the 65,536 trajectories."


def test_too_few_trajectories_are_told():
    verdict = judge(found(SHARE, 0.1, nan), ("A", "B"), RATES)
    assert (verdict.state, verdict.needed) == ("unknown", inf)


def test_a_share_without_a_value_in_many_trajectories_says_so_in_the_sentence():
    whole = replace(found(SHARE, 0.031, 0.001), undefined=Undefined(700, 100, 750))
    text = judge(whole, ("A", "B"), RATES).sentence
    assert text.endswith(", where it has a value (in 65,536 trajectories).")


def test_a_mean_that_rests_on_few_gives_way_to_the_median():
    generator = np.random.default_rng(1)
    a, scramble = generator.normal(size=16_000), (np.arange(16_000) % 16).astype(np.uint8)
    b = a + 0.3
    b[5] = -1e9
    whole = compare_metric(SHARE, Sample(a, scramble, True), Sample(b, scramble, True), "paired")
    verdict = judge(whole, ("A", "B"), RATES)
    assert (verdict.state, verdict.statistic, verdict.direction) == ("different", "median", 1)
    assert "points higher at the median (95% CI 29.93 to 30.03)" in verdict.sentence
    assert few_note([whole]).endswith(": profit_share.lab @ horizon.")


def test_where_the_gap_lies_ends_the_sentence():
    generator = np.random.default_rng(1)
    a, scramble = generator.normal(size=16_000), (np.arange(16_000) % 16).astype(np.uint8)
    b = a + 0.3 * (a > 1.2)
    whole = compare_metric(SHARE, Sample(a, scramble, True), Sample(b, scramble, True), "paired")
    assert judge(whole, ("A", "B"), RATES).sentence.endswith("), mostly in the upper tail.")


def test_an_end_of_an_interval_that_is_not_zero_is_not_shown_as_zero():
    assert "(95% CI 0.02 to 0.34)" in sentence(SHARE, 0.0018, 0.0008, Rates())


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0.3, 1), (1.0, 1), (7.2, 8), (123.0, 130), (384_000, 400_000), (1_420_000, 1_500_000), (2.0, 2)],
)
def test_numbers_of_trajectories_are_rounded_up(number, expected):
    assert round_up(number) == expected


def test_what_no_run_would_settle_is_not_given_a_number():
    assert describe_needed(400_000.0) == "about 400,000 trajectories would settle it"
    assert describe_needed(inf) == "no number of trajectories in reach would settle it"


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [(-0.04, 1, "0.0"), (-1.25, 2, "−1.25"), (12345.6, 0, "12,346"), (-0.0, 2, "0.00")],
)
def test_numbers_have_true_minus_signs_and_no_negative_zero(value, digits, expected):
    assert format_number(value, digits) == expected


@pytest.mark.parametrize(
    ("half", "expected"), [(0.2, 1), (0.02, 2), (2.0, 0), (300.0, 0), (0.0, 3), (nan, 3)]
)
def test_an_interval_is_shown_to_one_digit(half, expected):
    assert digits_for(half) == expected


def test_names_take_their_possessive():
    assert (possessive("base"), possessive("umbrella_holds")) == ("base's", "umbrella_holds'")


@pytest.mark.parametrize(
    ("unit", "variable", "expected"),
    [
        ("1", "margin", (100.0, "points")),
        ("1", "tightness", (1.0, "")),
        ("bn USD/yr", "revenue", (1.0, "bn USD/yr")),
        ("index", "price", (1.0, "")),
        ("yr", "boom", (1.0, "years")),
        ("cent", "dollar_profit", (1.0, "cents")),
    ],
)
def test_units_are_those_of_people(unit, variable, expected):
    assert shown_unit(Metric("x", "x", unit, "series", variable)) == expected


def test_what_is_left_out_is_gathered_by_variable():
    cloud = replace(SHARE, name="profit_share.cloud @ horizon", hop="cloud")
    whole = [replace(found(metric, 0.1, 0.1), undefined=Undefined(3, 4, 5)) for metric in (SHARE, cloud)]
    assert undefined_note(whole, ("A", "B")) == (
        "Trajectories left out, where there is no value: profit_share.lab, .cloud @ horizon 5 "
        "(3 in A, 4 in B)."
    )
    assert undefined_note([found(SHARE, 0.1, 0.1)], ("A", "B")) == ""
