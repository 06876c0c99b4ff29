"""Runs of three parts and few arrays, written part by part: everything but the computing."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sandwich_sim.results.arrays import Layout
from sandwich_sim.results.fold import Fold
from sandwich_sim.results.layout import layout_of
from sandwich_sim.results.meta import RunMeta
from sandwich_sim.results.parts import PartSums, part_grid, sums_bytes, sums_from_bytes
from sandwich_sim.results.store import RunWriter
from synthetic_run import make_arrays, make_meta, unit_of

UNIT = 16
PROVENANCE = {"fingerprint": {"digest": "f" * 16}, "started": "2026-11-23T10:00:00+00:00"}


def use_small_parts(patch: pytest.MonkeyPatch) -> None:
    """Make parts of two units of 16 trajectories."""
    patch.setattr("sandwich_sim.results.meta.UNIT", UNIT)
    patch.setattr("sandwich_sim.results.parts.UNITS_PER_GROUP", 2)


def small_meta(**changes: Any) -> RunMeta:
    """Two full parts and a short one."""
    values = {"n_trajectories": 5 * UNIT - 3, "unit": UNIT, "fans": ("gap",), "keep_series": ("gap",)}
    return make_meta(**values | changes)


def small_layout(meta: RunMeta) -> Layout:
    """As few arrays as there can be, so that every operation of a run can be made to fail."""
    layout = layout_of(meta)
    summary = tuple(array for array in layout.summary if array.name == "gap_mean")
    accumulators = tuple(a for a in layout.accumulators if a.name.partition("/")[2] == "total")
    coordinates = tuple(array for array in layout.coordinates if array.name == "hop")
    trajectories = tuple(array for array in layout.trajectories if array.name in ("gap", "scramble"))
    return replace(
        layout,
        coordinates=coordinates,
        trajectories=trajectories,
        summary=summary,
        accumulators=accumulators,
    )


def part_sums(meta: RunMeta, part: int) -> PartSums:
    """Noise of the right shapes, the same for the same part."""
    return sums_from_bytes(meta, _noise(meta, part))


@cache
def _noise(meta: RunMeta, part: int) -> bytes:
    sums = sums_from_bytes(meta, bytes(sums_bytes(meta)))
    chance = np.random.default_rng(part)
    for field in fields(sums):
        values = getattr(sums, field.name)
        if field.name not in ("failures", "first_failure"):
            values[...] = chance.integers(1, 1000, values.shape)
    sums.total /= 7.0  # so that the order of additions shows
    return sums.to_bytes()


_arrays = cache(make_arrays)


def write_parts(folder: Path, meta: RunMeta, layout: Layout | None = None, *, order: int = 1) -> int:
    """Write a run, or what it lacks; returns how many parts were there."""
    layout = layout or small_layout(meta)
    grid, arrays = part_grid(meta), _arrays(meta)
    with RunWriter(folder, layout, 'name = "toy"\n', PROVENANCE) as writer:
        writer.prepare()
        stored = writer.stored
        fold = Fold(grid, writer.load_sums, stored)
        for part in range(grid.n_parts)[::order]:
            if part in stored:
                continue
            first = grid.first(part)
            for start in range(first, first + grid.count(part), meta.unit):
                if layout.trajectories:
                    writer.write_unit(start, unit_of(meta, arrays, start))
            sums = part_sums(meta, part)
            writer.commit(part, sums)
            fold.add(part, sums)
        accumulators = fold.result(meta, {})
        accumulators["alternation"] = np.arange(len(meta.hops))
        accumulators["alternation_pairs"] = np.array([7])
        summary = {array.name: np.full(array.shape, 0.5) for array in layout.summary}
        writer.finish(accumulators, summary)
    return len(stored)


def run_files(folder: Path) -> dict[str, bytes]:
    """Content of every file of a folder, by name."""
    return {
        os.path.relpath(path, folder): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
