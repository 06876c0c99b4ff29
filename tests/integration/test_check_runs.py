"""Checks of a scenario, judged by real runs."""

import json

import pytest
from click.testing import CliRunner

from sandwich_sim.cli.main import cli
from sandwich_sim.scenario.load import load_scenario, shipped_scenarios
from sandwich_sim.studies.check_run import checks_by_looks, run_checks


@pytest.mark.parametrize("name", shipped_scenarios())
def test_what_a_shipped_scenario_claims_holds(name):
    results = run_checks(load_scenario(name), trajectories=16384)
    assert [result.verdict for result in results] == ["holds"] * len(load_scenario(name).checks)


@pytest.fixture
def scenario(tmp_path):
    def write(*statements):
        lines = [f"c{number} = {json.dumps(text)}" for number, text in enumerate(statements)]
        path = tmp_path / "mine.toml"
        path.write_text("\n".join(['extends = "base"', "[checks]", *lines]))
        return path

    return write


def run(path, tmp_path, *options):
    arguments = ["run", str(path), "-n", "4096", "--check", "-o", str(tmp_path / "run"), *options]
    return CliRunner().invoke(cli, arguments)


@pytest.mark.parametrize(
    ("statements", "exit_code"),
    [
        (["P(umbrella_closed) > 0.01", "p50(gap @ 2030) in [0, 100]"], 0),
        (["P(umbrella_closed) > 0.01", "p50(gap @ 2030) > 100"], 3),
        (["P(umbrella_closed) > 0.01", "p1(gap @ horizon) > -1"], 4),  # 40 trajectories lie below
        (["p50(gap @ 2030) > 100", "p1(gap @ horizon) > -1"], 3),
    ],
)
def test_a_run_with_check_exits_by_its_worst_check(scenario, tmp_path, statements, exit_code):
    result = run(scenario(*statements), tmp_path)
    assert result.exit_code == exit_code
    assert result.stdout.count("Check ") == len(statements)


def test_json_holds_the_checks_and_quiet_only_tells_those_that_do_not_hold(scenario, tmp_path):
    path = scenario("p50(gap @ 2030) < 100", "p50(gap @ 2030) > 100")
    document = json.loads(run(path, tmp_path, "--json").stdout)
    checks = document["runs"][0]["checks"]
    assert [check["verdict"] for check in checks] == ["holds", "fails"]
    assert document["exit_code"] == 3
    quiet = run(path, tmp_path, "--quiet")
    assert quiet.stdout.splitlines() == [str(tmp_path / "run")]
    assert "c1: p50(gap @ 2030) > 100" in quiet.stderr
    assert "c0" not in quiet.stderr


def test_a_scenario_without_checks_says_so(tmp_path):
    result = run("capex_bust", tmp_path)
    assert result.exit_code == 0
    assert "capex_bust has no [checks]." in result.stderr


def test_later_looks_are_only_taken_while_a_check_is_open(scenario):
    spec = load_scenario(scenario("p1(gap @ horizon) > -1"))
    (found,) = checks_by_looks(spec, [4096, 8192, 65536], seed=1, sampler="random")
    assert (found.verdict, found.n) == ("holds", 8192)
