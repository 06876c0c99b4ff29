"""A scenario over a grid of values, along the same random numbers at every point."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sandwich_sim._version import __version__
from sandwich_sim.analysis.by_group import needed_metrics
from sandwich_sim.analysis.metrics import Statistic, parse_statistic
from sandwich_sim.analysis.sweep import Dimension, add_frontier, sweep_dataset
from sandwich_sim.engine import default_threads
from sandwich_sim.errors import UsageError
from sandwich_sim.prepare import prepare
from sandwich_sim.results.plan import RECORD_SECONDS
from sandwich_sim.scenario.findings import printable
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.scenario.parameters import parameter_of
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.simulation import Progress
from sandwich_sim.studies.explain import describe_statistic, read_statistics
from sandwich_sim.studies.paired import merged_slots
from sandwich_sim.studies.paired_statistics import paired_statistics
from sandwich_sim.studies.shortened import shortened
from sandwich_sim.studies.sweep_grid import GridAxis, dimension_names, grid_points, load_points, parse_grid

if TYPE_CHECKING:
    import xarray as xr

USUAL_TRAJECTORIES = 65_536
_POINT_SECONDS = 0.05


@dataclass(frozen=True)
class Frontier:
    """A statistic and the level that it crosses somewhere."""

    statistic: Statistic
    level: float


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep will take, before anything is simulated.

    Attributes
    ----------
    source : str or Path
    overrides : tuple of str
    reference : ScenarioSpec
        The scenario as it is.
    axes : tuple of GridAxis
    dimensions : tuple of Dimension
    statistics : tuple of Statistic
    asked : tuple of str
        Names of those that the user named, in a metric or a frontier.
    frontiers : tuple of Frontier
    slots : tuple of str
        Sobol dimensions of every point.
    trajectories, seed : int
    sampler : str
    shocks : bool
    threads : int
    seconds : float
        About, on a machine like the reference [s].
    notes : tuple of str
        What the scenario says of itself at any point, such as a correlation that a value drops.
    """

    source: str | Path
    overrides: tuple[str, ...]
    reference: ScenarioSpec
    axes: tuple[GridAxis, ...]
    dimensions: tuple[Dimension, ...]
    statistics: tuple[Statistic, ...]
    asked: tuple[str, ...]
    frontiers: tuple[Frontier, ...]
    slots: tuple[str, ...]
    trajectories: int
    seed: int
    sampler: str
    shocks: bool
    threads: int
    seconds: float
    notes: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Points along each axis."""
        return tuple(len(axis.texts) for axis in self.axes)

    @property
    def n_simulation(self) -> int:
        """Scenarios to run: every point, and the scenario as it is."""
        return int(np.prod(self.shape)) + 1


def plan_sweep(
    source: str | Path,
    grid: Sequence[str],
    *,
    overrides: Sequence[str] = (),
    metrics: Sequence[str] = (),
    frontiers: Sequence[str] = (),
    trajectories: int | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    shocks: bool = True,
    threads: int | None = None,
) -> SweepPlan:
    """Read a grid and check every value of it; nothing is simulated.

    Parameters
    ----------
    source : str or Path
        A scenario file or the name of a shipped scenario.
    grid : sequence of str
        ``open_source.catch_up_speed=0.8:1.4:7``, ``hop.lab.monopoly=0.2,0.5``.
    overrides : sequence of str
        Changes that hold at every point.
    metrics : sequence of str
        Outcomes or statistics of them; by default the mean of the cents that each hop keeps at the
        horizon and the probability of each event.
    frontiers : sequence of str
        ``thesis_falsified=0.5``, ``P(margin.lab @ 2030 > 0.2)=0.9``: a statistic and a level of it.
    trajectories, seed, sampler : optional
        The scenario's own if not given, but at most 65,536 trajectories.
    shocks : bool
        False holds every shock at zero.

    Raises
    ------
    UsageError, ScenarioError
    """
    if not grid:
        raise UsageError("nothing to sweep. Add --grid KEY=LOW:HIGH:COUNT, such as open_source.gap=1:8:8.")
    axes = parse_grid(grid)
    reference, alone = load_points(source, overrides, axes)
    wanted = trajectories or min(reference.run.trajectories, USUAL_TRAJECTORIES)
    prepared = prepare(
        reference, trajectories=wanted, seed=seed, sampler=sampler, shocks=shocks, threads=threads
    )
    meta = prepared.meta
    levels = tuple(_read_frontier(text, reference) for text in frontiers)
    named = [*metrics, *(level.statistic.name for level in levels)]
    texts = named if metrics else [*_usual_statistics(reference), *named]
    statistics = read_statistics(texts, reference)
    asked = tuple(statistic.name for statistic in read_statistics(named, reference)) if named else ()
    names = [metric.name for metric in needed_metrics(statistics)]
    for spec in alone:
        read_statistics(texts, spec)  # a value may take a date or a hop away
    n_point = int(np.prod([len(axis.texts) for axis in axes])) + 1
    steps = wanted * max(shortened(spec, names).n_record for spec in (reference, *alone))
    threads = threads or default_threads()
    return SweepPlan(
        source=source,
        overrides=tuple(overrides),
        reference=reference,
        axes=axes,
        dimensions=_dimensions(axes),
        statistics=statistics,
        asked=asked,
        frontiers=levels,
        slots=merged_slots([reference, *alone]),
        trajectories=wanted,
        seed=meta.seed,
        sampler=meta.sampler,
        shocks=shocks,
        threads=threads,
        seconds=0.5 + n_point * (steps * RECORD_SECONDS / threads + _POINT_SECONDS),
        notes=tuple(dict.fromkeys(_notes(reference, alone, axes))),
    )


def run_sweep(plan: SweepPlan, *, progress: Callable[[Progress], None] | None = None) -> xr.Dataset:
    """Simulate every point of a grid.

    Returns
    -------
    xarray.Dataset
        As `analysis.sweep.sweep_dataset` and `add_frontier` say.
    """
    points = [(), *grid_points(plan.axes)]
    columns, failed = paired_statistics(
        (load_scenario(plan.source, [*plan.overrides, *changes]) for changes in points),
        plan.n_simulation,
        plan.statistics,
        trajectories=plan.trajectories,
        seed=plan.seed,
        sampler=plan.sampler,
        slots=plan.slots,
        shocks=plan.shocks,
        threads=plan.threads,
        progress=progress,
    )
    attributes = {
        "title": f"{plan.reference.title}: sweep",
        "scenario": plan.reference.name,
        "scenario_digest": plan.reference.digest,
        "trajectories": plan.trajectories,
        "seed": str(plan.seed),  # may need 64 bits, which netCDF 3 has not
        "sampler": plan.sampler,
        "shocks": int(plan.shocks),
        "failed_trajectories": failed,
        "sandwich_sim_version": __version__,
    }
    found = np.moveaxis(columns[1:], 0, 1).reshape(len(plan.statistics), *plan.shape, -1)
    described = [describe_statistic(statistic) for statistic in plan.statistics]
    dataset = sweep_dataset(plan.dimensions, described, found, columns[0], attributes)
    for frontier in plan.frontiers:
        dataset = add_frontier(dataset, plan.dimensions, frontier.statistic.name, frontier.level)
    return dataset


def _notes(reference: ScenarioSpec, alone: Sequence[ScenarioSpec], axes: Sequence[GridAxis]) -> Iterator[str]:
    """Yield what the scenario says of itself, and at the first value of each axis that adds something."""
    yield from reference.notes
    specs = iter(alone)
    for axis in axes:
        said = [spec.notes for spec in islice(specs, len(axis.texts))]
        yield from next((notes for notes in said if set(notes) - set(reference.notes)), ())


def _usual_statistics(spec: ScenarioSpec) -> list[str]:
    means = [f"mean(cents_kept.{hop} @ horizon)" for hop in spec.hop_names]
    return means + [f"P({event.name})" for event in spec.events]


def _read_frontier(text: str, spec: ScenarioSpec) -> Frontier:
    name, equals, level = (part.strip() for part in text.rpartition("="))
    try:
        value = float(level.rstrip("%")) / (100.0 if level.endswith("%") else 1.0)
    except ValueError:
        value = float("nan")
    if not (name and equals) or not np.isfinite(value):
        raise UsageError(
            f'--frontier "{printable(text)}": is none. Write STATISTIC=LEVEL, such as thesis_falsified=0.5.'
        )
    return Frontier(parse_statistic(name if "(" in name else f"P({name})", spec), value)


def _dimensions(axes: Sequence[GridAxis]) -> tuple[Dimension, ...]:
    found = []
    for axis, name in zip(axes, dimension_names(axes), strict=True):
        try:
            about = parameter_of(axis.key)
            unit, long_name = about.unit, about.long_name
        except (KeyError, IndexError):  # a table, a date
            unit, long_name = "1", axis.key
        values = axis.values if axis.values is not None else axis.texts
        found.append(Dimension(name, axis.key, values, unit, long_name))
    return tuple(found)
