"""From the distributions of a scenario to exact laws."""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from math import inf, isfinite

import numpy as np

from sandwich_sim.distributions.integrated import IntegratedDensity
from sandwich_sim.distributions.laws import (
    Array,
    AtomsLaw,
    EmpiricalLaw,
    Law,
    MappedLaw,
    MetalogLaw,
    MixtureLaw,
    StandardNormal,
    StandardUniform,
    TriangularLaw,
    TruncatedLaw,
)
from sandwich_sim.errors import UsageError
from sandwich_sim.scenario import metalog
from sandwich_sim.scenario.support import pert_shape
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

LEAST_MASS = 1e-9
"""Least probability that truncation may leave; below, the tails lose their digits."""


def is_truncated(distribution: Distribution) -> bool:
    """Whether the distribution has a minimum or a maximum of its own."""
    return isfinite(distribution.minimum) or isfinite(distribution.maximum)


def truncated_law_of(distribution: Distribution) -> TruncatedLaw:
    """Return the law of a truncated distribution.

    Raises
    ------
    UsageError
        If the limits leave (almost) nothing of it.
    """
    whole = dataclasses.replace(distribution, minimum=-inf, maximum=inf)
    law = TruncatedLaw(law_of(whole), distribution.minimum, distribution.maximum)
    if not law.mass >= LEAST_MASS:
        raise UsageError(
            f"min and max leave {max(law.mass, 0.0):.1g} of the distribution. "
            "Widen them or choose a narrower distribution."
        )
    return law


@lru_cache(maxsize=256)
def law_of(distribution: Distribution | Constant) -> Law:
    """Return the exact law of a distribution, truncation included."""
    if isinstance(distribution, Constant):
        return AtomsLaw((distribution.value,), (1.0,))
    if is_truncated(distribution):
        return truncated_law_of(distribution)
    match distribution:
        case Normal(mean=mean, sd=sd):
            return _scaled(StandardNormal(), mean, sd)
        case LogNormal(mu=mu, sigma=sigma):
            return MappedLaw(_scaled(StandardNormal(), mu, sigma), np.exp, _log)
        case Uniform(low=low, high=high):
            return _scaled(StandardUniform(), low, high - low)
        case LogUniform(low=low, high=high):
            logs = _scaled(StandardUniform(), np.log(low), np.log(high / low))
            return MappedLaw(logs, np.exp, _log)
        case Triangular(low=low, mode=mode, high=high):
            return TriangularLaw(low, mode, high) if high > low else _atom(low)
        case Beta(a=a, b=b, low=low, high=high):
            return _beta(a, b, low, high)
        case Pert(low=low, mode=mode, high=high, shape=shape):
            return _beta(*pert_shape(low, mode, high, shape), low, high) if high > low else _atom(low)
        case StudentT(location=location, scale=scale, dof=dof):
            return _scaled(_standard_t(dof), location, scale)
        case Discrete(values=values, probabilities=probabilities):
            return AtomsLaw(values, probabilities)
        case Empirical(values=values):
            return EmpiricalLaw(values) if len(values) > 1 else _atom(values[0])
        case Metalog():
            return _metalog(distribution)
        case Mixture(weights=weights, components=components):
            return MixtureLaw(weights, tuple(law_of(component) for component in components))
    raise TypeError(f"no law for {type(distribution).__name__}")


def _log(x: Array) -> Array:
    """Logarithm that is -inf where there is none."""
    return np.asarray(np.log(np.maximum(x, 0.0)))


def _atom(value: float) -> Law:
    return AtomsLaw((value,), (1.0,))


def _scaled(base: Law, shift: float, factor: float) -> Law:
    if factor <= 0.0:
        return _atom(shift)
    return MappedLaw(base, lambda y: shift + factor * y, lambda x: (x - shift) / factor)


def _beta(a: float, b: float, low: float, high: float) -> Law:
    """Beta by its log odds y, whose density x^a (1-x)^b is log-concave."""
    if high <= low:
        return _atom(low)

    def log_density(y: Array) -> Array:
        rest = np.log1p(np.exp(-np.abs(y)))
        return np.asarray(-a * (np.maximum(-y, 0.0) + rest) - b * (np.maximum(y, 0.0) + rest))

    width = high - low

    def forward(y: Array) -> Array:
        return np.asarray(
            np.where(y < 0.0, low + width / (1.0 + np.exp(-y)), high - width / (1.0 + np.exp(y)))
        )

    def backward(x: Array) -> Array:
        inside = np.clip(x, low, high)
        return np.asarray(np.log(inside - low) - np.log(high - inside))

    return MappedLaw(IntegratedDensity(log_density, float(np.log(a / b))), forward, backward, (low, high))


def _standard_t(dof: float) -> Law:
    """Student t by y = arsinh(x / sqrt(dof)), whose density is cosh(y)^-dof."""
    root = float(np.sqrt(dof))

    def log_density(y: Array) -> Array:
        # ln cosh y = ln(1 + 2 sinh(y/2)^2), with no overflow far out
        size = np.abs(y)
        near = np.log1p(2.0 * np.sinh(0.5 * np.minimum(size, 30.0)) ** 2)
        return np.asarray(-dof * np.where(size < 30.0, near, size - np.log(2.0)))

    return MappedLaw(
        IntegratedDensity(log_density, 0.0),
        lambda y: np.asarray(root * np.sinh(y)),
        lambda x: np.asarray(np.arcsinh(x / root)),
    )


def _metalog(distribution: Metalog) -> Law:
    low, high = distribution.low, distribution.high
    terms = metalog.coefficients(distribution)
    line = MetalogLaw(terms, metalog.rising_range(terms))
    if isfinite(low) and isfinite(high):
        return MappedLaw(
            line,
            lambda y: np.asarray(low + (high - low) / (1.0 + np.exp(-y))),
            lambda x: np.asarray(_log(x - low) - _log(high - x)),
            (low, high),
        )
    if isfinite(low):
        return MappedLaw(
            line,
            lambda y: np.asarray(low + np.exp(y)),
            lambda x: np.asarray(_log(x - low)),
            (low,),
        )
    if isfinite(high):
        return MappedLaw(
            line,
            lambda y: np.asarray(high - np.exp(-y)),
            lambda x: np.asarray(-_log(high - x)),
            (high,),
        )
    return line
