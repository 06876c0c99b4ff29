"""The section of a report that compares its runs: every run against the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sandwich_sim.analysis.compare_blocks import Block, Row, blocks_of, how_compared, how_sure, order_mark
from sandwich_sim.analysis.compare_numbers import MISSING, format_difference, format_level
from sandwich_sim.plots.compare import comparison_figures
from sandwich_sim.report.html import Html, element, join, numbers, table

if TYPE_CHECKING:
    from sandwich_sim.analysis.compare_result import Comparison, PairComparison
    from sandwich_sim.report.svg import Embedder

LEAD = (
    "Every further run against the first: means of B − A with their standard errors, and what is beyond "
    "chance. Paired runs share their random numbers, so that the difference is taken trajectory by "
    "trajectory and the noise that both share drops out."
)


def compare_section(
    comparisons: Sequence[Comparison],
    not_compared: Sequence[str],
    labels: Mapping[Path, str],
    embedder: Embedder,
) -> Html:
    """Return the comparisons of the runs of a page.

    Parameters
    ----------
    comparisons : sequence of Comparison
        Of run folders.
    not_compared : sequence of str
        What could not be compared, and why.
    labels : mapping of Path to str
        What the page calls each folder, which is given in full.
    embedder : Embedder
    """
    pairs = [(result, pair) for result in comparisons for pair in result.pairs]
    return join(
        [
            [_pair(result, pair, labels, embedder) for result, pair in pairs],
            [element("p", f"Not compared: {reason}", class_="note") for reason in not_compared],
        ]
    )


def _pair(result: Comparison, pair: PairComparison, labels: Mapping[Path, str], embedder: Embedder) -> Html:
    """One run against the first: how, what is beyond chance, figures, and the tables behind them."""
    title = f"{pair.b.name} (B) against {pair.a.name} (A)"
    names = [labels.get(Path(side.source), side.name) for side in (pair.a, pair.b)]
    found = [verdict.sentence for verdict in pair.verdicts if verdict.state == "different"]
    others = [verdict.sentence for verdict in pair.verdicts if verdict.state != "different"]
    figures = list(comparison_figures(replace(result, pairs=(pair,))))
    return element(
        "article",
        element("h3", title),
        element("p", f"A: {names[0]}. B: {names[1]}."),
        [element("p", each) for each in how_compared(pair)],
        element("h4", "What differs beyond chance"),
        _sentences(found) if found else element("p", "Nothing that was compared."),
        numbers(_sentences(others), summary=f"What does not, or not surely ({len(others)})")
        if others
        else None,
        element(
            "div", [_figure(embedder.embed(figure, words)) for _, figure, words in figures], class_="pictures"
        ),
        numbers(*(_table(block) for block in blocks_of(pair)), element("p", _legend(pair), class_="note")),
        [element("p", each, class_="note") for each in how_sure(pair, result)],
        class_="compared",
        aria_label=title,
    )


def _figure(drawing: Html) -> Html:
    scroll = element("div", drawing, class_="scroll", tabindex="0", role="region", aria_label="Figure")
    return element("figure", scroll)


def _sentences(sentences: Sequence[str]) -> Html:
    return element("ul", [element("li", each) for each in sentences])


def _table(block: Block) -> Html:
    points = "points" if block.unit.startswith("%") else block.unit
    unit = f" [{points}]" if points else ""
    heads = ["", "A", "B", f"B − A{unit}", f"standard error{unit}", "P(B > A)"]
    has_shape = any(row.found.shape is not None for row in block.rows)
    heads += [f"Wasserstein{unit}", "KS", "order"] if has_shape else []
    rows = ([*_cells(row, block.factor, has_shape)] for row in block.rows)
    return table(heads, rows, f"{block.title}{f' [{block.unit}]' if block.unit else ''}")


def _cells(row: Row, factor: float, has_shape: bool) -> Iterator[str]:
    shape, difference, above = row.found.shape, row.difference, row.found.gap.above.value
    yield row.label
    yield from (format_level(level * factor) for level in row.levels)
    value, error = format_difference(difference.value * factor, difference.standard_error * factor)
    yield f"{value}{' *' if row.verdict.statistic == 'median' else ''}"
    yield f"± {error}" if error else MISSING
    yield f"{above:.3f}" if above == above else MISSING
    if not has_shape:
        return
    yield format_level(shape.wasserstein.measured.value * factor) if shape else MISSING
    yield f"{shape.kolmogorov_smirnov.measured.value:.3f}" if shape else MISSING
    yield order_mark(row)


def _legend(pair: PairComparison) -> str:
    apart = "in the same trajectory" if pair.relation == "paired" else "of two trajectories drawn apart"
    return (
        "A, B: means. ±: one standard error. * medians, where a few far trajectories make the mean. "
        f"P(B > A): how often B is above, {apart}. KS: Kolmogorov-Smirnov distance. Order: >1, >2 B is "
        "larger at first, only at second order (<: smaller), x neither."
    )
