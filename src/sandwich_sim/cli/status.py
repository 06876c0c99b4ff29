"""`sandwich-sim status`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sandwich_sim.cli.options import example, json_option
from sandwich_sim.cli.output import clean_line, count, file_size, say, say_columns, say_json

if TYPE_CHECKING:
    from sandwich_sim.results.status import RunStatus


@click.command(epilog=example("sandwich-sim status results/base-1a2b3c4d", "sandwich-sim status mine --json"))
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN")
@json_option
def command(run: Path, as_json: bool) -> None:
    """Say how far the run in the folder RUN is, who writes there, and what to do next.

    Only the manifest is read; `verify` looks at every byte.
    """
    from sandwich_sim.results.status import run_status

    status = run_status(run)
    if as_json:
        say_json(_document(status))
        return
    meta = status.meta
    asked = (count(meta.n_trajectories, "trajectory"), meta.sampler, f"seed {meta.seed}", f"keep {meta.keep}")
    say(f"{clean_line(run)}: {_state(status)}")
    rows = [
        ("scenario", f"{meta.name} ({meta.title})"),
        ("options", ", ".join(asked) + ("" if meta.shocks else ", no shocks")),
        ("parts", f"{status.parts:,} of {status.n_parts:,} ({count(status.trajectories, 'trajectory')})"),
        ("on disk", file_size(status.size_bytes)),
        ("started", status.started),
        *(("damaged", f"the manifest's {problem}") for problem in status.problems),
        *((("next", step),) if (step := _next(status)) else ()),
    ]
    say_columns(rows, indent="  ")


def _state(status: RunStatus) -> str:
    if status.holder:
        return f"being written by {status.holder}"
    if status.problems:
        return "damaged"
    return "complete" if status.state == "complete" else "stopped before its end"


def _next(status: RunStatus) -> str:
    if status.problems:
        return f"sandwich-sim repair {shlex.quote(str(status.folder))}"
    if status.holder or status.state == "complete":
        return ""
    return f"sandwich-sim resume {shlex.quote(str(status.folder))}"


def _document(status: RunStatus) -> dict[str, Any]:
    meta = status.meta
    return {
        "folder": status.folder,
        "state": status.state,
        "writing": status.holder,
        "name": meta.name,
        "title": meta.title,
        "digest": meta.scenario_digest,
        "n_trajectories": meta.n_trajectories,
        "trajectories": status.trajectories,
        "n_parts": status.n_parts,
        "parts": status.parts,
        "size_bytes": status.size_bytes,
        "started": status.started,
        "fingerprint": status.fingerprint,
        "problems": status.problems,
    }
