"""Figures of a hindcast show the numbers of its scores."""

from __future__ import annotations

import numpy as np
import pytest

from sandwich_sim.plots.hindcast import FIGURES, TITLES, describe_hindcast, draw_hindcast
from sandwich_sim.plots.style import DARK, LIGHT
from sandwich_sim.results.coordinates import decimal_year
from sandwich_sim.studies.hindcast import run_hindcast


@pytest.fixture(scope="module")
def found():
    return run_hindcast(["hindcast_2025_07", "hindcast_2025_01"], trajectories=512)


def visible(figure):
    return [ax for ax in figure.axes if ax.get_visible()]


def test_every_observed_series_has_a_title(found):
    assert {item.observation.name for item in found.forecasts} <= set(TITLES)


def test_every_outcome_is_a_dot_at_its_value_and_date(found):
    panels = {
        ax.get_title(loc="left").partition(", bn")[0]: ax for ax in visible(draw_hindcast(found, "bands"))
    }
    for name, title in TITLES.items():
        seen = [item for item in found.outcomes if item.name == name]
        if title.partition(", bn")[0] not in panels or not seen:
            continue
        dots = [line for line in panels[title].get_lines() if line.get_marker() == "o"]
        drawn = {(float(dot.get_xdata()[0]), float(dot.get_ydata()[0])) for dot in dots}
        assert drawn == {(decimal_year(item.window.middle), item.value) for item in seen}, name


def test_each_origin_draws_its_own_median(found):
    ax = next(
        ax for ax in visible(draw_hindcast(found, "bands")) if ax.get_title(loc="left") == "Margin, memory"
    )
    band = next(band for band in found.bands if band.series == "margin.memory")
    lines = [line.get_ydata() for line in ax.get_lines() if len(line.get_ydata()) == band.days.size]
    assert any(np.array_equal(line, band.quantiles[2]) for line in lines)


def test_places_of_outcomes_are_drawn_by_origin_and_few_are_not_judged(found):
    panels = visible(draw_hindcast(found, "pit"))
    assert len(panels) == 2
    few, many = (ax.get_title(loc="left") for ax in panels)
    assert "15 outcomes" in few and "too few to judge" in few
    assert "26 outcomes" in many and "too few" not in many
    dots = [line.get_xdata()[0] for line in panels[0].get_lines() if line.get_marker() == "o"]
    assert sorted(dots) == sorted(item.transform for item in found.origins[0].forecasts)


def test_skill_is_drawn_against_both_baselines_or_marked_as_beyond(found):
    (ax,) = visible(draw_hindcast(found, "skill"))
    values = {
        float(line.get_xdata()[0])
        for line in ax.get_lines()
        if line.get_marker() == "o" and len(line.get_xdata())
    }
    beyond = [line for line in ax.get_lines() if line.get_marker() == "<"]
    wanted = [group.skill[kind].value for group in (*found.series, found.total) for kind in group.skill]
    assert {value for value in wanted if value >= -1.25} == values
    assert len(beyond) == sum(value < -1.25 for value in wanted)


@pytest.mark.parametrize("kind", FIGURES)
def test_figures_follow_the_theme_and_say_in_words_what_they_show(found, kind):
    for theme in (LIGHT, DARK):
        figure = draw_hindcast(found, kind, theme=theme)
        assert figure.get_facecolor()[:3] == pytest.approx(
            tuple(int(theme.background[i : i + 2], 16) / 255 for i in (1, 3, 5))
        )
    words = describe_hindcast(found, kind)
    group = next(group for group in found.series if group.name == "margin.memory")
    wanted = {
        "bands": f"Margin, memory: {group.n_inside} of {group.n} inside",
        "pit": found.words[0],
        "skill": f"Margin, memory {group.skill['persistence'].value:.2f}",
    }
    assert wanted[kind] in words
