"""The trajectories at both ends of every cumulative outcome: those that are worth a replay."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

TAIL = 32
"""Trajectories kept at each end of each outcome."""
ENDS = ("lowest", "highest")
_BLOCKS = 256


@dataclass(frozen=True)
class Tails:
    """The lowest and the highest trajectories, the outermost first; ties by lower index.

    Attributes
    ----------
    value : ndarray of float, shape (n_cumulative, n_hop, 2, TAIL)
        Axis 2: lowest, highest. NaN where there are fewer trajectories.
    index : ndarray of int64, same shape
        Their numbers; -1 where there are fewer.
    """

    value: NDArray[Any]
    index: NDArray[np.int64]


def find_tails(cumulative: NDArray[Any], first: int) -> Tails:
    """Find the tails of some trajectories.

    Parameters
    ----------
    cumulative : ndarray of float, shape (n_cumulative, n_hop, n)
    first : int
        Number of the first of them.
    """
    *shape, n = cumulative.shape
    rows = cumulative.reshape(prod(shape), n)
    value = np.full((len(rows), 2, TAIL), np.nan, dtype=cumulative.dtype)
    index = np.full((len(rows), 2, TAIL), -1, dtype=np.int64)
    for end, sign in enumerate((1, -1)):
        row, column = _candidates(rows, sign)
        found = rows[row, column]
        order = np.lexsort((column, sign * found, row))
        row, column, found = row[order], column[order], found[order]
        rank = np.arange(row.size) - np.searchsorted(row, row)
        kept = rank < TAIL
        value[row[kept], end, rank[kept]] = found[kept]
        index[row[kept], end, rank[kept]] = first + column[kept]
    return Tails(value.reshape(*shape, 2, TAIL), index.reshape(*shape, 2, TAIL))


def _candidates(rows: NDArray[Any], sign: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of all values that can be among the outermost of their row.

    The 32nd of the extremes of 256 blocks bounds the 32nd of all values, and only blocks whose
    own extreme passes it need a look: ten times as fast as a partition of each row. NaN is never
    a candidate.
    """
    n = rows.shape[1]
    height = n // _BLOCKS
    extreme, passes = (np.fmin, np.less_equal) if sign > 0 else (np.fmax, np.greater_equal)
    if height < 2:
        row, column = np.nonzero(~np.isnan(rows))
        return row, column
    blocks = rows[:, : height * _BLOCKS].reshape(len(rows), height, _BLOCKS)
    extremes = extreme.reduce(blocks, axis=1)
    # NaN sorts behind everything: a row of too few numbers has no bound that excludes any.
    bound = sign * np.partition(sign * extremes, TAIL - 1, axis=1)[:, TAIL - 1]
    bound = np.where(np.isnan(bound), sign * np.inf, bound)
    row, block = np.nonzero(passes(extremes, bound[:, None]))
    inside = blocks[row, :, block]
    which, place = np.nonzero(passes(inside, bound[row, None]))
    rest_row, rest_column = np.nonzero(passes(rows[:, height * _BLOCKS :], bound[:, None]))
    return (
        np.concatenate([row[which], rest_row]),
        np.concatenate([place * _BLOCKS + block[which], rest_column + height * _BLOCKS]),
    )


def merge_tails(one: Tails, other: Tails) -> Tails:
    """Return the tails of two sets of trajectories together."""
    value = np.concatenate([one.value, other.value], axis=-1)
    index = np.concatenate([one.index, other.index], axis=-1)
    sign = np.array([1, -1], dtype=value.dtype)[:, None]
    order = np.lexsort((index, sign * value), axis=-1)[..., :TAIL]
    return Tails(np.take_along_axis(value, order, axis=-1), np.take_along_axis(index, order, axis=-1))


def no_tails(n_cumulative: int, n_hop: int, dtype: type[Any] = np.float32) -> Tails:
    """Return the tails of no trajectory at all."""
    shape = (n_cumulative, n_hop, 2, TAIL)
    return Tails(np.full(shape, np.nan, dtype=dtype), np.full(shape, -1, dtype=np.int64))
