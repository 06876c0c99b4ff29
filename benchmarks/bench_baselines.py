"""The engine against the same model written in two other ways, and against itself on one thread.

Everything runs on the base scenario with all shocks, in turn within one run, best of several
rounds. The engine draws its inputs and keeps the sums, histograms, events and outcomes of
``--keep outcomes``; the baselines are given their inputs, draw their shocks and keep sums.

    python benchmarks/bench_baselines.py [-n TRAJECTORIES] [--rounds N] [--json]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np

import scalar_prange
from sandwich_sim.engine import run_units
from sandwich_sim.prepare import prepare
from sandwich_sim.results.reduce import record_plan
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.scenario.spec import ScenarioSpec
from scalar_inputs import chain_of, numbers_of, parameters_of
from timing import Table, cores_at_hand, measure, measure_in_turn, nanoseconds_per_step

sys.path.append(str(Path(__file__).parents[1] / "tests"))

import reference
from reference_chain import Chain, shock_names

AGAINST_TWIN, AGAINST_SCALAR, AGAINST_ONE_THREAD = 35.0, 12.0, 1.9
TWIN_BLOCK = 8192
"""Trajectories of one call of the twin: its fastest size, below it calls weigh more, above it memory."""


def engine_pass(spec: ScenarioSpec, n: int, threads: int) -> Callable[[], Any]:
    """Return a run of the engine that keeps everything of ``--keep outcomes`` but writes nothing."""
    prepared = prepare(spec, trajectories=n, keep="outcomes", threads=threads)
    model, plan = prepared.model(), record_plan(spec, prepared.meta)
    return lambda: list(run_units(model, prepared.meta, plan, threads=threads))


def scalar_pass(spec: ScenarioSpec, n: int, threads: int = 1) -> Callable[[], Any]:
    """Return a run of the scalar version."""
    chain, numbers = chain_of(spec), numbers_of(spec, n, seed=1)

    def run() -> None:
        numba.set_num_threads(threads)
        scalar_prange.simulate(chain, numbers)

    return run


def twin_pass(spec: ScenarioSpec, n: int) -> Callable[[], Any]:
    """Return a run of the NumPy twin in blocks, its shocks drawn by NumPy's fastest generator."""
    chain, names = Chain.from_spec(spec), shock_names(Chain.from_spec(spec))
    blocks = [parameters_of(spec, TWIN_BLOCK, seed) for seed in range(n // TWIN_BLOCK)]
    generator = np.random.Generator(np.random.SFC64(1))

    def run() -> None:
        total: dict[str, Any] = {}
        for parameters in blocks:
            shape = (chain.n_step, TWIN_BLOCK)
            shocks = {name: generator.standard_normal(shape) for name in names}
            for jump in ("leap", "release"):
                rate = parameters[f"open_source.{jump}_rate"] * chain.dt
                shocks[f"shock.{jump}"] = generator.poisson(rate, shape)
            for name, values in reference.simulate(chain, parameters, shocks).items():
                total[name] = total.get(name, 0.0) + values.sum(axis=-1)

    return run


def compare(n: int, rounds: int, *, twin_n: int, scalar_n: int) -> dict[str, float]:
    """Measure times of a trajectory-step and their ratios.

    Parameters
    ----------
    n : int
        Trajectories of the engine; two units or more, as threads take whole ones.
    twin_n : int
        A multiple of TWIN_BLOCK.

    Returns
    -------
    dict of str to float
        ``engine``, ``engine_two_threads``, ``scalar``, ``twin`` [ns]; ``against_twin``,
        ``against_twin_per_core``, ``against_scalar``, ``against_one_thread`` [1]; ``cores`` that two
        threads got [1]; ``compile_engine``, ``compile_scalar`` [s].
    """
    spec = load_scenario("base")
    n_step = spec.years * spec.steps_per_year
    works = {
        "engine": (engine_pass(spec, n, 1), n),
        "engine_two_threads": (engine_pass(spec, n, 2), n),
        "scalar": (scalar_pass(spec, scalar_n), scalar_n),
        "twin": (twin_pass(spec, twin_n), twin_n),
    }
    found = {f"compile_{name}": measure(works[name][0], rounds=1).wall for name in ("engine", "scalar")}
    times = measure_in_turn({name: work for name, (work, _) in works.items()}, rounds=rounds)
    wall = {name: nanoseconds_per_step(times[name].wall, n_step * works[name][1]) for name in works}
    cpu = {name: nanoseconds_per_step(times[name].cpu, n_step * works[name][1]) for name in works}
    found |= {
        "cores": cores_at_hand(),
        "engine": cpu["engine"],
        "engine_two_threads": wall["engine_two_threads"],
        "scalar": cpu["scalar"],
        "twin": wall["twin"],
        "against_twin": wall["twin"] / wall["engine_two_threads"],
        "against_twin_per_core": cpu["twin"] / cpu["engine"],
        "against_scalar": cpu["scalar"] / cpu["engine"],
        "against_one_thread": wall["engine"] / wall["engine_two_threads"],
    }
    return found


def table_of(found: dict[str, float]) -> Table:
    """Lay the numbers out with what they must reach."""
    table = Table("The base scenario, a trajectory-step (40 steps a trajectory)")
    table.add("engine, one thread, processor time", found["engine"], "ns")
    table.add("engine, two threads, elapsed", found["engine_two_threads"], "ns")
    table.add("scalar numba prange, one thread, processor time", found["scalar"], "ns")
    table.add("NumPy twin, elapsed", found["twin"], "ns")
    table.add(
        "engine on two threads against the NumPy twin",
        found["against_twin"],
        "x",
        AGAINST_TWIN,
        at_least=True,
    )
    table.add("engine against the NumPy twin, per core", found["against_twin_per_core"], "x")
    table.add(
        "engine against scalar prange, per core", found["against_scalar"], "x", AGAINST_SCALAR, at_least=True
    )
    table.add("two threads against one", found["against_one_thread"], "x", AGAINST_ONE_THREAD, at_least=True)
    table.add("cores that two busy threads got", found["cores"], "")
    table.add("engine, load or compile and first run", found["compile_engine"], "s")
    table.add("scalar, compile and first run", found["compile_scalar"], "s")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("-n", "--trajectories", type=int, default=262_144, help="of the engine's runs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    found = compare(options.trajectories, options.rounds, twin_n=TWIN_BLOCK, scalar_n=16384)
    table_of(found).show(options.json)


if __name__ == "__main__":
    main()
