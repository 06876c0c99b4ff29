"""`portfolio` prints where a book sits, or one JSON document."""

import json
import re

import pytest

from synthetic_run import make_meta, write_run

BOOK = """
extends = "base"
remove = [
    "portfolio.position.chip_designer",
    "portfolio.position.big_cloud",
    "portfolio.position.frontier_lab",
]
[portfolio.position.designer]
weight = 0.75
exposure = { chips = 1.0 }
[portfolio.position.owner]
weight = 0.25
exposure = { lab = 0.9, app = 0.1 }
price = 900.0
revenue = 45.0
"""


@pytest.fixture
def run(tmp_path):
    (tmp_path / "book.toml").write_text(BOOK)
    write_run(tmp_path / "toy", make_meta(n_trajectories=4096, unit=4096))
    (tmp_path / "toy" / "scenario.toml").write_text(BOOK)
    return "toy"


def test_the_table_holds_positions_book_tail_parts_and_multiple(call, run):
    result = call("portfolio", run)
    assert (result.exit_code, result.stderr) == (0, "")
    words = " ".join(result.stdout.split())
    for part in ("designer", "owner", "book", "Chips", "Capability gap today", "20.0"):
        assert part in words
    assert "mean profit, discounted, bn USD, in the worst 5% (expected shortfall): " in words
    assert re.search(r"As concentrated as \d\.?\d? equal hops\.", words)


@pytest.mark.parametrize("width", [80, 100])
def test_no_line_is_wider_than_the_terminal(call, run, width):
    result = call("portfolio", run, env={"COLUMNS": str(width)})
    assert max(map(len, result.stdout.splitlines())) <= width


def test_json_is_one_document_with_an_error_beside_every_estimate(call, run):
    document = json.loads(call("portfolio", run, "--json").stdout)
    found = document["portfolio"]
    assert [place["name"] for place in found["positions"]] == ["designer", "owner"]
    assert "open_source.gap" in [driver["parameter"] for driver in found["by_driver"]]
    share = found["book"]["discounted_profit_share"]["quantiles"]["0.5"]
    assert share["value"] > 0 and share["standard_error"] > 0
    assert found["shortfall"]["0.01"]["value"] is None
    assert "too few" in found["shortfall"]["0.01"]["reason"]


def test_positions_may_come_from_another_scenario(call, run, tmp_path):
    (tmp_path / "toy" / "scenario.toml").unlink()
    result = call("portfolio", run, "--positions", "book.toml")
    assert result.exit_code == 0
    assert "designer" in result.stdout


def test_a_position_in_a_hop_that_the_run_lacks_is_a_usage_error(call, run):
    result = call("portfolio", run, "--positions", "base")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no hop cloud" in result.stderr


def test_a_summary_run_says_what_it_cannot_tell(call, tmp_path, run):
    write_run(tmp_path / "short", make_meta(keep="summary"))
    result = call("portfolio", "short", "--positions", "book.toml")
    assert result.exit_code == 0
    assert "--keep outcomes" in result.stdout
