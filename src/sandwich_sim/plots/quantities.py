"""Series of a run as numbers for people: quantiles over time, scale, unit, spelling."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, isfinite, log10
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.errors import UsageError
from sandwich_sim.variables import VARIABLES

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]

MINUS = "\N{MINUS SIGN}"
LEVELS = (0.05, 0.25, 0.50, 0.75, 0.95)
_QUANTILES = ("quantile", "quantile_standard_error")
COARSE = 0.25
"""A quantile with a larger standard error than that part of itself is neither drawn nor written."""
_CENTS = ("dollar_profit", "dollar_other", "profit_capture")


@dataclass(frozen=True)
class Scale:
    """How a variable is written: its values times ``factor``, then ``suffix``.

    Attributes
    ----------
    factor : float
    suffix : str
        Stands behind each number: ``%``, ``¢``; empty where the heading names the unit.
    unit : str
        For the heading: ``bn USD/yr``; empty where the suffix says it.
    """

    factor: float
    suffix: str
    unit: str


def scale_of(name: str) -> Scale:
    """Return how a variable is written."""
    variable = VARIABLES[name.partition(".")[0]]
    if variable.name in _CENTS:
        return Scale(100.0, "¢", "")
    if variable.name.startswith("margin_") or variable.name in ("list_price_ratio", "tightness"):
        return Scale(1.0, "", "")
    if variable.name in ("scarcity", "monopoly", "pricing_power"):
        return Scale(1.0, "", "0 to 1")
    if variable.unit == "1":
        return Scale(100.0, "%", "")
    if variable.unit == "bn USD/yr":
        return Scale(1.0, "", "bn USD/yr")
    return Scale(1.0, "", variable.unit)


@dataclass(frozen=True)
class Fan:
    """Quantiles of a series over time, in the scale of `scale_of`.

    Attributes
    ----------
    years : ndarray of float64, shape (n_record,)
        Dates of the records as decimal years [yr].
    quantiles : ndarray of float64, shape (5, n_record), or None
        5, 25, 50, 75 and 95%; None where the run kept none.
    mean, error : ndarray of float64, shape (n_record,)
        Mean and its standard error.
    scale : Scale
    quantile_error : ndarray of float64, shape (5, n_record), or None
        Standard errors of the quantiles, where the run kept them.
    """

    years: Floats
    quantiles: Floats | None
    mean: Floats
    error: Floats
    scale: Scale
    quantile_error: Floats | None = None

    @property
    def middle(self) -> Floats:
        """The median, or the mean where there is none."""
        return self.mean if self.quantiles is None else self.quantiles[2]

    @property
    def is_resolved(self) -> NDArray[np.bool_]:
        """Which quantiles the run's histogram can tell from their neighbors, shape (5, n_record)."""
        if self.quantiles is None or self.quantile_error is None:
            return np.ones((len(LEVELS), self.mean.size), dtype=np.bool_)
        return np.asarray(self.quantile_error <= COARSE * np.abs(self.quantiles), dtype=np.bool_)


def fan_of(dataset: xr.Dataset, name: str) -> Fan:
    """Read a series: ``margin.chips`` or ``all_in_margin``.

    Raises
    ------
    UsageError
        If the chain has no such hop, or no series is called that.
    """
    base, _, hop = name.partition(".")
    if f"{base}_mean" not in dataset:
        raise UsageError(f"the run has no series {base}.")
    scale = scale_of(base)
    chosen = {"hop": hop} if hop else {}
    if hop and hop not in dataset["hop"].values:
        hops = ", ".join(str(each) for each in dataset["hop"].values)
        raise UsageError(f"the run has no hop {hop}. It has {hops}.")
    mean, error = (
        scale.factor * dataset[f"{base}_{what}"].sel(chosen).values.astype(np.float64)
        for what in ("mean", "standard_error")
    )
    quantiles, errors = (_levels(dataset, f"{base}_{what}", chosen) for what in _QUANTILES)
    if quantiles is None or np.isnan(quantiles[2]).all():
        return Fan(decimal_years(dataset), None, mean, error, scale)
    if errors is not None:
        errors *= scale.factor
    return Fan(decimal_years(dataset), scale.factor * quantiles, mean, error, scale, errors)


