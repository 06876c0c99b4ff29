"""Ticks are round and few, labels keep apart, text finds its room."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandwich_sim.plots.panel import Panel, nice_ticks, spread, text_width, tick_texts
from sandwich_sim.plots.quantities import Scale
from sandwich_sim.plots.style import LIGHT, new_figure, new_panels

SIZES = st.floats(1e-9, 1e9)


@given(low=st.floats(-1e9, 1e9), width=SIZES, n=st.integers(2, 8))
def test_ticks_are_within_the_range_evenly_spaced_and_about_as_many_as_wanted(low, width, n):
    high = low + max(width, 1e-6 * abs(low))
    ticks = nice_ticks(low, high, n)
    assert 2 <= len(ticks) <= 2 * n + 2
    steps = np.diff(ticks)
    assert (steps > 0).all()
    assert steps == pytest.approx(np.full(len(steps), steps[0]), rel=1e-6)
    slack = 1e-6 * (high - low)
    assert ticks[0] >= low - slack and ticks[-1] <= high + slack


def test_ticks_are_written_with_as_many_digits_as_they_need():
    assert tick_texts([-0.5, 0.0, 0.5], "") == ["−0.5", "0", "0.5"]
    assert tick_texts([0.0, 2.5, 5.0], "%") == ["0%", "2.5%", "5.0%"]
    assert tick_texts([0.0, 1000.0, 2000.0], "") == ["0", "1,000", "2,000"]
    assert tick_texts([0.0, 0.025, 0.05], "") == ["0", "0.025", "0.050"]


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=12), st.floats(0.01, 20))
def test_labels_keep_a_gap_their_order_and_their_center(places, gap):
    places = sorted(places)
    moved = spread(places, gap)
    assert all(b - a >= gap * (1 - 1e-9) for a, b in pairwise(moved))
    assert np.mean(moved) == pytest.approx(np.mean(places), abs=1e-6)


def test_labels_that_are_far_apart_stay_where_they_are():
    assert spread([0.0, 1.0, 5.0], 0.5) == [0.0, 1.0, 5.0]


@pytest.mark.parametrize(
    "low, high", [(np.nan, np.nan), (0.0, 0.0), (3.0, 3.0), (-np.inf, 1.0), (-2.0, -2.0)]
)
def test_a_range_without_width_still_makes_an_axis(low, high):
    (axes,) = new_panels(1)
    panel = Panel(axes, LIGHT)
    panel.values(low, high, Scale(1.0, "", ""))
    bottom, top = axes.get_ylim()
    assert bottom < top
    assert len(axes.texts) >= 2


def test_a_run_of_one_year_and_one_of_a_century_have_some_years_below():
    for years in (1, 100):
        (axes,) = new_panels(1)
        panel = Panel(axes, LIGHT)
        panel.years(np.linspace(2026.5, 2026.5 + years, 4 * years + 1))
        panel.finish("Title")
        shown = [text.get_text() for text in axes.texts if text.get_text().isdigit()]
        assert 1 <= len(shown) <= 6


def test_an_axes_of_the_user_keeps_its_place():
    _, axes = new_figure()
    before = axes.get_position().bounds
    panel = Panel(axes, LIGHT)
    panel.values(0.0, 1.0, Scale(1.0, "", ""))
    panel.finish("Title", "A note.")
    assert axes.get_position().bounds == before


def test_percent_signs_are_taken_for_wide():
    assert text_width("100%") > text_width("1001")
    assert text_width("il") < text_width("mm")
