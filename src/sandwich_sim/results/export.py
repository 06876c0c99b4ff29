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
from sandwich_sim.results.series_names import known_series
from sandwich_sim.results.summarize import summarize
from sandwich_sim.results.table_files import Columns, Table, check_suffix, write_table
from sandwich_sim.results.zarr_format import read_chunk
from sandwich_sim.variables import VARIABLES


def export(run_folder: Path | str, output: Path | str, what: str = "table") -> Table:
    """Write a part of a run to a file.

    Parameters
    ----------
    run_folder : Path or str
    output : Path or str
        Its suffix says the format: ``.csv``, ``.parquet`` or ``.xlsx``. Written beside its
        place and renamed there.
    what : str
        ``table`` (one row an estimate), ``outcomes`` (one row a trajectory), or a series: one row
        a record with mean, standard error, quantiles. ``margin.lab`` is that of one hop,
        ``margin`` that of every hop, told apart by a column ``hop``.

    Returns
    -------
    Table
        What was written.

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
    return table


def _summary_table(folder: Path, meta: RunMeta) -> Table:
    rows = summarize(read_accumulators(folder), meta).rows()
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return Table(len(rows), tuple(columns), lambda: iter([columns]))


def _series_table(folder: Path, arrays: Mapping[str, ArrayLayout], meta: RunMeta, series: str) -> Table:
    """One row a record; of every hop below each other where a variable of hops names none."""
    known_series([series], meta.hops, others=("table", "outcomes"))
    base, _, hop = series.partition(".")
    hops = (hop,) if hop else meta.hops if VARIABLES[base].per_hop else ()
    n = max(1, len(hops))
    columns: dict[str, Sequence[Any] | NDArray[Any]] = {}
    if hops and not hop:
        columns["hop"] = [name for name in hops for _ in range(meta.n_record)]
    columns["date"] = [record_date(meta, record).isoformat() for record in range(meta.n_record)] * n
    columns["years"] = np.tile(read_chunk(folder, arrays["elapsed"]), n)
    for statistic in ("mean", "standard_error", "quantile", "quantile_standard_error"):
        array = arrays.get(f"{base}_{statistic}")
        if array is None:  # no fan was asked for
            continue
        values = read_chunk(folder, array)
        if hops:
            values = values.take([meta.hops.index(name) for name in hops], axis=array.dims.index("hop"))
        if array.dims[0] != "quantile":
            columns[statistic] = values.ravel()
            continue
        for level, part in zip(meta.quantiles, values, strict=True):
            columns[f"p{level * 100:g}{statistic.removeprefix('quantile')}"] = part.ravel()
    return Table(meta.n_record * n, tuple(columns), lambda: iter([columns]))


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
