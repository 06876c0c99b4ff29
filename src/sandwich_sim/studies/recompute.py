"""Trajectories computed again: stored ones from seed and index, or with all that made them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.engine import Worker
from sandwich_sim.errors import IntegrityError, UsageError
from sandwich_sim.kernels.rng import STREAM_VERSION
from sandwich_sim.kernels.rows import JUMPS
from sandwich_sim.kernels.shock_paths import draw_shock_paths
from sandwich_sim.model import allocate_work
from sandwich_sim.prepare import Prepared, check_described, prepare
from sandwich_sim.results.agreement import check_agreement, stored_arrays
from sandwich_sim.results.dataset import read_fingerprint, read_meta, stored_scenario
from sandwich_sim.results.manifest import read_manifest
from sandwich_sim.results.provenance import fingerprint
from sandwich_sim.results.reduce import record_plan
from sandwich_sim.results.series_names import known_series
from sandwich_sim.sampling import draw
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.scenario.uncertain import Constant, SameAs
from sandwich_sim.variables import PER_HOP, PER_STEP

_CUMULATIVE = ("cumulative_profit", "cumulative_revenue", "discounted_profit", "discounted_revenue")


def recompute(
    folder: Path | str, indices: int | Sequence[int], series: str | Sequence[str]
) -> dict[str, NDArray[Any]]:
    """Compute series of chosen trajectories of a stored run again, from seed and index.

    Parameters
    ----------
    folder : path
        A run folder, of any ``keep``.
    indices : int or sequence of int
        At least one, from 0.
    series : str or sequence of str
        ``margin.lab``, ``gap``, or ``margin`` for every hop.

    Returns
    -------
    dict of str to ndarray of float64, shape (n_record, n)
        Equal, after rounding to float32, to what the run stored.

    Raises
    ------
    IntegrityError
        If the run comes from another platform fingerprint or stream version, or its scenario
        was changed since.
    UsageError
        If an index or a series does not exist, or none is named.
    """
    prepared = stored_run(Path(folder))
    meta = prepared.meta
    names = known_series([series] if isinstance(series, str) else series, meta.hops)
    if not np.size(indices) or not names:
        what = "series" if np.size(indices) else "trajectories"
        raise UsageError(f'no {what} are named. Write such as recompute(folder, [0, 17], "gap").')
    paths = _paths(prepared, known_indices(indices, meta.n_trajectories))
    rows = [meta.series.index(name) for name in names]
    return {name: paths[row] for name, row in zip(names, rows, strict=True)}


def stored_run(folder: Path) -> Prepared:
    """Return scenario and options of a stored run whose trajectories can be computed again here.

    Raises
    ------
    UsageError
        If there is no such folder, or it is not a run.
    IntegrityError
        If the run comes from another platform fingerprint or stream version, or its scenario or
        description was changed since.
    """
    meta = read_meta(folder)
    stored = read_fingerprint(folder)
    if stored != fingerprint() or meta.stream_version != STREAM_VERSION:
        raise IntegrityError(
            f"{folder}: was made on another platform or by another version (fingerprint {stored[:8]}, here "
            f"{fingerprint()[:8]}), so its bits cannot be had again. Run it again here."
        )
    spec = stored_scenario(folder, meta)
    check_described(folder, spec, meta)
    check_agreement(folder, read_manifest(folder), stored_arrays(folder))
    return Prepared(spec, meta, 1, ())


def known_indices(indices: int | Sequence[int], n_trajectories: int) -> NDArray[np.int64]:
    """Return numbers of trajectories as an array, shape (n,).

    Raises
    ------
    UsageError
        If one is not a whole number, or the run has no such trajectory.
    """
    wanted = np.atleast_1d(np.asarray(indices))
    if wanted.dtype.kind not in "iu":
        raise UsageError("the numbers of trajectories are whole numbers.")
    if not (wanted.min() >= 0 and wanted.max() < n_trajectories):
        raise UsageError(f"trajectories are 0 to {n_trajectories - 1}.")
    return wanted.astype(np.int64)


def _paths(prepared: Prepared, trajectories: NDArray[np.int64]) -> NDArray[np.float64]:
    """All series of the given trajectories, shape (n_series, n_record, n), in one thread."""
    meta = prepared.meta
    recorded = record_plan(prepared.spec, meta)
    worker = Worker(prepared.model(), meta, recorded, dtype=np.float64)
    series = np.empty((len(meta.series), meta.n_record, trajectories.size))
    for first in range(0, trajectories.size, 256):
        part = trajectories[first : first + 256]
        series[:, :, first : first + part.size] = worker.run(part, keep="paths").series
    return series


@dataclass(frozen=True)
class Trace:
    """Everything that some trajectories used and made, in float64.

    Attributes
    ----------
    parameters : dict of str to ndarray, shape (n,)
        Every parameter by dotted name, constants and aliases spelled out, levels as drawn.
    shocks : dict of str to ndarray, shape (n_step, n)
        Standard normals, and counts for ``shock.leap`` and ``shock.release``.
    series : dict of str to ndarray, shape (n_record, n_hop, n) or (n_record, n)
    event_flag, event_time : dict of str to ndarray, shape (n,)
        First time in years after the start; NaN if never.
    cumulative : dict of str to ndarray, shape (n_hop, n)
    """

    parameters: dict[str, NDArray[np.float64]]
    shocks: dict[str, NDArray[np.float64]]
    series: dict[str, NDArray[np.float64]]
    event_flag: dict[str, NDArray[np.bool_]]
    event_time: dict[str, NDArray[np.float64]]
    cumulative: dict[str, NDArray[np.float64]]


def trace(
    spec: ScenarioSpec, *, trajectories: int, seed: int, sampler: str = "random", shocks: bool = True
) -> Trace:
    """Run the first trajectories of a scenario and return all that went in and came out."""
    prepared = prepare(
        spec, trajectories=trajectories, seed=seed, sampler=sampler, keep="paths", shocks=shocks
    )
    meta, model = prepared.meta, prepared.model()
    indices = np.arange(trajectories)
    worker = Worker(model, meta, record_plan(spec, meta), dtype=np.float64)
    outcomes = worker.run(indices, keep="paths")
    parameters = _parameters(spec, meta.seed, sampler, indices, trajectories)
    time = dict(zip(meta.events, outcomes.event_time, strict=True))
    return Trace(
        parameters=parameters,
        shocks=shock_paths(prepared, parameters, indices),
        series=_by_variable(outcomes.series, len(meta.hops)),
        event_flag={name: ~np.isnan(first) for name, first in time.items()},
        event_time=time,
        cumulative=dict(zip(_CUMULATIVE, outcomes.cumulative, strict=True)),
    )


def _by_variable(series: NDArray[np.float64], n_hop: int) -> dict[str, NDArray[np.float64]]:
    """Split the kernel's record, shape (n_series, n_record, n), by variable."""
    found = {}
    for i, variable in enumerate(PER_HOP):
        found[variable.name] = np.moveaxis(series[i * n_hop : (i + 1) * n_hop], 0, 1)
    first = len(PER_HOP) * n_hop
    for i, variable in enumerate(PER_STEP):
        found[variable.name] = series[first + i]
    return found


