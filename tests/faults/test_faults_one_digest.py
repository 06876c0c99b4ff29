"""Threads, chunks, workers, order and the history of stops: one digest."""

import contextlib
import itertools
import random
import shutil
import time
from dataclasses import replace

import pytest

from cluster_runs import on_threads, small_processes
from forked_runs import UNIT, use_small_units
from sandwich_sim import execution
from sandwich_sim.prepare import prepare
from sandwich_sim.results.digest import content_digest
from sandwich_sim.results.parts import part_grid
from sandwich_sim.results.status import run_status
from sandwich_sim.results.store import RunWriter
from sandwich_sim.scenario.load import load_scenario, shipped_scenarios
from sandwich_sim.simulation import make_run
from sandwich_sim.studies import cluster_parts

N = 5 * UNIT + 77
THREADS = (1, 2, 3, 4, 8, 16)
CHUNKS = (UNIT, UNIT // 2, UNIT // 4, UNIT // 8)
"""Trajectories of a chunk; below a unit, parts are units, otherwise pairs of units."""
ORDERS = ("forward", "backward", "shuffled 1", "shuffled 2")
STOPS = ((), (1,), (2,), (1, 1), (1, 1, 1), (0, 1))
"""How many parts are done before each stop."""
WORKERS = (0, 1, 2, 4)
"""Workers of dask, each with so many threads; 0 for our own threads."""
KINDS = (THREADS, CHUNKS, ORDERS, STOPS, WORKERS)


def combinations(n):
    """Choose combinations so that any two values of different kinds meet as often as n allows."""
    chance = random.Random(1)
    every = list(itertools.product(*KINDS))
    met, chosen = set(), []
    for _ in range(n):
        chance.shuffle(every)
        best = max(every, key=lambda one: len(set(itertools.combinations(enumerate(one), 2)) - met))
        met |= set(itertools.combinations(enumerate(best), 2))
        chosen.append(best)
    return chosen, met


def test_the_combinations_hold_every_pair_of_values():
    chosen, met = combinations(48)
    pairs = sum(len(one) * len(other) for one, other in itertools.combinations(KINDS, 2))
    assert len(chosen) == len(set(chosen)) == 48
    assert len(met) == pairs


class StoppedError(Exception):
    """Stands for Ctrl-C."""


def reordered(order, units):
    units = list(units)
    if order == "backward":
        units.reverse()
    elif order != "forward":
        random.Random(order).shuffle(units)
    return units


def run_with_history(monkeypatch, folder, prepared, order, stops, executor):
    """Make a run in some order, stopped and gone on with; returns the parts at each stop."""
    chosen_units, begin_work = execution.run_chosen_units, cluster_parts._Work.__init__
    seen = []
    for stop in (*stops, None):
        left = [stop]

        def commit(self, part, sums, left=left, real=RunWriter.commit):
            if left[0] == 0:
                raise StoppedError
            real(self, part, sums)
            if left[0] is not None:
                left[0] -= 1

        def adopt(self, staged, left=left, real=RunWriter.adopt):
            for one in staged:
                if left[0] == 0:
                    raise StoppedError
                real(self, [one])
                if left[0] is not None:
                    left[0] -= 1

        def begin(self, *arguments):
            begin_work(self, *arguments)
            self._following = iter(reordered(order, self._following))

        def run_units(model, meta, plan, units, **options):
            return chosen_units(model, meta, plan, reordered(order, units), **options)

        with monkeypatch.context() as patch:
            patch.setattr(RunWriter, "commit", commit)
            patch.setattr(RunWriter, "adopt", adopt)
            patch.setattr(cluster_parts._Work, "__init__", begin)
            patch.setattr(execution, "run_chosen_units", run_units)
            try:
                make_run(folder, prepared, time.perf_counter(), executor=executor)
            except StoppedError:
                seen.append(run_status(folder).parts if folder.exists() else 0)
    return seen


def digests(monkeypatch, memory, name, keep, chosen):
    """Digests of a scenario's run by combinations of everything that must not matter."""
    use_small_units(monkeypatch.setattr)
    spec = load_scenario(name)
    found = {}
    for combination in chosen:
        threads, chunk, order, stops, workers = combination
        prepared = prepare(spec, trajectories=N, keep=keep, threads=threads, seed=3)
        prepared = replace(prepared, meta=replace(prepared.meta, unit=chunk))
        folder = memory / "combination"
        with on_threads(workers, threads) if workers else contextlib.nullcontext() as executor:
            at_stops = run_with_history(monkeypatch, folder, prepared, order, stops, executor)
        # A stop may come when more is done already than was asked for, never less.
        expected = list(itertools.accumulate(stops))
        assert all(n >= least for n, least in zip(at_stops, expected, strict=False)), (at_stops, stops)
        assert len(at_stops) == len(stops) or part_grid(prepared.meta).n_parts <= sum(stops)
        found[combination] = content_digest(folder)
        shutil.rmtree(folder)
    return found


@pytest.mark.parametrize(("name", "keep"), [("base", "outcomes"), ("price_war", "summary")])
def test_a_dozen_combinations_have_one_digest(monkeypatch, memory, name, keep):
    found = digests(monkeypatch, memory, name, keep, combinations(12)[0])
    assert len(set(found.values())) == 1, found


@pytest.mark.nightly
@pytest.mark.parametrize("keep", ["outcomes", "summary", "paths"])
@pytest.mark.parametrize("name", shipped_scenarios())
def test_forty_eight_combinations_have_one_digest(monkeypatch, memory, name, keep):
    found = digests(monkeypatch, memory, name, keep, combinations(48)[0])
    assert len(found) == 48
    assert len(set(found.values())) == 1, found


def digests_of_processes(monkeypatch, memory, cases):
    """Digests by what is kept and the number of worker processes; 0 for our own threads."""
    use_small_units(monkeypatch.setattr)
    spec, found = load_scenario("base"), {}
    for workers, threads, keep in cases:
        for processes in (0, workers):
            prepared = prepare(spec, trajectories=N, keep=keep, threads=threads, seed=3)
            folder = memory / "processes"
            with small_processes(processes) if processes else contextlib.nullcontext() as executor:
                make_run(folder, prepared, time.perf_counter(), executor=executor)
            found[keep, processes, threads] = content_digest(folder)
            shutil.rmtree(folder)
    return found


def test_two_processes_have_the_digest_of_threads(monkeypatch, memory):
    found = digests_of_processes(monkeypatch, memory, [(2, 1, "outcomes")])
    assert len(found) == 2
    assert len(set(found.values())) == 1, found


@pytest.mark.nightly
@pytest.mark.parametrize("keep", ["outcomes", "summary", "paths"])
def test_any_number_of_processes_has_the_digest_of_threads(monkeypatch, memory, keep):
    found = digests_of_processes(monkeypatch, memory, [(n, t, keep) for n in (1, 2, 4) for t in (1, 3)])
    assert len(found) == 8
    assert len(set(found.values())) == 1, found
