"""Total-order indices and Shapley effects from runs in which some inputs are drawn anew.

An evaluation takes a set of players (inputs, or groups of them) and trajectories: what comes out
where these players are drawn a second time and all others stay. Players must be independent of
each other; what is correlated is one player.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.results.meta import N_SCRAMBLE

Floats = NDArray[np.float64]
Evaluate = Callable[[frozenset[int], NDArray[np.int64]], Floats]
"""From players drawn anew and trajectory numbers, shape (m,), to outcomes, shape (n_metric, m)."""


@dataclass(frozen=True)
class SwapIndices:
    """Indices of each player on each outcome.

    Attributes
    ----------
    total, total_error, shapley, shapley_error : ndarray of float64, shape (n_player, n_metric)
        Parts of the variance, and standard errors. Shapley effects sum to 1.
    variance : ndarray of float64, shape (n_metric,)
    n : int
        Trajectories of each evaluation of all groups together.
    """

    total: Floats
    total_error: Floats
    shapley: Floats
    shapley_error: Floats
    variance: Floats
    n: int


@dataclass(frozen=True)
class GroupSums:
    """What one group of trajectories tells, in squares of the outcomes' units.

    Attributes
    ----------
    total, shapley : ndarray of float64, shape (n_player, n_metric)
    variance : ndarray of float64, shape (n_metric,)
        Half the mean square between what all players and no player drawn anew give.
    """

    total: Floats
    shapley: Floats
    variance: Floats


def measure_group(evaluate: Evaluate, n_player: int, indices: NDArray[np.int64], seed: int) -> GroupSums:
    """Swap players in one by one on some trajectories, alone, and along an order and its reverse.

    Notes
    -----
    The total index after Jansen (1999): half the mean square of what drawing one player anew
    changes. Shapley effects after Goda (2021): along an order in which players are drawn anew one
    after the other, a step from ``y'`` to ``y''`` adds ``(y - (y' + y'') / 2) (y' - y'')``, where
    ``y`` has no player drawn anew; the steps of an order sum to half the square of the whole way.
    """
    known: dict[frozenset[int], Floats] = {}

    def outcome(players: frozenset[int]) -> Floats:
        if players not in known:
            known[players] = evaluate(players, indices)
        return known[players]

    none = outcome(frozenset())
    total = np.array([0.5 * ((outcome(frozenset({i})) - none) ** 2).mean(axis=1) for i in range(n_player)])
    shapley = np.zeros_like(total)
    order = np.random.default_rng(seed).permutation(n_player)
    for path in (order, order[::-1]):
        for player, before, after in _steps(path):
            one, other = outcome(before), outcome(after)
            shapley[player] += 0.5 * ((none - 0.5 * (one + other)) * (one - other)).mean(axis=1)
    whole = 0.5 * ((outcome(frozenset(range(n_player))) - none) ** 2).mean(axis=1)
    return GroupSums(total, shapley, whole)


def _steps(path: NDArray[np.int64]) -> Iterator[tuple[int, frozenset[int], frozenset[int]]]:
    before: frozenset[int] = frozenset()
    for player in path.tolist():
        after = before | {player}
        yield player, before, after
        before = after


def group_indices(n: int) -> list[NDArray[np.int64]]:
    """Return the trajectories of each of sixteen groups, of equal size."""
    size = n // N_SCRAMBLE
    return [np.arange(group * size, (group + 1) * size) for group in range(N_SCRAMBLE)]


def join_groups(groups: list[GroupSums], n: int) -> SwapIndices:
    """Return indices, with errors that hold the luck of the draws and of the orders.

    Each group has draws and an order of its own, so that groups are independent; ratios to the
    variance are taken over all of them, errors from their linear parts.
    """
    variance = np.array([group.variance for group in groups])
    whole = variance.mean(axis=0)

    def ratio(parts: Floats) -> tuple[Floats, Floats]:
        safe = np.where(whole > 0.0, whole, 1.0)
        value = np.where(whole > 0.0, parts.mean(axis=0) / safe, 0.0)
        residual = (parts - value * variance[:, None, :]) / safe
        return value, residual.std(axis=0, ddof=1) / np.sqrt(len(parts))

    total = ratio(np.array([group.total for group in groups]))
    shapley = ratio(np.array([group.shapley for group in groups]))
    return SwapIndices(*total, *shapley, whole, n)
