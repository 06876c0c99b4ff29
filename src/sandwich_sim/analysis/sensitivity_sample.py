"""What a sensitivity analysis is made of: inputs in bins, and outcomes, of the same trajectories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.metrics import Metric, happened
from sandwich_sim.analysis.sensitivity_first import EDGE_SAMPLE, Binned, Bins, choose_bins
from sandwich_sim.errors import IntegrityError
from sandwich_sim.results.arrays import ArrayLayout
from sandwich_sim.results.dataset import check_run
from sandwich_sim.results.meta import N_SCRAMBLE, RunMeta
from sandwich_sim.results.zarr_format import read_chunk

Values = NDArray[np.float32]
Arrays = Mapping[str, ArrayLayout]

MOST_READ = 1_048_576
"""Trajectories that are read of a larger run: the first ones."""
N_DUMMY = 8
"""Inputs that do nothing, for what noise alone shows."""
_TELLING = 0.01
"""Part of an outcome's variance that one trajectory must not carry unnoticed."""


@dataclass(frozen=True)
class Sample:
    """Inputs and outcomes of the same trajectories.

    Attributes
    ----------
    names : tuple of str
        Dotted names of the inputs; those that do nothing follow them in the arrays.
    metrics : tuple of Metric
        Rows of ``values``.
    binned : Binned
        Of the inputs and the `N_DUMMY` dummies.
    draws : ndarray of float32, shape (n_input + N_DUMMY, m)
        Of the first 65,536 trajectories.
    values : ndarray of float32, shape (n_metric, n)
    groups : tuple of tuple of int
        Rows of inputs that are correlated.
    source : {"stored", "recomputed"}
    """

    names: tuple[str, ...]
    metrics: tuple[Metric, ...]
    binned: Binned
    draws: Values
    values: Values
    groups: tuple[tuple[int, ...], ...]
    source: Literal["stored", "recomputed"]

    @property
    def n(self) -> int:
        """Number of trajectories."""
        return int(self.values.shape[1])


