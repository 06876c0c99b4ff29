"""A trajectory that was computed again against what its run stores of it, bit for bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.story_rank import StoredRun
from sandwich_sim.errors import IntegrityError
from sandwich_sim.results.arrays import Layout, split_unit
from sandwich_sim.results.layout import CUMULATIVE


def check_stored(
    run: StoredRun,
    layout: Layout,
    accumulators: Mapping[str, NDArray[Any]],
    trajectory: int,
    outcomes: Mapping[str, NDArray[Any]],
) -> int:
    """Compare a trajectory with every number that its run stores of it.

    Parameters
    ----------
    accumulators : mapping of str to ndarray
        For the tails, which runs of every ``keep`` have.
    outcomes : mapping of str to ndarray
        As `reduce.outcome_arrays` names them, of this trajectory alone.

    Returns
    -------
    int
        How many numbers were compared; 0 for one of a summary run that is in no tail.

    Raises
    ------
    IntegrityError
        If one differs, after rounding to the stored type.
    """
    compared = _check_tails(run, accumulators, trajectory, outcomes)
    size = run.meta.unit
    for name, made in split_unit(layout.trajectories, outcomes).items():
        stored = run.chunk(name, trajectory // size)[..., trajectory % size]
        here = _rounded(made[..., 0], stored.dtype)
        if not _is_same(stored, here):
            _refuse(run, name, trajectory, stored, here)
        compared += stored.size
    return compared


def _check_tails(
    run: StoredRun,
    accumulators: Mapping[str, NDArray[Any]],
    trajectory: int,
    outcomes: Mapping[str, NDArray[Any]],
) -> int:
    index, value = accumulators["tail_index"], accumulators["tail_value"]
    compared = 0
    for row, column, end, place in np.argwhere(index == trajectory).tolist():
        stored = np.asarray(value[row, column, end, place])
        here = _rounded(outcomes["cumulative"][row, column, 0], stored.dtype)
        if not _is_same(stored, here):
            name = f"{CUMULATIVE[row][0]}.{run.meta.hops[column]}"
            _refuse(run, f"the tail of {name}", trajectory, stored, here)
        compared += 1
    return compared


def _rounded(values: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    """As the kernels round to what is stored: beyond the largest number, to infinity."""
    with np.errstate(over="ignore"):
        return np.asarray(np.asarray(values).astype(dtype))


def _is_same(stored: NDArray[Any], here: NDArray[Any]) -> bool:
    """Whether two arrays have the same bits; every NaN counts as the same."""
    if stored.dtype.kind != "f":
        return bool(np.array_equal(stored, here))
    bits = f"u{stored.dtype.itemsize}"
    same = np.ascontiguousarray(stored).view(bits) == np.ascontiguousarray(here).view(bits)
    return bool((same | (np.isnan(stored) & np.isnan(here))).all())


def _refuse(run: StoredRun, name: str, trajectory: int, stored: NDArray[Any], here: NDArray[Any]) -> None:
    place = tuple(np.argwhere(~((stored == here) | ((stored != stored) & (here != here))))[0].tolist() or ())
    raise IntegrityError(
        f"{run.folder}: {name} of trajectory {trajectory} is {stored[place]} as stored and {here[place]} as "
        f"computed again. `sandwich-sim verify {run.folder}` says whether the files are as they were written."
    )
