"""Verdicts in the plainest form, from which every format for CI is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Outcome = Literal["passed", "failed", "undecided", "error", "skipped"]
OUTCOMES: tuple[Outcome, ...] = ("failed", "error", "undecided", "skipped", "passed")
"""What asks for attention comes first."""


@dataclass(frozen=True)
class Case:
    """One statement and what came of it.

    Attributes
    ----------
    name : str
        What was stated: ``P(thesis_falsified) < 0.5``, ``mean(margin.chips @ 2030)``.
    outcome : {"passed", "failed", "undecided", "error", "skipped"}
        "undecided" where the evidence decides neither way; it counts as neither pass nor failure.
    message : str
        One sentence; may be empty where the case passed.
    values : mapping of str to str
        What was found, in the order to show: ``{"baseline": "0.412", "now": "0.409"}``.
    seconds : float, optional
        Time that it took [s].
    """

    name: str
    outcome: Outcome
    message: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    seconds: float | None = None


@dataclass(frozen=True)
class Suite:
    """Cases that belong together: those of one scenario.

    Attributes
    ----------
    name : str
    cases : tuple of Case
    properties : mapping of str to str
        What holds for all of them: seed, trajectories, digests.
    """

    name: str
    cases: tuple[Case, ...]
    properties: Mapping[str, str] = field(default_factory=dict)


def count_outcomes(suites: Iterable[Suite]) -> dict[Outcome, int]:
    """Return how many cases came to each outcome, those that need attention first."""
    counts: dict[Outcome, int] = dict.fromkeys(OUTCOMES, 0)
    for suite in suites:
        for case in suite.cases:
            counts[case.outcome] += 1
    return counts


def describe_counts(counts: Mapping[Outcome, int]) -> str:
    """Say how it went: ``2 failed, 1 undecided, 37 passed``."""
    said = [f"{counts[outcome]} {outcome}" for outcome in OUTCOMES if counts.get(outcome)]
    return ", ".join(said) if said else "nothing checked"
