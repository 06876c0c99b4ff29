"""The sides of a comparison: scenarios that are simulated together, and runs read from their folders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.compare import Sample
from sandwich_sim.analysis.compare_result import Side
from sandwich_sim.analysis.metrics import Metric, values_of_run
from sandwich_sim.errors import UsageError
from sandwich_sim.prepare import prepare
from sandwich_sim.results.dataset import open_run, read_accumulators, read_meta
from sandwich_sim.results.layout import CHECKS
from sandwich_sim.results.meta import RunMeta
from sandwich_sim.scenario.load import load_scenario, shipped_scenarios
from sandwich_sim.scenario.spec import Event, ScenarioSpec
from sandwich_sim.simulation import Progress
from sandwich_sim.studies.paired import PairedOutcomes, merged_slots, paired_outcomes

Source = str | Path | ScenarioSpec


@dataclass(frozen=True)
class Options:
    """How the scenarios of a comparison are simulated.

    Attributes
    ----------
    trajectories, seed : int
    sampler : {"random", "latin-hypercube", "sobol"}
    slots : tuple of str
        The merged map of Sobol dimensions.
    shocks : bool
    """

    trajectories: int
    seed: int
    sampler: str
    slots: tuple[str, ...]
    shocks: bool = True


@dataclass
class Input:
    """One side before anything is computed.

    Attributes
    ----------
    name : str
        Unique among the sides.
    source : str
    spec : ScenarioSpec, optional
        None where a run folder does not hold a readable one.
    folder : Path, optional
        None for a scenario.
    meta : RunMeta
        Of the run, or of what will be run.
    """

    name: str
    source: str
    spec: ScenarioSpec | None
    folder: Path | None
    meta: RunMeta
    metrics: dict[str, Metric] = field(default_factory=dict)

    def events(self) -> dict[str, Event]:
        """Return the declared events by name."""
        return {event.name: event for event in self.spec.events} if self.spec else {}


@dataclass(frozen=True)
class Outcomes:
    """Outcomes of all trajectories of one side."""

    side: Side
    rows: dict[str, int]
    values: NDArray[np.float64]
    scramble: NDArray[np.uint8]

    def sample(self, metric: Metric, n: int | None = None) -> Sample:
        """Return one outcome, of the first ``n`` trajectories."""
        values = self.values[self.rows[metric.name]]
        return Sample(values[:n], self.scramble[:n], self.side.meta.is_replicated)


def read_sources(
    sources: Sequence[Source],
    *,
    trajectories: int | None,
    seed: int | None,
    sampler: str | None,
    shocks: bool,
) -> tuple[list[Input], Options]:
    """Find out what each side is, and the options that all simulated sides share.

    They are those asked for; then those of the first run folder; then those of the first scenario.
    """
    if len(sources) < 2:
        raise UsageError("one scenario cannot be compared. Name two or more.")
    found = [_read(source) for source in sources]
    runs = [item for item in found if isinstance(item, tuple)]
    specs = [item for item in found if isinstance(item, ScenarioSpec)]
    slots: tuple[str, ...] = merged_slots(specs) if specs else ()
    if runs:
        meta = runs[0][1]
        slots = tuple(dict.fromkeys((*meta.sobol_slots, *slots)))
        defaults = meta.n_trajectories, meta.seed, meta.sampler
        shocks = shocks and meta.shocks
    else:
        defaults = specs[0].run.trajectories, specs[0].run.seed, specs[0].run.sampler
    options = Options(
        trajectories=defaults[0] if trajectories is None else trajectories,
        seed=defaults[1] if seed is None else seed,
        sampler=sampler or defaults[2],
        slots=slots,
        shocks=shocks,
    )
    names = _unique_names([item.name if isinstance(item, ScenarioSpec) else item[1].name for item in found])
    inputs = [
        _input(name, str(source) if not isinstance(source, ScenarioSpec) else source.name, item, options)
        for name, source, item in zip(names, sources, found, strict=True)
    ]
    return inputs, options


def check_size(inputs: Sequence[Input], options: Options) -> None:
    """Refuse to simulate more trajectories than could be paired with those of a run folder."""
    if all(item.folder is not None for item in inputs):
        return
    for item in inputs:
        n = item.meta.n_trajectories
        if item.folder is not None and n < options.trajectories and item.meta.seed == options.seed:
            raise UsageError(
                f"-n {options.trajectories}: {item.folder} has {n} trajectories, so that no more can be "
                "paired. Leave -n out, or run the folder's scenario again with more."
            )


def _read(source: Source) -> ScenarioSpec | tuple[Path, RunMeta]:
    if isinstance(source, ScenarioSpec):
        return source
    # The name of a shipped scenario wins over a folder of that name, as it does for `run`.
    if str(source) not in shipped_scenarios() and Path(source).is_dir():
        return Path(source), read_meta(Path(source))
    return load_scenario(str(source))


def _unique_names(names: Sequence[str]) -> list[str]:
    """Number names that occur twice: ``base #1``, ``base #2``."""
    count = Counter(names)
    return [
        f"{name} #{names[: place + 1].count(name)}" if count[name] > 1 else name
        for place, name in enumerate(names)
    ]


