"""Prices, upstream to downstream: CES unit costs with markups (docs/model.md, section 4)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels._jit import merged, rowwise
from sandwich_sim.kernels.bits import select
from sandwich_sim.kernels.inputs import ModelInputs
from sandwich_sim.kernels.rows import (
    BLEND,
    COMPUTE_PRICE,
    COST,
    E_SHARE,
    E_WEIGHT,
    EN,
    HW,
    INVERSE_ONE_MINUS_SIGMA,
    INVERSE_OPEN_RETURN,
    LINE,
    LOG_BLEND_START,
    LOG_EDGE,
    LOG_FLOOR,
    LOG_PREMIUM,
    LOG_PREMIUM_START,
    LOG_PRICE,
    N_PER_HOP,
    ONE_MINUS_SIGMA,
    OPEN_COST,
    OWN_SHARE,
    OWN_WEIGHT,
    PREMIUM,
    PRICE,
    SCRATCH,
    SW,
    L,
    X,
)
from sandwich_sim.kernels.vmath import exp, exp_minus_one, log


@merged
def price_step(
    inputs: ModelInputs,
    hop: NDArray[np.float64],
    edge: NDArray[np.float64],
    chain: NDArray[np.float64],
    record: NDArray[np.float64],
) -> None:
    """Set every hop's log price index and cost weights, and the lab's token prices."""
    n_hop = inputs.n_hop
    for h in range(n_hop - 1, -1, -1):
        if h == inputs.lab:
            token_prices(n_hop, inputs.compute, h, hop, chain, record)
        else:
            hop_price(inputs, h, hop, edge, chain)


@rowwise
def hop_price(
    inputs: ModelInputs,
    h: int,
    hop: NDArray[np.float64],
    edge: NDArray[np.float64],
    chain: NDArray[np.float64],
) -> None:
    """ln X = ln(mu / mu(0)) + ln c - D, with c the CES unit cost and w its cost shares.

    Notes
    -----
    Where sigma is within 1e-9 of 1 the rows hold 1 - sigma = 0, so that all weights are the
    shares, and ln c is the Cobb-Douglas sum instead of the CES power mean. The sum is kept less
    1, since the logarithm over 1 - sigma would blow up its rounding where sigma is near 1.
    """
    first, last = inputs.edge_start[h], inputs.edge_start[h + 1]
    price, own = hop[LOG_PRICE, h], hop[OWN_WEIGHT, h]
    now, start = hop[LOG_PREMIUM, h], hop[LOG_PREMIUM_START, h]
    width = price.size
    for j in range(width):
        price[j] = now[j] - start[j]
    if inputs.is_hardware[h] == 1:
        hardware = chain[HW]
        for j in range(width):
            price[j] -= hardware[j]
    if inputs.is_energy[h] == 1:
        energy = chain[EN]
        for j in range(width):
            price[j] += energy[j]
    if inputs.cobb_douglas[h] == 1:
        for e in range(first, last):
            share, weight = edge[E_SHARE, e], edge[E_WEIGHT, e]
            supplier = hop[LOG_PRICE, inputs.edge_supplier[e]]
            for j in range(width):
                weight[j] = share[j]
                price[j] += share[j] * supplier[j]
    elif last > first:
        exponent, inverse = hop[ONE_MINUS_SIGMA, h], hop[INVERSE_ONE_MINUS_SIGMA, h]
        own_share, mean = hop[OWN_SHARE, h], chain[SCRATCH]
        for j in range(width):
            own[j] = 0.0
            mean[j] = 0.0
        for e in range(first, last):
            share, weight = edge[E_SHARE, e], edge[E_WEIGHT, e]
            supplier = hop[LOG_PRICE, inputs.edge_supplier[e]]
            for j in range(width):
                rise = share[j] * exp_minus_one(exponent[j] * supplier[j])
                weight[j] = share[j] + rise
                own[j] += rise
                mean[j] += share[j] * supplier[j]
        for j in range(width):
            rise = own[j]
            power = 1.0 + rise
            inverse_power = 1.0 / power
            # log(1 + rise), with what rounding 1 + rise left out
            log_power = log(power) + (rise - (power - 1.0)) * inverse_power
            price[j] += select(exponent[j] == 0.0, mean[j], log_power * inverse[j])
            mean[j] = inverse_power
            own[j] = own_share[j] * inverse_power
        for e in range(first, last):
            weight = edge[E_WEIGHT, e]
            for j in range(width):
                weight[j] *= mean[j]


@rowwise
def token_prices(
    n_hop: int,
    compute: int,
    lab: int,
    hop: NDArray[np.float64],
    chain: NDArray[np.float64],
    record: NDArray[np.float64],
) -> None:
    """Floor, line, price, cost and blend of a token; the lab's price index is the blend's."""
    first = N_PER_HOP * n_hop
    compute_log_price, software = hop[LOG_PRICE, compute], chain[SW]
    compute_price = record[first + COMPUTE_PRICE]
    log_floor, open_cost, inverse_return = chain[LOG_FLOOR], chain[OPEN_COST], chain[INVERSE_OPEN_RETURN]
    log_line, log_edge, line, cost = chain[L], chain[LOG_EDGE], record[first + LINE], record[first + COST]
    for j in range(software.size):
        log_floor[j] = compute_log_price[j] - software[j]
        open_cost[j] = exp(log_floor[j]) * inverse_return[j]
    for j in range(software.size):
        cost[j] = exp(log_edge[j]) * open_cost[j]
    for j in range(software.size):
        compute_price[j] = exp(compute_log_price[j])
    for j in range(software.size):
        line[j] = exp(log_line[j])
    premium, share = record[PREMIUM * n_hop + lab], chain[X]
    price, blend, index = record[first + PRICE], chain[BLEND], hop[LOG_PRICE, lab]
    blend_start = chain[LOG_BLEND_START]
    for j in range(software.size):
        closed_price = line[j] * (1.0 + premium[j])
        average = share[j] * closed_price + (1.0 - share[j]) * line[j]
        price[j] = closed_price
        blend[j] = average
        index[j] = log(average) - blend_start[j]
