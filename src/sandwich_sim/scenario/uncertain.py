"""Frozen descriptions of uncertain numbers; nothing is drawn here.

Each class holds its own (canonical) parameters. What a file may write instead of them, such
as two quantiles, is turned into them by ``scenario/quantile_fit.py`` at load.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True)
class Constant:
    """A number that is the same on every trajectory."""

    value: float


@dataclass(frozen=True)
class SameAs:
    """The very draw of another parameter, named by its dotted name."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """Base of all distributions; ``minimum`` and ``maximum`` truncate (and renormalize)."""

    minimum: float = -inf
    maximum: float = inf


@dataclass(frozen=True, kw_only=True)
class Normal(Distribution):
    mean: float
    sd: float


@dataclass(frozen=True, kw_only=True)
class LogNormal(Distribution):
    """ln(x) is normal with mean ``mu`` and standard deviation ``sigma``."""

    mu: float
    sigma: float


@dataclass(frozen=True, kw_only=True)
class StudentT(Distribution):
    location: float
    scale: float
    dof: float


@dataclass(frozen=True, kw_only=True)
class Uniform(Distribution):
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class LogUniform(Distribution):
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Triangular(Distribution):
    low: float
    mode: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Pert(Distribution):
    """Beta on [low, high] with mean (low + shape * mode + high) / (shape + 2)."""

    low: float
    mode: float
    high: float
    shape: float = 4.0


@dataclass(frozen=True, kw_only=True)
class Beta(Distribution):
    a: float
    b: float
    low: float = 0.0
    high: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Discrete(Distribution):
    values: tuple[float, ...]
    probabilities: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Mixture(Distribution):
    weights: tuple[float, ...]
    components: tuple[Distribution | Constant, ...]


@dataclass(frozen=True, kw_only=True)
class Empirical(Distribution):
    """Observed values, each equally likely; the quantile function interpolates linearly."""

    values: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Metalog(Distribution):
    """Keelin's metalog through a set of quantiles, bounded where bounds are given."""

    probabilities: tuple[float, ...]
    values: tuple[float, ...]
    low: float = -inf
    high: float = inf


Uncertain = Constant | SameAs | Distribution
