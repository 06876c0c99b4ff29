"""`sandwich-sim hindcast`: what it prints, its JSON, its figures, its refusals."""

from __future__ import annotations

import json

import pytest

from sandwich_sim.scenario.load import shipped_hindcasts

LATEST = "hindcast_2025_07"
QUICK = (LATEST, "-n", "1600")


def test_every_series_is_told_with_its_skill_good_or_bad(call):
    result = call("hindcast", *QUICK)
    assert result.exit_code == 0, result.stderr
    rows = {line.split()[0]: line.split() for line in result.stdout.splitlines() if line.split()}
    for name in ("revenue.lab", "margin.chips", "margin.memory", "inference_margin.lab", "gap"):
        assert len(rows[name]) == 8, rows[name]
    assert max(map(len, result.stdout.splitlines())) <= 100
    assert float(rows["revenue.lab"][-1]) < 0.0  # worse than its trend, and shown
    assert "too few to tell: " in result.stdout and "better: " not in result.stdout
    assert "15 forecasts of 15 outcomes, which hang together" in result.stdout


def test_nothing_is_claimed_of_fifteen_outcomes(call):
    words = " ".join(call("hindcast", *QUICK).stdout.split())
    assert "fewer than 20, so nothing can be said about calibration" in words
    for claim in ("too narrow", "too low", "does not contradict"):
        assert claim not in words


def test_every_forecast_stands_beside_its_outcome_when_asked(call):
    result = call("hindcast", *QUICK, "--every")
    lines = result.stdout.splitlines()
    begin = next(place for place, line in enumerate(lines) if line.startswith("From July 2025"))
    rows = lines[begin + 1 : begin + 16]
    assert rows[-1].startswith("gap") and not lines[begin + 16]
    assert any(line.endswith("above") for line in rows)
    assert max(map(len, lines)) <= 100
    assert "From July" not in call("hindcast", *QUICK).stdout


def test_quiet_prints_the_verdicts_alone(call):
    result = call("hindcast", *QUICK, "--quiet")
    assert result.stdout.startswith(f"{LATEST}: ")
    assert len(result.stdout.splitlines()) == 1
    assert result.stderr == ""


def test_json_holds_scores_digests_and_the_scale_of_each(call):
    document = json.loads(call("hindcast", *QUICK, "--json").stdout)
    assert (document["exit_code"], document["failed_trajectories"]) == (0, 0)
    (origin,) = document["origins"]
    assert len(origin["scenario_digest"]) == len(origin["known_digest"]) == 64
    assert len(document["forecasts"]) == origin["n"] == document["outcomes"] == 15
    first = document["forecasts"][0]
    assert set(first["baseline"]) == {"persistence", "drift"}
    assert 0.0 < first["pit"] < 1.0 and first["crps_standard_error"] > 0.0
    scales = {item["series"]: item["scale"] for item in document["forecasts"]}
    assert scales["revenue.lab"] == "logarithm" and scales["gap"] == "plain"


def test_a_change_on_the_command_line_reaches_the_forecast(call):
    plain, changed = (
        json.loads(call("hindcast", *QUICK, "--json", *options).stdout)["origins"][0]["scenario_digest"]
        for options in ((), ("--set", "hop.memory.volatility=0.3"))
    )
    assert plain != changed


def test_a_file_is_scored_like_a_shipped_hindcast(call, tmp_path):
    path = shipped_hindcasts()[LATEST]
    mine = tmp_path / "mine.toml"
    mine.write_text('extends = "base"\nname = "mine"\n[time]\nstart = 2025-07-01\n', encoding="utf-8")
    result = call("hindcast", mine, path, "-n", "1600", "--quiet")
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == ["mine", LATEST]


def test_a_file_may_extend_a_shipped_hindcast_by_its_name(call, tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text(
        f'extends = "{LATEST}"\nname = "mine"\n[hop.memory]\nvolatility = 0.3\n', encoding="utf-8"
    )
    result = call("hindcast", mine, "-n", "1600", "--quiet")
    assert result.stdout.startswith("mine: ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["base"], "base: begins on 2026-07-01, and no outcome is known"),
        (["hindcast_2024x"], "there is no such file or shipped scenario"),
        ([LATEST, "-n", "10"], "10 is not in the range"),
        ([LATEST, "--set", "hop.memory.volatile=1"], 'Did you mean "volatility"?'),
    ],
)
def test_what_cannot_be_scored_is_refused(call, words, message):
    result = call("hindcast", *words)
    assert result.exit_code == 2
    assert message in result.stderr


def test_figures_are_written_light_and_dark(call, tmp_path):
    result = call("hindcast", *QUICK, "--figures", "pictures", "--json")
    names = [
        f"hindcast-{kind}-{theme}.png" for theme in ("light", "dark") for kind in ("bands", "pit", "skill")
    ]
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == sorted(names)
    assert [path.split("/")[-1] for path in json.loads(result.stdout)["figures"]] == names
