"""A block begins: parameters become the constants and first states of its trajectories."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels._jit import inlined, rowwise
from sandwich_sim.kernels.inputs import ModelInputs, Work
from sandwich_sim.kernels.rows import (
    AMORTISED,
    BAD_DOLLARS,
    BAD_WALK,
    BETA,
    CAP,
    CAPITAL_COST,
    CEILING,
    CEILING_GROWTH,
    CEILING_NOW,
    CEILING_STEP,
    CLOSED_SHARE,
    COST_EDGE,
    COST_EDGE_LONG,
    D_EXTRA,
    D_FADE,
    D_FADE_STEP,
    D_GROWTH_SUM,
    D_LONG,
    D_ONE_MINUS_ELASTICITY,
    D_SPEND_START,
    DEM,
    DEMAND_KEYS,
    DISCOUNT,
    DISCOUNT_STEP,
    E_BOOK,
    E_GAP_RATE,
    E_LEARNING,
    E_LIFE_RATE,
    E_SHARE,
    E_STOCK,
    E_SURPRISE,
    E_USER_COST,
    EDGE_KEYS,
    EN,
    ETA,
    EXPANSION_LIMIT,
    EXPANSION_RATE,
    FIXED,
    FIXED_RATE,
    FUNDING_DECAY,
    FUNDING_FADE,
    FUNDING_FADE_STEP,
    GAP_START,
    GLUT,
    GROWTH_START,
    HARDWARE_DECLINE,
    HOP_KEYS,
    HW,
    INVERSE_GAP_START,
    INVERSE_ONE_MINUS_SIGMA,
    INVERSE_OPEN_RETURN,
    INVERSE_PASS_THROUGH_GAP,
    INVERSE_RETURN,
    INVERSE_SCARCITY_GAP,
    LN_PLAN,
    LOG_BLEND_START,
    LOG_EDGE,
    LOG_EDGE_LONG,
    LOG_KEPT,
    LOG_OPEN_RETURN,
    LOG_PREMIUM,
    LOG_PREMIUM_START,
    LONG_SCARCITY,
    N_CUMULATIVE,
    N_SINGLE,
    ONE_MINUS_SIGMA,
    OPEN_MARKUP,
    OPEN_RETURN,
    OWN_SHARE,
    OWN_WEIGHT,
    PASS_THROUGH_GAP,
    PREMIUM,
    PRICE_SPEED,
    PSI,
    RELEASE_SIZE,
    REVERSION,
    ROOM_SCALE,
    SCARCITY_GAP,
    SW,
    TIGHT,
    TREND,
    TREND_DECAY,
    TREND_FADE,
    TREND_FADE_STEP,
    TREND_MAX,
    TREND_MIN,
    TREND_SPEED,
    VOLATILITY,
    Z_SCARCITY,
    G,
    L,
    X,
)
from sandwich_sim.kernels.ruler import ruler_step
from sandwich_sim.kernels.vectors import copy, fill
from sandwich_sim.kernels.vmath import exp, log

_LEVEL_MIN, _LEVEL_MAX = 1e-6, 1.0 - 1e-6
_NORMAL_RETURN, _SUBSTITUTION, _CAP, _SCARCITY, _SCARCITY_LONG, _REVERSION, _VOLATILITY = 0, 1, 2, 3, 6, 9, 10
_TIGHTNESS, _BETA, _GLUT, _EXPANSION_LAG, _EXPANSION_LIMIT, _PRICE_LAG, _FIXED_COST = (
    11,
    12,
    13,
    14,
    15,
    16,
    17,
)
_N_HOP_KEYS, _N_EDGE_KEYS = len(HOP_KEYS), len(EDGE_KEYS)
_SPEND, _GROWTH, _GROWTH_LONG, _GROWTH_DECAY, _ELASTICITY = range(len(DEMAND_KEYS))
_SHARE, _LIFE, _LAG, _STOCK_RATIO, _EXPECTED = range(_N_EDGE_KEYS)


@inlined
def _logit(level: float) -> float:
    return log(level / (1.0 - level))


@rowwise
def fill_constants(inputs: ModelInputs, values: NDArray[np.float64]) -> None:
    """Write the slots that are the same on every trajectory; once for a thread's arrays."""
    for slot in range(inputs.constant.size):
        level = inputs.constant[slot]
        if inputs.clip[slot] == 1:
            level = min(max(level, _LEVEL_MIN), _LEVEL_MAX)
        values[slot] = level


@rowwise
def fill_drawn(inputs: ModelInputs, drawn: NDArray[np.float64], values: NDArray[np.float64]) -> None:
    """Write the slots that are drawn, from ``drawn[n_drawn, width]``."""
    for slot in range(inputs.draw_of.size):
        if inputs.draw_of[slot] >= 0:
            source, target = drawn[inputs.draw_of[slot]], values[slot]
            if inputs.clip[slot] == 1:
                for j in range(target.size):
                    target[j] = min(max(source[j], _LEVEL_MIN), _LEVEL_MAX)
            else:
                for j in range(target.size):
                    target[j] = source[j]