def correlated_rows(
    names: Sequence[str], pairs: Sequence[tuple[str, str, float]]
) -> tuple[tuple[int, ...], ...]:
    """Return the rows of inputs that hang together, directly or through others."""
    leader = {name: name for name in names}

    def find(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    for one, other, _ in pairs:
        if one in leader and other in leader:
            leader[find(one)] = find(other)
    members: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        members.setdefault(find(name), []).append(row)
    return tuple(tuple(rows) for rows in members.values() if len(rows) > 1)


def is_stored(metric: Metric, arrays: Arrays, meta: RunMeta) -> bool:
    """Whether a run holds an outcome for each trajectory."""
    if meta.keep == "summary":
        return False
    if metric.kind in ("flag", "event_time"):
        return "event_time" in arrays
    if metric.kind == "cumulative":
        return metric.variable in arrays
    name = _array_name(metric, arrays)
    return name != "" and ("time" in arrays[name].dims or metric.record % meta.steps_per_year == 0)


def _array_name(metric: Metric, arrays: Arrays) -> str:
    """Return the array of a series: of all hops, or its own; empty if there is none by trajectory."""
    known = (metric.variable, metric.series)
    return next((name for name in known if name in arrays and "trajectory" in arrays[name].dims), "")


def read_sample(
    folder: Path,
    meta: RunMeta,
    metrics: Sequence[Metric],
    *,
    correlation: Sequence[tuple[str, str, float]] = (),
    limit: int = MOST_READ,
) -> Sample:
    """Read inputs and outcomes that a run holds.

    Parameters
    ----------
    folder : Path
    meta : RunMeta
    metrics : sequence of Metric
        Each stored (`is_stored`).
    correlation : sequence of (str, str, float)
        Of the scenario.
    limit : int
        Most trajectories to read.
    """
    n = whole_groups(min(meta.n_trajectories, limit))
    maker = SampleMaker(meta.parameters, n, len(metrics), meta.seed)
    for first, inputs, values in stored_pieces(folder, meta, metrics, n):
        maker.add_inputs(first, inputs)
        maker.values[:, first : first + values.shape[1]] = values
    return maker.finish(metrics, correlated_rows(meta.parameters, correlation), "stored")


def read_cases(folder: Path, meta: RunMeta, metrics: Sequence[Metric], limit: int) -> tuple[Values, Values]:
    """Read inputs as drawn, shape (n_input, n), and outcomes, shape (n_metric, n)."""
    n = whole_groups(min(meta.n_trajectories, limit))
    draws = np.empty((len(meta.parameters), n), dtype=np.float32)
    found = np.empty((len(metrics), n), dtype=np.float32)
    for first, inputs, values in stored_pieces(folder, meta, metrics, n):
        draws[:, first : first + values.shape[1]] = inputs
        found[:, first : first + values.shape[1]] = values
    return draws, found


def stored_pieces(
    folder: Path, meta: RunMeta, metrics: Sequence[Metric], n: int
) -> Iterator[tuple[int, Values, Values]]:
    """Yield the first trajectory, inputs and outcomes of each stored chunk, up to `n` trajectories."""
    arrays = check_run(folder)
    per_chunk = arrays["parameters" if meta.parameters else "event_time"].chunks[-1]
    for index in range(-(-n // per_chunk)):
        chunks = _Chunks(folder, arrays, index)
        first = index * per_chunk
        m = min(per_chunk, n - first)
        inputs = chunks["parameters"][:, :m] if meta.parameters else np.empty((0, m), np.float32)
        values = np.empty((len(metrics), m), dtype=np.float32)
        for row, metric in zip(values, metrics, strict=True):
            row[:] = _take(metric, meta, chunks)[:m]
        yield first, inputs, values


def whole_groups(n: int) -> int:
    """Return the largest number of trajectories, all groups of equal size, up to `n`."""
    return n // N_SCRAMBLE * N_SCRAMBLE


class SampleMaker:
    """A sample being filled piece by piece; edges of bins come from the first piece's draws."""

    def __init__(self, names: Sequence[str], n: int, n_metric: int, seed: int) -> None:
        self.names, self.n = tuple(names), n
        self._random = np.random.default_rng([seed, len(names)])
        self._n_bin = choose_bins(n)
        n_row = len(names) + N_DUMMY
        self._levels = np.empty((n_row, n), dtype=np.uint8)
        self._even = np.zeros(n_row, dtype=bool)
        self._draws = np.empty((n_row, min(n, EDGE_SAMPLE)), dtype=np.float32)
        self._bins: list[Bins] = []
        self.values = np.empty((n_metric, n), dtype=np.float32)

    def add_inputs(self, first: int, draws: NDArray[Any]) -> None:
        """Take the inputs of trajectories from `first` on, shape (n_input, m); they come in order."""
        dummies = self._random.random((N_DUMMY, draws.shape[1]), dtype=np.float32)
        rows = [*draws, *dummies]
        room = self._draws.shape[1]
        last = first + draws.shape[1]
        if first < room:
            for row, values in zip(self._draws, rows, strict=True):
                row[first : min(last, room)] = values[: room - first]
            if last < room:
                return  # edges wait until there are enough draws for them
            self._cut()
            first_left = room - first
            rows = [values[first_left:] for values in rows]
            first = room
        for levels, values, bins in zip(self._levels, rows, self._bins, strict=True):
            levels[first:last] = bins.place(values)

    def _cut(self) -> None:
        for place, values in enumerate(self._draws):
            self._bins.append(Bins(values, self._n_bin))
            self._even[place] = self._bins[place].is_even
            self._levels[place, : values.size] = self._bins[place].place(values)

    def finish(
        self,
        metrics: Sequence[Metric],
        groups: tuple[tuple[int, ...], ...],
        source: Literal["stored", "recomputed"],
    ) -> Sample:
        """Return the sample."""
        binned = Binned(self._levels, self._even, self._n_bin)
        return Sample(self.names, tuple(metrics), binned, self._draws, self.values, groups, source)


class _Chunks:
    """The arrays of one chunk of trajectories, each read once, when it is asked for."""

    def __init__(self, folder: Path, arrays: Arrays, index: int) -> None:
        self.arrays = arrays
        self._folder, self._index = folder, index
        self._known: dict[str, NDArray[Any]] = {}

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._known:
            self._known[name] = read_chunk(self._folder, self.arrays[name], self._index)
        return self._known[name]


def _take(metric: Metric, meta: RunMeta, chunks: _Chunks) -> NDArray[Any]:
    if metric.kind in ("flag", "event_time"):
        time = chunks["event_time"][meta.events.index(metric.variable)]
        return time if metric.kind == "event_time" else happened(time, metric)
    if metric.kind == "cumulative":
        return np.asarray(chunks[metric.variable][meta.hops.index(metric.hop)])
    name = _array_name(metric, chunks.arrays)
    values, dims = chunks[name], chunks.arrays[name].dims
    if "hop" in dims:
        values = values[meta.hops.index(metric.hop)]
    record = metric.record if "time" in dims else metric.record // meta.steps_per_year
    return np.asarray(values[record] * np.float32(metric.scale))


_MOST_TOLD = 3


def check_finite(sample: Sample) -> None:
    """Refuse outcomes of which a trajectory has no finite value: indices of the others would mislead.

    Raises
    ------
    IntegrityError
        Naming the outcomes that have most of them, in how many trajectories, and the first.
    """
    wrong: list[tuple[int, str]] = []
    for metric, row in zip(sample.metrics, sample.values, strict=True):
        is_bad = ~np.isfinite(row)
        if is_bad.any():
            hint = (
                f"It is not defined where {_why_undefined(metric)}."
                if metric.can_be_undefined
                else "See `sandwich-sim verify`, and run the scenario again."
            )
            text = (
                f"{metric.name}: {is_bad.sum():,} of {sample.n:,} trajectories have no finite value, the "
                f"first is {int(is_bad.argmax())}. {hint}"
            )
            wrong.append((int(is_bad.sum()), text))
    if wrong:
        worst = [text for _, text in sorted(wrong, key=lambda item: -item[0])[:_MOST_TOLD]]
        rest = len(wrong) - len(worst)
        more = (
            [f"So it is with {rest} more outcomes. Take another --series, such as cents_kept."]
            if rest
            else []
        )
        raise IntegrityError("\n".join([*worst, *more]))


def _why_undefined(metric: Metric) -> str:
    if metric.kind == "event_time":
        return f"the event never comes. Ask for the event itself: {metric.variable}"
    return f"the chain earns no profit. Ask for cents_kept.{metric.hop} or discounted_profit.{metric.hop}"


def telling_trajectories(sample: Sample) -> dict[str, float]:
    """Return the outcomes of which one trajectory carries much of the variance, and how much."""
    found = {}
    for metric, row in zip(sample.metrics, sample.values, strict=True):
        gaps = (row.astype(np.float64) - row.mean(dtype=np.float64)) ** 2
        total = float(gaps.sum())
        part = float(gaps.max()) / total if total > 0.0 else 0.0
        if part > _TELLING and sample.n > 1.0 / _TELLING and not metric.is_flag:
            found[metric.name] = part
    return found


def ranked(values: Values) -> Values:
    """Return each outcome as the part of the trajectories below it, shape (n_metric, n)."""
    found = np.empty_like(values)
    for row, own in zip(found, values, strict=True):
        ordered = np.sort(own[:EDGE_SAMPLE])
        below, at_most = (np.searchsorted(ordered, own, side=side) for side in ("left", "right"))
        row[:] = (below + at_most) / (2.0 * ordered.size)
    return found
