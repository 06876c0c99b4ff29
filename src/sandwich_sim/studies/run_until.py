"""How many trajectories a run needs: looks at chosen outcomes alone, doubled until all is settled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sandwich_sim.analysis.run_until import Found, judge_conditions, look_sizes, read_condition
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.simulation import Progress
from sandwich_sim.studies.paired import growing_outcomes

FIRST_LOOK = 16_384
"""Trajectories of the first look."""
MOST_TRAJECTORIES = 4_194_304
"""Of the last look, if nothing else is asked for."""


@dataclass(frozen=True)
class UntilLook:
    """One look: how many trajectories, and what they show of each condition."""

    n: int
    found: tuple[Found, ...]

    @property
    def is_settled(self) -> bool:
        """Whether no condition is open."""
        return all(item.state != "open" for item in self.found)


@dataclass(frozen=True)
class UntilResult:
    """How many trajectories settle the conditions.

    Attributes
    ----------
    looks : tuple of UntilLook
        Those that were taken.
    n_looks : int
        Those that might have been; intervals share their error rate over them.
    """

    looks: tuple[UntilLook, ...]
    n_looks: int

    @property
    def trajectories(self) -> int:
        """Of the last look."""
        return self.looks[-1].n

    @property
    def is_settled(self) -> bool:
        """Whether the last look left nothing open."""
        return self.looks[-1].is_settled

    def to_document(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "settled": self.is_settled,
            "trajectories": self.trajectories,
            "n_looks": self.n_looks,
            "looks": [
                {"n": look.n, "conditions": [item.to_document() for item in look.found]}
                for look in self.looks
            ],
        }


def settle(
    spec: ScenarioSpec,
    conditions: Sequence[str],
    *,
    trajectories: int | None = None,
    most: int = MOST_TRAJECTORIES,
    seed: int | None = None,
    sampler: str | None = None,
    shocks: bool = True,
    threads: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> UntilResult:
    """Double the trajectories of a scenario until every condition is settled.

    A look adds trajectories to those of the look before it, whose numbers stay as they are: the last
    look holds what a run of that size holds (`simulation.run` with ``trajectories`` of the result).

    Parameters
    ----------
    conditions : sequence of str
        ``se(P(thesis_falsified)) < 0.002``: until a standard error is small enough; or a
        statement such as ``p50(margin.chips @ 2030) > 0.5``: until it is decided.
    trajectories : int, optional
        Of the first look, 16,384 if not given; a multiple of 16.
    most : int
        Trajectories at which it ends unsettled.
    seed, sampler : optional
        The scenario's own if not given.

    Returns
    -------
    UntilResult

    Raises
    ------
    UsageError
        If a condition cannot be read, or the sampler is latin-hypercube.
    """
    sampler = sampler or spec.run.sampler
    read = [read_condition(text, spec) for text in conditions]
    sizes = look_sizes(min(FIRST_LOOK, most) if trajectories is None else trajectories, most, sampler)
    metrics = tuple({condition.metric.name: condition.metric for condition in read}.values())
    looks: list[UntilLook] = []
    for whole in growing_outcomes(
        spec,
        metrics,
        sizes,
        seed=spec.run.seed if seed is None else seed,
        sampler=sampler,
        shocks=shocks,
        threads=threads,
        progress=progress,
    ):
        found = judge_conditions(
            read,
            metrics,
            np.asarray(whole.values[0]),
            whole.scramble,
            is_replicated=whole.is_replicated,
            n_looks=len(sizes),
        )
        looks.append(UntilLook(whole.n, found))
        if looks[-1].is_settled:
            break
    return UntilResult(tuple(looks), len(sizes))
