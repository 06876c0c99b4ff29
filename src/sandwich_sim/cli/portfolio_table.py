"""The tables of `sandwich-sim portfolio`: one block a question, at most 100 columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING

import click

from sandwich_sim.cli.output import clean_line, screen_width, wrap
from sandwich_sim.cli.run_table import MISSING, format_estimate
from sandwich_sim.results.coordinates import record_date
from sandwich_sim.scenario.input_titles import input_title

if TYPE_CHECKING:
    from sandwich_sim.analysis.portfolio import Place, Portfolio, Spread
    from sandwich_sim.results.meta import RunMeta
    from sandwich_sim.results.summary import Estimate

Groups = Sequence[tuple[str, Sequence[str]]]
"""Groups of columns: a heading (may be empty) and the heads below it."""

_LEVELS = (0.05, 0.50, 0.95)
_N_DRIVER = 8
_NAME_WIDTH = 30


def print_portfolio(portfolio: Portfolio, meta: RunMeta) -> None:
    """Print where a book sits, its tail and what it is made of."""
    for line in _heading(portfolio, meta):
        click.echo(line)
    rows = (*portfolio.positions, portfolio.book)
    _print_block("Share of expected", _map_heads(meta), [_map_row(place) for place in rows])
    if portfolio.missing:
        click.echo()
        _print_text(f"Everything else {portfolio.missing}.")
        return
    levels = ("5%", "50%", "95%")
    shares = [("revenue", levels), ("profit", levels), ("profit above", ("revenue",))]
    _print_block("Share, whole run", shares, [_share_row(place) for place in rows])
    _print_text(
        "Of revenue and profit over the whole run, discounted. The last column: in how many % of "
        "trajectories the profit share is above the revenue share."
    )
    _print_block(
        "Discounted profit, bn USD", [("", ("mean", *levels))], [_profit_row(place) for place in rows]
    )
    _print_tail(portfolio)
    _print_multiples(portfolio)
    _print_parts(portfolio)
    _print_drivers(portfolio, dict(zip(meta.hops, meta.hop_titles, strict=True)))


def _heading(portfolio: Portfolio, meta: RunMeta) -> list[str]:
    title = click.style(clean_line(f"The book in {meta.title or meta.name}"), bold=True)
    behind = portfolio.n or meta.n_trajectories
    text = (
        f"{behind:,} trajectories ({meta.sampler}, seed {meta.seed}). A share is that of all hops, in %; "
        "± is the Monte Carlo standard error."
    )
    if portfolio.undefined > 0.0:
        text += (
            f" In {portfolio.undefined:.2%} of the trajectories the chain earns no profit over the run; "
            "they have no profit share."
        )
    return [title, *wrap(text, screen_width())]


def _print_text(text: str) -> None:
    for line in wrap(text, screen_width()):
        click.echo(line)


def _print_block(
    title: str, groups: Sequence[tuple[str, Sequence[str]]], rows: Sequence[Sequence[str]]
) -> None:
    """A table: its name in the corner, columns in groups, numbers to the right; in pieces if too wide."""
    if len(groups) > 1 and _width(title, groups, rows) > screen_width():
        first = 1
        for group, heads in groups:
            pieces = [[row[0], *row[first : first + len(heads)]] for row in rows]
            _print_block(f"{title}: {group}" if group else title, [("", heads)], pieces)
            first += len(heads)
        return
    heads = [head for _, each in groups for head in each]
    corner, widths = _columns(title, groups, rows)
    click.echo()
    if _width(title, groups, rows) > screen_width():
        click.echo(click.style(title, bold=True))
        corner, title = max(len(row[0]) for row in rows), ""
    if any(group for group, _ in groups):
        line, first = "", 0
        for group, each in groups:
            line += f"  {group:^{sum(widths[first : first + len(each)]) + 2 * len(each) - 2}}"
            first += len(each)
        click.echo(click.style((" " * corner + line).rstrip(), dim=True))
    columns = "".join(f"  {head:>{width}}" for head, width in zip(heads, widths, strict=True))
    click.echo(click.style(f"{title:<{corner}}", bold=True) + click.style(columns, dim=True))
    for name, *cells in rows:
        numbers = "".join(f"  {cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
        click.echo(f"{name:<{corner}}{numbers}".rstrip())


def _columns(title: str, groups: Groups, rows: Sequence[Sequence[str]]) -> tuple[int, list[int]]:
    heads = [head for _, each in groups for head in each]
    widths = [max(len(head), *(len(row[i + 1]) for row in rows)) for i, head in enumerate(heads)]
    return max(len(title), *(len(row[0]) for row in rows)), widths


def _width(title: str, groups: Groups, rows: Sequence[Sequence[str]]) -> int:
    corner, widths = _columns(title, groups, rows)
    return corner + sum(width + 2 for width in widths)


def _cell(estimate: Estimate | None, factor: float = 1.0) -> str:
    if estimate is None:
        return MISSING
    cell = format_estimate(estimate, factor, compact=True)
    return cell.value + cell.error


def _name(place: Place) -> str:
    name = clean_line(place.name)
    return name if len(name) <= _NAME_WIDTH else name[: _NAME_WIDTH - 1] + "…"


def _map_heads(meta: RunMeta) -> Groups:
    ends = f"{meta.start:%Y-%m}", f"{record_date(meta, -1):%Y-%m}"
    return [("", ("weight",)), ("revenue", ends), ("profit", ends)]


def _map_row(place: Place) -> list[str]:
    shares = [
        _cell(shares[end], 100.0)
        for shares in (place.revenue_share, place.profit_share)
        for end in ("start", "horizon")
    ]
    return [_name(place), f"{place.weight:.2f}", *shares]


def _levels(spread: Spread | None, factor: float = 1.0) -> list[str]:
    return [_cell(spread.quantiles[level] if spread else None, factor) for level in _LEVELS]


def _share_row(place: Place) -> list[str]:
    revenue = _levels(place.discounted_revenue_share, 100.0)
    return [
        _name(place), *revenue, *_levels(place.discounted_profit_share, 100.0), _cell(place.beats, 100.0)
    ]  # fmt: skip


def _profit_row(place: Place) -> list[str]:
    return [_name(place), _cell(place.profit.mean if place.profit else None), *_levels(place.profit)]


def _print_tail(portfolio: Portfolio) -> None:
    tails = portfolio.shortfall or {}
    if not tails:
        return
    click.echo()
    parts = "; ".join(
        f"in the worst {part:.0%}{'' if place else ' (expected shortfall)'}: {_cell(estimate)}"
        for place, (part, estimate) in enumerate(tails.items())
    )
    _print_text(f"The book's mean profit, discounted, bn USD, {parts}.")


def _print_multiples(portfolio: Portfolio) -> None:
    rows = [
        [_name(place), f"{m.paid:.1f}", *_levels(m.earned), _cell(m.probability, 100.0)]
        for place in portfolio.positions
        if (m := place.multiple)
    ]
    if rows:
        heads = ("paid", "earned 5%", "50%", "95%", "P(earned ≥ paid)")
        _print_block("Multiple of revenue", [("", heads)], rows)
        _print_text(
            "Paid: price over revenue. Earned: discounted profit of the run for each dollar of today's "
            "revenue; nothing after the run is counted."
        )


def _print_parts(portfolio: Portfolio) -> None:
    rows = [
        [clean_line(part.title), f"{part.exposure:.2f}", _cell(part.mean), _cell(part.in_worst)]
        for part in portfolio.by_hop
    ]
    if rows:
        _print_block("The book by hop, bn USD", [("", ("exposure", "mean", "in its worst 5%"))], rows)
        effective = portfolio.effective_hops
        if effective is not None and isfinite(effective.value):
            _print_text(f"As concentrated as {effective.value:.2g} equal hops.")


def _print_drivers(portfolio: Portfolio, titles: Mapping[str, str]) -> None:
    rows = [
        [
            clean_line(input_title(driver.parameter, titles)),
            _cell(driver.variance, 100.0),
            _cell(driver.low),
            _cell(driver.high),
        ]
        for driver in portfolio.by_driver[:_N_DRIVER]
    ]
    if rows:
        heads = [("", ("% of variance",)), ("profit where it is in its", ("lowest fifth", "highest"))]
        _print_block("What moves the book most", heads, rows)
        _print_text(
            f"From {portfolio.n_driver:,} trajectories, one input at a time; inputs that are correlated "
            "share what they move."
        )
