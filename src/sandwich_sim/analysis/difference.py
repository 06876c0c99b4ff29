"""How sure a mean, a probability, a quantile, or a difference of two of them is.

Trajectory i belongs to group i % 16. With the samplers sobol and latin-hypercube the groups are
independent randomizations (scrambles, designs) and the trajectories within one are not, so an
error is taken across the 16 groups: Student's t with 15 degrees of freedom. With random
trajectories, means and probabilities use every trajectory. Quantiles take their error from the order
of all values (Woodruff 1952), which needs no density; groups tell how far the part below may be off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite, nan, sqrt

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.compare_groups import (
    is_estimable,
    is_in_turn,
    quantile_slope,
    slope_places,
    sorted_quantiles,
)
from sandwich_sim.results.meta import N_SCRAMBLE

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Groups = NDArray[np.uint8]

FEWEST_IN_GROUP = 10
"""What is estimated of each group by itself needs this many of its values."""


@dataclass(frozen=True)
class Measured:
    """An estimate and how sure it is.

    Attributes
    ----------
    value : float
        NaN where it cannot be estimated.
    standard_error : float
    degrees_of_freedom : float
        Of Student's t; infinite for the normal distribution.
    n : int
        Trajectories behind it.
    reason : str
        Why it is missing.
    """

    value: float
    standard_error: float
    degrees_of_freedom: float = inf
    n: int = 0
    reason: str = ""

    @property
    def is_known(self) -> bool:
        """Whether there are both a value and an error."""
        return isfinite(self.value) and isfinite(self.standard_error)

    def half_width(self, alpha: float = 0.05) -> float:
        """Return half the width of the interval that misses with probability ``alpha``."""
        if not isfinite(self.standard_error):
            return nan
        return student_factor(alpha, self.degrees_of_freedom) * self.standard_error

    def interval(self, alpha: float = 0.05) -> tuple[float, float]:
        """Return the interval that misses with probability ``alpha``."""
        half = self.half_width(alpha)
        return self.value - half, self.value + half

    def p_value(self, expected: float = 0.0) -> float:
        """Return how often chance alone leads as far from an expected value, to either side."""
        if not self.is_known:
            return nan
        if self.standard_error == 0.0:
            return 1.0 if self.value == expected else 0.0
        distance = abs(self.value - expected) / self.standard_error
        return 2.0 * student_tail(distance, self.degrees_of_freedom)

    def scaled(self, factor: float) -> Measured:
        """Return the same in another unit."""
        return Measured(
            self.value * factor,
            self.standard_error * abs(factor),
            self.degrees_of_freedom,
            self.n,
            self.reason,
        )


def student_factor(alpha: float, degrees_of_freedom: float = inf) -> float:
    """Return the half-width in standard errors of an interval that misses with probability ``alpha``."""
    from scipy.special import ndtri, stdtrit

    if isfinite(degrees_of_freedom):
        return float(-stdtrit(degrees_of_freedom, alpha / 2.0))
    return float(-ndtri(alpha / 2.0))


def student_tail(distance: float, degrees_of_freedom: float = inf) -> float:
    """Return the probability to lie more than ``distance`` standard errors above."""
    from scipy.special import ndtr, stdtr

    if isfinite(degrees_of_freedom):
        return float(stdtr(degrees_of_freedom, -distance))
    return float(ndtr(-distance))


def measure_mean(values: Floats, scramble: Groups, *, is_replicated: bool) -> Measured:
    """Estimate a mean over the trajectories that have a value.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        NaN where undefined: left out; ``n`` of the result says how many remain.
    scramble : ndarray of uint8, shape (n,)
    is_replicated : bool
        Whether errors must be taken across groups (sobol, latin-hypercube).
    """
    values, scramble = _defined(values, scramble)
    n = values.size
    if n < 2 or (is_replicated and n < N_SCRAMBLE):
        return Measured(float(values.mean()) if n else nan, nan, n=n, reason="too few trajectories")
    mean = float(values.mean())
    if not is_replicated:
        return Measured(mean, float(values.std(ddof=1)) / sqrt(n), n - 1.0, n)
    return from_groups(mean, group_means(values, scramble), n)


def measure_probability(flags: Flags | Floats, scramble: Groups, *, is_replicated: bool) -> Measured:
    """Estimate a probability; where none or all trajectories hit, the error is that of two more each way.

    Parameters
    ----------
    flags : ndarray of bool or float64, shape (n,)
        Whether a trajectory hits; of floats, 1 or 0, and NaN where undefined.
    scramble : ndarray of uint8, shape (n,)
    is_replicated : bool

    Notes
    -----
    The error after Agresti and Coull (1998), where the plain one would be zero.
    """
    found = measure_mean(np.asarray(flags, dtype=np.float64), scramble, is_replicated=is_replicated)
    if found.n and found.value in (0.0, 1.0):
        shy = (found.value * found.n + 2.0) / (found.n + 4.0)
        error = sqrt(shy * (1.0 - shy) / (found.n + 4.0))
        return Measured(found.value, error, found.degrees_of_freedom, found.n)
    return found


def measure_quantiles(
    values: Floats, levels: Sequence[float], scramble: Groups, *, is_replicated: bool
) -> tuple[Measured, ...]:
    """Estimate quantiles over the trajectories that have a value.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
    levels : sequence of float
    scramble : ndarray of uint8, shape (n,)
    is_replicated : bool
        Whether errors must be taken across the 16 groups; otherwise from the order of the values.
    """
    values, scramble = _defined(values, scramble)
    ordered = values.copy()
    return tuple(_by_order(ordered, level, values, scramble if is_replicated else None) for level in levels)


def _by_order(ordered: Floats, level: float, values: Floats, scramble: Groups | None) -> Measured:
    """Estimate a quantile; ``ordered`` are the values once more, which are moved about.

    The values' own order says how the quantile moves with the part below it. How far that part may
    be off is known of independent values, and else measured across the groups.
    """
    n = ordered.size
    below = int(level * max(n - 1, 0))
    places = [below, min(below + 1, max(n - 1, 0))]
    is_many = is_estimable(n, level)
    if is_many:
        places += slope_places(n, level)[:2]
    if n:
        ordered.partition(np.unique(places))
    value = float(sorted_quantiles(ordered, [level])[0])
    if not is_many:
        return Measured(value, nan, n=n, reason="too few trajectories")
    slope = quantile_slope(ordered, level)
    if not isfinite(slope):
        return Measured(value, nan, n=n, reason="events that never came lie within its interval")
    if scramble is None:
        return Measured(value, slope * sqrt(level * (1.0 - level) / n), inf, n)
    part = measure_mean((values <= value).astype(np.float64), scramble, is_replicated=True)
    return Measured(value, slope * part.standard_error, part.degrees_of_freedom, n, part.reason)


def section(pooled: float, groups: Floats, n: int) -> Measured:
    """Join a pooled estimate and those of the groups, which spread about it."""
    if n // N_SCRAMBLE < FEWEST_IN_GROUP or not np.isfinite(groups).all():
        return Measured(float(pooled), nan, n=n, reason="too few trajectories")
    spread = float(((groups - pooled) ** 2).sum() / (groups.size - 1.0))
    return Measured(float(pooled), sqrt(spread / groups.size), groups.size - 1.0, n)


def from_groups(value: float, groups: Floats, n: int) -> Measured:
    """Join an estimate and the independent ones of each group, whose mean it is."""
    if groups.size < 2 or not np.isfinite(groups).all():
        return Measured(value, nan, n=n, reason="too few trajectories")
    return Measured(value, float(groups.std(ddof=1)) / sqrt(groups.size), groups.size - 1.0, n)


def group_means(values: Floats, scramble: Groups) -> Floats:
    """Return the mean of each group along the last axis, shape (..., 16); NaN for an empty group."""
    if scramble.size and is_in_turn(scramble):
        return np.asarray(values.reshape(*values.shape[:-1], -1, N_SCRAMBLE).mean(axis=-2))
    found = np.full((*values.shape[:-1], N_SCRAMBLE), nan)
    for group in range(N_SCRAMBLE):
        part = values[..., scramble == group]
        if part.shape[-1]:
            found[..., group] = part.mean(axis=-1)
    return found


def paired_difference(a: Floats, b: Floats, scramble: Groups, *, is_replicated: bool) -> Measured:
    """Estimate the mean of b - a over the trajectories that have both.

    Parameters
    ----------
    a, b : ndarray of float64, shape (n,)
        The same trajectories on both sides.
    """
    return measure_mean(b - a, scramble, is_replicated=is_replicated)


def paired_probability_difference(a: Floats, b: Floats, scramble: Groups, *, is_replicated: bool) -> Measured:
    """Estimate the difference of two probabilities from flags (0 or 1) of the same trajectories.

    Notes
    -----
    Where no trajectory differs, half a count is added to each of the four cells for the error
    (Agresti and Min 2005): no sample shows that none ever does.
    """
    found = paired_difference(a, b, scramble, is_replicated=is_replicated)
    if found.n and found.standard_error == 0.0 and found.value == 0.0:
        shy = 1.0 / (found.n + 2.0)  # half a count up and half a count down
        return Measured(0.0, sqrt(shy / (found.n + 2.0)), found.degrees_of_freedom, found.n)
    return found


def unpaired_difference(a: Measured, b: Measured, *, is_independent: bool = True) -> Measured:
    """Return the difference b - a of two estimates from different trajectories.

    Parameters
    ----------
    is_independent : bool
        False where the two may hang together in an unknown way (one seed, drawn apart): then the
        errors add up, which is never too small.

    Notes
    -----
    Degrees of freedom after Welch and Satterthwaite; the smaller of the two where not independent.
    """
    value, n = b.value - a.value, min(a.n, b.n)
    errors = (a.standard_error, b.standard_error)
    if not all(map(isfinite, errors)):
        return Measured(value, nan, n=n, reason=a.reason or b.reason or "too few trajectories")
    freedom = (a.degrees_of_freedom, b.degrees_of_freedom)
    if not is_independent:
        return Measured(value, sum(errors), min(freedom), n)
    parts = [error**4 / degrees for error, degrees in zip(errors, freedom, strict=True) if isfinite(degrees)]
    variance = errors[0] ** 2 + errors[1] ** 2
    pooled = variance**2 / sum(parts) if sum(parts) > 0 else inf
    return Measured(value, sqrt(variance), pooled, n)


def _defined(values: Floats, scramble: Groups) -> tuple[Floats, Groups]:
    is_defined = ~np.isnan(values)
    if is_defined.all():
        return values, scramble
    return values[is_defined], scramble[is_defined]
