"""Outcomes by name: which record a date means, what a typo gets, and that values are those of the run."""

from datetime import date

import numpy as np
import pytest

from sandwich_sim.analysis.metrics import (
    needs_paths,
    parse_metric,
    parse_metrics,
    parse_statistic,
    take_values,
    values_of_run,
    wanted_series,
)
from sandwich_sim.errors import UsageError
from sandwich_sim.results.dataset import open_run
from sandwich_sim.scenario.outcome_names import StatementError, frame_of
from sandwich_sim.scenario.statements import parse_statement
from synthetic_run import make_arrays, make_meta, write_run

META = make_meta()


@pytest.mark.parametrize(
    ("text", "day", "record"),
    [
        ("gap @ start", date(2026, 7, 1), 0),
        ("gap @ horizon", date(2028, 7, 1), 8),
        ("gap @ 2027", date(2027, 1, 1), 2),
        ("gap @ 2026", date(2026, 7, 1), 0),  # its first of January lies before the run
        ("gap @ 2027-10", date(2027, 10, 1), 5),
        ("gap @ 2027-08-10", date(2027, 7, 1), 4),
        ("gap @ 2027-08-25", date(2027, 10, 1), 5),
        ("gap @ 2028-07-01", date(2028, 7, 1), 8),
    ],
)
def test_a_date_means_the_nearest_record(text, day, record):
    metric = parse_metric(text, META)
    assert (metric.date, metric.record) == (day, record)
    assert metric.elapsed == record / 4


def test_of_two_records_equally_near_the_later_one_is_meant():
    yearly = make_meta(start=date(2027, 1, 1), steps_per_year=4, years=2)
    days = [parse_metric(f"gap @ 2027-{day}", yearly).date for day in ("02-14", "02-15", "02-16")]
    assert days == [date(2027, 1, 1), date(2027, 4, 1), date(2027, 4, 1)]


@pytest.mark.parametrize(
    ("text", "name", "unit", "label"),
    [
        ("margin.chips@2027", "margin.chips @ 2027", "1", "Operating margin, Chips, 2027-01-01"),
        (
            "cents_kept.lab @ horizon",
            "cents_kept.lab @ horizon",
            "cent",
            "Cents kept of the walked dollar, Labs, 2028-07-01",
        ),
        ("discounted_profit.lab", "discounted_profit.lab", "bn USD", "Discounted profit, Labs"),
        ("boom", "boom", "1", "A boom"),
        ("event.boom @ 2027-07", "event.boom @ 2027-07", "1", "A boom, by 2027-07-01"),
        ("event_time.bust", "event_time.bust", "yr", "A bust, first time"),
    ],
)
def test_an_outcome_has_a_name_a_unit_and_a_label(text, name, unit, label):
    metric = parse_metric(text, META)
    assert (metric.name, metric.unit, metric.label) == (name, unit, label)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("margin.chip @ 2027", 'there is no hop "chip". Did you mean "chips"?'),
        ("margins.chips @ 2027", 'there is no outcome "margins.chips". Did you mean "margin.chips"?'),
        ("bom", 'there is no outcome "bom". Did you mean "boom"?'),
        ("event.bom", 'there is no event "bom". Did you mean "boom"?'),
        ("margin @ 2027", "margin has a value for each hop. Write margin.app, say."),
        ("gap.lab @ 2027", "gap is of the whole chain, not of lab. Write gap @ horizon."),
        ("gap", "gap has a value at every date. Write gap @ horizon, or @ 2030."),
        ("gap @ 2029", "2029 is outside the run, from 2026-07-01 to 2028-07-01. Use a date within."),
        ("gap @ 2026-06", "2026-06 is outside the run"),
        ("gap @ 2027-02-30", "2027-02-30 is no date."),
        ("gap @ soon", 'lacks a date after "@".'),
        ("discounted_profit.lab @ 2027", "discounted_profit.lab is one number for the whole run."),
        ("", "is empty."),
        ("gap @ horizon or so", 'goes on with "or" after its end.'),
        ("gap; rm", 'cannot be read from "; rm" on.'),
        ("g" * 400, "has 400 characters. Use at most 300."),
    ],
)
def test_a_wrong_name_says_what_to_write(text, message):
    with pytest.raises(UsageError) as caught:
        parse_metric(text, META)
    assert message in str(caught.value)


