"""Time of the kernel per trajectory-step and core, whole and by stage.

Processor time, best of several rounds, base scenario with all shocks. The stages run alone, over
and over on one block, so their sum is less than the whole: the sums of a step have left the cache
when the next block comes to that step. Ten exponentials are timed before and after; more than
about 7 ns means that other work disturbed the measurement (Zen 4 at 3.6 GHz).

    python benchmarks/bench_kernel.py [-n TRAJECTORIES] [--width WIDTH] [--rounds N] [--json]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np

from sandwich_sim.engine import Worker
from sandwich_sim.kernels import advance, begin, block, draws, events, flows, reduction, shares, shocks
from sandwich_sim.kernels.capital import capital_advance
from sandwich_sim.kernels.demand import demand_step
from sandwich_sim.kernels.draws import DrawPlan
from sandwich_sim.kernels.inputs import ModelInputs, Work
from sandwich_sim.kernels.plan import Accumulators, Outcomes, RecordPlan, Scratch
from sandwich_sim.kernels.prices import price_step
from sandwich_sim.kernels.rows import DISCOUNT
from sandwich_sim.kernels.ruler import ruler_step
from sandwich_sim.kernels.vmath import exp
from sandwich_sim.model import BLOCK
from sandwich_sim.prepare import prepare
from sandwich_sim.results.reduce import new_accumulators, record_plan
from sandwich_sim.scenario.load import load_scenario
from timing import Table, measure, nanoseconds_per_step

LIMIT = 125.0
STEP, REPEATS = 5, 300


class Bench(NamedTuple):
    """All that a stage may read or write."""

    inputs: ModelInputs
    draws: DrawPlan
    plan: RecordPlan
    work: Work
    draw_work: Any
    scratch: Scratch
    sums: Accumulators
    outcomes: Outcomes


def exponentials(b):
    for row in range(10):
        for j in range(b.work.indices.size):
            b.work.hop[row, 1, j] = exp(b.work.hop[row, 0, j] * 0.0)


def ruler(b):
    ruler_step(b.inputs.lab, b.inputs.n_hop, b.work.hop, b.work.chain, b.work.record)


def prices(b):
    price_step(b.inputs, b.work.hop, b.work.edge, b.work.chain, b.work.record)


def demand(b):
    w = b.work
    demand_step(b.inputs.n_hop, b.inputs.demand_hop, w.hop, w.demand, w.chain, w.record)


def money_flows(b):
    w = b.work
    flows.flow_step(b.inputs, STEP, w.hop, w.edge, w.demand, w.chain, w.record, b.scratch.total)


def shares_and_margins(b):
    w = b.work
    shares.share_step(b.inputs.n_hop, w.chain, w.record, b.scratch.total)
    shares.token_margin_step(b.inputs.n_hop, b.inputs.lab, w.hop, w.chain, w.record)


def cumulative(b):
    w = b.work
    block.add_cumulative(b.inputs.dt, b.inputs.n_hop, w.record, w.chain[DISCOUNT], w.cumulative)


def four_steps_of_shocks(b):
    i, w = b.inputs, b.work
    shocks.fill_shocks(
        4, i.shock_streams, i.jump_streams, i.keys, w.indices, w.thresholds, w.n_threshold, w.words,
        w.shocks, w.jumps,
    )  # fmt: skip


def advance_states(b):
    w = b.work
    capital_advance(b.inputs, w.edge)
    advance.advance_step(
        b.inputs, STEP, w.hop, w.demand, w.chain, w.record, w.shocks[0], w.jumps[0]
    )  # fmt: skip


def begin_and_draw(b):
    w = b.work
    draws.draw_parameters(b.draws, w.indices, b.draw_work, w.drawn)
    begin.fill_drawn(b.inputs, w.drawn, w.values)
    begin.begin_block(b.inputs, w)


def find_events(b):
    events.evaluate_events(b.plan, b.inputs.dt, b.inputs.steps_per_year, b.scratch)


def sums(b):
    s = b.sums
    reduction.add_sums(
        b.plan, b.work.record, b.work.indices.size, s.total[STEP], s.square[STEP], s.undefined[STEP],
        b.scratch.defined,
    )  # fmt: skip


def histograms(b):
    reduction.count_fans(b.plan, b.work.record, b.work.indices.size, b.scratch.buckets, b.sums.fan[STEP])


def stages(n_record: int) -> list[tuple[Callable[[Any], None], float]]:
    """Return each stage and how often a step runs it."""
    each_block = 1.0 / n_record
    return [
        (ruler, 1.0),
        (prices, 1.0),
        (demand, 1.0),
        (money_flows, 1.0),
        (shares_and_margins, 1.0),
        (cumulative, 1.0),
        (four_steps_of_shocks, 0.25),
        (sums, 1.0),
        (histograms, 1.0),
        (find_events, each_block),
        (begin_and_draw, each_block),
        (advance_states, 1.0),  # last: it moves the states that the others read
    ]


def time_stage(stage: Callable[[Any], None], bench: Bench, rounds: int) -> float:
    """Return the time of one stage, for a trajectory [ns]."""
    compiled = numba.njit(nogil=True, error_model="numpy", fastmath={"contract"})
    inner = compiled(stage)

    @compiled
    def repeat(b: Any, n: int) -> None:
        for _ in range(n):
            inner(b)

    repeat(bench, 1)
    best = measure(lambda: repeat(bench, REPEATS), rounds=rounds).cpu
    return nanoseconds_per_step(best, REPEATS * bench.work.indices.size)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, default=8064, help="trajectories of the whole run")
    parser.add_argument("--width", type=int, default=BLOCK, help="trajectories of a block")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    spec = load_scenario("base")
    prepared = prepare(spec, trajectories=options.n, keep="outcomes", threads=1)
    model, meta, plan = prepared.model(), prepared.meta, record_plan(spec, prepared.meta)
    worker, counted = Worker(model, meta, plan, options.width), new_accumulators(meta, plan)
    trajectories = np.arange(options.n)
    table = Table(f"Kernel, ns per trajectory-step and core, blocks of {options.width}")
    start = measure(lambda: worker.run(trajectories[:16], keep="outcomes", accumulators=counted), rounds=1)
    table.add("first call (compiles if the cache is cold)", start.cpu, "s")
    steps = options.n * model.n_record
    whole = measure(
        lambda: worker.run(trajectories, keep="outcomes", accumulators=counted), rounds=options.rounds
    )
    bare = measure(lambda: worker.run(trajectories, keep="outcomes"), rounds=options.rounds)
    table.add("whole", nanoseconds_per_step(whole.cpu, steps), "ns", LIMIT)
    table.add("whole, without sums and histograms", nanoseconds_per_step(bare.cpu, steps), "ns")
    outcomes = worker.run(trajectories[: options.width], keep="outcomes", accumulators=counted)
    bench = Bench(
        model.inputs, model.draws, plan, worker._work, worker._draw_work, worker._scratch, counted, outcomes
    )
    table.add("ten exponentials, before", time_stage(exponentials, bench, options.rounds), "ns")
    total = 0.0
    for stage, share in stages(model.n_record):
        taken = time_stage(stage, bench, options.rounds) * share
        total += taken
        table.add(stage.__name__.replace("_", " "), taken, "ns")
    table.add("all stages", total, "ns")
    table.add("ten exponentials, after", time_stage(exponentials, bench, options.rounds), "ns")
    table.show(options.json)


if __name__ == "__main__":
    main()
