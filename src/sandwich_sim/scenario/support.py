"""Which values a distribution can take, and how much of it lies below a value.

`support` is exact; `reach` is what a draw can really produce: the uniform numbers behind a draw
have 53 bits, so that nothing beyond the 2^-54 quantiles ever comes up.
"""

from __future__ import annotations

from math import erfc, exp, inf, isfinite, log, sqrt

from sandwich_sim.scenario import metalog
from sandwich_sim.scenario.uncertain import (
    Beta,
    Constant,
    Discrete,
    Distribution,
    Empirical,
    LogNormal,
    LogUniform,
    Metalog,
    Mixture,
    Normal,
    Pert,
    StudentT,
    Triangular,
    Uniform,
)

Z_REACH = 8.3
"""Standard normal quantile of the outermost uniform number, 2^-54."""
TINY = 2.0**-54


def support(number: Constant | Distribution) -> tuple[float, float]:
    """Return the smallest interval that holds every possible value, truncation included."""
    if isinstance(number, Constant):
        return number.value, number.value
    low, high = _untruncated_support(number)
    return max(low, number.minimum), min(high, number.maximum)


def _untruncated_support(number: Distribution) -> tuple[float, float]:
    match number:
        case LogNormal():
            return 0.0, inf
        case Uniform() | LogUniform() | Triangular() | Pert() | Beta() | Metalog():
            return number.low, number.high
        case Discrete() | Empirical():
            return min(number.values), max(number.values)
        case Mixture():
            ranges = [support(component) for component in number.components]
            return min(low for low, _ in ranges), max(high for _, high in ranges)
    return -inf, inf


def reach(number: Constant | Distribution) -> tuple[float, float]:
    """Return the lowest and the highest value that a draw can produce."""
    if isinstance(number, Constant):
        return number.value, number.value
    match number:
        case Normal():
            low, high = number.mean - Z_REACH * number.sd, number.mean + Z_REACH * number.sd
        case LogNormal():
            low = exp(min(number.mu - Z_REACH * number.sigma, 700.0))
            high = exp(min(number.mu + Z_REACH * number.sigma, 700.0))
        case StudentT():
            from scipy.special import stdtrit

            tail = number.scale * -float(stdtrit(number.dof, TINY))
            low, high = number.location - tail, number.location + tail
        case Metalog():
            low = metalog.quantile(number, -metalog.LOGIT_REACH)
            high = metalog.quantile(number, metalog.LOGIT_REACH)
        case Mixture():
            ranges = [reach(component) for component in number.components]
            low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
        case _:
            low, high = _untruncated_support(number)
    return max(low, number.minimum), min(high, number.maximum)


def cdf(number: Constant | Distribution, x: float) -> float:
    """Return the probability of values up to ``x``, truncation not counted."""
    match number:
        case Constant():
            return float(x >= number.value)
        case Normal():
            return 0.5 * erfc((number.mean - x) / (number.sd * sqrt(2.0)))
        case LogNormal():
            return 0.5 * erfc((number.mu - log(x)) / (number.sigma * sqrt(2.0))) if x > 0.0 else 0.0
        case Uniform():
            return _clip((x - number.low) / (number.high - number.low))
        case LogUniform():
            return _clip(log(x / number.low) / log(number.high / number.low)) if x > 0.0 else 0.0
        case Triangular():
            return _triangular_cdf(number, x)
        case Metalog():
            return metalog.cdf(number, x)
        case Discrete():
            pairs = zip(number.values, number.probabilities, strict=True)
            return sum(p for value, p in pairs if value <= x)
        case Empirical():
            return sum(value <= x for value in number.values) / len(number.values)
        case Mixture():
            parts = zip(number.weights, number.components, strict=True)
            return sum(weight * _truncated_cdf(part, x) for weight, part in parts)
    return _special_cdf(number, x)


def kept(number: Distribution) -> float:
    """Return how much of the distribution its ``minimum`` and ``maximum`` leave."""
    above = cdf(number, number.maximum) if isfinite(number.maximum) else 1.0
    below = cdf(number, number.minimum) if isfinite(number.minimum) else 0.0
    if isinstance(number, Discrete):  # a value at the minimum is kept
        below -= sum(
            p for v, p in zip(number.values, number.probabilities, strict=True) if v == number.minimum
        )
    return above - below


def _truncated_cdf(number: Constant | Distribution, x: float) -> float:
    if isinstance(number, Constant) or not (isfinite(number.minimum) or isfinite(number.maximum)):
        return cdf(number, x)
    if x < number.minimum or x >= number.maximum:
        return float(x >= number.maximum)
    return _clip((cdf(number, x) - (cdf(number, number.minimum))) / max(kept(number), TINY))


def _clip(p: float) -> float:
    return min(max(p, 0.0), 1.0)


def _triangular_cdf(number: Triangular, x: float) -> float:
    low, mode, high = number.low, number.mode, number.high
    if x <= low or x >= high:
        return float(x >= high)
    if x <= mode:
        return (x - low) ** 2 / ((high - low) * (mode - low)) if mode > low else 0.0
    return 1.0 - (high - x) ** 2 / ((high - low) * (high - mode))


def _special_cdf(number: Distribution, x: float) -> float:
    """Those that need special functions."""
    from scipy.special import betainc, stdtr

    if isinstance(number, StudentT):
        return float(stdtr(number.dof, (x - number.location) / number.scale))
    if isinstance(number, Pert):
        a, b = pert_shape(number.low, number.mode, number.high, number.shape)
        return float(betainc(a, b, _clip((x - number.low) / (number.high - number.low))))
    if isinstance(number, Beta):
        share = _clip((x - number.low) / (number.high - number.low))
        return float(betainc(number.a, number.b, share))
    raise TypeError(f"no distribution function for {type(number).__name__}")


def pert_shape(low: float, mode: float, high: float, shape: float) -> tuple[float, float]:
    """Return the parameters a and b of the beta distribution behind a PERT."""
    peak = (mode - low) / (high - low)
    return 1.0 + shape * peak, 1.0 + shape * (1.0 - peak)
