"""What the next quarter decides, against every way the rest could go."""

import numpy as np
import pytest

from sandwich_sim.analysis.watch_windows import first_window, stretches_of, windows_of
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.scenario.spec import Clause, Event, Move

BASE = load_scenario("base")
WORDS, STRICT = (
    next(e for e in BASE.events if e.name == name) for name in ("thesis_falsified", "lab_profit_center")
)
MARGIN = "all_in_margin"
RISING = Event("rising", "", (Clause(MARGIN, rises=Move(1, by=0.01)),))
N_RECORD = 41


def stretches(event, known, following, n_record=N_RECORD):
    windows = windows_of(event, known, MARGIN, following, n_record, 4)
    return stretches_of(windows, following, MARGIN)


def happens(event, values, end):
    """Whether an event of one series happens at a record, by the words of docs/model.md."""
    means = [np.mean(values[end - 4 * j - 3 : end - 4 * j + 1]) for j in range(event.window_years + 1)]
    for clause in event.clauses:
        if clause.rises and not all(
            means[j] - means[j + 1] >= max(clause.rises.by, clause.rises.by_ratio * abs(means[j + 1]))
            for j in range(clause.rises.years)
        ):
            return False
        if clause.ends_above is not None and not means[0] > clause.ends_above:
            return False
        if clause.ends_above_start and not means[0] > values[0]:
            return False
    return True


def test_nothing_seen_decides_nothing():
    found = stretches(WORDS, {}, 0)
    assert len(found) == 1
    assert (found[0].low, found[0].high, found[0].earliest) == (-np.inf, 1.0, first_window(WORDS, 4))


def test_the_last_quarter_of_a_rise_is_settled_by_its_level():
    known = {MARGIN: dict(enumerate([0.0] * 4 + [0.05, 0.05, 0.05]))}
    found = stretches(RISING, known, 7)
    # The mean of four must reach 0.01: the fourth must be at least 0.04 - 0.15.
    assert found[-1].low == pytest.approx(-0.11)
    assert found[-1].meets and found[-1].earliest == 7
    assert not any(each.meets for each in found[:-1])


def test_what_was_seen_can_show_that_it_happened():
    known = {MARGIN: dict(enumerate([0.0] * 4 + [0.1] * 4))}
    windows = windows_of(RISING, known, MARGIN, 8, N_RECORD, 4)
    assert windows[0].end == 7 and windows[0].is_possible and windows[0].is_decided


def test_other_series_that_were_not_seen_leave_it_open():
    rising = [0.0] * 4 + [0.1] * 4 + [0.2] * 4 + [0.3] * 3
    found = stretches(WORDS, {MARGIN: dict(enumerate(rising))}, 15)
    assert found[-1].earliest == 15 and not found[-1].meets
    gaps = dict.fromkeys(range(16), 4.0)
    assert stretches(WORDS, {MARGIN: dict(enumerate(rising)), "gap": gaps}, 15)[-1].meets


def test_a_gap_that_was_too_wide_shuts_every_window_around_it():
    known = {"gap": {5: 13.0}}
    windows = windows_of(WORDS, known, MARGIN, 6, N_RECORD, 4)
    assert {window.end for window in windows if not window.is_possible} == set(range(15, 17))


def test_the_end_of_the_run_can_shut_it_for_good():
    falling = dict(enumerate(np.linspace(0.0, -2.0, 38)))
    found = stretches(WORDS, {MARGIN: falling}, 38)
    assert [each.earliest for each in found] == [-1]


def test_the_strict_reading_asks_for_more():
    values = [0.5] * 4 + [0.0] * 4 + [0.02] * 4 + [0.04] * 3
    known = {MARGIN: dict(enumerate(values))}
    # It must end above zero and above the 0.5 of the start, which four quarters cannot with these three.
    assert stretches(STRICT, known, 15)[-1].earliest != 15


@pytest.mark.parametrize("seed", range(6))
def test_no_future_contradicts_what_was_called_impossible(seed):
    """Random futures that end as an event asks lie within the intervals, and some come near their ends."""
    generator = np.random.default_rng(seed)
    event = Event("x", "", (Clause(MARGIN, rises=Move(2, by=0.02, by_ratio=0.1), ends_above=-0.05),))
    following, end = 6, 11
    seen = generator.normal(-0.1, 0.1, following)
    windows = windows_of(event, {MARGIN: dict(enumerate(seen))}, MARGIN, following, 14, 4)
    window = next(item for item in windows if item.end == end)
    met = []
    for _ in range(20_000):
        values = np.concatenate([seen, generator.uniform(-1.5, 1.0, 12 - following)])
        if happens(event, values, end):
            met.append(values[following])
    assert met, "no future met it: the test shows nothing"
    assert window.low - 1e-9 <= min(met) and max(met) <= window.high + 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_the_ends_of_an_interval_can_be_reached(seed):
    """Where the next quarter is the last, just inside the interval the event happens and just outside not."""
    generator = np.random.default_rng(seed)
    event = Event("x", "", (Clause(MARGIN, rises=Move(1, by=0.02, by_ratio=0.1)),))
    seen = generator.normal(0.0, 0.1, 7)
    window = windows_of(event, {MARGIN: dict(enumerate(seen))}, MARGIN, 7, 8, 4)[0]
    assert window.is_possible and -np.inf < window.low < 1.0
    assert happens(event, np.append(seen, window.low + 1e-6), 7)
    assert not happens(event, np.append(seen, window.low - 1e-6), 7)
