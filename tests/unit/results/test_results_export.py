import csv
import sys
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow.parquet
import pytest

from sandwich_sim.errors import IntegrityError, UsageError
from sandwich_sim.results import table_files
from sandwich_sim.results.export import export
from sandwich_sim.results.table_files import Table, write_table
from synthetic_run import HOPS, make_arrays, make_meta, write_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    write_run(folder, make_meta(n_trajectories=320))
    return folder


def read(path: Path) -> list[list[object]]:
    """Rows of a file, heading first; numbers as numbers, missing ones as None."""
    if path.suffix == ".xlsx":
        return [list(row) for row in openpyxl.load_workbook(path).active.values]
    if path.suffix == ".parquet":
        table = pyarrow.parquet.read_table(path)
        return [table.column_names, *(list(row.values()) for row in table.to_pylist())]
    with path.open(newline="", encoding="utf-8") as file:
        return [[_number(cell) for cell in row] for row in csv.reader(file)]


def _number(text: str) -> object:
    try:
        return float(text) if text else None
    except ValueError:
        return text


def _same(value: object, right: object) -> bool:
    if missing(value) or missing(right):
        return missing(value) and missing(right)
    if isinstance(value, float | int) or isinstance(right, float | int):
        return float(value) == pytest.approx(float(right), rel=1e-6)
    return value == right


def missing(value: object) -> bool:
    return value is None or value != value or value == ""


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx"])
@pytest.mark.parametrize("what", ["table", "outcomes", "margin.lab", "gap", "revenue.app"])
def test_every_format_holds_the_same_numbers(run: Path, tmp_path: Path, suffix: str, what: str) -> None:
    export(run, tmp_path / f"found{suffix}", what)
    export(run, tmp_path / "reference.parquet", what)
    found, expected = read(tmp_path / f"found{suffix}"), read(tmp_path / "reference.parquet")
    assert found[0] == expected[0]
    assert len(found) == len(expected)
    for row, reference in zip(found[1:], expected[1:], strict=True):
        for value, right in zip(row, reference, strict=True):
            assert _same(value, right)
    assert {path.name for path in tmp_path.iterdir()} == {f"found{suffix}", "reference.parquet"}


def test_outcomes_are_one_row_a_trajectory(run: Path, tmp_path: Path) -> None:
    export(run, tmp_path / "o.parquet", "outcomes")
    table = pyarrow.parquet.read_table(tmp_path / "o.parquet")
    meta = make_meta(n_trajectories=320)
    arrays = make_arrays(meta)
    assert table["trajectory"].to_numpy().tolist() == list(range(320))
    expected = arrays["series"][meta.series.index("margin.chips"), 4].astype(np.float32)
    np.testing.assert_array_equal(table["margin.chips @ 2027"].to_numpy(), expected)
    np.testing.assert_array_equal(
        table["hop.chips.scarcity"].to_numpy(), arrays["parameters"][1].astype(np.float32)
    )
    assert {"event_flag.boom", "event_time.bust", "discounted_profit.lab", "gap @ 2028"} <= set(
        table.column_names
    )


def test_a_series_is_one_row_a_record(run: Path, tmp_path: Path) -> None:
    export(run, tmp_path / "s.csv", "margin.lab")
    rows = read(tmp_path / "s.csv")
    levels = ["p5", "p25", "p50", "p75", "p95"]
    errors = [f"{level}_standard_error" for level in levels]
    assert rows[0] == ["date", "years", "mean", "standard_error", *levels, *errors]
    assert rows[1][0] == "2026-07-01"
    assert len(rows) == 10


def test_a_variable_is_the_series_of_every_hop_below_each_other(run: Path, tmp_path: Path) -> None:
    export(run, tmp_path / "all.csv", "margin")
    heading, *rows = read(tmp_path / "all.csv")
    assert heading[:3] == ["hop", "date", "years"]
    assert [row[0] for row in rows] == [hop for hop in HOPS for _ in range(9)]
    for hop in HOPS:
        export(run, tmp_path / f"{hop}.csv", f"margin.{hop}")
        assert [row[1:] for row in rows if row[0] == hop] == read(tmp_path / f"{hop}.csv")[1:]


def test_a_variable_without_a_fan_has_no_quantiles(run: Path, tmp_path: Path) -> None:
    for what, first in (("profit_share", ["hop"]), ("spend", [])):
        export(run, tmp_path / f"{what}.csv", what)
        heading = read(tmp_path / f"{what}.csv")[0]
        assert heading == [*first, "date", "years", "mean", "standard_error"]


def test_large_files_are_written_by_pieces(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(run, tmp_path / "small.csv", "outcomes")
    monkeypatch.setattr(table_files, "_SMALL", 100)
    export(run, tmp_path / "large.csv", "outcomes")
    small, large = read(tmp_path / "small.csv"), read(tmp_path / "large.csv")
    assert small[0] == large[0]
    column = small[0].index("margin.lab @ 2027")
    np.testing.assert_allclose([r[column] for r in large[1:]], [r[column] for r in small[1:]], rtol=1e-6)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_no_text_becomes_a_formula(tmp_path: Path, suffix: str, text: str) -> None:
    columns = {"name": [text, "harmless"], "value": [-1.0, 2.0]}
    write_table(Table(2, tuple(columns), lambda: iter([columns])), tmp_path / f"t{suffix}")
    rows = read(tmp_path / f"t{suffix}")
    assert rows[1] == [f"'{text}", -1.0]
    assert rows[2][0] == "harmless"


def test_too_many_rows_for_excel_are_refused(tmp_path: Path) -> None:
    table = Table(1_048_576, ("a",), lambda: iter([]))
    with pytest.raises(UsageError, match="do not fit an Excel sheet"):
        write_table(table, tmp_path / "t.xlsx")
    assert not list(tmp_path.iterdir())


def test_an_unknown_suffix_is_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.csv, \.parquet, \.xlsx"):
        export(run, tmp_path / "t.doc")


def test_an_unknown_series_is_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"margins\.lab: .* Did you mean margin\.lab\?"):
        export(run, tmp_path / "t.csv", "margins.lab")


def test_a_missing_package_names_the_extra(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(UsageError, match=r'pip install "sandwich-sim\[export\]"'):
        export(run, tmp_path / "t.xlsx")
    assert not list(tmp_path.iterdir())


def test_a_summary_has_no_outcomes(tmp_path: Path) -> None:
    write_run(tmp_path / "run", make_meta(keep="summary"))
    with pytest.raises(UsageError, match="keeps no trajectories"):
        export(tmp_path / "run", tmp_path / "t.csv", "outcomes")


def test_paths_are_left_out_of_outcomes(tmp_path: Path) -> None:
    write_run(tmp_path / "run", make_meta(keep="paths"))
    export(tmp_path / "run", tmp_path / "t.csv", "outcomes")
    assert not any(str(name).startswith("margin") for name in read(tmp_path / "t.csv")[0])


def test_an_incomplete_run_is_not_exported(tmp_path: Path) -> None:
    write_run(tmp_path / "run", make_meta())
    (tmp_path / "run" / "_COMPLETE").unlink()
    with pytest.raises(IntegrityError):
        export(tmp_path / "run", tmp_path / "t.csv")


def test_a_place_that_cannot_be_written_is_said(run: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        export(run, tmp_path / "nowhere" / "t.csv")
