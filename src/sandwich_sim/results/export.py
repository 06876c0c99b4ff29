"""A run as a file for other programs: CSV, Parquet or Excel.

`export` writes one of: the table at the end of a run, the outcomes of every trajectory, or
one series by record. CSV of the table and of a series needs nothing; the rest needs the extra
``export``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.errors import UsageError
from sandwich_sim.results.arrays import ArrayLayout
from sandwich_sim.results.coordinates import record_date
from sandwich_sim.results.dataset import check_run, read_accumulators, read_meta
from sandwich_sim.results.meta import RunMeta
from sandwich_sim.results.summarize import summarize
from sandwich_sim.results.table_files import Columns, Table, check_suffix, write_table
from sandwich_sim.results.zarr_format import read_chunk


def export(run_folder: Path | str, output: Path | str, what: str = "table") -> None:
    """Write a part of a run to a file.

    Parameters
    ----------
    run_folder : Path or str
    output : Path or str
        Its suffix says the format: ``.csv``, ``.parquet`` or ``.xlsx``. Written beside its
        place and renamed there.
    what : str
        ``table`` (one row an estimate), ``outcomes`` (one row a trajectory), or a series such
        as ``margin.lab`` (one row a record: mean, standard error, quantiles).

    Raises
    ------
    UsageError
        An unknown suffix or series, an extra that is not installed, or too many rows for Excel.
    IntegrityError
        If the run is not complete.
    """
    folder, output = Path(run_folder), Path(output)
    check_suffix(output)
    arrays, meta = check_run(folder), read_meta(folder)
    if what == "table":
        table = _summary_table(folder, meta)
    elif what == "outcomes":
        table = _outcome_table(folder, arrays, meta)
    else:
        table = _series_table(folder, arrays, meta, what)
    write_table(table, output)


def _summary_table(folder: Path, meta: RunMeta) -> Table:
    rows = summarize(read_accumulators(folder), meta).rows()
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return Table(len(rows), tuple(columns), lambda: iter([columns]))


def _series_table(folder: Path, arrays: Mapping[str, ArrayLayout], meta: RunMeta, series: str) -> Table:
    if series not in meta.series:
        example = f"margin.{meta.hops[0]}"
        raise UsageError(
            f"{series}: neither `table`, `outcomes` nor a series of this run (such as {example})."
        )
    base, _, hop = series.partition(".")
    columns: dict[str, Sequence[Any] | NDArray[Any]] = {
        "date": [record_date(meta, record).isoformat() for record in range(meta.n_record)],
        "years": read_chunk(folder, arrays["elapsed"]),
    }
    for name in ("mean", "standard_error", "quantile"):
        array = arrays.get(f"{base}_{name}")
        if array is None:
            continue
        values = read_chunk(folder, array)
        if hop:
            values = values.take(meta.hops.index(hop), axis=array.dims.index("hop"))
        if name == "quantile":
            columns |= {f"p{q * 100:g}": row for q, row in zip(meta.quantiles, values, strict=True)}
        else:
            columns[name] = values
    return Table(meta.n_record, tuple(columns), lambda: iter([columns]))


def _outcome_table(folder: Path, arrays: Mapping[str, ArrayLayout], meta: RunMeta) -> Table:
    if meta.keep == "summary":
        raise UsageError(f"{folder}: keeps no trajectories (keep = summary). Run it with --keep outcomes.")
    # Full paths would be thousands of columns a trajectory.
    kept = [a for a in arrays.values() if a.dims[-1:] == ("trajectory",) and "time" not in a.dims]
    labels = {
        "hop": meta.hops,
        "event": meta.events,
        "parameter": meta.parameters,
        "year": tuple(str(meta.start.year + year) for year in range(meta.years + 1)),
    }
    headings = ["trajectory"]
    for array in kept:
        headings.extend(_headings(array, labels))

    def pieces() -> Iterator[Columns]:
        first = 0
        for unit in range(kept[0].n_chunks):
            values = [read_chunk(folder, array, unit) for array in kept]
            n = values[0].shape[-1]
            rows = [np.arange(first, first + n)]
            for value in values:
                # Flags as 0 and 1: every program reads these alike.
                rows.extend(value.reshape(-1, n).astype(np.uint8 if value.dtype == bool else value.dtype))
            yield dict(zip(headings, rows, strict=True))
            first += n

    return Table(meta.n_trajectories, tuple(headings), pieces)


def _headings(array: ArrayLayout, labels: Mapping[str, Sequence[str]]) -> list[str]:
    """Return a heading for each row of an array: ``margin.lab @ 2031``, ``open_source.gap``."""
    found = [""] if array.name == "parameters" else [array.name]
    for dim in array.dims[:-1]:
        joint = " @ " if dim == "year" else "."
        found = [f"{name}{joint}{label}" if name else label for name in found for label in labels[dim]]
    return found
