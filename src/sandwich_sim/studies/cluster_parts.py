"""Handing the missing parts of a run to workers until all are there.

A task may be done twice, or half, or by nobody: a part counts when its files are in place and the
manifest says so. Tasks are handed out a few at a time, so that a run of a million parts is as easy
for the scheduler as one of ten.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import queue
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from sandwich_sim.errors import ResourceError, SandwichSimError, UsageError
from sandwich_sim.kernels.rng import STREAM_VERSION
from sandwich_sim.results.parts import part_grid
from sandwich_sim.results.provenance import fingerprint
from sandwich_sim.results.staging import StagedPart, close_stage, open_stage, stage_damage, staged_part
from sandwich_sim.results.store import RunWriter
from sandwich_sim.studies.cluster_connection import is_open_to_others
from sandwich_sim.studies.cluster_worker import compute_part, describe_worker

if TYPE_CHECKING:
    from distributed import Client, Future

WAIT_FOR_WORKERS = 300.0
"""How long a run goes on without any worker [s]."""
MOST_FAILURES = 5
"""How often one part may fail (of lost workers, dask itself tries four first)."""
MOST_REFUSALS = 200
"""How many tasks workers of another kind may refuse before they are found and sent away."""
_LOOK_EVERY = 1.0
_POLL = 0.1
_RESULT_SECONDS = 20.0
_MOST_AT_ONCE = 64
"""Parts that are put in place together, for the price of one flush of the manifest."""


def compute_missing(
    client: Client,
    writer: RunWriter,
    *,
    on_parts: Callable[[Iterable[int]], None],
    on_progress: Callable[[int], None],
    is_insecure_allowed: bool = False,
) -> tuple[str, ...]:
    """Let workers compute every part that a run folder lacks.

    Parameters
    ----------
    client : distributed.Client
    writer : RunWriter
        Prepared; it gets the parts.
    on_parts : callable
        Called with the numbers of parts that are on the disk.
    on_progress : callable
        Called about ten times a second with the trajectories of parts done here.
    is_insecure_allowed : bool
        Whether workers may be reached from other machines without encryption.

    Returns
    -------
    tuple of str
        Warnings: workers that were sent away.

    Raises
    ------
    UsageError
        If a worker that is there at the start is of another platform or version, does not see the
        folder, or can be reached from elsewhere without encryption.
    ResourceError
        If the scheduler or all workers are lost, or a part fails again and again.
    """
    stage = open_stage(writer.folder, writer.manifest)
    try:
        crew = _Crew(client, str(writer.folder.resolve()), stage, is_insecure_allowed)
        work = _Work(client, crew, writer, stage, on_parts, on_progress)
        try:
            work.run()
        finally:
            work.cancel()
        return tuple(crew.warnings)
    finally:
        close_stage(writer.folder, stage)


class _Crew:
    """The workers that are there, each looked at before it counts."""

    def __init__(self, client: Client, folder: str, stage: str, is_insecure_allowed: bool) -> None:
        self._client, self._folder, self._stage = client, folder, stage
        self._is_insecure_allowed = is_insecure_allowed
        self._own = fingerprint()
        self._known: set[str] = set()
        self._looked = self._seen = time.monotonic()
        self.threads = 0
        self.warnings: list[str] = []

    def look(self, *, is_first: bool = False) -> None:
        """Count the workers, now and then; those that are no use are sent away, or refused at first."""
        now = time.monotonic()
        if not is_first and now - self._looked < _LOOK_EVERY:
            return
        self._looked = now
        try:
            threads: dict[str, int] = dict(self._client.nthreads())
            self._check(threads.keys() - self._known, is_first=is_first)
        except OSError as error:
            raise lost_scheduler() from error
        self._known = set(threads)
        self.threads = sum(threads.values())
        if threads:
            self._seen = now
        elif now - self._seen > WAIT_FOR_WORKERS:
            raise ResourceError(f"no worker was there for {WAIT_FOR_WORKERS:.0f} s. Start some: dask worker")

    def _check(self, fresh: Iterable[str], *, is_first: bool) -> None:
        fresh = sorted(fresh)
        if not fresh:
            return
        found = self._client.run(describe_worker, self._folder, self._stage, workers=fresh, on_error="return")
        problems = {address: problem for address in fresh if (problem := self._problem(address, found))}
        if not problems:
            return
        said = "; ".join(f"worker {address}: {problem}" for address, problem in problems.items())
        if is_first:
            raise UsageError(
                f"{said}. Workers must be of one platform and version with this process, and see the "
                "same folder (docs/scaling.md)."
            )
        self._client.retire_workers(workers=list(problems), close_workers=True)
        self.warnings.append(f"sent away: {said}")

    def _problem(self, address: str, found: dict[str, Any]) -> str:
        """Why a worker is no use; "" if it is, or is gone."""
        said = found.get(address)
        if said is None or isinstance(said, OSError):
            return ""
        if isinstance(said, ImportError):
            return f"has no sandwich-sim of this version ({said})"
        if isinstance(said, BaseException):
            return f"cannot work ({said!r})"
        where = f"on {said['host']}"
        if (said["fingerprint"], said["stream_version"]) != (self._own, STREAM_VERSION):
            return (
                f"{where} is of another platform or version ({said['version']}, fingerprint "
                f"{said['fingerprint'][:8]}, here {self._own[:8]})"
            )
        if not said["sees_folder"]:
            return f"{where} does not see {self._folder}"
        listening = [one for one in (address, *said["listens_on"]) if is_open_to_others(one)]
        if listening and not self._is_insecure_allowed:
            return (
                f"{where} is reached over the network without encryption ({listening[0]}): start it with "
                "--host 127.0.0.1, or use tls:// (--insecure-scheduler allows it)"
            )
        return ""


class _Work:
    """The parts under way."""

    def __init__(
        self,
        client: Client,
        crew: _Crew,
        writer: RunWriter,
        stage: str,
        on_parts: Callable[[Iterable[int]], None],
        on_progress: Callable[[int], None],
    ) -> None:
        self._client, self._crew, self._writer, self._stage = client, crew, writer, stage
        self._on_parts, self._on_progress = on_parts, on_progress
        self._folder = os.fspath(writer.folder.resolve())
        self._grid = part_grid(writer.layout.meta)
        stored = writer.stored
        self._following: Iterator[int] = (p for p in range(self._grid.n_parts) if p not in stored)
        self._again: deque[int] = deque()
        self._under_way: dict[Future, int] = {}
        self._finished: queue.SimpleQueue[Future] = queue.SimpleQueue()
        self._failures: Counter[int] = Counter()
        self._refusals = 0
        self._task = itertools.count()
        self._own = fingerprint()

    def run(self) -> None:
        """Return when every part is on the disk."""
        self._crew.look(is_first=True)
        done = 0
        while True:
            self._submit()
            if not self._under_way and not self._again and self._crew.threads:
                return
            staged = self._collect()
            if staged:
                self._writer.adopt(staged)
                fresh = {one.record.part: one.record.n for one in staged}
                done += sum(fresh.values())
                self._on_parts(fresh)
            self._on_progress(done)
            if self._client.status != "running":
                raise lost_scheduler()
            self._crew.look()

    def cancel(self) -> None:
        """Tell the scheduler that nothing more is wanted."""
        with contextlib.suppress(Exception):  # it may be gone
            if self._under_way:
                self._client.cancel(list(self._under_way))
        self._under_way.clear()

    def _submit(self) -> None:
        """Keep every thread busy, and one part for each in reserve."""
        while len(self._under_way) < 2 * self._crew.threads:
            part = self._again.popleft() if self._again else next(self._following, None)
            if part is None:
                return
            task = {"folder": self._folder, "stage": self._stage, "part": part}
            key = f"{self._stage}-{part}-{next(self._task)}"
            future = self._client.submit(compute_part, task, key=key, pure=False, retries=0)
            self._watch(future, part)

    def _watch(self, future: Future, part: int) -> None:
        self._under_way[future] = part
        future.add_done_callback(self._finished.put)

    def _collect(self) -> list[StagedPart]:
        """Wait a moment; return the parts that are staged since the last time."""
        found: list[StagedPart] = []
        try:
            future = self._finished.get(timeout=_POLL)
            while True:
                staged = self._take(future)
                found += [staged] if staged else []
                if len(found) >= _MOST_AT_ONCE:
                    break
                future = self._finished.get_nowait()
        except queue.Empty:
            pass
        return found

    def _take(self, future: Future) -> StagedPart | None:
        """Return what a task made; None if it is to be done again, which is arranged."""
        part = self._under_way.pop(future, None)
        if part is None:
            return None
        try:
            document = future.result(timeout=_RESULT_SECONDS)
        except SandwichSimError:
            raise
        except TimeoutError:  # its worker was lost with the answer: dask has it done again
            self._watch(future, part)
            return None
        except Exception as error:
            self._fail(part, error)
            return None
        if "refused" in document or document.get("fingerprint") != self._own:
            self._refuse(part, document)
            return None
        staged = staged_part(document, self._stage, self._writer.layout, self._grid)
        problem = stage_damage(self._writer.folder, staged)
        if problem:
            self._fail(part, ResourceError(f"part {part} of {document['host']} is not as written: {problem}"))
            return None
        return staged

    def _refuse(self, part: int, document: dict[str, Any]) -> None:
        """Have a part done by another worker; the one that refused is found by `_Crew.look`."""
        self._refusals += 1
        if self._refusals > MOST_REFUSALS:
            raise UsageError(f"worker on {document.get('host')}: {document.get('refused', 'differs')}")
        self._again.append(part)

    def _fail(self, part: int, error: Exception) -> None:
        """Have a part done again, unless it failed too often.

        Raises
        ------
        ResourceError
            If the scheduler is gone, or one worker after the other was lost over this part.
        Exception
            What the worker met, if that was no loss.
        """
        from distributed import CancelledError, KilledWorker

        is_cancelled = isinstance(error, CancelledError)
        if is_cancelled and self._client.status != "running":
            raise lost_scheduler() from error
        self._failures[part] += 1
        if self._failures[part] >= MOST_FAILURES:
            if isinstance(error, KilledWorker):
                raise ResourceError(
                    f"part {part}: worker after worker was lost over it, perhaps for lack of memory."
                ) from error
            raise error
        self._again.append(part)


def lost_scheduler() -> ResourceError:
    """Return the error that says that the scheduler is gone."""
    return ResourceError("the connection to the scheduler is lost; the parts that are done are kept.")
