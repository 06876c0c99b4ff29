"""`sandwich-sim resume`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sandwich_sim.cli.cluster_options import cluster_options, open_cluster
from sandwich_sim.cli.options import example, json_option, threads_option
from sandwich_sim.cli.output import clean_line, note, say, say_json
from sandwich_sim.cli.progress import ProgressLine
from sandwich_sim.errors import IntegrityError


@click.command(epilog=example("sandwich-sim resume results/base-1a2b3c4d"))
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN")
@threads_option
@cluster_options
@click.option("--quiet", is_flag=True, help="Print nothing but the result folder, and errors.")
@json_option
def command(run: Path, threads: int | None, quiet: bool, as_json: bool, **cluster: Any) -> int:
    """Go on with the stopped run in the folder RUN.

    The result is the same, bit for bit, as if it had never been stopped. What the folder holds is
    checked first; a part that is damaged is made again.
    """
    progress = ProgressLine(quiet=quiet)
    try:
        from sandwich_sim.studies.resume import resume

        with open_cluster({"threads": threads} | cluster) as executor:
            result = resume(run, threads=threads, executor=executor, progress=progress)
    except KeyboardInterrupt as error:
        error.add_note("The same command takes it up again.")
        raise
    finally:
        progress.close()
    code = IntegrityError.exit_code if result.failed else 0
    if as_json:
        document = {"folder": result.folder, "run_digest": result.run_digest, "reused": result.reused}
        document |= {
            "resumed": result.resumed,
            "failed": result.failed,
            "seconds": result.seconds,
            "warnings": result.warnings,
        }
        say_json({**document, "summary": result.summary.to_document(), "exit_code": code})
        return code
    if quiet:
        say(str(result.folder))
    else:
        from sandwich_sim.cli.run_closing import closing_line
        from sandwich_sim.cli.run_table import print_summary

        print_summary(result.summary)
        click.echo(closing_line(result))
        for warning in result.warnings:
            note(f"warning: {clean_line(warning)}")
    if result.failed:
        note(f"error: {result.folder}: trajectories broke an identity or are not finite; the run is marked.")
    return code
