from datetime import date
from pathlib import Path

import numpy as np
import pytest

from sandwich_sim.errors import IntegrityError, UsageError
from sandwich_sim.results.coordinates import decimal_year, record_date, record_days, shift_months
from sandwich_sim.results.dataset import open_run, read_accumulators, read_meta, series_of, to_dataset
from sandwich_sim.results.digest import content_digest
from sandwich_sim.results.layout import layout_of
from sandwich_sim.results.run_list import list_runs
from sandwich_sim.results.status import run_status
from synthetic_run import accumulate, make_arrays, make_meta, write_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    write_run(tmp_path / "run", make_meta())
    return tmp_path / "run"


@pytest.mark.parametrize("keep", ["summary", "outcomes", "paths"])
def test_results_in_memory_are_labelled_as_those_on_disk(tmp_path: Path, keep: str) -> None:
    meta = make_meta(keep=keep)
    arrays = make_arrays(meta)
    write_run(tmp_path / "run", meta, arrays)
    stored = open_run(tmp_path / "run").load()
    made = to_dataset(layout_of(meta), arrays, accumulate(meta, arrays))
    assert set(made.variables) == set(stored.variables)
    for name in stored.variables:
        assert made[name].dims == stored[name].dims
        assert made[name].attrs == stored[name].attrs
        np.testing.assert_array_equal(made[name].astype(stored[name].dtype), stored[name])
    assert set(made.attrs) == set(stored.attrs)


def test_results_in_memory_keep_their_precision() -> None:
    meta = make_meta()
    made = to_dataset(layout_of(meta), make_arrays(meta))
    assert made["margin"].dtype == np.float64
    assert made["event_flag"].dtype == bool


def test_everything_has_a_unit_or_says_where_it_is(run: Path) -> None:
    dataset = open_run(run)
    for name, variable in dataset.data_vars.items():
        assert variable.attrs["long_name"]
        assert "units" in variable.attrs or name == "parameters"
    for variable in dataset.coords.values():
        assert variable.attrs["long_name"]
        if variable.dtype.kind in "fiu":
            assert variable.attrs["units"]


@pytest.mark.parametrize(("part", "what"), [("gap_mean", "an array"), ("accumulators", "a part")])
def test_a_part_of_a_run_is_told_from_a_run(run: Path, part: str, what: str) -> None:
    said = f"{part}: is not a run folder but {what} \\({part}\\) of one. Name the run: .*run$"
    for read in (open_run, run_status):
        with pytest.raises(UsageError, match=said):
            read(run / part)


def test_a_folder_beside_runs_is_no_part_of_one(run: Path) -> None:
    (run.parent / "other").mkdir()
    with pytest.raises(UsageError, match=r"other: is not a run folder\. `sandwich-sim runs` lists"):
        open_run(run.parent / "other")


def test_records_and_years_have_dates(run: Path) -> None:
    dataset = open_run(run)
    assert dataset["time"].values[[0, 1, -1]].astype("datetime64[D]").tolist() == [
        date(2026, 7, 1),
        date(2026, 10, 1),
        date(2028, 7, 1),
    ]
    assert dataset["year"].values.tolist() == [2026, 2027, 2028]
    assert dataset["elapsed"].values[-1] == 2.0
    np.testing.assert_array_equal(dataset["year_date"], dataset["time"][::4])


def test_a_series_is_found_by_its_scenario_name(run: Path) -> None:
    dataset = open_run(run)
    assert series_of(dataset, "margin.lab").dims == ("year", "trajectory")
    assert series_of(dataset, "gap").dims == ("year", "trajectory")
    assert series_of(dataset, "revenue_mean.chips").dims == ("time",)
    with pytest.raises(UsageError, match=r"revenue\.lab: not kept by this run"):
        series_of(dataset, "revenue.lab")


def test_opening_reads_nothing_yet(run: Path) -> None:
    dataset = open_run(run)
    assert not dataset["margin"].variable._in_memory


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        open_run(tmp_path / "nowhere")


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UsageError, match="`sandwich-sim runs` lists"):
            open_run(folder)


def test_a_run_without_its_description_is_damaged(run: Path) -> None:
    (run / "zarr.json").unlink()
    with pytest.raises(IntegrityError, match=r"it has no zarr\.json"):
        open_run(run)


@pytest.mark.parametrize("chunk", ["margin/c/0/0/2", "gap/c/0/0", "hop/c/0", "accumulators/total/c/0/0/0"])
def test_a_missing_chunk_is_named(run: Path, chunk: str) -> None:
    (run / chunk).unlink()
    with pytest.raises(IntegrityError, match=chunk):
        open_run(run)


