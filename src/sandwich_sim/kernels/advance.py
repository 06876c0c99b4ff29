"""States move on by one step (docs/model.md, section 9)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels._jit import merged, rowwise
from sandwich_sim.kernels.bits import select
from sandwich_sim.kernels.inputs import ModelInputs
from sandwich_sim.kernels.rows import (
    CATCH_UP_CURVATURE,
    CATCH_UP_SPEED,
    CEILING_NOW,
    CEILING_STEP,
    COST_EDGE_REVERSION,
    COST_EDGE_VOL,
    D_FADE,
    D_FADE_STEP,
    D_GROWTH_SUM,
    D_LONG,
    D_RATE,
    DEFLATION,
    DEFLATION_LONG,
    DEM,
    DEMAND_VOL,
    DISCOUNT,
    DISCOUNT_STEP,
    EN,
    ENERGY_DRIFT,
    ENERGY_VOL,
    ETA,
    EXIT_RATE,
    EXPANSION_LIMIT,
    EXPANSION_RATE,
    FRONTIER_ELASTICITY,
    FUNDING_FADE,
    FUNDING_FADE_STEP,
    GAP_VOL,
    HARDWARE_DECLINE,
    HARDWARE_DECLINE_LONG,
    HARDWARE_VOL,
    HW,
    INVERSE_PASS_THROUGH_GAP,
    J_LEAP,
    J_RELEASE,
    LAB_SCARCITY,
    LEAP_SIZE,
    LINE_VOL,
    LN_PLAN,
    LOG_CAPACITY,
    LOG_EDGE,
    LOG_EDGE_LONG,
    LOG_FLOOR,
    LOG_GAP_RATIO,
    LOG_KEPT,
    LOG_PRICE,
    LOG_SALES,
    LONG_SCARCITY,
    MONOPOLY,
    N_CHAIN_SHOCKS,
    PASS_THROUGH,
    PLAN,
    PRICE_SPEED,
    PSI,
    REVENUE,
    REVERSION,
    ROOM_SCALE,
    SCRATCH,
    SCRATCH_2,
    SHARE_CURVATURE,
    SOFTWARE_DECLINE,
    SOFTWARE_DECLINE_LONG,
    SOFTWARE_VOL,
    SPEND_SUM,
    SURPRISE_REVERSION,
    SURPRISE_VOL,
    SW,
    SWITCH_SPEED,
    TIGHT,
    TRAIN,
    TRAINING_GROWTH,
    TRAINING_GROWTH_LONG,
    TREND,
    TREND_FADE,
    TREND_FADE_STEP,
    TREND_MAX,
    TREND_MIN,
    TREND_SPEED,
    VOLATILITY,
    W_DEMAND,
    W_EDGE,
    W_ENERGY,
    W_GAP,
    W_HARDWARE,
    W_LINE,
    W_SOFTWARE,
    W_SURPRISE,
    Z_SCARCITY,
    G,
    L,
    X,
)
from sandwich_sim.kernels.vmath import exp, log

LEAST = 1e-12
CAPACITY_LOSS = -0.10
"""Capacity shrinks by at most this a year [1/yr]."""


@rowwise
def gap_advance(
    dt: float, sq: float, shocks: NDArray[np.float32], jumps: NDArray[np.float32], chain: NDArray[np.float64]
) -> None:
    """The gap: the frontier gains f, open weights catch up v, leaps add, releases cut."""
    gap, plan, train, elasticity = chain[G], chain[PLAN], chain[TRAIN], chain[FRONTIER_ELASTICITY]
    speed, curvature, log_ratio = chain[CATCH_UP_SPEED], chain[CATCH_UP_CURVATURE], chain[LOG_GAP_RATIO]
    volatility, size, log_kept = chain[GAP_VOL], chain[LEAP_SIZE], chain[LOG_KEPT]
    frontier, catch_up = chain[SCRATCH], chain[SCRATCH_2]
    w, leaps, releases = shocks[W_GAP], jumps[J_LEAP], jumps[J_RELEASE]
    for j in range(gap.size):
        frontier[j] = elasticity[j] * log(max(train[j] / plan[j], 1e-6))
    for j in range(gap.size):
        frontier[j] = exp(frontier[j])
    for j in range(gap.size):
        catch_up[j] = speed[j] * exp(curvature[j] * log_ratio[j])
    for j in range(gap.size):
        pull = 12.0 * dt * (frontier[j] - catch_up[j])
        moved = gap[j] + pull + volatility[j] * sq * w[j] + size[j] * leaps[j]
        gap[j] = max(0.0, moved * exp(float(releases[j]) * log_kept[j]))


@rowwise
def token_advance(
    dt: float,
    sq: float,
    monopoly: NDArray[np.float64],
    shocks: NDArray[np.float32],
    chain: NDArray[np.float64],
) -> None:
    """The open price line, the cost edge and the closed share, by this step's gap."""
    gap, line, log_floor, fade = chain[G], chain[L], chain[LOG_FLOOR], chain[TREND_FADE]
    rate, rate_long = chain[DEFLATION], chain[DEFLATION_LONG]
    passing, shield, leaving = chain[PASS_THROUGH], chain[INVERSE_PASS_THROUGH_GAP], chain[EXIT_RATE]
    volatility, w_line = chain[LINE_VOL], shocks[W_LINE]
    for j in range(gap.size):
        falling = rate_long[j] + (rate[j] - rate_long[j]) * fade[j]
        slack = line[j] - log_floor[j]
        competed = min(1.0, passing[j] * dt * exp(-gap[j] * shield[j])) * max(0.0, slack)
        recovered = min(1.0, leaving[j] * dt) * max(0.0, -slack)
        line[j] += recovered - competed - falling * dt + volatility[j] * sq * w_line[j]
    edge, edge_long, reversion = chain[LOG_EDGE], chain[LOG_EDGE_LONG], chain[COST_EDGE_REVERSION]
    edge_vol, w_edge = chain[COST_EDGE_VOL], shocks[W_EDGE]
    for j in range(gap.size):
        edge[j] += reversion[j] * dt * (edge_long[j] - edge[j]) + edge_vol[j] * sq * w_edge[j]
    share, level, log_goal = chain[X], chain[LAB_SCARCITY], chain[SCRATCH]
    curvature, switching = chain[SHARE_CURVATURE], chain[SWITCH_SPEED]
    for j in range(gap.size):
        log_goal[j] = curvature[j] * log(max(level[j], 1e-300))
    for j in range(gap.size):
        at_zero = select(curvature[j] > 0.0, 0.0, 1.0)
        goal = select(level[j] > 0.0, exp(log_goal[j]), at_zero)
        share[j] += (goal - share[j]) * min(1.0, switching[j] * (1.0 - monopoly[j]) * dt)


