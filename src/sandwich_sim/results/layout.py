"""What a run folder holds, as plain data.

`layout_of` is the one place that says it. The writer, the in-memory dataset, the plan of
memory and disk, and the exports all follow it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.results.arrays import ArrayLayout, Layout
from sandwich_sim.results.meta import N_SCRAMBLE, RunMeta
from sandwich_sim.results.tails import ENDS, TAIL
from sandwich_sim.variables import PER_HOP, PER_STEP, TABLE_SERIES, VARIABLES, Variable

FAN_COLUMNS = 256 + 3
"""Buckets of a fan histogram, then underflow, overflow, undefined."""
FINE_COLUMNS = 1024 + 3
CHECKS = ("non-finite value", "identity (i)", "identity (ii)", "spare")
"""What the codes of ``failures`` count."""
AXIS = ("low", "high", "scale")
"""What says where the buckets of a histogram lie."""

CUMULATIVE = (
    ("cumulative_profit", "Cumulative operating profit"),
    ("cumulative_revenue", "Cumulative revenue"),
    ("discounted_profit", "Cumulative operating profit, discounted"),
    ("discounted_revenue", "Cumulative revenue, discounted"),
)
"""Sums over time of each hop, in the kernel's order; their tails are kept."""
N_CUMULATIVE = len(CUMULATIVE)


def layout_of(meta: RunMeta) -> Layout:
    """Lay out the store of a run."""
    return Layout(
        meta=meta,
        coordinates=_coordinates(meta),
        trajectories=() if meta.keep == "summary" else _trajectories(meta),
        summary=_summary(meta),
        accumulators=_accumulators(meta),
        attributes=_root_attributes(meta),
    )


def _labels(unit: str, long_name: str) -> dict[str, str]:
    return {"units": unit, "long_name": long_name}


def _whole(
    name: str, dims: tuple[str, ...], shape: tuple[int, ...], dtype: str, attributes: Mapping[str, Any]
) -> ArrayLayout:
    """An array that is one chunk."""
    return ArrayLayout(name, dims, shape, dtype, shape, attributes)


def _coordinates(meta: RunMeta) -> tuple[ArrayLayout, ...]:
    calendar = {"units": f"days since {meta.start.isoformat()}", "calendar": "proleptic_gregorian"}
    n_year = meta.years + 1

    def text(name: str, dim: str, n: int, long_name: str) -> ArrayLayout:
        return _whole(name, (dim,), (n,), "string", {"long_name": long_name})

    names = [
        _whole("time", ("time",), (meta.n_record,), "float64", calendar | {"long_name": "Date of record"}),
        _whole("elapsed", ("time",), (meta.n_record,), "float64", _labels("yr", "Time since the start")),
        _whole("year", ("year",), (n_year,), "int64", _labels("yr", "Calendar year of the yearly record")),
        _whole(
            "year_date",
            ("year",),
            (n_year,),
            "float64",
            calendar | {"long_name": "Date of the yearly record"},
        ),
        text("hop", "hop", len(meta.hops), "Hop of the chain"),
        text("hop_title", "hop", len(meta.hops), "Title of the hop"),
        _whole("quantile", ("quantile",), (len(meta.quantiles),), "float64", _labels("1", "Quantile")),
    ]
    if meta.events:
        names.append(text("event", "event", len(meta.events), "Event"))
        names.append(text("event_title", "event", len(meta.events), "Title of the event"))
    if meta.event_rules:
        names.append(text("event_rule", "event", len(meta.events), "When the event happens"))
    if meta.parameters and meta.keep != "summary":
        n = len(meta.parameters)
        names.append(text("parameter", "parameter", n, "Dotted name of the drawn parameter"))
        names.append(text("parameter_unit", "parameter", n, "Unit of the drawn parameter"))
        names.append(text("parameter_title", "parameter", n, "What the drawn parameter is"))
    groups = (
        ("series", meta.series),
        ("fan_series", meta.fans),
        ("fine_series", fine_series(meta.hops)),
        ("check", CHECKS),
        ("axis", AXIS),
        ("cumulative", [name for name, _ in CUMULATIVE]),
        ("tail", ENDS),
    )
    names.extend(text(f"accumulators/{dim}", dim, len(values), "Name") for dim, values in groups if values)
    # Written down, so that counts stay readable when a variable is given another range.
    histograms = (("fan", len(meta.fans)), ("fine", len(fine_series(meta.hops))))
    long_name = "Range of the buckets on the axis x; x / (scale + abs(x)) for a scale above 0, ln x below"
    for name, n in histograms:
        if n:
            dims, shape = (f"{name}_series", "axis"), (n, len(AXIS))
            labels = {"long_name": long_name}
            names.append(_whole(f"accumulators/{name}_axis", dims, shape, "float64", labels))
    return tuple(names)


