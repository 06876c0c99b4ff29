"""`validate --format sarif` and `--format github`."""

import json

import pytest


@pytest.fixture
def bad(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text('extends = "base"\n[open_source]\ngapp = 5.0\ngap_vol = "high"\n')
    return path.name


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "good.toml"
    path.write_text('extends = "base"\n[open_source]\ngap = 5.0\n')
    return path.name


def results(result) -> list[dict]:
    return json.loads(result.stdout)["runs"][0]["results"]


def test_sarif_holds_every_problem_with_its_place(call, bad, good):
    result = call("validate", bad, good, "--format", "sarif")
    assert result.exit_code == 2
    found = results(result)
    assert [item["message"]["text"].split(":")[0] for item in found] == [
        "open_source.gapp",
        "open_source.gap_vol",
    ]
    places = [item["locations"][0]["physicalLocation"] for item in found]
    assert [place["artifactLocation"]["uri"] for place in places] == ["bad.toml", "bad.toml"]
    assert [place["region"]["startLine"] for place in places] == [3, 4]


def test_sarif_of_files_without_problems_has_no_results(call, good):
    result = call("validate", good, "base", "--format", "sarif")
    assert result.exit_code == 0
    assert results(result) == []


def test_sarif_notes_numbers_without_a_source_where_they_stand(call, good):
    (note,) = results(call("validate", good, "--format", "sarif", "--list-unsourced"))
    assert (note["ruleId"], note["level"]) == ("number-without-source", "note")
    assert note["locations"][0]["physicalLocation"]["region"] == {"startLine": 3, "startColumn": 1}


def test_a_missing_file_is_a_result_too(call):
    result = call("validate", "nothing.toml", "--format", "sarif")
    assert result.exit_code == 2
    (found,) = results(result)
    assert found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "nothing.toml"


def test_annotations_stand_on_stdout_and_the_same_words_on_stderr(call, bad, good):
    result = call("validate", bad, good, "--format", "github", "--list-unsourced")
    assert result.exit_code == 2
    lines = result.stdout.splitlines()
    assert [line.split("::")[1].split(" ")[0] for line in lines] == ["error", "error", "notice"]
    assert lines[0].startswith("::error file=bad.toml,line=3,col=1,title=open_source.gapp::")
    assert len(result.stderr.splitlines()) == 2


def test_format_json_is_what_json_gives(call, bad, good):
    one, two = (call("validate", bad, good, *args) for args in (["--format", "json"], ["--json"]))
    assert one.stdout == two.stdout
