"""`sandwich-sim gate` from the command line: what it prints, writes and returns."""

import json
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from gate_bugs import BUGS
from gate_runs import GATE, GateFolder, new_folder
from sandwich_sim.cli.main import cli


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> GateFolder:
    checks = '\n[checks]\nalways = "P(umbrella_closed) > 0.01"\n'
    return new_folder(tmp_path_factory.mktemp("cli"), 'extends = "base"\n' + checks)


@pytest.fixture
def gate(folder, monkeypatch):
    monkeypatch.chdir(folder.path)
    return lambda *arguments: CliRunner().invoke(cli, ["gate", *map(str, arguments)])


def test_a_gate_without_arguments_checks_every_scenario(gate):
    result = gate()
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["s", "IDENTICAL", "every", "bit", "is", "the", "same"]
    assert "check always: P(umbrella_closed) > 0.01" in lines[1]
    assert lines[-1].startswith("1 scenario: 1 IDENTICAL. Gate gate.toml ")
    assert gate("check", "s").stdout == result.stdout


def test_quiet_prints_one_line_a_scenario(gate):
    assert len(gate("--quiet").stdout.splitlines()) == 1  # checks that hold are not told


def test_a_change_shows_what_changed_and_by_how_much(gate, monkeypatch):
    BUGS["nothing is discounted"](monkeypatch)
    result = gate()
    assert result.exit_code == 3
    assert "CHANGED" in result.stdout
    assert "P(discounted_profit.chips <= p50)" in result.stdout
    assert "(seed " in result.stdout
    assert all(len(line) <= 100 for line in result.stdout.splitlines())


def test_json_is_one_document_with_everything(gate, monkeypatch):
    BUGS["nothing is discounted"](monkeypatch)
    result = gate("--json")
    document = json.loads(result.stdout)
    assert (result.exit_code, document["exit_code"]) == (3, 3)
    (scenario,) = document["scenarios"]
    assert scenario["checks"][0]["verdict"] == "holds"
    assert set(scenario["digests"]) == {"scenario", "baseline", "bits"}
    assert len(scenario["drift"]) == len(scenario["statistics"]) > 30
    (chips,) = [s for s in scenario["statistics"] if s["name"] == "P(discounted_profit.chips <= p50)"]
    assert chips["verdict"] == "CHANGED"
    assert chips["difference"] == pytest.approx(chips["new"] - chips["old"])
    assert chips["interval_fail"][1] < -chips["margin"]
    assert scenario["moved"]["changed"] > 0.99
    assert document["gate"]["alpha_fail"] == 1e-5


def test_a_guard_ends_in_6(gate, monkeypatch):
    BUGS["one trajectory is no number"](monkeypatch)
    result = gate()
    assert result.exit_code == 6
    assert "BROKEN" in result.stdout


def test_a_failed_check_ends_in_3_though_every_bit_is_the_same(gate, folder):
    folder.write('extends = "base"\n[checks]\nnever = "P(umbrella_closed) > 0.99"\n')
    result = gate()
    folder.write('extends = "base"\n\n[checks]\nalways = "P(umbrella_closed) > 0.01"\n')
    assert result.exit_code == 3
    assert "IDENTICAL" in result.stdout
    assert result.stdout.splitlines()[-1].startswith(
        "1 scenario: 1 IDENTICAL, 1 check fails. Gate gate.toml "
    )


def test_reports_for_ci_are_written(gate, tmp_path):
    junit, markdown = tmp_path / "reports" / "gate.xml", tmp_path / "reports" / "gate.md"
    assert gate("--junit", junit, "--markdown", markdown, "--confirm").exit_code == 0
    (suite,) = ElementTree.parse(junit).getroot()
    assert suite.get("name") == "s"
    assert suite.get("failures") == "0"
    cases = suite.findall("testcase")
    assert len(cases) > 30
    assert cases[0].get("name") == "verdict"
    assert "value: " in cases[-1].findtext("system-out")  # a check that holds tells its numbers, too
    assert "EQUIVALENT: no statistic moved" in markdown.read_text()


def test_a_report_that_cannot_be_written_is_refused_before_the_work(gate, tmp_path):
    (tmp_path / "file").write_text("")
    result = gate("--junit", tmp_path / "file" / "gate.xml")
    assert result.exit_code == 2
    assert "is a file. Choose a folder." in result.stderr


def test_a_gate_may_do_without_distributions(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = '[[outcome]]\nname = "event.*"\nprobability = { margin = 0.03 }\n'
    folder = new_folder(tmp_path, gate=GATE[: GATE.index("[[outcome]]")] + outcome)
    assert folder.check().verdict == "IDENTICAL"


def test_a_scenario_that_is_not_gated_is_a_usage_error(gate):
    result = gate("base")
    assert result.exit_code == 2
    assert "gate.toml gates no scenario 'base'. It gates: s." in result.stderr


def test_a_folder_without_a_gate_file_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["gate"])
    assert result.exit_code == 2
    assert "gate.toml: cannot be read (No such file or directory). Name it with --gate-file." in result.stderr


def test_problems_of_a_gate_file_have_their_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    GateFolder(tmp_path).write(gate=GATE.replace("looks = [16384]", "looks = [1]"))
    result = CliRunner().invoke(cli, ["gate"])
    assert result.exit_code == 2
    assert result.stderr.startswith("gate.toml:6:1: gate.looks: must rise, in multiples of 4096")


def test_accepting_needs_a_reason(gate):
    assert gate("accept").exit_code == 2
    result = gate("accept", "--reason", "   ")
    assert result.exit_code == 2
    assert "Say why" in result.stderr


def test_accepting_says_what_it_did(gate, folder):
    assert gate("accept", "--reason", "again").stdout == "s: IDENTICAL\n"
    document = json.loads(gate("accept", "--reason", "again", "--json").stdout)
    assert document["accepted"] == [
        {"name": "s", "is_new": False, "verdict": "IDENTICAL", "declared": [], "files": []}
    ]
    folder.write('extends = "base"\n[compute_cost]\nenergy_vol = 0.105\n')
    result = gate("accept", "--reason", "Prices\nof energy move more")
    assert result.stdout.splitlines()[0] == "s: EQUIVALENT, 3 files written"
    assert result.stdout.splitlines()[-1] == "- Outcomes accepted anew (s): Prices of energy move more"
    assert (
        json.loads((folder.path / "baselines" / "s.json").read_text())["reason"]
        == "Prices of energy move more"
    )


def test_help_shows_both_commands(gate):
    text = gate("--help").stdout
    assert "accept" in text
    assert "check" in text
    assert "--baseline-python" in gate("check", "--help").stdout
