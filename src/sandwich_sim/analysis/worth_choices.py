"""Books to choose among, and what a dollar in each position earns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.errors import UsageError
from sandwich_sim.results.aggregate import Accumulators
from sandwich_sim.results.meta import RunMeta
from sandwich_sim.scenario.findings import nearest, printable
from sandwich_sim.scenario.spec import Position

Floats = NDArray[np.float64]
Basis = Literal["price", "fair", "revenue"]


@dataclass(frozen=True)
class Choice:
    """A way to spread a dollar over positions.

    Attributes
    ----------
    name : str
    weights : mapping of str to float
        By position; they sum to 1.
    """

    name: str
    weights: Mapping[str, float]


def default_choices(positions: Sequence[Position]) -> tuple[Choice, ...]:
    """Return the book as it is, an even one, and each position alone."""
    names = [position.name for position in positions]
    total = sum(position.weight for position in positions)
    found = []
    if total > 0.0:
        found.append(Choice("book", {p.name: p.weight / total for p in positions}))
    found.append(Choice("even", dict.fromkeys(names, 1.0 / len(names))))
    found += [Choice(name, {name: 1.0}) for name in names]
    return tuple(found)


def parse_choice(text: str, positions: Sequence[Position]) -> Choice:
    """Read ``bold=frontier_lab:3,chip_designer:1``: a name, and positions with their weights.

    Raises
    ------
    UsageError
    """
    known = [position.name for position in positions]
    name, equals, rest = (part.strip() for part in text.partition("="))
    weights: dict[str, float] = {}
    for item in rest.split(","):
        position, _, number = (part.strip() for part in item.partition(":"))
        try:
            weight = float(number or "1")
        except ValueError:
            weight = float("nan")
        if not (name and equals and position and 0.0 <= weight < float("inf")):
            raise UsageError(
                f'"{printable(text)}" is no choice. Write such as bold={known[0]}:3,{known[-1]}:1.'
            )
        if position not in known:
            match = nearest(position, known)
            hint = f'Did you mean "{match}"?' if match else f"There are {', '.join(known)}."
            raise UsageError(f'there is no position "{printable(position)}". {hint}')
        weights[position] = weights.get(position, 0.0) + weight
    total = sum(weights.values())
    if not total > 0.0:
        raise UsageError(f'"{printable(text)}": all its weights are 0. Give one above 0.')
    return Choice(name, {position: weight / total for position, weight in weights.items()})


def choose_basis(positions: Sequence[Position], profit: Floats, meta: RunMeta) -> Basis:
    """Return by what a dollar is counted where nothing is asked for.

    The price where every position has one; else what positions earn on average, where none loses;
    else today's revenue.
    """
    if all(position.price is not None and position.revenue for position in positions):
        return "price"
    earned = _exposures(positions, meta) @ profit.mean(axis=1)
    return "fair" if (earned > 0.0).all() else "revenue"


def position_returns(
    positions: Sequence[Position], profit: Floats, meta: RunMeta, accumulators: Accumulators, basis: Basis
) -> Floats:
    """Return what a dollar in each position earns over the run, shape (n_position, n).

    Parameters
    ----------
    positions : sequence of Position
    profit : ndarray of float64, shape (n_hop, n)
        Discounted profit of each hop [bn USD].
    meta : RunMeta
    accumulators : mapping of str to ndarray
        Of the same run.
    basis : {"price", "fair", "revenue"}
        What a dollar buys: a part of the position at its price; at the price that makes a dollar earn
        a dollar on average; a dollar of today's yearly revenue.

    Raises
    ------
    UsageError
        If a position lacks a price, or loses on average and so has no fair one.
    """
    exposures = _exposures(positions, meta)
    rows = [meta.series.index(f"revenue.{hop}") for hop in meta.hops]
    revenue = accumulators["total"][:, 0, rows].sum(axis=0) / accumulators["count"].sum()
    found = exposures @ profit
    for row, exposure, position in zip(found, exposures, positions, strict=True):
        if basis == "fair":
            cost = float(row.mean())
            if not cost > 0.0:
                raise UsageError(
                    f"{position.name} loses money on average, so that it has no fair price. Leave it out "
                    "(--choice), or take --per revenue."
                )
        elif basis == "price":
            if position.price is None or not position.revenue:
                raise UsageError(
                    f"{position.name} has no price and revenue in [portfolio.position]. Give it both, or "
                    "take --per fair or --per revenue."
                )
            cost = float(exposure @ revenue) * position.price / position.revenue
        else:
            cost = float(exposure @ revenue)
        if not cost > 0.0:
            raise UsageError(
                f"{position.name} has no revenue today, so a dollar buys none of it. Leave it out."
            )
        row /= cost
    return np.asarray(found)


def _exposures(positions: Sequence[Position], meta: RunMeta) -> Floats:
    for position in positions:
        missing = sorted(set(position.exposure) - set(meta.hops))
        if missing:
            raise UsageError(f"the run has no hop {', '.join(missing)}, to which {position.name} is exposed.")
    return np.array([[position.exposure.get(hop, 0.0) for hop in meta.hops] for position in positions])
