"""The last line of commands that make a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandwich_sim.cli.output import clean_line, count, duration

if TYPE_CHECKING:
    from sandwich_sim.simulation import RunResult


def closing_line(result: RunResult) -> str:
    """One line that says where the results are and how to open them."""
    how = "reused" if result.reused else duration(result.seconds)
    if result.resumed:
        how += f", {count(result.resumed, 'trajectory')} were there"
    where = f"{clean_line(result.folder)} (run {result.run_digest[:8]})"
    return f"Results ({how}): {where}    In Python: sandwich_sim.open_run(folder)"
