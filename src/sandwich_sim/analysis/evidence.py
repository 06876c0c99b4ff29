"""How well trajectories fit what was observed: records that an observation needs, and its likelihood."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import ceil, log, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.metrics import Metric, metric_of
from sandwich_sim.analysis.weights import NEAR
from sandwich_sim.results.coordinates import record_days
from sandwich_sim.scenario.evidence import Evidence, Observation
from sandwich_sim.scenario.outcome_names import Frame, Outcome

Floats = NDArray[np.float64]

_YEAR = 365.2425  # days


@dataclass(frozen=True)
class Reading:
    """An observation as a run has it.

    Attributes
    ----------
    observation : Observation
    numerator, denominator : tuple of (Metric, float)
        Records and what each counts for; no denominator: empty.
    power : float
        Of the quotient: for a decline, one over the years.
    """

    observation: Observation
    numerator: tuple[tuple[Metric, float], ...]
    denominator: tuple[tuple[Metric, float], ...] = ()
    power: float = 1.0

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Every record that it needs."""
        return tuple(metric for metric, _ in (*self.numerator, *self.denominator))

    def take(self, values: Mapping[str, Floats]) -> Floats:
        """Compute what each trajectory says that should have been seen.

        Parameters
        ----------
        values : mapping of str to ndarray of float64, shape (n,)
            The records by the names of their metrics.

        Returns
        -------
        ndarray of float64, shape (n,)
            NaN where it is undefined.
        """
        top = _sum(self.numerator, values)
        if not self.denominator:
            return top
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            quotient = top / _sum(self.denominator, values)
            found = quotient if self.power == 1.0 else np.asarray(quotient**self.power)
        return np.where(np.isfinite(found), found, np.nan)


def readings_of(evidence: Evidence, frame: Frame) -> tuple[Reading, ...]:
    """Find the records of a run that each observation is about."""
    return tuple(_reading(item, frame) for item in evidence.observations)


def needed_records(readings: Iterable[Reading]) -> tuple[Metric, ...]:
    """Return every record that observations need, each once."""
    return tuple({metric.name: metric for reading in readings for metric in reading.metrics}.values())


def record_of(series: str, record: int, frame: Frame) -> Metric:
    """Return the metric of one record of a series."""
    days = record_days(frame.start, frame.years, frame.steps_per_year)
    day = frame.start + timedelta(days=ceil(days[record]))
    variable, _, hop = series.partition(".")
    text = f"{series} @ {day.isoformat()}"
    metric = metric_of(Outcome(text, "series", variable, hop, day.isoformat()), frame)
    if metric.record != record:
        raise ValueError(f"{text} is record {metric.record}, not {record}")
    return metric


def records_within(start: date, end: date, frame: Frame) -> NDArray[np.int64]:
    """Return the numbers of the records dated in [start, end)."""
    days = record_days(frame.start, frame.years, frame.steps_per_year)
    first, last = ((day - frame.start).days for day in (start, end))
    return np.flatnonzero((days >= first) & (days < last))


def _reading(observation: Observation, frame: Frame) -> Reading:
    days = record_days(frame.start, frame.years, frame.steps_per_year)
    first, last = ((day - frame.start).days for day in (observation.start, observation.end))

    def at(day: float, series: str) -> tuple[tuple[Metric, float], ...]:
        return _metrics(series, _interpolation(day, days), frame)

    if observation.measure == "ratio":
        return Reading(observation, at(last, observation.series), at(first, observation.series))
    if observation.measure == "decline":
        power = _YEAR / (last - first)
        return Reading(observation, at(first, observation.series), at(last, observation.series), power)
    if observation.measure == "value":
        share = _interpolation(first, days)
    elif observation.measure == "mean":
        share = _window(first, last, days)
    else:
        within = records_within(observation.start, observation.end, frame)
        share = np.zeros(days.size)
        share[within] = 1.0 / within.size
    bottom = _metrics(observation.over, share, frame) if observation.over else ()
    return Reading(observation, _metrics(observation.series, share, frame), bottom)


def _metrics(series: str, share: Floats, frame: Frame) -> tuple[tuple[Metric, float], ...]:
    return tuple(
        (record_of(series, int(record), frame), float(share[record])) for record in np.flatnonzero(share)
    )


