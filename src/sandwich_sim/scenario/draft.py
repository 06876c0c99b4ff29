"""What the tables of a scenario file say, before the rules across tables are checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from sandwich_sim.scenario.spec import Edge, Event, Evidence, Hop, Position, RunOptions
from sandwich_sim.scenario.uncertain import Uncertain


@dataclass
class Draft:
    """The parts of a `ScenarioSpec` as read.

    Attributes
    ----------
    numbers : dict of str to Uncertain
        By dotted name, in the order of `layers.number_values`; numbers with a problem of
        their own are in ``broken`` instead.
    pairs : list of (str, str, str, float)
        Key of the correlation in the file, its two names, its value.
    chains : dict of str to tuple of str
        Of a ``same_as``: the names that it was followed through, the number that is drawn last.
    doubtful : set of str
        Hops that seem to be a slip for another one, which was said.
    notes : list of str
        What a reader of the file should know though nothing is wrong.
    slots : tuple of str
        ``[run] sobol_slots``: the slots that a stored scenario came with.
    """

    title: str
    summary: str
    start: date
    years: int
    steps_per_year: int
    run: RunOptions
    slots: tuple[str, ...] = ()
    hops: list[Hop] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    demand: list[str] = field(default_factory=list)
    numbers: dict[str, Uncertain] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    chains: dict[str, tuple[str, ...]] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)
    evidence: dict[str, Evidence] = field(default_factory=dict)
    pairs: list[tuple[str, str, str, float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
    checks: list[tuple[str, str]] = field(default_factory=list)
