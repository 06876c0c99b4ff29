"""`replay` tells the story of one trajectory, or of a tail: as a table, in short, as JSON, as a figure."""

import json

import pytest

from sandwich_sim.errors import IntegrityError
from sandwich_sim.results.dataset import read_accumulators
from small_runs import FOURTEEN_HOPS, small_run

N = 2048


@pytest.fixture
def summary():
    return small_run(keep="summary")


@pytest.fixture
def outcomes():
    return small_run()


def test_the_table_tells_inputs_chance_happenings_years_and_sums(call, outcomes):
    result = call("replay", outcomes, "1_017")
    assert (result.exit_code, result.stderr) == (0, "")
    for part in (
        "Trajectory 1,017 of",
        "all are equal, bit for bit",
        "Unusual inputs",
        "Chance over the run",
        "Closed leaps",
        "On the way",
        "By year",
        "all_in_margin, %",
        "margin.chips, %",
        "Over the run, bn USD",
        "Electricity",
    ):
        assert part in result.stdout


def test_a_summary_run_says_that_it_stores_nothing_of_a_trajectory_in_the_middle(call, summary):
    tails = set(read_accumulators(summary)["tail_index"].ravel().tolist())
    index = next(n for n in range(N) if n not in tails)
    result = call("replay", summary, index)
    assert result.exit_code == 0
    text = " ".join(result.stdout.split())
    assert "stores none of its numbers" in text
    assert "the run kept no more" in text


@pytest.mark.parametrize(
    ("width", "what"), [(80, ("5",)), (100, ("6",)), (80, ("--worst", "profit.lab", "--top", "2"))]
)
def test_no_line_is_wider_than_the_terminal(call, outcomes, width, what):
    result = call("replay", outcomes, *what, env={"COLUMNS": str(width)})
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= width


def test_a_long_chain_fits_too(call):
    result = call("replay", small_run(FOURTEEN_HOPS, "summary"), 3, env={"COLUMNS": "80"})
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_color_follows_the_wish(call, summary):
    colored = call("--color", "always", "replay", summary, 5, color=True)
    plain = call("replay", summary, 5, color=True, env={"NO_COLOR": "1"})
    assert "\x1b[1m" in colored.stdout
    assert "\x1b" not in plain.stdout


def test_quiet_leaves_what_stands_out(call, outcomes):
    result = call("replay", outcomes, 5, "--quiet")
    assert (result.exit_code, result.stderr) == (0, "")
    assert 2 <= len(result.stdout.splitlines()) <= 4


def test_quiet_leaves_numbers_and_values_of_a_tail(call, summary):
    result = call("replay", summary, "--best", "revenue.chips", "--top", 3, "--quiet")
    rows = [line.split() for line in result.stdout.splitlines()]
    values = [float(value) for _, value in rows]
    assert (len(rows), result.stderr) == (3, "")
    assert values == sorted(values, reverse=True)


def test_json_holds_the_whole_story(call, outcomes):
    story = json.loads(call("replay", outcomes, 5, "--json", "--hop", "chips").stdout)["story"]
    assert (story["trajectory"], story["n_trajectories"], story["sampler"]) == (5, N, "sobol")
    assert story["compared"] > 400
    assert list(story["hops"]) == ["chips"]
    gap = story["series"]["gap"]
    assert len(gap["values"]) == len(gap["rank"]) == len(story["dates"]) == 41
    rarest = story["inputs"][0]
    assert 0.0 < rarest["quantile"] < 1.0 and rarest["rarity"] < 0.5
    assert {"leap", "release"} & {each["kind"] for each in story["happenings"]}
    assert len(story["standings"]) == 16


def test_json_holds_a_tail_with_its_stories(call, summary):
    document = json.loads(call("replay", summary, "--worst", "discounted_profit.cloud", "--json").stdout)
    tail = document["tail"]
    assert (document["exit_code"], tail["end"], tail["outcome"]) == (0, "lowest", "discounted_profit.cloud")
    assert tail["trajectories"] == [story["trajectory"] for story in tail["stories"]]
    assert len(tail["stories"]) == 5 and tail["n_shared"] == 32
    assert tail["shared"][0]["significance"] ** 2 >= tail["shared"][-1]["significance"] ** 2
    assert "cloud" in tail["stories"][0]["hops"]


def test_a_figure_is_written_as_its_ending_says(call, tmp_path, summary):
    result = call("replay", summary, 5, "-o", "story.pdf", "--quiet")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1] == "story.pdf"
    assert (tmp_path / "story.pdf").read_bytes().startswith(b"%PDF")


def test_a_tail_is_drawn_together_on_the_dark_too(call, tmp_path, summary):
    result = call("replay", summary, "--worst", "profit.lab", "-o", "tail.svg", "--dark", "--size", "phone")
    assert result.exit_code == 0
    assert "Six panels on the lowest trajectories" in result.stderr
    assert "#14171c" in (tmp_path / "tail.svg").read_text()


def test_a_figure_that_exists_is_not_overwritten_unless_forced(call, tmp_path, summary):
    (tmp_path / "story.png").write_text("mine")
    refused = call("replay", summary, 5, "-o", "story.png")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert (tmp_path / "story.png").read_text() == "mine"
    assert call("replay", summary, 5, "-o", "story.png", "--force", "--quiet").exit_code == 0
    assert (tmp_path / "story.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "name one thing to replay"),
        ((5, "--worst", "profit.lab"), "name one thing to replay"),
        (("--best", "profit.lab", "--worst", "profit.lab"), "name one thing to replay"),
        ((5, "--top", 3), "--top goes with --worst or --best"),
        ((N,), f"trajectories are 0 to {N - 1}"),
        ((-1,), "-1"),
        ((5, "--hop", "bakery"), "no hop bakery"),
        ((5, "-o", "story.gif"), "End the name in .png"),
        ((5, "-o", "nowhere/story.png"), "does not exist"),
        (("--worst", "margin.lab @ 2030-07"), "--keep outcomes"),
        (("--worst", "margn.lab @ 2030-07"), "Did you mean"),
        (("--worst", "profit.lab", "--top", 33), "--keep outcomes"),
    ],
)
def test_what_makes_no_sense_is_refused(call, summary, args, message):
    result = call("replay", summary, *args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_a_folder_that_is_no_run_is_refused(call, tmp_path):
    (tmp_path / "other").mkdir()
    assert call("replay", "nowhere", 5).exit_code == 2
    assert call("replay", "other", 5).exit_code == 2


def test_a_trajectory_that_failed_ends_with_the_code_of_integrity(call, tmp_path, summary, monkeypatch):
    from sandwich_sim.studies.replay import Replay

    monkeypatch.setattr(Replay, "_problems", lambda *_: ("gap is inf at 2030-01-01 (step 14)",))
    result = call("replay", summary, 5)
    assert result.exit_code == IntegrityError.exit_code
    assert "FAILED: gap is inf at 2030-01-01 (step 14)" in result.stdout
    assert "not finite in: 5" in result.stderr
    assert json.loads(call("replay", summary, 5, "--json").stdout)["exit_code"] == IntegrityError.exit_code
