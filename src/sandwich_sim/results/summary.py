"""The table at the end of a run, as plain data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from math import isfinite, nan
from typing import Any

SCHEMA_VERSION = 1
ENDS = ("start", "horizon")


@dataclass(frozen=True)
class Estimate:
    """A number and how sure it is.

    Attributes
    ----------
    value, standard_error : float
        NaN where they cannot be estimated.
    reason : str
        Why.
    low, high : float
        95% interval; NaN where there is none.
    """

    value: float
    standard_error: float
    reason: str = ""
    low: float = nan
    high: float = nan


@dataclass(frozen=True)
class Distribution:
    """Mean and quantiles of one series of a hop at one record.

    Attributes
    ----------
    mean : Estimate
    quantiles : mapping of float to Estimate
        By level (0.05, 0.5, 0.95).
    """

    mean: Estimate
    quantiles: dict[float, Estimate]


@dataclass(frozen=True)
class HopSummary:
    """One hop. Each field maps ``start`` and ``horizon`` to a distribution.

    Attributes
    ----------
    hop, title : str
    revenue_share, profit_share, margin : mapping of str to Distribution
        Fractions [1].
    cents_kept : mapping of str to Distribution
        Profit kept of the walked dollar [cent].
    """

    hop: str
    title: str
    revenue_share: dict[str, Distribution]
    profit_share: dict[str, Distribution]
    cents_kept: dict[str, Distribution]
    margin: dict[str, Distribution]


@dataclass(frozen=True)
class EventSummary:
    """One event.

    Attributes
    ----------
    event, title : str
    probability : Estimate
        That it happens at all.
    by_year : mapping of int to Estimate
        That it has happened by the record of that calendar year.
    first_in_year : mapping of int to Estimate
        That it first happens in the year before that record.
    rule : str
        When it happens, in words.
    first_year : mapping of float to Estimate
        By level (0.05, 0.5, 0.95): the time by which that part of all trajectories has seen it
        first [calendar year], between records one year apart; the interval runs from record to
        record, and stands for a standard error.
    """

    event: str
    title: str
    probability: Estimate
    by_year: dict[int, Estimate]
    first_in_year: dict[int, Estimate]
    rule: str = ""
    first_year: dict[float, Estimate] = field(default_factory=dict)


@dataclass(frozen=True)
class Summary:
    """What a run prints.

    Attributes
    ----------
    name, title, sampler, keep : str
    n_trajectories, seed : int
    start, horizon : str
        Dates of the first and the last record.
    hops : tuple of HopSummary
    events : tuple of EventSummary
    interval_factor : float
        Half-width of a 95% interval in standard errors.
    failures : mapping of str to int
        Trajectories with a non-finite value or a broken identity, by check; only those above 0.
    first_failure : mapping of str to int
        The first such trajectory.
    undefined_share : mapping of str to float
        Part of the trajectories without a profit share, at ``start`` and ``horizon``.
    alternation : mapping of str to float
        By hop: part of the consecutive steps of revenue that alternate by more than 10% each way.
    """

    name: str
    title: str
    sampler: str
    keep: str
    n_trajectories: int
    seed: int
    start: str
    horizon: str
    hops: tuple[HopSummary, ...]
    events: tuple[EventSummary, ...]
    interval_factor: float
    failures: dict[str, int]
    first_failure: dict[str, int]
    undefined_share: dict[str, float]
    alternation: dict[str, float]

    @property
    def failed(self) -> bool:
        """Whether any trajectory failed a check of the engine."""
        return bool(self.failures)

    def to_document(self) -> dict[str, Any]:
        """Return JSON values; what is not estimable is null, with its reason."""
        document: dict[str, Any] = _plain(asdict(self))
        return {"schema_version": SCHEMA_VERSION, **document, "failed": self.failed}

    def rows(self) -> list[dict[str, Any]]:
        """Return one row an estimate: what, of which hop or event, when, value, error, unit."""
        return [*_hop_rows(self), *_event_rows(self)]


def _row(
    kind: str, name: str, quantity: str, when: str, statistic: str, estimate: Estimate, unit: str = "1"
) -> dict[str, Any]:
    return {
        "kind": kind,
        "name": name,
        "quantity": quantity,
        "when": when,
        "statistic": statistic,
        "value": estimate.value if isfinite(estimate.value) else None,
        "standard_error": estimate.standard_error if isfinite(estimate.standard_error) else None,
        "unit": unit,
        "reason": estimate.reason,
        "low": estimate.low if isfinite(estimate.low) else None,
        "high": estimate.high if isfinite(estimate.high) else None,
    }


def _hop_rows(summary: Summary) -> Iterator[dict[str, Any]]:
    dates = {"start": summary.start, "horizon": summary.horizon}
    for hop in summary.hops:
        for quantity in ("revenue_share", "profit_share", "cents_kept", "margin"):
            unit = "cent" if quantity == "cents_kept" else "1"
            for end, found in getattr(hop, quantity).items():
                yield _row("hop", hop.hop, quantity, dates[end], "mean", found.mean, unit)
                for level, estimate in found.quantiles.items():
                    yield _row("hop", hop.hop, quantity, dates[end], f"p{level * 100:g}", estimate, unit)


def _event_rows(summary: Summary) -> Iterator[dict[str, Any]]:
    for event in summary.events:
        yield _row("event", event.event, "probability", "ever", "mean", event.probability)
        for year, estimate in event.by_year.items():
            yield _row("event", event.event, "probability", f"by {year}", "mean", estimate)
        for level, estimate in event.first_year.items():
            yield _row("event", event.event, "first_year", "", f"p{level * 100:g}", estimate, "yr")


def _plain(value: Any) -> Any:
    """Make JSON values: NaN is null, keys are text, tuples are lists."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
