"""The metalog distribution: a smooth quantile function through any set of quantiles.

Plain Python on a handful of numbers: it decides at load whether a set of quantiles makes sense.

A sum of terms through given points need not rise. It is held to rising between the probabilities
1e-9 and 1 - 1e-9; a set that falls in between is refused. Where one would turn farther out, which
ten million draws see with a chance of 2%, it stays at the last value that it rose to.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, inf, isfinite, log, tanh
from typing import NamedTuple

from sandwich_sim.scenario.uncertain import Metalog

LOGIT_REACH = 37.5
"""Log odds of the outermost normal number that a draw can use, 8.3."""
CHECKED_LOGIT = 20.7232658
"""Log odds of 1 - 1e-9: as far out as a metalog has to rise."""
_STEP = 0.05
_ROUNDING = 1e-13
"""Slopes this small, against the coefficients, are rounding."""


class Fall(NamedTuple):
    """A stretch of log odds in which a quantile function falls."""

    start: float
    end: float


def basis(p_logit: float, n_term: int) -> list[float]:
    """Return the metalog's terms at one probability.

    Parameters
    ----------
    p_logit : float
        Log odds of the probability [1].
    n_term : int
        Number of terms, at least 2.

    Notes
    -----
    Keelin (2016): 1, L, (p - 1/2) L, p - 1/2, then (p - 1/2)^j and (p - 1/2)^j L for j = 2, 3, ...
    with L = ln(p / (1 - p)).
    """
    center = 0.5 * tanh(0.5 * p_logit)
    terms = [1.0, p_logit, center * p_logit, center]
    power = center
    while len(terms) < n_term:
        power *= center
        terms += [power, power * p_logit]
    return terms[:n_term]


def to_line(value: float, low: float, high: float) -> float:
    """Map a value between its bounds to the whole line, where the metalog is fitted."""
    if isfinite(low) and isfinite(high):
        return log((value - low) / (high - value))
    if isfinite(low):
        return log(value - low)
    if isfinite(high):
        return -log(high - value)
    return value


def from_line(y: float, low: float, high: float) -> float:
    """Undo `to_line`."""
    if isfinite(low) and isfinite(high):
        return low + (high - low) / (1.0 + exp(-y)) if y > -700.0 else low
    if isfinite(low):
        return low + (exp(y) if y < 700.0 else inf)
    if isfinite(high):
        return high - (exp(-y) if y > -700.0 else inf)
    return y


def coefficients(distribution: Metalog) -> list[float]:
    """Solve for the coefficients; as many terms as quantiles.

    Returns
    -------
    list of float, length n_quantile
        In the order of `basis`, on the scale of `to_line`.

    Raises
    ------
    ZeroDivisionError
        If no such coefficients exist.
    """
    n = len(distribution.probabilities)
    rows = [basis(log(p / (1.0 - p)), n) for p in distribution.probabilities]
    right = [to_line(v, distribution.low, distribution.high) for v in distribution.values]
    return _solve(rows, right)


def _solve(rows: list[list[float]], right: list[float]) -> list[float]:
    """Gaussian elimination with row pivoting, in place."""
    n = len(right)
    for column in range(n):
        pivot = max(range(column, n), key=lambda row: abs(rows[row][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        right[column], right[pivot] = right[pivot], right[column]
        for row in range(column + 1, n):
            factor = rows[row][column] / rows[column][column]
            right[row] -= factor * right[column]
            for k in range(column, n):
                rows[row][k] -= factor * rows[column][k]
    solution = [0.0] * n
    for row in reversed(range(n)):
        known = sum(rows[row][k] * solution[k] for k in range(row + 1, n))
        solution[row] = (right[row] - known) / rows[row][row]
    return solution


def line_quantile(terms: list[float], p_logit: float) -> float:
    """Return the quantile on the scale of `to_line` at given log odds."""
    return sum(a * b for a, b in zip(terms, basis(p_logit, len(terms)), strict=True))


def line_slope(terms: list[float], p_logit: float) -> float:
    """Return the slope of `line_quantile` in the log odds."""
    center = 0.5 * tanh(0.5 * p_logit)
    tail = exp(-abs(p_logit))
    rate = tail / (1.0 + tail) ** 2  # of the probability, p (1 - p)
    slopes = [0.0, 1.0, rate * p_logit + center, rate]
    power = center
    while len(slopes) < len(terms):
        order = len(slopes) // 2
        rise = order * power * rate  # of center^order
        power *= center
        slopes += [rise, rise * p_logit + power]
    return sum(a * b for a, b in zip(terms, slopes, strict=False))


def falls(terms: list[float]) -> list[Fall]:
    """Return where the quantile function falls between the probabilities 1e-9 and 1 - 1e-9."""
    return _falls(terms, -CHECKED_LOGIT, CHECKED_LOGIT)


def rising_range(terms: list[float]) -> tuple[float, float]:
    """Return the log odds between which the quantile function rises; infinite where it always does."""
    below = _falls(terms, -LOGIT_REACH, -CHECKED_LOGIT)
    above = _falls(terms, CHECKED_LOGIT, LOGIT_REACH)
    return (below[-1].end if below else -inf), (above[0].start if above else inf)


def _falls(terms: list[float], low: float, high: float) -> list[Fall]:
    least = -_ROUNDING * sum(abs(term) for term in terms)

    def is_falling(p_logit: float) -> bool:
        return line_slope(terms, p_logit) < least

    n_step = round((high - low) / _STEP)
    grid = [low + (high - low) * i / n_step for i in range(n_step + 1)]
    slopes = [line_slope(terms, p_logit) for p_logit in grid]
    # A dip between points of the grid shows as a slope that is low against its neighbors': look closer.
    for i in range(1, n_step):
        before, here, behind = slopes[i - 1 : i + 2]
        if least <= here <= min(before, behind) and here < max(before, behind) - here:
            grid[i], slopes[i] = _lowest(terms, grid[i - 1], grid[i + 1])
    found: list[Fall] = []
    for i in range(n_step + 1):
        if slopes[i] >= least:
            continue
        starts = i == 0 or slopes[i - 1] >= least
        if starts:
            found.append(Fall(_edge(is_falling, grid[i], grid[i - 1]) if i else low, grid[i]))
        ends = i == n_step or slopes[i + 1] >= least
        if ends:
            end = high if i == n_step else _edge(is_falling, grid[i], grid[i + 1])
            found[-1] = Fall(found[-1].start, end)
    return found


def _lowest(terms: list[float], low: float, high: float) -> tuple[float, float]:
    """Return where the slope is lowest in a short interval, and that slope, by thirds."""
    for _ in range(40):
        third = (high - low) / 3.0
        if line_slope(terms, low + third) < line_slope(terms, high - third):
            high -= third
        else:
            low += third
    middle = 0.5 * (low + high)
    return middle, line_slope(terms, middle)


def _edge(is_falling: Callable[[float], bool], inside: float, outside: float) -> float:
    """Return where a fall begins or ends, by halving."""
    for _ in range(60):
        middle = 0.5 * (inside + outside)
        inside, outside = (middle, outside) if is_falling(middle) else (inside, middle)
    return inside


def probability(p_logit: float) -> float:
    """Return the probability of log odds."""
    return 1.0 / (1.0 + exp(-p_logit))


def quantile(distribution: Metalog, p_logit: float) -> float:
    """Return the quantile of a metalog at given log odds, before truncation."""
    terms = coefficients(distribution)
    low, high = rising_range(terms)
    return from_line(line_quantile(terms, min(max(p_logit, low), high)), distribution.low, distribution.high)


def cdf(distribution: Metalog, x: float) -> float:
    """Return the probability of values up to ``x``, before truncation (by bisection)."""
    if x <= distribution.low:
        return 0.0
    if x >= distribution.high:
        return 1.0
    terms = coefficients(distribution)
    target = to_line(x, distribution.low, distribution.high)
    least, most = rising_range(terms)
    low, high = max(-LOGIT_REACH, least), min(LOGIT_REACH, most)
    for _ in range(80):
        middle = 0.5 * (low + high)
        if line_quantile(terms, middle) < target:
            low = middle
        else:
            high = middle
    return probability(0.5 * (low + high))
