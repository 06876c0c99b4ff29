"""Sections about the whole chain: the headline, one dollar, two maps, fans, the ruler."""

from __future__ import annotations

from functools import partial

from sandwich_sim.plots.fans import HOP_FANS, describe_fan, plot_fan
from sandwich_sim.plots.maps import Which, describe_map, plot_map
from sandwich_sim.plots.ruler import FACTORS, describe_ruler, plot_ruler
from sandwich_sim.report.flow_svg import flow_drawings
from sandwich_sim.report.html import Html, element, join, numbers, table
from sandwich_sim.report.run_page import RunPage
from sandwich_sim.report.tables import fan_rows, flow_rows, hop_series, map_rows, mean_rows, yearly_heads


def headline_section(page: RunPage) -> Html:
    """What the run says, in sentences made from its numbers."""
    return element("ul", [element("li", each.text) for each in page.statements], class_="headline")


def dollar_section(page: RunPage) -> Html:
    """One dollar, hop by hop, and who keeps it."""
    flow = element(
        "figure",
        flow_drawings(page.flows, page.titles, page.number, page.scales),
        element("p", "Point at a bar, or reach it with the Tab key.", class_="readout", aria_live="polite"),
        class_="flows",
    )
    heads = ["", *page.flows.labels]
    rows = table(
        heads, flow_rows(page.flows, page.titles), "Cents of one dollar, means over the trajectories"
    )
    return join([flow, _missing(page), numbers(rows)])


def _missing(page: RunPage) -> Html | None:
    if page.flows.profit_interval is not None:
        return None
    words = (
        "Not in this run: the run kept no quantiles of dollar_profit. Add it to fans in [run] and run again."
    )
    return element("p", words, class_="note")


def maps_section(page: RunPage) -> Html:
    """The revenue map beside the profit map."""
    dataset, limits = page.view.dataset, page.scales.maps
    height = 0.42 * dataset.sizes["hop"] + 1.05
    sides: list[Which] = ["revenue", "profit"]
    maps = [
        page.panel(
            partial(plot_map, dataset, which=which, limits=limits),
            describe_map(dataset, which),
            height=height,
        )
        for which in sides
    ]
    heads = ["Hop"]
    for side in sides:
        heads += [f"{side}, start", f"{side}, horizon", "5 to 95%"]
    rows = table(
        heads, map_rows(page.view), "Shares of revenue and profit, medians ± Monte Carlo standard error"
    )
    return join([element("div", maps, class_="panels large"), numbers(rows)])


def fans_section(page: RunPage) -> Html:
    """Margin, profit and cents kept of each hop over time."""
    dataset = page.view.dataset
    groups = []
    for name, title in HOP_FANS.items():
        panels = [
            page.panel(
                partial(_fan, page, f"{name}.{hop}", page.scales.fan(name, hop)),
                describe_fan(dataset, f"{name}.{hop}"),
            )
            for hop in page.titles
        ]
        rows = table(
            yearly_heads(dataset, title),
            fan_rows(dataset, hop_series(dataset, name)),
            f"{title}: median (5 to 95%)",
        )
        groups.append(
            element(
                "div",
                element("h4", title, class_="print-only"),
                element("div", panels, class_="panels"),
                numbers(rows),
                class_="choice",
                data_choice=name,
                hidden=name != next(iter(HOP_FANS)),
            )
        )
    return join(groups)


def _fan(page: RunPage, name: str, limits: tuple[float, float], axes: object) -> None:
    plot_fan(page.view.dataset, axes, name, limits=limits)  # type: ignore[arg-type]


def fans_control() -> Html:
    """Choose which series the fans show."""
    first = next(iter(HOP_FANS))
    choices = [
        element(
            "label",
            element("input", type="radio", name="fan", value=name, checked=name == first),
            element("span", title),
        )
        for name, title in HOP_FANS.items()
    ]
    return element("fieldset", element("legend", "Show"), choices, class_="choices", data_for="fans")


def ruler_section(page: RunPage) -> Html:
    """The three factors of each hop's premium and their product."""
    dataset = page.view.dataset
    panels = [page.panel(partial(_ruler, page, hop), describe_ruler(dataset, hop)) for hop in page.titles]
    series = {
        f"{factor}.{hop}": f"{title}: {factor.replace('_', ' ')}"
        for hop, title in page.titles.items()
        for factor in (*FACTORS, "premium")
    }
    rows = table(yearly_heads(dataset, ""), mean_rows(dataset, series), "Factors and premium by hop, means")
    return join([element("div", panels, class_="panels"), numbers(rows)])


def _ruler(page: RunPage, hop: str, axes: object) -> None:
    plot_ruler(page.view.dataset, axes, hop)  # type: ignore[arg-type]
