"""Hypothesis strategies: random chains with random but sensible numbers, as resolved scenarios.

The arrangement of a chain (hops, edges, demand, which keys are left out) comes from
Hypothesis and shrinks. Its numbers come from one drawn seed and the number's name, so that a
smaller chain keeps the numbers of what is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zlib import crc32

import numpy as np
from hypothesis import strategies as st

from sandwich_sim.scenario.parameters import BY_TABLE, CAPITAL_KEYS, LAB_HOP_EXCLUDED, SINGLE_TABLES
from sandwich_sim.scenario.spec import Clause, Edge, Event, Hop, Move, RunOptions, ScenarioSpec
from sandwich_sim.scenario.uncertain import (
    Constant,
    LogNormal,
    LogUniform,
    SameAs,
    Triangular,
    Uncertain,
    Uniform,
)
from sandwich_sim.variables import FAN_DEFAULT, KEEP_SERIES_DEFAULT
from strategies_numbers import EXACT, RANGES

EVENTS = (
    Event(
        "lab_recovers",
        "All-in margin rises",
        (Clause("all_in_margin", rises=Move(1, by=0.005), ends_above_start=True), Clause("gap", below=12.0)),
    ),
    Event("umbrella_closed", "The umbrella closes", (Clause("gap", below=1.0),)),
    Event("capex_falls", "Capital spending falls", (Clause("capex", falls=Move(1, by_ratio=0.03)),)),
    Event("cloud_rich", "Compute earns well", (Clause("margin.cloud", above=0.2, ends_above=0.25),)),
    Event("cloud_slips", "Share of profit slips", (Clause("profit_share.cloud", falls=Move(2), below=0.6),)),
)


@dataclass(frozen=True)
class Numbers:
    """Source of the numbers of one scenario: ``uncertainty`` is the part that is drawn."""

    seed: int
    uncertainty: float

    def generator(self, name: str) -> np.random.Generator:
        return np.random.default_rng((self.seed, crc32(name.encode())))

    def within(self, name: str, low: float, high: float) -> float:
        return float(self.generator(name).uniform(low, high))

    def uncertain(self, name: str, low: float, high: float) -> Uncertain:
        """Return a constant or a distribution with all its mass in the range (nearly, if lognormal)."""
        rng = self.generator(name)
        value = float(rng.uniform(low, high))
        if rng.uniform() >= self.uncertainty or low == high:
            return Constant(value)
        narrow_low, narrow_high = 0.5 * (low + value), 0.5 * (high + value)
        kind = rng.integers(4) if narrow_low > 0.0 else rng.integers(2)
        if kind == 0:
            return Uniform(low=narrow_low, high=narrow_high)
        if kind == 1:
            return Triangular(low=narrow_low, mode=value, high=narrow_high)
        if kind == 2:
            return LogUniform(low=narrow_low, high=narrow_high)
        spread = 0.2 * np.log(narrow_high / narrow_low)
        return LogNormal(mu=float(np.log(value)), sigma=float(spread), minimum=low, maximum=high)


@st.composite
def hop_lists(draw: st.DrawFn, most: int = 12) -> tuple[Hop, ...]:
    """Draw 3 to ``most`` hops: some before the lab, some between lab and compute, some after."""
    n_other = draw(st.integers(1, most - 2))
    n_before = draw(st.integers(0, min(n_other, 4)))
    n_between = draw(st.integers(0, min(n_other - n_before, 3)))
    n_after = n_other - n_before - n_between
    names = [f"front{i}" for i in range(n_before)] + ["lab"]
    names += [f"middle{i}" for i in range(n_between)] + ["cloud"]
    names += [f"deep{i}" for i in range(n_after)]
    free = [name for name in names if name != "lab"]
    hardware = draw(st.none() | st.sampled_from(free[::-1]))
    energy = draw(st.none() | st.sampled_from([name for name in free[::-1] if name != hardware] or [None]))
    drivers = {hardware: "hardware", energy: "energy"}
    roles = {"lab": "lab", "cloud": "compute"}
    return tuple(Hop(name, name.title(), roles.get(name), drivers.get(name)) for name in names)


@st.composite
def edge_lists(draw: st.DrawFn, hops: tuple[Hop, ...], demand: tuple[str, ...]) -> tuple[Edge, ...]:
    """Draw edges of both kinds; each hop but the lab buys from some hops further down.

    In four of five chains every hop has a buyer or final demand; in the others some sell nothing.
    """
    edges = []
    for place, buyer in enumerate(hops):
        suppliers = list(hops[place + 1 :])
        if buyer.role != "lab" and suppliers:
            chosen = draw(st.lists(st.sampled_from(suppliers), max_size=2, unique=True))
            edges += [draw(edges_between(buyer, supplier)) for supplier in chosen]
    if draw(st.sampled_from((True, True, True, True, False))):
        for place, hop in enumerate(hops):
            bought = (
                hop.role == "compute"
                or hop.name in demand
                or any(edge.supplier == hop.name for edge in edges)
            )
            buyers = [buyer for buyer in hops[:place] if buyer.role != "lab"]
            if buyers and not bought:
                edges.append(draw(edges_between(draw(st.sampled_from(buyers)), hop)))
    return tuple(edges)


def edges_between(buyer: Hop, supplier: Hop) -> st.SearchStrategy[Edge]:
    kinds = ("current",) if supplier.role == "lab" else ("current", "current", "capital")
    return st.sampled_from(kinds).map(lambda kind: Edge(buyer.name, supplier.name, kind))


@st.composite
def scenarios(draw: st.DrawFn, most_hops: int = 12, most_years: int = 6) -> ScenarioSpec:
    """Draw a whole scenario, ready to be simulated."""
    hops = draw(hop_lists(most_hops))
    names = [hop.name for hop in hops]
    demand = tuple(draw(st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True)))
    if draw(st.sampled_from((True, True, True, True, False))) and names[0] not in demand:
        demand = (names[0], *demand)
    edges = draw(edge_lists(hops, demand))
    numbers = Numbers(draw(st.integers(0, 2**32 - 1)), draw(st.sampled_from((0.0, 0.3, 0.8))))
    left_out = draw(st.sampled_from((0.0, 0.5, 1.0)))
    parameters = all_numbers(hops, edges, demand, numbers, left_out)
    drawn = tuple(name for name, value in parameters.items() if not isinstance(value, Constant | SameAs))
    return ScenarioSpec(
        name="random",
        title="Random chain",
        summary="A chain drawn for a test.",
        start=date(2026, 7, 1),
        years=draw(st.integers(1, most_years)),
        steps_per_year=draw(st.sampled_from((4, 4, 4, 12))),
        run=RunOptions(64, 1, "random", FAN_DEFAULT, KEEP_SERIES_DEFAULT),
        hops=hops,
        edges=edges,
        demand=demand,
        parameters=parameters,
        evidence={},
        correlation=((drawn[0], drawn[1], 0.4),) if len(drawn) > 1 else (),
        events=EVENTS,
        portfolio=(),
        sobol_slots=drawn,
        document={},
        digest="0" * 64,
    )


def all_numbers(
    hops: tuple[Hop, ...], edges: tuple[Edge, ...], demand: tuple[str, ...], numbers: Numbers, left_out: float
) -> dict[str, Uncertain]:
    """Fill every parameter of a chain, in table order then in the order of the chain."""
    parameters: dict[str, Uncertain] = {}
    for table in SINGLE_TABLES:
        parameters |= table_numbers(table, table, tuple(BY_TABLE[table]), numbers, left_out)
    for hop in hops:
        keys = [key for key in BY_TABLE["hop"] if hop.role != "lab" or key not in LAB_HOP_EXCLUDED]
        parameters |= table_numbers("hop", f"hop.{hop.name}", tuple(keys), numbers, left_out)
    for edge in edges:
        name = f"edge.{edge.name}"
        keys = [key for key in BY_TABLE["edge"] if edge.kind == "capital" or key not in CAPITAL_KEYS]
        parameters |= table_numbers("edge", name, tuple(keys), numbers, left_out)
        n_edge = sum(other.buyer == edge.buyer for other in edges)
        most = 0.95 / n_edge
        parameters[f"{name}.share"] = numbers.uncertain(f"{name}.share", 0.2 * most, most)
    for hop_name in demand:
        keys = list(BY_TABLE["demand"])
        parameters |= table_numbers("demand", f"demand.{hop_name}", tuple(keys), numbers, left_out)
    for hop_name in demand[1:]:
        if numbers.within(f"{hop_name}.same", 0.0, 1.0) < 0.5:
            parameters[f"demand.{hop_name}.growth"] = SameAs(f"demand.{demand[0]}.growth")
    return parameters


def table_numbers(
    table: str, prefix: str, keys: tuple[str, ...], numbers: Numbers, left_out: float
) -> dict[str, Uncertain]:
    """Fill one table; optional keys are left out with probability ``left_out``."""
    filled: dict[str, Uncertain] = {}
    for key in keys:
        rule, name = BY_TABLE[table][key], f"{prefix}.{key}"
        chance = numbers.within(f"{name}.left_out", 0.0, 1.0)
        may_be_absent = rule.optional or rule.default is not None
        if may_be_absent and chance < left_out:
            if isinstance(rule.default, str):
                filled[name] = SameAs(f"{prefix}.{rule.default}")
            elif rule.default is not None:
                filled[name] = Constant(float(rule.default))
        elif key in EXACT and numbers.within(f"{name}.exact", 0.0, 1.0) < 0.4:
            filled[name] = Constant(EXACT[key])
        else:
            filled[name] = numbers.uncertain(name, *RANGES.get(f"{table}.{key}", (0.1, 0.2)))
    return filled
