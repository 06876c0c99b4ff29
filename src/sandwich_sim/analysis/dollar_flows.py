"""Where the walked dollar goes from hop to hop, at each yearly record.

A run records what each hop keeps of the dollar and what it spends outside the chain, not who
paid whom. Where every hop has one buyer, as upstream of the cloud in the shipped chains, the
payments follow exactly: what arrives is what stays, there and further up. Where a hop has
several (tokens and compute are bought by users, apps and labs) the payments are those that
balance at every hop and lie closest to what revenues, margins and cost shares say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.assumptions import quantile_of
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.scenario.uncertain import Constant, SameAs

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]

USERS = ""
"""The source of the dollar, in an arc's place of a buyer."""
_SMALL = 1e-4
"""Least weight of an arc, so that one that seemed empty can carry something [USD]."""


@dataclass(frozen=True)
class DollarFlows:
    """The walked dollar at each yearly record, in cents: means over the trajectories.

    Attributes
    ----------
    labels : tuple of str
        The records: ``Jul 2031``.
    hops : tuple of str
        Downstream to upstream.
    arcs : tuple of (str, str)
        Buyer (`USERS` for end users) and supplier.
    paid : ndarray of float64, shape (n_year, n_arc)
        What moves along each arc [cent].
    profit, outside : ndarray of float64, shape (n_year, n_hop)
        What stays at each hop: profit (negative: investors pay in), cost outside the chain [cent].
    profit_interval : ndarray of float64, shape (3, n_year, n_hop), or None
        5, 50 and 95% of the former [cent].
    financing : ndarray of float64, shape (n_year,)
        The capital account: what investors add for equipment, purchases less depreciation, for
        100 cents that users pay; a ratio of means [cent].
    is_exact : tuple of bool
        By arc: whether its payment follows from the recorded numbers alone.
    """

    labels: tuple[str, ...]
    hops: tuple[str, ...]
    arcs: tuple[tuple[str, str], ...]
    paid: Floats
    profit: Floats
    outside: Floats
    profit_interval: Floats | None
    financing: Floats
    is_exact: tuple[bool, ...]

    def arriving(self, year: int) -> Floats:
        """What arrives at each hop, shape (n_hop,) [cent]."""
        amounts = np.zeros(len(self.hops))
        for (_, supplier), paid in zip(self.arcs, self.paid[year], strict=True):
            amounts[self.hops.index(supplier)] += paid
        return amounts


def dollar_flows(dataset: xr.Dataset, spec: ScenarioSpec) -> DollarFlows:
    """Follow the walked dollar of a run along its edges.

    Parameters
    ----------
    dataset : xarray.Dataset
        A run.
    spec : ScenarioSpec
        The scenario that was run.
    """
    every = slice(None, None, spec.steps_per_year)
    records = dataset.isel(time=every)
    means = {
        name: records[f"{name}_mean"].values.astype(np.float64)
        for name in (
            "dollar_profit",
            "dollar_other",
            "revenue",
            "other",
            "premium",
            "share",
            "financing",
            "spend",
        )
    }
    chain = _Chain(spec)
    found = [
        _solve(chain, {name: values[..., i] for name, values in means.items()}) for i in range(spec.years + 1)
    ]
    interval = None
    if "dollar_profit_quantile" in records:
        quantiles = records["dollar_profit_quantile"].sel(quantile=[0.05, 0.5, 0.95], method="nearest")
        interval = 100.0 * quantiles.transpose("quantile", "time", "hop").values.astype(np.float64)
    return DollarFlows(
        labels=tuple(f"{t.astype('datetime64[D]').item():%b %Y}" for t in records["time"].values),
        hops=chain.hops,
        arcs=chain.arcs,
        paid=100.0 * np.array(found),
        profit=100.0 * means["dollar_profit"].T,
        outside=100.0 * means["dollar_other"].T,
        profit_interval=interval,
        financing=100.0 * means["financing"] / means["spend"],
        is_exact=chain.is_exact,
    )


