"""Outputs that follow from the flows: shares, the lab's margins, and the two identities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels._jit import rowwise
from sandwich_sim.kernels.bits import select
from sandwich_sim.kernels.flows import ARRIVED, OTHER_SUM, PROFIT_SUM, REVENUE_SUM, WALKED
from sandwich_sim.kernels.rows import (
    BAD_DOLLARS,
    BAD_WALK,
    CAPEX,
    CLOSED_SIZE,
    COST,
    DEPRECIATION,
    FINANCING,
    GAP,
    INFERENCE_MARGIN,
    INVERSE_SPEND,
    LINE,
    LIST_PRICE_RATIO,
    LOG_EDGE,
    LOG_FLOOR,
    LOG_OPEN_RETURN,
    LOG_PREMIUM,
    MARGIN_ENGINEERING,
    MARGIN_RETURN,
    MARGIN_SLACK,
    MARGIN_UMBRELLA,
    N_PER_HOP,
    OPEN_SHARE_LISTED,
    PRICE,
    PROFIT,
    PROFIT_CAPTURE,
    PROFIT_SHARE,
    REVENUE,
    REVENUE_SHARE,
    SHARE,
    SPEND_SUM,
    G,
    L,
    X,
)

TOLERANCE = 1e-12
"""An identity is broken where its residual exceeds this part of the gross flow."""


@rowwise
def share_step(
    n_hop: int,
    chain: NDArray[np.float64],
    record: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:
    """Write revenue and profit shares and profit capture; check both identities.

    Parameters
    ----------
    sums : ndarray of float64, shape (5, width)
        Sums over hops, from `flow_step`; overwritten.

    Notes
    -----
    (i) final spend + financing = sum of (profit + other); (ii) the walked dollar is all
    accounted for. ``chain[BAD_DOLLARS]`` and ``chain[BAD_WALK]`` become 1 where one is broken
    (also by NaN: the comparison is written so that NaN fails it).
    """
    first = N_PER_HOP * n_hop
    revenue_sum, profit_sum, other_sum = sums[REVENUE_SUM], sums[PROFIT_SUM], sums[OTHER_SUM]
    walked, arrived = sums[WALKED], sums[ARRIVED]
    spend, capex, depreciation = chain[SPEND_SUM], record[first + CAPEX], record[first + DEPRECIATION]
    financing, bad_dollars, bad_walk = record[first + FINANCING], chain[BAD_DOLLARS], chain[BAD_WALK]
    inverse = chain[INVERSE_SPEND]
    for j in range(spend.size):
        financing[j] = capex[j] - depreciation[j]
        residual = abs(spend[j] + financing[j] - (profit_sum[j] + other_sum[j]))
        gross = revenue_sum[j]
        bad_dollars[j] = select(residual <= TOLERANCE * gross, bad_dollars[j], 1.0)
        bad_walk[j] = select(abs(walked[j] - 1.0) <= TOLERANCE * max(1.0, arrived[j]), bad_walk[j], 1.0)
        revenue_sum[j] = 1.0 / gross
        profit_sum[j] = select(profit_sum[j] > 0.0, 1.0 / profit_sum[j], np.nan)
    for h in range(n_hop):
        revenue, profit = record[REVENUE * n_hop + h], record[PROFIT * n_hop + h]
        revenue_share, profit_share = record[REVENUE_SHARE * n_hop + h], record[PROFIT_SHARE * n_hop + h]
        capture = record[PROFIT_CAPTURE * n_hop + h]
        for j in range(inverse.size):
            revenue_share[j] = revenue[j] * revenue_sum[j]
            profit_share[j] = profit[j] * profit_sum[j]
            capture[j] = profit[j] * inverse[j]


@rowwise
def token_margin_step(
    n_hop: int, lab: int, hop: NDArray[np.float64], chain: NDArray[np.float64], record: NDArray[np.float64]
) -> None:
    """Write the gap, the closed share, the inference margin and its exact split (section 4)."""
    first = N_PER_HOP * n_hop
    gap, share, line, log_edge = chain[G], chain[X], chain[L], chain[LOG_EDGE]
    log_floor, log_return, umbrella = chain[LOG_FLOOR], chain[LOG_OPEN_RETURN], hop[LOG_PREMIUM, lab]
    cost, price, line_now, size = (
        record[first + COST],
        record[first + PRICE],
        record[first + LINE],
        chain[CLOSED_SIZE],
    )
    gap_out, share_out = record[first + GAP], record[first + SHARE]
    for j in range(gap.size):
        gap_out[j] = gap[j]
        share_out[j] = share[j]
    engineering, normal = record[first + MARGIN_ENGINEERING], record[first + MARGIN_RETURN]
    slack, carried = record[first + MARGIN_SLACK], record[first + MARGIN_UMBRELLA]
    for j in range(gap.size):
        engineering[j] = -log_edge[j]
        normal[j] = log_return[j]
        slack[j] = line[j] - log_floor[j]
        carried[j] = umbrella[j]
    inference, ratio = record[first + INFERENCE_MARGIN], record[first + LIST_PRICE_RATIO]
    listed = record[first + OPEN_SHARE_LISTED]
    for j in range(gap.size):
        inference[j] = 1.0 - cost[j] / price[j]
        ratio[j] = size[j] * price[j] / line_now[j]
        listed[j] = (1.0 - share[j]) * size[j] / ((1.0 - share[j]) * size[j] + share[j])
