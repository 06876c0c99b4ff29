"""Figures of update and watch: light and dark, with words for those who cannot see them."""

from datetime import date

import pytest

from sandwich_sim.plots.style import DARK, LIGHT, plain_text, save_figure
from sandwich_sim.plots.update import update_figures
from sandwich_sim.plots.watch import watch_figures
from sandwich_sim.scenario.evidence import Evidence, Observation
from sandwich_sim.studies.update import update
from sandwich_sim.studies.watch import watch


def evidence(error):
    days = (date(2026, 10, 1), date(2027, 1, 1))
    return Evidence(
        "", "costs $5 & $6", (Observation(0, "gap", *days, "records", 4.0, error, error, when="2026Q4"),)
    )


@pytest.fixture(scope="module")
def updated():
    return update(["base", "price_war"], evidence(3.0), trajectories=2048)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_every_scenario_has_its_figures(updated, theme, tmp_path):
    with plain_text():
        figures = list(update_figures(updated, theme))
        save_figure(figures[0][1], tmp_path / "first.png", scale=0.5)
    names = [name for name, _, _ in figures]
    assert len(names) == len(set(names))
    for scenario in ("base", "price_war"):
        for kind in ("observations", "events", "inputs", "cents_kept-horizon"):
            assert f"{scenario}-{kind}" in names
    assert all(words.endswith(".") for _, _, words in figures)
    assert (tmp_path / "first.png").stat().st_size > 2000


def test_where_numbers_are_refused_only_what_was_seen_is_drawn():
    refused = update(["base"], evidence(0.001), trajectories=512)
    assert [name for name, _, _ in update_figures(refused, LIGHT)] == ["observations"]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_watch_draws_the_path_and_what_the_next_quarter_changes(theme):
    found = watch("base", ["2026Q3=-0.05"], trajectories=2048, error=0.15)
    figures = list(watch_figures(found, theme))
    assert [name for name, _, _ in figures] == ["path", "next-thesis_falsified", "next-lab_profit_center"]
    assert "2026Q4" in figures[1][2]
