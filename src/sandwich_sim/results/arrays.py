"""An array of a store as plain data: its dimensions, chunks and labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.results.checksum import CHECKSUM_BYTES
from sandwich_sim.results.meta import RunMeta

ITEM_SIZE = {"float64": 8, "float32": 4, "int64": 8, "uint8": 1, "bool": 1}


@dataclass(frozen=True)
class ArrayLayout:
    """One array of a store.

    Attributes
    ----------
    name : str
        Path within the store.
    dims : tuple of str
    shape, chunks : tuple of int
    dtype : str
        ``float64``, ``float32``, ``int64``, ``uint8``, ``bool`` or ``string``.
    attributes : mapping
        ``units``, ``long_name`` and the like.
    source : str
        Name among the arrays of a unit that it is taken from; empty if there is none.
    rows : int, tuple of int or None
        Rows of the source's first axis; None for the whole of it.
    """

    name: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    chunks: tuple[int, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    rows: int | tuple[int, ...] | None = None

    @property
    def n_chunks(self) -> int:
        """Chunks along the last axis; there is one along every other."""
        return -(-self.shape[-1] // self.chunks[-1]) if self.shape else 1

    @property
    def chunk_bytes(self) -> int:
        """Size of a chunk's values [B]; 0 for strings, whose size depends on their text."""
        return prod(self.chunks) * ITEM_SIZE.get(self.dtype, 0)

    @property
    def file_bytes(self) -> int:
        """Size of a chunk file: the values and their checksum [B]; 0 for strings."""
        return self.chunk_bytes + CHECKSUM_BYTES if self.dtype in ITEM_SIZE else 0


@dataclass(frozen=True)
class Layout:
    """All arrays of a run folder.

    Attributes
    ----------
    meta : RunMeta
    coordinates : tuple of ArrayLayout
        Their values come from `coordinates.coordinate_values`.
    trajectories : tuple of ArrayLayout
        One value or more for each trajectory; ``trajectory`` is the last dimension.
    summary : tuple of ArrayLayout
        Means, errors, quantiles and probabilities.
    accumulators : tuple of ArrayLayout
        Raw sums and counts, in the group of that name.
    attributes : mapping
        Of the root group.
    """

    meta: RunMeta
    coordinates: tuple[ArrayLayout, ...]
    trajectories: tuple[ArrayLayout, ...]
    summary: tuple[ArrayLayout, ...]
    accumulators: tuple[ArrayLayout, ...]
    attributes: Mapping[str, Any]

    @property
    def n_units(self) -> int:
        return -(-self.meta.n_trajectories // self.meta.unit)

    def unit_at(self, first_trajectory: int) -> int:
        """Return the number of the unit that starts at a trajectory.

        Raises
        ------
        ValueError
            If none does.
        """
        meta = self.meta
        unit, offset = divmod(first_trajectory, meta.unit)
        if not self.trajectories:
            raise ValueError("a run that keeps only the summary has no units to write")
        if offset or not 0 <= first_trajectory < meta.n_trajectories:
            raise ValueError(
                f"trajectory {first_trajectory} does not start a unit of {meta.unit} of {meta.n_trajectories}"
            )
        return unit

    @property
    def arrays(self) -> tuple[ArrayLayout, ...]:
        """Every array, in the order in which it is declared."""
        return self.coordinates + self.trajectories + self.summary + self.accumulators

    @property
    def unit_bytes(self) -> int:
        """Stored size of one unit's per-trajectory arrays [B]."""
        return sum(array.chunk_bytes for array in self.trajectories)

    @property
    def fixed_bytes(self) -> int:
        """Size of all that does not grow with the number of trajectories [B]."""
        return sum(a.chunk_bytes for a in self.coordinates + self.summary + self.accumulators)


def split_unit(arrays: Sequence[ArrayLayout], sources: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Cut the arrays of a unit (kernel order) into those that are stored; views where possible.

    Parameters
    ----------
    arrays : sequence of ArrayLayout
    sources : mapping of str to ndarray
        ``parameters``, ``cumulative``, ``event_flag``, ``event_time``, ``yearly`` or ``series``,
        ``scramble``, ``log_weight``; the trajectory axis is last.

    Raises
    ------
    ValueError
        If one is missing or has the wrong shape.
    """
    pieces: dict[str, NDArray[Any]] = {}
    for array in arrays:
        if array.source not in sources:
            raise ValueError(f"the unit lacks {array.source!r}, which {array.name!r} is taken from")
        piece = _take(sources[array.source], array.rows)
        if piece.shape[:-1] != array.shape[:-1]:
            raise ValueError(f"{array.name!r}: shape {piece.shape}, expected {array.shape[:-1]} + (n,)")
        pieces[array.name] = piece
    return pieces


def _take(source: NDArray[Any], rows: int | tuple[int, ...] | None) -> NDArray[Any]:
    if rows is None:
        return source
    if isinstance(rows, int):
        return np.asarray(source[rows])
    first = rows[0]
    if rows == tuple(range(first, first + len(rows))):
        return source[first : first + len(rows)]
    return np.take(source, rows, axis=0)


def check_arrays(arrays: Sequence[ArrayLayout], values: Mapping[str, NDArray[Any]]) -> None:
    """Check that every declared array is there with its shape.

    Raises
    ------
    ValueError
        Naming the first that is not.
    """
    for array in arrays:
        name = array.name.rpartition("/")[2]
        if name not in values:
            raise ValueError(f"{name!r} is missing")
        if np.shape(values[name]) != array.shape:
            raise ValueError(f"{name!r}: shape {np.shape(values[name])}, expected {array.shape}")
