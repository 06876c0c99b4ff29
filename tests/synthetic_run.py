"""Runs made of plain random numbers, with sums and counts taken the slow and obvious way."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.results.aggregate import dataset_summary
from sandwich_sim.results.arrays import Layout
from sandwich_sim.results.layout import fine_series, layout_of
from sandwich_sim.results.meta import N_SCRAMBLE, RunMeta
from sandwich_sim.results.store import RunWriter
from sandwich_sim.variables import VARIABLES, expand_series, series_names

Arrays = dict[str, NDArray[Any]]
HOPS = ("app", "lab", "chips")


def make_meta(**changes: Any) -> RunMeta:
    """A chain of three hops over two years; units of 64 trajectories."""
    values: dict[str, Any] = {
        "name": "toy",
        "title": "Toy chain",
        "summary": "Nothing but noise.",
        "start": date(2026, 7, 1),
        "years": 2,
        "steps_per_year": 4,
        "hops": HOPS,
        "hop_titles": ("Applications", "Labs", "Chips"),
        "events": ("boom", "bust"),
        "event_titles": ("A boom", "A bust"),
        "parameters": ("open_source.gap", "hop.chips.scarcity"),
        "fans": expand_series(("margin", "gap"), HOPS),
        "keep_series": expand_series(("margin", "profit_share", "gap"), HOPS),
        "n_trajectories": 200,
        "seed": 2**64 - 1,
        "sampler": "random",
        "keep": "outcomes",
        "shocks": True,
        "stream_version": 1,
        "scenario_digest": "ab" * 32,
        "sobol_slots": ("open_source.gap", "hop.chips.scarcity"),
        "unit": 64,
    }
    return RunMeta(**values | changes)


def make_arrays(meta: RunMeta, seed: int = 1) -> Arrays:
    """Random arrays of all trajectories in the kernel's order, ``series`` among them."""
    generator = np.random.default_rng(seed)
    n, n_hop, n_event = meta.n_trajectories, len(meta.hops), len(meta.events)
    names = series_names(meta.hops)
    series = generator.normal(0.2, 0.3, (len(names), meta.n_record, n))
    for row, name in enumerate(names):
        if name.startswith("profit_share."):
            series[row, :, ::7] = np.nan
    kept = [names.index(name) for name in meta.keep_series]
    event_time = generator.uniform(0.0, meta.years * 2.0, (n_event, n))
    event_time[event_time > meta.years] = np.nan
    arrays: Arrays = {
        "parameters": generator.uniform(size=(len(meta.parameters), n)),
        "cumulative": generator.normal(50.0, 20.0, (4, n_hop, n)),
        "event_flag": np.isfinite(event_time).astype(np.uint8),
        "event_time": event_time,
        "yearly": series[kept][:, :: meta.steps_per_year],
        "series": series,
        "scramble": (np.arange(n) % N_SCRAMBLE).astype(np.uint8),
        "log_weight": np.zeros(n),
    }
    return arrays


def count_buckets(values: NDArray[Any], name: str, n_bucket: int) -> NDArray[np.int64]:
    """Histogram of one series by the definition: buckets, underflow, overflow, undefined."""
    variable = VARIABLES[name.partition(".")[0]]
    x = values.ravel()
    is_defined = ~np.isnan(x)
    x = x[is_defined].astype(np.float64)
    place = x if variable.scale == 0 else x / (abs(variable.scale) + np.abs(x))
    if variable.scale < 0:
        place = np.log(np.maximum(x, 1e-300))
    bucket = np.floor((place - variable.low) / (variable.high - variable.low) * n_bucket)
    bucket = np.where(bucket < 0, n_bucket, np.where(bucket >= n_bucket, n_bucket + 1, bucket))
    counts = np.bincount(bucket.astype(np.int64), minlength=n_bucket + 3)
    counts[n_bucket + 2] = np.count_nonzero(~is_defined)
    return counts


