"""What a target is: a number per trajectory, the range its median should lie in, and the evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sandwich_sim.studies.calibration_flows import Floats, Paths

FRACTION, MONEY, FACTOR, MONTHS = "", "bn USD", "x", "months"


@dataclass(frozen=True)
class Measure:
    """One number per trajectory.

    Attributes
    ----------
    how : str
        How it is computed, for the page.
    compute : callable
        From `Paths` to values of shape (n,).
    """

    how: str
    compute: Callable[[Paths], Floats]


def at(name: str, year: float) -> Measure:
    """Return a series at one date."""
    return Measure(f"`{name}`, {when(year)}", lambda paths: paths.at(name, year))


def ratio(over: str, under: str, year: float) -> Measure:
    """Return one series over another at one date."""
    return Measure(
        f"`{over} / {under}`, {when(year)}", lambda paths: paths.at(over, year) / paths.at(under, year)
    )


def growth(name: str, year: float) -> Measure:
    """Return the factor by which a series grows in the year that ends then."""
    return Measure(
        f"`{name}`, {when(year)} over {when(year - 1)}",
        lambda paths: paths.at(name, year) / paths.at(name, year - 1),
    )


def decline(name: str, first: float, last: float) -> Measure:
    """Return the factor a year by which a series falls between two dates."""
    a_year = "" if last - first == 1 else ", a year"
    return Measure(
        f"`{name}`, {when(first)} over {when(last)}{a_year}",
        lambda paths: (paths.at(name, first) / paths.at(name, last)) ** (1.0 / (last - first)),
    )


def log_change(name: str, year: float) -> Measure:
    """Return the log change of a series over the year that ends then."""
    return Measure(
        f"log change of `{name}` to {when(year)}",
        lambda paths: np.log(paths.at(name, year) / paths.at(name, year - 1)),
    )


def swing(name: str) -> Measure:
    """Return the standard deviation of the yearly log changes within a trajectory."""

    def compute(paths: Paths) -> Floats:
        yearly = np.log(paths.series(name)[:: paths.spec.steps_per_year])
        return np.asarray(np.diff(yearly, axis=0).std(axis=0, ddof=1))

    return Measure(f"standard deviation of the yearly log changes of `{name}`", compute)


def mean_between(name: str, first: float, last: float) -> Measure:
    """Return the mean of the records from one date to another, both counted."""

    def compute(paths: Paths) -> Floats:
        q = paths.spec.steps_per_year
        return np.asarray(paths.series(name)[round(first * q) : round(last * q) + 1].mean(axis=0))

    return Measure(f"mean of `{name}`, {when(first)} to {when(last)}", compute)


def mean_of_year(name: str, calendar_year: int) -> Measure:
    """Return the mean of the records dated in a calendar year."""

    def compute(paths: Paths) -> Floats:
        return np.asarray(paths.series(name)[paths.records_of(calendar_year)].mean(axis=0))

    return Measure(f"mean of `{name}` in {calendar_year}", compute)


def share_of_numbers(part: str, rest: str) -> Measure:
    """Return one parameter over the sum of two."""
    return Measure(
        f"`{part} / ({part} + {rest})`",
        lambda paths: paths.number(part) / (paths.number(part) + paths.number(rest)),
    )


def when(year: float) -> str:
    """Return how the page names a date: "start" or "year 5"."""
    return "start" if year == 0 else f"year {year:g}"


@dataclass(frozen=True)
class Wanted:
    """The range that the median should lie in.

    Attributes
    ----------
    low, high : float
        [``unit``].
    best : float, optional
        The best single value, where the evidence has one [``unit``].
    unit : str
        "" for a fraction, "bn USD", "x" for a factor, "months".
    """

    low: float
    high: float
    best: float | None = None
    unit: str = FRACTION


@dataclass(frozen=True)
class Target:
    """One number that the model should reproduce.

    Attributes
    ----------
    name : str
        What it is; unique.
    measure : Measure
        How it is had from a run.
    wanted : Wanted
    evidence : str
        Ids of facts in backticks; what is ours says "assumption:" first.
    reason : str
        Why it is missed, if it is.
    """

    name: str
    measure: Measure
    wanted: Wanted
    evidence: str
    reason: str = ""


@dataclass(frozen=True)
class Watched:
    """A number that the page shows and does not score."""

    name: str
    measure: Measure
    unit: str = FRACTION


def over_years(
    name: str, series: str, years: tuple[float, ...], wanted: Wanted, evidence: str
) -> tuple[Target, ...]:
    """Return one target a date, with one range."""
    return tuple(Target(f"{name}, {when(year)}", at(series, year), wanted, evidence) for year in years)
