"""How far an event is from being met, counted in years, quarters and margin: no chance in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan

from sandwich_sim.analysis.watch_windows import Stretch, slowest_pace
from sandwich_sim.scenario.spec import Event, Move


@dataclass(frozen=True)
class Distance:
    """What is missing of an event, as far as it asks for one series.

    Attributes
    ----------
    years : int
        Yearly moves in a row that the event asks of the series; 0 if it asks for none.
    years_done : int
        How many of them are complete: years in a row, the last of which ends with the last record
        seen, whose mean moved enough from the year before.
    records_left : int
        Records still to be seen before it can be met, the next one counted; 0 if it cannot be met.
    hurdle : float
        What the next record must reach (for ``falls``: not exceed) for the year that ends with it to
        count; NaN where the seven quarters before it were not all seen, or no value does.
    is_rise : bool
        Whether the series must rise, not fall.
    a_year_before : float
        The value a year before the next record; NaN where it was not seen.
    pace : float
        Steady change a record, from the last one seen on, that just meets the event at the earliest
        record; NaN where none does.
    ends_at : float
        What the series then is at that record.
    settles : bool
        Whether some value of the next record meets the event as far as it asks for this series, or
        rules it out for the whole run.
    moves_earliest : bool
        Whether some value of the next record puts the earliest record off.
    """

    years: int
    years_done: int
    records_left: int
    hurdle: float
    is_rise: bool
    a_year_before: float
    pace: float
    ends_at: float
    settles: bool
    moves_earliest: bool


def distance_of(
    event: Event,
    seen: Mapping[int, float],
    series: str,
    following: int,
    stretches: Sequence[Stretch],
    steps_per_year: int,
) -> Distance:
    """Say how far an event is from being met.

    Parameters
    ----------
    event : Event
    seen : mapping of int to float
        Values of the series by record.
    series : str
    following : int
        The next record, which was not seen.
    stretches : sequence of Stretch
        What each value of the next record makes of the event.
    steps_per_year : int
    """
    move, is_rise = _move(event, series)
    dates = [each.earliest for each in stretches if each.earliest >= 0]
    earliest = min(dates, default=-1)
    last = following - 1
    pace = slowest_pace(event, seen, series, earliest, last, steps_per_year) if earliest >= 0 else nan
    return Distance(
        years=move.years if move else 0,
        years_done=_years_done(move, is_rise, seen, last, steps_per_year),
        records_left=earliest - last if earliest >= 0 else 0,
        hurdle=_hurdle(move, is_rise, seen, following, steps_per_year),
        is_rise=is_rise,
        a_year_before=seen.get(following - steps_per_year, nan),
        pace=pace,
        ends_at=nan if isnan(pace) else seen[last] + pace * (earliest - last),
        settles=any(each.earliest in (-1, following) for each in stretches),
        moves_earliest=len({each.earliest for each in stretches}) > 1,
    )


def _move(event: Event, series: str) -> tuple[Move | None, bool]:
    """Return the longest move that an event asks of a series, and whether it is a rise."""
    found = [
        (move, is_rise)
        for clause in event.clauses
        if clause.series == series
        for move, is_rise in ((clause.rises, True), (clause.falls, False))
        if move is not None
    ]
    return max(found, key=lambda each: each[0].years, default=(None, True))


def _years_done(move: Move | None, is_rise: bool, seen: Mapping[int, float], last: int, q: int) -> int:
    """Count the years in a row, up to the last record seen, that moved enough."""
    sign = 1.0 if is_rise else -1.0
    for year in range(move.years if move else 0):
        now, before = (_year_mean(seen, last - (year + back) * q, q) for back in (0, 1))
        change = sign * (now - before)
        if move is None or not (change > 0.0 and change >= max(move.by, move.by_ratio * abs(before))):
            return year
    return move.years if move else 0


def _hurdle(move: Move | None, is_rise: bool, seen: Mapping[int, float], following: int, q: int) -> float:
    """Return what the next record must reach for the year that ends with it to count."""
    if move is None:
        return nan
    before = _year_mean(seen, following - q, q)
    others = sum(seen.get(following - back, nan) for back in range(1, q))
    step = max(move.by, move.by_ratio * abs(before))
    found = q * (before + (step if is_rise else -step)) - others
    return found if found == found else nan


def _year_mean(seen: Mapping[int, float], end: int, q: int) -> float:
    """Return the mean of the year of records that ends at one; NaN where one was not seen."""
    return sum(seen.get(end - back, nan) for back in range(q)) / q
