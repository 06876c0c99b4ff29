"""One scale for all runs of a page, so that equal lengths are equal numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sandwich_sim.analysis.dollar_flows import DollarFlows, dollar_flows
from sandwich_sim.analysis.falsified import SinglePaths, paths_of_event
from sandwich_sim.plots.capital import capital_limits, capital_per_dollar_limits
from sandwich_sim.plots.catalogue import lab_of, shown_events
from sandwich_sim.plots.events import READINGS, events_top, watch_limits
from sandwich_sim.plots.fans import fan_limits, fan_range
from sandwich_sim.plots.flow_layout import lay_out
from sandwich_sim.plots.maps import map_limits
from sandwich_sim.plots.margins import lab_margin_limits, margin_split_limits
from sandwich_sim.plots.prices import token_price_limits
from sandwich_sim.plots.quantities import fan_of

if TYPE_CHECKING:
    from sandwich_sim.analysis.run_view import RunView

Limits = tuple[float, float]


class Scales:
    """Ranges over all runs of a page.

    Parameters
    ----------
    views : sequence of RunView
    """

    def __init__(self, views: Sequence[RunView]) -> None:
        self.views = tuple(views)

    @cached_property
    def flows(self) -> tuple[DollarFlows, ...]:
        """The dollar's way in each run."""
        return tuple(dollar_flows(view.dataset, view.spec) for view in self.views)

    @cached_property
    def reach(self) -> float:
        """How far bars and the capital account go, over all years [cent]."""
        ends = [100.0]
        for flows in self.flows:
            ends += [abs(float(amount)) for amount in flows.financing if np.isfinite(amount)]
            ends += [bar.right for year in range(len(flows.labels)) for bar in lay_out(flows, year)[0]]
        return max(ends)

    @cached_property
    def cents(self) -> Limits:
        """Range of the cents kept, over all years, and zero [cent]."""
        kept = [flows.profit_interval.ravel() for flows in self.flows if flows.profit_interval is not None]
        shown = np.concatenate([*kept, [0.0, 1.0]])
        return float(np.nanmin(shown)), float(np.nanmax(shown))

    @cached_property
    def paths(self) -> tuple[SinglePaths | None, ...]:
        """Single paths of each run that falsify the thesis in the author's words."""
        return tuple(paths_of_event(view.trajectories, READINGS[0], "all_in_margin") for view in self.views)

    @cached_property
    def lab_margins(self) -> Limits:
        """Range of the labs' margins [%]."""
        return self._over(lambda view: lab_margin_limits(view.dataset, lab_of(view)))

    @cached_property
    def margin_split(self) -> Limits:
        """Range of ln(price / cost) and its parts [1]."""
        return self._over(lambda view: margin_split_limits(view.dataset))

    @cached_property
    def watch(self) -> Limits:
        """Range of the all-in margin and the single paths over it [%]."""
        return _hull(
            [watch_limits(v.dataset, paths) for v, paths in zip(self.views, self.paths, strict=True)]
        )

    @cached_property
    def events_top(self) -> float:
        """The largest probability of an event [%]."""
        return max(events_top(view.dataset, shown_events(view)) for view in self.views)

    @cached_property
    def token_price(self) -> Limits:
        """Range of the prices of a token [index]."""
        return self._over(lambda view: token_price_limits(view.dataset))

    @cached_property
    def gap(self) -> Limits:
        """Range of the capability gap, and zero [months]."""
        return fan_range([fan_of(view.dataset, "gap") for view in self.views])

    @cached_property
    def capital(self) -> Limits:
        """Range of the capital account [bn USD/yr]."""
        return self._over(lambda view: capital_limits(view.dataset))

    @cached_property
    def capital_per_dollar(self) -> Limits:
        """Range of the capital account for each dollar of users [cent]."""
        return self._over(lambda view: capital_per_dollar_limits(view.dataset))

    def _over(self, limits: Callable[[RunView], Limits]) -> Limits:
        return _hull([limits(view) for view in self.views])

    @cached_property
    def maps(self) -> Limits:
        """Range of both maps [%]."""
        return self._over(lambda view: map_limits(view.dataset))

    def fan(self, name: str, hop: str) -> Limits:
        """Range of a series of a hop: of all hops for margins and cents, of this one for money."""
        found = [fan_limits(view.dataset, name) for view in self.views]
        known = [limits for limits in found if limits is not None]
        if known:
            return _hull(known)
        fans = [
            fan_of(view.dataset, f"{name}.{hop}") for view in self.views if hop in view.dataset["hop"].values
        ]
        return fan_range(fans)


def _hull(limits: Sequence[Limits]) -> Limits:
    return min(low for low, _ in limits), max(high for _, high in limits)
