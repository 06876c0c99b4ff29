"""What happened on the way of one trajectory: leaps, releases, busts, turns of profit, events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.story import EventTold, Happening
from sandwich_sim.analysis.story_words import amount, cell, month, percent
from sandwich_sim.variables import VARIABLES

Floats = NDArray[np.float64]

BUST = 0.30
"""A series busts where it falls by at least that part within a year."""
_LEAST = 1e-9
"""A peak below this is nothing that could fall [bn USD/yr]."""


@dataclass(frozen=True)
class Course:
    """One trajectory over time, as plain numbers.

    Attributes
    ----------
    dates : sequence of date
        Of the records.
    steps_per_year : int
    series : mapping of str to ndarray of float64, shape (n_record,)
        Every series by its spelled-out name.
    jumps : mapping of str to ndarray, shape (n_step,)
        Counts of ``shock.leap`` and ``shock.release``.
    titles : mapping of str to str
        Of the hops that are told.
    """

    dates: Sequence[date]
    steps_per_year: int
    series: Mapping[str, Floats]
    jumps: Mapping[str, Floats]
    titles: Mapping[str, str]


def happenings(course: Course, events: Sequence[EventTold]) -> tuple[Happening, ...]:
    """Return everything worth telling, in the order of time."""
    found = [*_jumps(course), *_met(course, events), *_turns(course)]
    for name in ("spend", "capex", *(f"revenue.{hop}" for hop in course.titles)):
        found.extend(_busts(course, name))
    order = {"event": 0, "bust": 1, "turn": 2, "leap": 3, "release": 4}
    return tuple(sorted(found, key=lambda each: (each.record, order[each.kind], each.series)))


def title_of(course: Course, name: str) -> str:
    """Name a series for people: ``capital spending``, ``revenue of AI chips``."""
    base, _, hop = name.partition(".")
    title = VARIABLES[base].long_name.partition(" (")[0]
    return f"{title} of {course.titles[hop]}" if hop else title


def _jumps(course: Course) -> Iterator[Happening]:
    """Leaps and releases; a step's jumps show at its end, beside all else that moved the gap."""
    gap = course.series["gap"]
    leaps, releases = course.jumps["shock.leap"], course.jumps["shock.release"]
    for step in np.flatnonzero((leaps > 0) | (releases > 0)).tolist():
        before, after = float(gap[step]), float(gap[step + 1])
        words = f"gap {cell('gap', before)} → {amount('gap', after)}"
        day = course.dates[step + 1]
        for counts, kind, noun in (
            (leaps, "leap", "closed leap"),
            (releases, "release", "strong open release"),
        ):
            n = int(counts[step])
            if not n:
                continue
            what = noun[0].upper() + noun[1:] if n == 1 else f"{n} {noun}s"
            other = "strong open release" if kind == "leap" else "closed leap"
            both = f", with a {other} in the same step" if leaps[step] and releases[step] else ""
            yield Happening(
                day, day, step + 1, "leap" if kind == "leap" else "release", "gap", before, after,
                f"{what}: {words}{both}",
            )  # fmt: skip


def _busts(course: Course, name: str) -> Iterator[Happening]:
    """Each stretch in which a series lies far below where it was a year before, peak to trough."""
    values, year = course.series[name], course.steps_per_year
    before = values[:-year]
    is_down = np.concatenate(
        [np.zeros(year, dtype=bool), (before > _LEAST) & (values[year:] <= (1.0 - BUST) * before)]
    )
    end = -1
    for first in np.flatnonzero(is_down).tolist():
        if first <= end:
            continue
        last = first
        while last + 1 < values.size and is_down[last + 1 : last + 1 + year].any():
            last += 1
        peak = first - 1 - int(np.argmax(values[first - year : first][::-1]))  # the last of equal ones
        trough = first + int(np.argmin(values[first : last + 1]))
        end = last
        high, low = float(values[peak]), float(values[trough])
        until = month(course.dates[trough])
        yield Happening(
            course.dates[peak], course.dates[trough], peak, "bust", name, high, low,
            f"Bust: {_lower(title_of(course, name))} falls by {percent(1.0 - low / high)} until {until}, "
            f"{cell(name, high)} → {amount(name, low)}",
        )  # fmt: skip


def _turns(course: Course) -> Iterator[Happening]:
    """Where the profit of a hop, or the labs' all-in margin, changes sign for at least a year."""
    for name in ("all_in_margin", *(f"profit.{hop}" for hop in course.titles)):
        values = course.series[name]
        is_above = values > 0.0
        year = course.steps_per_year
        now = bool(is_above[0])
        for record in range(1, values.size - year):
            if (
                is_above[record] == now
                or not (is_above[record : record + year + 1] == is_above[record]).all()
            ):
                continue
            now = bool(is_above[record])
            day = course.dates[record]
            yield Happening(
                day, day, record, "turn", name, float(values[record - 1]), float(values[record]),
                f"{title_of(course, name)} turns {'positive' if now else 'negative'}",
            )  # fmt: skip


def _met(course: Course, events: Sequence[EventTold]) -> Iterator[Happening]:
    for event in events:
        if event.when is None:
            continue
        yield Happening(
            event.when, event.when, event.record, "event", event.name, float("nan"), float("nan"),
            f"Event {event.name}: in {percent(event.by_then)} of trajectories by then, "
            f"{percent(event.probability)} at all",
        )  # fmt: skip


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]
