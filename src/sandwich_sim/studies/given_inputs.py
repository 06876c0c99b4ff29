"""Trajectories with inputs of one's own choice, and the shocks of any trajectory number.

The kernels draw what they need by themselves. To hand values over, every input is described to
them as a discrete one: the uniform that they will draw for trajectory i is known beforehand, so
that a table from the uniforms of some trajectories to the values wanted gives each its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.metrics import Metric, needs_paths, take_values, wanted_series
from sandwich_sim.distributions.kinds import KernelQuantile, kernel_quantile
from sandwich_sim.engine import Worker, default_threads
from sandwich_sim.kernels import quantiles
from sandwich_sim.kernels.draws import DrawPlan
from sandwich_sim.kernels.quantiles import BELOW_ONE, FIRST_NORMAL_KIND, TABLE_LIMIT, TABLE_ORDER
from sandwich_sim.model import Model
from sandwich_sim.prepare import prepare
from sandwich_sim.results.meta import Keep
from sandwich_sim.results.reduce import outcome_arrays, record_plan
from sandwich_sim.sampling import draw_rows
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.scenario.uncertain import Distribution

Floats = NDArray[np.float64]

CHUNK = 2304
"""Trajectories of one task: sixteen blocks."""


class GivenInputs:
    """Runs a scenario with inputs that are given as independent standard normals.

    Parameters
    ----------
    spec : ScenarioSpec
    metrics : sequence of Metric
        What is taken of each trajectory.
    seed : int, optional
        Of the shocks; the scenario's own if not given.
    shocks : bool
    threads : int, optional
    """

    def __init__(
        self,
        spec: ScenarioSpec,
        metrics: Sequence[Metric],
        *,
        seed: int | None = None,
        shocks: bool = True,
        threads: int | None = None,
    ) -> None:
        prepared = prepare(spec, trajectories=16, seed=seed, sampler="random", shocks=shocks)
        keep: Keep = "paths" if needs_paths(metrics, spec.steps_per_year) else "outcomes"
        self._meta = replace(prepared.meta, keep=keep, fans=(), keep_series=wanted_series(metrics))
        self._model = replace(prepared, meta=self._meta).model()
        self._record = record_plan(spec, self._meta)
        self._metrics = tuple(metrics)
        self._threads = threads or default_threads()
        numbers = (spec.parameters[name] for name in spec.drawn)
        self._quantiles = [kernel_quantile(number) for number in numbers if isinstance(number, Distribution)]
        # Plain uniforms of each input: what the kernels will draw.
        self._uniforms = _as_tables(
            self._model.draws,
            [KernelQuantile(quantiles.UNIFORM, (0.0, 1.0))] * self.n_input,
        )

    @property
    def n_input(self) -> int:
        """Number of drawn inputs."""
        return len(self._model.drawn)

    def values_of(self, normals: Floats) -> Floats:
        """Return what inputs are worth at independent standard normals.

        Parameters
        ----------
        normals : ndarray of float64, shape (n_input, n)

        Returns
        -------
        ndarray of float64, shape (n_input, n)
        """
        mixed = _correlated(self._model.draws, normals)
        rows = zip(self._quantiles, mixed, strict=True)
        found = np.array([_quantile(kernel, row) for kernel, row in rows]).reshape(normals.shape)
        low, high = self._model.draws.support.T[:, :, None]
        return np.asarray(np.clip(found, low, high))

    def run(self, normals: Floats, numbers: NDArray[np.int64]) -> Floats:
        """Run trajectories.

        Parameters
        ----------
        normals : ndarray of float64, shape (n_input, n)
            Independent standard normals, one an input; the scenario's correlations come on top.
        numbers : ndarray of int64, shape (n,)
            Whose shocks each takes; several may take the same ones.

        Returns
        -------
        ndarray of float64, shape (n_metric, n)
        """
        out = np.empty((len(self._metrics), numbers.size))
        values = self.values_of(normals)
        with ThreadPoolExecutor(self._threads, thread_name_prefix="sandwich-sim") as pool:
            parts = [
                part[start : start + CHUNK]
                for part in _without_repeats(numbers)
                for start in range(0, part.size, CHUNK)
            ]
            found = pool.map(lambda part: self._run_part(values[:, part], numbers[part]), parts)
            for part, result in zip(parts, found, strict=True):
                out[:, part] = result
        return out

    def _run_part(self, values: Floats, numbers: NDArray[np.int64]) -> Floats:
        """Run some trajectories whose numbers differ."""
        uniforms = draw_rows(self._uniforms, range(self.n_input), numbers)
        tables = [_step_table(*pair) for pair in zip(uniforms, values, strict=True)]
        model: Model = replace(self._model, draws=_as_tables(self._model.draws, tables))
        worker = Worker(model, self._meta, self._record)
        outcomes = worker.run(numbers, keep=self._meta.keep)
        return take_values(self._metrics, self._meta, outcome_arrays(outcomes, 0, numbers.size))


def _without_repeats(numbers: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Split places so that no part holds a number twice."""
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    is_first = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    start = np.maximum.accumulate(np.where(is_first, np.arange(numbers.size), 0))
    turn = np.arange(numbers.size) - start
    return [np.sort(order[turn == k]) for k in range(int(turn.max(initial=-1)) + 1)]


