"""The section of a report that compares its runs: every run against the first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from sandwich_sim.analysis.compare_blocks import Block, Row, blocks_of, how_compared, how_sure, order_mark
from sandwich_sim.analysis.compare_event_words import LEGEND, TITLE, event_time_lines
from sandwich_sim.analysis.compare_numbers import MISSING, format_difference, format_level
from sandwich_sim.plots.compare import plot_differences
from sandwich_sim.report.html import Html, element, join, numbers, table
from sandwich_sim.report.run_page import draw_panel

if TYPE_CHECKING:
    from sandwich_sim.analysis.compare_result import Comparison, PairComparison
    from sandwich_sim.report.svg import Embedder

LARGEST = 5
_DAY = re.compile(r"\d{4}-\d\d-\d\d")

LEAD = (
    "Every further run (B) against the first (A). The five largest differences stand first; each is beyond "
    "chance. Paired runs share their random numbers, so that the difference is taken trajectory by "
    "trajectory and the noise that both share drops out."
)


def compare_section(
    comparisons: Sequence[Comparison],
    not_compared: Sequence[str],
    labels: Mapping[Path, str],
    embedder: Embedder,
    titles: Mapping[str, str],
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
    titles : mapping of str to str
        Of events, and of hops.
    """
    pairs = [(result, pair) for result in comparisons for pair in result.pairs]
    return join(
        [
            [_pair(result, pair, labels, embedder, titles) for result, pair in pairs],
            [element("p", f"Not compared: {reason}", class_="note") for reason in not_compared],
        ]
    )


def _pair(
    result: Comparison,
    pair: PairComparison,
    labels: Mapping[Path, str],
    embedder: Embedder,
    titles: Mapping[str, str],
) -> Html:
    """One run against the first: how, what is beyond chance, figures, and the tables behind them."""
    names = [labels.get(Path(side.source), side.name) for side in (pair.a, pair.b)]
    title = f"{names[1]} (B) against {names[0]} (A)"
    blocks = [_readable(block, titles) for block in blocks_of(pair)]
    rows = [(block, row) for block in blocks for row in block.rows]
    found = sorted((each for each in rows if each[1].verdict.state == "different"), key=_size)
    others = [each for each in rows if each[1].verdict.state != "different"]
    first, rest = (_sentences(part) for part in (found[:LARGEST], found[LARGEST:]))
    panels = [
        draw_panel(
            partial(plot_differences, _brief(block), pair),
            f"{block.title}, B less A: {' '.join(_sentence(block, row) for row in block.rows)}",
            embedder,
            height=0.42 * len(block.rows) + 1.1,
        )
        for block in blocks
    ]
    return element(
        "article",
        element("h3", title),
        [element("p", _titled(each, pair, titles)) for each in how_compared(_with_titles(pair, titles))],
        element("h4", "The largest differences"),
        first if found else element("p", "Nothing that was compared differs beyond chance."),
        numbers(rest, summary=f"The other differences beyond chance ({len(found) - LARGEST})")
        if len(found) > LARGEST
        else None,
        numbers(_sentences(others), summary=f"What does not differ, or not surely ({len(others)})")
        if others
        else None,
        _event_times(result, pair, titles),
        element("div", panels, class_="panels large"),
        numbers(
            *(_table(block) for block in blocks),
            element("p", _legend(pair), class_="note"),
            *[element("p", _titled(each, pair, titles), class_="note") for each in how_sure(pair, result)],
        ),
        class_="compared",
        aria_label=title,
    )


def _event_times(result: Comparison, pair: PairComparison, titles: Mapping[str, str]) -> Html | None:
    """By when parts of the trajectories first see each event."""
    if not pair.event_times:
        return None
    told: dict[str, list[str]] = {}
    for event, line in event_time_lines(pair.event_times, pair.a.meta, pair.b.meta, result.rates.alpha):
        told.setdefault(event, []).append(line)
    rows = [
        element("li", f"{titles.get(event, event)}: {'; '.join(lines)}.") for event, lines in told.items()
    ]
    return numbers(element("ul", rows), element("p", LEGEND, class_="note"), summary=TITLE)


