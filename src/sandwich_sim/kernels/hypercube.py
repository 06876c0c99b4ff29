"""Latin-hypercube strata by keyed permutations that need no memory.

Trajectory i is place ``i // 16`` of design ``i % 16``. A design of m trajectories has m
strata; which stratum a place gets is a pseudo-random permutation of 0 ... m-1, computed place
by place: a Feistel network on a grid of ceil(sqrt(m)) rows that holds m or a few more cells,
walked on until it lands below m.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels._jit import compiled, entry, inlined
from sandwich_sim.kernels.quantiles import BELOW_ONE
from sandwich_sim.kernels.rng import philox4x32
from sandwich_sim.kernels.sobol import N_SCRAMBLE

N_ROUND = 8
N_GRID = 5
"""Work rows that `lay_out` fills."""
PERMUTATION_DRAW = 2
"""Philox draw number of the round keys; 0 is the parameter's own draw, 1 the scrambling."""

_CELL_ROW, _CELL_COLUMN, _N_ROW, _N_COLUMN, _STRATA = 0, 1, 2, 3, 4
_ZERO: Any = np.uint64(0)
_PERMUTATION_DRAW: Any = np.uint64(PERMUTATION_DRAW)
_MASK = np.uint64(0xFFFFFFFF)
_SHIFT_15 = np.uint64(15)
_SHIFT_32 = np.uint64(32)
_MIX_0 = np.uint64(0x85EBCA6B)
_MIX_1 = np.uint64(0xC2B2AE35)
_DESIGN_STEP = np.uint64(0x9E3779B1)
_PASS_STEP = np.uint64(0x632BE59B)
"""These move the designs of an input, and further passes, to far places of one function."""
_FEW_STRATA = 256
_PASSES_OF_FEW = 4
"""One pass over a small grid leaves pairs of strata up to 2% off even; four do not."""


Word = Any
"""A uint64."""


