"""Places of bars and bands of the dollar's flow: one hop a row, users on top, power below.

Edges only run down the list of hops, so a buyer always stands above its suppliers. Across, a
cent is a cent everywhere: the users' bar spans 0 to 100.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sandwich_sim.analysis.dollar_flows import USERS, DollarFlows

Kind = Literal["paid", "profit", "outside", "investors", "withdrawn"]


@dataclass(frozen=True)
class Segment:
    """A piece of a bar, from ``left`` to ``right`` [cent]."""

    kind: Kind
    left: float
    right: float

    @property
    def width(self) -> float:
        return self.right - self.left


@dataclass(frozen=True)
class Bar:
    """A hop, or the users, with what it does with the money.

    Attributes
    ----------
    hop : str
        `USERS` for the users.
    row : int
    left, right : float
        [cent]
    segments : tuple of Segment
        What it pays on, keeps, and spends outside. ``investors`` lies on top of the others at
        the right end: the part that no buyer has paid. ``withdrawn`` is what they take out, which
        only the capital account has.
    """

    hop: str
    row: int
    left: float
    right: float
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Band:
    """A payment: from a piece of a bar down to a piece of another [cent].

    Attributes
    ----------
    buyer, supplier : str
    top, bottom : int
        Rows.
    start, end : tuple of float
        Left and right end, at the buyer and at the supplier.
    amount : float
        [cent]
    is_exact : bool
    """

    buyer: str
    supplier: str
    top: int
    bottom: int
    start: tuple[float, float]
    end: tuple[float, float]
    amount: float
    is_exact: bool


def lay_out(flows: DollarFlows, year: int) -> tuple[list[Bar], list[Band]]:
    """Place every bar and band of one year.

    Parameters
    ----------
    flows : DollarFlows
    year : int
        Index of the yearly record.
    """
    rows = {USERS: 0} | {hop: row for row, hop in enumerate(flows.hops, start=1)}
    paid = {arc: float(amount) for arc, amount in zip(flows.arcs, flows.paid[year], strict=True)}
    both = zip(flows.profit[year].tolist(), flows.outside[year].tolist(), strict=True)
    stays = dict(zip(flows.hops, both, strict=True))
    starts: dict[tuple[str, str], tuple[float, float]] = {}
    bars: list[Bar] = []
    ends: dict[tuple[str, str], tuple[float, float]] = {}
    for hop, row in rows.items():
        arriving = sorted((arc for arc in paid if arc[1] == hop), key=lambda arc: sum(starts[arc]))
        arrives = sum(paid[arc] for arc in arriving)
        profit, outside = (0.0, 0.0) if hop == USERS else stays[hop]
        leaving = sorted((arc for arc in paid if arc[0] == hop), key=lambda arc: rows[arc[1]])
        left = _left(arriving, starts, paid, arrives)
        across = left
        for arc in arriving:
            ends[arc] = (across, across + paid[arc])
            across += paid[arc]
        segments, across = [], left
        for arc in leaving:
            starts[arc] = (across, across + paid[arc])
            segments.append(Segment("paid", *starts[arc]))
            across += paid[arc]
        kept = max(profit, 0.0)
        segments.append(Segment("profit", across, across + kept))
        segments.append(Segment("outside", across + kept, across + kept + outside))
        across += kept + outside
        if profit < 0.0:
            segments.append(Segment("investors", across + profit, across))
        bars.append(Bar(hop, row, left, across, tuple(s for s in segments if s.width > 1e-9)))
    exact = dict(zip(flows.arcs, flows.is_exact, strict=True))
    bands = [
        Band(*arc, rows[arc[0]], rows[arc[1]], starts[arc], ends[arc], amount, exact[arc])
        for arc, amount in paid.items()
        if amount > 1e-6
    ]
    return bars, bands


def _left(
    arriving: list[tuple[str, str]],
    starts: dict[tuple[str, str], tuple[float, float]],
    paid: dict[tuple[str, str], float],
    arrives: float,
) -> float:
    """Left end of a bar: below what it receives, but not outside the picture."""
    if arrives <= 0.0:
        return 0.0
    center = sum(paid[arc] * sum(starts[arc]) / 2 for arc in arriving) / arrives
    return max(0.0, center - arrives / 2)
