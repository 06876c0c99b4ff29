"""Evidence: what was observed, when, and how exactly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from math import log
from typing import Any, Literal

from sandwich_sim.scenario.outcome_names import Frame
from sandwich_sim.variables import VARIABLES

Measure = Literal["records", "value", "mean", "ratio", "decline"]
Scale = Literal["linear", "log"]

_QUARTER = re.compile(r"(\d{4})\s?-?[Qq]([1-4])\Z")


@dataclass(frozen=True)
class Observation:
    """One thing that was seen.

    Attributes
    ----------
    position : int
        Its place in the file, from 0.
    series, over : str
        What was seen (``margin.lab``, ``gap``), and what it was divided by; "" if nothing.
    start, end : date
        Of the window; equal for a single day.
    measure : {"records", "value", "mean", "ratio", "decline"}
        The mean of the records dated in [start, end); the value at a day, interpolated; the mean
        of the path over the window; end over start; the factor a year by which it fell.
    value : float
        In the unit of the series.
    error_below, error_above : float
        Standard deviations of what lies below and above the value; of its logarithm where the
        scale is "log".
    scale : {"linear", "log"}
    when : str
        As people say it: ``2026Q3``, ``2027``, ``2027-01-01``.
    source, note : str
    """

    position: int
    series: str
    start: date
    end: date
    measure: Measure
    value: float
    error_below: float
    error_above: float
    scale: Scale = "linear"
    over: str = ""
    when: str = ""
    source: str = ""
    note: str = ""

    @property
    def name(self) -> str:
        """What was seen and when: ``all_in_margin @ 2026Q3``."""
        what = f"{self.series} / {self.over}" if self.over else self.series
        what = f"{self.measure} of {what}" if self.measure in ("ratio", "decline") else what
        return f"{what} @ {self.when}"

    @property
    def unit(self) -> str:
        """Unit of the value; "1" for fractions and ratios."""
        is_pure = self.over or self.measure in ("ratio", "decline")
        return "1" if is_pure else VARIABLES[self.series.partition(".")[0]].unit

    @property
    def center(self) -> float:
        """The value, or its logarithm, as errors are counted."""
        return log(self.value) if self.scale == "log" else self.value

    def to_document(self) -> dict[str, Any]:
        """Return plain values."""
        names = ("series", "over", "measure", "when", "value", "scale", "error_below", "error_above", "unit")
        found = {name: getattr(self, name) for name in names}
        return {"name": self.name, "start": self.start, "end": self.end, **found, "source": self.source}


@dataclass(frozen=True)
class Evidence:
    """An evidence file, read and checked.

    Attributes
    ----------
    label : str
        The file as the user named it; "" where there is none.
    title : str
    observations : tuple of Observation
    """

    label: str
    title: str
    observations: tuple[Observation, ...]

    @property
    def repeated(self) -> tuple[str, ...]:
        """Names of observations that occur more than once, each counted anew."""
        names = [item.name for item in self.observations]
        return tuple(dict.fromkeys(name for name in names if names.count(name) > 1))


def parse_quarter(text: str) -> tuple[date, date] | None:
    """Return the first day of a quarter such as ``2026Q3`` and of the next one; None if it is none."""
    match = _QUARTER.match(text)
    if match is None or not 1900 <= int(match.group(1)) <= 2200:
        return None
    year, quarter = int(match.group(1)), int(match.group(2))
    return date(year, 3 * quarter - 2, 1), date(year + quarter // 4, 3 * quarter % 12 + 1, 1)


def last_day(frame: Frame) -> date:
    """Return the day of the last record."""
    year = frame.start.year + frame.years
    is_leap_day = (frame.start.month, frame.start.day) == (2, 29)
    return date(year, 2, 28) if is_leap_day and year % 4 else frame.start.replace(year=year)