class _Chain:
    """Who can pay whom, and how a buyer is thought to divide what it passes on."""

    def __init__(self, spec: ScenarioSpec) -> None:
        self.spec = spec
        self.hops = spec.hop_names
        self.lab = next(hop.name for hop in spec.hops if hop.role == "lab")
        self.compute = next(hop.name for hop in spec.hops if hop.role == "compute")
        self.suppliers: dict[str, dict[str, float]] = {hop: {} for hop in self.hops}
        for edge in spec.edges:
            self.suppliers[edge.buyer][edge.supplier] = self._weight(edge.name, edge.kind)
        # Whatever buys tokens pays labs for closed and compute for open ones.
        buyers = [(USERS, hop) for hop in spec.demand]
        buyers += [(buyer, hop) for buyer in self.hops for hop in self.suppliers[buyer]]
        arcs = [*buyers, (self.lab, self.compute)]
        arcs += [(buyer, self.compute) for buyer, hop in buyers if hop == self.lab]
        self.arcs = tuple(dict.fromkeys(arcs))

    def _weight(self, name: str, kind: str) -> float:
        spec = self.spec
        share = median_of(spec, f"edge.{name}.share")
        if kind == "current":
            return share
        wear = 1.0 / median_of(spec, f"edge.{name}.life")
        return share * wear / (wear + median_of(spec, "compute_cost.capital_cost"))

    @cached_property
    def balance(self) -> Floats:
        """What arrives less what is passed on, shape (n_hop, n_arc)."""
        matrix = np.zeros((len(self.hops), len(self.arcs)))
        for column, (buyer, supplier) in enumerate(self.arcs):
            matrix[self.hops.index(supplier), column] += 1.0
            if buyer != USERS:
                matrix[self.hops.index(buyer), column] -= 1.0
        return matrix

    @cached_property
    def is_exact(self) -> tuple[bool, ...]:
        """Whether the balances alone determine each arc."""
        free = np.eye(len(self.arcs)) - np.linalg.pinv(self.balance) @ self.balance
        return tuple(bool(np.abs(row).max() < 1e-9) for row in free)


def median_of(spec: ScenarioSpec, name: str) -> float:
    """Return the value of a constant of a scenario, the median of what is drawn."""
    return input_quantile(spec, name, 0.5)


def input_quantile(spec: ScenarioSpec, name: str, level: float) -> float:
    """Return a quantile of an input of a scenario; of a constant, its value."""
    number = spec.parameters[name]
    if isinstance(number, SameAs):
        return input_quantile(spec, number.name, level)
    if isinstance(number, Constant):
        return number.value
    return quantile_of(number, level)


def _solve(chain: _Chain, means: Mapping[str, Floats]) -> Floats:
    """Payments that balance, closest to the guess by weighted least squares, none below zero."""
    stays = means["dollar_profit"] + means["dollar_other"]
    guess = _guess(chain, means, stays)
    weight = guess + _SMALL
    free = np.ones(guess.size, dtype=bool)
    paid = guess
    for _ in range(guess.size):
        matrix = chain.balance * (weight * free)
        start = np.where(free, guess, 0.0)
        gap = stays - chain.balance @ start
        paid = start + weight * free * (chain.balance.T @ (np.linalg.pinv(matrix @ chain.balance.T) @ gap))
        if not (paid < -1e-9).any():
            break
        free &= paid >= -1e-9
    return np.maximum(paid, 0.0)


def _guess(chain: _Chain, means: Mapping[str, Floats], stays: Floats) -> Floats:
    """Payments as revenues, outside costs and cost shares suggest them [USD]."""
    with np.errstate(divide="ignore", invalid="ignore"):
        arrives = np.nan_to_num(
            means["dollar_other"] * means["revenue"] / means["other"], posinf=0.0, neginf=0.0
        )
    through = dict(zip(chain.hops, np.maximum(arrives, 0.0), strict=True))
    kept = dict(zip(chain.hops, stays, strict=True))
    closed = _closed_part(chain, means)
    paid: dict[tuple[str, str], float] = dict.fromkeys(chain.arcs, 0.0)
    for buyer in chain.hops:
        passes = max(through[buyer] - kept[buyer], 0.0)
        weights = chain.suppliers[buyer]
        if buyer == chain.lab:
            paid[buyer, chain.compute] += passes
        for supplier, weight in weights.items():
            _buy(paid, chain, buyer, supplier, passes * weight / sum(weights.values()), closed)
    for hop in sorted(chain.spec.demand, key=chain.hops.index):
        bought = sum(amount for (_, supplier), amount in paid.items() if supplier == hop)
        wanted = max(through[hop] - bought, 0.0)
        _buy(paid, chain, USERS, hop, wanted / closed if hop == chain.lab else wanted, closed)
    return np.array([paid[arc] for arc in chain.arcs])


def _buy(
    paid: dict[tuple[str, str], float], chain: _Chain, buyer: str, hop: str, amount: float, closed: float
) -> None:
    if hop != chain.lab:
        paid[buyer, hop] += amount
        return
    paid[buyer, chain.lab] += amount * closed
    paid[buyer, chain.compute] += amount * (1.0 - closed)


def _closed_part(chain: _Chain, means: Mapping[str, Floats]) -> float:
    """Part of the money spent on tokens that goes to labs."""
    share = float(means["share"])
    price = 1.0 + float(means["premium"][chain.hops.index(chain.lab)])
    return max(share * price / (share * price + 1.0 - share), 1e-6)
