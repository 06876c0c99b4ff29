"""Files of a run folder: written whole or not at all, with errors a user can act on."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from sandwich_sim.errors import ResourceError, UsageError
from sandwich_sim.results.folder_lock import FolderLock

MARKER = "_COMPLETE"
"""Written last: a run folder without it is not complete."""

_OUT_OF_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE}

FolderState = Literal["absent", "empty", "incomplete", "complete", "foreign"]


def folder_state(folder: Path) -> FolderState:
    """Say what lies at a path: nothing, a run (complete or not), or something else."""
    if not folder.exists() and not folder.is_symlink():
        return "absent"
    if not folder.is_dir():
        return "foreign"
    names = {path.name for path in folder.iterdir()} - {FolderLock.NAME}
    if not names:
        return "empty"
    if not {"zarr.json", "provenance.json"} & names:
        return "foreign"
    return "complete" if MARKER in names else "incomplete"


def write_file(path: Path, data: bytes | memoryview, *, durable: bool = False) -> None:
    """Write a file beside its place and rename it there: it is whole or absent.

    With ``durable``, it and its folder are on the disk when this returns.
    """
    partial = path.with_name(f"{path.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o644)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
    partial.replace(path)
    if durable and os.name == "posix":
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def explained_errors(folder: Path) -> Iterator[None]:
    """Turn what the file system refuses into an error that a user can act on."""
    try:
        yield
    except OSError as error:
        if error.errno in _OUT_OF_SPACE:
            raise ResourceError(
                f"{folder}: writing stopped: {error.strerror}. {_free(folder)}"
                "Free some space, or use a smaller -n or --keep summary."
            ) from error
        raise UsageError(f"{folder}: cannot be written: {error.strerror or error}") from error


def _free(folder: Path) -> str:
    try:
        return f"{shutil.disk_usage(folder).free / 1e6:,.0f} MB are free there. "
    except OSError:
        return ""
