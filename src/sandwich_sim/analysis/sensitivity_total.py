"""Total-order indices as far as stored trajectories tell them: a lower and an upper bound.

What an input moves by itself and together with one other input can be estimated from any sample;
what it moves together with two others or more cannot, unless nothing is left to explain. So the
total index lies between the sum of the first two and that sum plus all that is unexplained.
Where little is, the index is identified. Correlated inputs are made independent first, the one in
question last, so that its index is that of what the others do not already say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.sensitivity_first import bootstrap_error, resampling_weights
from sandwich_sim.results.meta import N_SCRAMBLE

Floats = NDArray[np.float64]

TOTAL_SAMPLE = 32_768
"""Trajectories that pairs of inputs are looked at in."""
DEGREE = 8
"""Of the polynomials in the rank of an input."""
N_PARTNER = 12
"""Inputs with which every other one is paired: those that move the outcome most by themselves."""
RESAMPLES = 48


@dataclass(frozen=True)
class TotalBounds:
    """Where total indices lie.

    Attributes
    ----------
    low, high : ndarray of float64, shape (n_input,)
    low_error, high_error : ndarray of float64, shape (n_input,)
        Standard errors.
    unexplained : float
        Part of the variance that inputs explain neither alone nor in pairs: shocks, and what
        takes three inputs or more.
    n : int
        Trajectories used.
    """

    low: Floats
    high: Floats
    low_error: Floats
    high_error: Floats
    unexplained: float
    n: int


class TotalBounder:
    """Inputs made ready for bounding total-order indices on any outcome.

    Parameters
    ----------
    draws : ndarray, shape (n_input, n)
    groups : sequence of sequence of int
        Rows of inputs that are correlated, by a Gaussian copula.
    seed : int
        Of the resampling.

    Notes
    -----
    ``E[Var(y | all but x)] / Var(y)``. Each input becomes orthonormal polynomials of its rank;
    variances are sums of squared coefficients, less what chance adds to them. The error is that
    of a bootstrap over the sixteen groups of trajectories.
    """

    def __init__(
        self, draws: NDArray[np.floating], groups: Sequence[Sequence[int]] = (), *, seed: int = 0
    ) -> None:
        self._n = min(draws.shape[1], TOTAL_SAMPLE) // N_SCRAMBLE * N_SCRAMBLE
        self._groups = groups
        self._weights = np.vstack([np.ones(N_SCRAMBLE), resampling_weights(RESAMPLES, seed)])
        self._scores = normal_scores(draws[:, : self._n])
        self._bases = [_basis(row) for row in _independent(self._scores, groups)]

    def bounds(self, values: NDArray[np.floating]) -> TotalBounds:
        """Bound the total-order index of each input on one outcome, shape (n,)."""
        n, n_input = self._n, len(self._bases)
        values = np.asarray(values[:n], dtype=np.float64)
        spread = values.std()
        if not spread > 0.0 or not n_input:
            zero = np.zeros(n_input)
            return TotalBounds(zero, zero, zero, zero, 0.0, n)
        outcome = (values - values.mean()) / spread
        bases, weights = self._bases, self._weights
        mains = [_coefficients(basis, outcome) for basis in bases]
        alone = np.array([_explained(found, weights) for found in mains])
        partners = np.argsort(-alone[:, 0], kind="stable")[:N_PARTNER]
        rest = outcome - sum(bases[row] @ mains[row].mean(axis=0) for row in partners)
        pairs = _Pairs([bases[row] for row in partners], partners, rest, weights)
        together = np.array([pairs.explained(basis) for basis in bases])
        for place, row in enumerate(partners):
            together[row, place] = 0.0  # an input is no partner of itself
        # Pairs of two partners stand in both their rows.
        twice = together[partners].sum(axis=(0, 1)) / 2.0
        explained = alone.sum(axis=0) + together.sum(axis=(0, 1)) - twice
        low = alone + together.sum(axis=1)
        for members in self._groups:
            for last in members:
                low[last] = self._of_last(last, members, pairs, outcome)
        unexplained = np.maximum(1.0 - explained, 0.0)
        high = np.minimum(low + unexplained, 1.0)
        return TotalBounds(
            low=low[:, 0],
            high=high[:, 0],
            low_error=bootstrap_error(low[:, 1:].T),
            high_error=bootstrap_error(high[:, 1:].T),
            unexplained=float(unexplained[0]),
            n=n,
        )

    def _of_last(self, last: int, members: Sequence[int], pairs: _Pairs, outcome: Floats) -> Floats:
        """Lower bound for a correlated input: of what is left of it once the others are known."""
        order = [*(row for row in members if row != last), last]
        own = _whitened(self._scores[order])
        basis = _basis(own[-1])
        found = _explained(_coefficients(basis, outcome), self._weights)
        outside = [place for place, row in enumerate(pairs.partners) if row not in members]
        found = found + pairs.explained(basis)[outside].sum(axis=0)
        for row in own[:-1]:
            products = np.einsum("tc,td->tcd", basis, _basis(row)).reshape(outcome.size, -1)
            found = found + _explained(_coefficients(products, outcome), self._weights)
        return np.asarray(found)


def normal_scores(draws: NDArray[np.floating]) -> Floats:
    """Return the normal quantiles of the ranks of each row; equal draws share a rank."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    ranks = np.array([rankdata(row) for row in draws]).reshape(draws.shape)
    return np.asarray(ndtri((ranks - 0.5) / draws.shape[1]))


