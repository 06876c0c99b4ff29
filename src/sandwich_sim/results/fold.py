"""From units to parts and from parts to the whole, always in the order of their numbers.

Floating-point addition depends on its order, so there is one: units within a group (2^18
trajectories), then groups. Threads, stops and machines change when a part is there, not what
is added to what.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels.plan import N_SCRAMBLE
from sandwich_sim.results.meta import RunMeta
from sandwich_sim.results.parts import PartGrid, PartSums


class Gather:
    """Joins the sums of units to those of parts; memory is bounded by the units under way."""

    def __init__(self, grid: PartGrid) -> None:
        self._grid = grid
        self._waiting: dict[int, PartSums] = {}
        self._sums: dict[int, PartSums] = {}
        self._next: dict[int, int] = {}

    def add(self, unit: int, sums: PartSums) -> PartSums | None:
        """Take a unit's sums; return those of its part once all its units are there."""
        part = self._grid.part_of(unit)
        units = self._grid.units(part)
        self._waiting[unit] = sums
        following = self._next.get(part, units.start)
        while following in self._waiting:
            arrived = self._waiting.pop(following)
            if part in self._sums:
                self._sums[part].add(arrived)
            else:
                self._sums[part] = arrived
            following += 1
        self._next[part] = following
        if following < units.stop:
            return None
        del self._next[part]
        return self._sums.pop(part)


class Fold:
    """Adds up parts in the order of their numbers, whatever order they arrive in.

    Parameters
    ----------
    grid : PartGrid
    load : callable, optional
        Returns the sums of a part that was there before, by its number; read when it is their
        turn, so that memory does not grow with their number.
    stored : collection of int
        The parts that ``load`` knows.
    """

    def __init__(
        self,
        grid: PartGrid,
        load: Callable[[int], PartSums] | None = None,
        stored: frozenset[int] = frozenset(),
    ) -> None:
        self._grid, self._load, self._stored = grid, load, set(stored)
        self._waiting: dict[int, PartSums] = {}
        self._group: PartSums | None = None
        self._whole: PartSums | None = None
        self._next = 0

    def add(self, part: int, sums: PartSums) -> None:
        """Take a part's sums; they are added as soon as all before them are, and may be changed."""
        self._waiting[part] = sums
        self._advance()

    def add_stored(self, parts: Iterable[int]) -> None:
        """Take note of parts that ``load`` knows from now on."""
        self._stored.update(parts)
        self._advance()

    def _advance(self) -> None:
        while self._next < self._grid.n_parts:
            if self._next in self._waiting:
                sums = self._waiting.pop(self._next)
            elif self._next in self._stored and self._load is not None:
                sums = self._load(self._next)
            else:
                return
            self._add_now(sums)
            self._next += 1

    def _add_now(self, sums: PartSums) -> None:
        if self._group is None:
            self._group = sums
        else:
            self._group.add(sums)
        if not self._grid.ends_group(self._next):
            return
        if self._whole is None:
            self._whole = copy.copy(self._group)
            # Counts of a part fit 32 bits, those of a run may not.
            self._whole.fan = self._group.fan.astype(np.int64)
            self._whole.fine = self._group.fine.astype(np.int64)
        else:
            self._whole.add(self._group)
        self._group = None

    def result(self, meta: RunMeta, alternation: Mapping[str, NDArray[np.int64]]) -> dict[str, NDArray[Any]]:
        """Return the accumulators of the run as the store names and turns them.

        Raises
        ------
        ValueError
            If a part is missing.
        """
        self._advance()
        whole = self._whole
        if self._next < self._grid.n_parts or whole is None:
            raise ValueError(f"part {self._next} is missing")
        scrambles = np.arange(N_SCRAMBLE)
        with np.errstate(over="ignore"):  # such trajectories are counted as failed
            tail_value = whole.tail_value.astype(np.float32)
        return {
            "total": np.ascontiguousarray(np.moveaxis(whole.total, -1, 0)),
            "square": np.ascontiguousarray(np.moveaxis(whole.square, -1, 0)),
            "undefined": np.ascontiguousarray(whole.undefined.T),
            "count": (meta.n_trajectories - scrambles + N_SCRAMBLE - 1) // N_SCRAMBLE,
            "fan": _extras_last(np.moveaxis(whole.fan, 0, 1)),
            "fine": _extras_last(whole.fine),
            "event_count": whole.event_count,
            "event_total": whole.event_count.sum(axis=-1),
            "failures": whole.failures,
            "first_failure": whole.first_failure,
            "tail_value": tail_value,
            "tail_index": whole.tail_index,
            **alternation,
        }


def _extras_last(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Move the count below the range from the front to behind the buckets."""
    return np.concatenate([counts[..., 1:-2], counts[..., :1], counts[..., -2:]], axis=-1)
