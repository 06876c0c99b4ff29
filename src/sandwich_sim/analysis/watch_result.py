"""How far an event is from happening, given the quarters seen so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import inf, nan
from typing import Any

from sandwich_sim.analysis.difference import Measured
from sandwich_sim.analysis.update_result import Offer
from sandwich_sim.analysis.watch_distance import Distance
from sandwich_sim.analysis.watch_windows import Stretch
from sandwich_sim.analysis.weighted import Spread
from sandwich_sim.analysis.weights import Diagnosis
from sandwich_sim.results.meta import RunMeta


@dataclass(frozen=True)
class Year:
    """The mean of four quarters seen in a row.

    Attributes
    ----------
    quarter : str
        The last of them.
    mean, change : float
        ``change`` from the mean of the four before; NaN where they were not seen.
    """

    quarter: str
    mean: float
    change: float


@dataclass(frozen=True)
class Part:
    """One fifth of what the next quarter may be, and how likely the event is then.

    Attributes
    ----------
    low, high : float
    probability : Measured
        Of the event, given the quarters seen and a next one in this range.
    """

    low: float
    high: float
    probability: Measured


@dataclass(frozen=True)
class Watched:
    """One event.

    Attributes
    ----------
    name, title, rule : str
    met : tuple of str
        Quarters at which all that was seen shows that it happened.
    earliest : str
        First quarter, from the next one on, at which it may still happen; "" if at none.
    stretches : tuple of Stretch
        What the next quarter makes of it.
    distance : Distance
        How far the watched series is from doing its part.
    unseen : tuple of str
        Other series that it asks about; what was not seen of them is taken as willing.
    before, after : Measured
        Its probability over the whole run, before the quarters seen and given them.
    by_year : tuple of (int, Measured)
        That it has happened by 1 January of a year, given the quarters seen.
    parts : tuple of Part
    """

    name: str
    title: str
    rule: str
    met: tuple[str, ...]
    earliest: str
    stretches: tuple[Stretch, ...]
    distance: Distance
    unseen: tuple[str, ...]
    before: Measured
    after: Measured | None
    by_year: tuple[tuple[int, Measured], ...] = ()
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Path:
    """The watched series at one record: before the quarters seen, and given them."""

    record: int
    day: date
    before: Spread
    after: Spread | None


@dataclass(frozen=True)
class Watch:
    """What `watch` found.

    Attributes
    ----------
    name, source : str
    meta : RunMeta
    series, label : str
        What is watched.
    seen : dict of str to (float, float)
        Value and error by quarter.
    years : tuple of Year
    following : str
        The quarter that is asked about.
    quarters : tuple of str
        Names of all records.
    path : tuple of Path
    events : tuple of Watched
    diagnosis : Diagnosis
    offers : tuple of Offer
        Where probabilities are refused: what helps.
    warnings : tuple of str
    """

    name: str
    source: str
    meta: RunMeta
    series: str
    label: str
    seen: dict[str, tuple[float, float]]
    years: tuple[Year, ...]
    following: str
    quarters: tuple[str, ...]
    path: tuple[Path, ...]
    events: tuple[Watched, ...]
    diagnosis: Diagnosis
    offers: tuple[Offer, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def is_reliable(self) -> bool:
        """Whether probabilities are given."""
        return self.diagnosis.is_reliable

    def expected(self) -> Spread | None:
        """Return what the next quarter will be, given those seen."""
        return next((item.after for item in self.path if self.quarters[item.record] == self.following), None)

    def to_document(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "name": self.name,
            "source": self.source,
            "series": self.series,
            "seen": [{"quarter": q, "value": v, "error": e} for q, (v, e) in self.seen.items()],
            "years": [{"quarter": y.quarter, "mean": y.mean, "change": y.change} for y in self.years],
            "next_quarter": self.following,
            "expected": _quantiles(self.expected()),
            "conditioning": self.diagnosis.to_document(),
            "events": [self._event(item) for item in self.events],
            "offers": [{"what": item.what, "how": item.how, "takes": item.takes} for item in self.offers],
            "warnings": list(self.warnings),
        }

    def _event(self, item: Watched) -> dict[str, Any]:
        return {
            "name": item.name,
            "title": item.title,
            "rule": item.rule,
            "met": list(item.met),
            "earliest": item.earliest,
            "distance": _distance(item.distance),
            "taken_as_willing": list(item.unseen),
            "next_quarter": [
                {
                    "from": None if each.low == -inf else each.low,
                    "to": None if each.high == inf else each.high,
                    "earliest": self.quarters[each.earliest] if each.earliest >= 0 else "",
                    "meets": each.meets,
                }
                for each in item.stretches
            ],
            "probability_before": _measured(item.before),
            "probability": _measured(item.after) if item.after else None,
            "by_year": [{"year": year, **_measured(found)} for year, found in item.by_year],
            "given_next_quarter": [
                {"from": part.low, "to": part.high, **_measured(part.probability)} for part in item.parts
            ],
        }


def _distance(found: Distance) -> dict[str, Any]:
    return {
        "years_needed": found.years,
        "years_complete": found.years_done,
        "quarters_left": found.records_left,
        "next_quarter_must_reach": found.hurdle,
        "quarter_a_year_before": found.a_year_before,
        "steady_change_a_quarter": found.pace,
        "ends_at": found.ends_at,
        "next_quarter_can_settle_it": found.settles,
        "next_quarter_can_put_it_off": found.moves_earliest,
    }


def _measured(found: Measured) -> dict[str, Any]:
    low, high = found.interval() if found.is_known else (nan, nan)
    return {"value": found.value, "standard_error": found.standard_error, "interval": [low, high]}


def _quantiles(spread: Spread | None) -> dict[str, Any] | None:
    if spread is None:
        return None
    return {f"{level:g}": _measured(found) for level, found in spread.quantiles.items()}
