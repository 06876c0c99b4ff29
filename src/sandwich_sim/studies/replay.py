"""One trajectory of a stored run, computed again from seed and index, and its story."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.story import UNUSUAL, EventTold, Luck, SeriesTold, Standing, Story
from sandwich_sim.analysis.story_happenings import Course, happenings
from sandwich_sim.analysis.story_rank import open_stored, rank_of_sums, series_rank
from sandwich_sim.analysis.story_words import (
    events_words,
    inputs_words,
    luck_words,
    money_words,
    outstanding,
)
from sandwich_sim.engine import Worker
from sandwich_sim.errors import UsageError
from sandwich_sim.results.aggregate import dataset_summary
from sandwich_sim.results.coordinates import record_days
from sandwich_sim.results.dataset import read_accumulators
from sandwich_sim.results.layout import CUMULATIVE, layout_of
from sandwich_sim.results.reduce import is_finite, new_accumulators, outcome_arrays, record_plan
from sandwich_sim.simulation import Progress
from sandwich_sim.studies.recompute import known_indices, shock_paths, spell_out, stored_run
from sandwich_sim.studies.replay_check import check_stored
from sandwich_sim.studies.unusual import joint_quantile, lucks, rarest_first, unusual_inputs
from sandwich_sim.variables import VARIABLES

Floats = NDArray[np.float64]

CHAIN_TOLD = ("gap", "share", "price", "inference_margin", "all_in_margin", "spend", "capex")
HOP_TOLD = ("margin", "profit", "dollar_profit")
SUMS_TOLD = ("cumulative_profit", "cumulative_revenue")


@dataclass(frozen=True)
class Replayed:
    """Everything that one trajectory used and made, in float64.

    Attributes
    ----------
    trajectory : int
    drawn : ndarray of float64, shape (n_drawn,)
        Inputs in the order of ``spec.drawn``.
    parameters : dict of str to float
        Every parameter by dotted name, constants and aliases too.
    shocks : dict of str to ndarray, shape (n_step,)
        Standard normals, and counts for ``shock.leap`` and ``shock.release``.
    series : dict of str to ndarray, shape (n_record,)
        Every series by its spelled-out name.
    cumulative : dict of str to float
        ``cumulative_profit.lab`` and so on [bn USD].
    event_time : dict of str to float
        First time [yr after the start]; NaN if never.
    problems : tuple of str
        Non-finite values and broken identities.
    outcomes : dict of str to ndarray
        What the kernels gave, as `reduce.outcome_arrays` names it, ``yearly`` and ``series`` both.
    """

    trajectory: int
    drawn: Floats
    parameters: dict[str, float]
    shocks: dict[str, Floats]
    series: dict[str, Floats]
    cumulative: dict[str, float]
    event_time: dict[str, float]
    problems: tuple[str, ...]
    outcomes: dict[str, NDArray[Any]]


class Replay:
    """A complete run, opened so that its trajectories can be computed again.

    Parameters
    ----------
    folder : path
        A run folder, of any ``keep`` and sampler.

    Raises
    ------
    UsageError
        If there is no such folder, or it is not a run.
    IntegrityError
        If it is damaged or not complete, was made on another platform or by another version, or
        its scenario was changed since.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self._prepared = stored_run(self.folder)
        self.meta, self.spec = self._prepared.meta, self._prepared.spec
        self.stored = open_stored(self.folder, self.meta)
        self.accumulators = read_accumulators(self.folder)
        self.layout = layout_of(self.meta)
        self._plan = record_plan(self.spec, self.meta)
        self._worker: Worker | None = None
        self._summary: dict[str, Floats] | None = None
        days = record_days(self.meta.start, self.meta.years, self.meta.steps_per_year)
        self.dates: tuple[date, ...] = tuple(self.meta.start + timedelta(days=float(day)) for day in days)

    def trajectory(self, index: int) -> Replayed:
        """Compute one trajectory again, with all that went in and came out.

        Raises
        ------
        UsageError
            If the run has no such trajectory.
        """
        at = known_indices([index], self.meta.n_trajectories)
        if self._worker is None:
            self._worker = Worker(self._prepared.model(), self.meta, self._plan, dtype=np.float64)
        counted = new_accumulators(self.meta, self._plan, counting=False)
        outcomes = self._worker.run(at, keep="paths", accumulators=counted)
        arrays = {name: array.copy() for name, array in outcome_arrays(outcomes, int(at[0]), 1).items()}
        every = self.meta.steps_per_year
        arrays["yearly"] = arrays["series"][self._plan.keep_rows][:, ::every]
        parameters = spell_out(self.spec, arrays["parameters"])
        shocks = shock_paths(self._prepared, parameters, at)
        names = [f"{name}.{hop}" for name, _ in CUMULATIVE for hop in self.meta.hops]
        return Replayed(
            trajectory=int(at[0]),
            drawn=arrays["parameters"][:, 0],
            parameters={name: float(value[0]) for name, value in parameters.items()},
            shocks={name: steps[:, 0] for name, steps in shocks.items()},
            series=dict(zip(self.meta.series, arrays["series"][:, :, 0], strict=True)),
            cumulative=dict(zip(names, arrays["cumulative"][:, :, 0].ravel().tolist(), strict=True)),
            event_time=dict(zip(self.meta.events, arrays["event_time"][:, 0].tolist(), strict=True)),
            problems=self._problems(arrays["series"][:, :, 0], counted.failures.tolist()),
            outcomes=arrays,
        )

    def story(self, index: int, hops: Sequence[str] = ()) -> Story:
        """Compute one trajectory again, compare it with what the run stores, and tell of it.

        Parameters
        ----------
        hops : sequence of str
            Hops whose series are told; labs, compute and chips if none is named.

        Raises
        ------
        UsageError
            If the run has no such trajectory or hop.
        IntegrityError
            If a number that the run stores of it differs.
        """
        titles = self._titles(hops)
        found = self.trajectory(index)
        compared = check_stored(self.stored, self.layout, self.accumulators, found.trajectory, found.outcomes)
        inputs = unusual_inputs(self.spec, found.drawn)
        joint = joint_quantile(self.spec, np.array([each.score for each in inputs]))
        luck = self.luck(found)
        events = self._events(found)
        course = Course(self.dates, self.meta.steps_per_year, found.series, found.shocks, titles)
        series = self._series(found, titles)
        standings = self._standings(found)
        n_unusual = sum(each.rarity < UNUSUAL for each in inputs)
        words = (
            _money_headline(standings, list(series.values()), titles),
            inputs_words(rarest_first(inputs), n_unusual, joint),
            luck_words(luck),
            events_words(events),
        )
        meta = self.meta
        return Story(
            folder=str(self.folder),
            name=meta.name,
            title=meta.title or meta.name,
            trajectory=found.trajectory,
            n_trajectories=meta.n_trajectories,
            sampler=meta.sampler,
            keep=meta.keep,
            seed=meta.seed,
            run_digest=meta.run_digest,
            dates=self.dates,
            steps_per_year=meta.steps_per_year,
            headline=tuple(text for text in words if text),
            compared=compared,
            inputs=rarest_first(inputs),
            n_unusual=n_unusual,
            joint=joint,
            luck=luck,
            happenings=happenings(course, events),
            events=events,
            series=series,
            hops=titles,
            standings=standings,
            problems=found.problems,
        )

    def luck(self, found: Replayed) -> tuple[Luck, ...]:
        """Return the shocks of a trajectory added up, the most unusual first; none where they were held."""
        if not self.meta.shocks:
            return ()
        added = lucks(self.spec, found.parameters, found.shocks)
        return tuple(sorted(added, key=lambda each: each.rarity))

    def told_by_default(self) -> tuple[str, ...]:
        """Return the hops whose series are told where none is named: labs, compute, chips."""
        return tuple(
            hop.name
            for hop in self.spec.hops
            if hop.role in ("lab", "compute") or hop.cost_driver == "hardware"
        )

    def _titles(self, hops: Sequence[str]) -> dict[str, str]:
        known = dict(zip(self.meta.hops, self.meta.hop_titles, strict=True))
        for hop in hops:
            if hop not in known:
                raise UsageError(f"the run has no hop {hop}. It has {', '.join(known)}.")
        chosen = hops or self.told_by_default()
        return {hop: title or hop for hop, title in known.items() if hop in chosen}

    def _problems(self, series: Floats, failures: Sequence[int]) -> tuple[str, ...]:
        """What is wrong with a trajectory: the first record of each kind, and where."""
        found = []
        for name, values in zip(self.meta.series, series, strict=True):
            wrong = ~is_finite(values)
            if VARIABLES[name.partition(".")[0]].can_be_undefined:
                wrong &= ~np.isnan(values)
            if wrong.any():
                record = int(wrong.argmax())
                found.append((record, f"{name} is {values[record]} at {self.dates[record]} (step {record})"))
        said = [text for _, text in sorted(found)]
        names = ("(i), what comes in goes out", "(ii), the dollar walk adds up")
        said += [f"identity {name}: broken" for name, n in zip(names, failures, strict=True) if n]
        return tuple(said)

    def _events(self, found: Replayed) -> tuple[EventTold, ...]:
        if not self.meta.events:
            return ()
        if self._summary is None:
            self._summary = dataset_summary(self.accumulators, self.meta)
        by_year, total = self._summary["event_probability"], self._summary["event_total_probability"]
        told = []
        for row, (name, title) in enumerate(zip(self.meta.events, self.meta.event_titles, strict=True)):
            time = found.event_time[name]
            is_met = not np.isnan(time)
            record = round(time * self.meta.steps_per_year) if is_met else -1
            year = -(-record // self.meta.steps_per_year)
            told.append(
                EventTold(
                    name=name,
                    title=title,
                    when=self.dates[record] if is_met else None,
                    record=record,
                    probability=float(total[row]),
                    by_then=float(by_year[row, year]) if is_met else float("nan"),
                )
            )
        return tuple(told)

    def _series(self, found: Replayed, titles: dict[str, str]) -> dict[str, SeriesTold]:
        names = [*CHAIN_TOLD, *(f"{name}.{hop}" for hop in titles for name in HOP_TOLD)]
        told = {}
        for name in names:
            base, _, hop = name.partition(".")
            variable, values = VARIABLES[base], found.series[name]
            title = f"{variable.long_name} of {titles[hop]}" if hop else variable.long_name
            rank = series_rank(self.accumulators, self.meta, name, values)
            told[name] = SeriesTold(name, title, variable.unit, values, rank)
        return told

    def _standings(self, found: Replayed) -> tuple[Standing, ...]:
        told = []
        titles = dict(zip(self.meta.hops, self.meta.hop_titles, strict=True))
        for base in SUMS_TOLD:
            values = np.array([found.cumulative[f"{base}.{hop}"] for hop in self.meta.hops])
            lower, n = rank_of_sums(self.stored, self.accumulators, base, found.trajectory, values)
            for hop, value, each in zip(self.meta.hops, values.tolist(), lower, strict=True):
                told.append(Standing(f"{base}.{hop}", titles[hop] or hop, value, each, n))
        return tuple(told)


def replay(
    folder: Path | str,
    trajectory: int,
    hops: Sequence[str] = (),
    *,
    progress: Callable[[Progress], None] | None = None,
) -> Story:
    """Compute one trajectory of a stored run again and tell its story.

    Parameters
    ----------
    folder : path
        A run folder, of any ``keep`` and sampler.
    trajectory : int
        Its number, from 0.
    hops : sequence of str
        Hops whose series are told; labs, compute and chips if none is named.
    progress : callable, optional
        Called before the kernels are needed, and at the end.

    Raises
    ------
    UsageError
        If the run, the trajectory or a hop does not exist.
    IntegrityError
        If the run is damaged, not complete or from another platform, its scenario was changed, or a
        number that it stores of the trajectory is not what is computed.
    """
    began = time.perf_counter()
    run = Replay(folder)
    if progress is not None:
        progress(Progress(0, 1, time.perf_counter() - began, "compile"))
    story = run.story(trajectory, hops)
    if progress is not None:
        progress(Progress(1, 1, time.perf_counter() - began, "simulate"))
    return story


def _money_headline(
    standings: Sequence[Standing], series: Sequence[SeriesTold], titles: dict[str, str]
) -> str:
    """The sum over the run that lies farthest from the middle; else the end of a series that does."""
    ranked = [
        each
        for each in standings
        if each.lower is not None
        and each.name.startswith("cumulative_profit")
        and each.name.partition(".")[2] in titles
    ]
    if ranked:
        return money_words(max(ranked, key=lambda each: abs(each.rank - 0.5)))
    return outstanding(series)