def _independent(scores: Floats, groups: Sequence[Sequence[int]]) -> Floats:
    """Replace the scores of each group by what those before it do not tell."""
    found = scores.copy()
    for members in groups:
        found[list(members)] = _whitened(scores[list(members)])
    return found


def _whitened(scores: Floats) -> Floats:
    factor = np.linalg.cholesky(np.corrcoef(scores) + 1e-9 * np.eye(len(scores)))
    standard = (scores - scores.mean(axis=1, keepdims=True)) / scores.std(axis=1, keepdims=True)
    return np.asarray(np.linalg.solve(factor, standard))


def _basis(scores: Floats) -> Floats:
    """Orthonormal polynomials of the rank, shape (n, at most DEGREE); fewer for few values."""
    from numpy.polynomial.legendre import legvander
    from scipy.special import ndtr

    raw = legvander(2.0 * ndtr(scores) - 1.0, DEGREE)[:, 1:]
    raw -= raw.mean(axis=0)
    size, axes = np.linalg.eigh(raw.T @ raw / scores.size)
    kept = size > 1e-6 * max(size.max(), 1e-300)
    return np.asarray(raw @ (axes[:, kept] / np.sqrt(size[kept])))


def _coefficients(basis: Floats, outcome: Floats) -> Floats:
    """Mean of the outcome times each column, by group, shape (16, n_column)."""
    by_group = basis.reshape(-1, N_SCRAMBLE, basis.shape[1])
    return np.asarray(np.einsum("tgc,tg->gc", by_group, outcome.reshape(-1, N_SCRAMBLE)) / len(by_group))


def _explained(found: Floats, weights: Floats) -> Floats:
    """Sum of squared coefficients less what chance adds, for each weighting of the groups."""
    n = weights.sum(axis=1, keepdims=True)
    mean = weights @ found / n
    spread = np.maximum(weights @ found**2 / n - mean**2, 0.0)
    return np.asarray((mean**2 - spread / (n - 1.0)).sum(axis=1))


class _Pairs:
    """What partners explain together with another input, beyond what either does alone."""

    def __init__(
        self, bases: Sequence[Floats], partners: NDArray[np.intp], rest: Floats, weights: Floats
    ) -> None:
        self.partners, self._weights = partners, weights
        self._ends = np.cumsum([0, *(basis.shape[1] for basis in bases)])
        joined = np.hstack(bases)
        by_group = joined.reshape(-1, N_SCRAMBLE, joined.shape[1]).transpose(1, 0, 2)
        self._bases = np.ascontiguousarray(by_group)
        self._rest = np.ascontiguousarray(rest.reshape(-1, N_SCRAMBLE).T)

    def explained(self, basis: Floats) -> Floats:
        """Return it for each partner and weighting, shape (n_partner, n_weighting)."""
        own = basis.reshape(-1, N_SCRAMBLE, basis.shape[1]).transpose(1, 2, 0) * self._rest[:, None]
        found = own @ self._bases / own.shape[2]
        ends = zip(self._ends[:-1], self._ends[1:], strict=True)
        parts = [found[:, :, first:last].reshape(N_SCRAMBLE, -1) for first, last in ends]
        return np.array([_explained(part, self._weights) for part in parts])