def accumulate(meta: RunMeta, arrays: Arrays) -> Arrays:
    """Sums and counts of a run by the definitions of the product's contract."""
    names, series, scramble = series_names(meta.hops), arrays["series"], arrays["scramble"]
    by_scramble = [series[..., scramble == r] for r in range(N_SCRAMBLE)]
    share = names.index(f"profit_share.{meta.hops[0]}")
    time = arrays["event_time"]
    years = np.where(np.isnan(time), -1, np.ceil(time))
    ends = [0, -1]
    return {
        "total": np.stack([np.nansum(part, axis=-1).T for part in by_scramble]),
        "square": np.stack([np.nansum(part**2, axis=-1).T for part in by_scramble]),
        "undefined": np.stack([np.isnan(part[share]).sum(axis=-1) for part in by_scramble]),
        "count": np.array([part.shape[-1] for part in by_scramble]),
        "fan": np.stack(
            [
                np.stack(
                    [count_buckets(series[names.index(name), t], name, 256) for t in range(meta.n_record)]
                )
                for name in meta.fans
            ]
        ),
        "fine": np.stack(
            [
                [
                    [count_buckets(part[names.index(name), end], name, 1024) for end in ends]
                    for name in fine_series(meta.hops)
                ]
                for part in by_scramble
            ]
        ),
        "event_count": np.stack(
            [
                np.stack(
                    [(years[:, scramble == r] == year).sum(axis=-1) for year in range(meta.years + 1)], -1
                )
                for r in range(N_SCRAMBLE)
            ]
        ),
        "event_total": np.stack([(years[:, scramble == r] >= 0).sum(axis=-1) for r in range(N_SCRAMBLE)]),
        "alternation": np.array([3, 0, 1][: len(meta.hops)]),
        "alternation_pairs": np.array(100 * meta.n_trajectories),
        "failures": np.zeros(4, dtype=np.int64),
        "first_failure": np.full(4, -1),
        **tails(arrays["cumulative"].astype(np.float32)),
    }


def tails(cumulative: NDArray[Any]) -> Arrays:
    """The 32 lowest and highest trajectories of every outcome by plain sorting."""
    value = np.full((*cumulative.shape[:2], 2, 32), np.nan, dtype=np.float32)
    index = np.full(value.shape, -1, dtype=np.int64)
    for outcome, hop in np.ndindex(cumulative.shape[:2]):
        row = cumulative[outcome, hop]
        numbers = [i for i in range(row.size) if not np.isnan(row[i])]
        for end, sign in enumerate((1, -1)):
            found = sorted(numbers, key=lambda i: (sign * row[i], i))[:32]
            index[outcome, hop, end, : len(found)] = found
            value[outcome, hop, end, : len(found)] = row[found]
    return {"tail_value": value, "tail_index": index}


def unit_of(meta: RunMeta, arrays: Arrays, first: int) -> Arrays:
    """The arrays of the unit that starts at a trajectory, in the types of the engine."""
    part = {name: values[..., first : first + meta.unit] for name, values in arrays.items()}
    return {name: v.astype(np.float32) if v.dtype == np.float64 else v for name, v in part.items()}


def write_run(
    folder: Path,
    meta: RunMeta,
    arrays: Arrays | None = None,
    *,
    started: str = "2026-11-23T10:00:00+00:00",
    **accumulated: Any,
) -> Layout:
    """Write a whole run folder."""
    arrays = arrays or make_arrays(meta)
    layout = layout_of(meta)
    accumulators = accumulate(meta, arrays) | accumulated
    provenance = {
        "fingerprint": {"digest": "f" * 16},
        "versions": {"sandwich-sim": "0.1.0"},
        "started": started,
    }
    with RunWriter(folder, layout, 'name = "toy"\n', provenance) as writer:
        if meta.keep != "summary":
            for first in range(0, meta.n_trajectories, meta.unit):
                writer.write_unit(first, unit_of(meta, arrays, first))
        writer.finish(accumulators, dataset_summary(accumulators, meta))
    return layout
