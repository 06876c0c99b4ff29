"""Files of a run folder: written whole or not at all, with errors a user can act on."""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from sandwich_sim.errors import ResourceError, UsageError
from sandwich_sim.results.folder_lock import FolderLock

MARKER = "_COMPLETE"
"""Written last: a run folder without it is not complete."""

_OUT_OF_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE}

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
_DIRECT_LEAST, _DIRECT_STEP, _DIRECT_BUFFER = 1 << 18, 4096, 1 << 22
_of_thread = threading.local()

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
    view = memoryview(data)
    if not _write_directly(partial, view):
        _write_through_cache(partial, view)
    if durable:
        _sync(partial)
    partial.replace(path)
    if durable and os.name == "posix":
        _sync(path.parent)


def _write_through_cache(path: Path, rest: memoryview) -> None:
    descriptor = os.open(path, _CREATE, 0o644)
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    finally:
        os.close(descriptor)


def _write_directly(path: Path, data: memoryview) -> bool:
    """Write a large file past the page cache; False where that cannot be done.

    Filling the page cache with 1.7 GB that nobody reads soon took 3.2 s of processor time on
    the reference machine (0.7 s if the kernel had the memory at hand), this takes 0.2 s.
    """
    size = len(data)
    if size < _DIRECT_LEAST or size % _DIRECT_STEP or not hasattr(os, "O_DIRECT"):
        return False
    if not hasattr(_of_thread, "buffer"):
        _of_thread.buffer = mmap.mmap(-1, _DIRECT_BUFFER)  # memory that starts at a page
    buffer: mmap.mmap = _of_thread.buffer
    try:
        descriptor = os.open(path, _CREATE | os.O_DIRECT, 0o644)
    except OSError:
        return False
    try:
        for first in range(0, size, _DIRECT_BUFFER):
            n = min(_DIRECT_BUFFER, size - first)
            buffer[:n] = data[first : first + n]
            with memoryview(buffer) as whole, whole[:n] as part:
                if os.write(descriptor, part) != n:
                    return False
    except OSError:
        # A file system that takes the flag but not the write, or a full one: the plain way
        # works, or says what is wrong.
        return False
    finally:
        os.close(descriptor)
    return True


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
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
