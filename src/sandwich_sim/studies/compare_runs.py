"""Runs of a report, compared: every one with the first, and the reasons where that cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sandwich_sim.analysis.compare_result import Comparison
from sandwich_sim.errors import UsageError
from sandwich_sim.studies.compare import compare


def compare_runs(folders: Sequence[Path]) -> tuple[list[Comparison], list[str]]:
    """Compare run folders with the first of them; nothing is simulated.

    Parameters
    ----------
    folders : sequence of Path
        Two or more complete run folders.

    Returns
    -------
    comparisons : list of Comparison
        One of all runs; one a pair where some run cannot be compared.
    reasons : list of str
        Why the others are missing.
    """
    # In full: a relative folder may be called like a shipped scenario, which `compare` would simulate.
    folders = [folder.resolve() for folder in folders]
    try:
        return [compare(folders)], []
    except UsageError as error:
        if len(folders) == 2:
            return [], [str(error)]
    comparisons, reasons = [], []
    for other in folders[1:]:
        try:
            comparisons.append(compare([folders[0], other]))
        except UsageError as error:
            reasons.append(str(error))
    return comparisons, list(dict.fromkeys(reasons))
