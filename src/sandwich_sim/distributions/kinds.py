"""What the kernel needs to know of one distribution: its kind, a few numbers, tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from sandwich_sim.distributions.laws import Array, TruncatedLaw
from sandwich_sim.distributions.of_scenario import is_truncated, law_of, truncated_law_of
from sandwich_sim.distributions.tables import even_table, uneven_table
from sandwich_sim.kernels import quantiles
from sandwich_sim.scenario.support import support
from sandwich_sim.scenario.uncertain import (
    Discrete,
    Distribution,
    Empirical,
    LogNormal,
    LogUniform,
    Mixture,
    Normal,
    Triangular,
    Uniform,
)

_NO_VALUES = np.empty(0)
_NO_PIECES = np.empty((0, quantiles.TABLE_ORDER))


@dataclass(frozen=True)
class KernelQuantile:
    """A quantile function as the kernel takes it; see kernels/quantiles.py.

    Attributes
    ----------
    kind : int
    shape : tuple of float
        Up to six numbers, by kind.
    values : ndarray of float64, shape (n_value,)
    pieces : ndarray of float64, shape (n_piece, 8)
    """

    kind: int
    shape: tuple[float, ...] = ()
    values: Array = field(default_factory=lambda: _NO_VALUES)
    pieces: Array = field(default_factory=lambda: _NO_PIECES)


def kernel_quantile(distribution: Distribution) -> KernelQuantile:
    """Return the quantile function of a distribution for the kernel.

    Raises
    ------
    UsageError
        If truncation leaves nothing, or a table cannot be made exact enough.
    """
    law = truncated_law_of(distribution) if is_truncated(distribution) else None
    low, high = support(distribution)
    if low == high:
        return KernelQuantile(quantiles.UNIFORM, (low, 0.0))
    match distribution:
        case Normal(mean=mean, sd=sd) if law is None:
            return KernelQuantile(quantiles.NORMAL, (mean, sd))
        case LogNormal(mu=mu, sigma=sigma) if law is None:
            return KernelQuantile(quantiles.LOG_NORMAL, (mu, sigma))
        case Uniform():
            return KernelQuantile(quantiles.UNIFORM, (low, high - low))
        case LogUniform():
            return KernelQuantile(quantiles.LOG_UNIFORM, (float(np.log(low)), float(np.log(high / low))))
        case Triangular(low=left, mode=mode, high=right):
            return KernelQuantile(quantiles.TRIANGULAR, (left, mode, right, *_kept_range(law)))
        case Discrete():
            return _discrete(distribution, low, high)
        case Empirical(values=values):
            last = len(values) - 1
            start, width = _kept_range(law)
            return KernelQuantile(
                quantiles.EMPIRICAL, (start * last, width * last), np.sort(np.array(values, dtype=np.float64))
            )
    return _tabulated(distribution)


def _kept_range(law: TruncatedLaw | None) -> tuple[float, float]:
    """Return start and width of the probabilities that truncation leaves."""
    return (0.0, 1.0) if law is None else (law.lower_share, law.mass)


def _discrete(distribution: Discrete, low: float, high: float) -> KernelQuantile:
    pairs = zip(distribution.values, distribution.probabilities, strict=True)
    kept = sorted((value, share) for value, share in pairs if low <= value <= high and share > 0.0)
    values = np.array([value for value, _ in kept])
    shares = np.array([share for _, share in kept])
    levels = np.cumsum(shares / shares.sum())[:-1]
    return KernelQuantile(quantiles.DISCRETE, values=np.concatenate((levels, values)))


@lru_cache(maxsize=256)  # 2 ms each, and a study runs many scenarios that share most of their inputs
def _tabulated(distribution: Distribution) -> KernelQuantile:
    law = law_of(distribution)
    if not isinstance(distribution, Mixture):
        pieces = even_table(law)
        if pieces is not None:
            return KernelQuantile(quantiles.TABLE, pieces=pieces)
    breaks, pieces = uneven_table(law)
    return KernelQuantile(quantiles.UNEVEN_TABLE, values=breaks, pieces=pieces)