def _interpolation(day: float, days: Floats) -> Floats:
    """Return what each record counts for in the value at a day."""
    return np.array([np.interp(day, days, row) for row in np.eye(days.size)])


def _window(first: float, last: float, days: Floats) -> Floats:
    """Return what each record counts for in the mean of the piecewise linear path over a window."""
    knots = np.unique(np.concatenate([[first, last], days[(days > first) & (days < last)]]))
    at = np.array([_interpolation(knot, days) for knot in knots])
    lengths = np.diff(knots)[:, None]
    return np.asarray((lengths * 0.5 * (at[1:] + at[:-1])).sum(axis=0) / (last - first))


def _sum(parts: Sequence[tuple[Metric, float]], values: Mapping[str, Floats]) -> Floats:
    total = np.zeros_like(values[parts[0][0].name])
    for metric, share in parts:
        total += share * values[metric.name]
    return total


def residuals(observation: Observation, predicted: Floats) -> Floats:
    """Return by how many errors an observation lies above what each trajectory predicts.

    Returns
    -------
    ndarray of float64, shape (n,)
        NaN where the prediction is undefined, infinite where it has no logarithm.
    """
    if observation.scale == "log":
        with np.errstate(divide="ignore"):
            predicted = np.log(np.maximum(predicted, 0.0))
    miss = observation.center - predicted
    # A truth above the value is an observation that fell short of it.
    return np.asarray(miss / np.where(miss < 0.0, observation.error_above, observation.error_below))


def log_likelihood(observation: Observation, predicted: Floats) -> Floats:
    """Return the log density of an observation given what each trajectory predicts.

    Errors are normal, with a half for what lies below and one for what lies above.

    Parameters
    ----------
    predicted : ndarray of float64, shape (n,)

    Returns
    -------
    ndarray of float64, shape (n,)
        NaN where the prediction is undefined.
    """
    distance = residuals(observation, predicted)
    with np.errstate(over="ignore", invalid="ignore"):
        found = -0.5 * distance * distance
    width = 0.5 * (observation.error_below + observation.error_above)
    return np.asarray(found - log(width * sqrt(2.0 * pi)))


def share_below(observation: Observation, predicted: Floats) -> Floats:
    """Return the probability of a reading at or below the one that was made, errors included.

    Parameters
    ----------
    predicted : ndarray of float64, shape (n,)

    Returns
    -------
    ndarray of float64, shape (n,)
        NaN where the prediction is undefined.
    """
    from scipy.special import ndtr

    normal = ndtr(residuals(observation, predicted))
    below, above = observation.error_below, observation.error_above
    # Readings fall short of the truth with the error of truths above the reading.
    share = above / (below + above)
    return np.asarray(
        np.where(normal < 0.5, 2.0 * share * normal, share + (1.0 - share) * (2.0 * normal - 1.0))
    )


@dataclass(frozen=True)
class Fit:
    """How well trajectories fit all of the evidence.

    Attributes
    ----------
    predicted : ndarray of float64, shape (n_observation, n)
    log_likelihood : ndarray of float64, shape (n,)
        Of all observations together.
    survivors : int
        Trajectories that every observation lies near to.
    """

    predicted: Floats
    log_likelihood: Floats
    survivors: int


def fit_of(readings: Sequence[Reading], values: Mapping[str, Floats], n: int) -> Fit:
    """Compare trajectories with the evidence.

    Parameters
    ----------
    values : mapping of str to ndarray of float64, shape (n,)
        Records by the names of their metrics.
    n : int
        Number of trajectories.
    """
    predicted = np.empty((len(readings), n))
    total = np.zeros(n)
    is_near = np.ones(n, dtype=bool)
    for row, reading in zip(predicted, readings, strict=True):
        row[:] = reading.take(values)
        total += log_likelihood(reading.observation, row)
        with np.errstate(invalid="ignore"):
            is_near &= np.abs(residuals(reading.observation, row)) <= NEAR
    return Fit(predicted, total, int(np.count_nonzero(is_near)))


def widened(evidence: Evidence, factor: float) -> Evidence:
    """Return the evidence with every error larger by a factor."""
    if factor == 1.0:
        return evidence
    return replace(
        evidence,
        observations=tuple(
            replace(item, error_below=item.error_below * factor, error_above=item.error_above * factor)
            for item in evidence.observations
        ),
    )