def design_shape(trajectories: int) -> NDArray[np.uint64]:
    """Return strata, rows, columns and passes of each design.

    Parameters
    ----------
    trajectories : int
        Trajectories of the run.

    Returns
    -------
    ndarray of uint64, shape (4, 16)
    """
    design = np.arange(N_SCRAMBLE)
    strata = (trajectories - design + N_SCRAMBLE - 1) // N_SCRAMBLE
    rows = np.maximum(np.ceil(np.sqrt(strata)).astype(np.int64), 1)
    columns = np.maximum(-(-strata // rows), 1)
    passes = np.full(N_SCRAMBLE, 1 if strata[0] >= _FEW_STRATA else _PASSES_OF_FEW)
    return np.stack([strata, rows, columns, passes]).astype(np.uint64)


@entry
def permutation_keys(streams: NDArray[np.uint64], key: NDArray[np.uint64], out: NDArray[np.uint64]) -> None:
    """Draw the round keys of every input.

    Parameters
    ----------
    streams : ndarray of uint64, shape (n_drawn,)
    key : ndarray of uint64, shape (2,)
        The two halves of the seed.
    out : ndarray of uint64, shape (n_drawn, 8)
        Written: 32 bits in each.
    """
    for j in range(streams.shape[0]):
        for half in range(N_ROUND // 4):
            place: Any = np.uint64(half)
            w0, w1, w2, w3 = philox4x32(place, _ZERO, streams[j], _PERMUTATION_DRAW, key[0], key[1])
            out[j, 4 * half] = w0
            out[j, 4 * half + 1] = w1
            out[j, 4 * half + 2] = w2
            out[j, 4 * half + 3] = w3


@inlined
def _scatter(x: Word, key: Word, size: Word) -> Word:
    """Return a pseudo-random number below ``size`` from x and a key.

    Two multiplications as in murmur3; only the upper bits count, which need no last mixing.
    """
    h = ((x + key) & _MASK) * _MIX_0 & _MASK
    h = (h ^ (h >> _SHIFT_15)) * _MIX_1 & _MASK
    return (h * size) >> _SHIFT_32


@inlined
def _round(moved: Word, fixed: Word, key: Word, size: Word) -> Word:
    """Move one coordinate of a cell by a function of the other, around a circle."""
    place = moved + _scatter(fixed, key, size)
    return place - size * np.uint64(place >= size)


@inlined
def _permuted(
    row: Word, column: Word, shift: Word, n_row: Word, n_column: Word, keys: NDArray[np.uint64]
) -> Word:
    """Permute the cells of a grid (one pass); return the number of the cell."""
    row = _round(row, column, keys[0] + shift, n_row)
    column = _round(column, row, keys[1] + shift, n_column)
    row = _round(row, column, keys[2] + shift, n_row)
    column = _round(column, row, keys[3] + shift, n_column)
    row = _round(row, column, keys[4] + shift, n_row)
    column = _round(column, row, keys[5] + shift, n_column)
    row = _round(row, column, keys[6] + shift, n_row)
    column = _round(column, row, keys[7] + shift, n_column)
    return row * n_column + column


@inlined
def _shift(design: Word, number: int) -> Word:
    """Return what a design adds to the round keys in one pass."""
    return (design * _DESIGN_STEP + np.uint64(number) * _PASS_STEP) & _MASK


@compiled
def lay_out(indices: NDArray[np.int64], shape: NDArray[np.uint64], grid: NDArray[np.uint64]) -> None:
    """Lay the places of trajectories out on the grids of their designs.

    Parameters
    ----------
    indices : ndarray of int64, shape (n,)
        All below the run's number of trajectories.
    shape : ndarray of uint64, shape (4, 16)
        See `design_shape`.
    grid : ndarray of uint64, shape (5, n)
        Written: row and column of the place, number of rows and columns, number of strata.
    """
    for t in range(indices.shape[0]):
        place = np.uint64(indices[t] // N_SCRAMBLE)
        design = indices[t] % N_SCRAMBLE
        n_column = shape[2, design]
        grid[_CELL_ROW, t] = place // n_column
        grid[_CELL_COLUMN, t] = place % n_column
        grid[_N_ROW, t] = shape[1, design]
        grid[_N_COLUMN, t] = n_column
        grid[_STRATA, t] = shape[0, design]


@compiled
def _pass_on(
    keys: NDArray[np.uint64],
    number: int,
    design: NDArray[np.uint64],
    n_row: NDArray[np.uint64],
    n_column: NDArray[np.uint64],
    stratum: NDArray[np.uint64],
) -> None:
    """Pass cells over their grids once more, in place."""
    for t in range(stratum.shape[0]):
        row, column = stratum[t] // n_column[t], stratum[t] % n_column[t]
        shift = _shift(design[t], number)
        stratum[t] = _permuted(row, column, shift, n_row[t], n_column[t], keys)


@compiled
def hypercube_row(
    keys: NDArray[np.uint64],
    n_pass: int,
    design: NDArray[np.uint64],
    grid: NDArray[np.uint64],
    stratum: NDArray[np.uint64],
    row: NDArray[np.float64],
) -> None:
    """Place uniforms into their strata, in place.

    Parameters
    ----------
    keys : ndarray of uint64, shape (8,)
        Round keys of one input.
    n_pass : int
        Passes over the grid.
    design : ndarray of uint64, shape (n,)
        Design of each trajectory.
    grid : ndarray of uint64, shape (5, n)
        See `lay_out`.
    stratum : ndarray of uint64, shape (n,)
        Written (scratch).
    row : ndarray of float64, shape (n,)
        Uniforms in (0, 1) in, one in each stratum out.
    """
    n_row, n_column, strata = grid[_N_ROW], grid[_N_COLUMN], grid[_STRATA]
    cell_row, cell_column = grid[_CELL_ROW], grid[_CELL_COLUMN]
    n_outside = 0
    for t in range(row.shape[0]):
        shift = _shift(design[t], 0)
        stratum[t] = _permuted(cell_row[t], cell_column[t], shift, n_row[t], n_column[t], keys)
    for n in range(1, n_pass):
        _pass_on(keys, n, design, n_row, n_column, stratum)
    for t in range(row.shape[0]):
        n_outside += stratum[t] >= strata[t]
    if n_outside > 0:
        for t in range(row.shape[0]):
            while stratum[t] >= strata[t]:
                one = slice(t, t + 1)
                for n in range(n_pass):
                    _pass_on(keys, n, design[one], n_row[one], n_column[one], stratum[one])
    for t in range(row.shape[0]):
        row[t] = min((float(stratum[t]) + row[t]) / float(strata[t]), BELOW_ONE)
