"""Where the positions of a book sit on the revenue map and the profit map, and how sure that is.

A position is a set of exposures to hops; the book adds its positions up by weight. Both are
measured against the whole chain: share of its revenue against share of its profit. Everything
is read from a run folder; docs/report.md explains each number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.grouped import (
    estimate_mean_of,
    estimate_quantiles_of,
    estimate_share_of,
    estimate_shortfall_of,
)
from sandwich_sim.analysis.portfolio_parts import Contribution, Driver, contributions, drivers
from sandwich_sim.analysis.trajectories import Trajectories
from sandwich_sim.errors import UsageError
from sandwich_sim.results.aggregate import Accumulators
from sandwich_sim.results.meta import N_SCRAMBLE, RunMeta
from sandwich_sim.results.summary import Estimate
from sandwich_sim.scenario.spec import Position
from sandwich_sim.variables import QUANTILES

Floats = NDArray[np.float64]

BOOK = "book"
TAILS = (0.05, 0.01)
"""Parts of the trajectories, the worst ones, over which a shortfall is averaged."""
ENDS = {"start": 0, "horizon": -1}
_NEEDS_OUTCOMES = "needs a run with --keep outcomes"


@dataclass(frozen=True)
class Spread:
    """Mean and quantiles of one number of each trajectory.

    Attributes
    ----------
    mean : Estimate
    quantiles : mapping of float to Estimate
        By level (0.05, 0.5, 0.95).
    """

    mean: Estimate
    quantiles: Mapping[float, Estimate]


@dataclass(frozen=True)
class Multiple:
    """What a price pays for, against what the trajectories earn.

    Attributes
    ----------
    paid : float
        Price over yearly revenue [yr].
    earned : Spread
        Discounted profit of the whole run for each dollar of today's yearly revenue [yr].
    probability : Estimate
        That the run earns at least the price.
    share_of_hops : float
        The position's revenue over that of its hops today [1].
    """

    paid: float
    earned: Spread
    probability: Estimate
    share_of_hops: float


@dataclass(frozen=True)
class Place:
    """Where one position, or the book, sits.

    Attributes
    ----------
    name : str
    weight : float
        Of the position in the book; 1 for the book.
    exposure : mapping of str to float
        By hop; that of the book is the weighted sum.
    revenue_share, profit_share : mapping of str to Estimate
        ``start`` and ``horizon``: share of expected revenue and of expected profit, a ratio of
        means over the trajectories [1].
    discounted_revenue_share, discounted_profit_share : Spread or None
        Shares over the whole run, discounted, by trajectory [1].
    advantage : Spread or None
        The second less the first [1].
    beats : Estimate or None
        Probability that its profit share is above its revenue share.
    profit : Spread or None
        Discounted profit over the run [bn USD].
    multiple : Multiple or None
        Where the position has a price.
    """

    name: str
    weight: float
    exposure: Mapping[str, float]
    revenue_share: Mapping[str, Estimate]
    profit_share: Mapping[str, Estimate]
    discounted_revenue_share: Spread | None = None
    discounted_profit_share: Spread | None = None
    advantage: Spread | None = None
    beats: Estimate | None = None
    profit: Spread | None = None
    multiple: Multiple | None = None


@dataclass(frozen=True)
class Portfolio:
    """A book, its positions, its tail and what moves it.

    Attributes
    ----------
    book : Place
    positions : tuple of Place
    n : int
        Trajectories behind the numbers that need them; 0 where the run kept none.
    undefined : float
        Part of them in which the chain earns no profit, so that there is no share of it.
    shortfall : mapping of float to Estimate
        Mean discounted profit of the book in the worst 5% and 1% of its trajectories [bn USD].
    by_hop : tuple of Contribution
    effective_hops : Estimate or None
        One over the sum of squared parts of the book's profit: 1 if one hop is all of it.
    by_driver : tuple of Driver
        The uncertain inputs that move the book most, the strongest first.
    n_driver : int
        Trajectories behind the drivers.
    missing : str
        Why there is no more than the maps; empty if there is.
    """

    book: Place
    positions: tuple[Place, ...]
    n: int = 0
    undefined: float = 0.0
    shortfall: Mapping[float, Estimate] | None = None
    by_hop: tuple[Contribution, ...] = ()
    effective_hops: Estimate | None = None
    by_driver: tuple[Driver, ...] = ()
    n_driver: int = 0
    missing: str = ""


@dataclass(frozen=True)
class _Money:
    """Discounted profit and revenue by hop, shape (n_hop, n), and what the chain has in all."""

    profit: Floats
    revenue: Floats

    @property
    def profitable(self) -> NDArray[np.bool_]:
        return np.asarray(self.profit.sum(axis=0) > 0.0)


def analyze_portfolio(
    positions: Sequence[Position], accumulators: Accumulators, trajectories: Trajectories
) -> Portfolio:
    """Place the positions of a book on the maps of a run.

    Parameters
    ----------
    positions : sequence of Position
        Of the scenario that was run, or any other whose hops the run has.
    accumulators : mapping of str to ndarray
        What `read_accumulators` returns of the run.
    trajectories : Trajectories
        Of the same run; may be empty.

    Raises
    ------
    UsageError
        If there is no position, or one is exposed to a hop that the run lacks.
    """
    meta = trajectories.meta
    if not positions:
        raise UsageError("the scenario has no positions. Add [portfolio.position.NAME] tables to it.")
    _check_hops(positions, meta)
    weights = [position.weight for position in positions]
    exposures = np.array([[position.exposure.get(hop, 0.0) for hop in meta.hops] for position in positions])
    book = np.asarray(weights) @ exposures
    ends = {end: _Ends(accumulators, meta, record) for end, record in ENDS.items()}
    rows = [(BOOK, 1.0, book), *zip([p.name for p in positions], weights, exposures, strict=True)]
    places = [_place(name, weight, exposure, ends, meta) for name, weight, exposure in rows]
    if not trajectories.n:
        return Portfolio(places[0], tuple(places[1:]), missing=_NEEDS_OUTCOMES)
    money = _Money(
        trajectories.whole("discounted_profit").astype(np.float64),
        trajectories.whole("discounted_revenue").astype(np.float64),
    )
    own = [None, *positions]
    whole = [
        _with_outcomes(place, exposure, money, ends["start"], position)
        for place, (_, _, exposure), position in zip(places, rows, own, strict=True)
    ]
    profit = book @ money.profit
    by_hop, effective = contributions(meta, book, money.profit)
    found, n_driver = drivers(trajectories, profit)
    return Portfolio(
        book=whole[0],
        positions=tuple(whole[1:]),
        n=trajectories.n,
        undefined=float(1.0 - money.profitable.mean()),
        shortfall={part: estimate_shortfall_of(profit, part) for part in TAILS},
        by_hop=by_hop,
        effective_hops=effective,
        by_driver=found,
        n_driver=n_driver,
    )


def _check_hops(positions: Sequence[Position], meta: RunMeta) -> None:
    unknown = sorted({hop for position in positions for hop in position.exposure} - set(meta.hops))
    if unknown:
        raise UsageError(
            f"the run has no hop {', '.join(unknown)}, to which a position is exposed. "
            f"It has {', '.join(meta.hops)}."
        )


class _Ends:
    """Sums of revenue and profit by scramble and hop at one record, for ratios of means."""

    def __init__(self, accumulators: Accumulators, meta: RunMeta, record: int) -> None:
        total = accumulators["total"][:, record]
        self._sums = {
            name: total[:, [meta.series.index(f"{name}.{hop}") for hop in meta.hops]]
            for name in ("revenue", "profit")
        }
        self._n = float(accumulators["count"].sum())

    def share(self, name: str, exposure: Floats) -> Estimate:
        """Share of an exposure in the chain's expected revenue or profit."""
        sums = self._sums[name]
        whole = sums.sum()
        if not whole > 0.0:
            return Estimate(np.nan, np.nan, f"not estimable: the chain has no expected {name}")
        value = float(sums.sum(axis=0) @ exposure / whole)
        # The ratio of each group may be undefined where that of all is not: its linear part is not.
        residual = sums @ exposure - value * sums.sum(axis=1)
        error = residual.std(ddof=1) * sqrt(N_SCRAMBLE) / whole
        return Estimate(value, float(error))

    def revenue(self, exposure: Floats) -> float:
        """Mean yearly revenue of an exposure [bn USD/yr]."""
        return float(self._sums["revenue"].sum(axis=0) @ exposure) / self._n


