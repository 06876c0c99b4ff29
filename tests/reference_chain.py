"""The plain twin, sections 1 and 2 of docs/model.md: the chain, its parameters and its shocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Edge = tuple[str, str, str]
"""(buyer, supplier, "current" or "capital")"""

FACTORS = ("scarcity", "monopoly", "pricing_power")

# --- 1. The chain ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Chain:
    """Who buys from whom; hops are listed downstream to upstream.

    ``hardware`` and ``energy`` name the hops that follow that cost driver (usually one or none).
    """

    hops: tuple[str, ...]
    lab: str
    compute: str
    hardware: tuple[str, ...]
    energy: tuple[str, ...]
    edges: tuple[Edge, ...]
    demand: tuple[str, ...]
    years: int
    steps_per_year: int

    @classmethod
    def from_spec(cls, spec: Any) -> Chain:
        """Read the chain of a ``ScenarioSpec``."""
        return cls(
            hops=tuple(hop.name for hop in spec.hops),
            lab=next(hop.name for hop in spec.hops if hop.role == "lab"),
            compute=next(hop.name for hop in spec.hops if hop.role == "compute"),
            hardware=tuple(hop.name for hop in spec.hops if hop.cost_driver == "hardware"),
            energy=tuple(hop.name for hop in spec.hops if hop.cost_driver == "energy"),
            edges=tuple((edge.buyer, edge.supplier, edge.kind) for edge in spec.edges),
            demand=tuple(spec.demand),
            years=spec.years,
            steps_per_year=spec.steps_per_year,
        )

    @property
    def dt(self) -> float:
        return 1.0 / self.steps_per_year

    @property
    def n_step(self) -> int:
        return self.years * self.steps_per_year

    @property
    def supply(self) -> tuple[str, ...]:
        """Compute and every hop listed after it: those whose capacity is followed."""
        return self.hops[self.hops.index(self.compute) :]

    def purchases_of(self, buyer: str) -> tuple[Edge, ...]:
        return tuple(edge for edge in self.edges if edge[0] == buyer)

    @property
    def capital_edges(self) -> tuple[Edge, ...]:
        return tuple(edge for edge in self.edges if edge[2] == "capital")


# --- 2. Parameters and shocks ---------------------------------------------------------------


def shock_names(chain: Chain) -> tuple[str, ...]:
    """Name every shock of a chain, as the random streams are named."""
    states = ("gap", "leap", "release", "line", "edge")
    states += ("hardware", "software", "energy", "demand", "surprise")
    factors = [
        f"shock.hop.{hop}.{factor}"
        for hop in chain.hops
        for factor in FACTORS
        if not (hop == chain.lab and factor == "scarcity")
    ]
    return (*(f"shock.{state}" for state in states), *factors)


def no_shocks(chain: Chain, n: int) -> dict[str, Array]:
    """Return shocks that are zero at every step, each of shape ``(n_step, n)``."""
    return {name: np.zeros((chain.n_step, n)) for name in shock_names(chain)}


def arrays_of(parameters: Mapping[str, Any], n: int) -> dict[str, Array]:
    """Give every parameter shape ``(n,)`` and keep the levels within [1e-6, 1 - 1e-6]."""
    levels = {*FACTORS, *(f"{factor}_long" for factor in FACTORS), "closed_share"}
    arrays = {}
    for name, value in parameters.items():
        array = np.broadcast_to(np.asarray(value, dtype=np.float64), (n,))
        is_level = name.rsplit(".", 1)[-1] in levels
        arrays[name] = np.clip(array, 1e-6, 1.0 - 1e-6) if is_level else array
    return arrays


def expit(z: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-z))


def logit(level: Array) -> Array:
    return np.log(level / (1.0 - level))
