"""One block of trajectories through all steps: the order of the model on one screen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels._jit import entry, merged, rowwise
from sandwich_sim.kernels.advance import advance_step
from sandwich_sim.kernels.begin import begin_block, fill_drawn
from sandwich_sim.kernels.capital import capital_advance
from sandwich_sim.kernels.demand import demand_step
from sandwich_sim.kernels.draws import DrawPlan, draw_parameters
from sandwich_sim.kernels.events import evaluate_events
from sandwich_sim.kernels.flows import flow_step
from sandwich_sim.kernels.inputs import ModelInputs, Work
from sandwich_sim.kernels.plan import Accumulators, Outcomes, RecordPlan, Scratch
from sandwich_sim.kernels.prices import price_step
from sandwich_sim.kernels.reduction import (
    add_sums,
    copy_row,
    count_block,
    count_fans,
    count_fine,
    keep_block,
    keep_record,
)
from sandwich_sim.kernels.rng import STEPS_PER_CALL
from sandwich_sim.kernels.rows import (
    BAD_DOLLARS,
    BAD_WALK,
    CUM_PROFIT,
    CUM_PROFIT_DISCOUNTED,
    CUM_REVENUE,
    CUM_REVENUE_DISCOUNTED,
    DISCOUNT,
    LEAP_RATE,
    PROFIT,
    RELEASE_RATE,
    REVENUE,
)
from sandwich_sim.kernels.ruler import ruler_step
from sandwich_sim.kernels.shares import share_step, token_margin_step
from sandwich_sim.kernels.shocks import fill_shocks, fill_thresholds
from sandwich_sim.kernels.vectors import fill


@rowwise
def add_cumulative(
    dt: float,
    n_hop: int,
    record: NDArray[np.float64],
    discount: NDArray[np.float64],
    cumulative: NDArray[np.float64],
) -> None:
    """Add this record's profit and revenue, plain and discounted, times dt."""
    for h in range(n_hop):
        profit, revenue = record[PROFIT * n_hop + h], record[REVENUE * n_hop + h]
        profits, revenues = cumulative[CUM_PROFIT, h], cumulative[CUM_REVENUE, h]
        profits_now, revenues_now = (
            cumulative[CUM_PROFIT_DISCOUNTED, h],
            cumulative[CUM_REVENUE_DISCOUNTED, h],
        )
        for j in range(discount.size):
            profits[j] += profit[j] * dt
            revenues[j] += revenue[j] * dt
            profits_now[j] += profit[j] * (dt * discount[j])
            revenues_now[j] += revenue[j] * (dt * discount[j])


@merged
def begin_shocks(inputs: ModelInputs, work: Work) -> None:
    """Poisson thresholds of the block; without shocks every shock and jump is zero."""
    if inputs.shocks == 1:
        work.n_threshold[0] = fill_thresholds(work.chain[LEAP_RATE], inputs.dt, work.thresholds[0])
        work.n_threshold[1] = fill_thresholds(work.chain[RELEASE_RATE], inputs.dt, work.thresholds[1])
    else:
        for s in range(STEPS_PER_CALL):
            for i in range(work.shocks.shape[1]):
                fill(work.shocks[s, i], np.float32(0.0))
            for i in range(work.jumps.shape[1]):
                fill(work.jumps[s, i], np.float32(0.0))


@merged
def evaluate_step(inputs: ModelInputs, n: int, work: Work, total: NDArray[np.float64]) -> None:
    """Sections 3 to 8 with the present state: fills ``work.record``."""
    hop, edge, demand, chain, record = work.hop, work.edge, work.demand, work.chain, work.record
    ruler_step(inputs.lab, inputs.n_hop, hop, chain, record)
    price_step(inputs, hop, edge, chain, record)
    demand_step(inputs.n_hop, inputs.demand_hop, hop, demand, chain, record)
    flow_step(inputs, n, hop, edge, demand, chain, record, total)
    share_step(inputs.n_hop, chain, record, total)
    token_margin_step(inputs.n_hop, inputs.lab, hop, chain, record)


