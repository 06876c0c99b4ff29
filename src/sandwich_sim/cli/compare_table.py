"""The table of a comparison: one block an outcome, one row a hop, then the verdicts in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import TYPE_CHECKING

import click

from sandwich_sim.analysis.compare_blocks import Block, Row, blocks_of, how_compared, how_sure, order_mark
from sandwich_sim.analysis.compare_event_words import LEGEND, TITLE, event_time_lines
from sandwich_sim.analysis.compare_numbers import MISSING, format_level, with_error
from sandwich_sim.cli.output import clean_line, screen_width, wrap

if TYPE_CHECKING:
    from sandwich_sim.analysis.compare_result import Comparison, PairComparison

_WIDE = 96
_LABEL = 26


def print_comparison(result: Comparison) -> None:
    """Print a comparison on stdout."""
    for line in format_comparison(result, screen_width()):
        click.echo(line)


def format_comparison(result: Comparison, width: int) -> Iterator[str]:
    """Yield the lines of the table, styled, each at most `width` columns (80 or more)."""
    for number, pair in enumerate(result.pairs):
        if number:
            yield ""
        yield from _heading(pair, width)
        for block in blocks_of(pair):
            yield ""
            yield from _block(block, width >= _WIDE and pair.relation == "paired", width)
        yield from _event_times(pair, result, width)
        yield ""
        yield from _legend(pair, width)
        yield ""
        yield click.style("Verdicts", bold=True)
        for verdict in pair.verdicts:
            lines = wrap(clean_line(verdict.sentence), width - 2)
            yield from (f"{'  ' if place else '- '}{line}" for place, line in enumerate(lines))
        yield ""
        for remark in how_sure(pair, result):
            yield from (click.style(line, dim=True) for line in wrap(clean_line(remark), width))


def _heading(pair: PairComparison, width: int) -> Iterator[str]:
    for line in wrap(clean_line(f"{pair.b.name} (B) against {pair.a.name} (A)"), width):
        yield click.style(line, bold=True)
    for letter, side in (("A", pair.a), ("B", pair.b)):
        yield from wrap(f"{letter}: {clean_line(side.meta.title or side.source)}", width)
    for remark in how_compared(pair):
        yield from wrap(clean_line(remark), width)


def _block(block: Block, is_wide: bool, width: int) -> Iterator[str]:
    heads = ["A", "B", "B − A", *(["5%", "50%", "95%"] if is_wide else []), "P(B>A)", "W", "KS", "order"]
    cells = [_cells(row, block.factor, is_wide) for row in block.rows]
    if all(row.found.shape is None for row in block.rows):
        kept = [place for place, head in enumerate(heads) if head in ("A", "B", "B − A", "P(B>A)")]
        heads, cells = [heads[i] for i in kept], [[row[i] for i in kept] for row in cells]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    yield click.style(clean_line(f"{block.title}{f' [{block.unit}]' if block.unit else ''}"), bold=True)
    room = max(8, min(_LABEL, width - sum(widths) - 2 * len(widths)))
    yield click.style(" " * room + _line(heads, widths), dim=True)
    for row, line in zip(block.rows, cells, strict=True):
        label = clean_line(row.label)
        text = label if len(label) <= room else label[: room - 1] + "…"
        yield f"{text:<{room}}{_line(line, widths)}".rstrip()


def _event_times(pair: PairComparison, result: Comparison, width: int) -> Iterator[str]:
    """By when parts of the trajectories first see each event, one line a part."""
    if not pair.event_times:
        return
    yield ""
    yield click.style(TITLE, bold=True)
    named = ""
    for event, line in event_time_lines(pair.event_times, pair.a.meta, pair.b.meta, result.rates.alpha):
        if event != named:
            yield clean_line(event)
        named = event
        lines = wrap(line, width - 4)
        yield from (f"{'    ' if place else '  '}{each}" for place, each in enumerate(lines))
    yield from (click.style(line, dim=True) for line in wrap(LEGEND, width))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "".join(f"  {cell:>{width}}" for cell, width in zip(cells, widths, strict=True))


def _cells(row: Row, factor: float, is_wide: bool) -> list[str]:
    gap, shape, difference = row.found.gap, row.found.shape, row.difference
    mark = "*" if row.verdict.statistic == "median" else ""
    cells = [format_level(level * factor) for level in row.levels]
    cells.append(with_error(difference.value * factor, difference.standard_error * factor) + mark)
    if is_wide:
        cells += [format_level(each.value * factor) for each in gap.spread[::2]] or [""] * 3
    cells.append(f"{gap.above.value:.3f}" if isfinite(gap.above.value) else MISSING)
    if shape is None:
        return [*cells, "", "", ""]
    distances = shape.wasserstein.measured.value * factor, shape.kolmogorov_smirnov.measured.value
    return [*cells, format_level(distances[0]), f"{distances[1]:.3f}", order_mark(row)]


def _legend(pair: PairComparison, width: int) -> Iterator[str]:
    apart = "" if pair.relation == "paired" else ", of two trajectories drawn apart"
    spread = "; 5%, 50%, 95%: of B − A over the trajectories" if pair.relation == "paired" else ""
    stars = any(verdict.statistic == "median" for verdict in pair.verdicts)
    text = (
        f"A, B: means (* medians). B − A: ± one standard error{spread}. P(B>A): how often B is above{apart}. "
        "W, KS: Wasserstein and Kolmogorov-Smirnov distance. Order: >1, >2 B is larger at first, only at "
        "second order (<: smaller), x neither; each wrong at most once in a hundred."
    )
    for line in wrap(text if stars else text.replace(" (* medians)", ""), width):
        yield click.style(line, dim=True)
