"""The tails of an outcome: which trajectories lie farthest out, their stories, what they have in common."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from sandwich_sim.analysis.metrics import Metric, not_kept, parse_metric
from sandwich_sim.analysis.story import Luck, SharedInput, Story, TailStory, UnusualInput
from sandwich_sim.errors import UsageError
from sandwich_sim.results.layout import CUMULATIVE
from sandwich_sim.results.tails import TAIL
from sandwich_sim.simulation import Progress
from sandwich_sim.studies.replay import Replay
from sandwich_sim.studies.unusual import unusual_inputs

Floats = NDArray[np.float64]
End = Literal["lowest", "highest"]

MOST = 256
"""Trajectories of a tail that are told at most."""
ALARM = 0.01
"""How often a tail that no input caused would show an input as shared."""
_TAIL_PART = 20
"""What is shared is looked for in at most one in so many of all trajectories."""
_SHORT = {"profit": "cumulative_profit", "revenue": "cumulative_revenue"}
"""Without a date, money of a hop means its sum over the run."""


@dataclass(frozen=True)
class Tail:
    """The outermost trajectories of an outcome, the outermost first; ties by the lower number.

    Attributes
    ----------
    metric : Metric
    end : {"lowest", "highest"}
    trajectories : ndarray of int64, shape (n_found,)
    values : ndarray of float64, shape (n_found,)
        As stored [``metric.unit``].
    n : int
        Trajectories that have a value.
    """

    metric: Metric
    end: End
    trajectories: NDArray[np.int64]
    values: Floats
    n: int


def outcome_of(text: str, run: Replay) -> Metric:
    """Read the name of an outcome: ``profit.lab`` is its sum over the run.

    Raises
    ------
    UsageError
        If there is no such outcome, or it is yes or no.
    """
    base, dot, rest = text.strip().partition(".")
    if base in _SHORT and dot and "@" not in rest:
        text = f"{_SHORT[base]}.{rest}"
    metric = parse_metric(text, run.meta)
    if metric.is_flag:
        raise UsageError(
            f"{metric.name}: an event happens or not, so that no trajectory is farthest out. "
            f"Ask for event_time.{metric.variable}, or for a number such as profit.{run.meta.hops[0]}."
        )
    return metric


def find_tail(run: Replay, outcome: str, top: int, end: End) -> Tail:
    """Find the trajectories with the lowest or the highest values of an outcome.

    Parameters
    ----------
    outcome : str
        ``profit.lab``, ``discounted_revenue.chips``, ``margin.lab @ 2030-07``, ``event_time.buildout_bust``.
    top : int
        How many, at least 1.

    Raises
    ------
    UsageError
        If there is no such outcome, or the run did not keep what it takes; with what to do.
    """
    metric = outcome_of(outcome, run)
    if not 1 <= top <= MOST:
        raise UsageError(f"{top} trajectories: ask for 1 to {MOST}.")
    wanted = max(top, min(TAIL, run.meta.n_trajectories // _TAIL_PART))
    if metric.kind == "cumulative" and wanted <= TAIL:
        return _kept_tail(run, metric, wanted, end)
    if run.meta.keep == "summary":
        raise UsageError(_not_in_summary(run, metric, top))
    values = _stored_values(run, metric)
    place = np.flatnonzero(~np.isnan(values))
    sign = 1.0 if end == "lowest" else -1.0
    chosen = place
    if place.size > wanted:
        bound = np.partition(sign * values[place], wanted - 1)[wanted - 1]
        chosen = place[sign * values[place] <= bound]
    order = np.lexsort((chosen, sign * values[chosen]))[:wanted]
    chosen = chosen[order]
    return Tail(metric, end, chosen, metric.scale * values[chosen].astype(np.float64), place.size)


def _kept_tail(run: Replay, metric: Metric, wanted: int, end: End) -> Tail:
    row = [name for name, _ in CUMULATIVE].index(metric.variable)
    at = row, run.meta.hops.index(metric.hop), ("lowest", "highest").index(end)
    index, value = run.accumulators["tail_index"][at], run.accumulators["tail_value"][at]
    is_there = index >= 0
    found = index[is_there][:wanted].astype(np.int64)
    n = run.meta.n_trajectories - int(run.accumulators["failures"][0])
    return Tail(metric, end, found, value[is_there][:wanted].astype(np.float64), n)


def _not_in_summary(run: Replay, metric: Metric, top: int) -> str:
    if metric.kind == "cumulative":
        return (
            f"{metric.name}: a run with --keep summary holds the {TAIL} lowest and highest, and {top} are "
            f"asked for. Ask for --top {TAIL} at most, or run it again with --keep outcomes."
        )
    sums = ", ".join(name for name, _ in CUMULATIVE)
    keep = "paths" if metric.record % run.meta.steps_per_year else "outcomes"
    return (
        f"{metric.name}: a run with --keep summary knows the tails of sums over the run alone ({sums}, "
        f"such as profit.{run.meta.hops[0]}). Run it again with --keep {keep}"
        + (
            f' and "{metric.variable}" in [run] keep_series.'
            if metric.series and metric.series not in run.meta.keep_series and keep == "outcomes"
            else "."
        )
    )


def _stored_values(run: Replay, metric: Metric) -> NDArray[np.float32]:
    """Return an outcome of every trajectory, as stored."""
    meta, stored = run.meta, run.stored
    if metric.kind == "event_time":
        return stored.row("event_time", meta.events.index(metric.variable))
    hop = meta.hops.index(metric.hop) if metric.hop else -1
    if metric.kind == "cumulative":
        return stored.row(metric.variable, hop)
    name = metric.variable if stored.has(metric.variable) else metric.series  # some hops only: one array each
    every = 1 if meta.keep == "paths" else meta.steps_per_year
    record, rest = divmod(metric.record, every)
    if not stored.has(name) or rest:
        raise UsageError(not_kept(metric, meta))
    return stored.row(name, (hop, record) if "hop" in stored.arrays[name].dims else record)


def replay_tails(
    folder: Path | str,
    outcome: str,
    *,
    top: int = 5,
    end: End = "lowest",
    hops: Sequence[str] = (),
    progress: Callable[[Progress], None] | None = None,
) -> TailStory:
    """Find the trajectories at one end of an outcome, tell each, and what they have in common.

    Parameters
    ----------
    folder : path
        A run folder.
    outcome : str
        As for `find_tail`.
    top : int
        How many are told.
    end : {"lowest", "highest"}
    hops : sequence of str
        Hops whose series are told; the outcome's own is always among them.
    progress : callable, optional
        Called with each trajectory that is done.

    Raises
    ------
    UsageError, IntegrityError
        As `replay`, and if the run did not keep what the outcome takes.
    """
    began = time.perf_counter()
    run = Replay(folder)
    tail = find_tail(run, outcome, top, end)
    if not tail.trajectories.size:
        raise UsageError(f"{tail.metric.name}: no trajectory of the run has a value.")
    own = (*hops, tail.metric.hop) if tail.metric.hop else tuple(hops)
    if tail.metric.hop and not hops:
        own = (tail.metric.hop, *run.told_by_default())
    n = tail.trajectories.size

    def report(done: int) -> None:
        if progress is not None:
            stage = "simulate" if done else "compile"
            progress(Progress(done, n, time.perf_counter() - began, stage))

    stories: list[Story] = []
    scores = []
    report(0)
    for place, index in enumerate(tail.trajectories.tolist()):
        if place < top:
            stories.append(run.story(index, own))
            scores.append(_scores(stories[-1].inputs, stories[-1].luck))
        else:
            found = run.trajectory(index)
            scores.append(_scores(unusual_inputs(run.spec, found.drawn), run.luck(found)))
        report(place + 1)
    shared, n_looked = _shared(scores)
    told = min(top, n)
    return TailStory(
        folder=str(folder),
        title=run.meta.title or run.meta.name,
        outcome=tail.metric.name,
        label=tail.metric.label,
        unit=tail.metric.unit,
        end=end,
        n=tail.n,
        trajectories=tuple(tail.trajectories[:told].tolist()),
        values=tuple(tail.values[:told].tolist()),
        stories=tuple(stories),
        n_shared=n,
        alarm=ALARM,
        shared=shared,
        n_looked=n_looked,
    )


def _scores(inputs: Sequence[UnusualInput], luck: Sequence[Luck]) -> dict[str, tuple[str, float]]:
    """Title and normal score of every input and luck of a trajectory."""
    scores = {each.name: (each.title, each.score) for each in inputs}
    return scores | {each.name: (f"Chance: {each.title}", each.score) for each in luck}


def _shared(scores: Sequence[dict[str, tuple[str, float]]]) -> tuple[tuple[SharedInput, ...], int]:
    """Find what the members of a tail have in common, by the mean of their normal scores.

    Notes
    -----
    Where an input has nothing to do with the outcome, its scores in the tail are those of
    independent draws, and their mean times the root of their number is standard normal. The
    threshold is shared out among all that is looked at (Bonferroni).
    """
    names = [name for name in scores[0] if all(name in each for each in scores)]
    if len(scores) < 2 or not names:
        return (), len(names)
    limit = float(-ndtri(0.5 * ALARM / len(names)))
    found = []
    for name in names:
        mean = float(np.mean([each[name][1] for each in scores]))
        significance = mean * sqrt(len(scores))
        if abs(significance) >= limit:
            found.append(SharedInput(name, scores[0][name][0], mean, significance, float(ndtr(mean))))
    return tuple(sorted(found, key=lambda each: -abs(each.significance))), len(names)