@rowwise
def cost_advance(dt: float, sq: float, shocks: NDArray[np.float32], chain: NDArray[np.float64]) -> None:
    """Cost drivers, training plans, and the fading of today's rates."""
    fade, fade_step = chain[TREND_FADE], chain[TREND_FADE_STEP]
    hardware, psi, h_vol, w_h = chain[HW], chain[PSI], chain[HARDWARE_VOL], shocks[W_HARDWARE]
    h_rate, h_long = chain[HARDWARE_DECLINE], chain[HARDWARE_DECLINE_LONG]
    for j in range(fade.size):
        hardware[j] += psi[j] * dt + h_vol[j] * sq * w_h[j]
    software, s_rate, s_long = chain[SW], chain[SOFTWARE_DECLINE], chain[SOFTWARE_DECLINE_LONG]
    s_vol, w_s = chain[SOFTWARE_VOL], shocks[W_SOFTWARE]
    for j in range(fade.size):
        software[j] += (s_long[j] + (s_rate[j] - s_long[j]) * fade[j]) * dt + s_vol[j] * sq * w_s[j]
    energy, drift, e_vol, w_e = chain[EN], chain[ENERGY_DRIFT], chain[ENERGY_VOL], shocks[W_ENERGY]
    plan, t_rate, t_long = chain[LN_PLAN], chain[TRAINING_GROWTH], chain[TRAINING_GROWTH_LONG]
    for j in range(fade.size):
        energy[j] += drift[j] * dt + e_vol[j] * sq * w_e[j]
        plan[j] += (t_long[j] + (t_rate[j] - t_long[j]) * fade[j]) * dt
    funding, funding_step = chain[FUNDING_FADE], chain[FUNDING_FADE_STEP]
    discount, discount_step = chain[DISCOUNT], chain[DISCOUNT_STEP]
    for j in range(fade.size):
        fade[j] *= fade_step[j]
        psi[j] = h_long[j] + (h_rate[j] - h_long[j]) * fade[j]
        funding[j] *= funding_step[j]
        discount[j] *= discount_step[j]


