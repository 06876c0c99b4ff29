"""Plain records of a scenario's numbers, one a trajectory, for `scalar_prange.py`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.sampling import draw
from sandwich_sim.scenario.parameters import PARAMETERS
from sandwich_sim.scenario.spec import ScenarioSpec

SINGLE_TABLES = ("token_price", "open_source", "compute_cost", "lab", "demand_shock")
LEVEL_LEAST = 1e-6


def record_type(*names: str) -> np.dtype[np.void]:
    """Return a record of float64 fields."""
    return np.dtype([(name, np.float64) for name in names])


def _keys(table: str) -> tuple[str, ...]:
    return tuple(parameter.key for parameter in PARAMETERS if parameter.table == table)


SINGLE = record_type(*(f"{table}_{key}" for table in SINGLE_TABLES for key in _keys(table)))
HOP, EDGE, DEMAND = (record_type(*_keys(table)) for table in ("hop", "edge", "demand"))


class Chain(NamedTuple):
    """Who buys from whom, as numbers; edges are sorted by buyer.

    Attributes
    ----------
    n_step, n_hop, lab, compute : int
    dt : float
        Length of a step [yr].
    is_hardware, is_energy : ndarray of bool, shape (n_hop,)
        Hops that follow that cost driver.
    edge_start : ndarray of int64, shape (n_hop + 1,)
        Edges of buyer h are ``edge_start[h]:edge_start[h + 1]``.
    supplier : ndarray of int64, shape (n_edge,)
    is_capital : ndarray of bool, shape (n_edge,)
    demand_hop : ndarray of int64, shape (n_demand,)
    """

    n_step: int
    dt: float
    n_hop: int
    lab: int
    compute: int
    is_hardware: NDArray[np.bool_]
    is_energy: NDArray[np.bool_]
    edge_start: NDArray[np.int64]
    supplier: NDArray[np.int64]
    is_capital: NDArray[np.bool_]
    demand_hop: NDArray[np.int64]


class Numbers(NamedTuple):
    """Every number of the model on every trajectory.

    Attributes
    ----------
    single : ndarray of record, shape (n,)
    hop, edge, demand : ndarray of record, shape (n, n_hop), (n, n_edge), (n, n_demand)
        NaN where the scenario has no such number.
    """

    single: NDArray[Any]
    hop: NDArray[Any]
    edge: NDArray[Any]
    demand: NDArray[Any]


def chain_of(spec: ScenarioSpec) -> Chain:
    """Turn the chain of a scenario into numbers."""
    place = {name: index for index, name in enumerate(spec.hop_names)}
    edges = _edges(spec)
    buyers = [place[edge.buyer] for edge in edges]
    return Chain(
        n_step=spec.years * spec.steps_per_year,
        dt=1.0 / spec.steps_per_year,
        n_hop=len(spec.hops),
        lab=next(place[hop.name] for hop in spec.hops if hop.role == "lab"),
        compute=next(place[hop.name] for hop in spec.hops if hop.role == "compute"),
        is_hardware=np.array([hop.cost_driver == "hardware" for hop in spec.hops]),
        is_energy=np.array([hop.cost_driver == "energy" for hop in spec.hops]),
        edge_start=np.searchsorted(buyers, np.arange(len(spec.hops) + 1)).astype(np.int64),
        supplier=np.array([place[edge.supplier] for edge in edges], dtype=np.int64),
        is_capital=np.array([edge.kind == "capital" for edge in edges], dtype=np.bool_),
        demand_hop=np.array([place[name] for name in spec.demand], dtype=np.int64),
    )


def numbers_of(spec: ScenarioSpec, n: int, seed: int) -> Numbers:
    """Draw the parameters of the first ``n`` trajectories."""
    names = tuple(spec.parameters)
    drawn = draw(spec, names, np.arange(n), seed=seed, sampler="random", trajectories=n)
    values = dict(zip(names, drawn, strict=True))
    single = np.full(n, np.nan, SINGLE)
    for table in SINGLE_TABLES:
        for key in _keys(table):
            single[f"{table}_{key}"] = _value(values, f"{table}.{key}", key)
    return Numbers(
        single,
        _records(HOP, [f"hop.{name}" for name in spec.hop_names], values, n),
        _records(EDGE, [f"edge.{edge.name}" for edge in _edges(spec)], values, n),
        _records(DEMAND, [f"demand.{name}" for name in spec.demand], values, n),
    )


def parameters_of(spec: ScenarioSpec, n: int, seed: int) -> dict[str, NDArray[np.float64]]:
    """Draw the same numbers by dotted name, as the twin takes them."""
    names = tuple(spec.parameters)
    drawn = draw(spec, names, np.arange(n), seed=seed, sampler="random", trajectories=n)
    return dict(zip(names, drawn, strict=True))


def _edges(spec: ScenarioSpec) -> list[Any]:
    return sorted(spec.edges, key=lambda edge: spec.hop_names.index(edge.buyer))


def _records(
    kind: np.dtype[np.void], tables: list[str], values: dict[str, NDArray[np.float64]], n: int
) -> NDArray[Any]:
    records = np.full((n, len(tables)), np.nan, kind)
    for column, table in enumerate(tables):
        for key in kind.names or ():
            records[key][:, column] = _value(values, f"{table}.{key}", key)
    return records


def _value(values: dict[str, NDArray[np.float64]], name: str, key: str) -> Any:
    found = values.get(name, np.nan)
    is_level = any(parameter.key == key and parameter.clipped for parameter in PARAMETERS)
    return np.clip(found, LEVEL_LEAST, 1.0 - LEVEL_LEAST) if is_level else found
