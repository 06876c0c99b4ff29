"""A comparison as people read it: one block an outcome, one row a hop; for tables, figures and reports."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandwich_sim.analysis.compare import MetricComparison
from sandwich_sim.analysis.compare_event_words import event_time_lines
from sandwich_sim.analysis.compare_result import Comparison, PairComparison
from sandwich_sim.analysis.compare_verdict import (
    Verdict,
    censored_note,
    few_note,
    shown_unit,
    undefined_note,
)
from sandwich_sim.analysis.difference import Measured


@dataclass(frozen=True)
class Row:
    """One compared outcome of a block.

    Attributes
    ----------
    label, hop : str
        Title of the hop or name of the outcome; the hop's name, or empty.
    found : MetricComparison
    verdict : Verdict
    """

    label: str
    hop: str
    found: MetricComparison
    verdict: Verdict

    @property
    def levels(self) -> tuple[float, float]:
        """What A and B are: means, or medians where those are judged."""
        shape = self.found.shape
        if self.verdict.statistic == "median" and shape is not None:
            return shape.medians
        return self.found.mean_a.value, self.found.mean_b.value

    @property
    def difference(self) -> Measured:
        """The difference that is judged."""
        shape = self.found.shape
        if self.verdict.statistic == "median" and shape is not None:
            return shape.median
        return self.found.gap.mean


@dataclass(frozen=True)
class Block:
    """Rows that stand together: one variable at one date, or all events.

    Attributes
    ----------
    name : str
        For file names: ``cents_kept``, ``margin-2030-01-01``.
    title, unit : str
    factor : float
        From an outcome's own unit to the one shown.
    rows : tuple of Row
    """

    name: str
    title: str
    unit: str
    factor: float
    rows: tuple[Row, ...]


def blocks_of(pair: PairComparison) -> tuple[Block, ...]:
    """Gather the outcomes of a pair into blocks, in the order of their first."""
    groups: dict[tuple[str, str, str, float], list[Row]] = {}
    for found, verdict in zip(pair.metrics, pair.verdicts, strict=True):
        groups.setdefault(_place(found, pair), []).append(_row(found, verdict, pair))
    return tuple(Block(*place, tuple(rows)) for place, rows in groups.items())


def _place(found: MetricComparison, pair: PairComparison) -> tuple[str, str, str, float]:
    """Name, title, unit and factor of the block that an outcome belongs to."""
    metric = found.metric
    if metric.kind == "flag":
        return "events", "Events", "% of trajectories", 100.0
    factor, unit = shown_unit(metric)
    unit = "%" if unit == "points" else unit
    base = metric.name.partition("@")[0].partition(".")[0].strip()
    is_elsewhere = metric.date is not None and metric.date != pair.horizon
    name = f"{base}-{metric.date}" if is_elsewhere else base
    place = f", {metric.date}" if metric.date else ""
    title = metric.label.split(",")[0]
    return name, f"{title}{place}", unit, factor


def _row(found: MetricComparison, verdict: Verdict, pair: PairComparison) -> Row:
    metric = found.metric
    if metric.hop in pair.hops:
        return Row(pair.hop_titles[pair.hops.index(metric.hop)], metric.hop, found, verdict)
    return Row(metric.variable, metric.hop, found, verdict)


def how_compared(pair: PairComparison) -> tuple[str, ...]:
    """Say in sentences how a pair was compared, and what was not."""
    meta = pair.a.meta
    if pair.relation == "paired":
        times = [(side.meta.start, side.meta.steps_per_year, side.meta.shocks) for side in (pair.a, pair.b)]
        same = "same draws, same shocks" if times[0] == times[1] else "same draws of the inputs"
        first = f"{pair.n[0]:,} trajectories ({meta.sampler}, seed {meta.seed}), paired: {same}."
    else:
        why = "; ".join(pair.reasons)
        first = f"Not paired ({pair.n[0]:,} and {pair.n[1]:,} trajectories): {why}."
    told = [first]
    if pair.a.meta.scenario_digest == pair.b.meta.scenario_digest:
        told.append("Both sides are the same scenario.")
    if pair.relation == "unknown":
        told.append("With one seed the two may share draws in an unknown way, so their errors are added up.")
    for only, side in ((pair.only_a, pair.a), (pair.only_b, pair.b)):
        if only:
            told.append(f"Only {side.name} has {', '.join(only)}: not compared.")
    return (*told, *pair.notes)


def how_sure(pair: PairComparison, result: Comparison) -> tuple[str, ...]:
    """Say in sentences how often the verdicts are wrong and what they leave out."""
    rates = result.rates
    together = f", all {rates.n_compared} outcomes taken together" if rates.n_compared > 1 else ""
    first = (
        f"B counts as different only beyond what chance does in {100 * rates.alpha:g}% of cases{together}."
    )
    if rates.n_look > 1:
        first += f" Intervals hold whichever of the {rates.n_look} possible looks was the last."
    rest = (
        few_note(pair.metrics),
        censored_note(pair.metrics),
        undefined_note(pair.metrics, (pair.a.name, pair.b.name)),
    )
    return (first, *filter(None, rest))


def comparison_sections(result: Comparison) -> Iterator[dict[str, Any]]:
    """Yield one section a pair for a report: plain values, ready to be laid out.

    Each has a ``title``, ``paragraphs``, ``verdicts`` (state and sentence), ``tables`` (title,
    columns, rows of text or numbers, in shown units), ``event_times`` (sentences), ``figures`` (the
    names under which `plots.compare.comparison_figures` draws them) and ``notes``.
    """
    for pair in result.pairs:
        found = blocks_of(pair)
        yield {
            "title": f"{pair.b.name} against {pair.a.name}",
            "paragraphs": list(how_compared(pair)),
            "verdicts": [{"state": verdict.state, "sentence": verdict.sentence} for verdict in pair.verdicts],
            "tables": [_table(block) for block in found],
            "event_times": [
                f"{event}: {line}"
                for event, line in event_time_lines(
                    pair.event_times, pair.a.meta, pair.b.meta, result.rates.alpha
                )
            ],
            "figures": [name for block in found for name in figure_names(block, pair)],
            "notes": list(how_sure(pair, result)),
        }


def figure_names(block: Block, pair: PairComparison) -> tuple[str, ...]:
    """Return the names of the figures of a block: its differences, and its quantile shifts if it has any."""
    stem = re.sub(r"[^\w.-]+", "-", f"{pair.b.name}-{block.name}")
    is_shapeless = all(row.found.shape is None for row in block.rows)
    return (f"{stem}-difference",) if is_shapeless else (f"{stem}-difference", f"{stem}-shift")


def _table(block: Block) -> dict[str, Any]:
    columns = ["", "A", "B", "B - A", "standard error", "P(B > A)", "Wasserstein", "KS", "order"]
    return {
        "title": block.title,
        "unit": block.unit,
        "columns": columns,
        "rows": [_table_row(row, block.factor) for row in block.rows],
    }


def _table_row(row: Row, factor: float) -> list[str | float | None]:
    shape, difference = row.found.shape, row.difference
    cells: list[str | float | None] = [row.label, *(level * factor for level in row.levels)]
    cells += [difference.value * factor, difference.standard_error * factor, row.found.gap.above.value]
    if shape is None:
        return [*cells, None, None, None]
    distances = shape.wasserstein.measured.value * factor, shape.kolmogorov_smirnov.measured.value
    return [*cells, *distances, order_mark(row)]


def order_mark(row: Row) -> str:
    """Return ``>1`` or ``>2`` where B is larger at first or only at second order, ``<1``, ``<2``, ``x``."""
    shape = row.found.shape
    if shape is None:
        return ""
    for order in (shape.first_order, shape.second_order):
        if order.verdict in ("larger", "smaller"):
            return f"{'>' if order.verdict == 'larger' else '<'}{order.degree}"
    return "x" if {shape.first_order.verdict, shape.second_order.verdict} == {"neither"} else ""
