"""By when parts of the trajectories first see an event, on two sides, and how far apart the two dates are.

Times are those of records, so many trajectories share one; an event that never comes is later than
any. Intervals therefore come from tests of the parts that have seen the event by each record
(Woodruff 1952), not from a density. They are whole records, and hold the truth in 95% of the cases
or more, however the records lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite, nan

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.compare import Sample
from sandwich_sim.analysis.compare_groups import is_estimable
from sandwich_sim.analysis.dominance import Relation
from sandwich_sim.results.meta import N_SCRAMBLE

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

PARTS = (0.05, 0.5, 0.95)
TOO_FEW = "not estimable: fewer than 50 trajectories lie beyond it"


@dataclass(frozen=True)
class Bounded:
    """A time and the interval that holds it.

    Attributes
    ----------
    value, low, high : float
        [yr], from the start or between two dates. Infinite: not within the run. NaN: unknown.
    reason : str
        Why it is unknown.
    """

    value: float
    low: float = nan
    high: float = nan
    reason: str = ""


@dataclass(frozen=True)
class EventTime:
    """By when a part of the trajectories has seen an event, on both sides.

    Attributes
    ----------
    event : str
    part : float
        Of the trajectories.
    a, b : Bounded
        Record by which so many have seen it, from the start [yr].
    difference : Bounded
        B less A [yr].
    """

    event: str
    part: float
    a: Bounded
    b: Bounded
    difference: Bounded

    @property
    def is_reached(self) -> bool:
        """Whether so many see it within the run on both sides."""
        return isfinite(self.a.value) and isfinite(self.b.value)


def measure_event_times(
    event: str,
    a: Sample,
    b: Sample,
    relation: Relation,
    span: tuple[int, int],
    alpha: float,
    parts: Sequence[float] = PARTS,
) -> tuple[EventTime, ...]:
    """Find by when parts of the trajectories see an event, and the differences.

    Parameters
    ----------
    event : str
    a, b : Sample
        When each trajectory first sees it, from the start [yr]; NaN: never. For paired sides the
        same trajectories in the same order.
    relation : {"paired", "independent", "unknown"}
    span : tuple of int
        Years of the run, and records a year that hold those of both sides.
    alpha : float
        How often an interval may miss.
    parts : sequence of float
    """
    years, steps = span
    n_record = years * steps + 1
    sides = [_records(side.values, steps, n_record) for side in (a, b)]
    known = _Parts(sides, (a, b), relation, n_record)
    found = []
    for part in parts:
        if not all(is_estimable(side.size, part) for side in sides):
            unknown = Bounded(nan, reason=TOO_FEW)
            found.append(EventTime(event, part, unknown, unknown, unknown))
            continue
        times = [known.time(place, part, alpha) for place in (0, 1)]
        gap = known.difference(part, alpha)
        found.append(EventTime(event, part, *(_in_years(each, steps) for each in (*times, gap))))
    return tuple(found)


def _records(times: Floats, steps: int, n_record: int) -> Whole:
    """Number of the record at which each trajectory sees the event; one past the last: never."""
    return np.where(np.isnan(times), n_record, np.rint(np.nan_to_num(times) * steps)).astype(np.int64)


def _in_years(found: tuple[float, float, float], steps: int) -> Bounded:
    value, low, high = (float(each) / steps for each in found)
    return Bounded(value, low, high, "it is not reached on both sides" if value != value else "")


class _Parts:
    """The parts of the trajectories that have seen an event by each record, and their covariances.

    Attributes
    ----------
    share : tuple of ndarray
        Of each side, by record.
    """

    def __init__(
        self, records: list[Whole], sides: tuple[Sample, Sample], relation: Relation, n_record: int
    ) -> None:
        self.relation, self.n_record = relation, n_record
        self.is_replicated = any(side.is_replicated for side in sides)
        self.freedom = N_SCRAMBLE - 1.0 if self.is_replicated else inf
        self.n = [each.size for each in records]
        columns = [
            _by_group(each, side.scramble, n_record) for each, side in zip(records, sides, strict=True)
        ]
        size = [column[:, -1:] for column in columns]
        whole = [column.sum(axis=0) for column in columns]
        self.share = [column[:-1] / column[-1] for column in whole]
        self._apart: list[Floats] = []
        self._joint: Floats | None = None
        if self.is_replicated:
            groups = [column[:, :-1] / np.maximum(n, 1) for column, n in zip(columns, size, strict=True)]
            self._apart = [group - group.mean(axis=0) for group in groups]
        elif relation == "paired":
            self._joint = _joint_share(records[0], records[1], n_record)

    def variance(self, side: int, part: float) -> Floats:
        """Variance of each share; of independent trajectories that which it has where it is ``part``."""
        least = 1.0 / (self.n[side] + 2.0) ** 2  # no sample shows that none differs
        if not self.is_replicated:
            return np.full(self.n_record, part * (1.0 - part) / self.n[side] + least)
        squares = np.square(self._apart[side]).sum(axis=0)
        return np.asarray(squares / (N_SCRAMBLE * (N_SCRAMBLE - 1.0)) + least)

    def correlation(self) -> Floats:
        """Correlation of each share of A (rows) with each of B (columns)."""
        if self.relation != "paired":
            return np.zeros((self.n_record, self.n_record))
        a, b = self.share
        with np.errstate(invalid="ignore", divide="ignore"):
            if self._joint is None:
                spread = [np.sqrt(np.square(each).sum(axis=0)) for each in self._apart]
                found = np.einsum("ga,gb->ab", *self._apart) / np.outer(*spread)
            else:
                covariance = self._joint - np.outer(a, b)
                found = covariance / np.sqrt(np.outer(a * (1.0 - a), b * (1.0 - b)))
        return np.asarray(np.clip(np.nan_to_num(found), -1.0, 1.0))

    def time(self, side: int, part: float, alpha: float) -> tuple[float, float, float]:
        """First record by which ``part`` have seen it on one side, and the interval."""
        share = self.share[side]
        distance = (share - part) / np.sqrt(self.variance(side, part))
        is_late = _tail(distance, self.freedom) < alpha / 2.0  # surely no longer below the part
        is_early = _tail(-distance, self.freedom) < alpha / 2.0  # surely still below it
        return _first(share >= part), _first(~is_early), _first(is_late)

    def difference(self, part: float, alpha: float) -> tuple[float, float, float]:
        """Records between the two, and the interval; NaN where either is never reached."""
        times = [_first(share >= part) for share in self.share]
        if max(times) == inf:
            return nan, nan, nan
        spread = [self.variance(side, part) for side in (0, 1)]
        related = self.correlation()
        ends = []
        for (one, other), matrix in (((0, 1), related), ((1, 0), related.T)):
            before = np.concatenate([[0.0], self.share[one]]) - part
            early = before, np.concatenate([spread[one][:1], spread[one]])
            late = part - self.share[other], spread[other]
            found = int(times[other] - times[one])
            ends.append(
                self._least(found, early, late, np.vstack([np.zeros(self.n_record), matrix]), alpha / 2.0)
            )
        return times[1] - times[0], ends[0], -ends[1]

    def _least(
        self,
        found: int,
        early: tuple[Floats, Floats],
        late: tuple[Floats, Floats],
        related: Floats,
        alpha: float,
    ) -> float:
        """Return the least number of records by which the second side may come later than the first.

        Parameters
        ----------
        found : int
            The number that was found, from which the search goes down.
        early : tuple of ndarray, each of shape (n_record + 1,)
            How far the part that has seen it on the first side by the record before lies above the
            one wanted, and its variance; in the last place by the end of the run.
        late : tuple of ndarray, each of shape (n_record,)
            How far that on the second side lies below, and its variance.
        related : ndarray of float64, shape (n_record + 1, n_record)
            Correlation of the shares.

        Notes
        -----
        That it comes at most ``gap`` later means: for some record, fewer than wanted have seen it on
        the first side one record earlier, and on the second at least as many ``gap`` records later.
        It is refused if this is refused for every record, each at ``alpha``: an intersection-union
        test, which needs no share of ``alpha`` for each (Berger 1982).
        """
        ahead = early[0] / np.sqrt(early[1])
        behind = late[0] / np.sqrt(late[1])
        if _tail(ahead[-1:], self.freedom)[0] >= alpha:
            return -inf  # the first side may never get there
        rows = np.arange(self.n_record)
        for gap in range(found - 1, -self.n_record, -1):
            within = rows[rows + gap >= 0]  # before the start none have seen it
            at = np.minimum(within + gap, self.n_record - 1)
            chance = self._chance(ahead[within], behind[at], -related[within, at])
            if chance.max(initial=0.0) < alpha:
                return gap + 1.0
        return 1.0 - self.n_record

    def _chance(self, one: Floats, two: Floats, related: Floats) -> Floats:
        """Return how often chance leads as far from "neither is above zero"."""
        if self.relation == "unknown":
            return 2.0 * np.minimum(_tail(one, self.freedom), _tail(two, self.freedom))
        return quadrant_chance(one, two, np.clip(related, -1.0 + 1e-9, 1.0 - 1e-9), self.freedom)


def quadrant_chance(one: Floats, two: Floats, related: Floats, freedom: float) -> Floats:
    """Return how often chance alone lies as far from the quadrant where neither mean is above zero.

    Parameters
    ----------
    one, two : ndarray of float64
        Estimates in standard errors.
    related : ndarray of float64
        Their correlation.
    freedom : float
        Degrees of freedom of the errors; infinite where they are known.

    Notes
    -----
    The squared distance in the metric of the errors; at the corner, where it is largest, half of
    the cases have one degree of freedom and a part given by the angle has two (Kudo 1963).
    """
    from scipy.special import ndtr, stdtr

    corner = (one**2 + two**2 - 2.0 * related * one * two) / (1.0 - related**2)
    square = np.select(
        [
            (one <= 0.0) & (two <= 0.0),
            (one > 0.0) & (two <= related * one),
            (two > 0.0) & (one <= related * two),
        ],
        [np.zeros_like(one), one**2, two**2],
        corner,
    )
    distance = np.sqrt(square)
    angle = np.arccos(related) / (2.0 * np.pi)
    if isfinite(freedom):
        first, second = stdtr(freedom, -distance), (1.0 + square / freedom) ** (-(freedom - 1.0) / 2.0)
    else:
        first, second = ndtr(-distance), np.exp(-square / 2.0)
    return np.where(square > 0.0, np.minimum(first + angle * second, 1.0), 1.0)


def _tail(distance: Floats, freedom: float) -> Floats:
    from scipy.special import ndtr, stdtr

    return np.asarray(stdtr(freedom, -distance) if isfinite(freedom) else ndtr(-distance))


def _first(is_so: NDArray[np.bool_]) -> float:
    return float(np.argmax(is_so)) if is_so.any() else inf


def _by_group(records: Whole, scramble: NDArray[np.uint8], n_record: int) -> Floats:
    """Count trajectories that have seen it by each record, and of all, shape (16, n_record + 1)."""
    width = n_record + 1
    place = scramble.astype(np.int64) * width + records
    return np.cumsum(np.bincount(place, minlength=N_SCRAMBLE * width).reshape(N_SCRAMBLE, width), axis=1)


def _joint_share(a: Whole, b: Whole, n_record: int) -> Floats:
    """Part of the trajectories that have seen it by each record on A (rows) and by each on B (columns)."""
    width = n_record + 1
    table = np.bincount(a * width + b, minlength=width * width).reshape(width, width)
    return np.cumsum(np.cumsum(table, axis=0), axis=1)[:-1, :-1] / a.size