def fine_series(hops: Sequence[str]) -> tuple[str, ...]:
    """Return the series with a fine histogram, in the order of the accumulator ``fine``."""
    return tuple(f"{name}.{hop}" for name in TABLE_SERIES for hop in hops)


def histogram_axes(names: Sequence[str]) -> NDArray[np.float64]:
    """Return low end, high end and scale of the histogram of each series, shape (n, 3)."""
    variables = [VARIABLES[name.partition(".")[0]] for name in names]
    return np.array([[v.low, v.high, v.scale] for v in variables], dtype=np.float64).reshape(-1, 3)


def _group_series(
    names: Sequence[str], hops: tuple[str, ...]
) -> list[tuple[str, Variable, int | tuple[int, ...]]]:
    """Gather a variable's hops into one array; a variable with some hops only stays one array a hop."""
    place = {name: index for index, name in enumerate(names)}
    grouped: list[tuple[str, Variable, int | tuple[int, ...]]] = []
    seen: set[str] = set()
    for name in names:
        variable = VARIABLES[name.partition(".")[0]]
        rows = tuple(place.get(f"{variable.name}.{hop}", -1) for hop in hops)
        if not variable.per_hop or -1 in rows:
            grouped.append((name, variable, place[name]))
        elif variable.name not in seen:
            seen.add(variable.name)
            grouped.append((variable.name, variable, rows))
    return grouped


def _trajectories(meta: RunMeta) -> tuple[ArrayLayout, ...]:
    n = meta.n_trajectories

    def make(
        name: str,
        dims: tuple[str, ...],
        shape: tuple[int, ...],
        dtype: str,
        labels: dict[str, str],
        source: str,
        rows: int | tuple[int, ...] | None = None,
    ) -> ArrayLayout:
        chunks = (*shape, min(n, meta.unit))
        return ArrayLayout(name, (*dims, "trajectory"), (*shape, n), dtype, chunks, labels, source, rows)

    found = [
        make("scramble", (), (), "uint8", _labels("1", "Number of the scramble or design"), "scramble"),
        make("log_weight", (), (), "float32", _labels("1", "Log of the weight"), "log_weight"),
    ]
    if meta.parameters:
        shape: tuple[int, ...] = (len(meta.parameters),)
        labels = {"long_name": "Drawn parameter (its unit: parameter_unit)"}
        found.append(make("parameters", ("parameter",), shape, "float32", labels, "parameters"))
    for row, (name, long_name) in enumerate(CUMULATIVE):
        labels = _labels("bn USD", long_name)
        found.append(make(name, ("hop",), (len(meta.hops),), "float32", labels, "cumulative", row))
    if meta.events:
        shape = (len(meta.events),)
        labels = _labels("1", "Whether the event happened")
        found.append(make("event_flag", ("event",), shape, "bool", labels, "event_flag"))
        labels = _labels("yr", "First time of the event after the start (NaN: never)")
        found.append(make("event_time", ("event",), shape, "float32", labels, "event_time"))
    is_full = meta.keep == "paths"
    record = ("time", meta.n_record) if is_full else ("year", meta.years + 1)
    for name, variable, rows in _group_series(meta.series if is_full else meta.keep_series, meta.hops):
        hop = isinstance(rows, tuple)
        found.append(
            make(
                name,
                ("hop", record[0]) if hop else (record[0],),
                (len(meta.hops), record[1]) if hop else (record[1],),
                "float32",
                _labels(variable.unit, variable.long_name),
                "series" if is_full else "yearly",
                rows,
            )
        )
    return tuple(found)


