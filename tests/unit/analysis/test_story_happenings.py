"""Leaps, releases, busts, turns and events are found where they are, and nowhere else."""

from datetime import date

import numpy as np
import pytest

from sandwich_sim.analysis.story import EventTold
from sandwich_sim.analysis.story_happenings import Course, happenings
from sandwich_sim.results.coordinates import shift_months

YEARS, EVERY = 6, 4
N = YEARS * EVERY + 1
DATES = tuple(shift_months(date(2026, 7, 1), 3 * n) for n in range(N))
TITLES = {"chips": "AI chips"}


def course(jumps=None, **series):
    flat = {name: np.full(N, 10.0) for name in ("gap", "capex", "spend", "revenue.chips", "profit.chips")}
    flat["all_in_margin"] = np.full(N, 0.1)
    for name, values in series.items():
        flat[name.replace("__", ".")] = np.asarray(values, dtype=float)
    counts = {"shock.leap": np.zeros(N - 1), "shock.release": np.zeros(N - 1)}
    for name, steps in (jumps or {}).items():
        for step, count in steps.items():
            counts[f"shock.{name}"][step] = count
    return Course(DATES, EVERY, flat, counts, TITLES)


def test_nothing_happens_on_a_flat_path():
    assert happenings(course(), ()) == ()


def test_a_jump_shows_at_the_end_of_its_step_with_the_gap_around_it():
    gap = np.full(N, 4.0)
    gap[8:] = 7.5
    (found,) = happenings(course({"leap": {7: 1}}, gap=gap), ())
    assert (found.kind, found.record, found.when) == ("leap", 8, DATES[8])
    assert (found.before, found.after) == (4.0, 7.5)
    assert found.text == "Closed leap: gap 4.00 → 7.50 months"


def test_several_jumps_of_a_step_are_counted_and_both_kinds_told():
    found = happenings(course({"leap": {2: 1}, "release": {2: 2, 9: 1}}), ())
    assert [(each.kind, each.record) for each in found] == [("leap", 3), ("release", 3), ("release", 10)]
    assert found[0].text.endswith("with a strong open release in the same step")
    assert found[1].text.startswith("2 strong open releases: ")


def test_a_fall_by_three_tenths_within_a_year_is_a_bust_from_peak_to_trough():
    capex = np.full(N, 100.0)
    capex[6:10] = 110.0
    capex[10:14] = 90.0, 80.0, 70.0, 66.0
    capex[14:] = 68.0
    (found,) = happenings(course(capex=capex), ())
    assert (found.kind, found.series) == ("bust", "capex")
    assert (found.record, found.when, found.until) == (9, DATES[9], DATES[13])
    assert (found.before, found.after) == (110.0, 66.0)
    assert "falls by 40% until 2029-10, 110 → 66.0 bn USD/yr" in found.text


@pytest.mark.parametrize(("left", "is_bust"), [(0.71, False), (0.70, True)])
def test_the_limit_of_a_bust_is_three_tenths(left, is_bust):
    capex = np.full(N, 100.0)
    capex[12:] = 100.0 * left
    assert bool(happenings(course(capex=capex), ())) is is_bust


def test_a_slow_decline_is_no_bust():
    assert not happenings(course(revenue__chips=100.0 * 0.75 ** (np.arange(N) / EVERY)), ())


def test_two_busts_with_a_recovery_between_them_are_two():
    capex = np.full(N, 100.0)
    capex[4:8] = 50.0
    capex[16:20] = 40.0
    found = happenings(course(capex=capex), ())
    assert [each.after for each in found] == [50.0, 40.0]
    assert all(each.when < each.until for each in found)


def test_what_was_never_there_cannot_bust():
    assert not happenings(course(revenue__chips=np.r_[np.full(8, 1e-12), np.zeros(N - 8)]), ())


def test_a_turn_must_last_a_year():
    profit = np.full(N, 5.0)
    profit[4:7] = -1.0  # three quarters
    profit[12:] = -1.0
    (found,) = happenings(course(profit__chips=profit), ())
    assert (found.kind, found.record, found.series) == ("turn", 12, "profit.chips")
    assert found.text == "Operating profit of AI chips turns negative"


def test_an_undefined_value_is_neither_a_bust_nor_an_error():
    capex = np.full(N, 100.0)
    capex[5] = np.nan
    assert happenings(course(capex=capex), ()) == ()


def test_events_stand_at_their_date_and_before_all_else_of_that_date():
    events = (
        EventTold("bust", "A bust", DATES[8], 8, 0.25, 0.13),
        EventTold("boom", "A boom", None, -1, 0.5, float("nan")),
    )
    found = happenings(course({"leap": {7: 1}}), events)
    assert [(each.kind, each.record) for each in found] == [("event", 8), ("leap", 8)]
    assert found[0].text == "Event bust: in 13% of trajectories by then, 25% at all"


def test_one_step_a_year_is_enough():
    every_year = Course(
        tuple(date(2026 + n, 1, 1) for n in range(5)), 1,
        {
            "gap": np.full(5, 4.0), "capex": np.array([100.0, 60.0, 60.0, 60.0, 60.0]), "spend": np.ones(5),
            "all_in_margin": np.array([-0.1, -0.1, 0.1, 0.1, 0.1]),
        },
        {"shock.leap": np.zeros(4), "shock.release": np.zeros(4)}, {},
    )  # fmt: skip
    found = happenings(every_year, ())
    assert [(each.kind, each.record) for each in found] == [("bust", 0), ("turn", 2)]
