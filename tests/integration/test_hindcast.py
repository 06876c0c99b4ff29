"""Hindcasts know nothing younger than their start, are numerically sound, and can be found wrong."""

import csv
import re
import shutil
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import sandwich_sim.facts
from engine_runs import at_medians, run_everything
from sandwich_sim.analysis.hindcast_operators import observed_values, operator_of
from sandwich_sim.analysis.scores import accepted_range, probability_transform
from sandwich_sim.errors import UsageError
from sandwich_sim.facts import load_facts
from sandwich_sim.observations import load_known_values, load_observations
from sandwich_sim.results.reduce import alternations
from sandwich_sim.scenario.load import load_scenario, shipped_folder, shipped_hindcasts
from sandwich_sim.studies import hindcast
from sandwich_sim.studies.hindcast import forecast_ensemble, run_hindcast, score_ensemble
from sandwich_sim.studies.hindcast_page import validation_tables
from sandwich_sim.studies.recompute import trace

ORIGINS = {
    "hindcast_2024": date(2024, 1, 1),
    "hindcast_2024_07": date(2024, 7, 1),
    "hindcast_2025_01": date(2025, 1, 1),
    "hindcast_2025_07": date(2025, 7, 1),
}
NAMES = list(ORIGINS)
N = 512


@cache
def spec_of(name):
    return load_scenario(shipped_hindcasts()[name])


@cache
def ensemble_of(name):
    return forecast_ensemble(spec_of(name), trajectories=N)


def published(fact):
    """Day of publication; of a month only, its first."""
    return date.fromisoformat((load_facts()[fact].published + "-01")[:10])


def test_the_four_origins_ship_and_are_none_of_the_scenarios_to_compare():
    assert {name: spec_of(name).start for name in shipped_hindcasts()} == ORIGINS
    assert (shipped_folder() / "hindcast_2024.toml").is_file()


@pytest.mark.parametrize("name", NAMES)
def test_every_number_has_a_source_and_none_is_younger_than_the_origin(name):
    spec = spec_of(name)
    facts = {evidence.source for evidence in spec.evidence.values()} & set(load_facts())
    assert all(evidence.source for evidence in spec.evidence.values())
    assert facts
    assert {fact: published(fact) for fact in facts if published(fact) >= spec.start} == {}
    assert spec.name == name and spec.title != name and spec.summary.endswith(".")


@pytest.mark.parametrize("name", NAMES[1:])
def test_later_origins_learn_from_facts_that_were_not_out_at_the_origin_before(name):
    before = ORIGINS[NAMES[NAMES.index(name) - 1]]
    used = {evidence.source for evidence in spec_of(name).evidence.values()} & set(load_facts())
    assert any(published(fact) >= before for fact in used)


def shifted(path, origin):
    """Change every number of base.toml that rests on a fact published on or after a day."""
    number = re.compile(r"\b(p5|p95|low|mode|high|value|a|b) = (-?[0-9.]+)")
    changed = 0
    lines = path.read_text(encoding="utf-8").splitlines()
    for place, line in enumerate(lines):
        source = re.search(r'source = "(\w+)"', line)
        if source and source[1] in load_facts() and published(source[1]) >= origin:
            lines[place] = number.sub(lambda found: f"{found[1]} = {float(found[2]) * 1.01:.6g}", line)
            changed += lines[place] != line
    path.write_text("\n".join(lines), encoding="utf-8")
    return changed


@pytest.fixture
def altered(tmp_path, monkeypatch):
    """Alter every datum from a day on: facts, the base scenario, what was known, what came true."""

    def alter(origin):
        folder = tmp_path / "scenarios"
        shutil.copytree(shipped_folder(), folder)
        assert shifted(folder / "base.toml", origin) > 30
        monkeypatch.setattr("sandwich_sim.scenario.load.shipped_folder", lambda: folder)
        facts = tmp_path / "facts.csv"
        with sandwich_sim.facts.FACTS_FILE.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            if row["published"] >= origin.isoformat():
                row["best"] = str(float(row["best"]) * 2 + 1)
        with facts.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        monkeypatch.setattr(sandwich_sim.facts, "FACTS_FILE", facts)
        load_facts.cache_clear()
        known = tuple(
            replace(value, value=value.value * 3 + 1) if value.published >= origin else value
            for value in load_known_values()
        )
        seen = tuple(
            replace(item, value=item.value * 3 + 1) if item.window.end > origin else item
            for item in load_observations()
        )
        monkeypatch.setattr(hindcast, "load_known_values", lambda: known)
        monkeypatch.setattr(hindcast, "load_observations", lambda: seen)
        return folder

    yield alter
    load_facts.cache_clear()


def said(found):
    """All that was forecast, by the model and by the baselines, and of what."""
    return [
        (item.observation.name, item.observation.window, item.quantiles, item.baseline_median)
        for item in found.forecasts
    ]


@pytest.mark.parametrize("name", NAMES)
def test_altering_any_datum_from_the_origin_on_leaves_the_forecast_bit_equal(altered, name):
    before = run_hindcast([shipped_hindcasts()[name]], trajectories=N)
    base = load_scenario("base").digest
    folder = altered(ORIGINS[name])
    path = next(folder.rglob(f"{name}.toml"))
    again = run_hindcast([path], trajectories=N)
    assert load_scenario("base").digest != base
    assert said(again) == said(before)
    assert again.digests == before.digests
    assert again.known_digests == before.known_digests
    for one, other in zip(before.bands, again.bands, strict=True):
        np.testing.assert_array_equal(one.quantiles, other.quantiles)
    assert [item.crps for item in again.forecasts] != [item.crps for item in before.forecasts]


