"""The tables of the page on validation hide no series and no loss."""

from __future__ import annotations

from sandwich_sim.analysis.hindcast_result import TOO_FEW
from sandwich_sim.analysis.scores import FEWEST_FORECASTS, FEWEST_OUTCOMES
from sandwich_sim.studies.hindcast import run_hindcast
from sandwich_sim.studies.hindcast_page import validation_tables


def test_every_series_has_a_row_whose_verdict_is_no_bolder_than_its_intervals() -> None:
    found = run_hindcast(trajectories=512)
    rows = [line.strip("| ").split(" | ") for line in validation_tables(found)["series"].splitlines()[2:]]
    assert [row[0] for row in rows] == [f"`{group.name}`" for group in found.series]
    for row, group in zip(rows, found.series, strict=True):
        verdict = row[7]
        is_known = group.n >= FEWEST_FORECASTS and group.n_outcome >= FEWEST_OUTCOMES
        assert (verdict == TOO_FEW) == (not is_known), group.name
        assert all(("(" in cell) == is_known for cell in row[5:7])
        skills = group.skill.values()
        assert ("better" in verdict) == any(skill.low > 0.0 for skill in skills)
        assert ("worse" in verdict) == any(skill.high < 0.0 for skill in skills)
    verdicts = {group.name: group.verdict for group in found.series}
    assert verdicts["margin.memory"] == "better"
    assert verdicts["margin.cloud"] == TOO_FEW  # seven forecasts, of two outcomes
    assert verdicts["revenue.lab"] == "better than persistence, worse than drift"


def test_origins_and_times_ahead_have_their_counts() -> None:
    found = run_hindcast(["hindcast_2025_01", "hindcast_2025_07"], trajectories=512)
    tables = validation_tables(found)
    origins = [line.strip("| ").split(" | ") for line in tables["origin"].splitlines()[2:]]
    assert [row[:2] for row in origins] == [["January 2025", "26"], ["July 2025", "15"]]
    ahead = [line.strip("| ").split(" | ") for line in tables["ahead"].splitlines()[2:]]
    assert sum(int(row[1]) for row in ahead[:-1]) == int(ahead[-1][1]) == len(found.forecasts)
