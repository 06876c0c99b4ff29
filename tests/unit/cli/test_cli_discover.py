"""`discover` says in plain words what leads to paths of a kind."""

import json

import pytest

from small_runs import small_run


def test_the_command_prints_sentence_table_and_json(call):
    run = small_run("base", "outcomes", 16_384)
    options = ("--where", "cents_kept.lab @ horizon > 2")
    result = call("discover", run, *options)
    assert (result.exit_code, result.stderr) == (0, "")
    for part in (
        "explain",
        "of the paths with cents_kept.lab @ horizon > 2",
        "quasi-p",
        "coverage",
        "< 1e-6",
    ):
        assert part in " ".join(result.stdout.split())
    assert max(map(len, result.stdout.splitlines())) <= 100
    found = json.loads(call("discover", run, *options, "--json").stdout)["discovery"]
    assert found["n"] == 16_384 and len(found["path"]) > 10
    assert found["boxes"][0]["density"]["value"] > 1.5 * found["base_rate"]["value"]
    quiet = call("discover", run, *options, "--quiet")
    assert quiet.stdout.strip() == found["boxes"][0]["words"]


def test_several_statements_must_all_hold(call):
    run = small_run("base", "outcomes", 16_384)
    both = ("--where", "thesis_falsified", "--where", "cents_kept.lab @ horizon > 0")
    found = json.loads(call("discover", run, *both, "--json").stdout)["discovery"]
    alone = json.loads(call("discover", run, *both[:2], "--json").stdout)["discovery"]
    assert 0.0 < found["base_rate"]["value"] < alone["base_rate"]["value"]
    assert found["where"] == "thesis_falsified and cents_kept.lab @ horizon > 0"


def test_a_run_that_kept_nothing_is_computed_again(call):
    options = ("--where", "cents_kept.lab @ horizon > 2", "--json")
    stored, again = (
        json.loads(call("discover", small_run("base", keep, 16_384), *options).stdout)["discovery"]
        for keep in ("outcomes", "summary")
    )
    assert stored == again


def test_a_run_that_holds_too_few_is_made_longer(call):
    """Of 2,048 trajectories 160 are such: 4,096 of the same seed hold enough."""
    where = "cents_kept.lab @ horizon > 3"
    run, longer = (small_run("base", "outcomes", n) for n in (2048, 4096))
    result = call("discover", run, "--where", where, "--json")
    found = json.loads(result.stdout)["discovery"]
    assert (found["n"], found["n_run"]) == (4096, 2048)
    same = json.loads(call("discover", longer, "--where", where, "--json").stdout)["discovery"]
    assert {**found, "n_run": 4096} == same
    told = " ".join(call("discover", run, "--where", where).stdout.split())
    assert "of 4,096 trajectories, as many computed for this; the run has 2,048" in told


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("margin.chip @ 2030 > 0.2", 'Did you mean "chips"'),
        ("margin.chips @ 2030", "lacks a comparison"),
        ("cents_kept.lab @ horizon > 1e9", "0 of 16,384 trajectories are such"),
    ],
)
def test_statements_that_lead_nowhere_are_refused(call, where, message):
    result = call("discover", small_run("base", "outcomes", 16_384), "--where", where)
    assert result.exit_code == 2 and message in result.stderr


def test_figures_are_written(call, tmp_path):
    run = small_run("base", "outcomes", 16_384)
    result = call("discover", run, "--where", "cents_kept.lab @ horizon > 2", "-o", "pictures")
    assert result.exit_code == 0
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == {
        f"{name}-{theme}.png" for name in ("trade-off", "box-1") for theme in ("light", "dark")
    }
