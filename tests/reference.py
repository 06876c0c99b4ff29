"""The model in plain NumPy, written to be read beside docs/model.md: the twin of the kernels.

Section numbers are those of that page: 1 and 2 are in ``reference_chain.py``, 3 to 8 in
``reference_step.py``, 9 in ``reference_advance.py``, the events of 10 in
``reference_events.py``. One call follows ``n`` trajectories at once. Drawn parameters and
shocks come in as arrays, so the twin holds no randomness. It shares no code with the kernels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from reference_advance import advance
from reference_chain import Array, Chain
from reference_step import SMALLEST, Twin

PER_HOP = (
    "revenue",
    "profit",
    "other",
    "margin",
    "gross_margin",
    "premium",
    "scarcity",
    "monopoly",
    "pricing_power",
    "tightness",
    "revenue_share",
    "profit_share",
    "profit_capture",
    "dollar_profit",
    "dollar_other",
)
PER_STEP = (
    "gap",
    "price",
    "line",
    "cost",
    "margin_engineering",
    "margin_return",
    "margin_slack",
    "margin_umbrella",
    "inference_margin",
    "all_in_margin",
    "share",
    "tokens",
    "list_price_ratio",
    "open_share_listed",
    "spend",
    "capex",
    "depreciation",
    "financing",
    "training",
    "training_amortised",
    "compute_price",
    "identity_dollars",
    "identity_walk",
)


def record(twin: Twin, series: dict[str, Array]) -> None:
    s, now, step, hops = twin.s, twin.now, twin.step, twin.chain.hops
    total_profit = sum(now.profit.values())
    shared = np.where(total_profit > 0.0, total_profit, np.nan)
    for place, hop in enumerate(hops):
        revenue = np.maximum(now.revenue[hop], SMALLEST)
        row = {
            "revenue": now.revenue[hop],
            "profit": now.profit[hop],
            "other": now.other[hop],
            "margin": now.profit[hop] / revenue,
            "gross_margin": (now.profit[hop] + s.fixed[hop]) / revenue,
            "premium": now.premium[hop],
            "scarcity": now.scarcity[hop],
            "monopoly": now.monopoly[hop],
            "pricing_power": now.pricing_power[hop],
            "tightness": s.tightness[hop],
            "revenue_share": now.revenue[hop] / now.gross_flow,
            "profit_share": now.profit[hop] / shared,
            "profit_capture": now.profit[hop] / now.total_spend,
            "dollar_profit": now.dollar_profit[hop],
            "dollar_other": now.dollar_other[hop],
        }
        for name, values in row.items():
            series[name][step, place] = values
    for name, values in chain_values(twin).items():
        series[name][step] = values


def chain_values(twin: Twin) -> dict[str, Array]:
    p, s, now, lab = twin.p, twin.s, twin.now, twin.chain.lab
    size = p["open_source.closed_size"]
    revenue = np.maximum(now.revenue[lab], SMALLEST)
    return {
        "gap": s.gap,
        "price": now.price,
        "line": now.line,
        "cost": now.cost,
        "margin_engineering": -s.ln_edge,
        "margin_return": np.log1p(p["token_price.open_return"]),
        "margin_slack": s.ln_line - np.log(now.floor),
        "margin_umbrella": np.log1p(now.premium[lab]),
        "inference_margin": 1.0 - now.cost / now.price,
        "all_in_margin": (now.revenue[lab] - now.inference - s.amortised) / revenue,
        "share": now.share,
        "tokens": now.tokens,
        "list_price_ratio": size * now.price / now.line,
        "open_share_listed": (1.0 - now.share) / (1.0 - now.share + now.share / size),
        "spend": now.total_spend,
        "capex": now.capex,
        "depreciation": now.total_depreciation,
        "financing": now.financing,
        "training": now.training,
        "training_amortised": s.amortised,
        "compute_price": now.index[twin.chain.compute],
        "identity_dollars": now.identity_dollars,
        "identity_walk": now.identity_walk,
    }


def simulate(chain: Chain, parameters: Mapping[str, Any], shocks: Mapping[str, Array]) -> dict[str, Array]:
    """Follow every trajectory through all steps.

    Parameters
    ----------
    chain : Chain
    parameters : mapping of str to float or ndarray of float64, shape (n,)
        Every number of the model by dotted name, optional ones filled in (except
        ``edge.*.expected_growth``, whose absence has a meaning); levels as drawn.
    shocks : mapping of str to ndarray, shape (n_step, n)
        Standard normals, and Poisson counts for ``shock.leap`` and ``shock.release``.

    Returns
    -------
    dict of str to ndarray of float64
        Series of a hop, shape (n_record, n_hop, n); of the chain, (n_record, n), among them
        the residuals of both identities over the gross flow; and cumulative and discounted
        profit and revenue, (n_hop, n) [bn USD].
    """
    n = np.shape(shocks["shock.gap"])[1]
    n_record, n_hop = chain.n_step + 1, len(chain.hops)
    series = {name: np.empty((n_record, n_hop, n)) for name in PER_HOP}
    series |= {name: np.empty((n_record, n)) for name in PER_STEP}
    twin = Twin(chain, parameters, n)
    for step in range(n_record):
        twin.ruler()
        twin.prices()
        twin.final_demand()
        twin.flows()
        twin.profits()
        twin.dollar_walk()
        record(twin, series)
        if step < chain.n_step:
            advance(twin, shocks)
    return series | cumulated(chain, series, twin.p["compute_cost.capital_cost"])


def cumulated(chain: Chain, series: Mapping[str, Array], capital_cost: Array) -> dict[str, Array]:
    """Sum profit and revenue over the records 0 ... N - 1, plain and discounted, (n_hop, n)."""
    times = np.arange(chain.n_step) * chain.dt
    discount = np.exp(-capital_cost * times[:, np.newaxis])[:, np.newaxis, :]
    sums = {}
    for name in ("profit", "revenue"):
        values = series[name][: chain.n_step] * chain.dt
        sums[f"cumulative_{name}"] = values.sum(axis=0)
        sums[f"discounted_{name}"] = (values * discount).sum(axis=0)
    return sums