def test_several_wrong_names_are_told_at_once():
    with pytest.raises(UsageError) as caught:
        parse_metrics(["gap @ horizon", "gp @ horizon", "margin.labs @ horizon"], META)
    assert '"gp @ horizon"' in str(caught.value)
    assert '"margin.labs @ horizon"' in str(caught.value)


def test_the_same_outcome_spelled_in_two_ways_is_kept_once():
    assert len(parse_metrics(["gap@horizon", "gap @ horizon", "boom"], META)) == 2


@pytest.mark.parametrize(
    ("text", "kind", "details"),
    [
        ("mean(gap @ horizon)", "mean", {}),
        ("p50(margin.lab @ 2027)", "quantile", {"level": 0.5}),
        ("p97_5(gap @ 2027)", "quantile", {"level": 0.975}),
        ("p2.5(event_time.boom)", "quantile", {"level": 0.025}),
        ("P(boom)", "probability", {"compare": ""}),
        ("P(margin.lab @ 2027 >= 20%)", "probability", {"compare": ">=", "threshold": 0.2}),
        ("P(gap @ 2027 ≤ 1_000.5)", "probability", {"compare": "<=", "threshold": 1000.5}),
        ("P(gap @ 2027 > -1e-3)", "probability", {"compare": ">", "threshold": -1e-3}),
        ("diff", "word", {}),
    ],
)
def test_a_statistic_is_read(text, kind, details):
    statistic = parse_statistic(text, META, words=("diff",))
    assert statistic.kind == kind
    assert {key: getattr(statistic, key) for key in details} == pytest.approx(details)


def test_a_standard_error_is_of_another_statistic():
    statistic = parse_statistic("se(p50(gap @ 2027))", META)
    assert (statistic.kind, statistic.inner.kind) == ("error", "quantile")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("median(gap @ 2027)", '"median" is no statistic.'),
        ("gap @ 2027", '"gap" is no statistic by itself.'),
        ("mean(boom)", "boom is an event. Write P(boom)."),
        ("p50(boom)", "boom is an event. Write P(boom)."),
        ("P(boom > 0.5)", "boom is an event, which holds or not. Write P(boom)."),
        ("P(gap @ 2027)", "P(gap @ 2027) lacks a comparison."),
        ("mean(event_time.boom)", "has no mean where the event never happens."),
        ("p0(gap @ 2027)", "p0 is no quantile. Use p1 to p99, or p2.5."),
        ("se(se(mean(gap @ 2027)))", "se(se(...)) is not known."),
        ("mean(gap @ 2027", 'lacks ")" at the end.'),
        ("P(gap @ 2027 < 1e999)", "is not finite."),
        ("diff", '"diff" is no statistic by itself.'),
    ],
)
def test_a_wrong_statistic_says_what_to_write(text, message):
    with pytest.raises(UsageError) as caught:
        parse_statistic(text, META)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("P(boom) < 0.5", -np.inf, 0.5),
        ("P(boom) >= 5%", 0.05, np.inf),
        ("p50(gap @ 2027) in [0.4, 0.7]", 0.4, 0.7),
        ("se(P(boom)) <= 0.001", -np.inf, 0.001),
    ],
)
def test_a_statement_has_a_range(text, low, high):
    statement = parse_statement(text, frame_of(META))
    assert (statement.low, statement.high) == (low, high)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("P(boom)", "lacks what it must be."),
        ("P(boom) = 0.5", 'cannot be read from "= 0.5" on.'),
        ("P(boom) in [0.7, 0.4]", "the range from 0.7 to 0.4 is empty."),
        ("P(boom) in 0.4, 0.7", 'lacks "[" before "0.4".'),
        ("P(boom) < half", 'lacks a number before "half".'),
    ],
)
def test_a_wrong_statement_says_what_to_write(text, message):
    with pytest.raises(StatementError) as caught:
        parse_statement(text, frame_of(META))
    assert message in str(caught.value)


