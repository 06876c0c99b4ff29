"""SARIF and annotations: what code scanning needs of them."""

import json
from pathlib import Path

import pytest

from sandwich_sim.errors import Problem, ScenarioError
from sandwich_sim.formats.annotations import annotation_lines
from sandwich_sim.formats.sarif import MOST_RESULTS, sarif_log
from sandwich_sim.scenario.load import load_scenario

BAD = Path(__file__).parents[2] / "bad_scenarios"
PROBLEM = Problem("scenarios/my file.toml", 3, 7, "open_source.gap", "is 9. Use less.")


def results_of(log: dict) -> list[dict]:
    json.dumps(log, allow_nan=False)
    (run,) = log["runs"]
    return run["results"]


def test_a_problem_has_a_place_below_the_root(tmp_path):
    (result,) = results_of(sarif_log([PROBLEM], root=tmp_path))
    assert result["ruleId"] == "invalid-scenario"
    assert result["level"] == "error"
    assert result["message"]["text"] == "open_source.gap: is 9. Use less."
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "scenarios/my%20file.toml", "uriBaseId": "SRCROOT"}
    assert place["region"] == {"startLine": 3, "startColumn": 7}


def test_absolute_paths_below_the_root_become_relative(tmp_path):
    inside = Problem(str(tmp_path / "a.toml"), 1, 1, "", "x")
    outside = Problem(str(tmp_path.parent / "b.toml"), 1, 1, "", "x")
    first, second = results_of(sarif_log([inside, outside], root=tmp_path))
    assert first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a.toml"
    address = second["locations"][0]["physicalLocation"]["artifactLocation"]
    assert address["uri"].startswith("file:///")
    assert "uriBaseId" not in address


def test_a_problem_of_the_command_line_has_no_place_in_a_file(tmp_path):
    (result,) = results_of(sarif_log([Problem("--set a=1", 0, 0, "a", "is unknown.")], root=tmp_path))
    assert "locations" not in result


def test_a_problem_without_a_line_still_names_its_file(tmp_path):
    (result,) = results_of(sarif_log([Problem("no.toml", 0, 0, "", "there is no such file.")], root=tmp_path))
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "no.toml"
    assert "region" not in place


def test_a_problem_that_moves_within_its_file_keeps_its_fingerprint(tmp_path):
    moved = Problem(PROBLEM.file, 30, 1, PROBLEM.key, PROBLEM.message)
    other = Problem(PROBLEM.file, 3, 7, PROBLEM.key, "is 8. Use less.")
    prints = [
        result["partialFingerprints"]["problem/v1"]
        for result in results_of(sarif_log([PROBLEM, moved, other], root=tmp_path))
    ]
    assert prints[0] == prints[1] != prints[2]


def test_every_rule_that_a_result_names_is_declared(tmp_path):
    log = sarif_log([PROBLEM], [Problem("a.toml", 1, 1, "x", "has no source.")], root=tmp_path)
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    for result in results_of(log):
        rule = rules[result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        assert rule["defaultConfiguration"]["level"] == result["level"]


def test_too_many_results_are_cut_and_said(tmp_path):
    many = [Problem("a.toml", i + 1, 1, f"key{i}", "is wrong.") for i in range(MOST_RESULTS + 3)]
    log = sarif_log(many, root=tmp_path)
    assert len(results_of(log)) == MOST_RESULTS
    (told,) = log["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert told["message"]["text"] == f"3 of {MOST_RESULTS + 3} results were left out."


@pytest.mark.parametrize("name", ["several_at_once", "toml_syntax", "unknown_key"])
def test_every_problem_of_a_bad_file_becomes_one_result(name):
    with pytest.raises(ScenarioError) as caught:
        load_scenario(BAD / f"{name}.toml")
    results = results_of(sarif_log(caught.value.problems, root=BAD))
    assert len(results) == len(caught.value.problems)
    for result in results:
        region = result["locations"][0]["physicalLocation"]["region"]
        assert region["startLine"] >= 1
        assert region["startColumn"] >= 1


def test_annotations_name_file_line_and_column():
    (line,) = annotation_lines([PROBLEM])
    assert line == ("::error file=scenarios/my file.toml,line=3,col=7,title=open_source.gap::is 9. Use less.")


def test_annotations_cannot_be_broken_out_of():
    evil = Problem("a,b:c.toml", 1, 1, "k\n::set-output", "100%\n::error::x")
    (line,) = annotation_lines([evil])
    assert "\n" not in line
    assert line == "::error file=a%2Cb%3Ac.toml,line=1,col=1,title=k%0A%3A%3Aset-output::100%25%0A::error::x"
