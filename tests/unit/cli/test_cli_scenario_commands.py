"""`validate`, `show`, `scenarios`, `init`, `facts`, `schema`, `completion`."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from sandwich_sim.cli.main import cli
from sandwich_sim.facts import load_facts
from sandwich_sim.scenario.load import load_scenario, shipped_scenarios

PLACE = re.compile(r"[^:]+:\d+:\d+: [\w.\[\]-]+: .+[.?]")


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "good.toml"
    path.write_text('extends = "base"\n[open_source]\ngap = 5.0\n')
    return path.name


@pytest.fixture
def bad(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text('extends = "base"\n[open_source]\ngapp = 5.0\ngap_vol = "high"\n')
    return path.name


def test_validate_says_ok_and_counts_what_has_no_source(call, good):
    result = call("validate", good, "base")
    assert (result.exit_code, result.stderr) == (0, "")
    first, second = result.stdout.splitlines()
    assert re.fullmatch(r"good\.toml: ok \(\d+ numbers, \d+ of them uncertain, 1 without a source\)", first)
    assert second.startswith("base: ok (")
    assert second.endswith("all with a source)")
    assert "    open_source.gap" in call("validate", good, "--list-unsourced").stdout.splitlines()


def test_validate_reports_every_problem_with_its_place_and_goes_on(call, good, bad):
    result = call("validate", bad, good)
    assert result.exit_code == 2
    assert result.stdout.startswith("good.toml: ok")
    lines = result.stderr.splitlines()
    assert len(lines) == 2
    assert all(PLACE.fullmatch(line) for line in lines)
    assert lines[0].startswith("bad.toml:3:1: open_source.gapp: ")


def test_validate_takes_a_folder(call, good, bad):
    result = call("validate", ".", "--json")
    assert result.exit_code == 2
    document = json.loads(result.stdout)
    assert [(report["file"], report["ok"]) for report in document["files"]] == [
        ("bad.toml", False),
        ("good.toml", True),
    ]
    assert document["files"][0]["problems"][0]["line"] == 3
    assert document["files"][1]["unsourced"] == ["open_source.gap"]


def test_validate_says_which_correlations_were_dropped(call, tmp_path):
    (tmp_path / "fixed.toml").write_text('extends = "base"\n[demand.app]\ngrowth = 0.5\n')
    told = 'the correlation "demand.app.growth ~ demand.cloud.growth" = 0.5 is dropped: '
    plain = call("validate", "fixed.toml")
    assert plain.exit_code == 0
    assert plain.stderr == f"note: fixed.toml: {told}demand.app.growth is a constant by fixed.toml.\n"
    (report,) = json.loads(call("validate", "fixed.toml", "--json").stdout)["files"]
    assert report["ok"]
    assert report["notes"][0].startswith(told)


def test_validate_checks_changes_on_the_command_line(call):
    assert call("validate", "base", "--set", "open_source.gap=4.0").exit_code == 0
    result = call("validate", "base", "--set", "open_source.gap=many")
    assert result.exit_code == 2
    assert "open_source.gap" in result.stderr


def test_a_file_that_is_missing_is_a_scenario_error(call):
    for command in ("validate", "show", "run"):
        result = call(command, "nosuch.toml")
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith("nosuch.toml: ")


def test_show_prints_a_file_that_loads_to_the_same_digest(call, good, tmp_path):
    result = call("show", good, "--set", "open_source.gap_vol=2.0")
    assert result.exit_code == 0
    assert tomllib.loads(result.stdout)["open_source"]["gap_vol"] == 2.0
    (tmp_path / "again.toml").write_text(result.stdout)
    again = load_scenario(tmp_path / "again.toml")
    assert again.digest == load_scenario(tmp_path / good, ["open_source.gap_vol=2.0"]).digest


def test_show_json_carries_the_evidence(call):
    document = json.loads(call("show", "base", "--json").stdout)
    assert document["schema_version"] == 1
    assert document["scenario"]["open_source"]["gap"]["source"] in load_facts()
    assert document["scenario"]["time"]["start"] == "2026-07-01"


def test_scenarios_lists_every_shipped_one_with_title_and_summary(call):
    result = call("scenarios")
    document = json.loads(call("scenarios", "--json").stdout)
    assert [entry["name"] for entry in document["scenarios"]] == list(shipped_scenarios())
    assert document["scenarios"][0]["name"] == "base"
    for entry in document["scenarios"]:
        assert f"{entry['name']}: {entry['title']}" in result.stdout
        assert entry["summary"]


def test_init_writes_a_valid_scenario_and_does_not_overwrite_it(call, tmp_path):
    result = call("init", "mine.toml")
    assert (result.exit_code, result.stdout) == (0, "mine.toml\n")
    assert call("validate", "mine.toml").exit_code == 0
    (tmp_path / "mine.toml").write_text("# my work")
    refused = call("init", "mine.toml")
    assert refused.exit_code == 2
    assert refused.stderr == ("error: mine.toml exists. Choose another name, or overwrite it with --force.\n")
    assert (tmp_path / "mine.toml").read_text() == "# my work"
    assert call("init", "mine.toml", "--force").exit_code == 0
    assert (tmp_path / "mine.toml").read_text() != "# my work"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]


def test_init_has_a_default_name_and_refuses_folders(call, tmp_path):
    assert call("init").stdout == "my_scenario.toml\n"
    (tmp_path / "folder").mkdir()
    assert call("init", "folder", "--force").exit_code == 2
    assert call("init", Path("nowhere") / "x.toml").exit_code == 2


def test_facts_are_listed_searched_and_shown(call):
    facts = load_facts()
    assert len(json.loads(call("facts", "--json").stdout)["facts"]) == len(facts)
    found = call("facts", "--search", "HBM")
    assert "hbm_share_of_accel_revenue" in found.stdout
    assert "gpu_life_economic" not in found.stdout
    fact = facts["gpu_life_economic"]
    shown = call("facts", fact.id).stdout
    for part in (fact.url, fact.published, fact.quantity):
        assert part in shown


def test_an_unknown_fact_gets_the_nearest_one(call):
    result = call("facts", "gpu_life_econmic")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Did you mean 'gpu_life_economic'?" in result.stderr
    assert "facts mention it: sandwich-sim facts --search 'memory'" in call("facts", "memory").stderr
    assert "Find one with" in call("facts", "qqqqqq").stderr
    assert call("facts", "gpu_life_economic", "--search", "x").exit_code == 2


def test_a_search_without_a_hit_says_so_and_what_to_try(call):
    result = call("facts", "--search", "memroy")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "no fact mentions 'memroy'. Try --search memory.\n"
    assert "Try a shorter word" in call("facts", "--search", "qqqqqq").stderr
    silent = call("facts", "--search", "memroy", "--json")
    assert json.loads(silent.stdout)["facts"] == []
    assert silent.stderr == ""


def test_the_schema_is_one_json_document(call):
    result = call("schema")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "$schema" in json.loads(result.stdout)


def test_completion_without_a_shell_says_which_there_are(call):
    result = call("completion")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        "error: Missing argument SHELL: one of bash, zsh, fish.",
        "Usage and an example: sandwich-sim completion --help",
    ]


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(call, name):
    result = call("completion", name)
    assert result.exit_code == 0
    assert f"_SANDWICH_SIM_COMPLETE={name}_complete" in result.stdout


def test_completion_knows_three_shells(call):
    assert call("completion", "tcsh").exit_code == 2


@pytest.fixture
def offered(tmp_path, monkeypatch):
    """Ask for completions as a shell does; the last word is the incomplete one."""
    monkeypatch.chdir(tmp_path)

    def ask(*words):
        found = ShellComplete(cli, {}, "sandwich-sim", "_X").get_completions(list(words[:-1]), words[-1])
        return [(item.type, item.value) for item in found]

    return ask


def test_completion_offers_scenarios_and_files(offered, tmp_path):
    (tmp_path / "mine.toml").write_text('extends = "base"\n')
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "yours.toml").write_text("")
    assert offered("run", "") == [("plain", name) for name in [*shipped_scenarios(), "mine.toml"]]
    assert offered("validate", "base", "m") == [("plain", "memory_glut"), ("plain", "mine.toml")]
    assert offered("show", "below/") == [("plain", "below/yours.toml")]
    assert offered("show", "../") == [("file", "../")]


def test_completion_offers_what_can_be_set_in_the_scenario_at_hand(offered, tmp_path):
    (tmp_path / "mine.toml").write_text('extends = "base"\nremove = ["hop.memory"]\n')
    tightness = [("plain", "hop.memory.tightness"), ("plain", "hop.memory.tightness_beta")]
    assert offered("run", "base", "--set", "hop.memory.tight") == tightness
    assert offered("run", "--set", "hop.memory.tight") == tightness
    assert offered("run", "mine.toml", "--set", "hop.memory.tight") == []
    assert offered("show", "base", "--set", "run.s") == [("plain", "run.seed"), ("plain", "run.sampler")]
    assert offered("show", "base", "--set", "run.seed=") == []


def test_completion_of_a_broken_scenario_offers_nothing_and_fails_never(offered, tmp_path):
    (tmp_path / "bad.toml").write_text("[")
    assert offered("run", "bad.toml", "--set", "open") == []


def test_completion_offers_facts(offered):
    assert offered("facts", "gpu_life_e") == [("plain", "gpu_life_economic")]
    assert len(offered("facts", "")) == len(load_facts())