@rowwise
def begin_block(inputs: ModelInputs, work: Work) -> None:
    """Set constants and first states from ``work.values``."""
    hop, edge, demand, chain, record = work.hop, work.edge, work.demand, work.chain, work.record
    values = work.values
    for row in range(N_SINGLE):
        copy(values[row], chain[row])
    begin_demand(inputs, values, demand, chain)
    begin_chain(inputs.dt, chain)
    for h in range(inputs.n_hop):
        begin_hop(inputs, h, values, hop, chain)
    begin_edges(inputs, values, hop, edge, chain)
    for c in range(N_CUMULATIVE):
        for h in range(inputs.n_hop):
            fill(work.cumulative[c, h], 0.0)
    ruler_step(inputs.lab, inputs.n_hop, hop, chain, record)
    for h in range(inputs.n_hop):
        copy(hop[LOG_PREMIUM, h], hop[LOG_PREMIUM_START, h])
    share, line, start = chain[X], chain[L], chain[LOG_BLEND_START]
    premium = record[PREMIUM * inputs.n_hop + inputs.lab]
    for j in range(start.size):
        start[j] = line[j] + log(1.0 + share[j] * premium[j])


@rowwise
def begin_demand(
    inputs: ModelInputs, values: NDArray[np.float64], demand: NDArray[np.float64], chain: NDArray[np.float64]
) -> None:
    """Growth terms of each entry; g0 and the room that is left at the start."""
    n_demand = inputs.demand_hop.size
    first = N_SINGLE + _N_HOP_KEYS * inputs.n_hop + _N_EDGE_KEYS * inputs.edge_supplier.size
    growth_start, room_scale, ceiling = chain[GROWTH_START], chain[ROOM_SCALE], chain[CEILING]
    fill(growth_start, 0.0)
    fill(room_scale, 0.0)
    for k in range(n_demand):
        spend, growth = values[first + _SPEND * n_demand + k], values[first + _GROWTH * n_demand + k]
        long_run, decay = (
            values[first + _GROWTH_LONG * n_demand + k],
            values[first + _GROWTH_DECAY * n_demand + k],
        )
        elasticity = values[first + _ELASTICITY * n_demand + k]
        for j in range(spend.size):
            demand[D_SPEND_START, k, j] = spend[j]
            demand[D_LONG, k, j] = long_run[j]
            demand[D_EXTRA, k, j] = growth[j] - long_run[j]
            demand[D_FADE, k, j] = 1.0
            demand[D_FADE_STEP, k, j] = exp(-inputs.dt / decay[j])
            demand[D_ONE_MINUS_ELASTICITY, k, j] = 1.0 - elasticity[j]
            demand[D_GROWTH_SUM, k, j] = 0.0
            growth_start[j] += spend[j] * growth[j]
            room_scale[j] += spend[j]
    for j in range(growth_start.size):
        total = room_scale[j]
        growth_start[j] /= total
        room_scale[j] = 1.0 / max(1.0 - total / ceiling[j], 1e-3)


@rowwise
def begin_chain(dt: float, chain: NDArray[np.float64]) -> None:
    """First states of the single tables."""
    for row in (HW, SW, EN, DEM, ETA, LN_PLAN, AMORTISED, BAD_DOLLARS, BAD_WALK):
        fill(chain[row], 0.0)
    for row in (TREND_FADE, FUNDING_FADE, DISCOUNT):
        fill(chain[row], 1.0)
    for j in range(chain.shape[1]):
        chain[G, j] = chain[GAP_START, j]
        chain[INVERSE_GAP_START, j] = 1.0 / chain[GAP_START, j]
        chain[L, j] = log(chain[OPEN_MARKUP, j])
        chain[LOG_EDGE, j] = log(chain[COST_EDGE, j])
        chain[LOG_EDGE_LONG, j] = log(chain[COST_EDGE_LONG, j])
        chain[X, j] = chain[CLOSED_SHARE, j]
        chain[LOG_KEPT, j] = log(max(1.0 - chain[RELEASE_SIZE, j], 1e-300))
        chain[INVERSE_PASS_THROUGH_GAP, j] = 1.0 / chain[PASS_THROUGH_GAP, j]
        chain[INVERSE_SCARCITY_GAP, j] = 1.0 / chain[SCARCITY_GAP, j]
        chain[PSI, j] = chain[HARDWARE_DECLINE, j]
        chain[CEILING_NOW, j] = chain[CEILING, j]
        chain[INVERSE_OPEN_RETURN, j] = 1.0 / (1.0 + chain[OPEN_RETURN, j])
        chain[LOG_OPEN_RETURN, j] = log(1.0 + chain[OPEN_RETURN, j])
        chain[TREND_FADE_STEP, j] = exp(-dt / chain[TREND_DECAY, j])
        chain[FUNDING_FADE_STEP, j] = exp(-dt / chain[FUNDING_DECAY, j])
        chain[CEILING_STEP, j] = exp(dt * chain[CEILING_GROWTH, j])
        chain[DISCOUNT_STEP, j] = exp(-dt * chain[CAPITAL_COST, j])


