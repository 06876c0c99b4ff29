"""Scenario and seed to parameter draws; one named stream, and one Sobol dimension, an input.

A draw is a pure function of (seed, input name, trajectory index) and of what it is drawn
from, so that adding an input leaves all others as they were. `draw_plan` prepares what the
kernel reads, `draw` is for plain use.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.distributions.correlation import correlated_groups
from sandwich_sim.distributions.kinds import KernelQuantile, kernel_quantile
from sandwich_sim.distributions.tables import normal_cdf_table
from sandwich_sim.errors import UsageError
from sandwich_sim.kernels.draws import (
    LATIN_HYPERCUBE,
    N_WORK,
    SAMPLER_CODES,
    SOBOL,
    DrawPlan,
    draw_block,
)
from sandwich_sim.kernels.hypercube import N_ROUND, design_shape, permutation_keys
from sandwich_sim.kernels.quantiles import FIRST_NORMAL_KIND, TABLE_ORDER
from sandwich_sim.kernels.rng import MAX_SEED, MAX_TRAJECTORIES, stream_of
from sandwich_sim.kernels.sobol import (
    INDEX_BITS,
    N_DIMENSION,
    N_SCRAMBLE,
    SHIFT_ROW,
    load_directions,
    scramble_directions,
)
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.scenario.support import support
from sandwich_sim.scenario.uncertain import Constant, Distribution, SameAs

__all__ = [
    "SizeWarning",
    "check_drawn_shares",
    "draw",
    "draw_plan",
    "draw_rows",
    "good_sizes",
    "slot_map",
    "support",
    "warn_about_size",
]

_CHUNK = 65536
_SHARE_ROUNDING = 1e-9


class SizeWarning(UserWarning):
    """A number of trajectories that wastes part of what Sobol points offer."""


def good_sizes(trajectories: int) -> tuple[int, int]:
    """Return the nearest sizes 16 x 2^m at or below, and at or above (at least 16)."""
    points = max(trajectories // N_SCRAMBLE, 1)
    below = N_SCRAMBLE * 2 ** (points.bit_length() - 1)
    return below, below if below >= trajectories else 2 * below


def warn_about_size(sampler: str, trajectories: int) -> None:
    """Warn where Sobol points are cut off in the middle of a net; call once a run."""
    below, above = good_sizes(trajectories)
    if sampler == "sobol" and trajectories not in (below, above):
        warnings.warn(
            f"{trajectories} trajectories are not 16 x 2^m, so errors are larger than they need be. "
            f"The next good sizes are {below} and {above}.",
            SizeWarning,
            stacklevel=2,
        )


def slot_map(spec: ScenarioSpec, slots: tuple[str, ...] | None = None) -> tuple[str, ...]:
    """Return the names of the Sobol dimensions: the given ones, then drawn inputs that have none."""
    known = spec.sobol_slots if slots is None else slots
    return tuple(dict.fromkeys((*known, *spec.drawn)))


def draw_plan(
    spec: ScenarioSpec,
    *,
    seed: int,
    sampler: str,
    trajectories: int,
    slots: tuple[str, ...] | None = None,
) -> DrawPlan:
    """Prepare the draws of a run; row j belongs to ``spec.drawn[j]``.

    Parameters
    ----------
    spec : ScenarioSpec
    seed : int
        In [0, 2^64 - 1].
    sampler : {"random", "latin-hypercube", "sobol"}
    trajectories : int
        Trajectories of the whole run; matters to the draws for latin-hypercube alone.
    slots : tuple of str, optional
        Sobol slots, the scenario's own by default; comparisons give a merged map.

    Raises
    ------
    UsageError
        If the seed or the size is out of range, an input has no Sobol dimension, correlations
        contradict each other, or a distribution cannot be drawn from.
    """
    check_request(seed, sampler, trajectories)
    names = spec.drawn
    key = np.array([seed & 0xFFFFFFFF, seed >> 32], dtype=np.uint64)
    streams = np.array([stream_of(name) for name in names], dtype=np.uint64)
    parts = [_named_quantile(spec, name) for name in names]
    kinds = np.array([part.kind for part in parts], dtype=np.int64)
    groups = correlated_groups(names, spec.correlation)
    needs_cdf = bool(np.any((groups.group >= 0) & (kinds < FIRST_NORMAL_KIND)))
    return DrawPlan(
        sampler=SAMPLER_CODES[sampler],
        key=key,
        streams=streams,
        kinds=kinds,
        shapes=np.array([[*part.shape, *[0.0] * (6 - len(part.shape))] for part in parts]).reshape(-1, 6),
        support=np.array([support(_distribution(spec, name)) for name in names]).reshape(-1, 2),
        values_at=_spans([part.values.size for part in parts]),
        pieces_at=_spans([part.pieces.shape[0] for part in parts]),
        values=np.concatenate([np.empty(0), *(part.values for part in parts)]),
        pieces=np.concatenate([np.empty((0, TABLE_ORDER)), *(part.pieces for part in parts)]),
        normal_cdf=normal_cdf_table() if needs_cdf else np.empty((0, TABLE_ORDER)),
        steps=_sobol_steps(spec, slots, streams, key, sampler),
        design=design_shape(trajectories),
        round_keys=_round_keys(streams, key, sampler),
        group=groups.group,
        group_start=groups.group_start,
        members=groups.members,
        factors=groups.factors,
    )


def draw_rows(plan: DrawPlan, rows: Sequence[int], indices: NDArray[np.int64]) -> NDArray[np.float64]:
    """Draw some inputs of a plan.

    Parameters
    ----------
    plan : DrawPlan
    rows : sequence of int
        Rows of the plan.
    indices : ndarray of int64, shape (n,)
        Trajectory numbers; below the run's number of trajectories for latin-hypercube.

    Returns
    -------
    ndarray of float64, shape (n_row, n)
    """
    indices = np.ascontiguousarray(indices, dtype=np.int64)
    if indices.size and not 0 <= indices.min() <= indices.max() < _last_index(plan):
        raise UsageError(f"trajectories must lie in [0, {_last_index(plan)}). Ask for others.")
    wanted = {int(row) for row in rows}
    groups = {int(plan.group[row]) for row in wanted} - {-1}
    wanted.update(int(row) for row in np.flatnonzero(np.isin(plan.group, list(groups))))
    kept = sorted(wanted)
    out = np.empty((len(kept), indices.size))
    draw_block(_restricted(plan, kept), indices, np.empty((N_WORK, indices.size), np.uint64), out)
    return out[[kept.index(row) for row in rows]]


def draw(
    spec: ScenarioSpec,
    names: Sequence[str],
    indices: NDArray[np.int64],
    *,
    seed: int,
    sampler: str,
    trajectories: int,
    slots: tuple[str, ...] | None = None,
) -> NDArray[np.float64]:
    """Return what parameters are worth on some trajectories, drawn or constant.

    Parameters
    ----------
    names : sequence of str
        Dotted names, of aliases and constants too.
    indices : ndarray of int64, shape (n,)
        Trajectory numbers.

    Returns
    -------
    ndarray of float64, shape (n_name, n)
    """
    plan = draw_plan(spec, seed=seed, sampler=sampler, trajectories=trajectories, slots=slots)
    targets = [_target(spec, name) for name in names]
    rows = [spec.drawn.index(name) for name in targets if name in spec.drawn]
    drawn = iter(draw_rows(plan, rows, indices))
    values = np.empty((len(names), len(indices)))
    for k, name in enumerate(targets):
        number = spec.parameters[name]
        values[k] = number.value if isinstance(number, Constant) else next(drawn)
    return values


def check_drawn_shares(spec: ScenarioSpec, plan: DrawPlan, trajectories: int) -> None:
    """Refuse a run in which drawn cost shares of a buyer sum above 1.

    Only buyers whose shares could do so by their supports are drawn.

    Raises
    ------
    UsageError
        Naming the buyer, the first such trajectory and the sum.
    """
    for buyer in dict.fromkeys(edge.buyer for edge in spec.edges):
        names = [_target(spec, f"edge.{edge.name}.share") for edge in spec.edges if edge.buyer == buyer]
        numbers = [spec.parameters[name] for name in names]
        most = sum(support(number)[1] for number in numbers if not isinstance(number, SameAs))
        rows = [spec.drawn.index(name) for name in names if name in spec.drawn]
        if most <= 1.0 + _SHARE_ROUNDING or not rows:
            continue
        constant = sum(number.value for number in numbers if isinstance(number, Constant))
        for start in range(0, trajectories, _CHUNK):
            indices = np.arange(start, min(start + _CHUNK, trajectories))
            total = constant + draw_rows(plan, rows, indices).sum(axis=0)
            above = np.flatnonzero(total > 1.0 + _SHARE_ROUNDING)
            if above.size:
                first = int(above[0])
                raise UsageError(
                    f"the cost shares of {buyer} sum to {total[first]:.4g} on trajectory {start + first}: "
                    f"{', '.join(names)}. Lower or truncate them so that they cannot exceed 1."
                )


def check_request(seed: int, sampler: str, trajectories: int) -> None:
    """Refuse (`UsageError`) a seed, a sampler or a number of trajectories that no plan can draw."""
    if not 0 <= seed <= MAX_SEED:
        raise UsageError(f"seed {seed} is not in [0, 2^64 - 1]. Choose another seed.")
    if sampler not in SAMPLER_CODES:
        raise UsageError(f"unknown sampler {sampler!r}. Use one of {', '.join(SAMPLER_CODES)}.")
    limit = N_SCRAMBLE << INDEX_BITS if sampler == "sobol" else MAX_TRAJECTORIES
    if not 1 <= trajectories <= limit:
        raise UsageError(
            f"{trajectories:,} trajectories: the sampler {sampler} takes 1 to {limit:,}. "
            + ("Ask for fewer, or use random." if sampler == "sobol" else "Ask for fewer.")
        )


def _last_index(plan: DrawPlan) -> int:
    """Return the end of the trajectory numbers that a plan can draw."""
    if plan.sampler == LATIN_HYPERCUBE:
        return int(plan.design[0].sum())
    return N_SCRAMBLE << INDEX_BITS if plan.sampler == SOBOL else MAX_TRAJECTORIES


def _target(spec: ScenarioSpec, name: str) -> str:
    """Follow aliases to the parameter that has the number."""
    number = spec.parameters[name]
    while isinstance(number, SameAs):
        name = number.name
        number = spec.parameters[name]
    return name


def _distribution(spec: ScenarioSpec, name: str) -> Distribution:
    number = spec.parameters[name]
    if not isinstance(number, Distribution):
        raise TypeError(f"{name} is not drawn")
    return number


def _named_quantile(spec: ScenarioSpec, name: str) -> KernelQuantile:
    try:
        return kernel_quantile(_distribution(spec, name))
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from error


def _spans(counts: Sequence[int]) -> NDArray[np.int64]:
    """Return start and end of each share of one long array, shape (n, 2)."""
    ends = np.cumsum([0, *counts], dtype=np.int64)
    return np.ascontiguousarray(np.stack([ends[:-1], ends[1:]], axis=1))


def _sobol_steps(
    spec: ScenarioSpec,
    slots: tuple[str, ...] | None,
    streams: NDArray[np.uint64],
    key: NDArray[np.uint64],
    sampler: str,
) -> NDArray[np.uint64]:
    """Scrambled direction numbers of each drawn input, shape (n_drawn, 33, 16)."""
    if sampler != "sobol":
        return np.empty((0, SHIFT_ROW + 1, N_SCRAMBLE), np.uint64)
    place = {name: slot for slot, name in enumerate(slot_map(spec, slots))}
    dimensions = np.array([place[name] for name in spec.drawn], dtype=np.int64)
    if dimensions.size and dimensions.max() >= N_DIMENSION:
        name = spec.drawn[int(dimensions.argmax())]
        raise UsageError(
            f"{name} would be Sobol dimension {dimensions.max() + 1}, and there are {N_DIMENSION}. "
            'Use sampler = "random", or fewer drawn inputs.'
        )
    steps = np.empty((len(spec.drawn), SHIFT_ROW + 1, N_SCRAMBLE), np.uint64)
    columns = np.empty(INDEX_BITS + 2, np.uint64)
    scramble_directions(load_directions(dimensions), streams, key, columns, steps)
    return steps


def _round_keys(streams: NDArray[np.uint64], key: NDArray[np.uint64], sampler: str) -> NDArray[np.uint64]:
    """Keys of the Latin hypercube's permutations, shape (n_drawn, 8)."""
    if sampler != "latin-hypercube":
        return np.empty((0, N_ROUND), np.uint64)
    keys = np.empty((streams.size, N_ROUND), np.uint64)
    permutation_keys(streams, key, keys)
    return keys


def _restricted(plan: DrawPlan, rows: list[int]) -> DrawPlan:
    """Return a plan of some rows alone; groups are whole or absent."""
    place = {row: j for j, row in enumerate(rows)}
    kept = [j for j, row in enumerate(plan.members.tolist()) if row in place]
    sizes = np.diff(plan.group_start)
    present = np.isin(np.arange(sizes.size), plan.group[rows])
    renumbered = np.append(np.cumsum(present) - 1, -1)
    return plan._replace(
        streams=plan.streams[rows],
        kinds=plan.kinds[rows],
        shapes=plan.shapes[rows],
        support=plan.support[rows],
        values_at=plan.values_at[rows],
        pieces_at=plan.pieces_at[rows],
        steps=plan.steps[rows] if plan.steps.size else plan.steps,
        round_keys=plan.round_keys[rows] if plan.round_keys.size else plan.round_keys,
        group=renumbered[plan.group[rows]],
        group_start=np.cumsum([0, *sizes[present]], dtype=np.int64),
        members=np.array([place[plan.members[j]] for j in kept], dtype=np.int64),
        factors=plan.factors[kept],
    )
