"""Bugs that a gate must catch, and rearrangements that it must let pass, none of which needs a new kernel.

Each bug is planted where it could really sit: in the inputs that the kernels get, in the plan of the
draws, or in what comes back. The kernels themselves stay compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sandwich_sim import engine, model, prepare, sampling
from sandwich_sim.engine import Worker
from sandwich_sim.kernels.rng import key_of
from sandwich_sim.studies import paired

Patch = Callable[[pytest.MonkeyPatch], None]
HOPS = ("app", "lab", "cloud", "chips", "datacenter", "foundry", "memory", "power")


def inputs(change: Callable[[Any, Callable[[str], int]], Any]) -> Patch:
    """Let the kernels get changed inputs; ``change`` also gets a function from names to slots."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        original = prepare.build_model

        def build(spec: Any, **options: Any) -> Any:
            made = original(spec, **options)
            edges = sorted(spec.edges, key=lambda edge: spec.hop_names.index(edge.buyer))
            slots = model._slot_names(spec, edges)
            return replace(made, inputs=change(made.inputs, slots.index))

        patch.setattr(prepare, "build_model", build)

    return plant


def constant(name: str, change: Callable[[float], float]) -> Patch:
    """Let one constant of the model be another."""

    def apply(made: Any, slot: Callable[[str], int]) -> Any:
        values = made.constant.copy()
        assert made.draw_of[slot(name)] < 0, f"{name} is drawn"
        assert change(values[slot(name)]) != values[slot(name)]
        values[slot(name)] = change(values[slot(name)])
        return made._replace(constant=values)

    return inputs(apply)


def swapped_draws(first: str, second: str) -> Patch:
    """Let two drawn inputs change places."""

    def apply(made: Any, slot: Callable[[str], int]) -> Any:
        rows = made.draw_of.copy()
        rows[[slot(first), slot(second)]] = rows[[slot(second), slot(first)]]
        return made._replace(draw_of=rows)

    return inputs(apply)


def array(name: str, change: Callable[[Any], Any]) -> Patch:
    """Let one array of the inputs be another."""
    return inputs(lambda made, _: made._replace(**{name: change(getattr(made, name).copy())}))


def draws(change: Callable[[Any], Any]) -> Patch:
    """Let the plan of the draws be another."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        original = sampling.draw_plan

        def make(spec: Any, **options: Any) -> Any:
            return change(original(spec, **options))

        patch.setattr(sampling, "draw_plan", make)
        patch.setattr(model, "draw_plan", make)

    return plant


def outcomes(change: Callable[[Any, Any], None]) -> Patch:
    """Let what a worker hands back be changed, in place; ``change`` also gets the run's description."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        original = Worker.run

        def run(self: Worker, trajectories: Any, **options: Any) -> Any:
            found = original(self, trajectories, **options)
            change(found, self._meta)
            return found

        patch.setattr(Worker, "run", run)

    return plant


def _first(values: Any, *, value: Any) -> Any:
    values[...] = value
    return values


def _swap(values: Any, i: int, j: int) -> Any:
    values[[i, j]] = values[[j, i]]
    return values


def _one_stream(streams: Any) -> Any:
    streams[8:] = streams[8]
    return streams


def _uncorrelated(plan: Any) -> Any:
    return plan._replace(
        group=np.full_like(plan.group, -1),
        group_start=np.zeros(1, dtype=np.int64),
        members=np.empty(0, dtype=np.int64),
        factors=np.empty((0, plan.factors.shape[1])),
    )


def _one_scramble(plan: Any) -> Any:
    return plan._replace(steps=np.ascontiguousarray(np.broadcast_to(plan.steps[:, :, :1], plan.steps.shape)))


def _one_permutation(plan: Any) -> Any:
    keys = plan.round_keys
    return plan._replace(round_keys=np.ascontiguousarray(np.broadcast_to(keys[:1], keys.shape)))


def _single_precision(made: Any, _: Any) -> Any:
    return made._replace(constant=made.constant.astype(np.float32).astype(np.float64))


def _shift_index(patch: pytest.MonkeyPatch) -> None:
    original = Worker.run
    patch.setattr(Worker, "run", lambda self, indices, **options: original(self, indices + 1, **options))


def _each(found: Any, change: Callable[[Any], None]) -> None:
    for values in (found.parameters, found.cumulative, found.yearly, found.event_time):
        if values.size:
            change(values)


def _twice(values: Any) -> None:
    half = values.shape[-1] // 2
    values[..., half : 2 * half] = values[..., :half]


