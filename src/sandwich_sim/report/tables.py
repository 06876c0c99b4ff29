"""The numbers behind the figures, as rows of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import ceil, isfinite
from typing import TYPE_CHECKING

from sandwich_sim.analysis.dollar_flows import USERS, DollarFlows
from sandwich_sim.analysis.portfolio import Place, Portfolio, Spread
from sandwich_sim.analysis.run_view import MAPS
from sandwich_sim.plots.quantities import (
    MINUS,
    Fan,
    Floats,
    fan_of,
    hop_titles,
    interval,
    number,
    record_label,
)
from sandwich_sim.results.summary import Estimate

if TYPE_CHECKING:
    import xarray as xr

    from sandwich_sim.analysis.run_view import RunView

Row = Sequence[str]


def yearly_heads(dataset: xr.Dataset, first: str) -> list[str]:
    """Return the heads of a table by year."""
    return [first, *(record_label(dataset, record) for record in _yearly(dataset))]


def _yearly(dataset: xr.Dataset) -> range:
    n_step = dataset.sizes["time"] - 1
    return range(0, n_step + 1, n_step // (dataset.sizes["year"] - 1))


def fan_rows(dataset: xr.Dataset, names: Mapping[str, str]) -> Iterator[Row]:
    """Return one row a series: median and interval, or the mean, at each yearly record."""
    for name, title in names.items():
        fan = fan_of(dataset, name)
        yield [title, *(fan_cell(fan, record) for record in _yearly(dataset))]


def fan_cell(fan: Fan, record: int) -> str:
    """Write a fan at one record."""
    suffix = fan.scale.suffix
    if fan.quantiles is None:
        return f"{number(fan.mean[record], suffix)}"
    low, median, high = fan.quantiles[[0, 2, 4], record]
    return f"{number(median, suffix)} ({interval(low, high, suffix)})"


def mean_rows(dataset: xr.Dataset, names: Mapping[str, str]) -> Iterator[Row]:
    """Return one row a series: its mean at each yearly record."""
    for name, title in names.items():
        fan = fan_of(dataset, name)
        yield [title, *(number(fan.mean[record], fan.scale.suffix) for record in _yearly(dataset))]


def yearly_rows(dataset: xr.Dataset, series: Mapping[str, Floats], suffix: str) -> Iterator[Row]:
    """Return one row a title: its values, shape (n_record,), at each yearly record."""
    for title, values in series.items():
        yield [title, *(number(values[record], suffix) for record in _yearly(dataset))]


def level_rows(dataset: xr.Dataset, names: Mapping[str, str]) -> Iterator[Row]:
    """Return series that stand against each other at each yearly record.

    Medians where the run kept quantiles of all of them, else the means of all, as the figures draw
    them; then, of each that has quantiles, its 5 to 95%. A quantile that the run's histogram cannot
    tell from its neighbors is left out.
    """
    fans = {title: fan_of(dataset, name) for name, title in names.items()}
    are_medians = all(fan.quantiles is not None for fan in fans.values())
    for title, fan in fans.items():
        heights = fan.middle if are_medians else fan.mean
        cells = (number(heights[record], fan.scale.suffix) for record in _yearly(dataset))
        yield [f"{title}, {'median' if are_medians else 'mean'}", *cells]
    for title, fan in fans.items():
        if fan.quantiles is not None:
            yield [f"{title}, 5 to 95%", *(_band(fan, record) for record in _yearly(dataset))]


def _band(fan: Fan, record: int) -> str:
    assert fan.quantiles is not None
    if not fan.is_resolved[[0, 4], record].all():
        return "too coarse"
    low, high = fan.quantiles[[0, 4], record]
    return interval(low, high, fan.scale.suffix)


def hop_series(dataset: xr.Dataset, name: str) -> dict[str, str]:
    """Return a variable's series of all hops, each with the hop's title."""
    return {f"{name}.{hop}": title for hop, title in hop_titles(dataset).items()}


def estimate_text(estimate: Estimate | None, suffix: str = "", factor: float = 1.0) -> str:
    """Write a number and its Monte Carlo standard error."""
    if estimate is None or not isfinite(estimate.value):
        return estimate.reason if estimate is not None and estimate.reason else "not estimable"
    value, error = factor * estimate.value, factor * estimate.standard_error
    if not isfinite(error):
        return number(value, suffix)
    shown = f"{value:,.1f}".replace("-", MINUS)
    return f"{'0' if shown in ('0.0', MINUS + '0.0') else shown}{suffix} ± {_rounded_up(error)}"


def _rounded_up(error: float) -> str:
    """Write an error so that none is shown smaller than it is."""
    digits = 2 if error < 1.0 else 1 if error < 10.0 else 0
    return f"{ceil(round(error * 10**digits, 6)) / 10**digits:.{digits}f}" if error else "0"


def flow_rows(flows: DollarFlows, titles: Mapping[str, str]) -> Iterator[Row]:
    """Return for each hop profit and outside cost by year, then the payments [cent]."""
    for place, hop in enumerate(flows.hops):
        yield [f"{titles[hop]}: profit", *(number(each, "¢") for each in flows.profit[:, place])]
        yield [f"{titles[hop]}: outside", *(number(each, "¢") for each in flows.outside[:, place])]
    names = {USERS: "End users"} | dict(titles)
    for column, (buyer, supplier) in enumerate(flows.arcs):
        mark = "" if flows.is_exact[column] else " (inferred)"
        yield [
            f"{names[buyer]} to {names[supplier]}{mark}",
            *(number(each, "¢") for each in flows.paid[:, column]),
        ]
    yield ["Investors add, for each dollar of users", *(number(each, "¢") for each in flows.financing)]


def map_rows(view: RunView) -> Iterator[Row]:
    """Return each hop's shares at both ends with their errors."""
    for hop in view.summary.hops:
        cells = []
        for name in MAPS:
            for end in ("start", "horizon"):
                levels = getattr(hop, name)[end].quantiles
                cells.append(estimate_text(levels[0.5], "%", 100.0))
            low, high = (100.0 * levels[q].value for q in (0.05, 0.95))
            cells.append(interval(low, high, "%"))
        yield [hop.title, *cells]


