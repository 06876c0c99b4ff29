"""What is stored with a run loads again to the same scenario; the digest knows what matters."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandwich_sim.scenario.load import dump_scenario, load_scenario, shipped_scenarios
from sandwich_sim.scenario.spec import ScenarioSpec

COLUMN = 'open_source.gap={dist="empirical", values=[3.0, 1.0, 2.0]}'


def again(spec: ScenarioSpec, folder: Path) -> ScenarioSpec:
    path = folder / "scenario.toml"
    path.write_text(dump_scenario(spec), encoding="utf-8")
    return load_scenario(path)


@pytest.mark.parametrize("name", list(shipped_scenarios()))
def test_shipped_scenario_survives_being_stored(name: str, tmp_path: Path) -> None:
    spec = load_scenario(name)
    stored = again(spec, tmp_path)
    assert stored == spec
    assert stored.digest == spec.digest


def test_slots_survive_being_stored(tmp_path: Path) -> None:
    spec = load_scenario("base", ["open_source.gap=1", 'lab.shelf_min={dist="uniform", low=0.1, high=0.2}'])
    stored = again(spec, tmp_path)
    assert stored.sobol_slots == spec.sobol_slots
    assert stored.digest == spec.digest


def test_column_is_stored_as_values(tmp_path: Path) -> None:
    (tmp_path / "gaps.csv").write_text("months\n3\n1\n2\n")
    path = tmp_path / "mine.toml"
    number = '{ dist = "empirical", file = "gaps.csv", column = "months" }'
    path.write_text(
        f'extends = "base"\n[open_source]\ngap = {number}\n'
        f'[lab]\nfunding = {{ dist = "mixture", weights = [0.5, 0.5], components = [1.0, {number}] }}\n'
    )
    spec = load_scenario(path)
    (tmp_path / "gaps.csv").unlink()
    assert again(spec, tmp_path).digest == spec.digest


def numbers() -> st.SearchStrategy[str]:
    """Numbers for `open_source.leap_size` (anything from 0 on), as a file writes them."""
    small = st.floats(0.01, 100.0).map(lambda x: repr(round(x, 6)))
    rising = st.lists(st.floats(0.01, 100.0), min_size=3, max_size=3, unique_by=lambda x: round(x, 3)).map(
        lambda xs: [repr(round(x, 3)) for x in sorted(xs)]
    )
    a_number = st.one_of(small, st.integers(0, 50).map(str))
    return st.one_of(
        a_number,
        a_number.map("{{ value = {}, note = 'x' }}".format),
        rising.map(lambda x: f'{{ dist = "uniform", low = {x[0]}, high = {x[2]} }}'),
        rising.map(lambda x: f'{{ dist = "loguniform", p10 = {x[0]}, p90 = {x[2]} }}'),
        rising.map(
            lambda x: f'{{ dist = "lognormal", p5 = {x[0]}, p95 = {x[2]}, source = "assumption: y" }}'
        ),
        rising.map(lambda x: f'{{ dist = "triangular", low = {x[0]}, mode = {x[1]}, high = {x[2]} }}'),
        rising.map(lambda x: f'{{ dist = "pert", low = {x[0]}, mode = {x[1]}, high = {x[2]} }}'),
        rising.map(lambda x: f'{{ dist = "normal", mean = {x[1]}, sd = {x[0]}, min = 0, max = {x[2]}1 }}'),
        rising.map(lambda x: f'{{ quantiles = {{ p5 = {x[0]}, "p97.5" = {x[2]} }}, low = 0, high = 200 }}'),
        rising.map(lambda x: f'{{ dist = "empirical", values = [{", ".join(x)}] }}'),
        rising.map(
            lambda x: f'{{ dist = "discrete", values = [{", ".join(x)}], probabilities = [0.5, 0.25, 0.25] }}'
        ),
        rising.map(
            lambda x: (
                '{ dist = "mixture", weights = [0.5, 0.5], components = '
                f'[{x[0]}, {{ dist = "uniform", low = {x[1]}, high = {x[2]} }}] }}'
            )
        ),
    )


@given(number=numbers(), title=st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf")), max_size=20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_any_number_survives_being_stored(number: str, title: str, tmp_path: Path) -> None:
    spec = load_scenario("base", [f"open_source.leap_size={number}", f"title={_literal(title)}"])
    stored = again(spec, tmp_path)
    assert stored.digest == spec.digest
    assert stored.parameters == spec.parameters
    assert stored.title == spec.title


def _literal(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@pytest.mark.parametrize(
    "change",
    [
        "open_source.gap=4.0",
        "time.years=9",
        "time.start=2026-07-02",
        "run.seed=1",
        "run.trajectories=1000",
        "run.sampler=random",
        'run.fans=["gap"]',
        "hop.chips.tightness=0.1",
        'remove=["event.umbrella_closed"]',
        'correlation."open_source.gap ~ lab.funding"=0.1',
        "portfolio.position.big_cloud.exposure={cloud=1.0}",
        'open_source.gap={dist="lognormal", p5=2.0, p95=8.1}',
        COLUMN,
    ],
)
def test_digest_notes_what_changes_a_result(change: str) -> None:
    assert load_scenario("base", [change]).digest != load_scenario("base").digest


@pytest.mark.parametrize(
    "change",
    [
        'title="other"',
        'summary="other"',
        "name=other",
        'hop.chips.title="other"',
        'event.umbrella_closed.title="other"',
        'open_source.gap={dist="lognormal", p5=2, p95=8, source="assumption: other", note="other"}',
        "open_source.gap_vol={value=1.5}",
        "run.seed=20260701",
    ],
)
def test_digest_ignores_words(change: str) -> None:
    assert load_scenario("base", [change]).digest == load_scenario("base").digest


def test_digest_does_not_depend_on_how_a_file_is_laid_out(tmp_path: Path) -> None:
    text = shipped_scenarios()["base"].read_text(encoding="utf-8")
    head, *tables = text.split("\n[")
    hops = [table for table in tables if table.startswith("hop.")]
    others = [table for table in tables if not table.startswith("hop.")]
    shuffled = "\n[".join([head, *reversed(others), *hops])
    path = tmp_path / "base.toml"
    path.write_text(shuffled.replace("\n", "\r\n"), encoding="utf-8", newline="")
    spec = load_scenario(path)
    assert spec.digest == load_scenario("base").digest
    assert spec.parameters == load_scenario("base").parameters
    assert list(spec.parameters) == list(load_scenario("base").parameters)


def test_default_written_out_does_not_change_the_digest() -> None:
    spec = load_scenario(
        "base", ["hop.app.tightness=0.0", 'hop.app.scarcity_long={same_as="hop.app.scarcity"}']
    )
    other = load_scenario("base", ['remove=["hop.app.scarcity_long"]'])
    assert spec.digest == other.digest
