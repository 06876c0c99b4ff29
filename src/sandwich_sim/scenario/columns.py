"""One column of a CSV file, for an empirical distribution.

A scenario file is data from anywhere: it may only name files beside or below itself.
"""

from __future__ import annotations

import csv
import io
from math import isfinite
from pathlib import Path, PureWindowsPath

from sandwich_sim.scenario.findings import advice, printable

MAX_BYTES = 1 << 24


class ColumnError(ValueError):
    """A column that cannot be had; ``key`` names the key at fault."""

    def __init__(self, key: str, message: str) -> None:
        self.key = key
        super().__init__(message)


def read_column(folder: Path | None, file: object, column: object, n_most: int) -> tuple[float, ...]:
    """Read the numbers of a column.

    Parameters
    ----------
    folder : Path or None
        Folder of the scenario file; the CSV file must lie in it or below.
    file, column : object
        As the scenario file says; must be texts.
    n_most : int
        Most values that are accepted.

    Returns
    -------
    tuple of float
        In file order; empty cells are left out.

    Raises
    ------
    ColumnError
    """
    if not isinstance(file, str):
        raise ColumnError("file", 'is missing or no text. Use the name of a CSV file, such as "prices.csv".')
    if not isinstance(column, str):
        raise ColumnError("column", "is missing or no text. Use the name of a column of the CSV file.")
    rows = csv.reader(io.StringIO(_read_text(folder, file), newline=""), strict=True)
    values: list[float] = []
    try:
        header = [name.strip() for name in next(rows, [])]
        index = _index_of(column, header)
        for row in rows:
            if any(cell.strip() for cell in row[len(header) :]):
                found = f"line {rows.line_num} has {len(row)} cells for {len(header)} columns"
                raise ColumnError(
                    "file", f"{found}. Write decimals with a point, text with commas in quotes."
                )
            cell = row[index].strip() if index < len(row) else ""
            if cell:
                values.append(_number(cell, rows.line_num))
    except csv.Error as error:
        raise ColumnError("file", f"line {rows.line_num} is no CSV ({error}). Mend the file.") from None
    if not 2 <= len(values) <= n_most:
        raise ColumnError("column", f"holds {len(values)} numbers. Use 2 to {n_most}.")
    return tuple(values)


def _index_of(column: str, header: list[str]) -> int:
    if not any(header):
        raise ColumnError("file", "is empty. Use a CSV file whose first line names its columns.")
    if header.count(column) > 1:
        raise ColumnError(
            "column", f'"{printable(column)}" names {header.count(column)} columns. Rename one.'
        )
    if column in header:
        return header.index(column)
    hint = advice(column, header)
    if len(header) == 1 and ";" in header[0]:
        hint = "Semicolons separate the file: save it with commas."
    raise ColumnError("column", f'"{printable(column)}" is no column of it. {hint}')


def _number(cell: str, line: int) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        found = f'line {line} of the file holds "{printable(cell)}"'
        raise ColumnError("column", f"{found}. Use finite numbers, and empty cells where there is none.")
    return value + 0.0


def _read_text(folder: Path | None, file: str) -> str:
    parts = PureWindowsPath(file)  # understands both kinds of slash
    if "\0" in file or parts.anchor or ".." in parts.parts or folder is None:
        raise ColumnError(
            "file", f'"{printable(file)}" leaves the folder of the scenario. Use a path below that folder.'
        )
    path = folder / file
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise ColumnError("file", "is a link that leaves the scenario's folder. Copy the file there.")
        if not path.is_file():
            raise ColumnError("file", f'"{printable(file)}" does not exist. Put it beside the scenario file.')
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ColumnError("file", f"is larger than {MAX_BYTES >> 20} MiB. Use a smaller file.")
        return data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        if isinstance(error, ColumnError):
            raise
        name = type(error).__name__
        raise ColumnError("file", f"cannot be read ({name}). Use a UTF-8 text file.") from None
