"""The scenarios that ship, the starter file, and what loading costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import FrameType

import pytest

from sandwich_sim.facts import load_facts
from sandwich_sim.scenario.layers import number_values
from sandwich_sim.scenario.load import load_scenario, shipped_scenarios
from sandwich_sim.scenario.starter import starter_text
from sandwich_sim.scenario.uncertain import SameAs

EXPECTED = {
    *("base", "deflation_sandwich", "umbrella_holds", "capex_bust", "power_crunch"),
    *("custom_silicon", "memory_glut", "price_war"),
}


def test_all_scenarios_ship() -> None:
    assert set(shipped_scenarios()) >= EXPECTED
    assert next(iter(shipped_scenarios())) == "base"


@pytest.mark.parametrize("name", list(shipped_scenarios()))
def test_shipped_scenario_stands(name: str) -> None:
    spec = load_scenario(name)
    assert spec.name == name
    assert spec.title != name
    assert spec.summary.endswith(".")
    set_by_file = [key for key, _ in number_values(dict(spec.document))]
    assert set(set_by_file) <= set(spec.evidence)
    assert [key for key, evidence in spec.evidence.items() if evidence.source is None] == []


@pytest.mark.parametrize("name", sorted(EXPECTED - {"base"}))
def test_overlays_are_small_and_change_something(name: str) -> None:
    text = shipped_scenarios()[name].read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 25
    assert text.startswith('extends = "base"')
    base, spec = load_scenario("base"), load_scenario(name)
    assert spec.digest != base.digest
    for key, number in spec.parameters.items():
        if key in base.parameters and f"[{key.rpartition('.')[0]}]" in text:
            line = f"\n{key.rpartition('.')[2]} = "
            section = text.split(f"[{key.rpartition('.')[0]}]")[1].split("\n[")[0]
            if line in section:
                assert number != base.parameters[key], f"{key} is as in base"


def test_facts_of_a_scenario_travel_with_it() -> None:
    spec = load_scenario("base")
    used = {evidence.source for evidence in spec.evidence.values()} & set(load_facts())
    assert set(spec.document["fact"]) == used
    assert spec.document["fact"]["open_lag_months_eci_2026"]["grade"] == "B"


def test_names_are_in_the_order_of_the_tables() -> None:
    spec = load_scenario("base")
    assert spec.hop_names == ("app", "lab", "cloud", "chips", "datacenter", "foundry", "memory", "power")
    assert spec.demand == ("app", "lab", "cloud")
    groups = [name.split(".")[0] for name in spec.parameters]
    assert sorted(set(groups), key=groups.index)[:5] == [
        *("token_price", "open_source", "compute_cost", "lab", "demand_shock")
    ]
    assert all(
        not isinstance(spec.parameters[number.name], SameAs)
        for number in spec.parameters.values()
        if isinstance(number, SameAs)
    )


@pytest.mark.parametrize("name", ["my_scenario", "über sandwich", 'a"b', "x\\y"])
def test_starter_file_loads_as_it_is(name: str, tmp_path: Path) -> None:
    path = tmp_path / "starter.toml"
    path.write_text(starter_text(name), encoding="utf-8")
    spec = load_scenario(path)
    assert spec.parameters["open_source.gap"] != load_scenario("base").parameters["open_source.gap"]
    assert [key for key, evidence in spec.evidence.items() if evidence.source is None] == []


def test_starter_file_loads_with_every_suggestion_taken(tmp_path: Path) -> None:
    head, tail = starter_text().split("# More to change:\n")
    lines = [line.removeprefix("# ") for line in tail.splitlines() if not line.startswith("# A further")]
    path = tmp_path / "starter.toml"
    path.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    assert "optics" in load_scenario(path).hop_names


def test_a_scenario_shows_itself_in_one_line() -> None:
    assert repr(load_scenario("base")).startswith("<ScenarioSpec base: 8 hops, 10 years, ")


def test_loading_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from sandwich_sim.scenario.load import load_scenario\n"
        "load_scenario('base')\n"
        "print(*{'numpy', 'scipy', 'numba', 'xarray', 'pydantic', 'tomlkit', 'click'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_loading_takes_few_steps_and_no_more_the_next_time() -> None:
    first, second = calls_while_loading("base"), calls_while_loading("base")
    assert second <= first < 60_000  # some 35,000, in about 20 ms
    assert calls_while_loading("price_war") < 60_000


def calls_while_loading(name: str) -> int:
    """Count calls instead of seconds, which depend on what else the machine does."""
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        load_scenario(name)
    finally:
        sys.setprofile(None)
    return calls
