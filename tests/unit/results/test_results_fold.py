"""Parts add up to the same bits as units do, in any order of arrival, stored or not."""

import random

import numpy as np
import pytest

from engine_runs import different
from forked_runs import UNIT, small_spec, use_small_units
from sandwich_sim.engine import run_units
from sandwich_sim.prepare import prepare
from sandwich_sim.results import reduce
from sandwich_sim.results.fold import Fold, Gather
from sandwich_sim.results.parts import part_grid, sums_bytes, sums_from_bytes, unit_sums
from sandwich_sim.results.reduce import new_accumulators, record_plan
from sandwich_sim.results.tails import no_tails

N = 5 * 2 * UNIT + 300


@pytest.fixture(scope="module")
def spec():
    return small_spec()


@pytest.fixture
def parts(monkeypatch):
    use_small_units(monkeypatch.setattr)


def copies(prepared):
    """Run all units; returns what makes fresh sums of them."""
    meta = prepared.meta
    plan = record_plan(prepared.spec, meta)
    results = list(run_units(prepared.model(), meta, plan, threads=2))

    def fresh():
        return [
            (
                result.unit,
                type(result.accumulators)(*(array.copy() for array in result.accumulators)),
                result.non_finite,
            )
            for result in results
        ]

    return plan, fresh


@pytest.mark.parametrize("keep", ["summary", "paths"])
def test_parts_add_up_to_the_bits_of_units(parts, spec, monkeypatch, keep):
    monkeypatch.setattr("sandwich_sim.results.reduce.UNITS_PER_GROUP", 2)
    prepared = prepare(spec, trajectories=N, keep=keep, seed=5)
    meta, grid = prepared.meta, part_grid(prepared.meta)
    assert grid.n_parts == (6 if keep == "summary" else 11)
    plan, fresh = copies(prepared)
    plain = reduce.Fold(meta, plan)
    for unit, accumulators, non_finite in fresh():
        plain.add(unit, accumulators, non_finite)
    expected = plain.result({})
    chance = random.Random(1)
    for _ in range(5):
        gather, stored = Gather(grid), {}
        units = fresh()
        chance.shuffle(units)
        arrived = []
        for unit, accumulators, non_finite in units:
            sums = gather.add(unit, unit_sums(accumulators, non_finite, no_tails(4, len(meta.hops))))
            if sums is not None:
                arrived.append((grid.part_of(unit), sums))
        assert sorted(part for part, _ in arrived) == list(range(grid.n_parts))
        for part, sums in list(arrived):
            if chance.random() < 0.5:
                stored[part] = sums.to_bytes()
                arrived.remove((part, sums))
        fold = Fold(grid, lambda part, stored=stored: sums_from_bytes(meta, stored[part]), frozenset(stored))
        for part, sums in arrived:
            fold.add(part, sums)
        found = fold.result(meta, {})
        del found["tail_value"], found["tail_index"]
        assert different(found, expected) == []


def test_a_missing_part_is_noticed(parts, spec):
    meta = prepare(spec, trajectories=N, keep="summary").meta
    grid = part_grid(meta)
    fold = Fold(grid)
    for part in (0, 1, 3, 4, 5):
        fold.add(part, sums_from_bytes(meta, bytes(sums_bytes(meta))))
    with pytest.raises(ValueError, match="part 2 is missing"):
        fold.result(meta, {})


def test_stored_sums_have_the_shapes_of_the_engine(spec):
    meta = prepare(spec, trajectories=N).meta
    plan = record_plan(spec, meta)
    sums = unit_sums(new_accumulators(meta, plan), np.empty(0, np.int64), no_tails(4, len(meta.hops)))
    assert len(sums.to_bytes()) == sums_bytes(meta)
    again = sums_from_bytes(meta, sums.to_bytes())
    for name, values in vars(sums).items():
        assert getattr(again, name).shape == values.shape, name
        assert getattr(again, name).dtype == values.dtype, name
    with pytest.raises(ValueError, match="instead of"):
        sums_from_bytes(meta, sums.to_bytes()[:-1])


@pytest.mark.parametrize("n", [1, UNIT, 2 * UNIT, 2 * UNIT + 1, 7 * UNIT - 1])
@pytest.mark.parametrize("keep", ["summary", "outcomes", "paths"])
def test_parts_cover_every_unit_once(parts, spec, n, keep):
    grid = part_grid(prepare(spec, trajectories=n, keep=keep, sampler="random").meta)
    units = [unit for part in range(grid.n_parts) for unit in grid.units(part)]
    assert units == list(range(-(-n // UNIT)))
    assert sum(grid.count(part) for part in range(grid.n_parts)) == n
    assert all(grid.part_of(unit) == part for part in range(grid.n_parts) for unit in grid.units(part))
    assert grid.ends_group(grid.n_parts - 1)
