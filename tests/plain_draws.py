"""Draws and shocks for the twin alone, from NumPy's generator: no product code in between."""

from __future__ import annotations

import numpy as np
from scipy import stats

from reference_chain import Array, Chain, shock_names
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.scenario.uncertain import (
    Constant,
    LogNormal,
    LogUniform,
    SameAs,
    Triangular,
    Uncertain,
    Uniform,
)


def plain_parameters(spec: ScenarioSpec, n: int, seed: int) -> dict[str, Array]:
    """Draw every parameter of a spec independently, each of shape (n,)."""
    rng = np.random.default_rng(seed)
    values = {
        name: plain_values(number, rng.uniform(size=n))
        for name, number in spec.parameters.items()
        if not isinstance(number, SameAs)
    }
    for name, number in spec.parameters.items():
        while isinstance(number, SameAs):
            source = number.name
            number = spec.parameters[source]
            values[name] = values.get(source, values.get(name))
    return values


def plain_values(number: Uncertain, u: Array) -> Array:
    """Quantile function of the distributions that the strategies use."""
    match number:
        case Constant(value):
            return np.full_like(u, value)
        case Uniform(low=low, high=high):
            return low + (high - low) * u
        case LogUniform(low=low, high=high):
            return low * (high / low) ** u
        case Triangular(low=low, mode=mode, high=high):
            return stats.triang.ppf(u, (mode - low) / (high - low), loc=low, scale=high - low)
        case LogNormal(mu=mu, sigma=sigma, minimum=low, maximum=high):
            return np.clip(np.exp(mu + sigma * stats.norm.ppf(u)), low, high)
    raise TypeError(number)


def plain_shocks(chain: Chain, parameters: dict[str, Array], n: int, seed: int) -> dict[str, Array]:
    """Draw normals and Poisson counts, each of shape (n_step, n)."""
    rng = np.random.default_rng(seed)
    shocks = {name: rng.standard_normal((chain.n_step, n)) for name in shock_names(chain)}
    for jump in ("leap", "release"):
        rate = np.broadcast_to(parameters[f"open_source.{jump}_rate"], n) * chain.dt
        shocks[f"shock.{jump}"] = rng.poisson(rate, (chain.n_step, n)).astype(np.float64)
    return shocks
