"""`runs` and `export`, on runs made of plain random numbers."""

import csv
import json

import pytest

from synthetic_run import make_meta, write_run


@pytest.fixture
def results(tmp_path):
    root = tmp_path / "results"
    root.mkdir()
    write_run(root / "toy-1", make_meta())
    write_run(root / "toy-2", make_meta(keep="summary", seed=2))
    return root


def test_runs_lists_what_is_there(call, results):
    result = call("runs")
    assert result.exit_code == 0
    assert result.stderr == "2 runs in results\n"
    header, *rows = result.stdout.splitlines()
    assert header.split() == ["folder", "run", "trajectories", "sampler", "keep", "size", "started", "state"]
    assert {tuple(row.split()[:2]) for row in rows} == {
        ("results/toy-1", make_meta().run_digest[:8]),
        ("results/toy-2", make_meta(keep="summary", seed=2).run_digest[:8]),
    }
    assert all(row.endswith("complete") for row in rows)


def test_runs_shows_what_is_damaged(call, results):
    (results / "toy-1" / "_COMPLETE").unlink()
    (results / "toy-2" / "provenance.json").write_text("{")
    document = json.loads(call("runs", "results", "--json").stdout)
    states = {run["folder"]: run["state"] for run in document["runs"]}
    assert states == {"results/toy-1": "incomplete", "results/toy-2": "damaged"}
    assert "results/toy-2: its provenance.json is missing or damaged" in call("runs").stderr.splitlines()


def test_quiet_runs_are_their_folders_alone(call, results):
    result = call("runs", "--quiet")
    assert (sorted(result.stdout.splitlines()), result.stderr) == (["results/toy-1", "results/toy-2"], "")


def test_no_runs_is_no_error_but_a_missing_folder_is(call):
    result = call("runs")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "0 runs in results\n")
    assert json.loads(call("runs", "--json").stdout)["runs"] == []
    assert call("runs", "nowhere").exit_code == 2


def test_export_writes_the_table(call, results, tmp_path):
    result = call("export", "results/toy-1", "-o", "table.csv")
    assert (result.exit_code, result.stdout) == (0, "table.csv\n")
    with (tmp_path / "table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"app", "lab", "chips"} <= {row["name"] for row in rows}
    assert all("standard_error" in row for row in rows)


def test_export_writes_a_series_and_the_outcomes(call, results, tmp_path):
    assert call("export", "results/toy-1", "-o", "s.csv", "--what", "margin.lab").exit_code == 0
    assert len((tmp_path / "s.csv").read_text().splitlines()) == 1 + 9
    assert call("export", "results/toy-1", "-o", "o.parquet", "--what", "outcomes").exit_code == 0


def test_export_says_what_it_wrote_as_json_or_nothing(call, results, tmp_path):
    document = json.loads(call("export", "results/toy-1", "-o", "s.csv", "--what", "gap", "--json").stdout)
    assert (document["output"], document["what"], document["rows"]) == ("s.csv", "gap", 9)
    assert document["columns"][:4] == ["date", "years", "mean", "standard_error"]
    result = call("export", "results/toy-1", "-o", "s.csv", "--force", "--quiet")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("typed", "meant"), [("margin.labb", "margin.lab"), ("marign", "margin"), ("tabel", "table")]
)
def test_a_typo_in_what_to_export_is_told_the_nearest_name(call, results, typed, meant):
    result = call("export", "results/toy-1", "-o", "s.csv", "--what", typed)
    assert result.exit_code == 2
    assert result.stderr == f"error: {typed}: is not the name of a series. Did you mean {meant}?\n"


def test_export_does_not_overwrite(call, results, tmp_path):
    (tmp_path / "table.csv").write_text("mine")
    assert call("export", "results/toy-1", "-o", "table.csv").exit_code == 2
    assert (tmp_path / "table.csv").read_text() == "mine"
    assert call("export", "results/toy-1", "-o", "table.csv", "--force").exit_code == 0


@pytest.mark.parametrize(
    "args",
    [
        ["results/toy-1", "-o", "table.docx"],
        ["results/toy-1", "-o", "table.csv", "--what", "margin.nosuch"],
        ["results/toy-2", "-o", "table.csv", "--what", "outcomes"],
        ["results/nosuch", "-o", "table.csv"],
        ["results/toy-1", "-o", "nowhere/table.csv"],
        ["results/toy-1"],
    ],
)
def test_what_cannot_be_exported_is_a_usage_error(call, results, tmp_path, args):
    result = call("export", *args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert not (tmp_path / "table.csv").exists()


def test_a_damaged_run_exits_with_6(call, results):
    (results / "toy-1" / "_COMPLETE").unlink()
    result = call("export", "results/toy-1", "-o", "table.csv")
    assert result.exit_code == 6
    assert len(result.stderr.splitlines()) == 1
