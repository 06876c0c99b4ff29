"""One run on the page: what its sections are made of, each thing made once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sandwich_sim.analysis.article import Comparison, compare_with_article
from sandwich_sim.analysis.assumptions import Assumption, assumptions
from sandwich_sim.analysis.dollar_flows import DollarFlows
from sandwich_sim.analysis.headline import Statement, headline
from sandwich_sim.analysis.portfolio import Portfolio, analyze_portfolio
from sandwich_sim.analysis.run_view import RunView
from sandwich_sim.plots.catalogue import lab_of
from sandwich_sim.plots.quantities import hop_titles
from sandwich_sim.plots.style import new_panels
from sandwich_sim.report.html import Html, element
from sandwich_sim.report.scales import Scales
from sandwich_sim.report.svg import Embedder


@dataclass(frozen=True)
class RunPage:
    """A run being put on the page.

    Attributes
    ----------
    view : RunView
    number : int
        Its place among the runs of the page, from 1.
    embedder : Embedder
    label : str
        What it is called on the page.
    scales : Scales
        Of all runs of the page.
    is_alone : bool
        Whether it is the only run there.
    """

    view: RunView
    number: int
    embedder: Embedder
    label: str
    scales: Scales
    is_alone: bool = True

    @cached_property
    def titles(self) -> dict[str, str]:
        """Title of each hop."""
        return hop_titles(self.view.dataset)

    @cached_property
    def statements(self) -> list[Statement]:
        """The headline."""
        return headline(self.view)

    @cached_property
    def flows(self) -> DollarFlows:
        """The dollar's way."""
        return self.scales.flows[self.number - 1]

    @cached_property
    def portfolio(self) -> Portfolio:
        """The book on both maps."""
        view = self.view
        return analyze_portfolio(view.spec.portfolio, view.accumulators, view.trajectories)

    @cached_property
    def assumptions(self) -> list[Assumption]:
        """The drawn inputs."""
        return assumptions(self.view.spec)

    @cached_property
    def article(self) -> list[Comparison]:
        """The article's figures beside ours."""
        view = self.view
        return compare_with_article(view.dataset, view.spec, view.accumulators, view.trajectories.meta)

    @property
    def lab(self) -> str:
        """The hop with that role."""
        return lab_of(self.view)

    def panel(
        self, draw: Callable[[Axes], object], description: str, *, height: float = 2.3, class_: str = ""
    ) -> Html:
        """Draw one panel and put it into a figure element.

        Parameters
        ----------
        draw : callable
            Draws on the Axes it is given.
        description : str
            The figure in words.
        height : float
            [in]
        class_ : str
            For the page's style.
        """
        return draw_panel(draw, description, self.embedder, height=height, class_=class_)


def draw_panel(
    draw: Callable[[Axes], object],
    description: str,
    embedder: Embedder,
    *,
    height: float = 2.3,
    class_: str = "",
) -> Html:
    """Draw one panel, as `RunPage.panel`."""
    (axes,) = new_panels(1, height=height)
    draw(axes)
    figure = axes.get_figure(root=True)
    assert isinstance(figure, Figure)
    return element("figure", embedder.embed(figure, description), class_=f"panel {class_}".strip())
