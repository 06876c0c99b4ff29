"""`sandwich-sim runs`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sandwich_sim.cli.options import example, json_option
from sandwich_sim.cli.output import clean_line, count, file_size, note, say, say_columns, say_json
from sandwich_sim.errors import UsageError

if TYPE_CHECKING:
    from sandwich_sim.results.run_list import RunInfo


@click.command(epilog=example("sandwich-sim runs", "sandwich-sim runs nightly/ --json"))
@click.argument("root", type=click.Path(path_type=Path), metavar="[ROOT]", required=False)
@click.option("--quiet", is_flag=True, help="Print nothing but the folders.")
@json_option
def command(root: Path | None, quiet: bool, as_json: bool) -> None:
    """List the runs in ROOT (results) and in the folders below it, the newest first."""
    from sandwich_sim.results.run_list import list_runs

    if root is not None and not root.is_dir():
        raise UsageError(f"{root}: no such folder.")
    root = root or Path("results")
    found = list_runs(root)
    if as_json:
        say_json({"runs": [{**vars(run), "state": state_of(run)} for run in found]})
        return
    if quiet:
        for run in found:
            say(str(run.folder))
        return
    if found:
        rows = [
            (
                str(run.folder),
                run.run_digest[:8],
                f"{run.n_trajectories:,}" if run.n_trajectories else "",
                run.sampler,
                run.keep,
                file_size(run.size_bytes),
                run.created[:10],
                state_of(run),
            )
            for run in found
        ]
        say_columns(rows, ("folder", "run", "trajectories", "sampler", "keep", "size", "started", "state"))
    note(f"{count(len(found), 'run')} in {clean_line(root)}")
    for run in found:
        if run.problem:
            note(clean_line(run.problem))


def state_of(run: RunInfo) -> str:
    """`complete`, or what is wrong with a run."""
    if run.failed:
        return "failed its checks"
    if not run.complete:
        return "incomplete"
    return "damaged" if run.problem else "complete"
