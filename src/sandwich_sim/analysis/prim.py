"""The patient rule induction method (PRIM): a box of inputs in which something happens often.

Peeling takes a thin slice off the box, on that side of that input which makes what remains most
dense in cases of interest, again and again. Pasting then puts slices back where that costs
nothing. (Friedman and Fisher 1999.)
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.uint8]
Flags = NDArray[np.bool_]

N_LEVEL = 256
"""Steps of an input in which boxes are cut."""


@dataclass(frozen=True)
class Box:
    """Ranges of levels, both ends inside.

    Attributes
    ----------
    low, high : tuple of int
        By input; 0 and 255 where it is not restricted.
    coverage : float
        Part of the cases of interest that lie inside.
    density : float
        Part of the cases inside that are of interest.
    mass : float
        Part of all cases inside.
    """

    low: tuple[int, ...]
    high: tuple[int, ...]
    coverage: float
    density: float
    mass: float

    @property
    def restricted(self) -> tuple[int, ...]:
        """Rows of the inputs that it restricts."""
        ends = zip(self.low, self.high, strict=True)
        return tuple(row for row, end in enumerate(ends) if end != (0, N_LEVEL - 1))

    def without(self, row: int) -> Box:
        """Return the box with one input free; its numbers are those of the old one."""
        low, high = list(self.low), list(self.high)
        low[row], high[row] = 0, N_LEVEL - 1
        return replace(self, low=tuple(low), high=tuple(high))


def inside(box: Box, levels: Levels) -> Flags:
    """Return which cases lie in a box; levels of shape (n_input, n)."""
    found = np.ones(levels.shape[1], dtype=bool)
    for row in box.restricted:
        found &= (levels[row] >= box.low[row]) & (levels[row] <= box.high[row])
    return found


def measured(box: Box, levels: Levels, hits: Flags) -> Box:
    """Return a box with its coverage, density and mass among some cases."""
    within = inside(box, levels)
    n_inside, n_hit = int(within.sum()), int((within & hits).sum())
    return replace(
        box,
        coverage=n_hit / max(int(hits.sum()), 1),
        density=n_hit / max(n_inside, 1),
        mass=n_inside / hits.size,
    )


def peel(
    levels: Levels, hits: Flags, *, part: float = 0.05, fewest: int = 50, most_restricted: int = 4
) -> tuple[Box, ...]:
    """Peel from the whole space inwards.

    Parameters
    ----------
    levels : ndarray of uint8, shape (n_input, n)
    hits : ndarray of bool, shape (n,)
        Cases of interest.
    part : float
        Part of the cases inside that one slice takes, at least.
    fewest : int
        Cases of interest that must stay inside.
    most_restricted : int
        Inputs that a box may restrict.

    Returns
    -------
    tuple of Box
        Each inside the one before it; the first is the whole space.
    """
    n_input, n = levels.shape
    total = int(hits.sum())
    low, high = [0] * n_input, [N_LEVEL - 1] * n_input
    path = [Box(tuple(low), tuple(high), 1.0, total / n, 1.0)]
    while True:
        used = path[-1].restricted
        rows = range(n_input) if len(used) < most_restricted else used
        best = _best_slice(levels, hits, rows, part, fewest)
        if best is None:
            return tuple(path)
        row, is_low, level = best
        if is_low:
            low[row], kept = level, levels[row] >= level
        else:
            high[row], kept = level, levels[row] <= level
        levels, hits = levels[:, kept], hits[kept]
        n_hit = int(hits.sum())
        path.append(Box(tuple(low), tuple(high), n_hit / total, n_hit / hits.size, hits.size / n))


def _best_slice(
    levels: Levels, hits: Flags, rows: range | tuple[int, ...], part: float, fewest: int
) -> tuple[int, bool, int] | None:
    """Return the input, side and new end whose slice raises the density most for what it takes."""
    n, n_hit = hits.size, int(hits.sum())
    density = n_hit / n
    best, best_gain = None, 0.0
    of_interest = levels[:, hits]
    for row in rows:
        count = np.bincount(levels[row], minlength=N_LEVEL)
        found = np.bincount(of_interest[row], minlength=N_LEVEL)
        for is_low in (True, False):
            below = np.cumsum(count if is_low else count[::-1])
            step = int(np.searchsorted(below, part * n))
            taken = int(below[step])
            hit = int((found[: step + 1] if is_low else found[::-1][: step + 1]).sum())
            if taken >= n or n_hit - hit < fewest:
                continue
            gain = ((n_hit - hit) / (n - taken) - density) * n / taken
            if gain > best_gain:
                best_gain = gain
                best = (row, is_low, step + 1 if is_low else N_LEVEL - 2 - step)
    return best


def paste(box: Box, levels: Levels, hits: Flags, *, part: float = 0.01) -> Box:
    """Widen a box again wherever the slice that comes back is as dense as the box.

    Parameters
    ----------
    part : float
        Part of the cases inside that a slice brings back, at least.
    """
    box = measured(box, levels, hits)
    while True:
        wider = [_widened(box, row, levels, hits, part) for row in box.restricted]
        better = [each for each in wider if each is not None and each.density >= box.density]
        if not better:
            return box
        box = max(better, key=lambda each: each.coverage)


def _widened(box: Box, row: int, levels: Levels, hits: Flags, part: float) -> Box | None:
    """Return the better of the two boxes that reach further along one input, if it reaches further."""
    others = inside(box.without(row), levels)
    own = levels[row][others]
    count = np.bincount(own, minlength=N_LEVEL)
    wanted = max(part * box.mass * hits.size, 1.0)
    found = []
    for is_low in (True, False):
        end = box.low[row] if is_low else box.high[row]
        outside = count[:end][::-1] if is_low else count[end + 1 :]
        if not outside.sum():
            continue
        step = min(int(np.searchsorted(np.cumsum(outside), wanted)), outside.size - 1) + 1
        ends = list(box.low if is_low else box.high)
        ends[row] = end - step if is_low else end + step
        changed = replace(box, low=tuple(ends)) if is_low else replace(box, high=tuple(ends))
        found.append(measured(changed, levels, hits))
    return max(found, key=lambda each: each.density) if found else None
