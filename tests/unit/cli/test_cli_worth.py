"""`worth` prints what knowing an input would be worth, or one JSON document."""

import json

import pytest

from small_runs import small_run

N = 2048
TWO = ("--choice", "chips=chip_designer", "--choice", "mixed=big_cloud:1,chip_designer:1", "--per", "fair")


def test_the_tables_name_inputs_worth_and_what_is_left(call):
    result = call("worth", small_run("base", "outcomes", N), *TWO, "--top", 3)
    assert (result.exit_code, result.stderr) == (0, "")
    for part in (
        "with hindsight",
        "Worth of knowing",
        "at most",
        "mixed",
        "deviation left",
        "2,048 trajectories",
    ):
        assert part in result.stdout


@pytest.mark.parametrize("width", [80, 100])
def test_no_line_is_wider_than_the_terminal(call, width):
    result = call("worth", small_run("base", "outcomes", N), env={"COLUMNS": str(width)})
    assert max(map(len, result.stdout.splitlines())) <= width


def test_json_holds_choices_and_every_input(call):
    document = json.loads(call("worth", small_run("base", "outcomes", N), "--json").stdout)
    choice = document["choice"]
    assert [each["name"] for each in choice["choices"]][:2] == ["book", "even"]
    assert choice["basis"] == "revenue"  # labs lose money on average in the base scenario
    assert len(choice["inputs"]) == len(document["outcomes"][0]["inputs"]) > 70
    first = document["outcomes"][0]["inputs"][0]
    assert 0.0 < first["variance_that_goes"] < 1.0
    assert first["deviation_left"] < document["outcomes"][0]["standard_deviation"]


def test_what_is_not_stored_is_computed_again_to_the_same_numbers(call):
    stored, again = (
        json.loads(call("worth", small_run("base", keep, N), *TWO, "--json").stdout)
        for keep in ("outcomes", "summary")
    )
    assert (stored.pop("source"), again.pop("source")) == ("stored", "recomputed")
    assert {**stored, "run": ""} == {**again, "run": ""}


def test_positions_may_come_from_another_scenario(call, tmp_path):
    (tmp_path / "book.toml").write_text(
        'extends = "base"\nremove = ["portfolio.position.frontier_lab"]\n'
        "[portfolio.position.designer]\nweight = 0.2\nexposure = { chips = 1.0 }\n"
    )
    result = call(
        "worth", small_run("base", "outcomes", N), "--positions", "book.toml", "--per", "fair", "--json"
    )
    assert json.loads(result.stdout)["choice"]["basis"] == "fair"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--per", "fair"), "frontier_lab loses money on average"),
        (("--per", "price"), "has no price"),
        (("--choice", "a=chip_designer"), "one choice is none"),
        (("--choice", "a=chip_designr", "--choice", "b=big_cloud"), 'Did you mean "chip_designer"'),
    ],
)
def test_what_makes_no_choice_is_refused(call, options, message):
    result = call("worth", small_run("base", "outcomes", N), *options)
    assert result.exit_code == 2 and message in result.stderr


def test_figures_are_written_light_and_dark(call, tmp_path):
    result = call("worth", small_run("base", "outcomes", N), *TWO, "-o", "pictures", "--quiet")
    assert result.exit_code == 0
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == {"worth-light.png", "worth-dark.png"}
