"""Events and the sawtooth check of the plain twin, on paths made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from documents import chain_from_document
from reference_events import alternations, events
from sandwich_sim.scenario.spec import Clause, Event, Move
from still_chain import still_document

CHAIN = chain_from_document(still_document())
"""Four records a year, twelve steps."""
NEVER = np.nan


def first_time(path, *clauses, **more):
    column = np.asarray(path, dtype=np.float64)[:, np.newaxis]
    series = {"gap": column} | {name: np.asarray(values)[:, np.newaxis] for name, values in more.items()}
    flag, time = events(CHAIN, series, Event("event", "Event", clauses))
    assert flag[0] == ~np.isnan(time[0])
    return time[0]


def yearly(*levels):
    """Repeat each level for a year of four records, and once more at the end."""
    return np.append(np.repeat(levels, 4), levels[-1]).astype(np.float64)


def test_below_is_strict_and_sees_one_record():
    assert first_time([5, 5, 4, 3, 5], Clause("gap", below=4.0)) == 0.75
    assert np.isnan(first_time([5, 5, 4, 4, 5], Clause("gap", below=4.0)))


def test_above_holds_from_the_first_record():
    assert first_time([5, 1, 1], Clause("gap", above=4.0)) == 0.0


def test_rise_needs_a_year_and_the_one_before():
    # Means of years end at records 7 (2 against 1) at the earliest.
    assert first_time(yearly(1.0, 2.0, 2.0), Clause("gap", rises=Move(1, by=1.0))) == 7 / 4
    assert np.isnan(first_time(yearly(1.0, 2.0, 2.0), Clause("gap", rises=Move(1, by=1.01))))


def test_rise_over_two_years_must_go_on():
    clause = Clause("gap", rises=Move(2, by=0.5))
    assert first_time(yearly(1.0, 2.0, 3.0), clause) == 11 / 4
    # With 2 twice, no two years in a row rise by half.
    assert np.isnan(first_time(yearly(1.0, 2.0, 2.0), clause))


def test_fall_by_a_ratio_is_measured_on_where_it_fell_from():
    assert first_time(yearly(10.0, 7.0), Clause("gap", falls=Move(1, by_ratio=0.30))) == 7 / 4
    assert np.isnan(first_time(yearly(10.0, 7.0), Clause("gap", falls=Move(1, by_ratio=0.31))))


def test_path_that_stands_still_neither_rises_nor_falls():
    path = np.full(13, 0.1)
    assert np.isnan(first_time(path, Clause("gap", rises=Move(1))))
    assert np.isnan(first_time(path, Clause("gap", falls=Move(1))))


def test_window_of_below_is_the_longest_move_of_the_event():
    rising = yearly(1.0, 2.0, 3.0)
    low = np.full(13, 1.0)
    low[4] = 9.0  # inside the year that ends at record 7, outside the one that ends at 8
    time = first_time(rising, Clause("gap", rises=Move(1)), Clause("price", below=5.0), price=low)
    assert time == 8 / 4


@pytest.mark.parametrize(("ends_above", "expected"), [(1.2, 4 / 4), (2.0, NEVER)])
def test_ends_above_looks_at_the_mean_of_the_last_year(ends_above, expected):
    time = first_time(yearly(1.0, 2.0), Clause("gap", ends_above=ends_above))
    np.testing.assert_equal(time, expected)


def test_ends_above_start_compares_with_the_first_record():
    assert first_time([2, 1, 1, 1, 3, 3, 3], Clause("gap", ends_above_start=True)) == 6 / 4


def test_undefined_value_makes_a_clause_false():
    path = yearly(1.0, 2.0)
    path[5] = np.nan
    assert np.isnan(first_time(path, Clause("gap", rises=Move(1))))


def test_alternation_counts_swings_above_ten_percent_each_way():
    # Moves: +20%, -20%, -5%, +30%: one pair of three swings.
    revenue = np.cumprod([1.0, 1.2, 0.8, 0.95, 1.3])
    assert alternations(revenue) == pytest.approx(1.0 / 3.0)
    assert alternations(np.ones(10)) == 0.0
