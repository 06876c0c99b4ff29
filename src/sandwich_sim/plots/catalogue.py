"""Every figure of a run by name, whole and ready to save: what `sandwich-sim plot` draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sandwich_sim.analysis.article import compare_with_article
from sandwich_sim.analysis.assumptions import assumptions
from sandwich_sim.analysis.dollar_flows import dollar_flows
from sandwich_sim.analysis.falsified import paths_of_event
from sandwich_sim.analysis.portfolio import Portfolio, analyze_portfolio
from sandwich_sim.analysis.portfolio_shares import share_densities
from sandwich_sim.analysis.run_view import RunView
from sandwich_sim.errors import UsageError
from sandwich_sim.plots.article import describe_article, plot_article
from sandwich_sim.plots.assumptions import plot_assumption
from sandwich_sim.plots.capital import (
    describe_capital,
    describe_capital_per_dollar,
    plot_capital,
    plot_capital_per_dollar,
)
from sandwich_sim.plots.dollar import describe_dollar, plot_dollar
from sandwich_sim.plots.events import READINGS, describe_events, describe_watch, plot_events, plot_watch
from sandwich_sim.plots.fans import HOP_FANS, KEY, describe_fan, fan_limits, plot_fan
from sandwich_sim.plots.flow import describe_flow, plot_flow
from sandwich_sim.plots.maps import describe_map, map_limits, plot_map
from sandwich_sim.plots.margins import (
    describe_lab_margins,
    describe_margin_split,
    plot_lab_margins,
    plot_margin_split,
)
from sandwich_sim.plots.portfolio import (
    describe_book_parts,
    describe_drivers,
    describe_positions,
    plot_book_parts,
    plot_drivers,
    plot_positions,
)
from sandwich_sim.plots.prices import describe_token_price, plot_token_price
from sandwich_sim.plots.quantities import hop_titles, record_at, record_label, scale_of
from sandwich_sim.plots.ruler import KEY as RULER_KEY
from sandwich_sim.plots.ruler import KEY_OF_DASHES, MOST_WITH_NAMES, describe_ruler, plot_ruler
from sandwich_sim.plots.style import LIGHT, Size, Theme, new_figure, new_panels, plain_text

MOST_ON_A_SLIDE = 24
"""Inputs whose densities a slide holds; more make a page, as long as they need."""


MOST_IN_TWO_ROWS = 16
"""Hops with a panel each that a slide shows in two rows."""


@dataclass(frozen=True)
class Wish:
    """What is to be drawn, and how.

    Attributes
    ----------
    view : RunView
    theme : Theme
    size : {"slide", "page", "phone"}
    hop : str, optional
        Only this hop, for figures with a panel a hop.
    at : str, optional
        A date, for figures of one moment.
    """

    view: RunView
    theme: Theme = LIGHT
    size: Size = "slide"
    hop: str | None = None
    at: str | None = None

    @property
    def hops(self) -> list[str]:
        """The hop that is wanted, or all."""
        known = list(hop_titles(self.view.dataset))
        if self.hop is None:
            return known
        if self.hop not in known:
            raise UsageError(f"the run has no hop {self.hop}. It has {', '.join(known)}.")
        return [self.hop]

    def panels(
        self,
        n: int,
        height: float = 2.3,
        heading: tuple[str, str] | None = None,
        on_slide: int | None = None,
    ) -> list[Axes]:
        """New panels in the wanted size and theme."""
        return new_panels(n, self.size, self.theme, height=height, heading=heading, on_slide=on_slide)

    def hop_panels(self, title: str, key: str) -> list[Axes]:
        """One panel for each wanted hop; under a common heading, and in few rows of a slide, if many.

        A slide is wide: many hops in few rows leave each a panel that is taller than its heading.
        """
        n = len(self.hops)
        if n == 1:
            return self.panels(1)
        on_slide = ceil(n / (2 if n <= MOST_IN_TWO_ROWS else 3)) if n > 3 else n
        return self.panels(n, heading=(title, key), on_slide=on_slide)


@dataclass(frozen=True)
class Kind:
    """A figure.

    Attributes
    ----------
    title : str
        What it shows, in a few words.
    draw : callable
        From a `Wish` to the figure and its description in words.
    takes : tuple of str
        ``hop``, ``at``: the choices it knows.
    """

    title: str
    draw: Callable[[Wish], tuple[Figure, str]]
    takes: tuple[str, ...] = ()


def draw(kind: str, wish: Wish) -> tuple[Figure, str]:
    """Draw a figure of the catalogue.

    Returns
    -------
    tuple of Figure and str
        The figure, and what it shows in words.

    Raises
    ------
    UsageError
        If there is no such figure, it does not know a choice, or the run lacks what it needs.
    """
    if kind not in KINDS:
        raise UsageError(f"there is no figure {kind!r}. There are {', '.join(KINDS)}.")
    for choice in ("hop", "at"):
        if getattr(wish, choice) is not None and choice not in KINDS[kind].takes:
            able = [name for name, each in KINDS.items() if choice in each.takes]
            raise UsageError(f"the figure {kind} takes no --{choice}. These do: {', '.join(able)}.")
    with plain_text():
        return KINDS[kind].draw(wish)


def moved_date(kind: str, wish: Wish) -> str:
    """Say which record a figure shows where the date that was asked for is none; else nothing."""
    if wish.at is None or wish.at in ("start", "horizon"):
        return ""
    dataset = wish.view.dataset
    record = record_at(dataset, wish.at)
    every = wish.view.spec.steps_per_year
    shown = _year_of(wish) * every if kind == "flow" else record
    day = dataset["time"].values[shown].astype("datetime64[D]")
    if str(day).startswith(wish.at) and not wish.at.isdigit():
        return ""
    kept = "; flows are kept once a year" if shown % every or shown != record else ""
    return f"{wish.at}: shown is the record of {record_label(dataset, shown)}{kept}."


def _figure(axes: Sequence[Axes]) -> Figure:
    figure = axes[0].get_figure(root=True)
    assert isinstance(figure, Figure)
    return figure


def _dollar(wish: Wish) -> tuple[Figure, str]:
    dataset = wish.view.dataset
    figure, axes = new_figure(wish.size, wish.theme, n_row=dataset.sizes["hop"])
    plot_dollar(dataset, axes, at=wish.at, theme=wish.theme)
    return figure, describe_dollar(dataset, at=wish.at)


def _flow(wish: Wish) -> tuple[Figure, str]:
    view = wish.view
    flows, titles = dollar_flows(view.dataset, view.spec), hop_titles(view.dataset)
    year = _year_of(wish)
    panels = wish.panels(1, 0.6 * (len(flows.hops) + 2))
    plot_flow(flows, panels[0], titles=titles, year=year, theme=wish.theme)
    return _figure(panels), describe_flow(flows, titles, year)


def _year_of(wish: Wish) -> int:
    """The yearly record nearest to the date that is wanted; of two, the later one."""
    return int(record_at(wish.view.dataset, wish.at) / wish.view.spec.steps_per_year + 0.5)


def _maps(wish: Wish) -> tuple[Figure, str]:
    dataset = wish.view.dataset
    panels = wish.panels(2, 0.44 * dataset.sizes["hop"] + 1.1)
    limits = map_limits(dataset)
    plot_map(dataset, panels[0], which="revenue", theme=wish.theme, limits=limits)
    plot_map(dataset, panels[1], which="profit", theme=wish.theme, limits=limits)
    return _figure(panels), f"{describe_map(dataset, 'revenue')} {describe_map(dataset, 'profit')}"


def _fans(name: str) -> Callable[[Wish], tuple[Figure, str]]:
    def drawn(wish: Wish) -> tuple[Figure, str]:
        dataset, hops = wish.view.dataset, wish.hops
        limits = fan_limits(dataset, name) if len(hops) > 1 else None
        is_alone = len(hops) == 1
        unit = f", {scale_of(name).unit}" if scale_of(name).unit else ""
        panels = wish.hop_panels(f"{HOP_FANS[name]}{unit}", KEY)
        for hop, axes in zip(hops, panels, strict=True):
            title = "" if is_alone else hop_titles(dataset)[hop]
            plot_fan(
                dataset, axes, f"{name}.{hop}", theme=wish.theme, limits=limits, title=title, has_key=is_alone
            )
        return _figure(panels), " ".join(describe_fan(dataset, f"{name}.{hop}") for hop in hops)

    return drawn


def _fan(name: str) -> Callable[[Wish], tuple[Figure, str]]:
    def drawn(wish: Wish) -> tuple[Figure, str]:
        panels = wish.panels(1)
        plot_fan(wish.view.dataset, panels[0], name, theme=wish.theme)
        return _figure(panels), describe_fan(wish.view.dataset, name)

    return drawn


def _ruler(wish: Wish) -> tuple[Figure, str]:
    dataset, hops = wish.view.dataset, wish.hops
    is_alone = len(hops) == 1
    are_wide = wish.size != "slide" or len(hops) <= MOST_WITH_NAMES
    panels = wish.hop_panels("The ruler", f"{RULER_KEY}." if are_wide else KEY_OF_DASHES)
    for hop, axes in zip(hops, panels, strict=True):
        title = "" if is_alone else hop_titles(dataset)[hop]
        plot_ruler(dataset, axes, hop, theme=wish.theme, title=title, has_key=is_alone, has_names=are_wide)
    return _figure(panels), " ".join(describe_ruler(dataset, hop) for hop in hops)


def lab_of(view: RunView) -> str:
    """Return the hop with that role."""
    return next(hop.name for hop in view.spec.hops if hop.role == "lab")


def _lab_margins(wish: Wish) -> tuple[Figure, str]:
    dataset, lab, panels = wish.view.dataset, lab_of(wish.view), wish.panels(1)
    plot_lab_margins(dataset, panels[0], theme=wish.theme, lab=lab)
    return _figure(panels), describe_lab_margins(dataset, lab)


def _margin_split(wish: Wish) -> tuple[Figure, str]:
    panels = wish.panels(1)
    plot_margin_split(wish.view.dataset, panels[0], theme=wish.theme)
    return _figure(panels), describe_margin_split(wish.view.dataset)


def _watch(wish: Wish) -> tuple[Figure, str]:
    paths = paths_of_event(wish.view.trajectories, READINGS[0], "all_in_margin")
    panels = wish.panels(1)
    plot_watch(wish.view.dataset, panels[0], paths=paths, theme=wish.theme)
    return _figure(panels), describe_watch(wish.view.dataset, paths)


def _events(wish: Wish) -> tuple[Figure, str]:
    events = shown_events(wish.view)
    panels = wish.panels(1)
    plot_events(wish.view.dataset, panels[0], events=events, theme=wish.theme)
    return _figure(panels), describe_events(wish.view.dataset, events)


def shown_events(view: RunView) -> tuple[str, ...]:
    """Return the events that a figure shows: both readings first, four at most."""
    names = [event.name for event in view.spec.events]
    return tuple(dict.fromkeys([*(name for name in READINGS if name in names), *names]))[:4]


def _token_price(wish: Wish) -> tuple[Figure, str]:
    panels = wish.panels(1)
    plot_token_price(wish.view.dataset, panels[0], theme=wish.theme)
    return _figure(panels), describe_token_price(wish.view.dataset)


def _capital(wish: Wish) -> tuple[Figure, str]:
    panels = wish.panels(1)
    plot_capital(wish.view.dataset, panels[0], theme=wish.theme)
    return _figure(panels), describe_capital(wish.view.dataset)


def _capital_per_dollar(wish: Wish) -> tuple[Figure, str]:
    panels = wish.panels(1)
    plot_capital_per_dollar(wish.view.dataset, panels[0], theme=wish.theme)
    return _figure(panels), describe_capital_per_dollar(wish.view.dataset)


def _book(wish: Wish) -> Portfolio:
    view = wish.view
    found = analyze_portfolio(view.spec.portfolio, view.accumulators, view.trajectories)
    if found.missing:
        raise UsageError(f"this figure {found.missing}: it shows trajectories one by one.")
    return found


def _positions(wish: Wish) -> tuple[Figure, str]:
    book, view = _book(wish), wish.view
    panels = wish.panels(1, 0.62 * len(book.positions) + 1.9)
    plot_positions(book, share_densities(view.spec.portfolio, view.trajectories), panels[0], theme=wish.theme)
    return _figure(panels), describe_positions(book)


def _book_parts(wish: Wish) -> tuple[Figure, str]:
    book = _book(wish)
    panels = wish.panels(1, 0.5 * len(book.by_hop) + 1.4)
    plot_book_parts(book, panels[0], theme=wish.theme)
    return _figure(panels), describe_book_parts(book)


def _drivers(wish: Wish) -> tuple[Figure, str]:
    book, titles = _book(wish), hop_titles(wish.view.dataset)
    panels = wish.panels(1, 4.4)
    plot_drivers(book, panels[0], titles=titles, theme=wish.theme)
    return _figure(panels), describe_drivers(book, titles)


def _assumptions(wish: Wish) -> tuple[Figure, str]:
    found = assumptions(wish.view.spec)
    if wish.hop is not None:
        found = [each for each in found if wish.hops[0] in each.name.replace("-", ".").split(".")[1:-1]]
    if not found:
        raise UsageError(
            "no input of that hop is drawn." if wish.hop else "no input of the scenario is drawn."
        )
    if wish.size == "slide" and len(found) > MOST_ON_A_SLIDE:
        wish = replace(wish, size="page")
    panels = wish.panels(len(found), 1.7)
    for each, axes in zip(found, panels, strict=True):
        plot_assumption(each, axes, theme=wish.theme)
    words = [f"{each.name} {each.quantiles[1]:.3g}" for each in found]
    return _figure(panels), f"Densities of drawn inputs, with medians: {', '.join(words)}."


def _article(wish: Wish) -> tuple[Figure, str]:
    view = wish.view
    found = compare_with_article(view.dataset, view.spec, view.accumulators, view.trajectories.meta)
    panels = wish.panels(1, 0.5 * len(found) + 1.2)
    plot_article(found, panels[0], theme=wish.theme)
    return _figure(panels), describe_article(found)


KINDS: dict[str, Kind] = {
    "flow": Kind("where one dollar goes, hop by hop", _flow, ("at",)),
    "dollar": Kind("cents of a dollar that each hop keeps", _dollar, ("at",)),
    "maps": Kind("the revenue map and the profit map", _maps),
    "margin": Kind("operating margin of each hop over time", _fans("margin"), ("hop",)),
    "profit": Kind("operating profit of each hop over time", _fans("profit"), ("hop",)),
    "cents": Kind("cents of a dollar kept by each hop over time", _fans("dollar_profit"), ("hop",)),
    "ruler": Kind("scarcity, monopoly, pricing power and their product", _ruler, ("hop",)),
    "lab-margins": Kind("the labs' margin on serving, all in, and operating", _lab_margins),
    "margin-split": Kind("what the labs' serving margin is made of", _margin_split),
    "watch": Kind("the labs' all-in margin and the paths that falsify", _watch),
    "events": Kind("probability of each event by year", _events),
    "token-price": Kind("price and cost of a token", _token_price),
    "gap": Kind("the capability gap", _fan("gap")),
    "capital": Kind("capital spending, depreciation and what users pay", _capital),
    "capital-per-dollar": Kind("capital spending for each dollar that users pay", _capital_per_dollar),
    "positions": Kind("the book's positions on both maps", _positions),
    "book": Kind("what the book is made of", _book_parts),
    "drivers": Kind("inputs that move the book most", _drivers),
    "assumptions": Kind("densities of the drawn inputs", _assumptions, ("hop",)),
    "article": Kind("the article's figures beside ours", _article),
}
"""Every figure by its name on the command line."""
