"""What the figures draw is what the dataset holds."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.collections import PolyCollection

import sandwich_sim
from sandwich_sim.analysis.dollar_flows import USERS, dollar_flows
from sandwich_sim.analysis.falsified import paths_of_event, share_above_zero
from sandwich_sim.errors import UsageError
from sandwich_sim.plots.capital import (
    capital_per_dollar,
    describe_capital_per_dollar,
    plot_capital_per_dollar,
)
from sandwich_sim.plots.events import plot_events, plot_watch
from sandwich_sim.plots.fans import fan_limits, plot_fan
from sandwich_sim.plots.flow_layout import lay_out
from sandwich_sim.plots.maps import WIDEST, map_limits, map_shares, plot_map
from sandwich_sim.plots.margins import margin_parts, plot_margin_split
from sandwich_sim.plots.quantities import decimal_years, fan_of, interval, number, record_at, scale_of
from sandwich_sim.plots.ruler import ruler_of
from sandwich_sim.plots.style import LIGHT, color_pairs, hop_colors, new_panels
from small_runs import FOURTEEN_HOPS, small_view


def base():
    return small_view("base", "outcomes", 4096)


def dataset():
    return base().dataset


def panel():
    return new_panels(1)[0]


def test_a_fan_is_the_stored_quantiles_in_percent():
    axes = plot_fan(dataset(), panel(), "margin.chips")
    stored = 100.0 * dataset()["margin_quantile"].sel(hop="chips")
    (line,) = [line for line in axes.lines if len(line.get_xdata()) > 2]
    assert line.get_ydata() == pytest.approx(stored.sel(quantile=0.5).values)
    outer, inner = [part for part in axes.collections if isinstance(part, PolyCollection)]
    for band, levels in ((outer, (0.05, 0.95)), (inner, (0.25, 0.75))):
        heights = band.get_paths()[0].vertices[:, 1]
        ends = [float(stored.sel(quantile=level).values.min()) for level in levels]
        assert heights.min() == pytest.approx(min(ends))
    assert hop_colors(["chips"])["chips"] == line.get_color()


def test_a_series_without_quantiles_is_drawn_as_a_mean_and_says_so():
    axes = plot_fan(dataset(), panel(), "revenue.chips")
    (line,) = [line for line in axes.lines if len(line.get_xdata()) > 2]
    assert line.get_ydata() == pytest.approx(dataset()["revenue_mean"].sel(hop="chips").values)
    assert any("no quantiles kept" in text.get_text() for text in axes.texts)


def test_all_hops_share_one_scale_but_for_money():
    low, high = fan_limits(dataset(), "margin")
    shown = 100.0 * dataset()["margin_quantile"].values
    assert (low, high) == pytest.approx((shown.min(), shown.max()))
    assert fan_limits(dataset(), "profit") is None


def test_a_map_shows_the_table_of_the_run():
    start, horizon = map_shares(dataset(), "profit")
    chips = next(hop for hop in base().summary.hops if hop.hop == "chips")
    row = [hop.hop for hop in base().summary.hops].index("chips")
    for shares, end in ((start, "start"), (horizon, "horizon")):
        table = [100.0 * chips.profit_share[end].quantiles[q].value for q in (0.05, 0.5, 0.95)]
        assert shares[row] == pytest.approx(table)
    with pytest.raises(UsageError, match="open_view"):
        plot_map(dataset().drop_vars("profit_share_end"), panel(), which="profit")


def test_an_arrow_of_a_map_leads_from_the_start_to_the_horizon_and_has_a_head_where_there_is_room():
    shown = dataset().copy(deep=True)
    shares = shown["profit_share_end"].transpose("end", "hop", "level")
    shares[0, 0, 1], shares[1, 0, 1] = -0.1, 0.5  # a long way
    shares[0, 1, 1], shares[1, 1, 1] = 0.2, 0.2001  # hardly any
    shown["profit_share_end"] = shares
    axes = plot_map(shown, panel(), which="profit", limits=(-20.0, 60.0))
    axes.figure.canvas.draw()
    arrows = [text for text in axes.texts if getattr(text, "arrowprops", None)]
    assert len(arrows) == shown.sizes["hop"]
    assert (arrows[0].xyann, arrows[0].xy) == (pytest.approx((-10.0, 0)), pytest.approx((50.0, 0)))
    heads = [arrow.arrowprops["arrowstyle"] for arrow in arrows[:2]]
    assert heads == ["-|>", "-"]


def test_shares_of_next_to_nothing_do_not_flatten_the_others():
    shown = dataset().copy(deep=True)
    assert "arrow" not in " ".join(text.get_text() for text in plot_map(shown, panel(), which="profit").texts)
    shown["profit_share_end"].loc[{"end": shown["end"][-1], "hop": "chips", "level": 0.95}] = 90.0
    assert map_limits(shown)[1] == pytest.approx(WIDEST[1])
    axes = plot_map(shown, panel(), which="profit")
    words = " ".join(text.get_text() for text in axes.texts).replace("\n", " ")
    assert "arrow" in words and "9,000%" in words


def test_the_parts_of_the_serving_margin_add_up_to_it():
    parts = margin_parts(dataset())
    total = np.sum(list(parts.values()), axis=0)
    axes = plot_margin_split(dataset(), panel())
    line = max((line for line in axes.lines), key=lambda line: len(line.get_xdata()))
    assert line.get_ydata() == pytest.approx(total)


def test_what_is_built_beyond_what_wears_out_is_what_investors_add():
    cents = capital_per_dollar(dataset())
    assert cents["capex"] - cents["depreciation"] == pytest.approx(cents["financing"], abs=1e-6)
    axes = plot_capital_per_dollar(dataset(), panel())
    drawn = [line.get_ydata() for line in axes.lines if len(line.get_ydata()) == dataset().sizes["time"]]
    assert drawn[0] == pytest.approx(cents["depreciation"]) and drawn[1] == pytest.approx(cents["capex"])
    assert f"investors add {number(cents['financing'][0], '¢')}" in describe_capital_per_dollar(dataset())


def test_the_ruler_multiplies_the_three_means():
    factors, product = ruler_of(dataset(), "memory")
    expected = np.prod([dataset()[f"{name}_mean"].sel(hop="memory").values for name in factors], axis=0)
    assert product == pytest.approx(expected)


def test_single_paths_are_those_of_trajectories_in_which_the_event_happens():
    paths = paths_of_event(base().trajectories, "thesis_falsified", "all_in_margin")
    whole = sandwich_sim.open_run(base().folder)
    flags = whole["event_flag"].sel(event="thesis_falsified").values
    assert paths.n_found == flags.sum()
    assert paths.trajectories == tuple(np.flatnonzero(flags)[: len(paths.values)])
    stored = whole["all_in_margin"].isel(trajectory=list(paths.trajectories)).values
    assert np.array_equal(paths.values, stored.T)
    axes = plot_watch(dataset(), panel(), paths=paths)
    thin = [line for line in axes.lines if len(line.get_xdata()) == 11]
    assert len(thin) == len(paths.values)
    assert paths_of_event(base().trajectories, "no_such_event", "all_in_margin") is None


@pytest.mark.parametrize("year", [0, 5, -1])
def test_the_part_above_zero_is_the_same_from_trajectories_and_from_the_histogram(year):
    exact, n = share_above_zero(base().trajectories, base().accumulators, "all_in_margin", year)
    assert n == 4096
    margins = sandwich_sim.open_run(base().folder)["all_in_margin"]
    assert exact.value == pytest.approx((margins.isel(year=year).values > 0.0).mean())
    summary = small_view("base", "summary", 4096)
    read, n = share_above_zero(summary.trajectories, summary.accumulators, "all_in_margin", year)
    assert n == 4096
    assert abs(read.value - exact.value) <= max(2.0 * read.standard_error, 2e-3)


def test_probabilities_of_events_are_drawn_by_year():
    axes = plot_events(dataset(), panel(), events=("thesis_falsified", "no_such_event"))
    (line,) = [line for line in axes.lines if len(line.get_xdata()) == 11]
    stored = dataset()["event_probability"].sel(event="thesis_falsified").values
    assert line.get_ydata() == pytest.approx(100.0 * stored)


@pytest.mark.parametrize("scenario", ["base", FOURTEEN_HOPS], ids=["base", "14"])
def test_bars_and_bands_of_the_flow_fit_together(scenario):
    view = small_view(scenario)
    flows = dollar_flows(view.dataset, view.spec)
    for year in (0, 10):
        bars, bands = lay_out(flows, year)
        by_hop = {bar.hop: bar for bar in bars}
        assert by_hop[USERS].right - by_hop[USERS].left == pytest.approx(100.0)
        for band in bands:
            assert band.bottom > band.top
            assert band.start[1] - band.start[0] == pytest.approx(band.amount)
            assert band.end[1] - band.end[0] == pytest.approx(band.amount)
            for (left, right), bar in ((band.start, by_hop[band.buyer]), (band.end, by_hop[band.supplier])):
                assert bar.left - 1e-9 <= left and right <= bar.right + 1e-9
        for place, hop in enumerate(flows.hops):
            widths = dict.fromkeys(("paid", "profit", "outside", "investors"), 0.0)
            for segment in by_hop[hop].segments:
                widths[segment.kind] += segment.width
            assert widths["profit"] - widths["investors"] == pytest.approx(
                flows.profit[year, place], abs=1e-6
            )
            arrives = flows.arriving(year)[place]
            assert by_hop[hop].right - by_hop[hop].left == pytest.approx(
                arrives + widths["investors"], abs=1e-6
            )
        for supplier in flows.hops:
            ends = sorted(band.end for band in bands if band.supplier == supplier)
            assert all(b[0] >= a[1] - 1e-9 for a, b in pairwise(ends))


@pytest.mark.parametrize(
    ("value", "suffix", "text"),
    [
        (0.0, "", "0"),
        (-0.001, "%", "0%"),
        (9.94, "%", "9.9%"),
        (9.96, "%", "10%"),
        (-12.4, "¢", "−12¢"),
        (1234.6, "", "1,235"),
        (0.000123, "", "0.00012"),
        (3.14159, "", "3.14"),
        (1e-9, "", "1.0e−09"),
        (float("nan"), "%", "not defined"),
    ],
)
def test_numbers_are_written_for_people(value, suffix, text):
    assert number(value, suffix) == text


def test_intervals_name_their_unit_once():
    assert interval(-1.25, 30.0, "%") == "−1.2 to 30%"


def test_records_are_found_by_date():
    assert [record_at(dataset(), at) for at in (None, "start", "2031", "2031-07-01", "2036-07")] == [
        40,
        0,
        20,
        20,
        40,
    ]
    assert decimal_years(dataset())[[0, -1]] == pytest.approx([2026.496, 2036.497], abs=0.001)


def test_an_unknown_hop_or_series_is_refused():
    with pytest.raises(UsageError, match=r"no hop grid\. It has app"):
        fan_of(dataset(), "margin.grid")
    with pytest.raises(UsageError, match="no series marge"):
        fan_of(dataset(), "marge.lab")
    assert scale_of("dollar_profit").suffix == "¢"


def test_every_color_of_a_figure_has_a_partner_on_the_dark_ground():
    pairs = color_pairs(("app", "grid", "lab"))
    assert pairs[LIGHT.background] != LIGHT.background
    assert set(hop_colors(("app", "grid", "lab")).values()) <= set(pairs)
