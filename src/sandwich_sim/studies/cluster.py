"""Runs on several processes or machines, through dask.

    with Cluster(workers=4) as cluster:
        run(spec, executor=cluster)

The process that calls `run` holds the run folder and writes its manifest; workers compute parts and
stage their files in the folder (`results.staging`). What dask knows is forgotten with it: what is
done, the manifest says.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from sandwich_sim.engine import default_threads
from sandwich_sim.errors import UsageError
from sandwich_sim.execution import count_swings, swing_warnings
from sandwich_sim.model import Model
from sandwich_sim.prepare import Prepared
from sandwich_sim.results.fold import Fold
from sandwich_sim.results.parts import part_grid
from sandwich_sim.results.store import RunWriter
from sandwich_sim.studies.cluster_connection import (
    check_address,
    check_installed,
    check_listening,
    connected,
    local_workers,
)
from sandwich_sim.studies.cluster_parts import compute_missing

if TYPE_CHECKING:
    from distributed import Client

MOST_WORKERS = 1024


class Cluster:
    """A `simulation.Executor`; a context manager that ends the workers it started.

    Workers are started, or a scheduler is called, when the first run needs them.

    Parameters
    ----------
    workers : int, optional
        Start so many processes on this machine; they and we talk on loopback, encrypted.
    threads : int, optional
        Of each of them; the machine's, shared out, if not given.
    scheduler : str, optional
        Or use the workers of this one: ``tcp://host:port`` or ``tls://host:port``.
    is_insecure_allowed : bool
        Whether the network between may be unencrypted and open.

    Raises
    ------
    UsageError
        If dask is not installed, or the options make no sense or are not safe.
    """

    def __init__(
        self,
        *,
        workers: int | None = None,
        threads: int | None = None,
        scheduler: str | None = None,
        is_insecure_allowed: bool = False,
    ) -> None:
        if (workers is None) == (scheduler is None):
            raise UsageError("name either the number of --workers or a --scheduler, not both.")
        if workers is not None and not 1 <= workers <= MOST_WORKERS:
            raise UsageError(f"workers = {workers}: use 1 to {MOST_WORKERS}.")
        if scheduler is not None and threads is not None:
            raise UsageError("the threads of workers are set where they start: dask worker --nthreads.")
        if scheduler is not None:
            check_address(scheduler, is_insecure_allowed)
        check_installed()
        self._workers, self._scheduler, self._is_insecure_allowed = workers, scheduler, is_insecure_allowed
        self._threads_each = threads or max(1, default_threads() // (workers or 1))
        # Those of a scheduler are elsewhere, or not ours to plan for.
        self.processes = workers + 1 if workers else 1
        self.threads = workers * self._threads_each if workers else 1
        self._open = contextlib.ExitStack()
        self._client: Client | None = None

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client = None
        self._open.__exit__(kind, error, trace)

    def close(self) -> None:
        """End the workers that were started, or the connection."""
        self.__exit__(None, None, None)

    def client(self) -> Client:
        """Return the connection to the scheduler, made the first time."""
        if self._client is None:
            if self._workers is not None:
                context = local_workers(self._workers, self._threads_each)
            else:
                assert self._scheduler is not None  # one of the two is given
                context = connected(self._scheduler)
            client = self._open.enter_context(context)
            if self._scheduler is not None:
                check_listening(client, self._is_insecure_allowed)
            self._client = client
        return self._client

    def __call__(
        self, prepared: Prepared, model: Model, writer: RunWriter, on_progress: Callable[[int], None]
    ) -> tuple[dict[str, NDArray[Any]], tuple[str, ...]]:
        """Make every part that the folder lacks; see `simulation.Executor`.

        Raises
        ------
        UsageError
            If a worker is of another platform or version, or does not see the folder.
        ResourceError
            If the scheduler or all workers are lost, or the disk is full. What is done is kept.
        """
        grid = part_grid(prepared.meta)
        fold = Fold(grid, writer.load_sums, writer.stored)
        # Here, and before any worker starts: whoever comes first compiles the kernels for all.
        swings = count_swings(prepared, model)
        done = sum(grid.count(part) for part in writer.stored)

        def report(n: int) -> None:
            on_progress(done + n)

        report(0)
        warnings: tuple[str, ...] = ()
        if len(writer.stored) < grid.n_parts:
            warnings = compute_missing(
                self.client(),
                writer,
                on_parts=fold.add_stored,
                on_progress=report,
                is_insecure_allowed=self._is_insecure_allowed,
            )
        accumulators = fold.result(prepared.meta, swings)
        return accumulators, (*warnings, *swing_warnings(accumulators, prepared.meta))