def _dated(words: str) -> str:
    """Write dates as everywhere on the page: ``Jul 2036``."""
    return _DAY.sub(lambda match: f"{date.fromisoformat(match.group()):%b %Y}", words)


def _with_titles(pair: PairComparison, titles: Mapping[str, str]) -> PairComparison:
    """Name the hops of one side alone by their titles."""
    only_a, only_b = (tuple(titles.get(hop, hop) for hop in hops) for hops in (pair.only_a, pair.only_b))
    return replace(pair, only_a=only_a, only_b=only_b)


def _titled(words: str, pair: PairComparison, titles: Mapping[str, str]) -> str:
    """Write outcomes in a sentence by titles: ``profit share in Jul 2036 (Model labs, Cloud)``."""
    known = {_variable(each.metric.name): each.metric.label.split(",")[0] for each in pair.metrics}
    hops = dict(titles) | dict(zip(pair.hops, pair.hop_titles, strict=True))

    def title(match: re.Match[str]) -> str:
        name, of, when = match.groups()
        if not of and not when:
            return match.group()
        what = titles.get(name) or known[name]
        date_of = {"horizon": f"{pair.horizon}", None: ""}.get(when, when)
        of_hops = ", ".join(hops.get(hop, hop) for hop in re.findall(r"\.([\w-]+)", of or ""))
        return f"{what}{f' in {date_of}' if date_of else ''}{f' ({of_hops})' if of_hops else ''}"

    names = "|".join(sorted(map(re.escape, known), key=len, reverse=True))
    listed = rf"\b({names})((?:\.[\w-]+)(?:, \.[\w-]+)*)?(?: @ (\d{{4}}(?:-\d\d)*|\w+))?"
    return _dated(re.sub(listed, title, words) if known else words)


def _variable(name: str) -> str:
    return name.partition(" @ ")[0].partition(".")[0]


def _readable(block: Block, titles: Mapping[str, str]) -> Block:
    rows = tuple(replace(row, label=_label(row, titles)) for row in block.rows)
    return replace(block, title=_dated(block.title), rows=rows)


def _label(row: Row, titles: Mapping[str, str]) -> str:
    if row.hop or row.label != row.found.metric.variable:
        return row.label
    if row.label == "all_in_margin":
        return "Model labs, all-in margin"
    return titles.get(row.label, row.label.replace("_", " ").capitalize())


def _brief(block: Block) -> Block:
    """Name events shortly, for a figure; sentences and tables have their titles."""
    if block.name != "events":
        return block
    rows = (
        replace(row, label=row.found.metric.variable.replace("_", " ").capitalize()) for row in block.rows
    )
    return replace(block, rows=tuple(rows))


def _size(each: tuple[Block, Row]) -> float:
    """Order by size; cents and points are both hundredths, other units follow."""
    block, row = each
    value = row.difference.value * block.factor
    is_part = block.unit.startswith(("%", "cent"))
    return -abs(value) if is_part and isfinite(value) else 0.0


def _sentences(rows: Sequence[tuple[Block, Row]]) -> Html:
    return element("ul", [element("li", _sentence(block, row)) for block, row in rows])


def _sentence(block: Block, row: Row) -> str:
    """Say a difference: ``Cloud: cents kept, Jul 2036: 15.0 in A, 6.0 in B, 9.0 cents less (± 0.1).``"""
    unit = block.unit.replace("% of trajectories", "%")
    space = "" if unit == "%" else " "
    a, b = (f"{format_level(level * block.factor)}{space}{unit}".rstrip() for level in row.levels)
    value, error = row.difference.value * block.factor, row.difference.standard_error * block.factor
    statistic = "median" if row.verdict.statistic == "median" else "mean"
    known = (
        f", {format_difference(value, error)[0]} ± {format_difference(value, error)[1]}"
        if row.difference.is_known
        else ""
    )
    points = " points" if unit == "%" and known else ""
    what = (
        "happens in" if block.name == "events" else f"{block.title[0].lower()}{block.title[1:]}, {statistic}"
    )
    if row.verdict.state == "same":
        known, points = ", the same on every trajectory", ""
    return f"{row.label}: {what} {a} in A, {b} in B{known}{points}."


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
