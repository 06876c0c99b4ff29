"""`sandwich-sim repair`."""

from __future__ import annotations

from pathlib import Path

import click

from sandwich_sim.cli.options import example, json_option, threads_option
from sandwich_sim.cli.output import clean_line, count, duration, say, say_json
from sandwich_sim.cli.progress import ProgressLine


@click.command(epilog=example("sandwich-sim repair results/base-1a2b3c4d"))
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN")
@threads_option
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@json_option
def command(run: Path, threads: int | None, quiet: bool, as_json: bool) -> None:
    """Compute again what is damaged of the run in the folder RUN.

    Every file is read; one that is missing or damaged is made again, from the seed and the
    numbers of its trajectories, and must come out as it was recorded.
    """
    progress = ProgressLine(quiet=quiet)
    try:
        from sandwich_sim.studies.repair import repair

        done = repair(run, threads=threads, progress=progress)
    finally:
        progress.close()
    if as_json:
        say_json(vars(done))
        return
    if quiet:
        return
    for name in done.files:
        say(f"made again: {name}")
    how = f"{count(done.trajectories, 'trajectory')} computed, {duration(done.seconds)}"
    say(f"{clean_line(run)}: {count(len(done.files), 'file')} made again ({how})")
