"""By when an event is first seen on two sides, as sentences and as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from math import isfinite
from typing import Any

from sandwich_sim.analysis.compare_event_times import Bounded, EventTime
from sandwich_sim.results.coordinates import record_date
from sandwich_sim.results.meta import RunMeta

TITLE = "Events, by when parts of the trajectories first see them"
"""Heading of the sentences of `event_time_lines`."""
LEGEND = (
    "Dates are those of records; what never sees an event counts as later than any. In brackets: 95% "
    "intervals, in whole records, none where a single one is within."
)
_MINUS = "\N{MINUS SIGN}"


def event_time_lines(
    times: Sequence[EventTime], a: RunMeta, b: RunMeta, rate: float
) -> Iterator[tuple[str, str]]:
    """Yield an event and a sentence on each part of the trajectories that sees it on either side.

    Parameters
    ----------
    times : sequence of EventTime
    a, b : RunMeta
        Of the two sides.
    rate : float
        How often an interval misses.

    Yields
    ------
    tuple of str
        Such as ``thesis_falsified`` and ``half by Jul 2030 in A, by Jan 2031 (Oct 2030 to Jan 2031) in
        B: 0.5 years later (95% CI 0.25 to 0.5)``.
    """
    for event in dict.fromkeys(each.event for each in times):
        lines = list(_lines([each for each in times if each.event == event], a, b, rate))
        yield from ((event, line) for line in lines)
        if not lines:
            yield event, "fewer than 5% see it within the run, on either side"


def _lines(times: Sequence[EventTime], a: RunMeta, b: RunMeta, rate: float) -> Iterator[str]:
    for each in times:
        who = "half" if each.part == 0.5 else f"{each.part:.0%}"
        if each.a.reason:
            yield f"{who}: {each.a.reason}"
        elif each.is_reached:
            sides = f"{who} by {_dated(each.a, a)} in A, by {_dated(each.b, b)} in B"
            yield f"{sides}: {_difference(each.difference, rate)}"
        elif isfinite(each.a.value):
            yield f"{who} by {_dated(each.a, a)} in A, not within the run in B"
        elif isfinite(each.b.value):
            yield f"{who} by {_dated(each.b, b)} in B, not within the run in A"


def _dated(time: Bounded, meta: RunMeta) -> str:
    """Write a date with its interval, if that is more than a record: ``Jan 2031 (Oct 2030 to Jan 2031)``."""
    middle, low, high = (_day(end, meta) for end in (time.value, time.low, time.high))
    words = f"{middle:%b %Y}" if middle else ""
    if low == high:
        return words
    begin = f"{low:%b %Y}" if low else ""
    return f"{words} ({begin} to {high:%b %Y})" if high else f"{words} ({begin} or later)"


def _difference(found: Bounded, rate: float) -> str:
    """Say a difference in years with its interval: ``0.5 years later (95% CI 0.25 to 0.5)``."""
    sign = -1.0 if found.value < 0.0 else 1.0
    years = "1 year" if abs(found.value) == 1.0 else f"{abs(found.value):.3g} years"
    size = f"{years} {'later' if sign > 0.0 else 'earlier'}"
    low, high = sorted((sign * found.low, sign * found.high))
    level = f"{100.0 * (1.0 - rate):.4g}% CI"
    if isfinite(low) and isfinite(high):
        interval = f"{_number(low)} to {_number(high)}"
    elif isfinite(low):
        interval = f"{_number(low)} or more"
    else:
        interval = f"{_number(high)} or less" if isfinite(high) else "anything"
    return f"{size if found.value else 'no later and no earlier'} ({level} {interval})"


def _number(value: float) -> str:
    return f"{value:.3g}".replace("-", _MINUS) if value else "0"


def _day(time: float, meta: RunMeta) -> date | None:
    """Date of the record at a time; None beyond the run."""
    return record_date(meta, round(time * meta.steps_per_year)) if isfinite(time) else None


def time_document(found: EventTime, a: RunMeta, b: RunMeta) -> dict[str, Any]:
    """Return plain values: times from the start [yr] with their dates, null beyond the run."""
    sides = {
        name: _bounded_document(time)
        | ({} if (day := _day(time.value, meta)) is None else {"date": day.isoformat()})
        for name, time, meta in (("a", found.a, a), ("b", found.b, b))
    }
    return {
        "event": found.event,
        "part": found.part,
        **sides,
        "difference": _bounded_document(found.difference),
    }


def _bounded_document(time: Bounded) -> dict[str, Any]:
    if time.reason:
        return {"value": None, "interval": [None, None], "reason": time.reason}
    value, *interval = (end if isfinite(end) else None for end in (time.value, time.low, time.high))
    return {"value": value, "interval": interval}
