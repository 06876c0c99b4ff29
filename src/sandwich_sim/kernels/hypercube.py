"""Latin-hypercube strata by keyed permutations that need no memory.

Trajectory i is place ``i // 16`` of design ``i % 16``. A design of m trajectories has m
strata; which stratum a place gets is a pseudo-random permutation of 0 ... m-1, computed place
by place: a Feistel network on a grid of ceil(sqrt(m)) rows that holds m or a few more cells,
walked on until it lands below m.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels._jit import compiled, entry, inlined
from sandwich_sim.kernels.rng import philox4x32
from sandwich_sim.kernels.sobol import N_SCRAMBLE

N_ROUND = 8
PERMUTATION_DRAW = 2
"""Philox draw number of the round keys; 0 is the parameter's own draw, 1 the scrambling."""

_MASK = np.uint64(0xFFFFFFFF)
_SHIFT_13 = np.uint64(13)
_SHIFT_16 = np.uint64(16)
_SHIFT_32 = np.uint64(32)
_MIX_0 = np.uint64(0x85EBCA6B)
_MIX_1 = np.uint64(0xC2B2AE35)


def design_shape(trajectories: int) -> NDArray[np.uint64]:
    """Return strata, rows and columns of each design.

    Parameters
    ----------
    trajectories : int
        Trajectories of the run.

    Returns
    -------
    ndarray of uint64, shape (3, 16)
    """
    design = np.arange(N_SCRAMBLE)
    strata = (trajectories - design + N_SCRAMBLE - 1) // N_SCRAMBLE
    rows = np.maximum(np.ceil(np.sqrt(strata)).astype(np.int64), 1)
    columns = np.maximum(-(-strata // rows), 1)
    return np.stack([strata, rows, columns]).astype(np.uint64)


@entry
def permutation_keys(
    streams: NDArray[np.uint64], key: NDArray[np.uint64], out: NDArray[np.uint64]
) -> None:
    """Draw the round keys of every (input, design).

    Parameters
    ----------
    streams : ndarray of uint64, shape (n_drawn,)
    key : ndarray of uint64, shape (2,)
        The two halves of the seed.
    out : ndarray of uint64, shape (n_drawn, 8, 16)
        Written: 32 bits in each.
    """
    for j in range(streams.shape[0]):
        for design in range(N_SCRAMBLE):
            for half in range(2):
                words = philox4x32(
                    np.uint64(design * 64 + half), np.uint64(0), streams[j],
                    np.uint64(PERMUTATION_DRAW), key[0], key[1],
                )  # fmt: skip
                for n in range(4):
                    out[j, 4 * half + n, design] = words[n]


@inlined
def _scatter(x: int, key: int, size: int) -> int:
    """Return a pseudo-random number below ``size`` from x and a round key (murmur3's mixer)."""
    h = (x + key) & _MASK
    h = ((h ^ (h >> _SHIFT_16)) * _MIX_0) & _MASK
    h = ((h ^ (h >> _SHIFT_13)) * _MIX_1) & _MASK
    h = h ^ (h >> _SHIFT_16)
    return (h * size) >> _SHIFT_32


@inlined
def _permuted(row: int, column: int, shape: NDArray[np.uint64], keys: NDArray[np.uint64], s: int) -> int:
    """Permute the cells of a design's grid; return the number of the cell."""
    n_row, n_column = shape[1, s], shape[2, s]
    for n in range(N_ROUND // 2):
        row = row + _scatter(column, keys[2 * n, s], n_row)
        row = row - n_row * np.uint64(row >= n_row)
        column = column + _scatter(row, keys[2 * n + 1, s], n_column)
        column = column - n_column * np.uint64(column >= n_column)
    return row * n_column + column


@compiled
def grid_cells(indices: NDArray[np.int64], shape: NDArray[np.uint64], cells: NDArray[np.uint64]) -> None:
    """Lay the places of trajectories out on the grids of their designs.

    Parameters
    ----------
    indices : ndarray of int64, shape (n,)
    shape : ndarray of uint64, shape (3, 16)
    cells : ndarray of uint64, shape (2, n)
        Written: row and column.
    """
    for t in range(indices.shape[0]):
        place = np.uint64(indices[t] // N_SCRAMBLE)
        n_column = shape[2, indices[t] % N_SCRAMBLE]
        cells[0, t] = place // n_column
        cells[1, t] = place % n_column


@compiled
def hypercube_row(
    shape: NDArray[np.uint64], keys: NDArray[np.uint64], cells: NDArray[np.uint64],
    scramble: NDArray[np.uint64], aligned: bool, strata: NDArray[np.uint64], row: NDArray[np.float64],
) -> None:
    """Place uniforms into their strata, in place.

    Parameters
    ----------
    shape : ndarray of uint64, shape (3, 16)
    keys : ndarray of uint64, shape (8, 16)
        Round keys of one input.
    cells : ndarray of uint64, shape (2, n)
        Row and column of each trajectory's place; trajectories beyond the run are not allowed.
    scramble : ndarray of uint64, shape (n,)
        Design of each trajectory.
    aligned : bool
        Whether the designs run 0 ... 15, 0 ... 15 and so on.
    strata : ndarray of uint64, shape (n,)
        Written (scratch).
    row : ndarray of float64, shape (n,)
        Uniforms in (0, 1) in, one in each stratum out.
    """
    n = row.shape[0]
    if aligned:
        for start in range(0, n, N_SCRAMBLE):
            for s in range(N_SCRAMBLE):
                t = start + s
                strata[t] = _permuted(cells[0, t], cells[1, t], shape, keys, s)
    else:
        for t in range(n):
            strata[t] = _permuted(cells[0, t], cells[1, t], shape, keys, np.int64(scramble[t]))
    for t in range(n):
        s = np.int64(scramble[t])
        while strata[t] >= shape[0, s]:
            n_column = shape[2, s]
            strata[t] = _permuted(strata[t] // n_column, strata[t] % n_column, shape, keys, s)
        row[t] = min((float(strata[t]) + row[t]) / float(shape[0, s]), 1.0 - 2.0**-53)
