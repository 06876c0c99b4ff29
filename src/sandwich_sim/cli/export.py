"""`sandwich-sim export`."""

from __future__ import annotations

from pathlib import Path

import click

from sandwich_sim.cli.options import example
from sandwich_sim.cli.output import say
from sandwich_sim.errors import UsageError


@click.command(
    epilog=example(
        "sandwich-sim export results/base-1a2b3c4d -o table.xlsx",
        "sandwich-sim export results/base-1a2b3c4d --what outcomes -o outcomes.parquet",
        "sandwich-sim export results/base-1a2b3c4d --what margin.lab -o lab.csv",
    )
)
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="File to write; its ending says the format: .csv, .parquet or .xlsx.",
)
@click.option(
    "--what",
    default="table",
    show_default=True,
    metavar="table|outcomes|SERIES",
    help="The table of the run, a row for each trajectory, or one series by date.",
)
@click.option("--force", is_flag=True, help="Overwrite the file.")
def command(run: Path, output: Path, what: str, force: bool) -> None:
    """Write numbers of the result folder RUN to a file for a spreadsheet or data frame."""
    from sandwich_sim.results.export import export

    if output.exists() and not force:
        raise UsageError(f"{output} exists. Choose another name, or overwrite it with --force.")
    if not output.parent.is_dir():
        raise UsageError(f"the folder {output.parent} does not exist. Make it first.")
    export(run, output, what)
    say(str(output))