def _parameters(
    spec: ScenarioSpec, seed: int, sampler: str, indices: NDArray[np.int64], trajectories: int
) -> dict[str, NDArray[np.float64]]:
    drawn = draw(spec, spec.drawn, indices, seed=seed, sampler=sampler, trajectories=trajectories)
    return spell_out(spec, drawn)


def spell_out(spec: ScenarioSpec, drawn: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return what every parameter is worth, constants and aliases too.

    Parameters
    ----------
    drawn : ndarray of float64, shape (n_drawn, n)
        In the order of ``spec.drawn``.
    """
    known = dict(zip(spec.drawn, drawn, strict=True))
    for name, number in spec.parameters.items():
        target = name
        while isinstance(number, SameAs):
            target = number.name
            number = spec.parameters[target]
        known[name] = np.full(drawn.shape[1], number.value) if isinstance(number, Constant) else known[target]
    return known


def shock_paths(
    prepared: Prepared, parameters: dict[str, NDArray[np.float64]], indices: NDArray[np.int64]
) -> dict[str, NDArray[np.float64]]:
    """Return every shock of some trajectories by name, each of shape (n_step, n).

    Parameters
    ----------
    parameters : dict of str to ndarray, shape (n,)
        As `spell_out` returns them.
    """
    model = prepared.model()
    n_step = model.inputs.n_step
    normals = np.zeros((n_step, len(model.shocks), indices.size))
    jumps = np.zeros((n_step, len(JUMPS), indices.size))
    if prepared.meta.shocks:
        work, _ = allocate_work(model, indices.size)
        rates = (parameters["open_source.leap_rate"], parameters["open_source.release_rate"])
        draw_shock_paths(model.inputs, indices, *rates, work, normals, jumps)
    found = {name: normals[:, i] for i, name in enumerate(model.shocks) if name}
    return found | {f"shock.{jump}": jumps[:, i] for i, jump in enumerate(JUMPS)}
