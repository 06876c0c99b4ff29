"""One writer a run folder: a lock that the operating system drops when its process ends."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from sandwich_sim.errors import BusyError

try:
    import fcntl
except ImportError:  # Windows: no such lock; two writers on one folder are not noticed there
    fcntl = None  # type: ignore[assignment]


class FolderLock:
    """Hold a folder until `release`.

    Raises
    ------
    BusyError
        If another process (or another writer of this one) holds it.
    """

    NAME = ".lock"

    def __init__(self, folder: Path) -> None:
        self._path = folder / self.NAME
        while True:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
            if fcntl is None:
                break
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                holder = os.pread(self._descriptor, 20, 0).decode(errors="replace").strip()
                os.close(self._descriptor)
                who = f"process {holder}" if holder else "another process"
                raise BusyError(
                    f"{folder}: {who} is writing there. Wait for it, or choose another --output."
                ) from error
            if self._is_still_there():
                break
            # Its holder removed the file between our opening and locking it.
            os.close(self._descriptor)
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, f"{os.getpid()}\n".encode())

    def _is_still_there(self) -> bool:
        with contextlib.suppress(OSError):
            return os.path.samestat(os.fstat(self._descriptor), self._path.stat())
        return False

    def release(self) -> None:
        """Remove the lock file and let go."""
        with contextlib.suppress(OSError):
            self._path.unlink()
        os.close(self._descriptor)