@merged
def advance(inputs: ModelInputs, n: int, indices: NDArray[np.int64], work: Work) -> None:
    """Section 9: draw the shocks of the next four steps where due, then move the states."""
    s = n % STEPS_PER_CALL
    if inputs.shocks == 1 and s == 0:
        fill_shocks(
            n,
            inputs.shock_streams,
            inputs.jump_streams,
            inputs.keys,
            indices,
            work.thresholds,
            work.n_threshold,
            work.words,
            work.shocks,
            work.jumps,
        )
    capital_advance(inputs, work.edge)
    advance_step(inputs, n, work.hop, work.demand, work.chain, work.record, work.shocks[s], work.jumps[s])


@merged
def reduce_record(
    inputs: ModelInputs,
    plan: RecordPlan,
    n: int,
    offset: int,
    n_valid: int,
    work: Work,
    scratch: Scratch,
    accumulators: Accumulators,
    outcomes: Outcomes,
) -> None:
    """Sums, histograms and kept values of record n."""
    record = work.record
    if accumulators.total.size > 0:
        add_sums(
            plan,
            record,
            n_valid,
            accumulators.total[n],
            accumulators.square[n],
            accumulators.undefined[n],
            scratch.defined,
        )
        count_fans(plan, record, n_valid, scratch.buckets, accumulators.fan[n])
        if n == 0:
            count_fine(plan, 0, record, n_valid, scratch.buckets, accumulators.fine)
        if n == inputs.n_step:
            count_fine(plan, 1, record, n_valid, scratch.buckets, accumulators.fine)
    keep_record(plan, n, inputs.steps_per_year, record, offset, n_valid, outcomes)
    for s in range(plan.event_rows.size):
        copy_row(record[plan.event_rows[s]], scratch.history.shape[2], scratch.history[s, n])


@merged
def run_block(
    inputs: ModelInputs,
    draw_plan: DrawPlan,
    plan: RecordPlan,
    indices: NDArray[np.int64],
    offset: int,
    n_valid: int,
    work: Work,
    draw_work: NDArray[np.uint64],
    scratch: Scratch,
    accumulators: Accumulators,
    outcomes: Outcomes,
) -> None:
    """Run the trajectories ``indices`` (the first ``n_valid`` count) through all steps."""
    draw_parameters(draw_plan, indices, draw_work, work.drawn)
    fill_drawn(inputs, work.drawn, work.values)
    begin_block(inputs, work)
    begin_shocks(inputs, work)
    for n in range(inputs.n_step + 1):
        evaluate_step(inputs, n, work, scratch.total)
        reduce_record(inputs, plan, n, offset, n_valid, work, scratch, accumulators, outcomes)
        if n < inputs.n_step:
            add_cumulative(inputs.dt, inputs.n_hop, work.record, work.chain[DISCOUNT], work.cumulative)
            advance(inputs, n, indices, work)
    evaluate_events(plan, inputs.dt, inputs.steps_per_year, scratch)
    keep_block(work.drawn, work.cumulative, scratch.time, offset, n_valid, outcomes)
    count_block(work.chain[BAD_DOLLARS], work.chain[BAD_WALK], scratch.time, indices, n_valid, accumulators)


@entry
def run_blocks(
    inputs: ModelInputs,
    draw_plan: DrawPlan,
    plan: RecordPlan,
    trajectories: NDArray[np.int64],
    first: int,
    work: Work,
    draw_work: NDArray[np.uint64],
    scratch: Scratch,
    accumulators: Accumulators,
    outcomes: Outcomes,
) -> None:
    """Run ``trajectories`` block by block; outcomes are written from position ``first`` on.

    The last block may be short: it is filled up with repeats of the last trajectory, which are
    computed and not counted.
    """
    indices, width = work.indices, work.record.shape[1]
    for start in range(0, trajectories.size, width):
        n_valid = min(width, trajectories.size - start)
        for j in range(width):
            indices[j] = trajectories[start + min(j, n_valid - 1)]
        run_block(
            inputs,
            draw_plan,
            plan,
            indices,
            first + start,
            n_valid,
            work,
            draw_work,
            scratch,
            accumulators,
            outcomes,
        )
