"""Weights of trajectories given evidence, and whether numbers under them can be trusted."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import inf, isfinite, log, nan, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.compare_groups import is_in_turn
from sandwich_sim.analysis.difference import Measured
from sandwich_sim.analysis.pareto import k_limit, smooth
from sandwich_sim.results.meta import N_SCRAMBLE

Floats = NDArray[np.float64]
Groups = NDArray[np.uint8]

FEWEST_EFFECTIVE = 400.0
"""Effective sample size below which no number is given."""
LARGEST_WEIGHT = 0.05
"""Part of the whole that one trajectory may carry."""
NEAR = 4.0
"""A trajectory survives if every observation lies within so many errors of it."""
_NEGLIGIBLE = 1e-10
"""What all trajectories with negligible weight may weigh together."""
_FEW = 0.25
"""Below this part of all trajectories it pays to take those that count out of them."""


@dataclass(frozen=True)
class Diagnosis:
    """How well weighted trajectories stand for the posterior distribution.

    Attributes
    ----------
    n : int
        Trajectories.
    survivors : int
        Trajectories that every observation lies near to (`NEAR` errors).
    undefined : int
        Trajectories in which something observed has no value; they weigh nothing.
    effective : float
        Effective sample size, 1 / sum of squared weights, before smoothing.
    largest : float
        Largest weight, before smoothing.
    k_hat, k_limit : float
        Shape of the tail of the weights, and what it must lie below.
    """

    n: int
    survivors: int
    undefined: int
    effective: float
    largest: float
    k_hat: float
    k_limit: float

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong, in words; empty if numbers may be given."""
        found = []
        if not self.survivors:
            found.append(f"0 survivors: no trajectory comes within {NEAR:g} errors of all that was observed")
        if not self.effective >= FEWEST_EFFECTIVE:
            found.append(f"effective sample size {self.effective:.1f}, below {FEWEST_EFFECTIVE:.0f}")
        if not self.largest <= LARGEST_WEIGHT:
            found.append(
                f"one trajectory carries {self.largest:.1%} of the weight, more than {LARGEST_WEIGHT:.0%}"
            )
        if not self.k_hat < self.k_limit:
            shown = f"{self.k_hat:.2f}" if isfinite(self.k_hat) else "cannot be fitted"
            found.append(f"Pareto k-hat {shown}, not below {self.k_limit:.2f}")
        return tuple(found)

    @property
    def is_reliable(self) -> bool:
        """Whether numbers under the weights may be given."""
        return not self.problems

    def to_document(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "trajectories": self.n,
            "survivors": self.survivors,
            "undefined": self.undefined,
            "effective_sample_size": self.effective,
            "largest_weight": self.largest,
            "k_hat": self.k_hat,
            "k_limit": self.k_limit,
            "is_reliable": self.is_reliable,
            "problems": list(self.problems),
        }


