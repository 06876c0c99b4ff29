"""The NumPy twin as a yardstick: what something costs, in passes of the twin within the same run.

A busy or slow machine slows the twin as much as what is measured, so that the ratio of the two
tells whether the code has changed where seconds tell what else was running.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

import reference
from reference_chain import Chain, shock_names
from sandwich_sim.scenario.load import load_scenario
from scalar_inputs import parameters_of

TRAJECTORIES = 1024
"""Of one pass: 40 steps each of the base scenario, its shocks drawn by NumPy; about 0.15 s."""


class Yardstick:
    """Times the twin again and again; `pass_seconds` is the best of its times."""

    def __init__(self) -> None:
        spec = load_scenario("base")
        self._chain = Chain.from_spec(spec)
        self._names = shock_names(self._chain)
        self._parameters = parameters_of(spec, TRAJECTORIES, 1)
        self._generator = np.random.Generator(np.random.SFC64(1))
        self._times: list[float] = []
        self._run()  # the first one fetches memory

    @property
    def pass_seconds(self) -> float:
        """Processor time of one pass [s]."""
        return min(self._times)

    def begin(self) -> None:
        """Forget what was timed before."""
        self._times.clear()

    def tick(self) -> None:
        """Time one pass."""
        begun = time.process_time()
        self._run()
        self._times.append(time.process_time() - begun)

    def _run(self) -> None:
        shape = (self._chain.n_step, TRAJECTORIES)
        shocks = {name: self._generator.standard_normal(shape) for name in self._names}
        for jump in ("leap", "release"):
            rate = self._parameters[f"open_source.{jump}_rate"] * self._chain.dt
            shocks[f"shock.{jump}"] = self._generator.poisson(rate, shape)
        for values in reference.simulate(self._chain, self._parameters, shocks).values():
            values.sum(axis=-1)


def measured(benchmark: Any, yardstick: Yardstick, work: Callable[[], Any], *, rounds: int = 5) -> float:
    """Time ``work`` in turn with the twin; return its cost in passes of the twin, and note it.

    Where benchmarks are switched off (``--benchmark-disable``), it runs once and costs nothing.
    """
    work()  # compile, fill caches
    yardstick.begin()

    def tick() -> None:
        yardstick.tick()

    benchmark.pedantic(work, setup=tick, rounds=rounds, iterations=1)
    if benchmark.stats is None:
        return 0.0
    cost = float(benchmark.stats.stats.min) / yardstick.pass_seconds
    benchmark.extra_info["twin_passes"] = cost
    return cost
