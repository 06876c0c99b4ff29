"""The table of a comparison: one block an outcome, one row a hop, then the verdicts in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, isfinite
from typing import TYPE_CHECKING

import click

from sandwich_sim.analysis.compare_verdict import (
    digits_for,
    few_note,
    format_number,
    shown_unit,
    undefined_note,
)
from sandwich_sim.cli.output import clean_line, screen_width, wrap

if TYPE_CHECKING:
    from sandwich_sim.analysis.compare import MetricComparison
    from sandwich_sim.analysis.compare_result import Comparison, PairComparison
    from sandwich_sim.analysis.compare_shape import Shape
    from sandwich_sim.analysis.difference import Measured

MISSING = "–"
_WIDE = 96
_LABEL = 26
_ORDERS = {"larger": ">", "smaller": "<"}


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
        for title, rows in _blocks(pair):
            yield ""
            yield from _block(title, rows, pair, width)
        yield ""
        yield from _legend(pair, width)
        yield ""
        yield from _verdicts(pair, result, width)


def _heading(pair: PairComparison, width: int) -> Iterator[str]:
    for line in wrap(clean_line(f"{pair.b.name} (B) against {pair.a.name} (A)"), width):
        yield click.style(line, bold=True)
    for letter, side in (("A", pair.a), ("B", pair.b)):
        yield from wrap(f"{letter}: {clean_line(side.meta.title or side.source)}", width)
    meta = pair.a.meta
    if pair.relation == "paired":
        how = (
            f"{pair.n[0]:,} trajectories ({meta.sampler}, seed {meta.seed}), paired: same draws, same shocks."
        )
    else:
        how = f"Not paired ({pair.n[0]:,} and {pair.n[1]:,} trajectories): {'; '.join(pair.reasons)}."
    yield from wrap(clean_line(how), width)
    if pair.relation == "unknown":
        text = "With one seed the two may share draws in an unknown way, so errors are added up."
        yield from wrap(text, width)
    for only, side in ((pair.only_a, pair.a), (pair.only_b, pair.b)):
        if only:
            yield from wrap(clean_line(f"Only {side.name} has {', '.join(only)}: not compared."), width)
    for remark in pair.notes:
        yield from wrap(clean_line(remark), width)


def _blocks(pair: PairComparison) -> Iterator[tuple[str, list[MetricComparison]]]:
    """Gather what stands together: a variable of every hop at one date; single outcomes; events."""
    groups: dict[str, list[MetricComparison]] = {}
    for found in pair.metrics:
        groups.setdefault(_block_title(found, pair), []).append(found)
    yield from groups.items()


def _block_title(found: MetricComparison, pair: PairComparison) -> str:
    metric = found.metric
    if metric.kind == "flag":
        return "Events, % of trajectories"
    unit = {"points": "%", "cents": "cents"}.get(shown_unit(metric)[1], shown_unit(metric)[1])
    title = metric.label.split(",")[0] if metric.hop else "Chain"
    place = f", {metric.date}" if metric.date else ""
    return f"{title}{f' [{unit}]' if unit else ''}{place}"


def _block(title: str, rows: Sequence[MetricComparison], pair: PairComparison, width: int) -> Iterator[str]:
    is_wide = width >= _WIDE and pair.relation == "paired"
    heads = ["A", "B", "B − A", "P(B>A)"]
    if is_wide:
        heads[3:3] = ["5%", "50%", "95%"]
    heads += ["W", "KS", "order"]
    cells = [_cells(found, is_wide) for found in rows]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    yield click.style(clean_line(title), bold=True)
    labels = [_row_label(found, pair) for found in rows]
    room = max(8, min(_LABEL, width - sum(widths) - 2 * len(widths)))
    yield click.style(" " * room + _line(heads, widths), dim=True)
    for label, row in zip(labels, cells, strict=True):
        text = label if len(label) <= room else label[: room - 1] + "…"
        yield f"{text:<{room}}{_line(row, widths)}".rstrip()


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "".join(f"  {cell:>{width}}" for cell, width in zip(cells, widths, strict=True))


def _row_label(found: MetricComparison, pair: PairComparison) -> str:
    metric = found.metric
    if metric.hop in pair.hops:
        return clean_line(pair.hop_titles[pair.hops.index(metric.hop)])
    return clean_line(metric.variable)


def _cells(found: MetricComparison, is_wide: bool) -> list[str]:
    factor = 100.0 if found.metric.is_flag else shown_unit(found.metric)[0]
    gap, shape = found.gap, found.shape
    if found.rests_on_few and shape is not None:
        cells = [_number(median, factor) for median in shape.medians]
        cells.append(f"{_difference(shape.median, factor)}*")
    else:
        cells = [_number(mean.value, factor) for mean in (found.mean_a, found.mean_b)]
        cells.append(_difference(gap.mean, factor))
    if is_wide:
        cells += [_number(each.value, factor) for each in gap.spread[::2]] or [""] * 3
    cells.append(f"{gap.above.value:.3f}" if isfinite(gap.above.value) else MISSING)
    if shape is None:
        return [*cells, "", "", ""]
    distances = shape.wasserstein.measured, shape.kolmogorov_smirnov.measured
    return [*cells, _number(distances[0].value, factor), f"{distances[1].value:.3f}", _order(shape)]


def _number(value: float, factor: float) -> str:
    value *= factor
    if not isfinite(value):
        return MISSING
    return _far(value) if abs(value) >= 1e5 else format_number(value, 2)


def _far(value: float) -> str:
    return f"{value:.1e}"


def _difference(measured: Measured, factor: float) -> str:
    value, error = measured.value * factor, measured.standard_error * factor
    if not isfinite(value):
        return MISSING
    if not isfinite(error):
        return f"{_number(measured.value, factor)} ±?"
    if abs(value) >= 1e5 or error >= 1e5:
        return f"{_far(value)} ±{error:.0e}"
    digits = min(4, digits_for(error)) if error > 0.0 else 2
    sign = "+" if value > 0 else ""
    return f"{sign}{format_number(value, digits)} ±{_round_up(error, digits)}"


def _round_up(error: float, digits: int) -> str:
    """Write a standard error so that none is shown smaller than it is."""
    return f"{ceil(round(error * 10**digits, 6)) / 10**digits:.{digits}f}" if error else "0"


def _order(shape: Shape) -> str:
    for order in (shape.first_order, shape.second_order):
        if order.verdict in _ORDERS:
            return f"{_ORDERS[order.verdict]}{order.degree}"
    both = {shape.first_order.verdict, shape.second_order.verdict}
    return "x" if both == {"neither"} else ""


def _legend(pair: PairComparison, width: int) -> Iterator[str]:
    apart = "" if pair.relation == "paired" else ", of two trajectories drawn apart"
    spread = "; 5%, 50%, 95%: of B − A over the trajectories" if pair.relation == "paired" else ""
    text = (
        f"A, B: means (probabilities of events). B − A: its mean ± standard error{spread}. P(B>A): how "
        f"often B is above{apart}. W, KS: Wasserstein and Kolmogorov-Smirnov distance. Order: >1, >2 B is "
        "larger at first, only at second order (<: smaller), x neither; each wrong at most once in a hundred."
    )
    for line in wrap(text, width):
        yield click.style(line, dim=True)


def _verdicts(pair: PairComparison, result: Comparison, width: int) -> Iterator[str]:
    rates = result.rates
    yield click.style("Verdicts", bold=True)
    for verdict in pair.verdicts:
        yield from (
            f"{'  ' if number else '- '}{line}"
            for number, line in enumerate(wrap(clean_line(verdict.sentence), width - 2))
        )
    yield ""
    text = (
        f"B counts as different only beyond what chance does in {100 * rates.alpha:g}% of comparisons, all "
        f"{rates.n_compared} outcomes taken together."
    )
    if rates.n_look > 1:
        text += f" Intervals hold whichever of the {rates.n_look} possible looks was the last."
    few = few_note(pair.metrics)
    remarks = text, f"* {few}" if few else "", undefined_note(pair.metrics, (pair.a.name, pair.b.name))
    for remark in filter(None, remarks):
        yield from (click.style(line, dim=True) for line in wrap(clean_line(remark), width))
