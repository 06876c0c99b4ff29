"""Which values of the next quarter let an event still happen, and when at the earliest: no chance in it.

An event asks that a series rises for some years running, stays below a level, or ends above one.
All of that is linear in the quarterly values. So with what was seen held fixed and everything else
free, the values of the next quarter that leave a window open are an interval, and its two ends are
two small linear programs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf, isinf, nan

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.scenario.spec import Clause, Event, Move

Floats = NDArray[np.float64]
Known = Mapping[str, Mapping[int, float]]
"""What was seen: series -> record -> value."""

_FLAT = 1e-12
"""A steady change moves a row by less than this only by rounding."""


@dataclass(frozen=True)
class Window:
    """The event happening at one record.

    Attributes
    ----------
    end : int
        That record.
    low, high : float
        Values of the next quarter that leave it possible, all else that was not seen being free;
        infinite where any does. Low above high: it is impossible.
    is_decided : bool
        Whether all it asks for was seen, or hangs on the next quarter alone.
    """

    end: int
    low: float
    high: float
    is_decided: bool

    @property
    def is_possible(self) -> bool:
        """Whether some value leaves it possible."""
        return self.low <= self.high


@dataclass(frozen=True)
class Stretch:
    """Values of the next quarter with one consequence.

    Attributes
    ----------
    low, high : float
    earliest : int
        First record at which the event may happen then; -1 if at none of the run.
    meets : bool
        Whether it then happens at the next quarter for certain.
    """

    low: float
    high: float
    earliest: int
    meets: bool


def first_window(event: Event, steps_per_year: int) -> int:
    """Return the first record at which an event can happen."""
    years = event.window_years
    return (years + 1) * steps_per_year - 1 if years else 0


def windows_of(
    event: Event, known: Known, series: str, following: int, n_record: int, steps_per_year: int
) -> tuple[Window, ...]:
    """Find out for each record at which an event could happen what the next quarter must be.

    Parameters
    ----------
    event : Event
    known : mapping
        What was seen.
    series : str
        The series whose next quarter is asked about.
    following : int
        The record of that quarter.
    n_record : int
        Records of the run.
    steps_per_year : int
    """
    found = []
    for end in range(first_window(event, steps_per_year), n_record):
        low, high = -inf, inf
        is_decided = end <= following
        for name in dict.fromkeys(clause.series for clause in event.clauses):
            asked = following if name == series else -1
            program = _program(event, name, end, known.get(name, {}), asked, steps_per_year)
            if not program.unseen <= {asked}:
                is_decided = False
            ends = program.range_of_asked()
            low, high = max(low, ends[0]), min(high, ends[1])
        found.append(Window(end, low, high, is_decided))
    return tuple(found)


def stretches_of(windows: Sequence[Window], following: int, series: str) -> tuple[Stretch, ...]:
    """Divide the values of the next quarter by what they make of the event, from low to high."""
    ahead = [window for window in windows if window.end >= following and window.is_possible]
    least, most = _limits(series)
    cuts = {cut for window in ahead for cut in (window.low, window.high) if least < cut < most}
    found: list[Stretch] = []
    for low, high in pairwise([least, *sorted(cuts), most]):
        inside = _between(low, high)
        first = next((window for window in ahead if window.low <= inside <= window.high), None)
        earliest = first.end if first else -1
        meets = first is not None and first.end == following and first.is_decided
        if found and (found[-1].earliest, found[-1].meets) == (earliest, meets):
            found[-1] = Stretch(found[-1].low, high, earliest, meets)
        else:
            found.append(Stretch(low, high, earliest, meets))
    return tuple(found)


def _between(low: float, high: float) -> float:
    """Return a value strictly between two, either of which may be infinite."""
    if isinf(low) and isinf(high):
        return 0.0
    if isinf(low):
        return high - 1.0
    return low + 1.0 if isinf(high) else 0.5 * (low + high)


def slowest_pace(
    event: Event, seen: Mapping[int, float], series: str, end: int, last: int, steps_per_year: int
) -> float:
    """Return the steady change a record, from the last one seen on, that just meets an event at a record.

    Of all that do, the one nearest to zero, as far as the event asks for this series alone; NaN if none
    does, or if a record before the last one was not seen.
    """
    if last not in seen:
        return nan
    low, high = _program(event, series, end, seen, -1, steps_per_year).range_of_pace(last, seen[last])
    return min(max(low, 0.0), high) if low <= high else nan


@dataclass
class _Program:
    """A linear program over the records of one series: rows at least their bounds."""

    places: dict[int, int]
    low: Floats
    high: Floats
    rows: Floats
    bounds: Floats
    asked: int
    unseen: set[int]

    def range_of_asked(self) -> tuple[float, float]:
        """Return the least and the largest value of the record asked about."""
        if bool((self.low > self.high).any()):
            return inf, -inf
        column = self.places.get(self.asked, -1)
        ends = []
        for sign in (1.0, -1.0):
            cost = np.zeros(len(self.places))
            if column >= 0:
                cost[column] = sign
            status, value = self._solve(cost)
            if status == 2:
                return inf, -inf
            ends.append(sign * value if status == 0 and column >= 0 else -sign * inf)
        return ends[0], ends[1]

    def range_of_pace(self, last: int, value: float) -> tuple[float, float]:
        """Return the steady changes a record, from one record and its value on, that meet every row."""
        if any(record <= last for record in self.unseen) or bool((self.low > self.high).any()):
            return inf, -inf
        level, ahead = np.full(len(self.places), value), np.zeros(len(self.places))
        for record, place in self.places.items():
            if record in self.unseen:
                ahead[place] = record - last
            else:
                level[place] = self.low[place]
        free = ahead > 0.0
        rows = np.concatenate([self.rows, np.eye(free.size)[free], -np.eye(free.size)[free]])
        least = np.concatenate([self.bounds, self.low[free], -self.high[free]])
        asked, gain = least - rows @ level, rows @ ahead
        flat = np.abs(gain) < _FLAT
        if bool((asked[flat] > _FLAT).any()):
            return inf, -inf
        rising, falling = (gain > 0.0) & ~flat, (gain < 0.0) & ~flat
        return (
            float(np.max(asked[rising] / gain[rising], initial=-inf)),
            float(np.min(asked[falling] / gain[falling], initial=inf)),
        )

    def _solve(self, cost: Floats) -> tuple[int, float]:
        from scipy.optimize import linprog

        found = linprog(
            cost,
            A_ub=-self.rows if self.rows.size else None,
            b_ub=-self.bounds if self.rows.size else None,
            bounds=np.column_stack([self.low, self.high]),
            method="highs",
        )
        if found.status == 4:  # HiGHS may not tell unbounded from infeasible until it is asked which
            return self._solve(np.zeros_like(cost)) if cost.any() else (2, 0.0)
        return int(found.status), float(found.fun or 0.0)


def _program(event: Event, series: str, end: int, seen: Mapping[int, float], asked: int, q: int) -> _Program:
    clauses = [clause for clause in event.clauses if clause.series == series]
    years = event.window_years
    needed = _needed(clauses, years, end, q)
    places = {record: place for place, record in enumerate(sorted(needed))}
    low, high = (np.full(len(places), limit) for limit in _limits(series))
    rows: list[Floats] = []
    bounds: list[float] = []
    for record, place in places.items():
        if record in seen:
            low[place] = high[place] = seen[record]
    for clause in clauses:
        for record in range(end - max(years * q, 1) + 1, end + 1):
            if clause.below is not None:
                high[places[record]] = min(high[places[record]], clause.below)
            if clause.above is not None:
                low[places[record]] = max(low[places[record]], clause.above)
        for row, bound in _rows(clause, places, end, q):
            rows.append(row)
            bounds.append(bound)
    matrix = np.array(rows) if rows else np.zeros((0, len(places)))
    unseen = {record for record in places if record not in seen}
    return _Program(places, low, high, matrix, np.array(bounds), asked, unseen)


def _needed(clauses: Sequence[Clause], years: int, end: int, q: int) -> set[int]:
    """Return the records that a window asks about."""
    needed: set[int] = set()
    for clause in clauses:
        if clause.below is not None or clause.above is not None:
            needed.update(range(end - max(years * q, 1) + 1, end + 1))
        for move in (clause.rises, clause.falls):
            if move is not None:
                needed.update(range(end - (move.years + 1) * q + 1, end + 1))
        if clause.ends_above is not None or clause.ends_above_start:
            needed.update(range(end - q + 1, end + 1))
        if clause.ends_above_start:
            needed.add(0)
    return needed


def _rows(clause: Clause, places: Mapping[int, int], end: int, q: int) -> list[tuple[Floats, float]]:
    """Return what a clause asks for, each as a row of coefficients and the least that it must reach."""

    def mean(j: int) -> Floats:
        row = np.zeros(len(places))
        for record in range(end - (j + 1) * q + 1, end - j * q + 1):
            row[places[record]] = 1.0 / q
        return row

    found: list[tuple[Floats, float]] = []
    moves: tuple[tuple[Move | None, float], ...] = ((clause.rises, 1.0), (clause.falls, -1.0))
    for move, sign in moves:
        for j in range(move.years) if move else ():
            step = sign * (mean(j) - mean(j + 1))
            found.append((step, move.by if move else 0.0))
            if move and move.by_ratio:  # at least the ratio of the level before, above zero or below it
                found.append((step - move.by_ratio * mean(j + 1), 0.0))
                found.append((step + move.by_ratio * mean(j + 1), 0.0))
    if clause.ends_above is not None:
        found.append((mean(0), clause.ends_above))
    if clause.ends_above_start:
        row = mean(0)
        row[places[0]] -= 1.0
        found.append((row, 0.0))
    return found


def _limits(series: str) -> tuple[float, float]:
    """Return what a series cannot leave: no margin is above one, no gap below zero."""
    base = series.partition(".")[0]
    if base.endswith("margin"):
        return -inf, 1.0
    if base.endswith("share"):
        return 0.0, 1.0
    return (0.0, inf) if base in ("gap", "price", "line", "cost", "capex", "spend", "tokens") else (-inf, inf)
