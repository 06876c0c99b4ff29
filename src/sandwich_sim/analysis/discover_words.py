"""Boxes of inputs in plain words, and what helps where none can be searched for."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log2
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.results.meta import RunMeta
from sandwich_sim.scenario.parameters import parameter_of

if TYPE_CHECKING:
    from sandwich_sim.analysis.discover import Limit

FEWEST_HITS = 200
"""Trajectories of interest, and others, that a search needs."""
MOST_COMPUTED = 1_048_576
"""Trajectories that are computed where a run holds too few of interest, and the most that are read."""
_LITTLE = 1.1
"""A box that holds fewer times the paths than chance would is told to hold hardly more."""


def is_few(hits: NDArray[np.bool_]) -> bool:
    """Whether too few trajectories are of interest, or too few are not."""
    return min(int(hits.sum()), int((~hits).sum())) < FEWEST_HITS


def enough(fewest: int, n: int) -> int:
    """Return how many trajectories likely hold enough of interest, a power of two.

    Parameters
    ----------
    fewest, n : int
        Of so many, so many were of interest, or were not. Of none: as if one were.
    """
    return 1 << ceil(log2(1.25 * FEWEST_HITS / max(fewest, 1) * n))


def advice(n_hit: int, n: int) -> str:
    """Say what helps where too few trajectories are, or are not, of interest."""
    fewest = min(n_hit, n - n_hit)
    said = f"move the threshold, so that {'more' if n_hit < n - n_hit else 'fewer'} are"
    if not fewest:
        return said
    needed = enough(fewest, n)
    if needed <= MOST_COMPUTED:
        return f"{said}, or take about {needed:,} trajectories"
    return f"{said}; about {needed:,} trajectories would be needed, and at most {MOST_COMPUTED:,} are read"


def title_of(name: str, meta: RunMeta) -> str:
    """Return what an input is in words, with the hop that it belongs to."""
    title = parameter_of(name).long_name
    parts = name.split(".")
    if len(parts) == 2:
        return title
    hops = dict(zip(meta.hops, meta.hop_titles, strict=True))
    ends = [hops.get(part, part) for part in parts[1].split("-")]
    return f"{title} ({' to '.join(reversed(ends)) if parts[0] == 'edge' else ends[0]})"


def say_limit(limit: Limit) -> str:
    """Write ``Catch-up speed of open weights below 0.9 months/month``."""
    unit = "" if limit.unit == "1" else f" {limit.unit}"
    if np.isnan(limit.low):
        return f"{limit.title} below {limit.high:g}{unit}"
    if np.isnan(limit.high):
        return f"{limit.title} above {limit.low:g}{unit}"
    return f"{limit.title} between {limit.low:g} and {limit.high:g}{unit}"


def say_box(
    limits: Sequence[Limit],
    coverage: float,
    density: float,
    base_rate: float,
    where: str,
    *,
    n_earlier: int = 0,
) -> str:
    """Write a box as one sentence.

    Parameters
    ----------
    base_rate : float
        Of the trajectories that earlier boxes left.
    n_earlier : int
        Boxes that were found before.
    """
    parts = [say_limit(limit) for limit in limits]
    joined = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    left = (
        ""
        if not n_earlier
        else "the first box left"
        if n_earlier == 1
        else f"the first {n_earlier} boxes left"
    )
    those = f"those of the paths with {where} that {left}" if left else f"the paths with {where}"
    chance = coverage * base_rate / density if density > 0.0 else coverage
    little = (
        f", hardly more than the {chance:.0%} that chance would hold" if coverage < _LITTLE * chance else ""
    )
    among = f"of all that {left}" if left else "of all"
    return (
        f"{joined} explain{'s' if len(parts) == 1 else ''} {coverage:.0%} of {those}{little}; "
        f"of the paths inside, {_percent(density)} are such, {among} {_percent(base_rate)}."
    )


def _percent(part: float) -> str:
    return f"{part:.0%}" if part >= 0.095 else f"{part:.1%}" if part >= 0.0095 else f"{part:.2%}"
