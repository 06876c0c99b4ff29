"""Where a quantity on a grid crosses a level, with the error of the place."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.results.meta import N_SCRAMBLE

Floats = NDArray[np.float64]


class Crossing(NamedTuple):
    """Where lines through a grid cross a level.

    Attributes
    ----------
    place : ndarray of float64
        The first place along each line; NaN where it does not cross.
    standard_error : ndarray of float64
        From few trajectories; the error of drawing straight lines between the points of the grid is not
        in it. NaN where it cannot be told.
    n_crossing : ndarray of int64
        How often the line crosses.
    """

    place: Floats
    standard_error: Floats
    n_crossing: NDArray[np.int64]


def find_crossings(positions: Floats, columns: Floats, level: float) -> Crossing:
    """Return where values cross a level along the last axis of a grid but one.

    Parameters
    ----------
    positions : ndarray of float64, shape (n,)
        Coordinates along the line, rising or falling.
    columns : ndarray of float64, shape (..., n, 17)
        Values, of all trajectories and of each of sixteen groups (`by_group`), along the same random
        numbers at every point.
    level : float

    Returns
    -------
    Crossing
        Arrays of shape (...).

    Notes
    -----
    The error is a jackknife: the place is found again without each group in turn. That takes along
    that neighboring points of the grid err together.
    """
    whole = columns[..., 0]
    place, count = _first_crossings(positions, whole - level)
    # The mean of the groups is the whole, but for quantiles, where it is nearly so: hence the shift.
    groups = columns[..., 1:]
    without = (groups.sum(axis=-1, keepdims=True) - groups) / (N_SCRAMBLE - 1.0)
    without += (whole - groups.mean(axis=-1))[..., None]
    again = np.stack(
        [_first_crossings(positions, without[..., group] - level)[0] for group in range(N_SCRAMBLE)]
    )
    spread = ((again - again.mean(axis=0)) ** 2).sum(axis=0)
    return Crossing(place, np.sqrt(spread * (N_SCRAMBLE - 1.0) / N_SCRAMBLE), count)


def _first_crossings(positions: Floats, above: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Return where lines of shape (..., n) first change sign, and how often they do."""
    if positions.size < 2:
        return np.full(above.shape[:-1], np.nan), np.zeros(above.shape[:-1], dtype=np.int64)
    left, right = above[..., :-1], above[..., 1:]
    # A point exactly on the level counts as above it, so that none is crossed twice.
    crosses = (left >= 0.0) != (right >= 0.0)
    crosses &= np.isfinite(left) & np.isfinite(right)
    first = crosses.argmax(axis=-1)[..., None]
    before = np.take_along_axis(left, first, axis=-1)[..., 0]
    after = np.take_along_axis(right, first, axis=-1)[..., 0]
    first = first[..., 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        part = before / (before - after)
    place = positions[first] + part * (positions[first + 1] - positions[first])
    return np.where(crosses.any(axis=-1), place, np.nan), crosses.sum(axis=-1)
