"""Outcomes of the trajectories of a run folder, read as plain arrays: only what is asked for.

A report needs one year of a few series of a run of a million trajectories; going through xarray
would cost its import and its indexing. Chunks are read whole, one at a time.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.errors import UsageError
from sandwich_sim.results.arrays import ArrayLayout
from sandwich_sim.results.dataset import check_run, read_meta
from sandwich_sim.results.meta import RunMeta
from sandwich_sim.results.zarr_format import read_chunk

Floats = NDArray[np.float64]


class Trajectories:
    """What a complete run keeps of each of its first trajectories.

    Parameters
    ----------
    folder : Path
    limit : int, optional
        Read at most that many trajectories, the first ones; all if not given.

    Attributes
    ----------
    meta : RunMeta
    n : int
        How many trajectories are read; 0 for a run that keeps none.
    """

    def __init__(self, folder: Path, limit: int | None = None) -> None:
        self.folder = folder
        self._arrays = check_run(folder)
        self.meta: RunMeta = read_meta(folder)
        n = 0 if self.meta.keep == "summary" else self.meta.n_trajectories
        self.n = n if limit is None else min(n, limit)
        self._year = cache(self._read_year)

    def keeps(self, variable: str) -> bool:
        """Whether the run keeps an array, or a series of every hop, for each trajectory."""
        return variable in self._arrays and "trajectory" in self._arrays[variable].dims

    def whole(self, name: str) -> NDArray[Any]:
        """Return an array in full: ``parameters``, ``discounted_profit``, ``event_flag``, ...

        Returns
        -------
        ndarray, shape (..., n)
            In the type that is stored.

        Raises
        ------
        UsageError
            If the run does not keep it.
        """
        return self._join(self._array(name), np.s_[...])

    def at_year(self, variable: str, year: int) -> Floats:
        """Return a series at one yearly record.

        Parameters
        ----------
        variable : str
            ``gap``, ``margin`` (all hops) or ``margin.lab``.
        year : int
            Years since the start; negative ones count from the end.

        Returns
        -------
        ndarray of float64, shape (n_hop, n) or (n,)

        Raises
        ------
        UsageError
            If the run does not keep it.
        """
        base, _, hop = variable.partition(".")
        if hop and variable not in self._arrays and hop in self.meta.hops:
            values: Floats = self._year(base, year)
            row: Floats = values[self.meta.hops.index(hop)]
            return row
        found: Floats = self._year(variable, year)
        return found

    def _read_year(self, name: str, year: int) -> Floats:
        array = self._array(name)
        step = self.meta.steps_per_year if "time" in array.dims else 1
        record = range(self.meta.years + 1)[year] * step
        return np.asarray(self._join(array, np.s_[..., record, :]), dtype=np.float64)

    def _array(self, name: str) -> ArrayLayout:
        if not self.keeps(name):
            raise UsageError(
                f"{self.folder}: the run does not keep {name} of its trajectories "
                f"(keep = {self.meta.keep!r}). Run it with --keep outcomes and "
                f"{name.partition('.')[0]} in [run] keep_series."
            )
        return self._arrays[name]

    def _join(self, array: ArrayLayout, part: Any) -> NDArray[Any]:
        if not self.n:
            return np.asarray(read_chunk(self.folder, array)[part])[..., :0]
        per_chunk = array.chunks[-1]
        pieces = []
        for first in range(0, self.n, per_chunk):
            chunk = read_chunk(self.folder, array, first // per_chunk)[part]
            pieces.append(chunk[..., : self.n - first].copy())
        return np.concatenate(pieces, axis=-1)
