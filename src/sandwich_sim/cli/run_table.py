"""The table at the end of a run: who keeps the dollar, how sure that is, which events come.

Four blocks, one a question, each with every hop, now and at the horizon. All fits 100 columns;
below that the columns close up (``36.1±.02``) until it fits 80.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil, floor, isfinite, isnan
from typing import TYPE_CHECKING

import click

from sandwich_sim.cli.output import clean_line, count, screen_width, wrap

if TYPE_CHECKING:
    from sandwich_sim.results.summary import Distribution, Estimate, EventSummary, HopSummary, Summary

MISSING = "–"
NO_ERROR = "±n/a"
_LEVELS = (0.05, 0.50, 0.95)
# Field of a hop's summary; two lines of heading, short enough to stand above the hops; factor.
_BLOCKS = (
    ("revenue_share", "Share of revenue", "% of all hops", 100.0),
    ("profit_share", "Share of profit", "% of all hops", 100.0),
    ("cents_kept", "Cents kept", "of a walked dollar", 1.0),
    ("margin", "Operating margin", "% of own revenue", 100.0),
)
_WIDE = 96  # columns that the roomy form takes at most, the usual titles in it


@dataclass(frozen=True)
class Cell:
    """A value and its standard error as text; the error is empty where there is no value."""

    value: str
    error: str

    def width(self) -> int:
        return len(self.value) + len(self.error)


def format_estimate(estimate: Estimate, factor: float, compact: bool) -> Cell:
    """Write a value to a tenth and its standard error to a hundredth.

    The error is rounded up, so that none is shown smaller than it is, and only an exact value
    shows ``±0``.
    """
    value, error = estimate.value * factor, estimate.standard_error * factor
    if not isfinite(value):
        return Cell(MISSING, "")
    if not isfinite(error):
        return Cell(_tenth(value), NO_ERROR if compact else f" {NO_ERROR}")
    digits = 2 if error < 1.0 else 1 if error < 10.0 else 0
    rounded = ceil(round(error * 10**digits, 6)) / 10**digits
    text = f"{rounded:.{digits}f}" if rounded else "0"
    if compact:
        return Cell(_tenth(value), f"±{text.removeprefix('0') or '0'}")
    return Cell(_tenth(value), f" ±{text}")


def _tenth(value: float) -> str:
    text = f"{value:.1f}"
    return "0.0" if text == "-0.0" else text


def print_summary(summary: Summary) -> None:
    """Print the table of a run on stdout."""
    for line in format_summary(summary, screen_width()):
        click.echo(line)


def format_summary(summary: Summary, width: int) -> Iterator[str]:
    """Yield the lines of the table, styled, each at most `width` columns (80 or more)."""
    yield from _heading(summary, width)
    for attribute, title, meaning, factor in _BLOCKS:
        yield ""
        yield from _hop_block(summary, attribute, (title, meaning), factor, width)
    if summary.events:
        yield ""
        yield from _event_block(summary, width)
    remarks = list(_remarks(summary))
    if remarks:
        yield ""
        for remark in remarks:
            yield from wrap(remark, width)


def _heading(summary: Summary, width: int) -> Iterator[str]:
    for line in wrap(clean_line(summary.title or summary.name), width):
        yield click.style(line, bold=True)
    yield from wrap(
        f"{count(summary.n_trajectories, 'trajectory')} ({summary.sampler}, seed {summary.seed}), "
        f"{summary.start} to {summary.horizon}. 5%, 50% and 95% of the trajectories lie below the "
        "numbers in those columns; ± is the Monte Carlo standard error.",
        width,
    )


def _hop_block(
    summary: Summary, attribute: str, heads: tuple[str, str], factor: float, width: int
) -> Iterator[str]:
    compact = width < _WIDE
    rows = [[*_cells(hop, attribute, factor, compact)] for hop in summary.hops]
    titles = [clean_line(hop.title or hop.hop) for hop in summary.hops]
    # One width for both halves, the errors aligned below each other.
    value_width = max(len(cell.value) for row in rows for cell in row)
    error_width = max(len(cell.error) for row in rows for cell in row)
    wanted = max(map(len, (*titles, *heads)))
    gap = 1 if compact or width - 6 * (value_width + error_width + 2) - 2 < wanted else 2
    left = min(wanted, width - 6 * (value_width + error_width + gap) - 2)
    column = " " * gap, value_width, error_width
    yield from _column_heads(summary, [_shorten(head, left).ljust(left) for head in heads], column)
    for title, row in zip(titles, rows, strict=True):
        text = f"{_shorten(title, left):<{left}}"
        for place, cell in enumerate(row):
            text += "  " * (place == 3) + column[0] + f"{cell.value:>{value_width}}"
            text += click.style(cell.error, dim=True) + " " * (error_width - len(cell.error))
        yield text.rstrip()


def _cells(hop: HopSummary, attribute: str, factor: float, compact: bool) -> Iterator[Cell]:
    ends: dict[str, Distribution] = getattr(hop, attribute)
    for end in ("start", "horizon"):
        for level in _LEVELS:
            yield format_estimate(ends[end].quantiles[level], factor, compact)


def _column_heads(summary: Summary, heads: Sequence[str], column: tuple[str, int, int]) -> Iterator[str]:
    """Two lines: the dates over their three columns, then the quantiles over the values."""
    gap, value_width, error_width = column
    half = 3 * (len(gap) + value_width + error_width)
    dates = f"{gap}now, {_month(summary.start)}".ljust(half) + f"  {gap}{_month(summary.horizon)}"
    yield click.style(heads[0], bold=True) + click.style(dates, dim=True)
    levels = "".join(f"{gap}{f'{level:.0%}':>{value_width}}{'':{error_width}}" for level in _LEVELS)
    yield heads[1] + click.style(f"{levels}  {levels.rstrip()}", dim=True)


def _month(day: str) -> str:
    return date.fromisoformat(day).strftime("%Y-%m")


def _shorten(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(1, width - 1)] + "…"


def _event_block(summary: Summary, width: int) -> Iterator[str]:
    """For each event what it means, then a line of probabilities and one of their errors."""
    start = date.fromisoformat(summary.start)
    every = list(summary.events[0].by_year)[1:]
    left = min(30, max(len(clean_line(event.event)) for event in summary.events) + 2)
    column = 7 if left + 7 * len(every) <= width else 6
    years = _years_shown(every, (width - left) // column)
    yield f"{click.style('Events', bold=True)}, % of trajectories in which it has happened by {start:%B} of"
    yield click.style(" " * left + "".join(f"{year:>{column}}" for year in years), dim=True)
    for event in summary.events:
        yield from wrap(clean_line(event.title or event.event), width)
        if event.rule:
            yield from (click.style(f"  {line}", dim=True) for line in wrap(_meaning(event.rule), width - 2))
        cells = [format_estimate(event.by_year[year], 100.0, compact=True) for year in years]
        name = _shorten("  " + clean_line(event.event), left)
        yield f"{name:<{left}}" + "".join(f"{cell.value:>{column}}" for cell in cells)
        errors = "".join(f"{cell.error:>{column}}" for cell in cells)
        yield click.style(" " * left + errors, dim=True)
        if when := _when(event, start):
            yield from (click.style(f"  {line}", dim=True) for line in wrap(when, width - 2))


def _when(event: EventSummary, start: date) -> str:
    """Say between which records parts of the trajectories first see an event, with 95% confidence."""
    parts = []
    for level, who in ((0.05, "5%"), (0.5, "half"), (0.95, "95%")):
        found = event.first_year.get(level)
        if found is None or isnan(found.value) or isnan(found.low):
            continue
        low, high = (f"{start:%b} {floor(end + 1e-6)}" if isfinite(end) else ""
                     for end in (found.low, found.high))  # fmt: skip
        parts.append(f"{who} between {low} and {high}" if high else f"{who} after {low}")
    return f"first seen by {', by '.join(parts)}" if parts else ""


def _meaning(rule: str) -> str:
    return f"That is: {clean_line(rule)}."


def _years_shown(years: Sequence[int], most: int) -> list[int]:
    """All years, or every k-th up to the last where they do not fit on a line."""
    step = max(1, ceil(len(years) / max(1, most)))
    return sorted(years[::-1][::step])


def _remarks(summary: Summary) -> Iterator[str]:
    """What a reader must know about the numbers above."""
    for end, when in (("start", "now"), ("horizon", "at the horizon")):
        part = summary.undefined_share.get(end, 0.0)
        if part > 0:
            yield (
                f"The share of profit {when} leaves out {_percent(part)} of the trajectories, "
                "where all profits together are not above zero."
            )
    yield from dict.fromkeys(
        f"{NO_ERROR if isfinite(estimate.value) else MISSING}  {clean_line(estimate.reason)}"
        for estimate in _shown(summary)
        if estimate.reason
    )
    for check, number in summary.failures.items():
        first = summary.first_failure.get(check, -1)
        failed = count(number, "trajectory")
        yield f"FAILED: {clean_line(check)} in {failed}, first in number {first}."


def _shown(summary: Summary) -> Iterator[Estimate]:
    """Every estimate of the table."""
    for hop in summary.hops:
        for attribute, *_ in _BLOCKS:
            for distribution in getattr(hop, attribute).values():
                yield from distribution.quantiles.values()
    for event in summary.events:
        yield from event.by_year.values()


def _percent(part: float) -> str:
    return "less than 0.1%" if part < 0.001 else f"{part:.1%}"