def _place(name: str, weight: float, exposure: Floats, ends: Mapping[str, _Ends], meta: RunMeta) -> Place:
    return Place(
        name=name,
        weight=weight,
        exposure={hop: float(e) for hop, e in zip(meta.hops, exposure, strict=True) if e},
        revenue_share={end: sums.share("revenue", exposure) for end, sums in ends.items()},
        profit_share={end: sums.share("profit", exposure) for end, sums in ends.items()},
    )


def _with_outcomes(
    place: Place, exposure: Floats, money: _Money, start: _Ends, position: Position | None
) -> Place:
    """Add what only trajectories tell."""
    profit = exposure @ money.profit
    profitable = money.profitable
    with np.errstate(divide="ignore", invalid="ignore"):
        profit_share = np.where(profitable, profit / money.profit.sum(axis=0), np.nan)
        revenue_share = exposure @ money.revenue / money.revenue.sum(axis=0)
    multiple = None
    if position is not None and position.price is not None and position.revenue:
        multiple = _multiple(position.price, position.revenue, profit, start.revenue(exposure))
    return replace(
        place,
        discounted_revenue_share=_spread(revenue_share),
        discounted_profit_share=_spread(profit_share),
        advantage=_spread(profit_share - revenue_share),
        beats=estimate_share_of(profit_share > revenue_share, profitable),
        profit=_spread(profit),
        multiple=multiple,
    )


def _multiple(price: float, revenue: float, profit: Floats, hops_revenue: float) -> Multiple | None:
    if not hops_revenue > 0.0:
        return None
    earned = profit / hops_revenue
    paid = price / revenue
    return Multiple(paid, _spread(earned), estimate_share_of(earned >= paid), revenue / hops_revenue)


def _spread(values: Floats) -> Spread:
    return Spread(estimate_mean_of(values), estimate_quantiles_of(values, QUANTILES))