def _input(name: str, source: str, item: ScenarioSpec | tuple[Path, RunMeta], options: Options) -> Input:
    if isinstance(item, ScenarioSpec):
        prepared = prepare(
            item,
            trajectories=options.trajectories,
            seed=options.seed,
            sampler=options.sampler,
            shocks=options.shocks,
        )
        return Input(name, source, item, None, replace(prepared.meta, sobol_slots=options.slots))
    folder, meta = item
    if meta.keep == "summary":
        raise UsageError(
            f"{folder}: kept sums alone (--keep summary), no trajectories to compare. Run it again with "
            f"--keep outcomes, or compare its scenario: {folder / 'scenario.toml'}."
        )
    resolved = folder / "scenario.toml"
    return Input(name, source, load_scenario(str(resolved)) if resolved.is_file() else None, folder, meta)


class Gatherer:
    """Gets the outcomes of every side: simulated together, or read from their folders."""

    def __init__(
        self,
        inputs: Sequence[Input],
        options: Options,
        threads: int | None,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._inputs, self._options = inputs, options
        self._threads, self._progress = threads, progress
        self._simulated: PairedOutcomes | None = None

    def gather(self, trajectories: int) -> list[Outcomes]:
        """Return the outcomes of every side; only trajectories that are not there yet are simulated."""
        self._simulate(trajectories)
        place, found = 0, []
        for item in self._inputs:
            if item.folder is not None:
                found.append(_read_run(item))
                continue
            simulated = self._simulated
            if simulated is None:
                raise ValueError("nothing was simulated")
            meta = replace(item.meta, n_trajectories=simulated.n)
            side = Side(item.name, item.source, False, meta, simulated.failures[place])
            rows = {name: row for row, name in enumerate(item.metrics)}
            found.append(Outcomes(side, rows, simulated.values[place], simulated.scramble))
            place += 1
        return found

    def _simulate(self, trajectories: int) -> None:
        sides = [(item.spec, item) for item in self._inputs if item.folder is None]
        done = self._simulated.n if self._simulated else 0
        if not sides or done >= trajectories:
            return
        options = self._options
        fresh = paired_outcomes(
            [spec for spec, _ in sides if spec is not None],
            [tuple(item.metrics.values()) for _, item in sides],
            trajectories=trajectories - done,
            first=done,
            seed=options.seed,
            sampler=options.sampler,
            slots=options.slots,
            shocks=options.shocks,
            threads=self._threads,
            progress=self._progress,
        )
        self._simulated = self._simulated.joined(fresh) if self._simulated else fresh


def _read_run(item: Input) -> Outcomes:
    if item.folder is None:
        raise ValueError("not a run folder")
    run = open_run(item.folder)
    if np.any(run["log_weight"].to_numpy()):
        raise UsageError(f"{item.source}: its trajectories carry weights, which cannot be compared yet.")
    counts = read_accumulators(item.folder)["failures"]
    failures = {name: int(n) for name, n in zip(CHECKS, counts, strict=True) if n}
    values = values_of_run(tuple(item.metrics.values()), run, item.meta)
    rows = {name: row for row, name in enumerate(item.metrics)}
    side = Side(item.name, item.source, True, item.meta, failures)
    return Outcomes(side, rows, values, run["scramble"].to_numpy())
