"""The metalog distribution: a smooth quantile function through any set of quantiles.

Plain Python on a handful of numbers: it decides at load whether a set of quantiles makes sense.
"""

from __future__ import annotations

from math import exp, inf, isfinite, log, tanh

from sandwich_sim.scenario.uncertain import Metalog

LOGIT_REACH = 36.7
"""Log odds of the outermost uniform number that a draw can use, 2^-53."""
_GRID = 400


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


def first_fall(terms: list[float]) -> float | None:
    """Return a probability at which the quantile function falls, None if it rises everywhere."""
    before = line_quantile(terms, -LOGIT_REACH)
    for step in range(1, _GRID + 1):
        p_logit = LOGIT_REACH * (2.0 * step / _GRID - 1.0)
        now = line_quantile(terms, p_logit)
        if now <= before:
            return 1.0 / (1.0 + exp(-p_logit))
        before = now
    return None


def quantile(distribution: Metalog, p_logit: float) -> float:
    """Return the quantile of a metalog at given log odds, before truncation."""
    return from_line(line_quantile(coefficients(distribution), p_logit), distribution.low, distribution.high)


def cdf(distribution: Metalog, x: float) -> float:
    """Return the probability of values up to ``x``, before truncation (by bisection)."""
    if x <= distribution.low:
        return 0.0
    if x >= distribution.high:
        return 1.0
    terms = coefficients(distribution)
    target = to_line(x, distribution.low, distribution.high)
    low, high = -LOGIT_REACH, LOGIT_REACH
    for _ in range(80):
        middle = 0.5 * (low + high)
        if line_quantile(terms, middle) < target:
            low = middle
        else:
            high = middle
    return 1.0 / (1.0 + exp(-0.5 * (low + high)))