@rowwise
def begin_hop(
    inputs: ModelInputs,
    h: int,
    values: NDArray[np.float64],
    hop: NDArray[np.float64],
    chain: NDArray[np.float64],
) -> None:
    """Constants and first states of one hop; what the lab does not take is zero there."""
    n_hop, dt = inputs.n_hop, inputs.dt
    first = N_SINGLE + h
    for f in range(3):
        level, level_long = (
            values[first + (_SCARCITY + f) * n_hop],
            values[first + (_SCARCITY_LONG + f) * n_hop],
        )
        z, z_long = hop[Z_SCARCITY + f, h], hop[LONG_SCARCITY + f, h]
        for j in range(z.size):
            z[j] = _logit(level[j])
            z_long[j] = _logit(level_long[j])
    for row, key in (
        (CAP, _CAP),
        (BETA, _BETA),
        (GLUT, _GLUT),
        (REVERSION, _REVERSION),
        (VOLATILITY, _VOLATILITY),
        (FIXED_RATE, _FIXED_COST),
        (TIGHT, _TIGHTNESS),
        (EXPANSION_LIMIT, _EXPANSION_LIMIT),
    ):
        copy(values[first + key * n_hop], hop[row, h])
    fill(hop[FIXED, h], 0.0)
    normal_return, sigma = values[first + _NORMAL_RETURN * n_hop], values[first + _SUBSTITUTION * n_hop]
    lag, price_lag = values[first + _EXPANSION_LAG * n_hop], values[first + _PRICE_LAG * n_hop]
    psi, growth_start = chain[PSI], chain[GROWTH_START]
    has_psi = float(inputs.is_hardware[h])
    for j in range(sigma.size):
        hop[INVERSE_RETURN, h, j] = 1.0 / (1.0 + normal_return[j])
        hop[EXPANSION_RATE, h, j] = 1.0 / lag[j]
        hop[TREND_SPEED, h, j] = min(1.0, dt / lag[j])
        hop[PRICE_SPEED, h, j] = min(1.0, dt / price_lag[j])
        trend = growth_start[j] + has_psi * psi[j]
        hop[TREND, h, j] = min(max(trend, chain[TREND_MIN, j]), chain[TREND_MAX, j])
        exponent = 1.0 - sigma[j]
        cobb_douglas = abs(exponent) < 1e-9
        hop[ONE_MINUS_SIGMA, h, j] = 0.0 if cobb_douglas else exponent
        hop[INVERSE_ONE_MINUS_SIGMA, h, j] = 0.0 if cobb_douglas else 1.0 / exponent
        hop[OWN_SHARE, h, j] = 1.0


@rowwise
def begin_edges(
    inputs: ModelInputs,
    values: NDArray[np.float64],
    hop: NDArray[np.float64],
    edge: NDArray[np.float64],
    chain: NDArray[np.float64],
) -> None:
    """Cost shares and the constants of capital edges.

    The stock ratio and the expected growth wait in the rows of the states that they become.
    """
    n_edge = inputs.edge_supplier.size
    first = N_SINGLE + _N_HOP_KEYS * inputs.n_hop
    for h in range(inputs.n_hop):
        for e in range(inputs.edge_start[h], inputs.edge_start[h + 1]):
            share = values[first + _SHARE * n_edge + e]
            copy(share, edge[E_SHARE, e])
            for j in range(share.size):
                hop[OWN_SHARE, h, j] -= share[j]
            if inputs.edge_is_capital[e] == 0:
                continue
            life, lag = values[first + _LIFE * n_edge + e], values[first + _LAG * n_edge + e]
            has_psi = float(inputs.is_hardware[inputs.edge_supplier[e]])
            for j in range(share.size):
                edge[E_LIFE_RATE, e, j] = 1.0 / life[j]
                edge[E_USER_COST, e, j] = 1.0 / life[j] + chain[CAPITAL_COST, j]
                edge[E_GAP_RATE, e, j] = 0.5 / lag[j]
                edge[E_LEARNING, e, j] = min(1.0, 0.5 * inputs.dt / lag[j])
                edge[E_SURPRISE, e, j] = chain[GROWTH_START, j] + has_psi * chain[PSI, j]
            copy(values[first + _STOCK_RATIO * n_edge + e], edge[E_STOCK, e])
            fill(edge[E_BOOK, e], 0.0)
            if inputs.edge_expects[e] == 1:
                copy(values[first + _EXPECTED * n_edge + e], edge[E_SURPRISE, e])
        copy(hop[OWN_SHARE, h], hop[OWN_WEIGHT, h])
