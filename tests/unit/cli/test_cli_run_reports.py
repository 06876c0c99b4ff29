"""`run --junit --markdown`: how a batch went, for CI."""

import json
from xml.etree import ElementTree

import pytest

SMALL = ["-n", 512, "--quiet"]


@pytest.fixture
def stated(tmp_path):
    path = tmp_path / "stated.toml"
    path.write_text(
        'extends = "base"\n'
        "[checks]\n"
        'sure = "P(umbrella_closed) < 0.99"\n'
        'wrong = "P(umbrella_closed) < 0.01"\n'
        'close = "mean(gap @ 2028-07) in [0.001, 100]"\n'
    )
    return path.name


def test_junit_has_one_case_a_check_and_one_for_the_run(call, stated, tmp_path):
    result = call("run", stated, "--check", *SMALL, "--junit", "a.xml", "--markdown", "a.md")
    assert result.exit_code == 3
    root = ElementTree.fromstring((tmp_path / "a.xml").read_bytes())
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("4", "1", "0")
    failed = [case.get("name") for case in root.iter("testcase") if case.find("failure") is not None]
    assert failed == ["check wrong: P(umbrella_closed) < 0.01"]
    properties = {item.get("name"): item.get("value") for item in root.iter("property")}
    assert (properties["trajectories"], properties["sampler"]) == ("512", "sobol")
    text = (tmp_path / "a.md").read_text(encoding="utf-8")
    assert text.startswith("### ❌ Scenarios: 1 failed, 3 passed")
    assert text.index("wrong") < text.index("<details>") < text.index("sure")


def test_a_scenario_that_cannot_be_run_is_an_error(call, stated, tmp_path):
    (tmp_path / "bad.toml").write_text('extends = "base"\n[open_source]\ngapp = 1.0\n')
    result = call("run", "bad.toml", "base", *SMALL, "--junit", "a.xml")
    assert result.exit_code == 2
    root = ElementTree.fromstring((tmp_path / "a.xml").read_bytes())
    assert root.get("errors") == "1"
    error = root.find("testsuite[@name='bad.toml']/testcase/error")
    assert error is not None
    assert "open_source.gapp: unknown key" in (error.text or "")


def test_reports_do_not_change_what_is_printed(call, stated):
    plain = json.loads(call("run", stated, "-n", 64, "--json").stdout)
    reported = json.loads(call("run", stated, "-n", 64, "--json", "--junit", "a.xml").stdout)
    assert reported["runs"][0]["summary"] == plain["runs"][0]["summary"]
