"""Distributions of a scenario by scipy.stats, with truncation and mixtures written out plainly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sandwich_sim.scenario.uncertain import (
    Beta,
    Constant,
    Discrete,
    Distribution,
    Empirical,
    LogNormal,
    LogUniform,
    Mixture,
    Normal,
    Pert,
    StudentT,
    Triangular,
    Uniform,
)

Array = NDArray[np.float64]
Cdf = Callable[[Array], Array]


def frozen(d: Distribution) -> stats.rv_frozen:
    """The scipy distribution of one that is not truncated."""
    match d:
        case Normal(mean=mean, sd=sd):
            return stats.norm(mean, sd)
        case LogNormal(mu=mu, sigma=sigma):
            return stats.lognorm(sigma, scale=np.exp(mu))
        case StudentT(location=location, scale=scale, dof=dof):
            return stats.t(dof, location, scale)
        case Uniform(low=low, high=high):
            return stats.uniform(low, high - low)
        case LogUniform(low=low, high=high):
            return stats.loguniform(low, high)
        case Triangular(low=low, mode=mode, high=high):
            return stats.triang((mode - low) / (high - low), low, high - low)
        case Pert(low=low, mode=mode, high=high, shape=shape):
            peak = (mode - low) / (high - low)
            return stats.beta(1 + shape * peak, 1 + shape * (1 - peak), low, high - low)
        case Beta(a=a, b=b, low=low, high=high):
            return stats.beta(a, b, low, high - low)
    raise TypeError(d)


def cdf(d: Distribution | Constant) -> Cdf:
    """P(X <= x)."""
    if isinstance(d, Constant):
        return lambda x: (np.asarray(x) >= d.value).astype(float)
    if (d.minimum, d.maximum) != (-inf, inf):
        whole = cdf(replace(d, minimum=-inf, maximum=inf))
        low, high = (float(whole(np.array(end))) for end in (d.minimum, d.maximum))
        return lambda x: (whole(np.clip(x, d.minimum, d.maximum)) - low) / (high - low)
    match d:
        case Discrete(values=values, probabilities=probabilities):
            return lambda x: np.sum(
                np.where(np.asarray(x)[..., None] >= np.array(values), probabilities, 0.0), axis=-1
            )
        case Empirical(values=values):
            ordered = np.sort(values)
            return lambda x: np.interp(x, ordered, np.linspace(0.0, 1.0, ordered.size))
        case Mixture(weights=weights, components=components):
            parts = [cdf(component) for component in components]
            return lambda x: sum(w * part(x) for w, part in zip(weights, parts, strict=True))
    return frozen(d).cdf
