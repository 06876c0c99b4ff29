"""Scenario discovery of a run: from what it stored, or from trajectories computed again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.discover import Discovery, discover
from sandwich_sim.analysis.discover_words import MOST_COMPUTED, enough, is_few
from sandwich_sim.analysis.metrics import Metric, Statistic, parse_statistic
from sandwich_sim.analysis.sensitivity_sample import is_stored, read_cases
from sandwich_sim.analysis.statistic import flags_of
from sandwich_sim.errors import UsageError
from sandwich_sim.results.dataset import check_run, read_meta, stored_scenario
from sandwich_sim.results.meta import RunMeta
from sandwich_sim.simulation import Progress
from sandwich_sim.studies.sensitivity import recompute_cases

MOST_READ = 262_144
"""Trajectories that a search reads: the first ones."""
MOST_READ_IF_RARE = MOST_COMPUTED
"""The same where too few of those are of interest."""


def discover_in_run(
    folder: Path | str,
    where: Sequence[str],
    *,
    n_box: int = 1,
    most_restricted: int = 4,
    density: float | None = None,
    threads: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Discovery:
    """Say which inputs lead to the trajectories of a run of which something is true.

    Parameters
    ----------
    folder : path
        A complete run of any ``keep``.
    where : sequence of str
        Statements that must all hold: ``profit_share.lab @ 2030-07 > 0.2``, ``thesis_falsified``.
    n_box, most_restricted, density
        As `analysis.discover.discover`.
    threads : int, optional
        For what is computed again; all processors if not given.

    Raises
    ------
    UsageError
        If a statement cannot be read, or too few trajectories are, or are not, of interest.
    """
    folder = Path(folder)
    arrays = check_run(folder)
    meta = read_meta(folder)
    statements = [parse_where(text, meta) for text in where]
    if not statements:
        raise UsageError('nothing is asked for. Write --where "profit_share.lab @ 2030-07 > 0.2".')
    metrics = tuple({metric.name: metric for _, metric in statements}.values())
    if not meta.parameters:
        raise UsageError(
            "no input of the scenario is drawn, so none can be blamed. Give some a distribution."
        )
    if all(is_stored(metric, arrays, meta) for metric in metrics):
        draws, values = read_cases(folder, meta, metrics, MOST_READ)
        if meta.n_trajectories > MOST_READ and is_few(_hits(statements, metrics, values)):
            draws, values = read_cases(folder, meta, metrics, MOST_READ_IF_RARE)
    else:
        spec = stored_scenario(folder, meta)
        draws, values = recompute_cases(spec, meta, metrics, threads=threads, progress=progress)
    while longer := _longer(_hits(statements, metrics, values)):
        # A run as this one, only longer: the same seed and, but for a Latin hypercube, the same first ones.
        spec, more = stored_scenario(folder, meta), replace(meta, n_trajectories=longer)
        draws, values = recompute_cases(spec, more, metrics, most=longer, threads=threads, progress=progress)
    hits = _hits(statements, metrics, values)
    words = " and ".join(_in_words(statistic) for statistic, _ in statements)
    return discover(draws, hits, meta, words, n_box=n_box, most_restricted=most_restricted, density=density)


def _hits(
    statements: Sequence[tuple[Statistic, Metric]], metrics: Sequence[Metric], values: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Say of which trajectories every statement is true."""
    rows = {metric.name: row for row, metric in enumerate(metrics)}
    hits = np.ones(values.shape[1], dtype=bool)
    for statistic, metric in statements:
        hits &= flags_of(statistic, values[rows[metric.name]].astype(np.float64))
    return hits


def _longer(hits: NDArray[np.bool_]) -> int:
    """Return how many trajectories hold enough of interest; 0 if these do, or more than are computed."""
    needed = enough(min(int(hits.sum()), int((~hits).sum())), hits.size)
    return needed if is_few(hits) and hits.size < needed <= MOST_COMPUTED else 0


def parse_where(text: str, meta: RunMeta) -> tuple[Statistic, Metric]:
    """Read a statement on one trajectory: an outcome and what it must be, or an event.

    Raises
    ------
    UsageError
    """
    try:
        statistic = parse_statistic(f"P({text})", meta)
    except UsageError as error:
        raise UsageError(str(error).replace(f"P({text})", text)) from None
    assert statistic.metric is not None
    return statistic, statistic.metric


def _in_words(statistic: Statistic) -> str:
    return statistic.name.removeprefix("P(").removesuffix(")")
