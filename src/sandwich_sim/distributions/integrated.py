"""Distribution and quantile functions of a density by numerical integration, with NumPy alone.

For densities without a closed distribution function (beta, Student t): importing
scipy.special would cost a third of a second at the start of every run. The log density is
concave in a coordinate y on the whole line; both tails are summed from their own ends, so
that probabilities are good to about 1e-13 relative, down to the smallest.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)
_DROP = 75.0
"""The line ends where the density has fallen to e^-75 of its largest: far below 2^-54."""
_CELL_TOLERANCE = 1e-14
_ROUNDING = 1e-15
"""Relative rounding of a density, for each unit of its logarithm's terms."""
_MAX_LEVELS = 60
_MAX_NEWTON = 50
_NEWTON_TOLERANCE = 1e-7
"""Relative miss of a probability before the last step; that step squares it."""


class IntegratedDensity:
    """Probabilities and quantiles of a log-concave density on a line.

    Parameters
    ----------
    log_density : callable
        Array of y to array of log densities, up to a constant; concave.
    mode : float
        Where it is largest.
    """

    kinks: tuple[float, ...] = ()

    def __init__(self, log_density: Callable[[Array], Array], mode: float) -> None:
        self._log_density = log_density
        self._peak = float(log_density(np.array([mode]))[0])
        ends = self._cell_ends(self._fall(mode, -1.0), self._fall(mode, 1.0))
        mass = self._integral(ends[:-1], ends[1:])
        total = float(mass.sum())
        self._scale = 1.0 / total
        self._ends = ends
        self._below = np.concatenate(([0.0], np.cumsum(mass))) / total
        self._above = np.concatenate((np.cumsum(mass[::-1])[::-1], [0.0])) / total

    def _fall(self, mode: float, direction: float) -> float:
        """Return where the density has become negligible, to either side of the mode."""

        def is_high(distance: float) -> bool:
            value = self._log_density(np.array([mode + direction * distance]))[0]
            return bool(value > self._peak - _DROP)

        far = 1e-6
        while is_high(far):
            far *= 2.0
        near = 0.0
        for _ in range(12):
            middle = 0.5 * (near + far)
            near, far = (middle, far) if is_high(middle) else (near, middle)
        return mode + direction * far

    def _integral(self, start: Array, end: Array) -> Array:
        """Integrate the density (largest value 1) over intervals by 12 Gauss points."""
        half = 0.5 * (end - start)
        y = (start + half)[..., None] + half[..., None] * _NODES
        return np.asarray(half * (np.exp(self._log_density(y) - self._peak) @ _WEIGHTS))

    def _cell_ends(self, low: float, high: float) -> Array:
        """Split the line until halving a cell no longer changes its integral."""
        ends = np.linspace(low, high, 33)
        start, end, whole = ends[:-1], ends[1:], self._integral(ends[:-1], ends[1:])
        tolerance = _CELL_TOLERANCE + _ROUNDING * abs(self._peak)
        done = [ends[-1:]]
        for _ in range(_MAX_LEVELS):
            middle = 0.5 * (start + end)
            left, right = self._integral(start, middle), self._integral(middle, end)
            rough = np.abs(left + right - whole) > tolerance * whole + 1e-300
            done.append(start[~rough])
            start, middle, end = start[rough], middle[rough], end[rough]
            if not start.size:
                break
            start, end = np.concatenate((start, middle)), np.concatenate((middle, end))
            whole = np.concatenate((left[rough], right[rough]))
        return np.unique(np.concatenate((*done, start)))

    def density(self, y: Array) -> Array:
        """Return the density at y."""
        return np.asarray(np.exp(self._log_density(y) - self._peak) * self._scale)

    def probabilities(self, y: Array, strict: bool = False) -> tuple[Array, Array]:
        """Return the probabilities below and above y (``strict`` makes no difference)."""
        inside = np.clip(y, self._ends[0], self._ends[-1])
        cell = np.clip(np.searchsorted(self._ends, inside, side="right") - 1, 0, self._ends.size - 2)
        left = self._integral(self._ends[cell], inside) * self._scale
        right = self._integral(inside, self._ends[cell + 1]) * self._scale
        return self._below[cell] + left, self._above[cell + 1] + right

    def quantile(self, lower: Array, upper: Array) -> Array:
        """Return y with probability ``lower`` below and ``upper`` above it.

        Newton's method on the logarithm of the smaller of the two, which is concave in y.
        """
        with np.errstate(divide="ignore"):
            log_odds = np.log(self._below[1:-1]) - np.log(self._above[1:-1])
        y = np.interp(np.log(lower) - np.log(upper), log_odds, self._ends[1:-1])
        least = self._ends[0] + 1e-3 * (self._ends[1] - self._ends[0])
        most = self._ends[-1] - 1e-3 * (self._ends[-1] - self._ends[-2])
        is_low = lower <= upper
        target = np.log(np.where(is_low, lower, upper))
        sign = np.where(is_low, 1.0, -1.0)
        for _ in range(_MAX_NEWTON):
            below, above = self.probabilities(y)
            tail = np.where(is_low, below, above)
            miss = target - np.log(tail)
            y = np.clip(y + sign * miss * tail / self.density(y), least, most)
            if np.all(np.abs(miss) <= _NEWTON_TOLERANCE):
                break
        return np.asarray(y)