def event_rows(view: RunView) -> Iterator[Row]:
    """Return the probability of each event by year with its error."""
    for event in view.summary.events:
        yield [event.title, *(estimate_text(each, "%", 100.0) for each in event.by_year.values())]


def place_rows(portfolio: Portfolio) -> Iterator[Row]:
    """Return where each position sits on both maps."""
    for place in (*portfolio.positions, portfolio.book):
        ends = [
            estimate_text(shares[end], "%", 100.0)
            for shares in (place.revenue_share, place.profit_share)
            for end in ("start", "horizon")
        ]
        yield [place.name, f"{place.weight:.2f}", *ends]


def run_rows(portfolio: Portfolio) -> Iterator[Row]:
    """Return what only trajectories tell of each position."""
    for place in (*portfolio.positions, portfolio.book):
        yield [
            place.name,
            _spread(place.discounted_revenue_share),
            _spread(place.discounted_profit_share),
            estimate_text(place.beats, "%", 100.0),
            *_profit(place),
        ]


def _spread(spread: Spread | None) -> str:
    if spread is None:
        return "needs outcomes"
    low, high = (100.0 * spread.quantiles[q].value for q in (0.05, 0.95))
    return f"{estimate_text(spread.quantiles[0.5], '%', 100.0)} ({interval(low, high, '%')})"


def _profit(place: Place) -> list[str]:
    if place.profit is None:
        return ["needs outcomes"] * 2
    low, high = (place.profit.quantiles[q].value for q in (0.05, 0.95))
    return [estimate_text(place.profit.mean), interval(low, high)]
