"""Exact probabilities and quantiles of every distribution, for arrays, with NumPy alone.

A law takes and gives both tails, the probability below and the one above, because 1 - p has
no digits left where a tail is thin. ``law_of`` turns a distribution of a scenario into one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels.quantiles import fill_normal_quantiles

Array = NDArray[np.float64]
Tails = tuple[Array, Array]

_ROOT_HALF = math.sqrt(0.5)
_BISECTIONS = 100
_MAX_STEPS = 150
_ADJACENT = 3e-16


class Law(Protocol):
    """A probability law on the line.

    Attributes
    ----------
    kinks : tuple of float
        Values at which its distribution function is not smooth (edges, atoms).
    """

    @property
    def kinks(self) -> tuple[float, ...]: ...

    def probabilities(self, x: Array, strict: bool = False) -> Tails:
        """Return P(X <= x) and P(X > x); with ``strict`` P(X < x) and P(X >= x)."""
        ...

    def quantile(self, lower: Array, upper: Array) -> Array:
        """Return the values with probability ``lower`` below and ``upper`` above them."""
        ...


def normal_tails(z: Array) -> Tails:
    """Return the standard normal probabilities below and above z, good in both tails."""
    lower = [0.5 * math.erfc(-_ROOT_HALF * value) for value in z.ravel().tolist()]
    upper = [0.5 * math.erfc(_ROOT_HALF * value) for value in z.ravel().tolist()]
    return np.array(lower).reshape(z.shape), np.array(upper).reshape(z.shape)


class StandardNormal:
    kinks: tuple[float, ...] = ()

    def probabilities(self, x: Array, strict: bool = False) -> Tails:
        return normal_tails(x)

    def quantile(self, lower: Array, upper: Array) -> Array:
        z = np.minimum(lower, upper).ravel()
        fill_normal_quantiles(z)
        return np.asarray(np.where(lower <= upper, z.reshape(lower.shape), -z.reshape(lower.shape)))


class StandardUniform:
    kinks = (0.0, 1.0)

    def probabilities(self, x: Array, strict: bool = False) -> Tails:
        inside = np.clip(x, 0.0, 1.0)
        return inside, 1.0 - inside

    def quantile(self, lower: Array, upper: Array) -> Array:
        return np.asarray(np.where(lower <= upper, lower, 1.0 - upper))


class TriangularLaw:
    def __init__(self, low: float, mode: float, high: float) -> None:
        self._low, self._mode, self._high = low, mode, high
        self._rise, self._fall = (high - low) * (mode - low), (high - low) * (high - mode)
        self.kinks = (low, mode, high)

    def probabilities(self, x: Array, strict: bool = False) -> Tails:
        inside = np.clip(x, self._low, self._high)
        is_left = inside < self._mode
        left = np.where(is_left, (inside - self._low) ** 2 / (self._rise or 1.0), 0.0)
        right = np.where(is_left, 0.0, (self._high - inside) ** 2 / (self._fall or 1.0))
        return np.where(is_left, left, 1.0 - right), np.where(is_left, 1.0 - left, right)

    def quantile(self, lower: Array, upper: Array) -> Array:
        left = self._low + np.sqrt(lower * self._rise)
        right = self._high - np.sqrt(upper * self._fall)
        is_left = lower * (self._high - self._low) < self._mode - self._low
        return np.asarray(np.where(is_left, left, right))


class EmpiricalLaw:
    """Order statistics, interpolated linearly."""

    def __init__(self, values: tuple[float, ...]) -> None:
        self.values = np.sort(np.array(values, dtype=np.float64))
        self.kinks = tuple(np.unique(self.values).tolist())

    def probabilities(self, x: Array, strict: bool = False) -> Tails:
        values, last = self.values, self.values.size - 1
        count = np.searchsorted(values, x, side="left" if strict else "right")
        k = np.clip(count - 1, 0, last - 1)
        gap = np.maximum(values[k + 1] - values[k], 5e-324)
        place = np.where(count == 0, 0.0, np.clip(k + (x - values[k]) / gap, 0.0, last))
        return place / last, 1.0 - place / last

    def quantile(self, lower: Array, upper: Array) -> Array:
        last = self.values.size - 1
        return np.asarray(np.interp(lower * last, np.arange(last + 1.0), self.values))


class AtomsLaw:
    """A few values, each with its own probability."""

    def __init__(self, values: tuple[float, ...], probabilities: tuple[float, ...]) -> None:
        order = np.argsort(np.array(values), kind="stable")
        self.values = np.array(values, dtype=np.float64)[order]
        weights = np.array(probabilities, dtype=np.float64)[order]
        self.levels = np.cumsum(weights / weights.sum())[:-1]
        self.kinks = tuple(self.values.tolist())

    def probabilities(self, x: Array, strict: bool = False) -> Tails:
        count = np.searchsorted(self.values, x, side="left" if strict else "right")
        lower = np.concatenate(([0.0], self.levels, [1.0]))[count]
        return lower, 1.0 - lower

    def quantile(self, lower: Array, upper: Array) -> Array:
        return np.asarray(self.values[np.searchsorted(self.levels, lower, side="right")])


class MappedLaw:
    """The law of an increasing function of a variable with another law."""

    def __init__(
        self,
        base: Law,
        forward: Callable[[Array], Array],
        backward: Callable[[Array], Array],
        ends: tuple[float, ...] = (),
    ) -> None:
        self._base, self._forward, self._backward = base, forward, backward
        self.kinks = (*ends, *forward(np.array(base.kinks)).tolist()) if base.kinks else ends

    def probabilities(self, x: Array, strict: bool = False) -> Tails:
        with np.errstate(divide="ignore", over="ignore"):
            return self._base.probabilities(self._backward(x), strict)

    def quantile(self, lower: Array, upper: Array) -> Array:
        with np.errstate(over="ignore"):
            return self._forward(self._base.quantile(lower, upper))


class MetalogLaw:
    """Keelin's metalog before its bounds: a sum of terms in the probability.

    Parameters
    ----------
    coefficients : sequence of float
        Of 1, L, c L, c, c^2, c^2 L, c^3, ... with L the log odds and c = p - 1/2.
    rising : tuple of float
        Log odds between which the sum rises; beyond them the quantile function is flat.
    """

    _reach = 700.0

    def __init__(
        self, coefficients: list[float], rising: tuple[float, float] = (-math.inf, math.inf)
    ) -> None:
        self._coefficients = coefficients
        self._low, self._high = max(rising[0], -self._reach), min(rising[1], self._reach)
        ends = np.array([self._low, self._high])
        least, most = self._at(*_odds_tails(ends), ends).tolist()
        self._least = least if math.isfinite(rising[0]) else -math.inf
        self._most = most if math.isfinite(rising[1]) else math.inf
        self.kinks = tuple(value for value in (self._least, self._most) if math.isfinite(value))

    def _at(self, lower: Array, upper: Array, log_odds: Array) -> Array:
        center = 0.5 * (lower - upper)
        total = np.full_like(lower, self._coefficients[0])
        for k, coefficient in enumerate(self._coefficients[1:], start=1):
            with_odds = k in (1, 2) or (k >= 5 and k % 2 == 1)
            power = 0 if k == 1 else 1 if k in (2, 3) else k // 2
            total += coefficient * center**power * (log_odds if with_odds else 1.0)
        return total

    def quantile(self, lower: Array, upper: Array) -> Array:
        log_odds = np.log(lower) - np.log(upper)
        inside = np.clip(log_odds, self._low, self._high)
        below, above = _odds_tails(inside)
        is_flat = inside != log_odds
        return self._at(np.where(is_flat, below, lower), np.where(is_flat, above, upper), inside)

    def probabilities(self, x: Array, strict: bool = False) -> Tails:
        low, high = np.full_like(x, self._low), np.full_like(x, self._high)
        for _ in range(_BISECTIONS):
            middle = 0.5 * (low + high)
            is_below = self._at(*_odds_tails(middle), middle) <= x
            low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
        lower, upper = _odds_tails(0.5 * (low + high))
        before = (x == -np.inf) | (x < self._least) | ((x == self._least) & strict)
        beyond = (x == np.inf) | (x > self._most) | ((x == self._most) & (not strict))
        lower = np.where(before, 0.0, np.where(beyond, 1.0, lower))
        return lower, np.where(before, 1.0, np.where(beyond, 0.0, upper))


def _odds_tails(log_odds: Array) -> Tails:
    return 1.0 / (1.0 + np.exp(-log_odds)), 1.0 / (1.0 + np.exp(log_odds))


class MixtureLaw:
    """Several laws, each with a weight."""

    def __init__(self, weights: tuple[float, ...], parts: tuple[Law, ...]) -> None:
        total = math.fsum(weights)
        self._weights = [weight / total for weight in weights]
        self._parts = parts
        kinks = {kink for part in parts for kink in part.kinks if math.isfinite(kink)}
        self.kinks = tuple(sorted(kinks))

    def probabilities(self, x: Array, strict: bool = False) -> Tails:
        lower, upper = np.zeros(x.shape), np.zeros(x.shape)
        for weight, part in zip(self._weights, self._parts, strict=True):
            below, above = part.probabilities(x, strict)
            lower += weight * below
            upper += weight * above
        return lower, upper

    def quantile(self, lower: Array, upper: Array) -> Array:
        candidates = [part.quantile(lower, upper) for part in self._parts]
        low, high = np.minimum.reduce(candidates), np.maximum.reduce(candidates)
        low, high = self._between_kinks(lower, upper, low, high)
        return self._solve(lower, upper, low, high)

    def _between_kinks(self, lower: Array, upper: Array, low: Array, high: Array) -> Tails:
        """Narrow brackets to one smooth stretch of the law, or to an atom."""
        high = np.where(_excess(*self.probabilities(low), lower, upper) >= 0.0, low, high)
        kinks = np.array(self.kinks, dtype=np.float64)
        at, before = self.probabilities(kinks), self.probabilities(kinks, True)
        for k, kink in enumerate(self.kinks):
            is_inside = (low <= kink) & (kink <= high)
            is_reached = _excess(at[0][k], at[1][k], lower, upper) >= 0.0
            is_passed = _excess(before[0][k], before[1][k], lower, upper) >= 0.0
            low = np.where(is_inside & ~is_passed, kink, low)
            high = np.where(is_inside & is_reached, kink, high)
        return low, high

    def _solve(self, lower: Array, upper: Array, low: Array, high: Array) -> Array:
        """Find quantiles within brackets: false position (Illinois), every third step halving."""
        at_low = _excess(*self.probabilities(low), lower, upper)
        at_high = _excess(*self.probabilities(high), lower, upper)
        for n in range(_MAX_STEPS):
            width = high - low
            if np.all(width <= _ADJACENT * np.maximum(np.abs(low), np.abs(high))):
                break
            share = np.where(
                at_high > at_low, -at_low / np.where(at_high > at_low, at_high - at_low, 1.0), 0.5
            )
            x = low + width * (0.5 if n % 3 == 2 else np.clip(share, 1e-3, 1.0 - 1e-3))
            here = _excess(*self.probabilities(x), lower, upper)
            is_found, is_below = np.abs(here) <= _ADJACENT, here < 0.0
            low, at_low = np.where(is_below | is_found, x, low), np.where(is_below, here, 0.5 * at_low)
            high, at_high = np.where(is_below & ~is_found, high, x), np.where(is_below, 0.5 * at_high, here)
        return np.asarray(high)


def _excess(below: Array, above: Array, lower: Array, upper: Array) -> Array:
    """By how much a value lies above a quantile, as the logarithm of a ratio of tails."""
    is_lower = lower <= upper
    with np.errstate(divide="ignore"):
        ratio = np.log(np.where(is_lower, below, above) / np.where(is_lower, lower, upper))
    return np.asarray(np.where(is_lower, 1.0, -1.0) * np.clip(ratio, -800.0, 800.0))


class TruncatedLaw:
    """A law within limits, its probabilities scaled up."""

    def __init__(self, base: Law, minimum: float, maximum: float) -> None:
        self._base, self._minimum, self._maximum = base, minimum, maximum
        below, above = base.probabilities(np.array([minimum, minimum]), True)
        self._below, above_minimum = float(below[0]), float(above[0])
        below, above = base.probabilities(np.array([maximum, maximum]))
        self._above = float(above[0])
        is_low = self._below <= 0.5
        self.mass = float(below[0]) - self._below if is_low else above_minimum - self._above
        inside = (kink for kink in base.kinks if minimum < kink < maximum)
        self.kinks = (minimum, *inside, maximum) if base.kinks else ()

    @property
    def lower_share(self) -> float:
        """Probability that the base law gives to values below the minimum."""
        return self._below

    def probabilities(self, x: Array, strict: bool = False) -> Tails:
        inside = np.clip(x, self._minimum, self._maximum)
        below, above = self._base.probabilities(inside, strict)
        lower = np.clip((below - self._below) / self.mass, 0.0, 1.0)
        upper = np.clip((above - self._above) / self.mass, 0.0, 1.0)
        beyond = (x > self._maximum) | ((x == self._maximum) & (not strict))
        before = (x < self._minimum) | ((x == self._minimum) & strict)
        lower = np.where(before, 0.0, np.where(beyond, 1.0, lower))
        return lower, np.where(before, 1.0, np.where(beyond, 0.0, upper))

    def quantile(self, lower: Array, upper: Array) -> Array:
        x = self._base.quantile(self._below + self.mass * lower, self._above + self.mass * upper)
        return np.asarray(np.clip(x, self._minimum, self._maximum))
