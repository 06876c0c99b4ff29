"""`--workers`, `--scheduler` and `--insecure-scheduler`: where a run is computed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sandwich_sim.cli.options import WholeNumber
from sandwich_sim.errors import UsageError

if TYPE_CHECKING:
    from sandwich_sim.studies.cluster import Cluster

_left: list[Cluster] = []
"""Kept until the process ends: what is forgotten closes itself, and takes its time."""
Function = TypeVar("Function", bound=Callable[..., Any])


def cluster_options(function: Function) -> Function:
    """The options that say which processes compute a run."""
    options = (
        click.option(
            "--workers",
            type=WholeNumber(1, 1024),
            metavar="N",
            help="Compute in N processes on this machine; --threads are then those of each.",
        ),
        click.option(
            "--scheduler",
            metavar="ADDRESS",
            help="Compute on the workers of this dask scheduler: tls://host:8786.",
        ),
        click.option(
            "--insecure-scheduler",
            is_flag=True,
            help="Talk to workers on other machines without encryption.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


@contextlib.contextmanager
def open_cluster(options: dict[str, Any]) -> Iterator[Cluster | None]:
    """Return what computes the runs of a command, None for its own threads; ended with the command.

    Raises
    ------
    UsageError
        If the options make no sense, are not safe, or dask is not installed.
    """
    if options["insecure_scheduler"] and options["scheduler"] is None:
        raise UsageError("--insecure-scheduler is for --scheduler. Name one.")
    if options["workers"] is None and options["scheduler"] is None:
        yield None
        return
    import logging

    from sandwich_sim.cli.start import at_leaving, stopped_by
    from sandwich_sim.studies.cluster import Cluster
    from sandwich_sim.studies.cluster_connection import end_at_once

    cluster = Cluster(
        workers=options["workers"],
        threads=options["threads"],
        scheduler=options["scheduler"],
        is_insecure_allowed=options["insecure_scheduler"],
    )
    told = logging.root.manager.disable
    logging.disable()  # dask tells of losses while it is closed, too; we have told what matters
    at_leaving.append(end_at_once)
    try:
        yield cluster
    finally:
        if stopped_by() is None:
            try:
                cluster.close()
            finally:
                at_leaving.remove(end_at_once)
                logging.disable(told)
        else:  # we leave soon: nobody waits for dask to close
            _left.append(cluster)
            end_at_once()