@dataclass(frozen=True)
class Weights:
    """Weights of trajectories.

    Attributes
    ----------
    values : ndarray of float64, shape (n,)
        Smoothed; they sum to 1.
    scramble : ndarray of uint8, shape (n,)
    is_replicated : bool
        Whether errors must be taken across scrambles (sobol, latin-hypercube).
    is_equal : bool
        Whether all trajectories weigh the same.
    diagnosis : Diagnosis
    log_evidence : Measured
        Natural logarithm of the mean likelihood.
    """

    values: Floats = field(repr=False)
    scramble: Groups = field(repr=False)
    is_replicated: bool
    is_equal: bool
    diagnosis: Diagnosis
    log_evidence: Measured

    @property
    def n(self) -> int:
        """Number of trajectories."""
        return int(self.values.size)

    @property
    def degrees_of_freedom(self) -> float:
        """Of Student's t, for errors under these weights."""
        return N_SCRAMBLE - 1.0 if self.is_replicated else max(self.diagnosis.effective - 1.0, 1.0)

    @cached_property
    def few(self) -> NDArray[np.int64] | None:
        """The trajectories whose weight is not negligible, where they are few; else None (all)."""
        is_kept = self.values > _NEGLIGIBLE / self.n
        return np.flatnonzero(is_kept) if np.count_nonzero(is_kept) < _FEW * self.n else None

    @cached_property
    def _is_in_turn(self) -> bool:
        return bool(self.n) and is_in_turn(self.scramble)

    def error_of(self, influence: Floats, places: NDArray[np.int64] | None = None) -> float:
        """Return the standard error of an estimate from what each trajectory adds to it.

        Parameters
        ----------
        influence : ndarray of float64, shape (n,) or that of ``places``
            They sum to zero: weight times value less the estimate.
        places : ndarray of int64, optional
            The trajectories concerned; all others add nothing.
        """
        if not self.is_replicated:
            return sqrt(float((influence * influence).sum()) * self.n / max(self.n - 1, 1))
        if places is None and self._is_in_turn:
            groups = influence.reshape(-1, N_SCRAMBLE).sum(axis=0)
        else:
            scramble = self.scramble if places is None else self.scramble[places]
            groups = np.bincount(scramble, weights=influence, minlength=N_SCRAMBLE)
        return self.error_of_groups(groups)

    @staticmethod
    def error_of_groups(groups: Floats) -> float:
        """Return the standard error of a sum from its 16 independent parts, which sum to zero."""
        spread = float(((groups - groups.mean()) ** 2).sum())
        return sqrt(spread * N_SCRAMBLE / (N_SCRAMBLE - 1.0))


def equal_weights(scramble: Groups, *, is_replicated: bool) -> Weights:
    """Return the weights of trajectories of which nothing is known: all the same."""
    n = scramble.size
    diagnosis = Diagnosis(n, n, 0, float(n), 1.0 / n, -inf, k_limit(n))
    return Weights(np.full(n, 1.0 / n), scramble, is_replicated, True, diagnosis, Measured(0.0, 0.0, inf, n))


def make_weights(
    log_weight: Floats,
    scramble: Groups,
    *,
    is_replicated: bool,
    survivors: int | None = None,
) -> Weights:
    """Turn log likelihoods (and log ratios of proposals) into weights.

    Parameters
    ----------
    log_weight : ndarray of float64, shape (n,)
        Natural logarithms, with all constants of the likelihood; minus infinity for what is
        excluded, NaN where something observed is undefined.
    scramble : ndarray of uint8, shape (n,)
    is_replicated : bool
    survivors : int, optional
        How many come near every observation; those not excluded if not given.
    """
    n = log_weight.size
    undefined = int(np.count_nonzero(np.isnan(log_weight)))
    log_weight = np.where(np.isnan(log_weight), -inf, log_weight)
    peak = float(log_weight.max()) if n else -inf
    if not isfinite(peak):
        diagnosis = Diagnosis(n, 0, undefined, 0.0, 1.0, inf, k_limit(n))
        nothing = Measured(-inf, nan, n=n, reason="0 survivors")
        return Weights(np.full(n, 1.0 / max(n, 1)), scramble, is_replicated, True, diagnosis, nothing)
    raw = np.exp(log_weight - peak)
    total = float(raw.sum())
    squares = float((raw * raw).sum())
    smoothed = smooth(raw)
    diagnosis = Diagnosis(
        n,
        int(np.count_nonzero(raw)) if survivors is None else survivors,
        undefined,
        total * total / squares,
        1.0 / total,
        smoothed.k_hat,
        k_limit(n),
    )
    found = Weights(
        smoothed.weights,
        scramble,
        is_replicated,
        smoothed.k_hat == -inf and smoothed.n_tail == 0 and float(raw.min()) == 1.0,
        diagnosis,
        Measured(peak + log(total / n), nan, n=n),
    )
    error = found.error_of(smoothed.weights - 1.0 / n)
    evidence = Measured(peak + log(total / n), error, found.degrees_of_freedom, n)
    return Weights(found.values, scramble, is_replicated, found.is_equal, diagnosis, evidence)
