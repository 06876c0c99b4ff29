"""Drawn parameters of a block: uniforms by the sampler, then correlation, then quantiles.

A value is a pure function of (seed, input name, trajectory index): any set of indices gives
the same numbers as a whole run. `DrawPlan` is made by ``sampling.draw_plan``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels import quantiles
from sandwich_sim.kernels._jit import compiled, entry, merged, rowwise
from sandwich_sim.kernels.hypercube import N_GRID, hypercube_row, lay_out
from sandwich_sim.kernels.quantiles import FIRST_NORMAL_KIND, to_normal, to_uniform
from sandwich_sim.kernels.rng import philox4x32, trajectory_words, uniform
from sandwich_sim.kernels.sobol import N_SCRAMBLE, sobol_digits, sobol_digits_aligned

RANDOM = 0
LATIN_HYPERCUBE = 1
SOBOL = 2
SAMPLER_CODES = {"random": RANDOM, "latin-hypercube": LATIN_HYPERCUBE, "sobol": SOBOL}

_WORD_LOW, _WORD_HIGH, _SCRAMBLE, _DIGITS = 0, 1, 2, 3
_GRAY, _LOWEST_BIT = 4, 5  # sobol
_GRID = 4  # latin-hypercube, to the end
N_WORK = _GRID + N_GRID
"""Rows of the work array of `draw_parameters`."""

_HALF_DIGIT = 0.5
_DIGIT = 2.0**-52
_ZERO: Any = np.uint64(0)
_ONE = np.uint64(1)


class DrawPlan(NamedTuple):
    """All that drawing needs; row j belongs to the j-th drawn parameter.

    Attributes
    ----------
    sampler : int
        RANDOM, LATIN_HYPERCUBE or SOBOL.
    key : ndarray of uint64, shape (2,)
        Low and high half of the seed.
    streams : ndarray of uint64, shape (n_drawn,)
        Hashes of the names.
    kinds : ndarray of int64, shape (n_drawn,)
        Kind of quantile function, see kernels/quantiles.py.
    shapes : ndarray of float64, shape (n_drawn, 6)
        Parameters of the quantile function, by kind.
    support : ndarray of float64, shape (n_drawn, 2)
        Least and largest value.
    values_at, pieces_at : ndarray of int64, shape (n_drawn, 2)
        Start and end of the input's share of ``values`` and of ``pieces``.
    values : ndarray of float64, shape (n_value,)
        Discrete levels and values, order statistics, ends of uneven pieces.
    pieces : ndarray of float64, shape (n_piece, 8)
        Polynomial pieces.
    normal_cdf : ndarray of float64, shape (n_piece, 8)
        Table of the normal distribution function (empty if no correlated input needs it).
    steps : ndarray of uint64, shape (n_drawn, 33, 16)
        Scrambled Sobol steps and shifts (empty for other samplers).
    design : ndarray of uint64, shape (4, 16)
        Strata, rows, columns and passes of each Latin-hypercube design.
    round_keys : ndarray of uint64, shape (n_drawn, 8)
        Keys of the hypercube's permutations (empty for other samplers).
    group : ndarray of int64, shape (n_drawn,)
        Correlated group; -1 for inputs in no correlation.
    group_start : ndarray of int64, shape (n_group + 1,)
    members : ndarray of int64, shape (n_member,)
        Rows of the inputs of each group, by name within the group.
    factors : ndarray of float64, shape (n_member, largest_group)
        Row of the Cholesky factor that belongs to each member.
    """

    sampler: int
    key: NDArray[np.uint64]
    streams: NDArray[np.uint64]
    kinds: NDArray[np.int64]
    shapes: NDArray[np.float64]
    support: NDArray[np.float64]
    values_at: NDArray[np.int64]
    pieces_at: NDArray[np.int64]
    values: NDArray[np.float64]
    pieces: NDArray[np.float64]
    normal_cdf: NDArray[np.float64]
    steps: NDArray[np.uint64]
    design: NDArray[np.uint64]
    round_keys: NDArray[np.uint64]
    group: NDArray[np.int64]
    group_start: NDArray[np.int64]
    members: NDArray[np.int64]
    factors: NDArray[np.float64]


@compiled
def _prepare(plan: DrawPlan, indices: NDArray[np.int64], work: NDArray[np.uint64]) -> bool:
    """Fill the work rows that all inputs share; return whether the block is aligned."""
    n = indices.shape[0]
    aligned: bool = n % N_SCRAMBLE == 0 and n > 0 and indices[0] % N_SCRAMBLE == 0
    for t in range(n):
        low, high = trajectory_words(indices[t], 0)
        work[_WORD_LOW, t] = low
        work[_WORD_HIGH, t] = high
        work[_SCRAMBLE, t] = np.uint64(indices[t] % N_SCRAMBLE)
        aligned = aligned and indices[t] == indices[0] + t
    if plan.sampler == LATIN_HYPERCUBE:
        lay_out(indices, plan.design, work[_GRID:])
    elif plan.sampler == SOBOL:
        for t in range(n):
            point = np.uint64(indices[t] // N_SCRAMBLE)
            work[_GRAY, t] = point ^ (point >> _ONE)
            bit = 0
            while point != np.uint64(0) and point & _ONE == np.uint64(0):
                point >>= _ONE
                bit += 1
            work[_LOWEST_BIT, t] = bit
    return aligned


@rowwise
def _random_row(plan: DrawPlan, j: int, work: NDArray[np.uint64], row: NDArray[np.float64]) -> None:
    """Uniforms of input j by Philox, one call a trajectory."""
    stream = plan.streams[j]
    k0, k1 = plan.key[0], plan.key[1]
    low, high = work[_WORD_LOW], work[_WORD_HIGH]
    for t in range(row.shape[0]):
        w0, w1, _, _ = philox4x32(low[t], high[t], stream, _ZERO, k0, k1)
        row[t] = uniform(w0, w1)


@rowwise
def _sobol_row(
    plan: DrawPlan, j: int, aligned: bool, work: NDArray[np.uint64], row: NDArray[np.float64]
) -> None:
    """Uniforms of input j by scrambled Sobol points."""
    digits = work[_DIGITS]
    if aligned:
        sobol_digits_aligned(plan.steps[j], work[_GRAY], work[_LOWEST_BIT], digits)
    else:
        sobol_digits(plan.steps[j], work[_GRAY], work[_SCRAMBLE], digits)
    for t in range(row.shape[0]):
        row[t] = (float(digits[t]) + _HALF_DIGIT) * _DIGIT


@rowwise
def _correlate(plan: DrawPlan, out: NDArray[np.float64]) -> None:
    """Mix the normals of each correlated group by its Cholesky factor, in place."""
    for g in range(plan.group_start.shape[0] - 1):
        start = plan.group_start[g]
        size = plan.group_start[g + 1] - start
        for i in range(size - 1, -1, -1):
            factor = plan.factors[start + i]
            target = out[plan.members[start + i]]
            for t in range(target.shape[0]):
                target[t] *= factor[i]
            for k in range(i):
                source = out[plan.members[start + k]]
                for t in range(target.shape[0]):
                    target[t] += factor[k] * source[t]


@merged
def _to_values(plan: DrawPlan, j: int, row: NDArray[np.float64]) -> None:
    """Apply the quantile function of input j, in place."""
    kind = plan.kinds[j]
    shape = plan.shapes[j]
    values = plan.values[plan.values_at[j, 0] : plan.values_at[j, 1]]
    pieces = plan.pieces[plan.pieces_at[j, 0] : plan.pieces_at[j, 1]]
    if kind == quantiles.UNIFORM or kind == quantiles.NORMAL:
        quantiles.uniform_row(shape[0], shape[1], row)
    elif kind == quantiles.LOG_UNIFORM or kind == quantiles.LOG_NORMAL:
        quantiles.exponential_row(shape[0], shape[1], row)
    elif kind == quantiles.TRIANGULAR:
        quantiles.triangular_row(shape, row)
    elif kind == quantiles.TABLE:
        quantiles.table_row(pieces, row)
    elif kind == quantiles.UNEVEN_TABLE:
        quantiles.uneven_table_row(values, pieces, row)
    elif kind == quantiles.DISCRETE:
        n_level = values.shape[0] // 2
        quantiles.discrete_row(values[:n_level], values[n_level:], row)
    else:
        quantiles.empirical_row(values, shape[0], shape[1], row)
    quantiles.keep_within(plan.support[j, 0], plan.support[j, 1], row)


@merged
def draw_parameters(
    plan: DrawPlan, indices: NDArray[np.int64], work: NDArray[np.uint64], out: NDArray[np.float64]
) -> None:
    """Draw every input for some trajectories.

    Parameters
    ----------
    plan : DrawPlan
    indices : ndarray of int64, shape (n,)
        Trajectory numbers, in any order; 16 k ... 16 k + n - 1 with n a multiple of 16 is
        fastest. Latin hypercube: all below the run's number of trajectories.
    work : ndarray of uint64, shape (N_WORK, n)
        Scratch.
    out : ndarray of float64, shape (n_drawn, n)
        Written.
    """
    aligned = _prepare(plan, indices, work)
    for j in range(out.shape[0]):
        row = out[j]
        if plan.sampler == SOBOL:
            _sobol_row(plan, j, aligned, work, row)
        else:
            _random_row(plan, j, work, row)
            if plan.sampler == LATIN_HYPERCUBE:
                keys: NDArray[np.uint64] = plan.round_keys[j]
                n_pass: Any = np.int64(plan.design[3, 0])
                hypercube_row(keys, n_pass, work[_SCRAMBLE], work[_GRID:], work[_DIGITS], row)
        if plan.kinds[j] >= FIRST_NORMAL_KIND or plan.group[j] >= 0:
            to_normal(row)
    _correlate(plan, out)
    for j in range(out.shape[0]):
        if plan.group[j] >= 0 and plan.kinds[j] < FIRST_NORMAL_KIND:
            to_uniform(plan.normal_cdf, out[j])
        _to_values(plan, j, out[j])


@entry
def draw_block(
    plan: DrawPlan, indices: NDArray[np.int64], work: NDArray[np.uint64], out: NDArray[np.float64]
) -> None:
    """`draw_parameters` for callers in Python."""
    draw_parameters(plan, indices, work, out)
