"""Runs described as their neighbours: each reader refuses, or reads what it would have read."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from malformed_runs import Forge

from forked_runs import small_spec
from sandwich_sim.errors import SandwichSimError
from sandwich_sim.results.dataset import open_run, read_accumulators
from sandwich_sim.results.digest import content_digest
from sandwich_sim.results.export import export
from sandwich_sim.results.run_list import list_runs
from sandwich_sim.results.schema_files import PROVENANCE
from sandwich_sim.results.verify import verify_run
from sandwich_sim.simulation import run
from sandwich_sim.studies.recompute import recompute
from sandwich_sim.studies.repair import repair
from sandwich_sim.studies.replay import replay
from sandwich_sim.studies.resume import resume


@pytest.fixture(scope="module")
def forge(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("neighbour") / "run"
    run(small_spec(), output=folder, trajectories=48, threads=1, keep=request.param)
    return Forge(folder)


def neighbours(value: Any) -> list[Any]:
    """What is next to a number, and to what else a description holds."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | float):
        return [value + 1, value - 1, 2 * value, 0, -value, value / 2]
    if isinstance(value, str):
        texts = (
            f"{value}x",
            value[:-1],
            "",
            "2026-07-02",
            "random",
            "latin-hypercube",
            "outcomes",
            "summary",
        )
        return [text for text in (*texts, "paths", "0" * 64) if text != value]
    if not value:
        return [["bust"], [1]]
    lists = [value[1:], value[:-1], [*value, value[0]], value[::-1], [], [value[-1], *value[1:]]]
    return [*lists, *([other, *value[1:]] for other in neighbours(value[0])[:4])]


def cases(described: dict[str, Any]) -> list[dict[str, Any]]:
    """Changes of one value of a description, and of two that must be as long as each other."""
    found = [{name: other} for name, value in described.items() for other in neighbours(value)]
    for one, other in (("hops", "hop_titles"), ("events", "event_titles")):
        pair = zip(neighbours(described[one]), neighbours(described[other]), strict=True)
        found += [{one: left, other: right} for left, right in pair]
    return [change for change in found if {**described, **change} != described]


def same(one: Any, other: Any) -> bool:
    """Whether two results are the same, numbers in all their bits."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, np.ndarray):
        return one.shape == other.shape and bool(np.all((one == other) | ((one != one) & (other != other))))
    return bool(one == other)


def exported(folder, room):
    """Return the table that is written."""
    path = room / "table.csv"
    path.unlink(missing_ok=True)
    export(folder, path)
    return path.read_bytes()


def content(folder):
    """Return every file but those that name the description itself."""
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("manifest.jsonl", "_COMPLETE", "provenance.json")
    }


def repaired(folder, room):
    """Return all files after a repair."""
    repair(folder, threads=1)
    return content(folder)


def resumed(folder, room):
    """Return all files after going on."""
    resume(folder, threads=1)
    return content(folder)


READERS = {
    "open": lambda folder, room: {
        name: variable.values
        for name, variable in open_run(folder).variables.items()
        if variable.dtype.kind != "T"
    },
    "sums": lambda folder, room: read_accumulators(folder),
    "digest": lambda folder, room: content_digest(folder, threads=1),
    "export": exported,
    "recompute": lambda folder, room: recompute(folder, [0, 17], "margin"),
    "replay": lambda folder, room: repr(replace(replay(folder, 17), run_digest="")),
    "repair": repaired,
    "resume": resumed,
}


def is_told(folder) -> bool:
    """Whether those who look at a run say that its description is not of it."""
    listed = [info.problem for info in list_runs(folder)]
    try:
        problems = verify_run(folder).problems
    except SandwichSimError:
        problems = {"manifest.jsonl": "damaged"}
    return bool(problems) and all(listed)


def may_be_untold(folder, change) -> bool:
    """Whether nothing in the folder but the scenario, or nothing at all, depends on it."""
    if list(change) == ["parameters"]:
        return not (folder / "parameters").exists()
    return list(change) == ["unit"] and change["unit"] > 48  # one chunk holds all, whatever its size


def quiet(forge, room, changes, readers, sound) -> list[str]:
    """Names of readers that read something else than the sound run holds, for each change."""
    found = []
    for change in changes:
        forge.describe(change)
        for name in readers:
            with suppress(SandwichSimError):
                if not same(READERS[name](forge.folder, room), sound[name]):
                    found.append(f"{name}: {str(change)[:100]}")
        if not (is_told(forge.folder) or may_be_untold(forge.folder, change)):
            found.append(f"verify: {str(change)[:100]}")
        forge.restore()
    return found


def sound_results(forge, room):
    forge.seal()
    sound = {name: reader(forge.folder, room) for name, reader in READERS.items()}
    forge.restore()
    return sound


def all_cases(forge):
    return cases(json.loads(forge.sound[forge.folder / PROVENANCE])["run"])


@pytest.mark.filterwarnings("ignore")  # 48 trajectories have no quantiles to draw
@pytest.mark.parametrize("forge", ["outcomes"], indirect=True)
def test_no_reader_takes_a_run_for_its_neighbour(forge, tmp_path):
    sound, names = sound_results(forge, tmp_path), list(READERS)
    changes = all_cases(forge)
    assert len(changes) > 150
    found = []
    for place, name in enumerate(names):
        found += quiet(forge, tmp_path, changes[place :: 2 * len(names)], [name], sound)
    assert not found


@pytest.mark.nightly
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("forge", ["outcomes", "summary", "paths"], indirect=True)
def test_no_reader_takes_a_run_for_any_neighbour(forge, tmp_path):
    assert not quiet(forge, tmp_path, all_cases(forge), READERS, sound_results(forge, tmp_path))
