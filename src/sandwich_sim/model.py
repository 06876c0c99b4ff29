"""From a scenario to the kernels' plain arrays; labels stop here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.errors import UsageError
from sandwich_sim.kernels.draws import N_WORK, DrawPlan
from sandwich_sim.kernels.inputs import MAX_JUMPS, ModelInputs, Work
from sandwich_sim.kernels.memory import MemoryPool
from sandwich_sim.kernels.rng import MAX_STEPS, STEPS_PER_CALL, key_of, stream_of
from sandwich_sim.kernels.rows import (
    CHAIN_SHOCKS,
    DEMAND_KEYS,
    EDGE_KEYS,
    HOP_KEYS,
    HOP_SHOCKS,
    JUMPS,
    N_CHAIN_ROWS,
    N_CUMULATIVE,
    N_DEMAND_ROWS,
    N_EDGE_ROWS,
    N_HOP_ROWS,
    N_PER_HOP,
    N_PER_STEP,
    SINGLE_KEYS,
)
from sandwich_sim.kernels.shocks import NO_STREAM
from sandwich_sim.sampling import draw_plan
from sandwich_sim.scenario.parameters import parameter_of
from sandwich_sim.scenario.spec import Edge, ScenarioSpec
from sandwich_sim.scenario.support import support
from sandwich_sim.scenario.uncertain import Constant, Distribution, SameAs

BLOCK = 144
"""Trajectories of a block: an odd multiple of 16, so that rows do not all start at the same places of
the first-level cache, and small enough that the rows of a step lie in the second-level cache."""

# What a slot holds where the model does not use it (a lab's scarcity, a current edge's life):
# any harmless number.
_UNUSED = {
    "scarcity": 0.5,
    "scarcity_long": 0.5,
    "normal_return": 0.0,
    "substitution": 1.0,
    "tightness": 0.0,
    "tightness_beta": 0.0,
    "glut_discount": 0.0,
    "expansion_lag": 1.0,
    "expansion_limit": 1.0,
    "price_lag": 1.0,
    "life": 1.0,
    "lag": 1.0,
    "stock_ratio": 1.0,
    "expected_growth": 0.0,
}


@dataclass(frozen=True)
class Model:
    """A scenario ready to run: kernel inputs, and the labels of their axes.

    Attributes
    ----------
    inputs : ModelInputs
    draws : DrawPlan
    hops, edges, demand, drawn : tuple of str
        Labels; edges are sorted by buyer.
    shocks : tuple of str
        Names of the shock rows ("" where a row is not used), without the jumps.
    """

    inputs: ModelInputs
    draws: DrawPlan
    hops: tuple[str, ...]
    edges: tuple[str, ...]
    demand: tuple[str, ...]
    drawn: tuple[str, ...]
    shocks: tuple[str, ...]

    @property
    def n_record(self) -> int:
        return self.inputs.n_step + 1

    @property
    def n_series(self) -> int:
        return N_PER_HOP * len(self.hops) + N_PER_STEP


def shock_names(spec: ScenarioSpec) -> tuple[str, ...]:
    """Return the names of the normal shocks in kernel order; "" for the lab's scarcity."""
    lab = next(hop.name for hop in spec.hops if hop.role == "lab")
    chain = [f"shock.{state}" for state in CHAIN_SHOCKS]
    factors = [f"shock.hop.{hop}.{factor}" for hop in spec.hop_names for factor in HOP_SHOCKS]
    unused = f"shock.hop.{lab}.scarcity"
    return tuple("" if name == unused else name for name in chain + factors)


def build_model(
    spec: ScenarioSpec,
    *,
    seed: int,
    sampler: str,
    trajectories: int,
    shocks: bool = True,
    slots: tuple[str, ...] | None = None,
) -> Model:
    """Turn a scenario into kernel inputs.

    Parameters
    ----------
    slots : tuple of str, optional
        Sobol slots; the scenario's own if not given (comparisons pass a merged map).

    Raises
    ------
    UsageError
        If the run has too many steps, the seed is out of range, or names collide in a stream.
    """
    n_step = spec.years * spec.steps_per_year
    if n_step >= MAX_STEPS:
        raise UsageError(f"{n_step} steps are too many: at most {MAX_STEPS - 1}. Lower steps_per_year.")
    names = shock_names(spec)
    _check_streams([*spec.drawn, *filter(None, names), *(f"shock.{jump}" for jump in JUMPS)])
    _check_jumps(spec)
    try:
        keys = key_of(seed)
    except ValueError as error:
        raise UsageError(f"{error}. Choose another seed.") from error
    edges = sorted(spec.edges, key=lambda edge: spec.hop_names.index(edge.buyer))
    return Model(
        inputs=_build_inputs(spec, edges, names, keys, shocks),
        draws=draw_plan(spec, seed=seed, sampler=sampler, trajectories=trajectories, slots=slots),
        hops=spec.hop_names,
        edges=tuple(edge.name for edge in edges),
        demand=spec.demand,
        drawn=spec.drawn,
        shocks=names,
    )


