"""A problem is told where it was made: at the line of the file that changed something, not below it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandwich_sim.errors import Problem, ScenarioError
from sandwich_sim.scenario.load import load_scenario, shipped_scenarios
from sandwich_sim.scenario.parameters import PARAMETERS

BASE = shipped_scenarios()["base"]
PLACE = re.compile(re.escape(str(BASE)) + r":(\d+):(\d+)\)")


def problems_of(path: Path, *overrides: str) -> tuple[Problem, ...]:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path, overrides)
    return caught.value.problems


def write(folder: Path, name: str, *lines: str) -> Path:
    path = folder / f"{name}.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_shorter_horizon_is_told_at_its_line_with_the_event_that_it_breaks(tmp_path: Path) -> None:
    path = write(tmp_path, "mine", 'extends = "base"', "", "[time]", "years = 3")
    problems = problems_of(path)
    assert {(problem.file, problem.line, problem.key) for problem in problems} == {
        (str(path), 4, "time.years")
    }
    lines = BASE.read_text(encoding="utf-8").splitlines()
    for problem in problems:
        match = PLACE.search(problem.message)
        assert match is not None
        assert lines[int(match.group(1)) - 1][int(match.group(2)) - 1 :].startswith("rises = { years = 3")


def test_removal_is_told_at_its_entry(tmp_path: Path) -> None:
    path = write(tmp_path, "mine", 'extends = "base"', 'remove = ["event.umbrella_closed",', ' "hop.chips"]')
    problems = problems_of(path)
    assert {(problem.line, problem.column, problem.key) for problem in problems} == {(3, 2, "remove[1]")}
    told = " ".join(problem.message for problem in problems)
    for broken in ("hop.foundry", "hop.memory", "portfolio.position.chip_designer.exposure.chips"):
        assert f"breaks {broken} ({BASE}:" in told


def test_change_on_the_command_line_is_told_as_such() -> None:
    with pytest.raises(ScenarioError) as caught:
        load_scenario("base", ["time.years=3"])
    assert {problem.file for problem in caught.value.problems} == {"--set time.years=3"}


def test_file_in_the_middle_is_told(tmp_path: Path) -> None:
    lower = write(tmp_path, "lower", 'extends = "base"', "[lab]", "shelf_max = 0.1")
    upper = write(tmp_path, "upper", 'extends = "lower.toml"', "[lab]", "funding = 0.4")
    (problem,) = problems_of(upper)
    assert (problem.file, problem.line, problem.key) == (str(lower), 3, "lab.shelf_max")


def test_last_of_several_causes_is_told(tmp_path: Path) -> None:
    lower = 'extends = "base"', "[lab]", "shelf_min = 0.9"
    write(tmp_path, "lower", *lower)
    upper = write(tmp_path, "upper", 'extends = "lower.toml"', "[lab]", "shelf_max = 0.8")
    (problem,) = problems_of(upper)
    assert (problem.file, problem.key) == (str(upper), "lab.shelf_max")
    assert "breaks lab.shelf_min" in problem.message


def test_removed_correlation_that_held_others_together_is_told(tmp_path: Path) -> None:
    pairs = (
        "open_source.gap ~ lab.funding",
        "lab.funding ~ lab.cost_edge",
        "open_source.gap ~ lab.cost_edge",
    )
    write(tmp_path, "lower", 'extends = "base"', "[correlation]", *(f'"{pair}" = 0.8' for pair in pairs))
    upper = write(tmp_path, "upper", 'extends = "lower.toml"', f'remove = ["correlation.{pairs[0]}"]')
    (problem,) = problems_of(upper)
    assert (problem.file, problem.key) == (str(upper), "remove[0]")
    assert "contradict each other" in problem.message


def test_number_that_many_take_is_refused_once(tmp_path: Path) -> None:
    (problem,) = problems_of(write(tmp_path, "mine", 'extends = "base"', "[demand.app]", "growth = 30"))
    assert problem.key == "demand.app.growth"


@pytest.mark.parametrize(
    ("before", "each"),
    [
        ("", "[hop.h{}]"),
        ("", "[edge.app-h{}]"),
        ("", "[event.h{}]"),
        ("[checks]", 'h{} = "P(gap > 1) > 0"'),
    ],
)
def test_too_many_are_told_in_the_file_that_adds_them(tmp_path: Path, before: str, each: str) -> None:
    """3,000 tables: at the first of them, not in the shipped file that has a few of their kind too."""
    path = write(tmp_path, "mine", 'extends = "base"', before, *(each.format(i) for i in range(3000)))
    found = [problem for problem in problems_of(path) if "Use at most" in problem.message]
    assert [problem.file for problem in found] == [str(path)]
    assert found[0].line in (2, 3)  # of the table of all of them, or of the first


def test_own_mistake_stays_where_it_is(tmp_path: Path) -> None:
    text = ('extends = "base"', 'remove = ["hop.memory"]', "[edge.chips-memory]", "share = 0.1")
    (problem,) = problems_of(write(tmp_path, "mine", *text))
    assert (problem.line, problem.key) == (3, "edge.chips-memory")
    assert "gone by remove" in problem.message


NAMES = {
    "hop": ("app", "lab", "cloud", "chips", "memory", "power"),
    "edge": ("app-lab", "cloud-chips", "cloud-power", "chips-memory"),
    "demand": ("app", "lab", "cloud"),
}
KEYS = [
    ".".join([parameter.table, *([name] if name else []), parameter.key])
    for parameter in PARAMETERS
    for name in NAMES.get(parameter.table, ("",))
]
REMOVED = st.sampled_from(
    [
        *(f"{group}.{name}" for group, names in NAMES.items() for name in names),
        *("event.umbrella_closed", "event.thesis_falsified.clauses", "portfolio", "event", "correlation"),
        *("checks", "checks.labs_keep_little", "event.lab_profit_center", "event.lab_profit_center.clauses"),
        *("portfolio.position.big_cloud", "portfolio.position.big_cloud.weight", "hop.lab.role"),
        *("hop.cloud.role", "edge.cloud-chips.kind", "correlation.demand.app.growth ~ demand.cloud.growth"),
        *KEYS,
    ]
).map(lambda entry: f"remove={entry}" if "~" not in entry else f'remove=["{entry}"]')
CHANGED = st.one_of(
    st.tuples(st.sampled_from(KEYS), st.sampled_from(["0.5", "30", "-1", "1e9", '{same_as="lab.funding"}'])),
    st.tuples(
        st.sampled_from([f"hop.{name}.role" for name in NAMES["hop"]]), st.sampled_from(["lab", "compute"])
    ),
    st.tuples(
        st.sampled_from([f"edge.{name}.kind" for name in NAMES["edge"]]),
        st.sampled_from(["current", "capital"]),
    ),
    st.tuples(st.sampled_from(["time.years", "time.steps_per_year"]), st.sampled_from(["1", "2", "3"])),
    st.tuples(
        st.sampled_from([*NAMES, "hop.chips", "edge.cloud-chips", "demand.app", "lab", "event", "portfolio"]),
        st.just("3"),
    ),
).map("=".join)


@given(st.lists(st.one_of(REMOVED, CHANGED), min_size=1, max_size=4))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_problem_is_told_in_a_shipped_file(changes: list[str]) -> None:
    try:
        load_scenario("base", changes)
    except ScenarioError as error:
        assert [str(problem) for problem in error.problems if problem.file == str(BASE)] == []
