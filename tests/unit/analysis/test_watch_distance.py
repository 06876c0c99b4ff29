"""How far a condition is from being met: worked by hand, and against the words of docs/model.md."""

import numpy as np
import pytest

from sandwich_sim.analysis.watch_distance import distance_of
from sandwich_sim.analysis.watch_windows import slowest_pace, stretches_of, windows_of
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.scenario.spec import Clause, Event, Move

MARGIN = "all_in_margin"
WORDS = next(event for event in load_scenario("base").events if event.name == "thesis_falsified")
TWICE = Event("twice", "", (Clause(MARGIN, rises=Move(2, by=0.01)),))
FALLING = Event("falling", "", (Clause(MARGIN, falls=Move(1, by=0.02)),))


def distance(event, values, n_record=41):
    seen = dict(enumerate(values))
    windows = windows_of(event, {MARGIN: seen}, MARGIN, len(values), n_record, 4)
    stretches = stretches_of(windows, len(values), MARGIN)
    return distance_of(event, seen, MARGIN, len(values), stretches, 4)


def test_two_quarters_are_far_from_three_rises():
    found = distance(WORDS, [-0.15, -0.12])
    # Four years are 16 quarters, two were seen.
    assert (found.years, found.years_done, found.records_left) == (3, 0, 14)
    assert not found.settles and not found.moves_earliest
    assert np.isnan(found.hurdle) and np.isnan(found.a_year_before)
    # The first year is -0.15, -0.12, -0.12 + s, -0.12 + 2 s, the next ones a straight line: 3 s to 6 s above
    # -0.12. Its rise is 3.75 s + 0.0075, less than the 4 s of the later ones where s is small: 4 s >= 0.01.
    assert found.pace == pytest.approx(0.0025)
    assert found.ends_at == pytest.approx(-0.12 + 14 * 0.0025)


def test_a_year_that_rose_is_counted_and_the_next_quarter_has_a_hurdle():
    found = distance(TWICE, [0.0, 0.0, 0.0, 0.0, 0.1, 0.1, 0.1, 0.1])
    assert (found.years, found.years_done, found.records_left) == (2, 1, 4)
    # The year to the next quarter: (0.3 + x) / 4 >= (0.0 * 3 + 0.1) / 4 + 0.01.
    assert found.hurdle == pytest.approx(0.04 + 0.1 - 0.3)
    assert found.a_year_before == 0.1
    # Four quarters on a line from 0.1 have the mean 0.1 + 2.5 s, which must reach 0.11.
    assert found.pace == pytest.approx(0.004)


def test_a_fall_turns_signs():
    found = distance(FALLING, [0.2, 0.2, 0.2, 0.2, 0.1, 0.1, 0.1])
    assert not found.is_rise and found.records_left == 1 and found.settles
    # (0.3 + x) / 4 <= 0.2 - 0.02.
    assert found.hurdle == pytest.approx(0.42)
    assert found.pace == 0.0


def test_a_rise_that_was_too_small_counts_for_nothing():
    assert distance(TWICE, [0.0] * 4 + [0.009] * 4).years_done == 0
    assert distance(TWICE, [0.0] * 4 + [0.02] * 4).years_done == 1


def test_what_cannot_be_met_has_no_distance():
    found = distance(WORDS, [-0.1 * place for place in range(38)], 41)
    assert (found.records_left, found.settles) == (0, True)
    assert np.isnan(found.pace) and np.isnan(found.ends_at)


def test_quarters_that_were_not_seen_leave_the_pace_open():
    seen = {0: 0.1, 2: 0.1}
    windows = windows_of(WORDS, {MARGIN: seen}, MARGIN, 3, 41, 4)
    found = distance_of(WORDS, seen, MARGIN, 3, stretches_of(windows, 3, MARGIN), 4)
    assert np.isnan(found.pace) and found.years_done == 0


def test_no_steady_path_leaves_a_level_that_has_to_be_kept():
    kept = Event("kept", "", (Clause(MARGIN, rises=Move(1), below=0.2),))
    # A year at 0.1 has begun with 0.3: whatever the pace, one of the four lies above 0.2.
    assert np.isnan(slowest_pace(kept, {0: 0.0, 1: 0.0, 2: 0.0, 3: 0.0, 4: 0.3}, MARGIN, 7, 4, 4))


@pytest.mark.parametrize("seed", range(8))
def test_the_pace_just_meets_the_event(seed):
    """By the words of docs/model.md: met with a hair more, not met with a hair less."""
    generator = np.random.default_rng(seed)
    values = list(generator.normal(-0.1, 0.05, 5))
    pace = slowest_pace(TWICE, dict(enumerate(values)), MARGIN, 11, 4, 4)

    def is_met(change):
        path = np.array(values + [values[-1] + change * k for k in range(1, 8)])
        means = path.reshape(3, 4).mean(axis=1)
        return bool((np.diff(means) >= 0.01).all())

    assert pace > 0.0
    assert is_met(pace + 1e-9) and not is_met(pace - 1e-6)
