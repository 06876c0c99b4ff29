"""Quantile functions as piecewise polynomials of a standard normal, checked piece by piece.

A table maps z in [-8.3, 8.3] to the value at probability Phi(z). Each piece interpolates the
exact quantile function at eight Chebyshev nodes and is compared with it at nine more points,
where the error of such an interpolant peaks.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.distributions.laws import Array, Law, StandardNormal, normal_tails
from sandwich_sim.errors import UsageError
from sandwich_sim.kernels.quantiles import TABLE_LIMIT, TABLE_ORDER

PROBABILITY_TOLERANCE = 1e-10
"""Largest error of a table, as a probability."""
VALUE_TOLERANCE = 1e-9
"""Largest error of a value, relative to the 5-95% spread or to its distance from the median."""

_EVEN_SIZES = (64, 128, 256, 512)
_N_START = 16
"""Uneven pieces to begin with, before those between kinks."""
_MAX_UNEVEN = 4096
_TINY_MASS = 1e-11
"""A piece of less probability is taken as a straight line: its error is below the tolerance."""
_ROUNDING = 1e-14
"""Error of a value that float64 alone makes, relative to the largest value of a piece."""

_NODES = np.cos((np.arange(TABLE_ORDER) + 0.5) * np.pi / TABLE_ORDER)
# The ends themselves are left out: a quantile function may jump there.
_CHECKS = np.cos(np.arange(TABLE_ORDER + 1) * np.pi / TABLE_ORDER) * (1.0 - 1e-9)
_POINTS = np.concatenate((_NODES, _CHECKS))
_TO_POWERS = np.linalg.inv(np.vander(_NODES, TABLE_ORDER, increasing=True))
_CHECK_POWERS = np.vander(_CHECKS, TABLE_ORDER, increasing=True)
_CHECK_SLOPES = _CHECK_POWERS[:, :-1] * np.arange(1, TABLE_ORDER)


@lru_cache(maxsize=8)
def _even_points(n_piece: int) -> tuple[Array, Array, Array]:
    """Points of all even pieces, shape (n_piece, 17), and their probabilities below and above."""
    half = TABLE_LIMIT / n_piece
    centers = -TABLE_LIMIT + half * (2.0 * np.arange(n_piece) + 1.0)
    z = centers[:, None] + half * _POINTS
    return z, *normal_tails(z)


class _Scale:
    """What counts as a large error of a law."""

    def __init__(self, law: Law) -> None:
        z = np.array([-1.6448536269514722, 0.0, 1.6448536269514722])
        low, self.median, high = law.quantile(*normal_tails(z)).tolist()
        self.spread = high - low

    def is_good(self, coefficients: Array, exact: Array, z: Array, half: Array) -> NDArray[np.bool_]:
        """Whether each piece meets the tolerances at its check points.

        Parameters
        ----------
        coefficients : ndarray of float64, shape (n_piece, 8)
        exact, z : ndarray of float64, shape (n_piece, 9)
        half : ndarray of float64, shape (n_piece, 1)
            Half the width of each piece.
        """
        error = np.abs(coefficients @ _CHECK_POWERS.T - exact)
        slope = coefficients[:, 1:] @ _CHECK_SLOPES.T / half
        density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
        allowed = VALUE_TOLERANCE * np.maximum(self.spread, np.abs(exact - self.median))
        is_exact = error <= _ROUNDING * np.max(np.abs(exact), axis=1, keepdims=True)
        is_likely = (error * density <= PROBABILITY_TOLERANCE * slope) | (density * half <= _TINY_MASS)
        return np.asarray(np.all(is_exact | ((error <= allowed) & is_likely), axis=1))


def even_table(law: Law) -> Array | None:
    """Return a table of even pieces, or None if a law needs uneven ones.

    Returns
    -------
    ndarray of float64, shape (n_piece, 8), or None
        Coefficients of the powers of x, which runs from -1 to 1 over a piece.
    """
    if law.kinks and _kink_ends(law).size > _N_START + 1:
        return None
    scale = _Scale(law)
    for n_piece in _EVEN_SIZES:
        z, lower, upper = _even_points(n_piece)
        exact = law.quantile(lower, upper)
        if not np.all(np.isfinite(exact)):
            return None
        coefficients = exact[:, :TABLE_ORDER] @ _TO_POWERS.T
        half = np.full((n_piece, 1), TABLE_LIMIT / n_piece)
        if np.all(scale.is_good(coefficients, exact[:, TABLE_ORDER:], z[:, TABLE_ORDER:], half)):
            return np.asarray(coefficients)
    return None


def uneven_table(law: Law) -> tuple[Array, Array]:
    """Return a table whose pieces end where the quantile function bends or jumps.

    Returns
    -------
    ndarray of float64, shape (n_piece + 1,)
        Ends of the pieces.
    ndarray of float64, shape (n_piece, 8)
        Coefficients.

    Raises
    ------
    UsageError
        If the quantile function cannot be followed with 4096 pieces.
    """
    scale = _Scale(law)
    ends = _kink_ends(law)
    start, end = ends[:-1], ends[1:]
    done: list[tuple[Array, Array]] = []
    n_done = 0
    while start.size:
        if n_done + start.size > _MAX_UNEVEN:
            raise UsageError(
                "the quantile function cannot be tabulated to 1e-10. "
                "Use fewer components or a less extreme shape."
            )
        half = 0.5 * (end - start)[:, None]
        z = (start[:, None] + half) + half * _POINTS
        exact = law.quantile(*normal_tails(z))
        coefficients = exact[:, :TABLE_ORDER] @ _TO_POWERS.T
        checks, places = exact[:, TABLE_ORDER:], z[:, TABLE_ORDER:]
        is_good = scale.is_good(coefficients, checks, places, half)
        density = np.exp(-0.5 * np.min(np.abs(z), axis=1) ** 2)
        is_tiny = ~is_good & (density * (end - start) <= _TINY_MASS)
        line = np.zeros_like(coefficients)
        line[:, 0] = 0.5 * (checks[:, 0] + checks[:, -1])
        line[:, 1] = 0.5 * (checks[:, 0] - checks[:, -1])
        is_flat = np.ptp(exact, axis=1) == 0.0
        line[is_flat, 0], line[is_flat, 1] = exact[is_flat, 0], 0.0
        coefficients = np.where((is_tiny | is_flat)[:, None], line, coefficients)
        is_done = is_good | is_tiny | is_flat
        done.append((start[is_done], coefficients[is_done]))
        n_done += int(is_done.sum())
        start, end = start[~is_done], end[~is_done]
        middle = 0.5 * (start + end)
        start, end = np.concatenate((start, middle)), np.concatenate((middle, end))
    starts = np.concatenate([piece[0] for piece in done])
    order = np.argsort(starts)
    breaks = np.append(starts[order], TABLE_LIMIT)
    return breaks, np.concatenate([piece[1] for piece in done])[order]


def _kink_ends(law: Law) -> Array:
    """Normals at which the quantile function of a law may bend or jump, and the two ends."""
    kinks = np.array([kink for kink in law.kinks if np.isfinite(kink)], dtype=np.float64)
    if kinks.size > _MAX_UNEVEN // 4:
        raise UsageError(
            f"a mixture with {kinks.size} values and edges is too fine. Use at most {_MAX_UNEVEN // 4}."
        )
    places = [np.linspace(-TABLE_LIMIT, TABLE_LIMIT, _N_START + 1)]
    if kinks.size:
        for strict in (True, False):
            lower, upper = law.probabilities(kinks, strict)
            inside = (lower > 1e-17) & (upper > 1e-17)
            if inside.any():
                places.append(StandardNormal().quantile(lower[inside], upper[inside]))
    ends = np.unique(np.concatenate(places))
    ends = ends[np.abs(ends) <= TABLE_LIMIT]
    keep = np.concatenate(([True], np.diff(ends) > 1e-13))
    keep[-1] = True
    return np.asarray(ends[keep])


@lru_cache(maxsize=1)
def normal_cdf_table() -> Array:
    """Return the standard normal distribution function as a table of even pieces.

    512 pieces make it good to rounding (1e-16), so that a uniform input that is correlated
    loses nothing.
    """
    _, lower, _ = _even_points(_EVEN_SIZES[-1])
    return np.asarray(lower[:, :TABLE_ORDER] @ _TO_POWERS.T)