def _step_table(uniforms: Floats, values: Floats) -> KernelQuantile:
    """Describe the discrete law that has each value at its own uniform."""
    order = np.argsort(uniforms)
    ordered = uniforms[order]
    levels = 0.5 * (ordered[1:] + ordered[:-1])
    return KernelQuantile(quantiles.DISCRETE, values=np.concatenate([levels, values[order]]))


def _as_tables(plan: DrawPlan, kernels: Sequence[KernelQuantile]) -> DrawPlan:
    """Return a plan that draws independent inputs of these quantile functions, within no bounds."""
    sizes = np.cumsum([0, *(kernel.values.size for kernel in kernels)], dtype=np.int64)
    n = len(kernels)
    return plan._replace(
        kinds=np.array([kernel.kind for kernel in kernels], dtype=np.int64),
        shapes=np.array([[*k.shape, *[0.0] * (6 - len(k.shape))] for k in kernels]).reshape(-1, 6),
        support=np.tile([-np.inf, np.inf], (n, 1)),
        values_at=np.ascontiguousarray(np.stack([sizes[:-1], sizes[1:]], axis=1)),
        pieces_at=np.zeros((n, 2), dtype=np.int64),
        values=np.concatenate([np.empty(0), *(kernel.values for kernel in kernels)]),
        pieces=np.empty((0, TABLE_ORDER)),
        group=np.full(n, -1, dtype=np.int64),
        group_start=np.zeros(1, dtype=np.int64),
        members=np.empty(0, dtype=np.int64),
        factors=np.empty((0, 1)),
    )


def _correlated(plan: DrawPlan, normals: Floats) -> Floats:
    """Mix independent normals by the scenario's correlations."""
    mixed = normals.copy()
    for g in range(plan.group_start.size - 1):
        span = slice(int(plan.group_start[g]), int(plan.group_start[g + 1]))
        rows = plan.members[span]
        mixed[rows] = np.tril(plan.factors[span, : rows.size]) @ normals[rows]
    return mixed


def _quantile(kernel: KernelQuantile, normals: Floats) -> Floats:
    """Return values at standard normals; see kernels/quantiles.py for the kinds."""
    from scipy.special import ndtr

    shape, values = kernel.shape, kernel.values
    if kernel.kind in (quantiles.TABLE, quantiles.UNEVEN_TABLE):
        return _table(kernel, np.clip(normals, -TABLE_LIMIT, TABLE_LIMIT))
    x = normals if kernel.kind >= FIRST_NORMAL_KIND else np.minimum(ndtr(normals), BELOW_ONE)
    if kernel.kind in (quantiles.UNIFORM, quantiles.NORMAL):
        return np.asarray(shape[0] + shape[1] * x)
    if kernel.kind in (quantiles.LOG_UNIFORM, quantiles.LOG_NORMAL):
        return np.asarray(np.exp(shape[0] + shape[1] * x))
    if kernel.kind == quantiles.TRIANGULAR:
        low, mode, high, start, width = shape[:5]
        u = start + width * x
        left = low + np.sqrt(u * (high - low) * (mode - low))
        right = high - np.sqrt((1.0 - u) * (high - low) * (high - mode))
        return np.where(u < (mode - low) / (high - low), left, right)
    if kernel.kind == quantiles.DISCRETE:
        n_level = values.size // 2
        return np.asarray(values[n_level:][np.searchsorted(values[:n_level], x, side="right")])
    return np.interp(shape[0] + shape[1] * x, np.arange(values.size), values)


def _table(kernel: KernelQuantile, z: Floats) -> Floats:
    """Evaluate the polynomial piece that each normal lies in."""
    n_piece = kernel.pieces.shape[0]
    ends = (
        np.linspace(-TABLE_LIMIT, TABLE_LIMIT, n_piece + 1)
        if kernel.kind == quantiles.TABLE
        else kernel.values
    )
    piece = np.searchsorted(ends[1:-1], z, side="right")
    low, high = ends[piece], ends[piece + 1]
    x = (2.0 * z - low - high) / (high - low)
    found = np.zeros_like(z)
    for power in range(TABLE_ORDER - 1, -1, -1):
        found = found * x + kernel.pieces[piece, power]
    return found
