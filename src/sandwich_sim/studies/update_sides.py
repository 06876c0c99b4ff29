"""What `update` weighs: scenarios that are simulated, and runs whose trajectories are computed again.

Only what the evidence is about is computed first, up to its last date; the outcomes follow once
the weights are known to be good.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.evidence import Fit, Reading, fit_of, needed_records
from sandwich_sim.analysis.metrics import Metric, happened, needs_paths, wanted_series
from sandwich_sim.analysis.trajectories import Trajectories
from sandwich_sim.engine import default_threads
from sandwich_sim.errors import IntegrityError, UsageError
from sandwich_sim.kernels.rng import STREAM_VERSION
from sandwich_sim.prepare import check_described, prepare
from sandwich_sim.results.dataset import check_run, read_fingerprint, read_meta, stored_scenario
from sandwich_sim.results.meta import N_SCRAMBLE, RunMeta
from sandwich_sim.results.provenance import fingerprint
from sandwich_sim.sampling import draw
from sandwich_sim.scenario.load import load_scenario, shipped_scenarios
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.simulation import Progress
from sandwich_sim.studies.paired import PairedOutcomes, merged_slots, paired_outcomes
from sandwich_sim.studies.shortened import shortened

Floats = NDArray[np.float64]
Source = str | Path | ScenarioSpec

_NAMES_AT_ONCE = 8
"""Inputs drawn at a time, so that memory does not grow with their number."""


@dataclass
class Side:
    """A scenario, or a run, with the trajectories that are weighed.

    Attributes
    ----------
    name, source : str
    spec : ScenarioSpec
    folder : Path, optional
        Of a run that keeps outcomes.
    meta : RunMeta
        With the number of trajectories that are weighed.
    whole : int
        Trajectories of the run, of which the first are weighed.
    threads : int
    """

    name: str
    source: str
    spec: ScenarioSpec
    folder: Path | None
    meta: RunMeta
    whole: int
    threads: int
    is_run: bool = False
    progress: Callable[[Progress], None] | None = None
    found: PairedOutcomes | None = field(default=None, repr=False)

    failures: dict[str, int] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """Number of trajectories."""
        return self.meta.n_trajectories

    def scramble(self) -> NDArray[np.uint8]:
        """Return the scramble of each trajectory, shape (n,)."""
        return (np.arange(self.n) % N_SCRAMBLE).astype(np.uint8)

    def fit(self, readings: Sequence[Reading]) -> Fit:
        """Compute what the evidence is about and compare; trajectories that are there stay."""
        records = needed_records(readings)
        if self.found is None or self.found.n < self.n:
            first = 0 if self.found is None or self.meta.sampler == "latin-hypercube" else self.found.n
            more = self._simulate(records, first=first)
            self.found = self.found.joined(more) if self.found is not None and first else more
        values = {metric.name: row for metric, row in zip(records, self.found.values[0], strict=True)}
        return fit_of(readings, values, self.n)

    def records(self, metrics: Sequence[Metric]) -> tuple[Floats, ...]:
        """Compute records of series, of every trajectory, up to the last of their dates."""
        return tuple(self._simulate(metrics).values[0])

    def grow(self, trajectories: int) -> None:
        """Weigh more trajectories; those of a scenario alone can grow."""
        self.meta = replace(self.meta, n_trajectories=trajectories)
        self.whole = trajectories

    def outcomes(self, metrics: Sequence[Metric]) -> tuple[Floats, ...]:
        """Return outcomes of every trajectory: read where the run keeps them, else computed."""
        if not metrics:
            return ()
        kept = [metric for metric in metrics if self._keeps(metric)]
        rows: dict[str, Floats] = {}
        if kept and self.folder is not None:
            rows = take_stored(kept, Trajectories(self.folder, self.n), self.threads)
        rest = [metric for metric in metrics if metric.name not in rows]
        # What needs every record is dear: apart from what needs one a year.
        q = self.meta.steps_per_year
        for part in (
            [metric for metric in rest if not needs_paths([metric], q)],
            [metric for metric in rest if needs_paths([metric], q)],
        ):
            if part:
                found = self._simulate(part, whole_run=True)
                self.failures = found.failures[0]
                rows |= {metric.name: row for metric, row in zip(part, found.values[0], strict=True)}
        return tuple(rows[metric.name] for metric in metrics)

    def inputs(self, take: Callable[[str, Floats], None]) -> None:
        """Draw every input again and hand it on, a few at a time; on as many threads as given."""
        names = self.spec.drawn
        indices = np.arange(self.n)

        def draw_and_take(part: Sequence[str]) -> None:
            rows = draw(
                self.spec,
                part,
                indices,
                seed=self.meta.seed,
                sampler=self.meta.sampler,
                trajectories=self.whole,
                slots=self.meta.sobol_slots,
            )
            for name, row in zip(part, rows, strict=True):
                take(name, row)

        parts = [names[first : first + _NAMES_AT_ONCE] for first in range(0, len(names), _NAMES_AT_ONCE)]
        with ThreadPoolExecutor(self.threads, thread_name_prefix="sandwich-sim") as pool:
            list(pool.map(draw_and_take, parts))

    def _simulate(
        self, metrics: Sequence[Metric], *, first: int = 0, whole_run: bool = False
    ) -> PairedOutcomes:
        names = [metric.name for metric in metrics]
        # Events run over the whole time: without them a scenario may end with the last record.
        spec = self.spec if whole_run else replace(self.spec, events=(), digest="")
        return paired_outcomes(
            [shortened(spec, names)],
            [names],
            trajectories=self.n - first,
            first=first,
            seed=self.meta.seed,
            sampler=self.meta.sampler,
            slots=self.meta.sobol_slots,
            shocks=self.meta.shocks,
            threads=self.threads,
            progress=self.progress,
        )

    def _keeps(self, metric: Metric) -> bool:
        if self.folder is None:
            return False
        if metric.kind != "series" or self.meta.keep == "paths":
            return True
        return set(wanted_series([metric])) <= set(self.meta.keep_series) and not needs_paths(
            [metric], self.meta.steps_per_year
        )


def take_stored(metrics: Sequence[Metric], stored: Trajectories, threads: int) -> dict[str, Floats]:
    """Read outcomes that a run keeps, by name, each array of the run once."""
    meta = stored.meta

    def key_of(metric: Metric) -> tuple[str, int]:
        if metric.kind in ("flag", "event_time"):
            return "event_time", -1
        if metric.kind == "cumulative":
            return metric.variable, -1
        # A series of some hops only is an array of its own, and one of all hops has them as rows.
        name = metric.variable if stored.keeps(metric.variable) else metric.series
        return name, metric.record // meta.steps_per_year

    def read(key: tuple[str, int]) -> NDArray[Any]:
        return stored.whole(key[0]) if key[1] < 0 else stored.at_year(*key)

    keys = list(dict.fromkeys(key_of(metric) for metric in metrics))
    with ThreadPoolExecutor(threads, thread_name_prefix="sandwich-sim") as pool:
        arrays = dict(zip(keys, pool.map(read, keys), strict=True))

    def take(metric: Metric) -> Floats:
        array = arrays[key_of(metric)]
        if metric.kind in ("flag", "event_time"):
            time = array[meta.events.index(metric.variable)]
            return np.asarray(time if metric.kind == "event_time" else happened(time, metric), np.float64)
        row = array[meta.hops.index(metric.hop)] if array.ndim > 1 else array
        return np.asarray(row * metric.scale if metric.scale != 1.0 else row, dtype=np.float64)

    return {metric.name: take(metric) for metric in metrics}


def read_sides(
    sources: Sequence[Source],
    *,
    trajectories: int | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    shocks: bool = True,
    threads: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> list[Side]:
    """Find out what each source is.

    Scenarios share seed, size, sampler and one map of Sobol dimensions: those asked for, else
    those of the first of them. A run has its own, and may be cut to its first trajectories.

    Raises
    ------
    UsageError, ScenarioError, IntegrityError
    """
    if not sources:
        raise UsageError("no scenario or run is named. Name one.")
    found = [_read(source) for source in sources]
    specs = [spec for spec, folder in found if folder is None]
    slots = merged_slots(specs) if specs else ()
    names = _unique([spec.name for spec, _ in found])
    sides = []
    for name, source, (spec, folder) in zip(names, sources, found, strict=True):
        label = source.name if isinstance(source, ScenarioSpec) else str(source)
        if folder is not None:
            if seed is not None or sampler is not None:
                raise UsageError(
                    f"{label}: is a run, which has its seed and sampler. Leave out --seed and --sampler, "
                    f"or name its scenario: {folder / 'scenario.toml'}."
                )
            meta, kept, whole = _of_run(folder, spec, trajectories)
        else:
            first = specs[0].run
            prepared = prepare(
                spec,
                trajectories=trajectories if trajectories is not None else first.trajectories,
                seed=seed if seed is not None else first.seed,
                sampler=sampler or first.sampler,
                shocks=shocks,
            )
            meta, kept = replace(prepared.meta, sobol_slots=slots), None
            whole = meta.n_trajectories
        side = Side(name, label, spec, kept, meta, whole, threads or default_threads(), folder is not None)
        side.progress = progress
        sides.append(side)
    return sides


def _read(source: Source) -> tuple[ScenarioSpec, Path | None]:
    if isinstance(source, ScenarioSpec):
        return source, None
    # The name of a shipped scenario wins over a folder of that name, as it does for `run`.
    if str(source) not in shipped_scenarios() and Path(source).is_dir():
        folder = Path(source)
        return stored_scenario(folder, read_meta(folder)), folder
    return load_scenario(str(source)), None


def _of_run(folder: Path, spec: ScenarioSpec, trajectories: int | None) -> tuple[RunMeta, Path | None, int]:
    """Return what is weighed of a run, the folder if outcomes can be read there, and its size."""
    check_run(folder)
    meta = read_meta(folder)
    check_described(folder, spec, meta)
    if read_fingerprint(folder) != fingerprint() or meta.stream_version != STREAM_VERSION:
        raise IntegrityError(
            f"{folder}: was made on another platform or by another version, so what it does not keep cannot "
            f"be computed again. Run it again here, or name its scenario: {folder / 'scenario.toml'}."
        )
    whole = meta.n_trajectories
    n = whole if trajectories is None else trajectories
    if n > whole or (n < whole and meta.sampler == "latin-hypercube"):
        raise UsageError(
            f"{folder}: holds {whole:,} trajectories, and {n:,} are asked for. Leave out -n, or name its "
            f"scenario: {folder / 'scenario.toml'}."
        )
    return replace(meta, n_trajectories=n), folder if meta.keep != "summary" else None, whole


def _unique(names: Sequence[str]) -> list[str]:
    """Add a letter to names that occur twice."""
    count = Counter(names)
    return [f"{name} ({chr(ord('A') + i)})" if count[name] > 1 else name for i, name in enumerate(names)]
