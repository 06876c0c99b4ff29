"""Shares of a gap between two states that differ in several groups: the Shapley value.

A coalition says which groups have been taken from the second state; it is an integer with bit i
set where group i has. Its worth may be an array: a statistic of the whole sample beside those of
the sixteen scrambles, say, all attributed alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import factorial

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Permutation = tuple[int, ...]


@dataclass(frozen=True)
class Parts:
    """What each group adds.

    Attributes
    ----------
    values : ndarray of float64, shape (n_group, ...)
        They add up to the worth of all groups less that of none.
    sampling_errors : ndarray of float64, shape (n_group, ...)
        Standard error from having looked at some orders only; 0 where all were.
    degrees_of_freedom : float
        Of the sampling errors.
    """

    values: Floats
    sampling_errors: Floats
    degrees_of_freedom: float


def all_coalitions(n_group: int) -> range:
    """Return every coalition, the empty one first and that of all groups last."""
    return range(1 << n_group)


def exact_parts(n_group: int, worth: Mapping[int, Floats]) -> Parts:
    """Return the exact Shapley values from the worth of every coalition.

    Notes
    -----
    Shapley (1953): the mean, over all orders in which the groups may be swapped in, of what each
    changes at its turn. A coalition of s of n groups before it has the weight s! (n-s-1)! / n!.
    """
    weights = [
        factorial(size) * factorial(n_group - size - 1) / factorial(n_group) for size in range(n_group)
    ]
    values = []
    for group in range(n_group):
        own = 1 << group
        steps = [
            weights[coalition.bit_count()] * (worth[coalition | own] - worth[coalition])
            for coalition in all_coalitions(n_group)
            if not coalition & own
        ]
        values.append(np.sum(steps, axis=0))
    found = np.array(values)
    return Parts(found, np.zeros_like(found), float("inf"))


def draw_permutations(n_group: int, n_pair: int, seed: int) -> list[Permutation]:
    """Draw orders of the groups in pairs, each followed by its reverse.

    What a group adds when it comes early it lacks when it comes late, so the errors of an order and
    of its reverse partly cancel.
    """
    generator = np.random.Generator(np.random.Philox(seed))
    found: list[Permutation] = []
    for _ in range(n_pair):
        order = tuple(int(group) for group in generator.permutation(n_group))
        found += [order, order[::-1]]
    return found


def coalitions_along(permutations: Sequence[Permutation]) -> tuple[int, ...]:
    """Return every coalition that the orders pass through, each once, the empty one first."""
    found: dict[int, None] = {0: None}
    for order in permutations:
        coalition = 0
        for group in order:
            coalition |= 1 << group
            found[coalition] = None
    return tuple(found)


def sampled_parts(permutations: Sequence[Permutation], worth: Mapping[int, Floats]) -> Parts:
    """Estimate Shapley values from some orders, in pairs as `draw_permutations` gives them.

    Each order adds up to the whole gap, and so does their mean. The error is that of the mean over
    pairs.
    """
    n_pair = len(permutations) // 2
    n_group = len(permutations[0])
    steps = np.empty((2 * n_pair, n_group, *worth[0].shape))
    for row, order in zip(steps, permutations, strict=True):
        coalition = 0
        for group in order:
            before = worth[coalition]
            coalition |= 1 << group
            row[group] = worth[coalition] - before
    pairs = 0.5 * (steps[0::2] + steps[1::2])
    values = pairs.mean(axis=0)
    if n_pair < 2:
        return Parts(values, np.full_like(values, np.nan), 0.0)
    errors = pairs.std(axis=0, ddof=1) / np.sqrt(n_pair)
    return Parts(values, errors, n_pair - 1.0)
