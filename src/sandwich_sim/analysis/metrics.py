"""Outcomes of a trajectory by name, and statistics of them: what is compared, gated, checked and swept.

``margin.chips @ 2030``, ``cents_kept.lab @ horizon``, ``discounted_profit.lab``,
``thesis_falsified``, ``event_time.umbrella_closed``; ``mean(x)``, ``p50(x)``, ``P(event)``,
``P(x > 0.2)``, ``se(...)``. The grammar is `scenario.statements`; here it meets the records of a run.

A date means the nearest record; ``@ 2030`` is 1 January 2030. `Metric.date` says which it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.errors import UsageError
from sandwich_sim.results.coordinates import record_days
from sandwich_sim.results.meta import RunMeta
from sandwich_sim.scenario.findings import printable
from sandwich_sim.scenario.outcome_names import (
    CENTS,
    CUMULATIVE,
    Frame,
    Kind,
    Outcome,
    StatementError,
    day_of,
    frame_of,
)
from sandwich_sim.scenario.statements import Term, parse_outcome, parse_term
from sandwich_sim.variables import VARIABLES

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Metric:
    """One number of each trajectory.

    Attributes
    ----------
    name : str
        As written, in its normal spelling: ``margin.chips @ 2030``. Two metrics of one name are
        the same if their runs begin on the same day.
    label : str
        For people: ``Operating margin, AI chips, 2030-01-01``.
    unit : str
        "1" for fractions and flags.
    kind : {"series", "cumulative", "flag", "event_time"}
    variable, hop : str
        ``margin``, ``chips``; the event's name for the last two kinds; no hop: "".
    scale : float
        Factor on what is recorded: 100 for cents.
    record : int
        Number of the record; -1 where there is none.
    elapsed : float
        Time from the start to that record [yr].
    date : date or None
        Date of that record.
    """

    name: str
    label: str
    unit: str
    kind: Kind
    variable: str
    hop: str = ""
    scale: float = 1.0
    record: int = -1
    elapsed: float = float("nan")
    date: date | None = None

    @property
    def series(self) -> str:
        """Name of the recorded series (``margin.chips``); empty if it is not from one."""
        if self.kind != "series":
            return ""
        return f"{self.variable}.{self.hop}" if self.hop else self.variable

    @property
    def is_flag(self) -> bool:
        """Whether its values are 0 and 1."""
        return self.kind == "flag"

    @property
    def can_be_undefined(self) -> bool:
        """Whether a trajectory may have no value (NaN): a share of no profit, an event that never came."""
        return self.kind == "event_time" or (
            self.kind == "series" and VARIABLES[self.variable].can_be_undefined
        )


@dataclass(frozen=True)
class Statistic:
    """A statistic of one metric over trajectories.

    Attributes
    ----------
    name : str
        ``p50(margin.chips @ 2030)``.
    kind : {"mean", "quantile", "probability", "error", "word"}
        ``error``: the standard error of ``inner``; ``word``: a name that the caller allowed.
    metric : Metric, optional
    level : float
        Of a quantile, in (0, 1).
    compare : str
        ``<``, ``<=``, ``>`` or ``>=`` inside a probability; empty for an event.
    threshold : float
    inner : Statistic, optional
    """

    name: str
    kind: str
    metric: Metric | None = None
    level: float = 0.0
    compare: str = ""
    threshold: float = 0.0
    inner: Statistic | None = None


def parse_metric(text: str, source: Any) -> Metric:
    """Read one outcome.

    Parameters
    ----------
    text : str
    source : ScenarioSpec, RunMeta or Frame
        Whose hops, events and dates it may name.

    Raises
    ------
    UsageError
        What is wrong with the text, with the nearest name for a typo.

    Examples
    --------
    >>> from sandwich_sim.scenario.load import load_scenario
    >>> parse_metric("cents_kept.lab @ 2031-05", load_scenario("base")).date
    datetime.date(2031, 4, 1)
    """
    frame = frame_of(source)
    try:
        return metric_of(parse_outcome(text, frame), frame)
    except StatementError as error:
        raise UsageError(f'"{printable(text)}": {error}') from None


def parse_metrics(texts: Iterable[str], source: Any) -> tuple[Metric, ...]:
    """Read several outcomes, each once; all that is wrong is said at once."""
    frame = frame_of(source)
    found: dict[str, Metric] = {}
    wrong: list[str] = []
    for text in texts:
        try:
            metric = parse_metric(text, frame)
            found[metric.name] = metric
        except UsageError as error:
            wrong.append(str(error))
    if wrong:
        raise UsageError("\n".join(wrong))
    return tuple(found.values())


def parse_statistic(text: str, source: Any, words: Sequence[str] = ()) -> Statistic:
    """Read one statistic; ``words`` are further names that may stand for one (``diff``).

    Raises
    ------
    UsageError
    """
    frame = frame_of(source)
    try:
        return statistic_of(parse_term(text, frame, words), frame)
    except StatementError as error:
        raise UsageError(f'"{printable(text)}": {error}') from None


def metric_of(outcome: Outcome, frame: Frame) -> Metric:
    """Tie an outcome to a record of the run."""
    place = _place(outcome, frame)
    shown = f", {place['date']}" if place and outcome.when != "start" else (", start" if place else "")
    if outcome.kind in ("flag", "event_time"):
        title = frame.event_titles[frame.events.index(outcome.variable)]
        if outcome.kind == "flag":
            return Metric(
                outcome.text,
                title + (f", by {place['date']}" if place else ""),
                "1",
                "flag",
                outcome.variable,
                **place,
            )
        return Metric(outcome.text, f"{title}, first time", "yr", "event_time", outcome.variable)
    hop = f", {frame.hop_titles[frame.hops.index(outcome.hop)]}" if outcome.hop else ""
    if outcome.kind == "cumulative":
        title = outcome.variable.replace("_", " ").capitalize()
        return Metric(outcome.text, f"{title}{hop}", "bn USD", "cumulative", outcome.variable, outcome.hop)
    is_cents = outcome.variable == CENTS
    variable = VARIABLES["dollar_profit" if is_cents else outcome.variable]
    title, unit = (
        ("Cents kept of the walked dollar", "cent") if is_cents else (variable.long_name, variable.unit)
    )
    scale = 100.0 if is_cents else 1.0
    label = f"{title}{hop}{shown}"
    return Metric(outcome.text, label, unit, "series", variable.name, outcome.hop, scale, **place)


def statistic_of(term: Term, frame: Frame) -> Statistic:
    """Tie a statistic to a record of the run."""
    return Statistic(
        name=term.text,
        kind=term.kind,
        metric=metric_of(term.outcome, frame) if term.outcome else None,
        level=term.level,
        compare=term.compare,
        threshold=term.threshold,
        inner=statistic_of(term.inner, frame) if term.inner else None,
    )


def _place(outcome: Outcome, frame: Frame) -> dict[str, Any]:
    """Record, elapsed time and date of an outcome that has a date."""
    if not outcome.when:
        return {}
    days = record_days(frame.start, frame.years, frame.steps_per_year)
    if outcome.when == "horizon":
        record = days.size - 1
    elif outcome.when == "start":
        record = 0
    else:
        wanted = (day_of(outcome.when, frame) - frame.start).days
        # The later of two that are equally near, so that a year never means a day before it.
        record = int(days.size - 1 - np.argmin(np.abs(days - wanted)[::-1]))
    day = frame.start + timedelta(days=float(days[record]))
    return {"record": record, "elapsed": record / frame.steps_per_year, "date": day}


def wanted_series(metrics: Iterable[Metric]) -> tuple[str, ...]:
    """Return the series that metrics are taken from, each once: what a run must keep."""
    return tuple(dict.fromkeys(metric.series for metric in metrics if metric.series))


def needs_paths(metrics: Iterable[Metric], steps_per_year: int) -> bool:
    """Whether some metric lies between the records that are kept once a year."""
    return any(metric.kind == "series" and metric.record % steps_per_year for metric in metrics)


def take_values(metrics: Sequence[Metric], meta: RunMeta, arrays: Mapping[str, NDArray[Any]]) -> Floats:
    """Take metrics out of the outcomes of some trajectories.

    Parameters
    ----------
    metrics : sequence of Metric
    meta : RunMeta
        Of the run that the arrays belong to; ``keep_series`` names the rows of ``yearly``.
    arrays : mapping of str to ndarray
        As `reduce.outcome_arrays` names them: ``cumulative``, ``event_time``, and ``series`` or
        ``yearly``; the trajectory is their last axis.

    Returns
    -------
    ndarray of float64, shape (n_metric, n)
        Flags are 0 or 1; NaN where a value is undefined or an event never came.

    Raises
    ------
    UsageError
        If the run does not keep what a metric needs.
    """
    n = arrays["event_time"].shape[-1]
    values = np.empty((len(metrics), n))
    for row, metric in zip(values, metrics, strict=True):
        row[:] = _take(metric, meta, arrays)
        if metric.scale != 1.0:
            row *= metric.scale
    return values


def _take(metric: Metric, meta: RunMeta, arrays: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    if metric.kind in ("flag", "event_time"):
        time = arrays["event_time"][meta.events.index(metric.variable)]
        return np.asarray(time) if metric.kind == "event_time" else happened(time, metric)
    if metric.kind == "cumulative":
        row = CUMULATIVE.index(metric.variable)
        return np.asarray(arrays["cumulative"][row, meta.hops.index(metric.hop)])
    if "series" in arrays:
        return np.asarray(arrays["series"][meta.series.index(metric.series), metric.record])
    year, rest = divmod(metric.record, meta.steps_per_year)
    if rest or metric.series not in meta.keep_series:
        raise UsageError(not_kept(metric, meta))
    return np.asarray(arrays["yearly"][meta.keep_series.index(metric.series), year])


def happened(time: NDArray[Any], metric: Metric) -> NDArray[Any]:
    """Whether an event has happened by the metric's date (at all, where it has none)."""
    if metric.record < 0:
        return np.asarray(~np.isnan(time))
    # Times are multiples of a step, perhaps rounded to float32: half a step is far from both.
    half_step = 0.5 * metric.elapsed / max(metric.record, 1) if metric.record else 1e-3
    return np.asarray(time <= metric.elapsed + half_step)