def test_a_statement_reads_its_own_normal_spelling():
    text = "p2.5( margin.chips@2027 )in[ -0.4 ,70% ]"
    once = parse_statement(text, frame_of(META))
    assert parse_statement(once.text, frame_of(META)) == once


NAMES = [
    "margin.chips @ 2027-07-01",
    "cents_kept.lab @ horizon",
    "profit_share.app @ horizon",
    "gap @ start",
    "cumulative_revenue.app",
    "discounted_profit.lab",
    "boom",
    "event.boom @ 2027-07-01",
    "event_time.bust",
]


@pytest.fixture
def arrays():
    return make_arrays(make_meta(keep="paths"))


def test_values_are_those_of_the_record_that_is_named(arrays):
    meta = make_meta(keep="paths")
    metrics = parse_metrics([*NAMES, "tightness.lab @ 2027"], meta)
    found = dict(zip([m.name for m in metrics], take_values(metrics, meta, arrays), strict=True))
    series, time = arrays["series"], arrays["event_time"][0]
    rows = meta.series
    np.testing.assert_array_equal(found["margin.chips @ 2027-07-01"], series[rows.index("margin.chips"), 4])
    np.testing.assert_array_equal(
        found["cents_kept.lab @ horizon"], 100.0 * series[rows.index("dollar_profit.lab"), 8]
    )
    np.testing.assert_array_equal(found["tightness.lab @ 2027"], series[rows.index("tightness.lab"), 2])
    np.testing.assert_array_equal(found["cumulative_revenue.app"], arrays["cumulative"][1, 0])
    np.testing.assert_array_equal(found["discounted_profit.lab"], arrays["cumulative"][2, 1])
    np.testing.assert_array_equal(found["boom"], ~np.isnan(time))
    # Times of this toy lie between records; the nearest one counts.
    np.testing.assert_array_equal(found["event.boom @ 2027-07-01"], np.round(time * 4) <= 4)
    np.testing.assert_array_equal(found["event_time.bust"], arrays["event_time"][1])


@pytest.mark.parametrize("keep", ["outcomes", "paths"])
def test_a_stored_run_gives_the_same_values(arrays, tmp_path, keep):
    meta = make_meta(
        keep=keep, keep_series=("margin.chips", "dollar_profit.lab", "profit_share.app", "gap", "margin.lab")
    )
    whole = make_arrays(meta)
    write_run(tmp_path / "run", meta, whole)
    metrics = parse_metrics(NAMES, meta)
    expected = take_values(metrics, meta, whole)
    stored = values_of_run(metrics, open_run(tmp_path / "run"), meta)
    np.testing.assert_allclose(stored, expected, rtol=1e-6)


def test_what_a_run_did_not_keep_is_said_with_what_to_do(arrays):
    meta = make_meta(keep_series=("gap",))
    kept = {name: arrays[name] for name in ("cumulative", "event_time")} | {
        "yearly": arrays["series"][:1, ::4]
    }
    with pytest.raises(UsageError, match=r'did not keep margin.lab. Add "margin" to \[run\] keep_series'):
        take_values(parse_metrics(["margin.lab @ horizon"], meta), meta, kept)
    with pytest.raises(UsageError, match=r"2027-01-01 is none. Write such as @ 2027-07-01"):
        take_values(parse_metrics(["gap @ 2027"], meta), meta, kept)


def test_a_run_is_told_what_to_keep():
    metrics = parse_metrics(["gap @ horizon", "margin.lab @ start", "boom", "gap @ start"], META)
    assert wanted_series(metrics) == ("gap", "margin.lab")
    assert not needs_paths(metrics, 4)
    assert needs_paths(parse_metrics(["gap @ 2027"], META), 4)
