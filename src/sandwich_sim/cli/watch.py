"""`sandwich-sim watch`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sandwich_sim.cli.figures import needs_plots, write_figures
from sandwich_sim.cli.options import WholeNumber, example, json_option, threads_option
from sandwich_sim.cli.output import clean_line, note, say, say_json
from sandwich_sim.cli.progress import ProgressLine
from sandwich_sim.errors import ConditioningError

if TYPE_CHECKING:
    from sandwich_sim.analysis.watch_result import Watch


@click.command(
    epilog=example(
        "sandwich-sim watch base --seen 2026Q3=-0.15 --seen 2026Q4=-0.10",
        "sandwich-sim watch base --seen 2026Q3=-0.15+-0.02 --seen gap@2026Q3=4",
        "sandwich-sim watch results/base-1a2b3c4d --file my_evidence.toml -o figures",
    )
)
@click.argument("source", type=click.Path(), metavar="SCENARIO|RUN")
@click.option(
    "--seen",
    multiple=True,
    metavar="QUARTER=VALUE",
    help="The labs' all-in margin of a quarter: 2026Q3=-0.15, with its error 2026Q3=-0.15+-0.02, or of "
    "another series gap@2026Q3=4. May be repeated.",
)
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    metavar="EVIDENCE.toml",
    help="An evidence file; what it says of quarters counts as seen.",
)
@click.option(
    "--event",
    "events",
    multiple=True,
    metavar="NAME",
    help="What to watch.  [default: both readings of the falsification condition]",
)
@click.option(
    "--error",
    type=float,
    default=None,
    metavar="SD",
    help="Standard deviation of margins that come without one.  [default: 0.05]",
)
@click.option("-n", "--trajectories", type=WholeNumber(min=16), metavar="N", help="How many trajectories.")
@click.option("--seed", type=WholeNumber(0, 2**64 - 1), metavar="N", help="Seed of a scenario.")
@threads_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    callback=needs_plots,
    help="Write figures there, light and dark.",
)
@click.option("--quiet", is_flag=True, help="Print one line an event.")
@json_option
def command(source: str, **options: Any) -> int:
    """Say how far the falsification condition is from being met, given the quarters seen so far.

    First what no chance can change: when it could be met at the earliest, and what each value of the
    next quarter makes of that. Then how likely it is, given what was seen. The exit code is 8 where
    the weights are too uneven to carry a probability.
    """
    if options["output"] is not None:
        options["output"].mkdir(parents=True, exist_ok=True)
    result = _watch(source, options)
    figures = _write_figures(result, options["output"]) if options["output"] is not None else []
    code = 0 if result.is_reliable else ConditioningError.exit_code
    if options["as_json"]:
        say_json({**result.to_document(), "figures": figures, "exit_code": code})
    else:
        from sandwich_sim.cli.watch_table import print_watch

        print_watch(result, quiet=options["quiet"])
        for path in figures if not options["quiet"] else ():
            say(f"Wrote: {clean_line(path)}")
    if not result.is_reliable and (options["quiet"] or options["as_json"]):
        note(f"error: conditioning is unreliable: {'; '.join(result.diagnosis.problems)}.")
    return code


def _watch(source: str, options: dict[str, Any]) -> Watch:
    progress = ProgressLine(quiet=options["quiet"])
    try:
        # Only now: numba takes a while to load, and help should not wait.
        from sandwich_sim.studies.watch import ERROR, watch

        return watch(
            source,
            options["seen"],
            file=options["file"],
            events=options["events"],
            error=ERROR if options["error"] is None else options["error"],
            trajectories=options["trajectories"],
            seed=options["seed"],
            threads=options["threads"],
            progress=progress,
        )
    finally:
        progress.close()


def _write_figures(result: Watch, folder: Path) -> list[str]:
    from sandwich_sim.plots.watch import watch_figures

    return write_figures(folder, lambda theme: watch_figures(result, theme))
