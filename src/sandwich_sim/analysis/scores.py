"""How good a forecast was: probability transform, CRPS, interval score, coverage and its uncertainty.

A forecast is a sample (the trajectories) or a normal distribution (the baselines). All scores but
the probability transform are losses: smaller is better.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import nan, pi, sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEWEST_FOR_A_CLAIM = 20
"""Below this many outcomes nothing is said about calibration."""
RESAMPLES = 2000
FEWEST_CLUSTERS = 5
"""A bootstrap over fewer clusters than this has no meaning."""
FEWEST_FORECASTS, FEWEST_OUTCOMES = 5, 3
"""Below this many forecasts of one series, or outcomes that they share, its skill has no interval."""


def probability_transform(sample: Floats, outcome: float) -> float:
    """Return the part of a sample that lies below an outcome; half of what equals it counts."""
    below = np.count_nonzero(sample < outcome)
    equal = np.count_nonzero(sample == outcome)
    return float((below + 0.5 * equal) / sample.size)


def crps_of_sample(sample: Floats, outcome: float) -> float:
    """Return the continuous ranked probability score of a sample, the fair version.

    Parameters
    ----------
    sample : ndarray of float64, shape (n,)
        Two values or more.
    outcome : float

    Returns
    -------
    float
        In the unit of the sample.

    Notes
    -----
    ``E|X - y| - E|X - X'| / 2`` with ``n (n - 1)`` pairs (Ferro 2014), which does not depend on
    the size of the sample in expectation. Sorted, the pairs cost n log n.
    """
    n = sample.size
    ordered = np.sort(sample)
    weights = 2.0 * np.arange(1, n + 1) - n - 1.0
    spread = 2.0 * float(weights @ ordered) / (n * (n - 1.0))
    return float(np.abs(ordered - outcome).mean()) - 0.5 * spread


def crps_of_normal(mean: float, deviation: float, outcome: float) -> float:
    """Return the continuous ranked probability score of a normal distribution (Gneiting et al. 2005)."""
    from scipy.special import ndtr

    if deviation <= 0.0:
        return abs(outcome - mean)
    z = (outcome - mean) / deviation
    density = float(np.exp(-0.5 * z * z)) / sqrt(2.0 * pi)
    return float(deviation * (z * (2.0 * ndtr(z) - 1.0) + 2.0 * density - 1.0 / sqrt(pi)))


def interval_score(low: float, high: float, outcome: float, level: float = 0.90) -> float:
    """Return the score of a central interval: its width, and a penalty for missing (Winkler 1972)."""
    penalty = 2.0 / (1.0 - level)
    return high - low + penalty * max(low - outcome, 0.0) + penalty * max(outcome - high, 0.0)


@dataclass(frozen=True)
class Coverage:
    """How many outcomes a central band held.

    Attributes
    ----------
    level : float
        The part that it should hold.
    inside, n : int
    low, high : float
        95% interval of the true part, as if outcomes were independent (Clopper and Pearson 1934).
    """

    level: float
    inside: int
    n: int
    low: float
    high: float

    @property
    def part(self) -> float:
        """The part that was inside."""
        return self.inside / self.n if self.n else nan


def coverage_of(inside: int, n: int, level: float) -> Coverage:
    """Return how many of ``n`` outcomes were inside a band, and how sure that is."""
    from scipy.special import betaincinv

    low = float(betaincinv(inside, n - inside + 1, 0.025)) if inside else 0.0
    high = float(betaincinv(inside + 1, n - inside, 0.975)) if inside < n else 1.0
    return Coverage(level, inside, n, low, high)


def accepted_range(n: int, level: float = 0.90, confidence: float = 0.99) -> tuple[float, float]:
    """Return between which parts of ``n`` independent outcomes a calibrated band holds almost always."""
    from scipy.stats import binom

    tail = (1.0 - confidence) / 2.0
    return float(binom.ppf(tail, n, level)) / n, float(binom.ppf(1.0 - tail, n, level)) / n


def calibration_words(coverage: Coverage, n_above: int) -> str:
    """Say what a coverage, and the outcomes above their median forecast, show, and no more than they can."""
    found = f"{coverage.inside} of {coverage.n} outcomes inside the {coverage.level:.0%} band"
    if coverage.n < FEWEST_FOR_A_CLAIM:
        return f"{found}: fewer than {FEWEST_FOR_A_CLAIM}, so nothing can be said about calibration."
    low, high = accepted_range(coverage.n, coverage.level)
    if coverage.part < low:
        verdict = "the bands are too narrow, or in the wrong place"
    elif coverage.part > high:
        verdict = "the bands are too wide"
    else:
        verdict = "that does not contradict the band, which is not to say that it is calibrated"
    half_low, half_high = (round(part * coverage.n) for part in accepted_range(coverage.n, 0.5))
    if n_above > half_high:
        side = "the forecasts are too low"
    elif n_above < half_low:
        side = "the forecasts are too high"
    else:
        side = "no sign of leaning to one side"
    return (
        f"{found} ({low:.2f} to {high:.2f} would be expected of as many independent ones): {verdict}. "
        f"{n_above} above the median ({half_low} to {half_high} expected): {side}."
    )


def skill_interval(own: Floats, other: Floats, outcomes: NDArray[np.int64]) -> tuple[float, float]:
    """Return the 95% interval of one minus the ratio of two mean scores of one series.

    Parameters
    ----------
    own, other : ndarray of float64, shape (n,)
        Scores of the model and of a baseline, above 0.
    outcomes : ndarray of int64, shape (n,)
        Which outcome each forecast is of; forecasts of one hang together.

    Returns
    -------
    tuple of float
        NaN below `FEWEST_FORECASTS` forecasts or `FEWEST_OUTCOMES` outcomes.

    Notes
    -----
    The logarithm of the ratio, linearized, its parts added up by outcome (Liang and Zeger 1986);
    Student's t with one degree of freedom fewer than outcomes, since they are few.
    """
    from scipy.special import stdtrit

    names, place = np.unique(outcomes, return_inverse=True)
    count = int(names.size)
    if own.size < FEWEST_FORECASTS or count < FEWEST_OUTCOMES or not (own.mean() > 0.0 < other.mean()):
        return nan, nan
    parts = (own / own.mean() - other / other.mean()) / own.size
    sums = np.bincount(place, weights=parts)
    error = sqrt(count / (count - 1.0) * float(sums @ sums))
    middle, half = float(np.log(own.mean() / other.mean())), float(stdtrit(count - 1, 0.975)) * error
    return float(1.0 - np.exp(middle + half)), float(1.0 - np.exp(middle - half))


def cluster_interval(
    values: Floats, clusters: NDArray[np.int64], statistic: Callable[[Floats], Floats], *, seed: int = 1
) -> tuple[float, float]:
    """Return the 95% bootstrap interval of a statistic; whole clusters are drawn.

    Parameters
    ----------
    values : ndarray of float64, shape (n_column, n)
    clusters : ndarray of int64, shape (n,)
        Values of one cluster hang together.
    statistic : callable
        From means of each resample, shape (n_column, n_resample), to values of shape (n_resample,).
    seed : int

    Returns
    -------
    tuple of float
        NaN where there are fewer than `FEWEST_CLUSTERS` clusters.
    """
    names, place = np.unique(clusters, return_inverse=True)
    if names.size < FEWEST_CLUSTERS:
        return nan, nan
    sums = np.stack([np.bincount(place, weights=row, minlength=names.size) for row in values])
    counts = np.bincount(place, minlength=names.size)
    drawn = np.random.default_rng(seed).integers(names.size, size=(RESAMPLES, names.size))
    found = statistic(sums[:, drawn].sum(axis=-1) / counts[drawn].sum(axis=-1))
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)