def _dropped(values: Any) -> None:
    values[..., -values.shape[-1] // 4 :] = 0.0


def _records_late(found: Any, meta: Any) -> None:
    if found.yearly.size:
        found.yearly[:, 1:] = found.yearly[:, :-1].copy()
    if found.series.size:
        found.series[:, 1:] = found.series[:, :-1].copy()


def _percent(found: Any, meta: Any) -> None:
    for row, name in enumerate(meta.keep_series):
        if found.yearly.size and name == "margin.chips":
            found.yearly[row] *= 100.0


def _hops_swapped(found: Any, meta: Any) -> None:
    found.cumulative[:, [1, 3]] = found.cumulative[:, [3, 1]]


def _not_discounted(found: Any, meta: Any) -> None:
    found.cumulative[2:4] = found.cumulative[0:2]


def _last_years_forgotten(found: Any, meta: Any) -> None:
    found.event_time[found.event_time > 8.0] = np.nan


def _one_is_nan(found: Any, meta: Any) -> None:
    if found.cumulative.size:
        found.cumulative[0, 0, 7] = np.nan


BUGS: dict[str, Patch] = {
    "the step is a fiftieth too long": inputs(lambda made, _: made._replace(dt=made.dt * 1.02)),
    "demand of two hops is swapped": array("demand_hop", lambda rows: _swap(rows, 0, 1)),
    "staff and sales of the labs are paid twice": constant("hop.lab.fixed_cost", lambda cost: 2.0 * cost),
    "a share of cost is lost": constant("edge.cloud-datacenter.share", lambda share: 0.8 * share),
    "jumps of two kinds are swapped": swapped_draws("open_source.leap_rate", "open_source.release_rate"),
    "two long-run rates are swapped": swapped_draws(
        "token_price.deflation_long", "compute_cost.software_decline_long"
    ),
    "the cost driver sits at the wrong hop": array("is_hardware", lambda flags: np.roll(flags, 1)),
    "two suppliers are swapped": array("edge_supplier", lambda rows: _swap(rows, -1, -2)),
    "capital is bought as it is used": array("edge_is_capital", lambda flags: _first(flags, value=0)),
    "expected growth is ignored": array("edge_expects", lambda flags: _first(flags, value=0)),
    "substitution is ignored": array("cobb_douglas", lambda flags: _first(flags, value=1)),
    "the ceiling of the market is missing": constant("demand_shock.ceiling_growth", lambda growth: 1.0),
    "a floor is missing": constant("compute_cost.maintenance", lambda floor: 1e-6),
    "all factors share one stream": array("shock_streams", _one_stream),
    "shocks are off": inputs(lambda made, _: made._replace(shocks=0)),
    "the seed is ignored": inputs(lambda made, _: made._replace(keys=key_of(0))),
    "inputs are cut to 32 bits": inputs(_single_precision),
    "correlation is dropped": draws(_uncorrelated),
    "scrambles are all the same": draws(_one_scramble),
    "permutations are all the same": draws(_one_permutation),
    "streams of inputs are renamed": draws(lambda plan: plan._replace(streams=plan.streams ^ np.uint64(1))),
    "trajectories are off by one": _shift_index,
    "records are late by one": outcomes(_records_late),
    "a margin is in percent": outcomes(_percent),
    "two hops are swapped in the sums": outcomes(_hops_swapped),
    "nothing is discounted": outcomes(_not_discounted),
    "events of the last years are forgotten": outcomes(_last_years_forgotten),
    "half of a block is taken twice": outcomes(lambda found, meta: _each(found, _twice)),
    "a quarter of a block is lost": outcomes(lambda found, meta: _each(found, _dropped)),
    "one trajectory is no number": outcomes(_one_is_nan),
}


def _narrow_blocks(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Worker.__init__, "__defaults__", (48, np.float32))


REARRANGED: dict[str, Patch] = {
    "blocks of another width": _narrow_blocks,
    "shorter calls of the kernel": lambda patch: patch.setattr(engine, "SLICE", 432),
    "other pieces of a comparison": lambda patch: patch.setattr(paired, "CHUNK", 1040),
    "constants rounded otherwise": array("constant", lambda values: values * (1.0 + 2e-16)),
    "a step rounded otherwise": inputs(lambda made, _: made._replace(dt=made.dt * (1.0 + 2.3e-16))),
    "quantile functions rounded otherwise": draws(
        lambda plan: plan._replace(shapes=plan.shapes * (1 + 1e-15))
    ),
}
"""Changes of code that are none."""

REWRITTEN: dict[str, str] = {
    "other words": 'extends = "base"\r\ntitle = "Other words"\r\nsummary = "and line ends"\r\n',
    "other options of the run": (
        'extends = "base"\n[run]\nseed = 5\ntrajectories = 4096\nsampler = "random"\n'
    ),
    "other things kept": 'extends = "base"\n[run]\nfans = ["gap"]\nkeep_series = ["price"]\n',
    "a number said otherwise": (
        'extends = "base"\n[compute_cost]\nenergy_vol = { value = 0.1, note = "as it was" }\n'
    ),
    "a distribution said otherwise": (
        'extends = "base"\n[open_source]\n'
        'gap = { dist = "lognormal", mu = 1.3862943611198906, sigma = 0.42140457136137956 }\n'
    ),
    "one more event": ('extends = "base"\n[event.another]\nclauses = [{ series = "gap", above = 30.0 }]\n'),
}
"""Changes of a scenario that change no outcome that is judged."""
