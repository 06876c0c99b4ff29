"""Final demand, downstream (docs/model.md, section 5)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels._jit import rowwise
from sandwich_sim.kernels.rows import (
    D_EXTRA,
    D_FADE,
    D_GROWTH_SUM,
    D_LONG,
    D_ONE_MINUS_ELASTICITY,
    D_RATE,
    D_SPEND,
    D_SPEND_START,
    DECLARED,
    DEM,
    INVERSE_SPEND,
    LOG_PRICE,
    N_PER_HOP,
    SPEND,
    SPEND_SUM,
)
from sandwich_sim.kernels.vectors import fill
from sandwich_sim.kernels.vmath import exp


@rowwise
def demand_step(
    n_hop: int,
    demand_hop: NDArray[np.int64],
    hop: NDArray[np.float64],
    demand: NDArray[np.float64],
    chain: NDArray[np.float64],
    record: NDArray[np.float64],
) -> None:
    """Evaluate what end users spend on each hop, and the growth that everyone knows of.

    ``chain[DECLARED]`` is the spend-weighted mean of growth_k(t), without room.
    """
    total, declared, common = chain[SPEND_SUM], chain[DECLARED], chain[DEM]
    width = total.size
    fill(total, 0.0)
    fill(declared, 0.0)
    for k in range(demand_hop.size):
        start, growth_sum, elastic = (
            demand[D_SPEND_START, k],
            demand[D_GROWTH_SUM, k],
            demand[D_ONE_MINUS_ELASTICITY, k],
        )
        long_run, extra, fade = demand[D_LONG, k], demand[D_EXTRA, k], demand[D_FADE, k]
        rate, spend, price = demand[D_RATE, k], demand[D_SPEND, k], hop[LOG_PRICE, demand_hop[k]]
        for j in range(width):
            value = start[j] * exp(growth_sum[j] + common[j] + elastic[j] * price[j])
            known = long_run[j] + extra[j] * fade[j]
            spend[j] = value
            rate[j] = known
            total[j] += value
            declared[j] += value * known
    shown, inverse = record[N_PER_HOP * n_hop + SPEND], chain[INVERSE_SPEND]
    for j in range(width):
        per_spend = 1.0 / total[j]
        shown[j] = total[j]
        inverse[j] = per_spend
        declared[j] *= per_spend
