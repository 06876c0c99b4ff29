"""Errors that a user can meet, each with the exit code of the command line.

The exit codes are one list for the whole product:
0 done, 1 our bug, 2 usage or scenario error, 3 gate failed, 4 gate inconclusive,
5 stopped but resumable or out of resources, 6 integrity, 7 output busy,
8 conditioning unreliable, 129/130/143 signals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class SandwichSimError(Exception):
    """Base of every error that is the user's to mend; never raised itself."""

    exit_code = 1


class UsageError(SandwichSimError):
    """A request that makes no sense: an unknown name, a size above a hard cap."""

    exit_code = 2


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in a scenario file.

    Attributes
    ----------
    file : str
        The file as the user named it.
    line, column : int
        Position of the offending key, counted from 1; 0 where there is none (command line).
    key : str
        Dotted key path.
    message : str
        What is wrong. What to do.
    """

    file: str
    line: int
    column: int
    key: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


class ScenarioError(SandwichSimError):
    """All problems of a scenario file at once."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class GateError(SandwichSimError):
    """Outcomes that a gate does not let pass; ``is_open`` where the evidence decides neither way."""

    exit_code = 3

    def __init__(self, message: str, *, is_open: bool = False) -> None:
        super().__init__(message)
        if is_open:
            self.exit_code = 4


class ResourceError(SandwichSimError):
    """Too large for this machine's memory or disk, or stopped but resumable."""

    exit_code = 5


class IntegrityError(SandwichSimError):
    """A broken identity, a non-finite value, or a damaged run folder."""

    exit_code = 6


class BusyError(SandwichSimError):
    """Another process holds the output folder."""

    exit_code = 7


class ConditioningError(SandwichSimError):
    """Weights given evidence that are too uneven to carry a number."""

    exit_code = 8
