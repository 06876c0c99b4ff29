"""Sobol total indices and Shapley effects with new runs: players drawn anew, all else bit-equal.

Draws are addressed by name, so an input is drawn anew under a second name, shocks by a second key,
and nothing else changes. Correlated inputs are one player, and so are all shocks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.metrics import Metric, needs_paths, take_values, wanted_series
from sandwich_sim.analysis.sensitivity import Sensitivity
from sandwich_sim.analysis.sensitivity_sample import correlated_rows
from sandwich_sim.analysis.sensitivity_swaps import SwapIndices, group_indices, join_groups, measure_group
from sandwich_sim.engine import Worker, default_threads
from sandwich_sim.errors import IntegrityError, UsageError
from sandwich_sim.kernels.rng import key_of, stream_of
from sandwich_sim.model import Model
from sandwich_sim.prepare import prepare
from sandwich_sim.results.dataset import read_meta, stored_scenario
from sandwich_sim.results.meta import N_SCRAMBLE, Keep
from sandwich_sim.results.reduce import outcome_arrays, record_plan
from sandwich_sim.scenario.spec import ScenarioSpec

Floats = NDArray[np.float64]

OTHERS = "all other inputs"
SHOCKS = "shocks"
FEWEST = 1024
_AGAIN = " (drawn anew)"
_OTHER_KEY = 0x9E3779B97F4A7C15


@dataclass(frozen=True)
class NewRuns:
    """Indices from new runs.

    Attributes
    ----------
    players : tuple of str
    metrics : tuple of Metric
    found : SwapIndices
    n_simulated : int
        Trajectories that were simulated for it.
    """

    players: tuple[str, ...]
    metrics: tuple[Metric, ...]
    found: SwapIndices
    n_simulated: int


def choose_players(
    spec: ScenarioSpec, names: Sequence[str], *, shocks: bool = True
) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Return players: the named inputs, each with what it is correlated with; the others; shocks.

    Returns
    -------
    tuple of (str, tuple of int)
        Name, and rows of ``spec.drawn``; no row for the shocks.
    """
    drawn = spec.drawn
    groups = {row: rows for rows in correlated_rows(drawn, spec.correlation) for row in rows}
    taken: set[int] = set()
    players: list[tuple[str, tuple[int, ...]]] = []
    for name in names:
        row = drawn.index(name)
        if row in taken:
            continue
        rows = groups.get(row, (row,))
        taken.update(rows)
        players.append((" ~ ".join([name, *(drawn[other] for other in rows if other != row)]), rows))
    rest = tuple(row for row in range(len(drawn)) if row not in taken)
    if rest:
        players.append((OTHERS, rest))
    if shocks:
        players.append((SHOCKS, ()))
    return tuple(players)


def run_swaps(
    folder: Path | str,
    sensitivity: Sensitivity,
    *,
    trajectories: int = 8192,
    n_input: int = 10,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> NewRuns:
    """Measure total indices and Shapley effects on the outcomes that a sensitivity looks at in detail.

    Parameters
    ----------
    folder : path
        The run; its scenario is run anew.
    sensitivity : Sensitivity
        Of that run: the strongest inputs of each outcome, in turn, are the players.
    trajectories : int
        Of each of about three runs for every player.
    n_input : int
        Inputs that are players of their own.
    progress : callable, optional
        Told how many of how many groups are done.

    Raises
    ------
    UsageError
        If there are too few trajectories.
    IntegrityError
        If an outcome is not finite in some trajectory.
    """
    if trajectories < FEWEST or trajectories % N_SCRAMBLE:
        raise UsageError(f"{trajectories} trajectories: take a multiple of 16, {FEWEST} or more.")
    folder = Path(folder)
    meta = read_meta(folder)
    spec = stored_scenario(folder, meta)
    metrics = tuple(detail.metric for detail in sensitivity.details)
    chosen = [sensitivity.names[row] for row in strongest_in_turn(sensitivity)[:n_input]]
    players = choose_players(spec, chosen, shocks=meta.shocks)
    swapped = Swapped(spec, metrics, players, seed=meta.seed, trajectories=trajectories, shocks=meta.shocks)
    groups = group_indices(trajectories)

    def measure(number: int) -> Any:
        return measure_group(swapped.evaluate, len(players), groups[number], number)

    found = []
    with ThreadPoolExecutor(max_workers=threads or default_threads()) as pool:
        for done, sums in enumerate(pool.map(measure, range(len(groups))), 1):
            found.append(sums)
            if progress is not None:
                progress(done, len(groups))
    return NewRuns(
        tuple(name for name, _ in players), metrics, join_groups(found, trajectories), swapped.n_simulated
    )


def strongest_in_turn(sensitivity: Sensitivity) -> list[int]:
    """Rank inputs so that every outcome has its strongest ones: its first, the other's first, its second.

    Indices of different outcomes do not compare: one may be mostly noise, whose inputs all look weak.
    """
    ranked = [np.argsort(-detail.first.value, kind="stable") for detail in sensitivity.details]
    return list(dict.fromkeys(int(row) for rows in zip(*ranked, strict=True) for row in rows))


class Swapped:
    """A scenario in which chosen players are drawn a second time.

    Parameters
    ----------
    spec : ScenarioSpec
    metrics : sequence of Metric
    players : sequence of (str, tuple of int)
        As `choose_players` returns them.
    seed : int
    trajectories : int
    shocks : bool
    """

    def __init__(
        self,
        spec: ScenarioSpec,
        metrics: Sequence[Metric],
        players: Sequence[tuple[str, tuple[int, ...]]],
        *,
        seed: int,
        trajectories: int,
        shocks: bool = True,
    ) -> None:
        prepared = prepare(spec, trajectories=trajectories, seed=seed, sampler="random", shocks=shocks)
        keep: Keep = "paths" if needs_paths(metrics, spec.steps_per_year) else "outcomes"
        self._meta = replace(prepared.meta, keep=keep, fans=(), keep_series=wanted_series(metrics))
        self._metrics, self._players = tuple(metrics), tuple(players)
        self._plan = record_plan(spec, self._meta)
        self._model: Model = prepared.model()
        self._streams = np.array([stream_of(name + _AGAIN) for name in spec.drawn], dtype=np.uint64)
        self._keys = key_of(seed ^ _OTHER_KEY)
        self.n_simulated = 0

    def evaluate(self, players: frozenset[int], indices: NDArray[np.int64]) -> Floats:
        """Return outcomes of some trajectories with some players drawn anew, shape (n_metric, m)."""
        model, streams = self._model, self._model.draws.streams.copy()
        for number in players:
            name, rows = self._players[number]
            streams[list(rows)] = self._streams[list(rows)]
            if name == SHOCKS:
                model = replace(model, inputs=model.inputs._replace(keys=self._keys))
        model = replace(model, draws=model.draws._replace(streams=streams))
        worker = Worker(model, self._meta, self._plan, dtype=np.float64)
        outcomes = worker.run(indices, keep=self._meta.keep)
        values = take_values(
            self._metrics, self._meta, outcome_arrays(outcomes, int(indices[0]), indices.size)
        )
        if not np.isfinite(values).all():
            row, column = np.argwhere(~np.isfinite(values))[0]
            raise IntegrityError(
                f"{self._metrics[row].name}: trajectory {indices[column]} has no finite value in a new run. "
                "Ask for an outcome that always has one."
            )
        self.n_simulated += indices.size
        return values
