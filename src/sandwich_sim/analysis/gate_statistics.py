"""What a gate judges: statistics of outcomes, each with the smallest change that matters.

A statistic is turned into one bounded number a trajectory: a value cut to its range, or a flag.
Quantiles are judged on the scale of probability: the threshold is frozen with the baseline, and
what may change is the part of the trajectories at or below it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Kind = Literal["mean", "quantile", "probability", "distribution"]

NEGLIGIBLE = 0.01
"""A change below this part of the margin does not count as one."""
GRID = 2001
"""Quantiles that stand for a stored distribution."""
_ATOM = 1e-2
"""Part of the trajectories at one value that makes it an atom."""
_HAIR = 1e-4
"""Of the range from 5 to 95%."""


@dataclass(frozen=True)
class GateStatistic:
    """One thing that must not change.

    Attributes
    ----------
    name : str
        ``mean(cents_kept.lab @ horizon)``, ``P(margin.lab @ horizon <= p95)``, ``P(thesis_falsified)``,
        ``distribution(gap @ horizon)``.
    outcome : str
        Name of the outcome that it is of.
    kind : {"mean", "quantile", "probability", "distribution"}
    margin : float
        Smallest change that matters: in the outcome's unit for a mean, else of a probability [1].
    low, high : float
        Range that values are cut to, for a mean.
    level : float
        Of a quantile.
    unit : str
    """

    name: str
    outcome: str
    kind: Kind
    margin: float
    low: float = 0.0
    high: float = 1.0
    level: float = 0.0
    unit: str = "1"

    @property
    def is_flag(self) -> bool:
        """Whether it is a probability, estimated from flags."""
        return self.kind in ("quantile", "probability")

    @property
    def largest(self) -> float:
        """The largest change that is possible at all."""
        return 1.0 if self.is_flag else self.high - self.low

    @property
    def negligible(self) -> float:
        """A change too small to count as one, in the unit of the margin."""
        return 0.0 if self.is_flag else NEGLIGIBLE * self.margin


def rounded(values: Floats) -> NDArray[np.float32]:
    """Round to 16 significant bits, in float32: what a baseline keeps of a value.

    Half the size of a full float32 once compressed; the error, 1 in 130,000, is far below any
    margin, and both sides of a comparison are rounded alike.
    """
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    is_finite = np.isfinite(values)
    nearest = (bits + np.uint32(0x7F) + ((bits >> 8) & 1)) & np.uint32(0xFFFFFF00)
    return np.where(is_finite, nearest, bits).view(np.float32)


def bounded_values(statistic: GateStatistic, values: Floats, threshold: float = 0.0) -> Floats:
    """Return the number a trajectory that a statistic is the mean of.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Of the outcome; NaN where undefined.
    threshold : float
        Frozen with the baseline, for a quantile.

    Notes
    -----
    An undefined value counts as the low end of the range: below every threshold. What must not
    change includes how often a value is undefined.
    """
    if statistic.kind == "probability":
        return (values > 0.5).astype(np.float64)
    if statistic.kind == "quantile":
        return (~(values > threshold)).astype(np.float64)
    return np.clip(np.where(np.isnan(values), statistic.low, values), statistic.low, statistic.high)


def freeze_thresholds(
    statistics: Sequence[GateStatistic], values: Mapping[str, Floats]
) -> tuple[tuple[GateStatistic, ...], dict[str, float]]:
    """Freeze the thresholds of all quantiles.

    Parameters
    ----------
    values : mapping of str to ndarray
        By name of the outcome.

    Returns
    -------
    statistics : tuple of GateStatistic
        Those given, and for each quantile that lies in an atom (a share that is exactly 0 in many
        trajectories) a second one: the part below the atom, beside the part at or below it.
    thresholds : dict of str to float
        By name of the statistic. They lie a hair above the quantile (below an atom), so that
        rounding moves no trajectory across.
    """
    all_of_them, thresholds = list(statistics), {}
    for statistic in statistics:
        if statistic.kind != "quantile":
            continue
        sample = values[statistic.outcome]
        defined = sample[~np.isnan(sample)]
        if defined.size == 0:
            thresholds[statistic.name] = 0.0
            continue
        low, high = np.quantile(defined, (0.05, 0.95))
        quantile = float(np.quantile(defined, statistic.level, method="inverted_cdf"))
        hair = _HAIR * float(high - low) + 1e-5 * abs(quantile)
        thresholds[statistic.name] = quantile + hair
        if np.mean(np.abs(defined - quantile) <= hair) > _ATOM:
            below = replace(statistic, name=statistic.name.replace(" <= p", " < p"))
            all_of_them.append(below)
            thresholds[below.name] = quantile - hair
    return tuple(all_of_them), thresholds


@dataclass(frozen=True)
class Sums:
    """A statistic of one side where its trajectories are not kept.

    Attributes
    ----------
    n : int
    mean, spread, skewness : float
        Of the bounded values.
    count : int
        Trajectories whose flag is raised; 0 for other kinds.
    """

    n: int
    mean: float
    spread: float
    skewness: float
    count: int = 0


def sums_of(statistic: GateStatistic, values: Floats) -> Sums:
    """Return the sums of bounded values."""
    from sandwich_sim.analysis.gate_bounds import moments

    mean, spread, skewness = moments(values)
    count = int(np.count_nonzero(values > 0.5)) if statistic.is_flag else 0
    return Sums(values.size, mean, spread, skewness, count)
