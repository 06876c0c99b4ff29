"""A resolved scenario: frozen, complete, ready to be drawn from.

``scenario/load.py`` makes it; everything downstream only reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from sandwich_sim.scenario.uncertain import Constant, SameAs, Uncertain

Sampler = Literal["random", "latin-hypercube", "sobol"]


@dataclass(frozen=True)
class Evidence:
    """Where a number comes from: a fact id or ``assumption: ...``; None where the file says nothing."""

    source: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Hop:
    name: str
    title: str
    role: Literal["lab", "compute"] | None = None
    cost_driver: Literal["hardware", "energy"] | None = None


@dataclass(frozen=True)
class Edge:
    buyer: str
    supplier: str
    kind: Literal["current", "capital"] = "current"

    @property
    def name(self) -> str:
        return f"{self.buyer}-{self.supplier}"


@dataclass(frozen=True)
class Move:
    """``rises`` or ``falls``: for ``years`` years, by at least ``by`` and ``by_ratio`` a year."""

    years: int
    by: float = 0.0
    by_ratio: float = 0.0


@dataclass(frozen=True)
class Clause:
    """One condition on one series; docs/model.md, section 10."""

    series: str
    below: float | None = None
    above: float | None = None
    rises: Move | None = None
    falls: Move | None = None
    ends_above: float | None = None
    ends_above_start: bool = False


@dataclass(frozen=True)
class Event:
    name: str
    title: str
    clauses: tuple[Clause, ...]

    @property
    def window_years(self) -> int:
        """Largest ``years`` among the clauses; 0 if none moves (the window is one record)."""
        moves = [move for clause in self.clauses for move in (clause.rises, clause.falls) if move]
        return max((move.years for move in moves), default=0)


@dataclass(frozen=True)
class Position:
    name: str
    weight: float
    exposure: Mapping[str, float]
    price: float | None = None
    revenue: float | None = None


@dataclass(frozen=True)
class RunOptions:
    """The ``[run]`` table."""

    trajectories: int
    seed: int
    sampler: Sampler
    fans: tuple[str, ...]
    keep_series: tuple[str, ...]


@dataclass(frozen=True)
class ScenarioSpec:
    """Everything a run needs to know.

    Attributes
    ----------
    parameters : mapping of str to Uncertain
        Every number of the model by dotted name (``hop.chips.scarcity``), defaults filled in
        (as Constant or SameAs, which never names another SameAs). In the order of
        parameters.py, hops along the chain, edges and demand along their hops. An optional
        parameter that the file leaves out (``edge.*.expected_growth``) is absent.
    evidence : mapping of str to Evidence
        For the names of ``parameters`` that the file (or a base of it) sets, and for its
        correlations (``correlation.a ~ b``). A SameAs without a source has that of its target.
    correlation : tuple of (str, str, float)
        Pairs of drawn parameters and their Gaussian-copula correlation.
    sobol_slots : tuple of str
        Sobol dimension i belongs to the i-th name: first those of the root scenario, also
        where this one holds them constant or lacks them, then this one's own.
    document : mapping
        The merged file as plain dicts, lists, numbers and one date, with all evidence and the
        facts it points to; written to the run folder as ``scenario.toml``.
    digest : str
        SHA-256 (hex) of the canonical form of everything that can change a result.
    notes : tuple of str
        What to tell the user though nothing is wrong, such as a correlation that was dropped.
    checks : tuple of (str, str)
        Names and statements on outcomes that must hold; they change no result.
    """

    name: str
    title: str
    summary: str
    start: date
    years: int
    steps_per_year: int
    run: RunOptions
    hops: tuple[Hop, ...]
    edges: tuple[Edge, ...]
    demand: tuple[str, ...]
    parameters: Mapping[str, Uncertain]
    evidence: Mapping[str, Evidence]
    correlation: tuple[tuple[str, str, float], ...]
    events: tuple[Event, ...]
    portfolio: tuple[Position, ...]
    sobol_slots: tuple[str, ...]
    document: Mapping[str, Any]
    digest: str
    notes: tuple[str, ...] = field(default=(), compare=False)
    checks: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        """Say what a reader wants to see; all fields would fill thousands of lines."""
        uncertain = f"{len(self.parameters)} numbers, {len(self.drawn)} of them uncertain"
        return f"<ScenarioSpec {self.name}: {len(self.hops)} hops, {self.years} years, {uncertain}>"

    @property
    def hop_names(self) -> tuple[str, ...]:
        return tuple(hop.name for hop in self.hops)

    @property
    def drawn(self) -> tuple[str, ...]:
        """Names of the parameters that have a distribution of their own, in file order."""
        return tuple(
            name for name, number in self.parameters.items() if not isinstance(number, Constant | SameAs)
        )

    @property
    def n_record(self) -> int:
        """Records of a series: start, then every step."""
        return self.years * self.steps_per_year + 1
