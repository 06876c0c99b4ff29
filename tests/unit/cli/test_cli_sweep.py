"""`sweep`: what it prints, writes and refuses; the numbers have tests of their own."""

import json

import pytest
import xarray as xr

GRID = ["--grid", "open_source.catch_up_speed=0.8:1.4:3"]
TWO = [*GRID, "--grid", "lab.reinvestment=0.3,0.9"]
SMALL = ["-n", 64]


def test_one_swept_number_makes_a_table(call):
    result = call("sweep", "base", *GRID, *SMALL, "--metric", "mean(gap @ 2028-07)")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("  open_source.catch_up_speed"))
    assert [line.split()[0] for line in lines[head + 1 : head + 4]] == ["0.8", "1.1", "1.4"]
    assert "±" in lines[head + 1]
    assert "3 points and the scenario as it is: 4 scenarios of 64 trajectories" in result.stderr


def test_two_make_a_matrix_and_frontiers_lines(call):
    result = call("sweep", "base", *TWO, *SMALL, "--frontier", "umbrella_closed=0.7")
    assert result.exit_code == 0
    assert "open_source.catch_up_speed down, lab.reinvestment across" in result.stdout
    assert result.stdout.count(" down, ") == 1  # what was not asked for is left out
    assert "P(umbrella_closed) = 0.7 at open_source.catch_up_speed = " in result.stdout


def test_quiet_prints_the_frontiers_alone(call):
    result = call("sweep", "base", *GRID, *SMALL, "--frontier", "umbrella_closed=0.7", "--quiet")
    (line,) = result.stdout.splitlines()
    assert line.startswith("P(umbrella_closed) = 0.7 ")
    assert result.stderr == ""


def test_json_holds_every_number(call):
    result = call("sweep", "base", *TWO, *SMALL, "--frontier", "umbrella_closed=0.7", "--json")
    document = json.loads(result.stdout)
    assert [dimension["key"] for dimension in document["dimensions"]] == [
        "open_source.catch_up_speed",
        "lab.reinvestment",
    ]
    for statistic in document["statistics"]:
        for name in ("value", "standard_error", "difference", "difference_standard_error"):
            assert len(statistic[name]) == 3
            assert all(len(row) == 2 for row in statistic[name])
    assert {frontier["along"] for frontier in document["frontiers"]} == {"catch_up_speed", "reinvestment"}
    assert document["exit_code"] == 0


def test_the_dataset_and_the_figures_are_written_where_they_should(call, tmp_path):
    result = call(
        "sweep", "base", *TWO, *SMALL, "--metric", "mean(gap @ 2028-07)", "-o", "a.nc", "--figures", "f"
    )
    assert result.exit_code == 0
    with xr.open_dataset(tmp_path / "a.nc") as found:
        assert found["value"].shape == (1, 3, 2)
    names = sorted(path.name for path in (tmp_path / "f").iterdir())
    assert names == ["sweep-mean-gap-2028-07-dark.png", "sweep-mean-gap-2028-07-light.png"]
    again = call("sweep", "base", *TWO, *SMALL, "-o", "a.nc")
    assert again.exit_code == 2
    assert "is there already" in again.stderr


def test_dry_run_says_what_it_would_take(call):
    result = call("sweep", "base", *TWO, "--dry-run")
    assert result.stdout.startswith("3 x 2 points and the scenario as it is: 7 scenarios of 65,536")
    document = json.loads(call("sweep", "base", *TWO, "--dry-run", "--json").stdout)
    assert (document["scenarios"], document["trajectories"]) == (7, 65536)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "nothing to sweep"),
        (["--grid", "open_source.gop=1,2"], 'Did you mean "gap"'),
        (["--grid", "gap"], "is no axis"),
        ([*GRID, "-o", "a.csv"], "ends neither in .nc"),
    ],
)
def test_what_cannot_be_swept_is_told_with_exit_code_2(call, args, message):
    result = call("sweep", "base", *args)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""
