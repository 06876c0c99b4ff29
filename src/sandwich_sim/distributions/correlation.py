"""Correlated groups: connected components of the correlation graph and their Cholesky factors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.errors import UsageError


class Groups(NamedTuple):
    """Groups of correlated inputs; see ``DrawPlan`` for the arrays."""

    group: NDArray[np.int64]
    group_start: NDArray[np.int64]
    members: NDArray[np.int64]
    factors: NDArray[np.float64]


def correlated_groups(names: Sequence[str], pairs: Sequence[tuple[str, str, float]]) -> Groups:
    """Sort inputs into groups and factor the correlation matrix of each.

    Parameters
    ----------
    names : sequence of str
        Drawn inputs, in the order of their rows.
    pairs : sequence of (str, str, float)
        Correlations; an input in none keeps its own normals.

    Raises
    ------
    UsageError
        If a name is not drawn, or the correlations of a group contradict each other.

    Notes
    -----
    Members are ordered by name, not by row: the first keeps its own normals, and no other
    input of the scenario changes a group.
    """
    row = {name: j for j, name in enumerate(names)}
    for pair in pairs:
        for name in pair[:2]:
            if name not in row:
                raise UsageError(f"correlation: {name} is not drawn. Remove the correlation.")
    components = _components(pairs)
    group = np.full(len(names), -1, dtype=np.int64)
    largest = max((len(component) for component in components), default=0)
    factors = [np.empty((0, largest))]
    for g, component in enumerate(components):
        group[[row[name] for name in component]] = g
        factor = np.zeros((len(component), largest))
        factor[:, : len(component)] = _factor(component, pairs)
        factors.append(factor)
    return Groups(
        group=group,
        group_start=np.cumsum([0, *(len(component) for component in components)], dtype=np.int64),
        members=np.array([row[name] for component in components for name in component], dtype=np.int64),
        factors=np.concatenate(factors),
    )


def _components(pairs: Sequence[tuple[str, str, float]]) -> list[list[str]]:
    """Return connected components, each sorted by name, in the order of their first names."""
    component: dict[str, set[str]] = {}
    for first, second, _ in pairs:
        joined = component.get(first, {first}) | component.get(second, {second})
        for name in joined:
            component[name] = joined
    return sorted({id(names): sorted(names) for names in component.values()}.values())


def _factor(component: list[str], pairs: Sequence[tuple[str, str, float]]) -> NDArray[np.float64]:
    matrix = np.eye(len(component))
    for first, second, value in pairs:
        if first in component:
            i, k = component.index(first), component.index(second)
            matrix[i, k] = matrix[k, i] = value
    try:
        return np.asarray(np.linalg.cholesky(matrix), dtype=np.float64)
    except np.linalg.LinAlgError as error:
        raise UsageError(
            f"correlation: those of {', '.join(component)} contradict each other. Bring them closer to 0."
        ) from error
