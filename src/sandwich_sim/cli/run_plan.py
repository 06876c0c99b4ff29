"""What a run would take: `run --dry-run`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandwich_sim.cli.failures import report_failure
from sandwich_sim.cli.output import count, duration, file_size, say
from sandwich_sim.errors import SandwichSimError

if TYPE_CHECKING:
    from sandwich_sim.scenario.spec import ScenarioSpec
    from sandwich_sim.simulation import Executor


def folder_of(spec: ScenarioSpec, place: dict[str, Any], choices: dict[str, Any]) -> Path:
    """Return where a run goes; ``place`` and ``choices`` as for `plan_document`."""
    from sandwich_sim.prepare import prepare

    if place["output"] is not None:
        return Path(place["output"])
    return Path(place["root"], prepare(spec, **choices).meta.folder_name)


def part_size(spec: ScenarioSpec, choices: dict[str, Any]) -> int:
    """Return how many trajectories of a run are put on the disk at once, the first of them, too."""
    from sandwich_sim.prepare import prepare
    from sandwich_sim.results.parts import part_grid

    return part_grid(prepare(spec, **choices).meta).count(0)


def plan_document(
    spec: ScenarioSpec, place: dict[str, Any], choices: dict[str, Any], executor: Executor | None = None
) -> dict[str, Any]:
    """Plan one run.

    Parameters
    ----------
    spec : ScenarioSpec
    place : dict
        ``output`` and ``root`` of `simulate.run`.
    choices : dict
        Its options that change what is computed.
    executor : Executor, optional
        As in `simulation.run`.

    Returns
    -------
    dict
        Sizes, and ``exit_code``: 0 if it fits, 5 if not, 2 if it is impossible (both reported).
    """
    from sandwich_sim.prepare import plan, prepare
    from sandwich_sim.results.plan import check_plan

    found: dict[str, Any] = {"exit_code": 0}
    try:
        prepared = prepare(spec, **choices)
        if executor is not None:
            prepared = replace(prepared, threads=executor.threads, processes=executor.processes)
        planned = plan(prepared)
        folder = place["output"] or place["root"] / prepared.meta.folder_name
        found |= {
            "folder": folder,
            "run_digest": prepared.meta.run_digest,
            "trajectories": planned.n_trajectories,
            "threads": planned.threads,
            "memory_bytes": planned.memory_bytes,
            "disk_bytes": planned.disk_bytes,
            "passing_disk_bytes": planned.passing_disk_bytes,
            "seconds": planned.seconds,
        }
        check_plan(planned, folder)
    except SandwichSimError as error:
        found["exit_code"] = report_failure(error)
    return found


def print_plan(document: dict[str, Any]) -> None:
    """Print one plan on two lines; nothing if there is none."""
    if "folder" not in document:
        return
    sizes = f"{file_size(document['memory_bytes'])} of memory, {file_size(document['disk_bytes'])} of disk"
    sizes += f" ({file_size(document['passing_disk_bytes'])} more until it ends)"
    threads = count(document["threads"], "thread")
    say(f"{document['source']}: {count(document['trajectories'], 'trajectory')} into {document['folder']}")
    say(f"    about {sizes}, {duration(document['seconds'])} on {threads}")