def test_altering_what_was_known_or_assumed_before_the_origin_moves_the_forecast(monkeypatch):
    name = NAMES[0]
    before = run_hindcast([name], trajectories=N)
    moved = run_hindcast([name], overrides=["hop.chips.pricing_power=0.7"], trajectories=N)
    assert said(moved) != said(before)
    known = tuple(replace(value, value=value.value * 1.1) for value in load_known_values())
    monkeypatch.setattr(hindcast, "load_known_values", lambda: known)
    again = run_hindcast([name], trajectories=N)
    assert again.known_digests != before.known_digests
    assert [item.quantiles for item in again.forecasts] == [item.quantiles for item in before.forecasts]
    assert [item.baseline_median for item in again.forecasts] != [
        item.baseline_median for item in before.forecasts
    ]


def test_what_has_not_passed_is_not_scored_and_what_began_before_the_origin_neither():
    found = run_hindcast(trajectories=N)
    assert {group.name: group.n for group in found.origins} == dict(zip(NAMES, (36, 26, 26, 15), strict=True))
    assert len(found.outcomes) == 36
    for item in found.forecasts:
        assert item.origin <= item.observation.window.begin
        assert item.observation.window.end <= date(2026, 7, 1)
    assert "nothing can be said about calibration" in found.words[3]


def test_a_scenario_that_begins_too_late_is_refused():
    with pytest.raises(UsageError, match="base: begins on 2026-07-01, and no outcome is known"):
        run_hindcast(["base"])


def test_two_scenarios_of_one_name_are_refused():
    with pytest.raises(UsageError, match="two scenarios are called hindcast_2024"):
        run_hindcast([NAMES[0], shipped_folder() / "hindcast_2024.toml"])


@pytest.mark.parametrize("name", NAMES)
def test_halving_the_step_moves_the_central_path_by_less_than_five_percent(name):
    """Every series that is scored: money and prices relative to themselves, margins in points."""
    spec = spec_of(name)
    names = {series for item in load_observations() for series in operator_of(item.name).series}
    found = {}
    for q in (12, 24):
        series = trace(at_medians(spec, q), trajectories=1, seed=1, shocks=False).series
        found[q] = {each: series[each.partition(".")[0]][:: q // 12, ..., 0] for each in names}
    for each in names:
        place = spec.hop_names.index(each.partition(".")[2]) if "." in each else ...
        first, second = (found[q][each][:, place] if "." in each else found[q][each] for q in (12, 24))
        scale = 1.0 if "margin" in each else second
        assert np.max(np.abs(first - second) / scale) < 0.05, each


@pytest.mark.parametrize("name", NAMES)
def test_months_do_not_swing_and_identities_hold(name):
    spec = spec_of(name)
    series = trace(spec, trajectories=N, seed=17, sampler="sobol").series["revenue"]
    swings = alternations(np.moveaxis(series, 1, 0))
    assert (swings["alternation"] / swings["alternation_pairs"]).max() < 0.04
    sums, _ = run_everything(spec, trajectories=1024, seed=21, keep="summary", threads=2)
    np.testing.assert_array_equal(sums["failures"], 0)


def test_the_model_recovers_itself():
    """200 histories made by the model: their places in its forecast are uniform, its bands hold as stated.

    One observation at a time, so that histories are independent. Kolmogorov-Smirnov for each of 36, at
    1e-6 together; coverage of each within the binomial range of 1e-6 together.
    """
    ensemble = ensemble_of(NAMES[0])
    truth = forecast_ensemble(
        replace(spec_of(NAMES[0]), run=replace(spec_of(NAMES[0]).run, sampler="random")),
        trajectories=208,
        seed=99,
    )
    outcomes = [item for item in load_observations() if item.is_outcome]
    assert len(outcomes) == 36
    alarm = 1e-6 / len(outcomes)
    for item in outcomes:
        sample = observed_values(item, ensemble.series, ensemble.days, ensemble.origin)
        made = observed_values(item, truth.series, truth.days, truth.origin)
        places = np.array([probability_transform(sample, value) for value in made])
        # The forecast is a sample, too: two samples are compared.
        assert stats.ks_2samp(sample, made).pvalue > alarm, item.name
        for level in (0.5, 0.9):
            low, high = accepted_range(made.size, level, 1.0 - alarm)
            inside = np.mean(np.abs(places - 0.5) <= level / 2)
            slack = 4.0 * np.sqrt(level * (1 - level) / sample.size)
            assert low - slack <= inside <= high + slack, item.name


def test_scoring_can_fail_a_forecast_that_is_too_narrow():
    ensemble = ensemble_of(NAMES[0])
    narrow = replace(
        ensemble,
        series={
            name: np.median(values, axis=1, keepdims=True)
            + 0.1 * (values - np.median(values, axis=1, keepdims=True))
            for name, values in ensemble.series.items()
        },
    )
    known = load_known_values()
    honest = score_ensemble(ensemble, load_observations(), known)
    squeezed = score_ensemble(narrow, load_observations(), known)
    assert sum(item.is_inside for item in squeezed) < sum(item.is_inside for item in honest) / 2
    assert np.mean([item.interval for item in squeezed]) > np.mean([item.interval for item in honest])


@pytest.mark.nightly
def test_the_page_on_validation_shows_the_numbers_of_today():
    page = (Path(__file__).parents[2] / "docs" / "validation.md").read_text(encoding="utf-8")
    for table in validation_tables(run_hindcast()).values():
        assert table in page
