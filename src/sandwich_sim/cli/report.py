"""`sandwich-sim report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sandwich_sim.cli.figures import check_plots
from sandwich_sim.cli.options import example, json_option
from sandwich_sim.cli.output import file_size, note, say, say_json
from sandwich_sim.errors import UsageError

if TYPE_CHECKING:
    from sandwich_sim.analysis.compare_result import Comparison

MOST_RUNS = 12


@click.command(
    epilog=example(
        "sandwich-sim report results/base-1a2b3c4d -o report.html",
        "sandwich-sim report results/base-1a2b3c4d results/capex_bust-5e6f7a8b -o both.html",
    )
)
@click.argument("runs", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="RUN...")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default="report.html",
    show_default=True,
    help="File to write.",
)
@click.option("--force", is_flag=True, help="Overwrite the file.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@json_option
def command(runs: tuple[Path, ...], output: Path, force: bool, quiet: bool, as_json: bool) -> None:
    """Write one HTML file that shows the result folders RUN, side by side if there are several.

    Several are compared, each with the first: by differences of single trajectories where they pair.
    The file needs no network and no server: mail it, open it, print it.
    """
    if len(runs) > MOST_RUNS:
        raise UsageError(f"{len(runs)} runs are too many for one page. Name at most {MOST_RUNS}.")
    _check_file(output, force=force)
    check_plots("a report needs")
    from sandwich_sim.report.build import write_report

    comparisons, not_compared = _compare(runs)
    size = write_report(runs, output, comparisons=comparisons, not_compared=not_compared)
    if as_json:
        say_json({"file": output, "bytes": size, "runs": runs})
    elif not quiet:
        say(str(output))
        note(f"{file_size(size)}; open it in any browser.")


def _check_file(output: Path, *, force: bool) -> None:
    """Refuse a name that cannot be written to, before any work."""
    from sandwich_sim.results.files import explained_errors

    with explained_errors(output):
        if output.exists() and not force:
            raise UsageError(f"{output} exists. Choose another name, or overwrite it with --force.")
        if not output.parent.is_dir():
            raise UsageError(f"the folder {output.parent} does not exist. Make it first.")


def _compare(runs: tuple[Path, ...]) -> tuple[list[Comparison], list[str]]:
    if len(runs) < 2:
        return [], []
    from sandwich_sim.studies.compare_runs import compare_runs

    return compare_runs(runs)
