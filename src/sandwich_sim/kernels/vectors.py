"""Fill and copy rows; array assignment does the same but costs a second of compilation."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from sandwich_sim.kernels._jit import inlined


@inlined
def fill(row: NDArray[Any], value: Any) -> None:
    """Set every element of a row."""
    for j in range(row.size):
        row[j] = value


@inlined
def copy(source: NDArray[Any], target: NDArray[Any]) -> None:
    """Copy a row onto another of the same or a larger size."""
    for j in range(source.size):
        target[j] = source[j]