def _levels(dataset: xr.Dataset, name: str, chosen: dict[str, str]) -> Floats | None:
    if name not in dataset:
        return None
    stored = dataset[name].sel(chosen).sel(quantile=list(LEVELS), method="nearest")
    return np.array(stored.transpose("quantile", "time").values, dtype=np.float64)


def decimal_years(dataset: xr.Dataset) -> Floats:
    """Return the dates of the records as decimal years; years since the start where there are no dates."""
    time = dataset["time"].values
    if not np.issubdtype(time.dtype, np.datetime64):
        return time.astype(np.float64)
    year = time.astype("datetime64[Y]")
    begin, end = year.astype("datetime64[D]"), (year + 1).astype("datetime64[D]")
    part = (time.astype("datetime64[D]") - begin) / (end - begin)
    return np.asarray(year.astype(np.int64) + 1970 + part, dtype=np.float64)


def record_label(dataset: xr.Dataset, record: int) -> str:
    """Name a record: ``Jul 2036``; ``year 10`` where time is no date."""
    time = dataset["time"].values[record]
    if np.issubdtype(time.dtype, np.datetime64):
        return f"{time.astype('datetime64[D]').item():%b %Y}"
    return f"year {float(time):g}"


def record_at(dataset: xr.Dataset, at: int | str | None) -> int:
    """Return the record nearest to a date such as 2031 or "2031-07"; the last one for None.

    A bare year means its yearly record, on an anniversary of the start: the one that the headline
    names and that flows are kept at.

    Raises
    ------
    UsageError
        If it is no date, or lies outside the run.
    """
    n = dataset.sizes["time"]
    if at is None or at == "horizon":
        return n - 1
    if at == "start":
        return 0
    try:
        wanted = np.datetime64(str(at), "D")
    except ValueError as error:
        raise UsageError(f"{at}: no date. Write such as 2031 or 2031-07.") from error
    days = dataset["time"].values.astype("datetime64[D]")
    if str(at).isdigit() and "year" in dataset.sizes:
        every = (n - 1) // (dataset.sizes["year"] - 1)
        yearly = np.flatnonzero(days[::every].astype("datetime64[Y]") == np.datetime64(str(at), "Y"))
        if yearly.size:
            return int(yearly[0]) * every
    gap = np.abs((days - wanted).astype(np.int64))
    if gap.min() > 366:
        raise UsageError(f"{at}: the run spans {days[0]} to {days[-1]}. Choose a date within it.")
    return int(n - 1 - np.argmin(gap[::-1]))


def hop_titles(dataset: xr.Dataset) -> dict[str, str]:
    """Return the title of each hop, in the order of the chain."""
    hops = [str(hop) for hop in dataset["hop"].values]
    if "hop_title" in dataset.coords:
        return dict(zip(hops, (str(title) for title in dataset["hop_title"].values), strict=True))
    return {hop: hop.replace("_", " ").capitalize() for hop in hops}


def shorten(title: str, most: int) -> str:
    """Cut a title for a figure; tables and descriptions have it in full."""
    return title if len(title) <= most else f"{title[: most - 1].rstrip()}…"


def number(value: float, suffix: str = "") -> str:
    """Write a number for people, with a true minus sign and no negative zero.

    Percent and cents get a tenth below ten; anything else about three digits.
    """
    if not isfinite(value):
        return "not defined"
    if suffix:
        text = f"{value:.1f}" if abs(value) < 9.95 else f"{value:,.0f}"
    elif abs(value) >= 9.95 or not value:
        text = f"{value:,.0f}"
    elif abs(value) >= 0.0995:
        text = f"{value:.2f}".rstrip("0").rstrip(".")
    else:
        digits = 1 - floor(log10(abs(value)))
        text = f"{value:.{digits}f}" if digits <= 5 else f"{value:.1e}"
    if not any(digit in text for digit in "123456789"):
        text = "0"
    return text.replace("-", MINUS) + suffix


def interval(low: float, high: float, suffix: str = "") -> str:
    """Write ``32 to 53%``; without a suffix, ends below ten get a tenth where the other needs none."""
    if not suffix and max(abs(low), abs(high)) >= 9.95 > min(abs(low), abs(high)):
        ends = (number(end, " ").removesuffix(" ") for end in (low, high))
        return " to ".join(end.removesuffix(".0") for end in ends)
    return f"{number(low, suffix).removesuffix(suffix)} to {number(high, suffix)}"
