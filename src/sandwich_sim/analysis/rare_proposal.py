"""Where to draw trajectories so that many meet a rare event, and what each then weighs.

A proposal is a mixture. A tenth is drawn as the scenario says, so that no weight is above ten
(Hesterberg 1995). The rest are normals shifted along one direction, toward where hits were found:
two thirds of them as narrow there as is best, the others with their full width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

DEFENSIVE = 0.1
"""Part of the trajectories that are drawn as the scenario says."""
_NARROW = 2.0 / 3.0
_GROUPS = 3
_FEWEST = 50.0
"""Effective hits that a group of its own needs."""
_CLEAR = 3.0
_PRIOR = 10.0
"""Effective hits that speak for full width before any is seen."""


@dataclass(frozen=True)
class Proposal:
    """A mixture of shifted normals, beside the scenario's own; without any, it is that alone.

    Attributes
    ----------
    directions : ndarray of float64, shape (n_component, n_input)
        Unit vectors.
    shifts, variances : ndarray of float64, shape (n_component,)
        Of the normal along the direction; across it is a standard one.
    shares : ndarray of float64, shape (n_component,)
        Sum to 1.
    """

    directions: Floats
    shifts: Floats
    variances: Floats
    shares: Floats

    def draw(self, n: int, random: np.random.Generator) -> tuple[Floats, Flags]:
        """Return normals, shape (n_input, n), and which of them, shape (n,), are the scenario's own draws."""
        own = round(DEFENSIVE * n) if self.shares.size else n
        normals = random.standard_normal((self.directions.shape[1], n))
        is_own = np.arange(n) < own
        if own < n:
            which = random.choice(self.shares.size, n - own, p=self.shares)
            along = self.directions[which].T
            at = (along * normals[:, own:]).sum(axis=0)
            normals[:, own:] += along * (self.shifts[which] + (np.sqrt(self.variances[which]) - 1.0) * at)
        return normals, is_own

    def weights(self, normals: Floats) -> Floats:
        """Return the density of the scenario over that of the proposal, shape (n,)."""
        if not self.shares.size:
            return np.ones(normals.shape[1])
        at = self.directions @ normals
        shift, variance = self.shifts[:, None], self.variances[:, None]
        ratio = 0.5 * (at**2 - (at - shift) ** 2 / variance) - 0.5 * np.log(variance)
        shares = (1.0 - DEFENSIVE) * self.shares
        mixed = np.logaddexp.reduce(ratio + np.log(shares)[:, None], axis=0)
        return np.asarray(np.exp(-np.logaddexp(mixed, log(DEFENSIVE))))


def join_proposals(parts: Sequence[Proposal]) -> Proposal:
    """Return the proposal from which equal parts of the draws of several ones come."""
    filled = [part for part in parts if part.shares.size] or list(parts[:1])
    return Proposal(
        np.concatenate([part.directions for part in filled]),
        np.concatenate([part.shifts for part in filled]),
        np.concatenate([part.variances for part in filled]),
        np.concatenate([part.shares for part in filled]) / len(filled),
    )


def fit_proposal(normals: Floats, weights: Floats) -> Proposal:
    """Return the proposal that suits weighted hits.

    Parameters
    ----------
    normals : ndarray of float64, shape (n_input, n)
    weights : ndarray of float64, shape (n,)

    Notes
    -----
    Of the mean of the hits only the inputs that clearly differ from 0 are kept: the others would
    make weights uneven and bring nothing. Where hits have mean m and variance v along it, the best
    density is proportional to the root of the chance of a hit, since shocks are not drawn by choice:
    for normal hits that has mean m / (1 + v) and variance 2 v / (1 + v).
    """
    group = split_hits(normals)
    sizes = [effective_size(weights[group == which]) for which in np.unique(group)]
    if min(sizes) < _FEWEST:
        group = np.zeros_like(group)
    found: list[tuple[Floats, float, float, float]] = []
    for which in np.unique(group):
        own = weights[group == which]
        found.extend(_components(normals[:, group == which], own))
    n_input = normals.shape[0]
    directions = np.array([item[0] for item in found]).reshape(len(found), n_input)
    shifts, variances, shares = np.array([item[1:] for item in found]).reshape(len(found), 3).T
    return Proposal(directions, shifts, variances, shares / max(float(shares.sum()), 1e-300))


def _components(normals: Floats, weights: Floats) -> list[tuple[Floats, float, float, float]]:
    size, parts = effective_size(weights), weights / weights.sum()
    mean = normals @ parts
    mean = np.where(np.abs(mean) > _CLEAR / sqrt(size), mean, 0.0)
    length = float(np.sqrt((mean**2).sum()))
    if length == 0.0:
        return []
    direction = mean / length
    at = direction @ normals
    spread = float((parts * (at - float((parts * at).sum())) ** 2).sum())
    spread = min((size * spread + _PRIOR) / (size + _PRIOR), 1.0)
    shift, share = length / (1.0 + spread), float(weights.sum())
    narrow = 2.0 * spread / (1.0 + spread)
    return [
        (direction, shift, narrow, _NARROW * share),
        (direction, shift, 1.0, (1.0 - _NARROW) * share),
    ]


def effective_size(weights: Floats) -> float:
    """Return how many equal weights would be as uncertain."""
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares > 0.0 else 0.0


def split_hits(normals: Floats) -> NDArray[np.int64]:
    """Split points into up to three groups (k-means in the two directions in which they lie far from 0)."""
    n = normals.shape[1]
    label = np.zeros(n, dtype=np.int64)
    if n < 32:
        return label
    values, vectors = np.linalg.eigh(normals @ normals.T / n)
    places = vectors[:, np.argsort(values)[-2:]].T @ normals
    order = np.argsort(places[-1])
    middles = places[:, order[np.linspace(0, n - 1, 2 * _GROUPS + 1).astype(int)[1::2]]]
    for _ in range(20):
        label = ((places[:, :, None] - middles[:, None, :]) ** 2).sum(axis=0).argmin(axis=1)
        for which in range(_GROUPS):
            if (label == which).any():
                middles[:, which] = places[:, label == which].mean(axis=1)
    return label.astype(np.int64)
