"""Runs side by side are drawn on one scale, so that equal heights are equal numbers."""

import re

import pytest

from sandwich_sim.plots import capital, events, fans, margins, prices
from sandwich_sim.plots.catalogue import lab_of, shown_events
from sandwich_sim.plots.style import new_panels
from sandwich_sim.report.flow_svg import flow_drawings
from sandwich_sim.report.scales import Scales
from small_runs import FOURTEEN_HOPS, small_view


def views():
    return small_view("base", "outcomes", 4096), small_view("capex_bust")


def drawings(scales, place):
    """Every panel about the labs and what feeds them, on the scale of a page."""
    view, paths = scales.views[place], scales.paths[place]
    data, lab, names = view.dataset, lab_of(view), shown_events(view)
    yield margins.plot_lab_margins(data, panel(), lab=lab, limits=scales.lab_margins)
    yield margins.plot_margin_split(data, panel(), limits=scales.margin_split)
    yield events.plot_watch(data, panel(), paths=paths, limits=scales.watch)
    yield events.plot_events(data, panel(), events=names, top=scales.events_top)
    yield prices.plot_token_price(data, panel(), limits=scales.token_price)
    yield fans.plot_fan(data, panel(), "gap", limits=scales.gap)
    yield capital.plot_capital(data, panel(), limits=scales.capital)
    yield capital.plot_capital_per_dollar(data, panel(), limits=scales.capital_per_dollar)


def panel():
    return new_panels(1)[0]


def test_panels_of_two_runs_share_their_scales_which_hold_both():
    both = Scales(views())
    alone = [[axes.get_ylim() for axes in drawings(Scales([view]), 0)] for view in views()]
    shared = [[axes.get_ylim() for axes in drawings(both, place)] for place in range(2)]
    assert shared[0] == shared[1]
    assert alone[0] != alone[1]
    for (low, high), *each in zip(shared[0], *alone, strict=True):
        room = 0.1 * (high - low)  # ticks end where they are round
        assert all(low <= start + room and end <= high + room for start, end in each)


def test_a_page_of_one_run_has_the_scales_of_that_run():
    (view,) = views()[:1]
    assert Scales([view]).capital == capital.capital_limits(view.dataset)
    assert Scales([view]).watch == events.watch_limits(view.dataset, Scales([view]).paths[0])


@pytest.mark.parametrize(("amount", "word", "fill"), [(12.5, "add", "hatch"), (-12.5, "take out", "none")])
def test_investors_who_take_money_out_are_not_drawn_as_if_they_paid_in(amount, word, fill):
    view = small_view(FOURTEEN_HOPS)
    scales = Scales([view])
    (flows,) = scales.flows
    flows.financing[-1] = amount
    drawn = str(flow_drawings(flows, {hop: hop for hop in flows.hops}, 1, scales))
    last = drawn.rpartition('class="flow-year"')[2]
    bars = [each for each in re.findall(r"<g .*?</g>", last) if "Capital account" in each]
    assert len(bars) == 2  # wide and narrow
    for bar in bars:
        assert re.search(rf"investors {word} 1[23]¢", bar)
        assert ("url(#hatch" in bar) == (fill == "hatch")
        assert ('fill="none"' in bar) == (fill == "none")