@rowwise
def demand_advance(
    dt: float, sq: float, demand: NDArray[np.float64], shocks: NDArray[np.float32], chain: NDArray[np.float64]
) -> None:
    """Growth of final demand in the room that is left, and the common growth surprise."""
    room, spend, ceiling, scale = chain[SCRATCH], chain[SPEND_SUM], chain[CEILING_NOW], chain[ROOM_SCALE]
    common, eta, ceiling_step = chain[DEM], chain[ETA], chain[CEILING_STEP]
    reversion, s_vol, d_vol = chain[SURPRISE_REVERSION], chain[SURPRISE_VOL], chain[DEMAND_VOL]
    w_demand, w_surprise = shocks[W_DEMAND], shocks[W_SURPRISE]
    for j in range(room.size):
        left = min(max((1.0 - spend[j] / ceiling[j]) * scale[j], 0.0), 1.0)
        room[j] = left
        ceiling[j] *= ceiling_step[j]
        common[j] += select(eta[j] > 0.0, eta[j] * left, eta[j]) * dt + d_vol[j] * sq * w_demand[j]
        eta[j] += s_vol[j] * sq * w_surprise[j] - min(1.0, reversion[j] * dt) * eta[j]
    for k in range(demand.shape[1]):
        growth_sum, long_run = demand[D_GROWTH_SUM, k], demand[D_LONG, k]
        fade, fade_step, rate = demand[D_FADE, k], demand[D_FADE_STEP, k], demand[D_RATE, k]
        for j in range(room.size):
            growth_sum[j] += (long_run[j] + (rate[j] - long_run[j]) * room[j]) * dt
            fade[j] *= fade_step[j]


@rowwise
def supply_advance(
    inputs: ModelInputs,
    n: int,
    hop: NDArray[np.float64],
    chain: NDArray[np.float64],
    record: NDArray[np.float64],
) -> None:
    """Capacity, its trend and tightness of compute and every hop listed after it.

    Each line uses the line before it; on the first step sales have no growth yet, and
    ``hop[LOG_CAPACITY]`` is set from the given tightness.
    """
    dt, inverse_dt = inputs.dt, 1.0 / inputs.dt
    lowest, highest, now = chain[TREND_MIN], chain[TREND_MAX], chain[SCRATCH]
    for h in range(inputs.compute, inputs.n_hop):
        revenue, price = record[REVENUE * inputs.n_hop + h], hop[LOG_PRICE, h]
        sales, capacity, trend, tight = hop[LOG_SALES, h], hop[LOG_CAPACITY, h], hop[TREND, h], hop[TIGHT, h]
        rate, speed, limit, repricing = (
            hop[EXPANSION_RATE, h],
            hop[TREND_SPEED, h],
            hop[EXPANSION_LIMIT, h],
            hop[PRICE_SPEED, h],
        )
        for j in range(tight.size):
            now[j] = log(max(revenue[j], LEAST)) - price[j]
        for j in range(tight.size):
            if n == 0:
                capacity[j] = now[j] - tight[j]
            else:
                growth = (now[j] - sales[j]) * inverse_dt
                trend[j] = min(max(trend[j] + (growth - trend[j]) * speed[j], lowest[j]), highest[j])
            sales[j] = now[j]
            raw = now[j] - capacity[j]
            tight[j] += (raw - tight[j]) * repricing[j]
            capacity[j] += dt * min(max(trend[j] + raw * rate[j], CAPACITY_LOSS), limit[j])


@rowwise
def factor_advance(inputs: ModelInputs, hop: NDArray[np.float64], shocks: NDArray[np.float32]) -> None:
    """Log odds of scarcity, monopoly and pricing power revert to their long-run levels."""
    dt, sq = inputs.dt, np.sqrt(inputs.dt)
    for h in range(inputs.n_hop):
        reversion, volatility = hop[REVERSION, h], hop[VOLATILITY, h]
        for f in range(1 if h == inputs.lab else 0, 3):
            z, z_long, w = (
                hop[Z_SCARCITY + f, h],
                hop[LONG_SCARCITY + f, h],
                shocks[N_CHAIN_SHOCKS + 3 * h + f],
            )
            for j in range(z.size):
                z[j] += reversion[j] * dt * (z_long[j] - z[j]) + volatility[j] * sq * w[j]


@merged
def advance_step(
    inputs: ModelInputs,
    n: int,
    hop: NDArray[np.float64],
    demand: NDArray[np.float64],
    chain: NDArray[np.float64],
    record: NDArray[np.float64],
    shocks: NDArray[np.float32],
    jumps: NDArray[np.float32],
) -> None:
    """Move every state of section 9 from step n to n + 1, by the values of step n."""
    dt, sq = inputs.dt, np.sqrt(inputs.dt)
    token_advance(dt, sq, record[MONOPOLY * inputs.n_hop + inputs.lab], shocks, chain)
    gap_advance(dt, sq, shocks, jumps, chain)
    demand_advance(dt, sq, demand, shocks, chain)
    supply_advance(inputs, n, hop, chain, record)
    cost_advance(dt, sq, shocks, chain)
    factor_advance(inputs, hop, shocks)
