"""The tables of the page on validation hide no series and no loss."""

from __future__ import annotations

from sandwich_sim.studies.hindcast import run_hindcast
from sandwich_sim.studies.hindcast_page import validation_tables


def test_every_series_has_a_row_that_says_where_it_is_worse_than_no_model() -> None:
    found = run_hindcast(["hindcast_2025_07"], trajectories=512)
    rows = [line.strip("| ").split(" | ") for line in validation_tables(found)["series"].splitlines()[2:]]
    assert [row[0] for row in rows] == [f"`{group.name}`" for group in found.series]
    for row, group in zip(rows, found.series, strict=True):
        losses = {kind for kind, skill in group.skill.items() if skill.value < 0.0}
        assert {kind for kind in ("persistence", "drift") if kind in row[-1]} == losses
        assert (row[-1] == "better") == (not losses)
    assert any(row[-1] != "better" for row in rows)


def test_origins_and_times_ahead_have_their_counts() -> None:
    found = run_hindcast(["hindcast_2025_01", "hindcast_2025_07"], trajectories=512)
    tables = validation_tables(found)
    origins = [line.strip("| ").split(" | ") for line in tables["origin"].splitlines()[2:]]
    assert [row[:2] for row in origins] == [["January 2025", "26"], ["July 2025", "15"]]
    ahead = [line.strip("| ").split(" | ") for line in tables["ahead"].splitlines()[2:]]
    assert sum(int(row[1]) for row in ahead[:-1]) == int(ahead[-1][1]) == len(found.forecasts)
