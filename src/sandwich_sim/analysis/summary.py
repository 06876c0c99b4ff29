"""The table of a finished run, read from its folder."""

from __future__ import annotations

from pathlib import Path

from sandwich_sim.results.dataset import read_accumulators, read_meta
from sandwich_sim.results.summarize import summarize
from sandwich_sim.results.summary import Summary

__all__ = ["Summary", "summarize", "summarize_run"]


def summarize_run(folder: Path) -> Summary:
    """Summarize a run folder from its sums and counts alone.

    Raises
    ------
    IntegrityError
        If it is not a complete run.
    """
    return summarize(read_accumulators(folder), read_meta(folder))
