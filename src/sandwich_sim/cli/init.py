"""`sandwich-sim init`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from sandwich_sim.cli.options import example
from sandwich_sim.cli.output import clean_line, note, say
from sandwich_sim.errors import UsageError

DEFAULT = "my_scenario.toml"


@click.command(
    epilog=example(
        "sandwich-sim init my_scenario.toml",
        "sandwich-sim run my_scenario.toml",
    )
)
@click.argument("file", type=click.Path(path_type=Path), default=DEFAULT)
@click.option("--force", is_flag=True, help="Overwrite FILE.")
def command(file: Path, force: bool) -> None:
    """Write a commented scenario to FILE (my_scenario.toml) to start your own from."""
    from sandwich_sim.scenario.starter import starter_text

    write_new(file, starter_text(file.stem), force)
    say(str(file))
    note(f"Change a line of it, then: sandwich-sim run {clean_line(file)}")


def write_new(file: Path, text: str, force: bool) -> None:
    """Write a whole file or none; refuse to replace one unless forced.

    Raises
    ------
    UsageError
        If the file exists and may not be replaced, or its folder does not exist.
    """
    if file.is_dir():
        raise UsageError(f"{file} is a folder. Name a file in it.")
    if file.exists() and not force:
        raise UsageError(f"{file} exists. Choose another name, or overwrite it with --force.")
    if not file.parent.is_dir():
        raise UsageError(f"the folder {file.parent} does not exist. Make it first.")
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
