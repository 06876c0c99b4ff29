"""Files that CI reads: options that name them, and writing them whole."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from sandwich_sim.errors import ResourceError

Function = TypeVar("Function", bound=Callable[..., Any])


def report_file_option(name: str, what: str) -> Callable[[Function], Function]:
    """An option that names a file to write; one that cannot be is refused before any work is done."""
    return click.option(
        name,
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help=f"Write {what}",
        callback=_check_place,
    )


def write_report_file(path: Path, text: str) -> None:
    """Write a file whole, with the folders above it.

    Raises
    ------
    ResourceError
        If it cannot be written.
    """
    from sandwich_sim.results.files import write_file

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, text.encode())
    except OSError as error:
        raise ResourceError(f"{path} cannot be written: {error.strerror}.") from error


def _check_place(ctx: click.Context, param: click.Parameter, path: Path | None) -> Path | None:
    if path is None:
        return None
    if not path.name:
        raise click.BadParameter("an empty path names no file.", ctx, param)
    above = path.absolute().parent
    while not above.exists():
        above = above.parent
    if not above.is_dir():
        raise click.BadParameter(f"{above} is a file. Choose a folder.", ctx, param)
    if not os.access(above, os.W_OK | os.X_OK):
        raise click.BadParameter(f"no file can be made in {above}. Choose another folder.", ctx, param)
    return path