def _build_inputs(
    spec: ScenarioSpec,
    edges: list[Edge],
    shocks: tuple[str, ...],
    keys: NDArray[np.uint64],
    with_shocks: bool,
) -> ModelInputs:
    slots = _slot_names(spec, edges)
    constant, draw_of = _fill_slots(spec, slots)
    index = {name: i for i, name in enumerate(spec.hop_names)}
    buyers = [index[edge.buyer] for edge in edges]
    expects = [f"edge.{edge.name}.expected_growth" in spec.parameters for edge in edges]
    streams = [stream_of(name) if name else int(NO_STREAM) for name in shocks]
    return ModelInputs(
        dt=1.0 / spec.steps_per_year,
        n_step=spec.years * spec.steps_per_year,
        steps_per_year=spec.steps_per_year,
        n_hop=len(spec.hops),
        lab=_role(spec, "lab"),
        compute=_role(spec, "compute"),
        is_hardware=_driven_by(spec, "hardware"),
        is_energy=_driven_by(spec, "energy"),
        edge_start=np.searchsorted(buyers, np.arange(len(spec.hops) + 1)).astype(np.int64),
        edge_supplier=np.array([index[edge.supplier] for edge in edges], dtype=np.int64),
        edge_is_capital=np.array([edge.kind == "capital" for edge in edges], dtype=np.int64),
        edge_expects=np.array(expects, dtype=np.int64),
        demand_hop=np.array([index[name] for name in spec.demand], dtype=np.int64),
        cobb_douglas=np.array([_is_cobb_douglas(spec, hop) for hop in spec.hop_names], dtype=np.int64),
        constant=constant,
        draw_of=draw_of,
        clip=np.array([parameter_of(name).clipped for name in slots], dtype=np.int64),
        shock_streams=np.array(streams, dtype=np.uint64),
        jump_streams=np.array([stream_of(f"shock.{jump}") for jump in JUMPS], dtype=np.uint64),
        keys=keys,
        shocks=int(with_shocks),
    )


def allocate_work(model: Model, width: int = BLOCK) -> tuple[Work, NDArray[np.uint64]]:
    """Allocate one thread's working arrays for blocks of ``width`` trajectories.

    They share one piece of memory that starts on a huge page, each at the start of a cache line: a
    step reads some six hundred rows, and scattered over small pages they cost it a twentieth more.
    """
    inputs = model.inputs
    n_hop, n_edge, n_demand = inputs.n_hop, inputs.edge_supplier.size, inputs.demand_hop.size

    pool = MemoryPool()

    def zeros(*shape: int, dtype: Any = np.float64) -> NDArray[Any]:
        return pool.zeros((*shape, width), dtype)

    work = Work(
        indices=zeros(dtype=np.int64),
        values=zeros(inputs.constant.size),
        drawn=zeros(len(model.drawn)),
        hop=zeros(N_HOP_ROWS, n_hop),
        edge=zeros(N_EDGE_ROWS, n_edge),
        demand=zeros(N_DEMAND_ROWS, n_demand),
        chain=zeros(N_CHAIN_ROWS),
        record=zeros(model.n_series),
        cumulative=zeros(N_CUMULATIVE, n_hop),
        shocks=zeros(STEPS_PER_CALL, inputs.shock_streams.size, dtype=np.float32),
        jumps=zeros(STEPS_PER_CALL, len(JUMPS), dtype=np.float32),
        thresholds=zeros(len(JUMPS), MAX_JUMPS),
        n_threshold=np.zeros(len(JUMPS), dtype=np.int64),
        words=zeros(4, dtype=np.uint32),
    )
    clip = inputs.clip == 1
    work.values[:] = np.where(clip, np.clip(inputs.constant, 1e-6, 1.0 - 1e-6), inputs.constant)[:, None]
    return work, zeros(N_WORK, dtype=np.uint64)


def _slot_names(spec: ScenarioSpec, edges: list[Edge]) -> list[str]:
    hop = [f"hop.{name}.{key}" for key in HOP_KEYS for name in spec.hop_names]
    edge = [f"edge.{item.name}.{key}" for key in EDGE_KEYS for item in edges]
    demand = [f"demand.{name}.{key}" for key in DEMAND_KEYS for name in spec.demand]
    return [*SINGLE_KEYS, *hop, *edge, *demand]


def _fill_slots(spec: ScenarioSpec, names: list[str]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Constant value and drawn row of each slot, aliases followed to their end."""
    rows = {name: row for row, name in enumerate(spec.drawn)}
    constant = np.zeros(len(names))
    draw_of = np.full(len(names), -1, dtype=np.int64)
    for slot, name in enumerate(names):
        target = name
        number = spec.parameters.get(target)
        while isinstance(number, SameAs):
            target = number.name
            number = spec.parameters[target]
        if isinstance(number, Constant):
            constant[slot] = number.value
        elif number is not None:
            draw_of[slot] = rows[target]
        else:
            constant[slot] = _UNUSED[name.rsplit(".", 1)[1]]
    return constant, draw_of


def _role(spec: ScenarioSpec, role: str) -> int:
    return next(i for i, hop in enumerate(spec.hops) if hop.role == role)


def _driven_by(spec: ScenarioSpec, driver: str) -> NDArray[np.int64]:
    return np.array([hop.cost_driver == driver for hop in spec.hops], dtype=np.int64)


def _is_cobb_douglas(spec: ScenarioSpec, hop: str) -> bool:
    number = spec.parameters.get(f"hop.{hop}.substitution")
    return number is None or (isinstance(number, Constant) and abs(number.value - 1.0) < 1e-9)


def _check_streams(names: list[str]) -> None:
    """Two inputs with one 32-bit stream would share their draws."""
    seen: dict[int, str] = {}
    for name in names:
        other = seen.setdefault(stream_of(name), name)
        if other != name:
            raise UsageError(f"{name} and {other} hash to one random stream. Rename one of their hops.")


def _check_jumps(spec: ScenarioSpec) -> None:
    """A step holds at most MAX_JUMPS jumps; refuse rates that need more."""
    for key in ("open_source.leap_rate", "open_source.release_rate"):
        number = spec.parameters[key]
        while isinstance(number, SameAs):
            number = spec.parameters[number.name]
        high = support(number)[1] if isinstance(number, Distribution) else number.value
        if high / spec.steps_per_year > 25.0:
            raise UsageError(
                f"{key} can reach {high:g} a year: at most 25 jumps a step. Raise steps_per_year."
            )
