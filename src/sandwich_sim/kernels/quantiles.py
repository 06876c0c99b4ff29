"""Quantile functions of a row of trajectories, in place: uniforms or normals in, values out.

One function a kind, so that no loop over trajectories holds a branch on the kind. Kinds below
`FIRST_NORMAL_KIND` take uniforms in (0, 1), the others standard normals.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels._jit import entry, inlined, rowwise
from sandwich_sim.kernels.bits import select
from sandwich_sim.kernels.vmath import exp, normal_quantile

UNIFORM = 0
LOG_UNIFORM = 1
TRIANGULAR = 2
DISCRETE = 3
EMPIRICAL = 4
NORMAL = 5
LOG_NORMAL = 6
TABLE = 7
UNEVEN_TABLE = 8
FIRST_NORMAL_KIND = NORMAL

TABLE_LIMIT = 8.3
"""Tables span normals in [-8.3, 8.3]: beyond lie less than 2^-53 on either side."""
TABLE_ORDER = 8
"""Coefficients of a polynomial piece."""
BELOW_ONE = 1.0 - 2.0**-53
ABOVE_ZERO = 2.0**-54

Row = NDArray[np.float64]


@rowwise
def to_normal(row: Row) -> None:
    """Turn uniforms into standard normals, in place."""
    for t in range(row.shape[0]):
        row[t] = normal_quantile(row[t])


@entry
def fill_normal_quantiles(row: Row) -> None:
    """`to_normal` for callers in Python."""
    to_normal(row)


@inlined
def _polynomial(coefficients: NDArray[np.float64], piece: int, x: float) -> float:
    """Evaluate one piece at x in [-1, 1] (Horner)."""
    y: float = coefficients[piece, 7]
    y = y * x + coefficients[piece, 6]
    y = y * x + coefficients[piece, 5]
    y = y * x + coefficients[piece, 4]
    y = y * x + coefficients[piece, 3]
    y = y * x + coefficients[piece, 2]
    y = y * x + coefficients[piece, 1]
    return float(y * x + coefficients[piece, 0])


@rowwise
def table_row(coefficients: NDArray[np.float64], row: Row) -> None:
    """Look up normals in a table of even pieces, in place.

    Parameters
    ----------
    coefficients : ndarray of float64, shape (n_piece, 8)
        Powers of x, which runs from -1 to 1 over a piece; the pieces split
        [-TABLE_LIMIT, TABLE_LIMIT] evenly.
    row : ndarray of float64, shape (n,)
        Read and written.
    """
    n_piece = coefficients.shape[0]
    scale = n_piece / (2.0 * TABLE_LIMIT)
    for t in range(row.shape[0]):
        z = max(min(row[t], TABLE_LIMIT), -TABLE_LIMIT)
        place = (z + TABLE_LIMIT) * scale
        piece = min(np.int64(place), n_piece - 1)
        row[t] = _polynomial(coefficients, piece, 2.0 * (place - piece) - 1.0)


@rowwise
def to_uniform(normal_cdf: NDArray[np.float64], row: Row) -> None:
    """Turn standard normals into uniforms in the open (0, 1), in place.

    Parameters
    ----------
    normal_cdf : ndarray of float64, shape (n_piece, 8)
        Table of the normal distribution function, see `table_row`.
    row : ndarray of float64, shape (n,)
    """
    table_row(normal_cdf, row)
    for t in range(row.shape[0]):
        row[t] = max(min(row[t], BELOW_ONE), ABOVE_ZERO)


@inlined
def _count_up_to(sorted_values: NDArray[np.float64], x: float) -> int:
    """Count the entries of a sorted array that are <= x (bisection without a branch)."""
    n = sorted_values.shape[0]
    step = 1
    while 2 * step <= n:
        step *= 2
    found = 0
    while step > 0:
        probe = found + step
        is_low = (probe <= n) and (sorted_values[min(probe, n) - 1] <= x)
        found = select(is_low, probe, found)
        step //= 2
    return found


@rowwise
def uneven_table_row(breaks: NDArray[np.float64], coefficients: NDArray[np.float64], row: Row) -> None:
    """Look up normals in a table of uneven pieces, in place.

    Parameters
    ----------
    breaks : ndarray of float64, shape (n_piece + 1,)
        Ends of the pieces, ascending, from -TABLE_LIMIT to TABLE_LIMIT.
    coefficients : ndarray of float64, shape (n_piece, 8)
    row : ndarray of float64, shape (n,)
    """
    inner = breaks[1:-1]
    for t in range(row.shape[0]):
        z = max(min(row[t], TABLE_LIMIT), -TABLE_LIMIT)
        piece = _count_up_to(inner, z)
        low, high = breaks[piece], breaks[piece + 1]
        row[t] = _polynomial(coefficients, piece, (2.0 * z - low - high) / (high - low))


@rowwise
def discrete_row(levels: NDArray[np.float64], values: NDArray[np.float64], row: Row) -> None:
    """Choose among values, in place.

    Parameters
    ----------
    levels : ndarray of float64, shape (n_value - 1,)
        Cumulative probabilities, without the last one, which is 1.
    values : ndarray of float64, shape (n_value,)
        Ascending.
    row : ndarray of float64, shape (n,)
    """
    for t in range(row.shape[0]):
        row[t] = values[_count_up_to(levels, row[t])]


@rowwise
def empirical_row(values: NDArray[np.float64], start: float, width: float, row: Row) -> None:
    """Interpolate between order statistics, in place.

    Parameters
    ----------
    values : ndarray of float64, shape (n_value,)
        Ascending, two at least.
    start, width : float
        The fractional index of the value is ``start + width * u``.
    row : ndarray of float64, shape (n,)
    """
    for t in range(row.shape[0]):
        place = start + width * row[t]
        k = min(np.int64(place), values.shape[0] - 2)
        row[t] = values[k] + (place - k) * (values[k + 1] - values[k])


@rowwise
def uniform_row(low: float, width: float, row: Row) -> None:
    """``low + width * u``, in place; also scales normals."""
    for t in range(row.shape[0]):
        row[t] = low + width * row[t]


@rowwise
def exponential_row(low: float, width: float, row: Row) -> None:
    """``exp(low + width * u)``, in place; also of normals."""
    for t in range(row.shape[0]):
        row[t] = exp(low + width * row[t])


@rowwise
def triangular_row(shape: NDArray[np.float64], row: Row) -> None:
    """Triangular values, in place.

    Parameters
    ----------
    shape : ndarray of float64, shape (6,)
        low, mode, high, then the start and width of the probabilities that truncation leaves.
    row : ndarray of float64, shape (n,)
    """
    low, mode, high, start, width = shape[0], shape[1], shape[2], shape[3], shape[4]
    split = (mode - low) / (high - low)
    rise = (high - low) * (mode - low)
    fall = (high - low) * (high - mode)
    for t in range(row.shape[0]):
        u = start + width * row[t]
        left = low + np.sqrt(u * rise)
        right = high - np.sqrt((1.0 - u) * fall)
        row[t] = select(u < split, left, right)


@rowwise
def keep_within(low: float, high: float, row: Row) -> None:
    """Move values that rounding carried out of the support back to its ends, in place."""
    for t in range(row.shape[0]):
        row[t] = max(min(row[t], high), low)
