"""JSON for trackers that follow numbers over time, outcomes and speed alike.

Two layouts: the custom one of github-action-benchmark, a list of names and values, and that of
pytest-benchmark, which many tools read. Neither holds a date or a host.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from sandwich_sim._version import __version__


@dataclass(frozen=True)
class Spread:
    """How single values lie around a measured one.

    Attributes
    ----------
    least, lower_quartile, median, upper_quartile, most : float
    standard_deviation : float
    n : int
        How many there are.
    """

    least: float
    lower_quartile: float
    median: float
    upper_quartile: float
    most: float
    standard_deviation: float
    n: int


@dataclass(frozen=True)
class Measurement:
    """One number to follow.

    Attributes
    ----------
    name : str
        ``base: mean(margin.chips @ 2030)``; the same from day to day.
    value : float
    unit : str
        "1" for fractions.
    error : float, optional
        Its standard error, in its unit.
    spread : Spread, optional
    extra : str
        Free text, shown beside it.
    """

    name: str
    value: float
    unit: str
    error: float | None = None
    spread: Spread | None = None
    extra: str = ""


def custom_benchmark(measurements: Sequence[Measurement]) -> list[dict[str, Any]]:
    """Write the layout of github-action-benchmark's ``customSmallerIsBetter`` and ``customBiggerIsBetter``.

    Values that are not finite are left out: the layout cannot hold them.
    """
    entries = []
    for item in measurements:
        if not isfinite(item.value):
            continue
        entry: dict[str, Any] = {"name": item.name, "unit": item.unit, "value": item.value}
        if item.error is not None and isfinite(item.error):
            entry["range"] = f"± {item.error:.3g}"
        if item.extra:
            entry["extra"] = item.extra
        entries.append(entry)
    return entries


def pytest_benchmark(measurements: Sequence[Measurement]) -> dict[str, Any]:
    """Write the layout of ``pytest --benchmark-json``; a value stands where that has seconds.

    ``mean`` is the value. Without a spread, it stands for the quartiles too and its standard error for
    the deviation. ``ops``, which is one over the mean there, is the value itself for units other than
    seconds: trackers plot it.
    """
    return {
        "machine_info": {},
        "commit_info": {},
        "benchmarks": [_entry(item) for item in measurements if isfinite(item.value)],
        "version": f"sandwich-sim {__version__}",
    }


def _entry(item: Measurement) -> dict[str, Any]:
    error = item.error if item.error is not None and isfinite(item.error) else 0.0
    spread = item.spread or Spread(item.value, item.value, item.value, item.value, item.value, error, 1)
    width = spread.upper_quartile - spread.lower_quartile
    is_time = item.unit == "s" and item.value > 0.0
    stats = {
        "min": spread.least,
        "max": spread.most,
        "mean": item.value,
        "stddev": spread.standard_deviation,
        "rounds": spread.n,
        "median": spread.median,
        "iqr": width,
        "q1": spread.lower_quartile,
        "q3": spread.upper_quartile,
        "iqr_outliers": 0,
        "stddev_outliers": 0,
        "outliers": "0;0",
        "ld15iqr": spread.least,
        "hd15iqr": spread.most,
        "ops": 1.0 / item.value if is_time else item.value,
        "total": item.value * spread.n,
        "iterations": 1,
    }
    return {
        "group": None,
        "name": item.name,
        "fullname": item.name,
        "params": None,
        "param": None,
        "extra_info": {"unit": item.unit, "standard_error": error, "note": item.extra},
        "options": {},
        "stats": stats,
    }
