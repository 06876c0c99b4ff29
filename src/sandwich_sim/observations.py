"""What came true, and what was known before it: the data that hindcasts are scored against.

``observations.csv`` holds outcomes with the fact that each rests on. ``observations_known.csv``
holds earlier values of the same series with the day on which each was public; baselines are made
of them, and only of those that were public before a forecast began.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

OBSERVATIONS_FILE = Path(__file__).with_name("observations.csv")
KNOWN_FILE = Path(__file__).with_name("observations_known.csv")

LAST_DAY = date(2026, 7, 1)
"""Nothing is known of later days: a window that ends after it holds guidance, not an outcome."""


@dataclass(frozen=True)
class Window:
    """A day, or the time from a day up to another.

    Attributes
    ----------
    begin, end : date
        The same for a single day; ``end`` is not part of a longer window.
    """

    begin: date
    end: date

    @property
    def middle(self) -> date:
        """The day halfway."""
        return self.begin + timedelta(days=(self.end - self.begin).days // 2)

    def __str__(self) -> str:
        days = (self.begin, self.end) if self.end != self.begin else (self.begin,)
        return "/".join(day.isoformat() for day in days)


@dataclass(frozen=True)
class Observation:
    """One number that the model has a forecast of.

    Attributes
    ----------
    window : Window
    series : str
        As docs/model.md section 10 names it: a recorded series, ``capex_over_depreciation``,
        ``ratio.compute_price`` or ``decline.line``.
    hop : str
        Empty where the series belongs to no hop.
    value, low, high : float
        Best value and about its 5th and 95th percentile [in ``unit``].
    unit : str
    fact : str
        Id of the fact that it rests on.
    note : str
    """

    window: Window
    series: str
    hop: str
    value: float
    low: float
    high: float
    unit: str
    fact: str
    note: str

    @property
    def name(self) -> str:
        """Series and hop: ``revenue.chips``."""
        return f"{self.series}.{self.hop}" if self.hop else self.series

    @property
    def is_outcome(self) -> bool:
        """Whether its window has passed."""
        return self.window.end <= LAST_DAY


@dataclass(frozen=True)
class KnownValue:
    """A value of a series and the day on which it was public.

    Attributes
    ----------
    window : Window
    name : str
        Series and hop, as in `Observation`.
    value : float
        [in ``unit``].
    unit : str
    published : date
    fact : str
    """

    window: Window
    name: str
    value: float
    unit: str
    published: date
    fact: str


def _window(text: str) -> Window:
    days = [date.fromisoformat(part) for part in text.split("/")]
    return Window(days[0], days[-1])


@cache
def load_observations() -> tuple[Observation, ...]:
    """Read the outcomes that ship with the package, in file order."""
    with OBSERVATIONS_FILE.open(newline="", encoding="utf-8") as file:
        return tuple(
            Observation(
                window=_window(row["date"]),
                value=float(row["value"]),
                low=float(row["low"]),
                high=float(row["high"]),
                **{key: row[key] for key in ("series", "hop", "unit", "fact", "note")},
            )
            for row in csv.DictReader(file)
        )


@cache
def load_known_values() -> tuple[KnownValue, ...]:
    """Read what was public of each series and when, in file order."""
    with KNOWN_FILE.open(newline="", encoding="utf-8") as file:
        return tuple(
            KnownValue(
                window=_window(row["date"]),
                name=f"{row['series']}.{row['hop']}" if row["hop"] else row["series"],
                value=float(row["value"]),
                unit=row["unit"],
                published=date.fromisoformat(row["published"]),
                fact=row["fact"],
            )
            for row in csv.DictReader(file)
        )


def known_before(origin: date, values: Sequence[KnownValue]) -> tuple[KnownValue, ...]:
    """Return the values that were public before a day, in the order given."""
    return tuple(value for value in values if value.published < origin)