def test_a_short_chunk_is_named(run: Path) -> None:
    path = run / "margin/c/0/0/1"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(IntegrityError, match="margin/c/0/0/1: 2307 bytes instead of 2308"):
        open_run(run)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"name": "bytes"', '"name": "numcodecs.pickle"'),
        ('"data_type": "float32"', '"data_type": "object"'),
        ('"zarr_format": 3, "node_type": "group"', '"zarr_format": 3, "node'),
        ('"chunk_key_encoding"', '"chunk_key_decoding"'),
    ],
)
def test_metadata_that_is_not_ours_is_refused(run: Path, old: str, new: str) -> None:
    path = run / "zarr.json"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(IntegrityError):
        open_run(run)


def test_a_damaged_provenance_is_said(run: Path) -> None:
    (run / "provenance.json").write_text("{")
    with pytest.raises(IntegrityError, match="provenance"):
        read_meta(run)
    (run / "provenance.json").write_text('{"run": {"name": 3}}')
    with pytest.raises(IntegrityError, match="does not describe a run"):
        read_meta(run)


def test_accumulators_of_an_incomplete_run_are_refused(run: Path) -> None:
    (run / "_COMPLETE").unlink()
    with pytest.raises(IntegrityError, match="not complete"):
        read_accumulators(run)


def test_runs_are_listed_whatever_their_state(tmp_path: Path) -> None:
    write_run(tmp_path / "good", make_meta())
    write_run(tmp_path / "batch" / "half", make_meta(keep="summary"))
    (tmp_path / "batch" / "half" / "_COMPLETE").unlink()
    write_run(tmp_path / "bad", make_meta())
    (tmp_path / "bad" / "provenance.json").write_text("[")
    write_run(tmp_path / "failed", make_meta(), failures=np.array([1, 0, 0, 0]))
    (tmp_path / "README.md").write_text("not a run")
    (tmp_path / "empty").mkdir()
    found = {info.folder.name: info for info in list_runs(tmp_path)}
    assert set(found) == {"good", "half", "bad", "failed"}
    assert found["good"].complete
    assert not found["good"].problem
    assert found["good"].n_trajectories == 200
    assert found["good"].size_bytes > 100_000
    assert found["good"].created.startswith("2026-11-23")
    assert not found["half"].complete
    assert "not complete" in found["half"].problem
    assert found["failed"].failed
    assert "provenance" in found["bad"].problem
    assert list_runs(tmp_path / "nowhere") == []


def test_the_content_digest_does_not_depend_on_how_a_run_was_stored(tmp_path: Path) -> None:
    arrays = make_arrays(make_meta(n_trajectories=4200, fans=("gap",), keep_series=("gap",)))
    digests = set()
    for unit in (500, 4096, 4200):
        meta = make_meta(n_trajectories=4200, unit=unit, fans=("gap",), keep_series=("gap",))
        accumulated = {"fine": np.zeros((16, 12, 2, 1027), int), "fan": np.zeros((1, 9, 259), int)}
        write_run(tmp_path / str(unit), meta, arrays, **accumulated)
        digests.add(content_digest(tmp_path / str(unit)))
    assert len(digests) == 1


@pytest.mark.parametrize("name", ["parameters", "event_time", "cumulative", "yearly", "log_weight"])
def test_the_content_digest_notices_one_changed_value(tmp_path: Path, run: Path, name: str) -> None:
    arrays = make_arrays(make_meta())
    arrays[name][..., 77] = 0.125
    write_run(tmp_path / "other", make_meta(), arrays)
    assert content_digest(tmp_path / "other") != content_digest(run)


def test_the_content_digest_ignores_the_time_of_the_run(tmp_path: Path, run: Path) -> None:
    write_run(tmp_path / "later", make_meta(), started="2026-11-23T11:00:00+00:00")
    assert content_digest(tmp_path / "later") == content_digest(run)


@pytest.mark.parametrize("steps_per_year", [1, 4, 12])
def test_steps_of_whole_months_keep_the_day(steps_per_year: int) -> None:
    start = date(2026, 1, 31)
    days = record_days(start, 2, steps_per_year)
    assert days.size == 2 * steps_per_year + 1
    assert record_date(make_meta(start=start, steps_per_year=steps_per_year), -1) == date(2028, 1, 31)


@pytest.mark.parametrize("steps_per_year", [5, 52, 1000])
def test_other_steps_divide_each_year(steps_per_year: int) -> None:
    days = record_days(date(2027, 7, 1), 3, steps_per_year)
    assert days[steps_per_year] == 366
    assert days[-1] == 366 + 365 + 365
    assert (np.diff(days) > 0).all()


def test_months_end_where_a_month_is_short() -> None:
    assert shift_months(date(2026, 11, 30), 3) == date(2027, 2, 28)
    assert shift_months(date(2026, 12, 1), 12) == date(2027, 12, 1)
    assert decimal_year(date(2026, 1, 1)) == 2026.0