def _summary(meta: RunMeta) -> tuple[ArrayLayout, ...]:
    n_hop, n_record = len(meta.hops), meta.n_record
    fanned = {name.partition(".")[0] for name in meta.fans}
    found: list[ArrayLayout] = []

    def add(name: str, dims: tuple[str, ...], shape: tuple[int, ...], unit: str, long_name: str) -> None:
        found.append(_whole(name, dims, shape, "float64", _labels(unit, long_name)))

    for variable in PER_HOP + PER_STEP:
        dims = ("hop", "time") if variable.per_hop else ("time",)
        shape = (n_hop, n_record) if variable.per_hop else (n_record,)
        name, unit, long_name = variable.name, variable.unit, variable.long_name
        add(f"{name}_mean", dims, shape, unit, f"{long_name}: mean")
        add(f"{name}_standard_error", dims, shape, unit, f"{long_name}: standard error of the mean")
        if name in fanned:
            q_shape = (len(meta.quantiles), *shape)
            add(f"{name}_quantile", ("quantile", *dims), q_shape, unit, f"{long_name}: quantile")
            its_error = f"{long_name}: standard error of the quantile"
            add(f"{name}_quantile_standard_error", ("quantile", *dims), q_shape, unit, its_error)
    if meta.events:
        by_year = ("event", "year"), (len(meta.events), meta.years + 1)
        once = ("event",), (len(meta.events),)
        for name, (dims, shape), long_name in (
            ("event_probability", by_year, "Probability that the event has happened by the year's record"),
            ("event_first_probability", by_year, "Probability that it first happens in the year before it"),
            ("event_total_probability", once, "Probability that the event happens at all"),
        ):
            add(name, dims, shape, "1", long_name)
            add(f"{name}_standard_error", dims, shape, "1", f"{long_name}: standard error")
    return tuple(found)


def _accumulators(meta: RunMeta) -> tuple[ArrayLayout, ...]:
    n_hop, n_event, n_year, n_record = len(meta.hops), len(meta.events), meta.years + 1, meta.n_record
    n_series, n_fine = len(meta.series), len(fine_series(meta.hops))
    sums = ("scramble", "time", "series"), (N_SCRAMBLE, n_record, n_series)
    tails = ("cumulative", "hop", "tail", "rank"), (N_CUMULATIVE, n_hop, 2, TAIL)
    declared: tuple[tuple[str, tuple[tuple[str, ...], tuple[int, ...]], str, str], ...] = (
        ("total", sums, "float64", "Sum over trajectories"),
        ("square", sums, "float64", "Sum of squares over trajectories"),
        ("undefined", (("scramble", "time"), (N_SCRAMBLE, n_record)), "int64", "Without a profit share"),
        ("count", (("scramble",), (N_SCRAMBLE,)), "int64", "Trajectories"),
        (
            "fan",
            (("fan_series", "time", "fan_bucket"), (len(meta.fans), n_record, FAN_COLUMNS)),
            "int64",
            "Histogram, then underflow, overflow, undefined",
        ),
        (
            "fine",
            (
                ("scramble", "fine_series", "end", "fine_bucket"),
                (N_SCRAMBLE, n_fine, 2, FINE_COLUMNS),
            ),
            "int64",
            "Histogram at the first and the last record, then underflow, overflow, undefined",
        ),
        (
            "event_count",
            (("scramble", "event", "year"), (N_SCRAMBLE, n_event, n_year)),
            "int64",
            "Trajectories whose first time falls in the year before the record",
        ),
        ("event_total", (("scramble", "event"), (N_SCRAMBLE, n_event)), "int64", "Trajectories with it"),
        ("alternation", (("hop",), (n_hop,)), "int64", "Pairs of steps that alternate by more than 10%"),
        ("alternation_pairs", (("hop",), (n_hop,)), "int64", "Pairs of steps"),
        ("failures", (("check",), (len(CHECKS),)), "int64", "Trajectories that fail the check"),
        ("first_failure", (("check",), (len(CHECKS),)), "int64", "The first of them (-1: none)"),
        ("tail_value", tails, "float32", "Outermost values, the lowest or highest first"),
        ("tail_index", tails, "int64", "Trajectories that they belong to (-1: none)"),
    )
    return tuple(
        _whole(
            f"accumulators/{name}",
            dims,
            shape,
            dtype,
            _labels("bn USD" if name == "tail_value" else "1", long_name),
        )
        for name, (dims, shape), dtype, long_name in declared
        if 0 not in shape
    )


def _root_attributes(meta: RunMeta) -> dict[str, Any]:
    document = meta.to_document()
    named = ("name", "title", "summary", "start", "years", "steps_per_year", "n_trajectories", "seed")
    return {name: document[name] for name in named} | {
        "sampler": meta.sampler,
        "keep": meta.keep,
        "shocks": meta.shocks,
        "stream_version": meta.stream_version,
        "digest": meta.scenario_digest,
        "sobol_slots": list(meta.sobol_slots),
        "fans": list(meta.fans),
        "keep_series": list(meta.keep_series),
    }
