"""Values of the coordinates: dates of the records, names of hops, events and parameters."""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.results.arrays import Layout
from sandwich_sim.results.layout import AXIS, CHECKS, CUMULATIVE, fine_series, histogram_axes
from sandwich_sim.results.meta import RunMeta
from sandwich_sim.results.tails import ENDS
from sandwich_sim.scenario.parameters import parameter_of


def shift_months(day: date, months: int) -> date:
    """Return the date a number of months later; the last day of a shorter month where needed."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def record_days(start: date, years: int, steps_per_year: int) -> NDArray[np.float64]:
    """Return the dates of all records.

    Steps that are whole months fall on the same day of the month; others divide each year evenly.

    Returns
    -------
    ndarray of float64, shape (years * steps_per_year + 1,)
        Days since the start [d].
    """
    if 12 % steps_per_year == 0:
        months = 12 // steps_per_year
        steps = range(years * steps_per_year + 1)
        return np.array([(shift_months(start, months * step) - start).days for step in steps], dtype=float)
    birthdays = np.array([(shift_months(start, 12 * year) - start).days for year in range(years + 1)], float)
    fraction = np.arange(steps_per_year) / steps_per_year
    within = birthdays[:-1, None] + np.diff(birthdays)[:, None] * fraction
    return np.append(within.ravel(), birthdays[-1])


def record_date(meta: RunMeta, record: int) -> date:
    """Return the date of one record (rounded down to a day)."""
    days = record_days(meta.start, meta.years, meta.steps_per_year)[record]
    return meta.start + timedelta(days=float(days))


def decimal_year(day: date) -> float:
    """Return a date as a number of years (2026-07-01 is 2026.4959)."""
    return day.year + (day.timetuple().tm_yday - 1) / (366 if isleap(day.year) else 365)


def string_array(values: Sequence[str]) -> NDArray[Any]:
    """Return names in the string type that zarr's readers give."""
    return np.array(list(values), dtype=np.dtypes.StringDType())


def coordinate_values(layout: Layout) -> dict[str, NDArray[Any]]:
    """Return the values of every coordinate of a layout, by its name there."""
    meta = layout.meta
    days = record_days(meta.start, meta.years, meta.steps_per_year)
    declared = [parameter_of(name) for name in meta.parameters]
    values: dict[str, NDArray[Any]] = {
        "time": days,
        "elapsed": np.arange(meta.n_record) / meta.steps_per_year,
        "year": meta.start.year + np.arange(meta.years + 1, dtype=np.int64),
        "year_date": days[:: meta.steps_per_year],
        "hop": string_array(meta.hops),
        "hop_title": string_array(meta.hop_titles),
        "quantile": np.array(meta.quantiles, dtype=np.float64),
        "event": string_array(meta.events),
        "event_title": string_array(meta.event_titles),
        "event_rule": string_array(meta.event_rules),
        "parameter": string_array(meta.parameters),
        "parameter_unit": string_array([parameter.unit for parameter in declared]),
        "parameter_title": string_array([parameter.long_name for parameter in declared]),
        "accumulators/series": string_array(meta.series),
        "accumulators/fan_series": string_array(meta.fans),
        "accumulators/fine_series": string_array(fine_series(meta.hops)),
        "accumulators/check": string_array(CHECKS),
        "accumulators/cumulative": string_array([name for name, _ in CUMULATIVE]),
        "accumulators/tail": string_array(ENDS),
        "accumulators/axis": string_array(AXIS),
        "accumulators/fan_axis": histogram_axes(meta.fans),
        "accumulators/fine_axis": histogram_axes(fine_series(meta.hops)),
    }
    return {array.name: values[array.name] for array in layout.coordinates}
