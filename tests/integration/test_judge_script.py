"""The script of the GitHub Action: exit codes, reports, and what it tells GitHub."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / ".ci" / "judge"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs bash and a program file")


@pytest.fixture
def judge(tmp_path):
    """Run the script in an empty folder, with the program of this environment."""
    programs = tmp_path / "programs"
    programs.mkdir()
    program = programs / "sandwich-sim"
    start = "from sandwich_sim.cli.main import main; main()"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c "{start}" "$@"\n')
    program.chmod(0o755)
    work = tmp_path / "work"
    (work / "scenarios").mkdir(parents=True)

    def run(**settings: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "GITHUB_OUTPUT": str(work / "output"),
            "GITHUB_STEP_SUMMARY": str(work / "summary"),
            "REPORTS": "reports",
            "TRAJECTORIES": "256",
            **settings,
        }
        return subprocess.run(
            ["bash", str(SCRIPT)], cwd=work, env=environment, capture_output=True, text=True, check=False
        )

    run.folder = work
    return run


def write(judge, name: str, text: str) -> None:
    (judge.folder / "scenarios" / name).write_text(f'extends = "base"\n{text}')


def test_scenarios_that_hold_pass_with_every_report(judge):
    write(judge, "fine.toml", '[checks]\nsure = "P(umbrella_closed) < 0.999"\n')
    done = judge()
    assert done.returncode == 0, done.stderr
    reports = judge.folder / "reports"
    assert {"scenarios.sarif", "checks.xml", "checks.md", "summary.md", "benchmark.json"} <= {
        path.name for path in reports.iterdir()
    }
    assert json.loads((reports / "scenarios.sarif").read_text())["runs"][0]["results"] == []
    assert ElementTree.parse(reports / "checks.xml").getroot().get("failures") == "0"
    assert (judge.folder / "output").read_text() == "exit-code=0\n"
    assert (judge.folder / "summary").read_text().startswith("### ✅ Scenarios: 2 passed")
    assert not (reports / "gate.xml").exists()  # there is no gate file


def test_a_check_that_fails_is_exit_code_3(judge):
    write(judge, "wrong.toml", '[checks]\nwrong = "P(umbrella_closed) < 0.001"\n')
    done = judge()
    assert done.returncode == 3
    assert (judge.folder / "output").read_text() == "exit-code=3\n"
    assert "wrong" in (judge.folder / "summary").read_text()


def test_an_invalid_scenario_is_annotated_and_nothing_is_run(judge):
    write(judge, "bad.toml", "[open_source]\ngapp = 1.0\n")
    done = judge()
    assert done.returncode == 2
    assert "::error file=scenarios/bad.toml,line=3,col=1,title=open_source.gapp::" in done.stdout
    assert not (judge.folder / "reports" / "checks.xml").exists()
    (result,) = json.loads((judge.folder / "reports" / "scenarios.sarif").read_text())["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "scenarios/bad.toml"


def test_scenarios_are_named_one_a_line(judge):
    write(judge, "with space.toml", "")
    done = judge(SCENARIOS="\n  scenarios/with space.toml  \nbase\n", CHECK="false")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("::error") == 0


def test_no_scenario_and_a_missing_gate_file_are_told(judge):
    assert judge(SCENARIOS="  \n").returncode == 2
    write(judge, "fine.toml", "")
    done = judge(CHECK="false", GATE="true")
    assert done.returncode == 2
    assert "gate.toml" in done.stderr


def test_the_action_passes_every_setting_that_the_script_reads():
    action, script = (ROOT / "action.yml").read_text(), SCRIPT.read_text()
    for name in ("SCENARIOS", "CHECK", "TRAJECTORIES", "GATE", "GATE_FILE", "AGAINST", "REPORTS"):
        assert f"        {name}: ${{{{ inputs.{name.lower().replace('_', '-')} }}}}\n" in action
        assert f"${{{name}:" in script
    # What a workflow gives is never part of a program: it comes in by the environment.
    body = action[action.index("runs:") :]
    for line in body.splitlines():
        if "${{ inputs." in line:
            assert line.strip().split(":")[0].isupper() or line.strip().startswith(
                ("python-version", "sandwich-sim-")
            )


def test_actions_are_named_by_their_commits():
    for path in (ROOT / "action.yml", ROOT / "docs" / "ci.md"):
        for line in path.read_text().splitlines():
            if "uses:" in line and "OWNER/" not in line and "./" not in line:
                commit = line.split("@")[1].split()[0]
                assert len(commit) == 40 and set(commit) <= set("0123456789abcdef"), line
