"""The whole model as a straightforward numba program, to compare the kernels with.

One trajectory at a time, `prange` over trajectories, `math.exp` and `math.log`, numba's own
`np.random`, sums over trajectories for the means: what one writes by following docs/model.md
with a compiler at hand. The equations are in `scalar_model.py` and `scalar_advance.py`. It
draws its shocks, but is given the drawn parameters, and counts no histograms.

    python benchmarks/scalar_prange.py [-n TRAJECTORIES] [--threads N] [--json]
"""

from __future__ import annotations

import argparse
import math
from typing import NamedTuple

import numba
import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from sandwich_sim.scenario.load import load_scenario
from scalar_advance import advance
from scalar_inputs import Chain, Numbers, chain_of, numbers_of
from scalar_model import (
    DEMAND_STATE,
    ECONOMY,
    EDGE_STATE,
    HOP_STATE,
    OPTIONS,
    SMALLEST,
    World,
    final_demand,
    flows,
    prices,
    ruler,
    start,
)
from timing import Table, measure, nanoseconds_per_step

N_PER_HOP, N_PER_STEP = 15, 21
TOLERANCE = 1e-12


class Sums(NamedTuple):
    """What is kept, by part of the trajectories where several threads add up.

    Attributes
    ----------
    total : ndarray of float64, shape (n_part, n_record, n_series)
        Sums over the trajectories, series in the order of `variables.series_names`.
    undefined : ndarray of int64, shape (n_part, n_record)
        Trajectories without a profit share.
    failures : ndarray of int64, shape (n_part, 2)
        Records that break identity (i) or (ii).
    cumulative : ndarray of float64, shape (n, 4, n_hop)
        Profit, revenue, both discounted, of each trajectory [bn USD].
    """

    total: NDArray[np.float64]
    undefined: NDArray[np.int64]
    failures: NDArray[np.int64]
    cumulative: NDArray[np.float64]


@njit(**OPTIONS)
def record_hops(w: World, total_profit: float, gross_flow: float, row: NDArray[np.float64]) -> None:
    n_hop = w.chain.n_hop
    for hop in range(n_hop):
        h = w.h[hop]
        revenue = max(h.revenue, SMALLEST)
        row[hop] = h.revenue
        row[n_hop + hop] = h.profit
        row[2 * n_hop + hop] = h.other
        row[3 * n_hop + hop] = h.profit / revenue
        row[4 * n_hop + hop] = (h.profit + h.fixed) / revenue
        row[5 * n_hop + hop] = h.premium
        row[6 * n_hop + hop] = h.scarcity
        row[7 * n_hop + hop] = h.monopoly
        row[8 * n_hop + hop] = h.pricing_power
        row[9 * n_hop + hop] = h.tightness
        row[10 * n_hop + hop] = h.revenue / gross_flow
        row[11 * n_hop + hop] = h.profit / total_profit if total_profit > 0.0 else math.nan
        row[12 * n_hop + hop] = h.profit / w.s.spend
        row[13 * n_hop + hop] = h.dollar_profit
        row[14 * n_hop + hop] = h.dollar_other


@njit(**OPTIONS)
def record_economy(w: World, row: NDArray[np.float64]) -> None:
    p, s, lab = w.p, w.s, w.h[w.chain.lab]
    size = p.open_source_closed_size
    row[0] = s.gap
    row[1] = s.price
    row[2] = s.line
    row[3] = s.cost
    row[4] = -s.ln_edge
    row[5] = math.log(1.0 + p.token_price_open_return)
    row[6] = s.ln_line - math.log(s.floor)
    row[7] = math.log(1.0 + lab.premium)
    row[8] = 1.0 - s.cost / s.price
    row[9] = (lab.revenue - s.inference - s.amortised) / max(lab.revenue, SMALLEST)
    row[10] = s.share
    row[11] = s.tokens
    row[12] = size * s.price / s.line
    row[13] = (1.0 - s.share) / (1.0 - s.share + s.share / size)
    row[14] = s.spend
    row[15] = s.capex
    row[16] = s.depreciation
    row[17] = s.capex - s.depreciation
    row[18] = s.training
    row[19] = s.amortised
    row[20] = w.h[w.chain.compute].index


@njit(**OPTIONS)
def record(w: World, row: NDArray[np.float64], failures: NDArray[np.int64]) -> bool:
    """Fill the row of this step; return whether a profit share is defined."""
    profit, other, gross_flow, ends, arrived = 0.0, 0.0, 0.0, 0.0, 0.0
    for hop in range(w.chain.n_hop):
        h = w.h[hop]
        profit += h.profit
        other += h.other
        gross_flow += h.revenue
        ends += h.dollar_profit + h.dollar_other
        arrived += h.arrives
    record_hops(w, profit, gross_flow, row)
    record_economy(w, row[N_PER_HOP * w.chain.n_hop :])
    put_in = w.s.spend + w.s.capex - w.s.depreciation
    failures[0] += abs(put_in - profit - other) > TOLERANCE * gross_flow
    failures[1] += abs(ends - 1.0) > TOLERANCE * max(arrived, 1.0)
    return profit > 0.0


