"""Sections about the labs and what feeds them: margins, the number to watch, prices, capital."""

from __future__ import annotations

from functools import partial

from sandwich_sim.plots.capital import (
    SERIES,
    capital_per_dollar,
    describe_capital,
    describe_capital_per_dollar,
    plot_capital,
    plot_capital_per_dollar,
)
from sandwich_sim.plots.catalogue import shown_events
from sandwich_sim.plots.events import READINGS, describe_events, describe_watch, plot_events, plot_watch
from sandwich_sim.plots.fans import describe_fan, plot_fan
from sandwich_sim.plots.margins import (
    PARTS,
    describe_lab_margins,
    describe_margin_split,
    plot_lab_margins,
    plot_margin_split,
)
from sandwich_sim.plots.prices import LINES, describe_token_price, plot_token_price
from sandwich_sim.plots.quantities import fan_of
from sandwich_sim.report.html import Html, element, join, numbers, table
from sandwich_sim.report.run_page import RunPage
from sandwich_sim.report.tables import (
    estimate_text,
    event_rows,
    fan_rows,
    level_rows,
    mean_rows,
    yearly_heads,
    yearly_rows,
)

_READING_NAMES = {"thesis_falsified": "In the author's words", "lab_profit_center": "Read strictly"}


def lab_section(page: RunPage) -> Html:
    """Gross is not profit."""
    dataset, lab = page.view.dataset, page.lab
    panels = [
        page.panel(
            partial(plot_lab_margins, dataset, lab=lab, limits=page.scales.lab_margins),
            describe_lab_margins(dataset, lab),
            height=2.7,
        ),
        page.panel(
            partial(plot_margin_split, dataset, limits=page.scales.margin_split),
            describe_margin_split(dataset),
            height=2.7,
        ),
    ]
    margins = {
        "inference_margin": "Serving (inference margin)",
        "all_in_margin": "After training (all-in margin)",
        f"margin.{lab}": "After staff and sales (operating margin)",
    }
    rows = [
        table(
            yearly_heads(dataset, "Margin"),
            fan_rows(dataset, margins),
            "The labs' margins, median (5 to 95%)",
        ),
        table(
            yearly_heads(dataset, "Part"),
            mean_rows(dataset, PARTS),
            "Parts of ln(price / cost), means; they add up",
        ),
    ]
    return join([element("div", panels, class_="panels large"), numbers(*rows)])


def watch_section(page: RunPage) -> Html:
    """The all-in margin, and both readings of the condition that would falsify the thesis."""
    view = page.view
    paths = page.scales.paths[page.number - 1]
    events = shown_events(view)
    panels = [
        page.panel(
            partial(plot_watch, view.dataset, paths=paths, limits=page.scales.watch),
            describe_watch(view.dataset, paths),
            height=2.7,
        ),
        page.panel(
            partial(plot_events, view.dataset, events=events, top=page.scales.events_top),
            describe_events(view.dataset, events),
            height=2.7,
        ),
    ]
    note = None
    if paths is None:
        note = element(
            "p", "Single paths need a run with --keep outcomes and all_in_margin kept.", class_="note"
        )
    rows = table(
        yearly_heads(view.dataset, "It has happened by"),
        event_rows(view),
        "Probability of each event ± standard error",
    )
    watched = table(
        yearly_heads(view.dataset, ""),
        fan_rows(view.dataset, {"all_in_margin": "All-in margin"}),
        "All-in margin, median (5 to 95%)",
    )
    return join(
        [_readings(page), element("div", panels, class_="panels large"), note, numbers(watched, rows)]
    )


def _readings(page: RunPage) -> Html | None:
    """Both readings side by side, each with its text and its probability."""
    events = {event.event: event for event in page.view.summary.events}
    cards = []
    for name in READINGS:
        if name in events:
            event = events[name]
            cards.append(
                element(
                    "div",
                    element("h4", _READING_NAMES[name]),
                    element("p", estimate_text(event.probability, "%", 100.0), class_="big"),
                    element("p", event.title),
                    element("p", f"It happens when: {event.rule}.", class_="note") if event.rule else None,
                    class_="card",
                )
            )
    return element("div", cards, class_="cards") if cards else None


def prices_section(page: RunPage) -> Html:
    """Price and cost of a token, and the lead."""
    dataset = page.view.dataset
    panels = [
        page.panel(
            partial(plot_token_price, dataset, limits=page.scales.token_price),
            describe_token_price(dataset),
            height=2.7,
        ),
        page.panel(partial(_gap, page), describe_fan(dataset, "gap"), height=2.7),
    ]
    series = {
        "price": "Closed price",
        **{name: title.capitalize() for name, title in LINES.items()},
    }
    rows = table(
        yearly_heads(dataset, ""), level_rows(dataset, series), "Of a token; open break-even at the start = 1"
    )
    gap = table(
        yearly_heads(dataset, ""),
        fan_rows(dataset, {"gap": "Gap, months"}),
        "The lead over open models, median (5 to 95%)"
        if fan_of(dataset, "gap").quantiles is not None
        else "The lead over open models, mean",
    )
    return join([element("div", panels, class_="panels large"), numbers(rows, gap)])


def _gap(page: RunPage, axes: object) -> None:
    plot_fan(page.view.dataset, axes, "gap", limits=page.scales.gap)  # type: ignore[arg-type]


def capital_section(page: RunPage) -> Html:
    """What is built against what is written off and what users pay."""
    dataset = page.view.dataset
    panels = [
        page.panel(
            partial(plot_capital, dataset, limits=page.scales.capital), describe_capital(dataset), height=2.9
        ),
        page.panel(
            partial(plot_capital_per_dollar, dataset, limits=page.scales.capital_per_dollar),
            describe_capital_per_dollar(dataset),
            height=2.9,
        ),
    ]
    names = {name: title.capitalize() for name, title in SERIES.items()}
    rows = table(yearly_heads(dataset, "bn USD/yr"), mean_rows(dataset, names), "The capital account, means")
    cents = table(
        yearly_heads(dataset, "For each dollar of users"),
        yearly_rows(
            dataset, {names[name]: cents for name, cents in capital_per_dollar(dataset).items()}, "¢"
        ),
        "The capital account over what users pay, ratios of means",
    )
    return join([element("div", panels, class_="panels large"), numbers(rows, cents)])
