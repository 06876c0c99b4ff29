"""Scenario discovery: which inputs lead to what is asked for, as a box in plain words.

Half of the trajectories find the box, the other half measures it, so that what is said of it
holds for trajectories that had no say in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.discover_words import FEWEST_HITS, advice, is_few, say_box, title_of
from sandwich_sim.analysis.prim import N_LEVEL, Box, measured, paste, peel
from sandwich_sim.analysis.sensitivity_first import EDGE_SAMPLE, Bins
from sandwich_sim.errors import UsageError
from sandwich_sim.results.meta import N_SCRAMBLE, RunMeta
from sandwich_sim.scenario.parameters import parameter_of

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

STUDENT = 2.365
"""Of a 95% interval with 7 degrees of freedom: eight groups measure a box."""
_DIGITS = 3
_WORTH = 0.97
"""Part of its agreement that a box may lose with a limit before the limit stays."""
_CHANCE = 1e-3
"""Quasi-p-value above which a limit goes, in the half that finds: of hundreds of slices, the best."""


@dataclass(frozen=True)
class Share:
    """A part of something, and its standard error."""

    value: float
    standard_error: float


@dataclass(frozen=True)
class Limit:
    """What a box asks of one input.

    Attributes
    ----------
    name, title, unit : str
    low, high : float
        NaN where there is no such end.
    span : tuple of float
        1% and 99% of the input.
    p_value : float
        Quasi-p-value: how often chance alone makes the box as dense without this limit, were the
        density that of the box without it; one-sided, from the trajectories that measure.
    density_without : float
        Density of the box without this limit.
    """

    name: str
    title: str
    unit: str
    low: float
    high: float
    span: tuple[float, float]
    p_value: float
    density_without: float


@dataclass(frozen=True)
class Discovered:
    """One box, measured by trajectories that had no say in it.

    Attributes
    ----------
    limits : tuple of Limit
        Those that matter most first.
    coverage, density, mass : Share
        Part of the trajectories of interest that lie inside; part of those inside that are of
        interest; part of all that lie inside.
    density_found : float
        The density in the half that found the box: what it is above ``density`` is luck.
    words : str
        The box in plain words.
    """

    limits: tuple[Limit, ...]
    coverage: Share
    density: Share
    mass: Share
    density_found: float
    words: str


@dataclass(frozen=True)
class TradeOff:
    """One box on the way inwards: what it covers and how dense it is, in either half."""

    n_restricted: int
    coverage: float
    density: float
    coverage_measured: float
    density_measured: float


@dataclass(frozen=True)
class Discovery:
    """What leads to the trajectories of interest.

    Attributes
    ----------
    where : str
    n : int
        Trajectories, of both halves.
    n_run : int
        Trajectories that the run has: fewer than ``n`` where more were computed for this.
    base_rate : Share
        Part of the trajectories that are of interest, in the half that measures.
    boxes : tuple of Discovered
        The second is searched for outside the first, and so on; coverage is then of what the
        earlier ones left.
    path : tuple of TradeOff
        Of the first search.
    """

    where: str
    n: int
    n_run: int
    base_rate: Share
    boxes: tuple[Discovered, ...]
    path: tuple[TradeOff, ...]


def discover(
    draws: NDArray[np.float32],
    hits: Flags,
    meta: RunMeta,
    where: str,
    *,
    n_box: int = 1,
    most_restricted: int = 4,
    density: float | None = None,
) -> Discovery:
    """Search for boxes of inputs in which trajectories of interest are frequent.

    Parameters
    ----------
    draws : ndarray of float32, shape (n_input, n)
        Rows are ``meta.parameters``.
    hits : ndarray of bool, shape (n,)
        Trajectories of interest.
    meta : RunMeta
    where : str
        What makes them so.
    n_box : int
    most_restricted : int
        Inputs that one box may restrict.
    density : float, optional
        Take the largest box of at least this density; without it the one that agrees best with what
        is asked for (`agreement`).

    Raises
    ------
    UsageError
        If too few trajectories are of interest, or too few are not.
    """
    n_hit = int(hits.sum())
    if is_few(hits):
        raise UsageError(
            f"{n_hit:,} of {hits.size:,} trajectories are such that {where}. At least {FEWEST_HITS} must be, "
            f"and {FEWEST_HITS} must not: {advice(n_hit, hits.size)}."
        )
    levels = np.array([Bins(row[:EDGE_SAMPLE], N_LEVEL).place(row) for row in draws])
    group = np.arange(hits.size) % N_SCRAMBLE
    finds = group % 2 == 0
    ours, theirs = hits[finds], hits[~finds]
    found_in, measured_in = levels[:, finds], levels[:, ~finds]
    raw_found, raw_measured = draws[:, finds], draws[:, ~finds]
    by_group = group[~finds] // 2
    open_found, open_measured = np.ones(ours.size, dtype=bool), np.ones(theirs.size, dtype=bool)
    boxes: list[Discovered] = []
    first_path: tuple[Box, ...] = ()
    for _ in range(n_box):
        if (ours & open_found).sum() < FEWEST_HITS // 2:
            break
        own = found_in[:, open_found]
        path = peel(own, ours[open_found], most_restricted=most_restricted)
        first_path = first_path or path
        box = _simplified(
            paste(_chosen(path, density), own, ours[open_found]), own, ours[open_found], density
        )
        if not box.restricted:
            break
        limits = _rounded(box, levels, draws)
        boxes.append(
            _measured(limits, meta, draws, (raw_found, ours, open_found),
                      (raw_measured, theirs, open_measured), by_group, where, len(boxes))
        )  # fmt: skip
        open_found &= ~_within(limits, raw_found)
        open_measured &= ~_within(limits, raw_measured)
    trade = tuple(_trade_off(box, found_in, ours, measured_in, theirs) for box in first_path)
    base_rate = _share(theirs, np.ones_like(theirs), by_group)
    return Discovery(where, hits.size, meta.n_trajectories, base_rate, tuple(boxes), trade)


def _chosen(path: Sequence[Box], density: float | None) -> Box:
    if density is not None:
        dense = [box for box in path if box.density >= density]
        if not dense:
            best = max(box.density for box in path)
            raise UsageError(
                f"no box reaches a density of {density:.0%}; the densest has {best:.0%}. Ask for less, or "
                "allow more inputs (--most)."
            )
        return max(dense, key=lambda box: box.coverage)
    return max(path, key=lambda box: agreement(box, path[0].density))


def agreement(box: Box, base_rate: float) -> float:
    """Return the correlation between lying in a box and being of interest.

    It weighs coverage and density against each other, whatever the base rate: neither a box that
    holds everything nor one that holds hardly anything agrees with what is asked for.
    """
    if not 0.0 < box.mass < 1.0:
        return 0.0
    spread = np.sqrt(base_rate * (1.0 - base_rate) * (1.0 - box.mass) / box.mass)
    return float((box.density - base_rate) / spread)


def _simplified(box: Box, levels: NDArray[np.uint8], hits: Flags, density: float | None) -> Box:
    """Free inputs whose limits earn next to nothing, the least useful one first."""
    base_rate = float(hits.mean())
    while len(box.restricted) > 1:
        freed = [measured(box.without(row), levels, hits) for row in box.restricted]
        best = max(freed, key=lambda each: agreement(each, base_rate))
        is_dense = density is None or best.density >= density
        is_chance = (
            _quasi_p(round(box.density * box.mass * hits.size), round(box.mass * hits.size), best) > _CHANCE
        )
        earns = agreement(best, base_rate) < _WORTH * agreement(box, base_rate)
        if not is_dense or (earns and not is_chance):
            break
        box = best
    return box


def _quasi_p(n_hit: int, n: int, without: Box) -> float:
    """How often chance alone makes a box as dense, were its density that without one of its limits."""
    from scipy.stats import binom

    return float(binom.sf(n_hit - 1, n, without.density))


Limits = dict[int, tuple[float, float]]


def _rounded(box: Box, levels: NDArray[np.uint8], draws: NDArray[np.float32]) -> Limits:
    """Turn levels into numbers that one can say: what is measured is what is said."""
    limits: Limits = {}
    for row in box.restricted:
        own = draws[row].astype(np.float64)
        low = high = np.nan
        if box.low[row] > 0:
            low = _between(own[levels[row] < box.low[row]].max(), own[levels[row] >= box.low[row]].min())
        if box.high[row] < N_LEVEL - 1:
            high = _between(own[levels[row] <= box.high[row]].max(), own[levels[row] > box.high[row]].min())
        limits[row] = (low, high)
    return limits


def _between(left: float, right: float) -> float:
    return float(f"{0.5 * (left + right):.{_DIGITS}g}")


def _within(limits: Limits, draws: NDArray[np.float32]) -> Flags:
    found = np.ones(draws.shape[1], dtype=bool)
    for row, (low, high) in limits.items():
        if not np.isnan(low):
            found &= draws[row] >= low
        if not np.isnan(high):
            found &= draws[row] <= high
    return found


Half = tuple[NDArray[np.float32], Flags, Flags]
"""Draws, which are of interest, and which no earlier box holds."""


def _measured(
    limits: Limits,
    meta: RunMeta,
    draws: NDArray[np.float32],
    found: Half,
    measures: Half,
    by_group: NDArray[np.int64],
    where: str,
    n_earlier: int,
) -> Discovered:
    raw, hits, is_open = measures
    within = _within(limits, raw) & is_open
    own = _within(limits, found[0]) & found[2]
    coverage = _share(within, hits & is_open, by_group)
    density = _share(hits, within, by_group)
    stated = [_limit(row, limits, meta, draws, measures) for row in limits]
    stated.sort(key=lambda limit: limit.density_without)
    n_own = int(own.sum())
    return Discovered(
        limits=tuple(stated),
        coverage=coverage,
        density=density,
        mass=_share(within, np.ones_like(within), by_group),
        density_found=int((own & found[1]).sum()) / max(n_own, 1),
        words=say_box(
            stated, coverage.value, density.value, float(hits[is_open].mean()), where, n_earlier=n_earlier
        ),
    )


def _limit(row: int, limits: Limits, meta: RunMeta, draws: NDArray[np.float32], measures: Half) -> Limit:
    raw, hits, is_open = measures
    rest = {other: ends for other, ends in limits.items() if other != row}
    within, wider = (_within(each, raw) & is_open for each in (limits, rest))
    n, n_hit = int(within.sum()), int((within & hits).sum())
    density = int((wider & hits).sum()) / max(int(wider.sum()), 1)
    without = Box((), (), 0.0, density, 0.0)
    name = meta.parameters[row]
    declared = parameter_of(name)
    low, high = limits[row]
    span = np.quantile(draws[row], (0.01, 0.99))
    return Limit(
        name, title_of(name, meta), declared.unit, low, high, (float(span[0]), float(span[1])),
        _quasi_p(n_hit, n, without), density,
    )  # fmt: skip


def _share(part: Flags, of: Flags, by_group: NDArray[np.int64]) -> Share:
    """Part of some trajectories, with the error that eight groups tell."""
    n_group = N_SCRAMBLE // 2
    count = np.bincount(by_group[of], minlength=n_group).astype(np.float64)
    hit = np.bincount(by_group[of & part], minlength=n_group).astype(np.float64)
    if not count.sum():
        return Share(float("nan"), float("nan"))
    value = hit.sum() / count.sum()
    residual = (hit - value * count) / count.mean()
    return Share(float(value), float(residual.std(ddof=1) / np.sqrt(n_group)))


def _trade_off(
    box: Box, found: NDArray[np.uint8], ours: Flags, measures: NDArray[np.uint8], theirs: Flags
) -> TradeOff:
    other = measured(box, measures, theirs)
    return TradeOff(len(box.restricted), box.coverage, box.density, other.coverage, other.density)
