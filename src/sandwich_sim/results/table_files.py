"""A table as a CSV, Parquet or Excel file, written piece by piece."""

from __future__ import annotations

import csv
import errno
import importlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.errors import ResourceError, UsageError

SUFFIXES = (".csv", ".parquet", ".xlsx")
XLSX_ROWS, XLSX_COLUMNS = 1_048_576, 16_384
_SMALL = 10_000
"""Rows up to which a CSV file needs no package; arrow writes a larger one 50 times as fast."""

Columns = Mapping[str, Sequence[Any] | NDArray[Any]]
"""Columns of equal length by their heading."""


@dataclass(frozen=True)
class Table:
    """A table in pieces, so that the whole is never in memory.

    Attributes
    ----------
    n_rows : int
    headings : tuple of str
    pieces : callable
        Gives the columns of one piece after the other.
    """

    n_rows: int
    headings: tuple[str, ...]
    pieces: Callable[[], Iterator[Columns]]


def write_table(table: Table, output: Path) -> None:
    """Write a table; the suffix of ``output`` says the format.

    Raises
    ------
    UsageError
        An unknown suffix, an extra that is not installed, too many rows for Excel, or a place
        that cannot be written.
    ResourceError
        If the disk is full.
    """
    check_suffix(output)
    suffix = output.suffix.lower()
    if suffix == ".xlsx":
        _check_fits_excel(table, output)
    write = {".csv": _write_csv, ".parquet": _write_parquet, ".xlsx": _write_xlsx}[suffix]
    with _renamed(output) as partial:
        write(table, partial)


def check_suffix(output: Path) -> None:
    """Refuse a name whose suffix is none that can be written."""
    if output.suffix.lower() not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise UsageError(f"{output}: cannot tell the format. Use a name that ends in one of {known}.")


def _safe(value: Any) -> Any:
    """Keep a text from being run as a formula by a spreadsheet; numbers stay numbers."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


def _safe_columns(columns: Columns) -> dict[str, Any]:
    return {
        _safe(name): values if isinstance(values, np.ndarray) else [_safe(value) for value in values]
        for name, values in columns.items()
    }


def _write_csv(table: Table, path: Path) -> None:
    if table.n_rows > _SMALL:
        _write_large_csv(table, path)
        return
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(_safe(name) for name in table.headings)
        for columns in table.pieces():
            writer.writerows(_rows(_safe_columns(columns)))


def _write_large_csv(table: Table, path: Path) -> None:
    pyarrow, arrow_csv = _extra("pyarrow"), _extra("pyarrow.csv")
    writer = None
    for columns in table.pieces():
        batch = pyarrow.table(_arrow_columns(_safe_columns(columns)))
        writer = writer or arrow_csv.CSVWriter(str(path), batch.schema)
        writer.write(batch)
    if writer is not None:
        writer.close()


def _write_parquet(table: Table, path: Path) -> None:
    pyarrow, parquet = _extra("pyarrow"), _extra("pyarrow.parquet")
    writer = None
    for columns in table.pieces():
        batch = pyarrow.table(_arrow_columns(columns))
        writer = writer or parquet.ParquetWriter(str(path), batch.schema)
        writer.write_table(batch)
    if writer is not None:
        writer.close()


def _write_xlsx(table: Table, path: Path) -> None:
    workbook = _extra("openpyxl").Workbook(write_only=True)
    sheet = workbook.create_sheet("sandwich-sim")
    sheet.append([_safe(name) for name in table.headings])
    for columns in table.pieces():
        for row in _rows(_safe_columns(columns)):
            sheet.append(row)
    workbook.save(path)


def _arrow_columns(columns: Columns) -> dict[str, Any]:
    # Native byte order and own memory: arrow takes no view of a chunk.
    return {
        name: np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))
        if isinstance(values, np.ndarray)
        else list(values)
        for name, values in columns.items()
    }


def _rows(columns: Mapping[str, Any]) -> Iterable[list[Any]]:
    """Return rows of plain values; a missing number is an empty cell."""
    plain = [_plain(values) if isinstance(values, np.ndarray) else values for values in columns.values()]
    for row in zip(*plain, strict=True):
        yield [None if isinstance(value, float) and value != value else value for value in row]


def _plain(values: NDArray[Any]) -> list[Any]:
    """Return Python numbers; 0.2 in float32 is 0.2, not 0.20000000298."""
    if values.dtype.itemsize == 4 and values.dtype.kind == "f":
        values = values.astype(str).astype(np.float64)
    return list(values.tolist())


def _check_fits_excel(table: Table, output: Path) -> None:
    if table.n_rows + 1 > XLSX_ROWS or len(table.headings) > XLSX_COLUMNS:
        raise UsageError(
            f"{output}: {table.n_rows:,} rows and {len(table.headings):,} columns do not fit an Excel sheet "
            f"({XLSX_ROWS:,} by {XLSX_COLUMNS:,}). Use .parquet or .csv."
        )


def _extra(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise UsageError(f'{package} is needed for this file: pip install "sandwich-sim[export]"') from error


@contextmanager
def _renamed(output: Path) -> Iterator[Path]:
    """Give a name to write to; rename it to ``output`` at the end, remove it if that fails."""
    partial = output.with_name(f".{output.stem}.{os.getpid()}.partial{output.suffix}")
    try:
        yield partial
        partial.replace(output)
    except OSError as error:
        text = f"{output}: cannot be written: {error.strerror or error}"
        raise (ResourceError if error.errno == errno.ENOSPC else UsageError)(text) from error
    finally:
        partial.unlink(missing_ok=True)