def not_kept(metric: Metric, meta: RunMeta) -> str:
    """Say that a run does not hold a metric, and what to do."""
    if metric.series not in meta.keep_series:
        return (
            f'{metric.name}: the run did not keep {metric.series}. Add "{metric.variable}" to '
            "[run] keep_series and run it again."
        )
    day = metric.date.isoformat() if metric.date else ""
    return (
        f"{metric.name}: the run kept one record a year, on the anniversaries of {meta.start}, and {day} is "
        f"none. Write such as @ {meta.start.year + 1}-{meta.start:%m-%d}, or run it with --keep paths."
    )


def values_of_run(metrics: Sequence[Metric], run: xr.Dataset, meta: RunMeta) -> Floats:
    """Take metrics out of a stored run.

    Parameters
    ----------
    run : xarray.Dataset
        As `open_run` gives it.

    Returns
    -------
    ndarray of float64, shape (n_metric, n_trajectory)

    Raises
    ------
    UsageError
        If the run does not keep what a metric needs.
    """
    if "event_time" not in run and "cumulative_profit" not in run:
        raise UsageError("the run kept no outcomes of its trajectories. Run it with --keep outcomes.")
    return np.array([_take_stored(metric, run, meta) for metric in metrics], dtype=np.float64)


def _take_stored(metric: Metric, run: xr.Dataset, meta: RunMeta) -> NDArray[Any]:
    if metric.kind in ("flag", "event_time"):
        time = run["event_time"].sel(event=metric.variable).to_numpy()
        return np.asarray(time) if metric.kind == "event_time" else happened(time, metric)
    if metric.kind == "cumulative":
        return np.asarray(run[metric.variable].sel(hop=metric.hop).to_numpy())
    year, rest = divmod(metric.record, meta.steps_per_year)
    name = metric.variable if metric.variable in run else metric.series  # some hops only: one array each
    if name not in run or "trajectory" not in run[name].dims or ("time" not in run[name].dims and rest):
        raise UsageError(not_kept(metric, meta))
    array = run[name].sel(hop=metric.hop) if "hop" in run[name].dims else run[name]
    at = {"time": metric.record} if "time" in array.dims else {"year": year}
    return np.asarray(array.isel(at).to_numpy(), dtype=np.float64) * metric.scale
