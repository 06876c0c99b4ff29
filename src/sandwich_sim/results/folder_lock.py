"""One writer a run folder: a lock that the operating system drops when its process ends."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import time
from datetime import UTC, datetime
from pathlib import Path

from sandwich_sim.errors import BusyError, UsageError

try:
    import fcntl
except ImportError:  # Windows: no such lock; two writers on one folder are not noticed there
    fcntl = None  # type: ignore[assignment]

# A link is not followed, a pipe not waited for.
_PLAIN = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_TRIES, _PAUSE = 4, 0.05
"""Whoever only asks holds the lock for a moment, see `holder_of`."""


class FolderLock:
    """Hold a folder until `release`.

    The lock file names the holder (process, host, since when) for whoever waits, and is removed
    at the end. What a killed process leaves is no lock: the system has dropped it.

    Raises
    ------
    BusyError
        If another process (or another writer of this one) holds it.
    UsageError
        If something other than a plain file lies in its place.
    """

    NAME = ".lock"

    def __init__(self, folder: Path) -> None:
        self._path = folder / self.NAME
        while True:
            self._descriptor = _open_plain(self._path, os.O_RDWR | os.O_CREAT)
            if fcntl is None:
                break
            if not _try_lock(self._descriptor):
                holder = _read_holder(self._descriptor)
                os.close(self._descriptor)
                raise BusyError(
                    f"{folder}: {holder} is writing there. Wait for it, or choose another --output."
                )
            if self._is_still_there():
                break
            # Its holder removed the file between our opening and locking it.
            os.close(self._descriptor)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        own = {"process": os.getpid(), "host": socket.gethostname(), "since": since}
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, f"{json.dumps(own)}\n".encode())

    def _is_still_there(self) -> bool:
        with contextlib.suppress(OSError):
            return os.path.samestat(os.fstat(self._descriptor), self._path.lstat())
        return False

    def release(self) -> None:
        """Remove the lock file and let go."""
        with contextlib.suppress(OSError):
            self._path.unlink()
        os.close(self._descriptor)


def holder_of(folder: Path) -> str:
    """Say who writes into a folder; "" if nobody does."""
    if fcntl is None:
        return ""
    try:
        descriptor = _open_plain(folder / FolderLock.NAME, os.O_RDONLY)
    except (OSError, UsageError):
        return ""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _read_holder(descriptor)
    finally:
        os.close(descriptor)
    return ""


def _open_plain(path: Path, flags: int) -> int:
    """Open a plain file; whatever else lies there is left as it is."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISREG(path.lstat().st_mode):
            raise _not_plain(path)
    descriptor = os.open(path, flags | _PLAIN, 0o644)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):  # else it was put there since
        return descriptor
    os.close(descriptor)
    raise _not_plain(path)


def _not_plain(path: Path) -> UsageError:
    return UsageError(f"{path}: is a link, or no plain file, where a run has its lock. Remove it.")


def _try_lock(descriptor: int) -> bool:
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        except OSError:
            return True  # a file system without locks: as on Windows, a second writer is not noticed
        return True
    return False


def _read_holder(descriptor: int) -> str:
    try:
        holder = json.loads(os.pread(descriptor, 1000, 0))
        return f"process {holder['process']} on {holder['host']} (since {holder['since']})"
    except (OSError, ValueError, TypeError, KeyError):
        return "another process"
