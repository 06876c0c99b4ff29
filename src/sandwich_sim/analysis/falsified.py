"""Trajectories in which an event happens, as single paths of a series kept once a year."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.grouped import estimate_share_of
from sandwich_sim.analysis.trajectories import Trajectories
from sandwich_sim.results.aggregate import Accumulators
from sandwich_sim.results.estimate import estimate_probability
from sandwich_sim.results.histogram import N_EXTRA
from sandwich_sim.results.summary import Estimate

Floats = NDArray[np.float64]

READ = 32_768
"""Trajectories among which paths are looked for: one chunk of the store."""
SHOWN = 20


@dataclass(frozen=True)
class SinglePaths:
    """Some trajectories in which an event happens.

    Attributes
    ----------
    event : str
    series : str
    values : ndarray of float64, shape (n_shown, n_year)
        Of the series at each yearly record.
    trajectories : tuple of int
        Their indices, the lowest first.
    n_found, n_read : int
        In how many of how many trajectories it happens.
    """

    event: str
    series: str
    values: Floats
    trajectories: tuple[int, ...]
    n_found: int
    n_read: int


def paths_of_event(trajectories: Trajectories, event: str, series: str) -> SinglePaths | None:
    """Return the first trajectories in which an event happens; None where the run keeps none.

    Parameters
    ----------
    trajectories : Trajectories
    event : str
        Its name in the scenario.
    series : str
        One that the run keeps, such as ``all_in_margin``.
    """
    meta = trajectories.meta
    if event not in meta.events or not trajectories.n or not trajectories.keeps(series.partition(".")[0]):
        return None
    part = Trajectories(trajectories.folder, min(READ, trajectories.n))
    happened = np.flatnonzero(part.whole("event_flag")[meta.events.index(event)])
    shown = happened[:SHOWN]
    values = np.array([part.at_year(series, year)[shown] for year in range(meta.years + 1)])
    return SinglePaths(event, series, values.T, tuple(shown.tolist()), happened.size, part.n)


def share_above_zero(
    trajectories: Trajectories, accumulators: Accumulators, series: str, year: int
) -> tuple[Estimate, int] | None:
    """Estimate the probability that a series is above zero at a yearly record.

    From the trajectories where the run keeps the series, else from its histogram, whose error
    is that of independent draws.

    Returns
    -------
    tuple of Estimate and int, or None
        With the number of trajectories behind it; None where the run tells neither.
    """
    if trajectories.n and trajectories.keeps(series.partition(".")[0]):
        values = trajectories.at_year(series, year)
        return estimate_share_of(values > 0.0, np.isfinite(values)), trajectories.n
    meta = trajectories.meta
    if series not in meta.fans:
        return None
    record = range(meta.years + 1)[year] * meta.steps_per_year
    row = meta.fans.index(series)
    return _above_zero(accumulators["fan"][row, record], accumulators["fan_axis"][row])


def _above_zero(counts: NDArray[np.int64], axis: Floats) -> tuple[Estimate, int]:
    """Read the part above zero off a histogram; zero may lie within a bucket."""
    low, high, _ = axis
    n_bucket = counts.size - N_EXTRA
    bucket, rest = divmod(-low / (high - low) * n_bucket, 1.0)
    here = counts[int(bucket)] if rest else 0
    above = counts[ceil(bucket + rest) : n_bucket].sum() + counts[n_bucket + 1] + (1.0 - rest) * here
    n = counts[: n_bucket + 2].sum()
    value, error = estimate_probability(np.array([above]), np.array([n]), is_replicated=False)
    # Evenly spread or all at one place: half of what lies in the bucket, at most.
    by_bucket = 0.5 * here / n
    return Estimate(float(value), float(np.hypot(error, by_bucket))), int(n)
