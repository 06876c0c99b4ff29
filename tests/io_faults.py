"""A disk on which one chosen operation goes wrong, and a power cut that takes what was not flushed."""

from __future__ import annotations

import errno
import os
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import Any

import pytest

ERRORS = {name: getattr(errno, name) for name in ("EIO", "ENOSPC", "EDQUOT", "EROFS")}
KINDS = (*ERRORS, "short write", "crash", "power cut")
CHANGING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class SimulatedCrash(BaseException):
    """The process is dead: nothing that it does from now on reaches the disk."""


class FaultyDisk:
    """Counts the changes that are made below a folder and lets the k-th go wrong.

    Counted are open (for writing), write, fsync, rename, unlink, mkdir and rmdir. Flushing does
    nothing but say that it was done, so that trials are quick.

    Parameters
    ----------
    folder : Path
    fail_at : int or None
        Which operation, counted from 0.
    kind : str
        One of `KINDS`: an error, a write that takes half of its data, or the death of the process
        just before the operation. In a power cut, moreover, files that were not flushed lose their
        end, and names that were not flushed are gone (each with probability 1/2).
    """

    def __init__(self, folder: Path, fail_at: int | None = None, kind: str = "EIO") -> None:
        self.folder, self.fail_at, self.kind = str(folder.resolve()), fail_at, kind
        self.operations: list[str] = []
        self.hit = ""
        self._dead = False
        self._lock = RLock()
        self._paths: dict[int, str] = {}
        self._flushed: dict[str, int] = {}  # by file: its bytes that are on the disk for good
        self._names: list[tuple[str, Callable[[], object]]] = []  # folder, how to undo

    @contextmanager
    def __call__(self) -> Iterator[FaultyDisk]:
        """Be the disk of this process for a while."""
        self._real = {name: getattr(os, name) for name in ("open", "write", "fsync", "close")}
        self._real |= {name: getattr(os, name) for name in ("replace", "unlink", "mkdir", "rmdir")}
        with pytest.MonkeyPatch.context() as patch:
            for name in self._real:
                patch.setattr(os, name, getattr(self, f"_{name}"))
            yield self
        for descriptor in list(self._paths):  # of a process that is no more
            with suppress(OSError):
                os.close(descriptor)
        if self._dead and self.kind == "power cut":
            self._lose_what_was_not_flushed()

    def _is_ours(self, path: Any) -> bool:
        text = os.path.abspath(os.fspath(path))  # noqa: PTH100
        return text == self.folder or text.startswith(self.folder + os.sep)

    def _count(self, name: str, path: Any) -> bool:
        """Note an operation; raise or return True if it is the one that goes wrong."""
        if self._dead:
            raise SimulatedCrash
        self.operations.append(name)
        if len(self.operations) - 1 != self.fail_at:
            return False
        self.hit = f"{name} {os.path.relpath(path, self.folder)}"
        if self.kind in ERRORS:
            raise OSError(ERRORS[self.kind], os.strerror(ERRORS[self.kind]), str(path))
        if self.kind != "short write":
            self._dead = True
            raise SimulatedCrash
        return True

    def _open(self, path: Any, flags: int, *arguments: Any, **options: Any) -> int:
        ours = not options.get("dir_fd") and not isinstance(path, int) and self._is_ours(path)
        with self._lock:
            if ours and flags & CHANGING:
                self._count("open", path)
            descriptor: int = self._real["open"](path, flags, *arguments, **options)
            above = os.path.dirname(self.folder)  # noqa: PTH120 - which holds the folder's own name
            if ours or (not isinstance(path, int) and os.path.abspath(os.fspath(path)) == above):  # noqa: PTH100
                self._paths[descriptor] = os.path.abspath(os.fspath(path))  # noqa: PTH100
                if flags & os.O_TRUNC:
                    self._flushed[self._paths[descriptor]] = 0
            return descriptor

    def _close(self, descriptor: int) -> None:
        with self._lock:
            self._paths.pop(descriptor, None)
            self._real["close"](descriptor)

    def _write(self, descriptor: int, data: Any) -> int:
        with self._lock:
            path = self._paths.get(descriptor)
            if path is not None:
                self._flushed.setdefault(path, os.path.getsize(path))  # noqa: PTH202
                if self._count("write", path):
                    data = memoryview(data)[: max(1, len(data) // 2)]
            n: int = self._real["write"](descriptor, data)
            return n

    def _fsync(self, descriptor: int) -> None:
        with self._lock:
            path = self._paths.get(descriptor)
            if path is None:
                self._real["fsync"](descriptor)
                return
            self._count("fsync", path)
            self._flushed.pop(path, None)
            self._names = [entry for entry in self._names if entry[0] != path]

    def _replace(self, source: Any, target: Any) -> None:
        with self._lock:
            if self._is_ours(target):
                self._count("rename", target)
                old = self._read(target)
                source_path, path = (os.path.abspath(os.fspath(p)) for p in (source, target))  # noqa: PTH100
                self._flushed.pop(path, None)
                if source_path in self._flushed:
                    self._flushed[path] = self._flushed.pop(source_path)
                self._names.append((os.path.dirname(path), lambda: self._restore(path, old)))  # noqa: PTH120
            self._real["replace"](source, target)

    def _unlink(self, path: Any, **options: Any) -> None:
        with self._lock:
            if not options.get("dir_fd") and self._is_ours(path) and os.path.lexists(path):
                self._count("unlink", path)
            self._real["unlink"](path, **options)

    def _mkdir(self, path: Any, *arguments: Any, **options: Any) -> None:
        with self._lock:
            if self._is_ours(path) and not os.path.lexists(path):
                self._count("mkdir", path)
                made = os.path.abspath(os.fspath(path))  # noqa: PTH100
                undo = (os.path.dirname(made), lambda: shutil.rmtree(made, ignore_errors=True))  # noqa: PTH120
                self._names.append(undo)
            self._real["mkdir"](path, *arguments, **options)

    def _rmdir(self, path: Any, **options: Any) -> None:
        with self._lock:
            if not options.get("dir_fd") and self._is_ours(path):
                self._count("rmdir", path)
            self._real["rmdir"](path, **options)

    def _read(self, path: Any) -> bytes | None:
        return Path(path).read_bytes() if os.path.exists(path) else None  # noqa: PTH110

    def _restore(self, path: str, old: bytes | None) -> None:
        if old is not None and Path(path).parent.is_dir():
            Path(path).write_bytes(old)
        else:
            Path(path).unlink(missing_ok=True)

    def _lose_what_was_not_flushed(self) -> None:
        chance = random.Random(self.fail_at)
        for _, undo in reversed(self._names):
            if chance.random() < 0.5:
                undo()
        for name, least in sorted(self._flushed.items()):
            path = Path(name)
            if path.is_file() and chance.random() < 0.5:
                os.truncate(path, chance.randint(least, max(least, path.stat().st_size)))
