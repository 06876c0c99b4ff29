"""Clusters for tests: workers that are threads of ours, or processes with small units."""

from __future__ import annotations

import contextlib
import logging
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask
import psutil
from distributed import Client, LocalCluster

from sandwich_sim.results.manifest import read_manifest
from sandwich_sim.studies.cluster import Cluster


@contextlib.contextmanager
def thread_workers(workers: int, threads: int = 1, **options: Any) -> Iterator[Client]:
    """A scheduler and workers in this very process, which starts in no time."""
    with (
        LocalCluster(
            n_workers=workers,
            threads_per_worker=threads,
            processes=False,
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
            silence_logs=logging.CRITICAL,
            **options,
        ) as local,
        Client(local, set_as_default=False) as client,
    ):
        yield client


@contextlib.contextmanager
def on_threads(workers: int, threads: int = 1) -> Iterator[Cluster]:
    """An executor whose workers are threads of this process."""
    with thread_workers(workers, threads) as client:
        yield executor_of(client)


def executor_of(client: Client) -> Cluster:
    """An executor that uses a connection."""
    cluster = Cluster(workers=1)
    cluster._client = client
    return cluster


@contextlib.contextmanager
def small_processes(workers: int) -> Iterator[Cluster]:
    """Worker processes with small units, as `run --workers` starts them."""
    with (
        dask.config.set({"distributed.worker.preload": ["small_units"]}),
        Cluster(workers=workers) as cluster,
    ):
        yield cluster


def worker_processes() -> list[psutil.Process]:
    """The worker processes that are children of ours."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it died meanwhile
            if "--multiprocessing-fork" in child.cmdline():
                found.append(child)
    return found


class Killer:
    """Kills a random worker each time that some more parts are done; called as progress."""

    def __init__(self, folder: Path, kills: int, every: int) -> None:
        self._folder, self._every, self._left = folder, every, kills
        self._chance = random.Random(kills)
        self._next = every
        self.killed: list[int] = []

    def __call__(self, progress: Any) -> None:
        if not self._left or not (self._folder / "manifest.jsonl").exists():
            return
        if len(read_manifest(self._folder).parts) < self._next:
            return
        processes = worker_processes()
        if not processes:
            return
        victim = self._chance.choice(processes)
        time.sleep(self._chance.uniform(0.0, 0.05))  # at any moment of its work
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim.pid, signal.SIGKILL)
            self.killed.append(victim.pid)
            self._left -= 1
            self._next += self._every
