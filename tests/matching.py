"""How close the kernel must come to its twin: a scale for every series, one tolerance for all.

Money is measured by the gross flow (the sum of revenues) of its record. Ratios of money get
the same, divided by what they are a ratio to: a margin of a hop that hardly sells anything
carries the rounding of the whole chain. Indices are measured by themselves, all other numbers
by ``1 + abs(x)``, the walked dollar by all that the hops keep or lose of it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reference_chain import Array, Chain
from reference_step import SMALLEST

MONEY = ("revenue", "profit", "other")
MONEY += ("spend", "capex", "depreciation", "financing", "training", "training_amortised")
INDICES = ("price", "line", "cost", "tokens", "list_price_ratio", "compute_price")


def scales(chain: Chain, series: Mapping[str, Array]) -> dict[str, Array]:
    """Return what the difference of each series is measured by, shaped to divide it."""
    gross = series["revenue"].sum(axis=1)
    per_hop = gross[:, np.newaxis]
    revenue = np.maximum(series["revenue"], SMALLEST)
    lab = revenue[:, chain.hops.index(chain.lab)]
    total_profit = np.abs(series["profit"].sum(axis=1))
    walked = np.abs(series["dollar_profit"]).sum(axis=1) + np.abs(series["dollar_other"]).sum(axis=1)
    found: dict[str, Array] = {}
    for name, values in series.items():
        money = per_hop if values.ndim == 3 else gross
        own = 1.0 + np.abs(np.nan_to_num(values))
        if name in MONEY:
            found[name] = money
        elif name in INDICES:
            found[name] = np.maximum(np.abs(values), SMALLEST)
        elif name in ("margin", "gross_margin"):
            found[name] = own * per_hop / revenue
        elif name == "all_in_margin":
            found[name] = own * gross / lab
        elif name == "profit_share":
            found[name] = own * (gross / np.maximum(total_profit, SMALLEST))[:, np.newaxis]
        elif name == "profit_capture":
            found[name] = own * (gross / series["spend"])[:, np.newaxis]
        elif name in ("dollar_profit", "dollar_other"):
            found[name] = (1.0 + walked)[:, np.newaxis]
        else:
            found[name] = own
    return found


def differences(chain: Chain, found: Mapping[str, Array], expected: Mapping[str, Array]) -> dict[str, float]:
    """Largest difference of each series of ``found`` from the expected one, over its scale.

    A profit share may be defined on one side alone where the summed profit is zero to rounding;
    elsewhere a value that only one side has counts as infinitely far.
    """
    expected = {name: expected[name] for name in found}
    scale = scales(chain, expected)
    gross, total = expected["revenue"].sum(axis=1), expected["profit"].sum(axis=1)
    on_the_edge = np.abs(total) < 1e-10 * gross
    worst = {}
    for name, values in found.items():
        both = np.isnan(values) & np.isnan(expected[name])
        apart = np.abs(values - expected[name]) / scale[name]
        apart = np.where(both, 0.0, np.where(np.isnan(apart), np.inf, apart))
        if name == "profit_share":
            apart = np.where(on_the_edge[:, np.newaxis], 0.0, apart)
        worst[name] = float(apart.max())
    return worst
