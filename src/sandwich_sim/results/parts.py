"""The parts of a run: what is committed at once, and the sums, counts and tails of each.

A part is as many trajectories as are added up before the sums of parts are (2^18), or one unit
(32,768) where paths are kept, whose chunks are so much larger. A part is in the run as a whole
or not at all; a stopped run goes on with the parts that it lacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels.plan import EXTRA_BUCKETS, FAN_BUCKETS, FINE_BUCKETS, N_SCRAMBLE, Accumulators
from sandwich_sim.results import meta as run_meta
from sandwich_sim.results.layout import CHECKS, N_CUMULATIVE, fine_series
from sandwich_sim.results.meta import RunMeta
from sandwich_sim.results.reduce import UNITS_PER_GROUP
from sandwich_sim.results.tails import TAIL, Tails, merge_tails


@dataclass(frozen=True)
class PartGrid:
    """How a run is cut into parts, each a whole number of units.

    Attributes
    ----------
    n_trajectories : int
    size : int
        Trajectories of a part (the last one may be short).
    unit : int
        Trajectories of a unit.
    group : int
        Trajectories that are added up on their own before the sums of groups are.
    """

    n_trajectories: int
    size: int
    unit: int
    group: int

    def to_document(self) -> dict[str, int]:
        """Return all but the number of trajectories, for the manifest."""
        return {"size": self.size, "unit": self.unit, "group": self.group}

    @property
    def n_parts(self) -> int:
        return -(-self.n_trajectories // self.size)

    def first(self, part: int) -> int:
        """First trajectory of a part."""
        return part * self.size

    def count(self, part: int) -> int:
        """Trajectories of a part."""
        return min(self.size, self.n_trajectories - self.first(part))

    def units(self, part: int) -> range:
        """Numbers of the units of a part."""
        first = self.first(part)
        return range(first // self.unit, -(-(first + self.count(part)) // self.unit))

    def part_of(self, unit: int) -> int:
        """The part that a unit belongs to."""
        return unit * self.unit // self.size

    def ends_group(self, part: int) -> bool:
        """Whether no later part belongs to the same group."""
        return self.first(part + 1) % self.group == 0 or part == self.n_parts - 1


def part_grid(meta: RunMeta, said: Mapping[str, int] | None = None) -> PartGrid:
    """Cut a run into parts.

    Parameters
    ----------
    said : mapping of str to int, optional
        How a stored run was cut (`Manifest.grid`); as this version does it if not given.
    """
    if said:
        return PartGrid(meta.n_trajectories, said["size"], said["unit"], said["group"])
    unit = run_meta.UNIT
    group = unit * UNITS_PER_GROUP
    return PartGrid(meta.n_trajectories, unit if meta.unit < unit else group, unit, group)


@dataclass
class PartSums:
    """Sums, counts and tails of a part (or of all parts so far).

    The shapes are those of `kernels.plan.Accumulators` (fans in 32 bits; ``failures`` and
    ``first_failure`` by `layout.CHECKS`); the tails are as in `tails.Tails`.
    """

    total: NDArray[np.float64]
    square: NDArray[np.float64]
    undefined: NDArray[np.int64]
    fan: NDArray[Any]
    fine: NDArray[Any]
    event_count: NDArray[np.int64]
    failures: NDArray[np.int64]
    first_failure: NDArray[np.int64]
    tail_value: NDArray[Any]
    tail_index: NDArray[np.int64]

    @property
    def tails(self) -> Tails:
        return Tails(self.tail_value, self.tail_index)

    def add(self, later: PartSums) -> None:
        """Add the sums of the trajectories that follow."""
        for name in ("total", "square", "undefined", "event_count", "fan", "fine"):
            mine = getattr(self, name)
            np.add(mine, getattr(later, name), out=mine)
        fresh = (self.failures == 0) & (later.failures > 0)
        self.first_failure[fresh] = later.first_failure[fresh]
        self.failures += later.failures
        merged = merge_tails(self.tails, later.tails)
        self.tail_value, self.tail_index = merged.value, merged.index

    def to_bytes(self) -> bytes:
        """Return all arrays one after the other, little-endian."""
        arrays = (getattr(self, field.name) for field in fields(self))
        return b"".join(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes() for array in arrays)


def unit_sums(accumulators: Accumulators, non_finite: NDArray[np.int64], tails: Tails) -> PartSums:
    """Take over what the engine counted of one unit; its arrays become part of the result.

    Parameters
    ----------
    non_finite : ndarray of int64
        Indices of trajectories with a non-finite value.
    """
    counts = np.array([non_finite.size, *accumulators.failures, 0], dtype=np.int64)
    firsts = np.array([non_finite.min(initial=2**62), *accumulators.first_failure, -1], dtype=np.int64)
    return PartSums(
        total=accumulators.total,
        square=accumulators.square,
        undefined=accumulators.undefined,
        fan=accumulators.fan.astype(np.uint32),
        fine=accumulators.fine,
        event_count=accumulators.event_count,
        failures=counts,
        first_failure=np.where(counts > 0, firsts, -1),
        tail_value=tails.value,
        tail_index=tails.index,
    )


def _sums_layout(meta: RunMeta) -> tuple[tuple[str, str, tuple[int, ...]], ...]:
    """Name, type and shape of each array of `PartSums`, in its order."""
    n_record, n_series, n_hop = meta.n_record, len(meta.series), len(meta.hops)
    tails = (N_CUMULATIVE, n_hop, 2, TAIL)
    return (
        ("total", "<f8", (n_record, n_series, N_SCRAMBLE)),
        ("square", "<f8", (n_record, n_series, N_SCRAMBLE)),
        ("undefined", "<i8", (n_record, N_SCRAMBLE)),
        ("fan", "<u4", (n_record, len(meta.fans), FAN_BUCKETS + EXTRA_BUCKETS)),
        ("fine", "<u4", (N_SCRAMBLE, len(fine_series(meta.hops)), 2, FINE_BUCKETS + EXTRA_BUCKETS)),
        ("event_count", "<i8", (N_SCRAMBLE, len(meta.events), meta.years + 1)),
        ("failures", "<i8", (len(CHECKS),)),
        ("first_failure", "<i8", (len(CHECKS),)),
        ("tail_value", "<f4", tails),
        ("tail_index", "<i8", tails),
    )


def sums_bytes(meta: RunMeta) -> int:
    """Size of the stored sums of one part, without their checksum [B]."""
    return sum(prod(shape) * int(dtype[2]) for _, dtype, shape in _sums_layout(meta))


def sums_from_bytes(meta: RunMeta, data: bytes | memoryview) -> PartSums:
    """Read what `PartSums.to_bytes` returned.

    Raises
    ------
    ValueError
        If it is not the sums of a part of such a run.
    """
    if len(data) != sums_bytes(meta):
        raise ValueError(f"{len(data)} bytes instead of {sums_bytes(meta)}")
    arrays, offset = {}, 0
    for name, dtype, shape in _sums_layout(meta):
        n = prod(shape)
        arrays[name] = np.frombuffer(data, dtype, n, offset).reshape(shape).copy()
        offset += arrays[name].nbytes
    return PartSums(**arrays)
