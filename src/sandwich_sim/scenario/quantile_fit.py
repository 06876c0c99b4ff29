"""Two quantiles -> the parameters of a distribution that has exactly these.

SciPy is imported only for the kinds that need special functions.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log, sqrt

from sandwich_sim.scenario.support import pert_shape

Point = tuple[float, float]
"""A probability and its quantile."""


class FitError(ValueError):
    """No distribution of this kind has these quantiles; the message says why and what to do."""


def fit_normal(first: Point, second: Point) -> tuple[float, float]:
    """Return mean and standard deviation."""
    from statistics import NormalDist

    z1, z2 = NormalDist().inv_cdf(first[0]), NormalDist().inv_cdf(second[0])
    return _line(z1, first[1], z2, second[1])


def fit_lognormal(first: Point, second: Point) -> tuple[float, float]:
    """Return mean and standard deviation of the logarithm."""
    return fit_normal((first[0], log(first[1])), (second[0], log(second[1])))


def fit_student_t(first: Point, second: Point, dof: float) -> tuple[float, float]:
    """Return location and scale."""
    from scipy.special import stdtrit

    if not 0.1 <= dof <= 1e9:
        raise FitError(f"dof = {dof:g} is too extreme to draw from. Use dof from 0.1 to 1e+09.")
    return _line(float(stdtrit(dof, first[0])), first[1], float(stdtrit(dof, second[0])), second[1])


def fit_uniform(first: Point, second: Point) -> tuple[float, float]:
    """Return low and high."""
    low, width = _line(*first, *second)
    return low, low + width


def fit_loguniform(first: Point, second: Point) -> tuple[float, float]:
    """Return low and high."""
    low, high = fit_uniform((first[0], log(first[1])), (second[0], log(second[1])))
    return exp(low), exp(high)


def _line(x1: float, y1: float, x2: float, y2: float) -> tuple[float, float]:
    """Return intercept and slope of the line through two points."""
    slope = (y2 - y1) / (x2 - x1)
    return y1 - slope * x1, slope


def fit_triangular(first: Point, second: Point, mode: float) -> tuple[float, float]:
    """Return low and high.

    Notes
    -----
    With r the probability below the mode and w the width, mode - x1 = w (r - sqrt(p1 r)) and
    x2 - mode = w (1 - r - sqrt((1 - p2)(1 - r))): one equation for r between p1 and p2.
    """
    (p1, x1), (p2, x2) = first, second
    _check_mode(x1, mode, x2)

    def below(r: float) -> float:
        return r - sqrt(p1 * r)

    def above(r: float) -> float:
        return (1.0 - r) - sqrt((1.0 - p2) * (1.0 - r))

    r = _root(lambda r: (x2 - mode) * below(r) - (mode - x1) * above(r), p1, p2)
    width = (x2 - x1) / (below(r) + above(r))
    return mode - r * width, mode + (1.0 - r) * width


def fit_pert(first: Point, second: Point, mode: float, shape: float) -> tuple[float, float]:
    """Return low and high."""
    from scipy.special import betaincinv

    (p1, x1), (p2, x2) = first, second
    _check_mode(x1, mode, x2)

    def quantiles(r: float) -> tuple[float, float]:
        a, b = pert_shape(0.0, r, 1.0, shape)
        return float(betaincinv(a, b, p1)), float(betaincinv(a, b, p2))

    def mismatch(r: float) -> float:
        q1, q2 = quantiles(r)
        return (x2 - mode) * (r - q1) - (mode - x1) * (q2 - r)

    r = _root(mismatch, 0.0, 1.0)
    q1, q2 = quantiles(r)
    width = (x2 - x1) / (q2 - q1)
    return mode - r * width, mode + (1.0 - r) * width


def fit_beta(first: Point, second: Point, low: float, high: float) -> tuple[float, float]:
    """Return a and b of a beta distribution on [low, high].

    Notes
    -----
    For each concentration a + b the mean that meets the first quantile is found; the second
    quantile then falls as the concentration rises.
    """
    from scipy.special import betainc

    (p1, x1), (p2, x2) = first, second
    if not low < x1 < x2 < high:
        raise FitError(f"the quantiles do not lie inside {low:g} to {high:g}. Set low and high around them.")
    share1, share2 = (x1 - low) / (high - low), (x2 - low) / (high - low)

    def mean_at(c: float) -> float:
        return _root(lambda m: p1 - float(betainc(m * c, (1.0 - m) * c, share1)), 1e-9, 1.0 - 1e-9)

    def mismatch(log_concentration: float) -> float:
        c = exp(log_concentration)
        m = mean_at(c)
        return float(betainc(m * c, (1.0 - m) * c, share2)) - p2

    first_try, last_try = log(1e-2), log(1e6)
    if mismatch(first_try) > 0.0 or mismatch(last_try) < 0.0:
        raise FitError("no beta distribution has these quantiles. Use a and b, or other quantiles.")
    c = exp(_root(mismatch, first_try, last_try))
    m = mean_at(c)
    return m * c, (1.0 - m) * c


def _check_mode(x1: float, mode: float, x2: float) -> None:
    if not x1 <= mode <= x2:
        raise FitError(f"mode = {mode:g} does not lie between the quantiles. Use {x1:g} <= mode <= {x2:g}.")


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where a rising function crosses zero, by bisection to the last bit."""
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        if function(middle) < 0.0:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)
