"""Where the distribution of an outcome in a range of an input lies above that over all: a guess.

A table of counts is noisy, most of all where influences are weak. Neighboring ranges and cells
tell of each other, so the guess is a smooth surface, and only what stands out of the noise beside it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DEGREE = 15
"""Of the polynomials in the rank of the input, and in that of the outcome."""
LEAST_DOUBT, DOUBT, MOST_DOUBT = 1.0, 0.15, 4.0
"""A coefficient of this many standard errors is halved, and smaller ones nearly vanish: the first,
and the second for each unit of the product of the two degrees, up to the third. Weak influences
are simple ones."""
STANDS_OUT = 3.5
"""Standard errors by which a cell leaves the surface before it is believed."""


class GapGuess:
    """Smooths tables of gaps between probabilities.

    Parameters
    ----------
    counts : ndarray, shape (n_range, n_cell)
        Of the whole sample.

    Attributes
    ----------
    of_range : ndarray, shape (n_range,)
        Probability of each range.
    """

    def __init__(self, counts: Floats) -> None:
        n = counts.sum()
        self.of_range = counts.sum(axis=1) / n
        of_cell = counts.sum(axis=0) / n
        self._rows, self._columns = _basis(self.of_range), _basis(of_cell)
        product = np.outer(*(1.0 + np.arange(basis.shape[1]) for basis in (self._rows, self._columns)))
        self._doubt = np.minimum(LEAST_DOUBT + DOUBT * product, MOST_DOUBT)
        self._spread = np.sqrt(np.outer(self.of_range, of_cell))

    def gap(self, table: Floats, n: Floats) -> Floats:
        """Return the guess for each of some tables.

        Parameters
        ----------
        table : ndarray, shape (n_table, n_range, n_cell)
            Probability of a range and a cell together less the product of the two, as sampled.
        n : ndarray, shape (n_table,)
            Trajectories behind each.

        Returns
        -------
        ndarray, shape (n_table, n_range, n_cell)
            Never zero throughout unless the table is: a sign is wanted, not a test.
        """
        error = self._spread / np.sqrt(n)[:, None, None]
        score = np.divide(table, error, out=np.zeros_like(table), where=error > 0.0)
        found = self._rows.T @ score @ self._columns
        rest = score - self._rows @ found @ self._columns.T
        found *= found**2 / (found**2 + self._doubt**2)
        smooth = self._rows @ found @ self._columns.T
        return np.asarray((smooth + np.where(np.abs(rest) > STANDS_OUT, rest, 0.0)) * error)


def _basis(share: Floats) -> Floats:
    """Polynomials in the rank, without the constant, orthonormal over cells of these probabilities."""
    from numpy.polynomial.legendre import legvander

    middle = np.cumsum(share) - 0.5 * share
    most = min(DEGREE, int((share > 0.0).sum()) - 1)
    raw = legvander(2.0 * middle - 1.0, most) * np.sqrt(share)[:, None]
    return np.asarray(np.linalg.qr(raw)[0][:, 1:])