@njit(**OPTIONS)
def follow(
    w: World,
    shocks: bool,
    row: NDArray[np.float64],
    total: NDArray[np.float64],
    undefined: NDArray[np.int64],
    failures: NDArray[np.int64],
    cumulative: NDArray[np.float64],
) -> None:
    """Follow one trajectory through all steps and add its series to the sums."""
    n_hop, dt = w.chain.n_hop, w.chain.dt
    start(w)
    cumulative[:] = 0.0
    for step in range(w.chain.n_step + 1):
        w.s.fade = math.exp(-step * dt / w.p.compute_cost_trend_decay)
        ruler(w, step)
        prices(w, step)
        final_demand(w, step)
        flows(w, step)
        is_defined = record(w, row, failures)
        if not is_defined:
            undefined[step] += 1
            row[11 * n_hop : 12 * n_hop] = 0.0
        for series in range(row.size):
            total[step, series] += row[series]
        if step < w.chain.n_step:
            discount = math.exp(-w.p.compute_cost_capital_cost * step * dt)
            for hop in range(n_hop):
                cumulative[0, hop] += w.h[hop].profit * dt
                cumulative[1, hop] += w.h[hop].revenue * dt
                cumulative[2, hop] += w.h[hop].profit * dt * discount
                cumulative[3, hop] += w.h[hop].revenue * dt * discount
            advance(w, step, shocks)


@njit(**OPTIONS)
def follow_part(chain: Chain, numbers: Numbers, seed: int, shocks: bool, part: int, sums: Sums) -> None:
    """Follow the trajectories of one part; its working records are made once."""
    economy = np.zeros(1, ECONOMY)
    h = np.zeros(chain.n_hop, HOP_STATE)
    e = np.zeros(chain.supplier.size, EDGE_STATE)
    d = np.zeros(chain.demand_hop.size, DEMAND_STATE)
    row = np.zeros(sums.total.shape[2])
    total, undefined, failures = sums.total[part], sums.undefined[part], sums.failures[part]
    np.random.seed(seed + part)  # noqa: NPY002
    n, n_part = numbers.single.size, sums.total.shape[0]
    for i in range(part * n // n_part, (part + 1) * n // n_part):
        p, hop, edge, demand = numbers.single[i], numbers.hop[i], numbers.edge[i], numbers.demand[i]
        w = World(chain, p, hop, edge, demand, economy[0], h, e, d)
        follow(w, shocks, row, total, undefined, failures, sums.cumulative[i])


@njit(parallel=True, error_model="numpy")
def follow_all(chain: Chain, numbers: Numbers, seed: int, shocks: bool, sums: Sums) -> None:
    """Follow all trajectories, parts of them in parallel."""
    for part in prange(sums.total.shape[0]):
        follow_part(chain, numbers, seed, shocks, part, sums)


def simulate(chain: Chain, numbers: Numbers, *, seed: int = 1, shocks: bool = True, n_part: int = 64) -> Sums:
    """Follow every trajectory.

    Parameters
    ----------
    n_part : int
        Parts of the trajectories that threads take one at a time, each with random numbers and
        sums of its own.
    """
    n = numbers.single.size
    n_series = N_PER_HOP * chain.n_hop + N_PER_STEP
    sums = Sums(
        np.zeros((n_part, chain.n_step + 1, n_series)),
        np.zeros((n_part, chain.n_step + 1), dtype=np.int64),
        np.zeros((n_part, 2), dtype=np.int64),
        np.zeros((n, 4, chain.n_hop)),
    )
    follow_all(chain, numbers, seed, shocks, sums)
    return sums


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("-n", "--trajectories", type=int, default=8192)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    spec = load_scenario("base")
    chain, numbers = chain_of(spec), numbers_of(spec, options.trajectories, seed=1)
    numba.set_num_threads(options.threads)
    first = measure(lambda: simulate(chain, numbers), rounds=1)
    steady = measure(lambda: simulate(chain, numbers), rounds=options.rounds)
    n_step = options.trajectories * (chain.n_step + 1)
    table = Table("Scalar numba, prange")
    table.add("compilation and first run", first.wall, "s")
    table.add("a trajectory-step, processor time", nanoseconds_per_step(steady.cpu, n_step), "ns")
    table.add("a trajectory-step, elapsed", nanoseconds_per_step(steady.wall, n_step), "ns")
    table.show(options.json)


if __name__ == "__main__":
    main()
