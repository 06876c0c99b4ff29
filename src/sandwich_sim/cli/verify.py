"""`sandwich-sim verify`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from sandwich_sim.cli.options import example, json_option
from sandwich_sim.cli.output import clean_line, count, file_size, note, say, say_columns, say_json
from sandwich_sim.errors import IntegrityError, ResourceError


@click.command(epilog=example("sandwich-sim verify results/base-1a2b3c4d"))
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN")
@click.option("--quiet", is_flag=True, help="Print nothing but what is wrong.")
@json_option
def command(run: Path, quiet: bool, as_json: bool) -> int:
    """Read every byte of the run in the folder RUN and say what is damaged.

    Checksums notice accidents. Whoever may change files may change checksums too: against that,
    note the content digest that is printed, and compare it later.
    The exit code is 6 if something is damaged, 5 if the run is sound so far but not complete.
    """
    from sandwich_sim.results.verify import verify_run

    found = verify_run(run)
    digest = ""
    if found.state == "complete" and not found.problems:
        from sandwich_sim.results.digest import content_digest

        digest = content_digest(run)
    code = 0 if digest else ResourceError.exit_code
    code = IntegrityError.exit_code if found.problems else code
    if as_json:
        say_json({**vars(found), "content_digest": digest, "exit_code": code})
        return code
    if found.problems:
        say_columns([(name, problem) for name, problem in found.problems.items()])
        note(
            f"error: {clean_line(run)}: {count(len(found.problems), 'file')} of {found.n_files:,} damaged. "
            f"`sandwich-sim repair {shlex.quote(str(run))}` makes the run good again."
        )
    elif not quiet:
        read = f"{count(found.n_files, 'file')}, {file_size(found.n_bytes)}"
        say(f"{clean_line(run)}: {read}, as they were written")
        if digest:
            say(f"content digest {digest}")
        else:
            parts = f"{found.parts:,} of {count(found.n_parts, 'part')}"
            say(f"not complete: {parts}. Go on with: sandwich-sim resume {shlex.quote(str(run))}")
    return code
