"""`sandwich-sim export`."""

from __future__ import annotations

from pathlib import Path

import click

from sandwich_sim.cli.options import example, json_option
from sandwich_sim.cli.output import say, say_json
from sandwich_sim.cli.run_completers import complete_run, complete_series
from sandwich_sim.errors import UsageError


@click.command(
    epilog=example(
        "sandwich-sim export results/base-1a2b3c4d -o table.xlsx",
        "sandwich-sim export results/base-1a2b3c4d --what outcomes -o outcomes.parquet",
        "sandwich-sim export results/base-1a2b3c4d --what margin -o margins.csv",
        "sandwich-sim export results/base-1a2b3c4d --what margin.lab -o lab.csv",
    )
)
@click.argument("run", type=click.Path(path_type=Path), shell_complete=complete_run)
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
    shell_complete=complete_series,
    help="The table of the run, a row for each trajectory, or a series by date: margin.lab of one hop, "
    "margin of all of them, gap.",
)
@click.option("--force", is_flag=True, help="Overwrite the file.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@json_option
def command(run: Path, output: Path, what: str, force: bool, quiet: bool, as_json: bool) -> None:
    """Write numbers of the result folder RUN to a file for a spreadsheet or data frame."""
    from sandwich_sim.results.export import export

    if output.exists() and not force:
        raise UsageError(f"{output} exists. Choose another name, or overwrite it with --force.")
    if not output.parent.is_dir():
        raise UsageError(f"the folder {output.parent} does not exist. Make it first.")
    table = export(run, output, what)
    if as_json:
        written = {"output": output, "run": run, "what": what}
        say_json({**written, "rows": table.n_rows, "columns": table.headings, "exit_code": 0})
    elif not quiet:
        say(str(output))
