"""How far the falsification condition is from being met, and what the next quarter would settle.

sandwich-sim watch base --seen 2026Q3=-0.40 --seen 2026Q4=-0.35
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import inf, nan
from pathlib import Path as FilePath

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.difference import Measured
from sandwich_sim.analysis.evidence import readings_of, record_of, records_within
from sandwich_sim.analysis.metrics import parse_metric
from sandwich_sim.analysis.update_result import LEVELS
from sandwich_sim.analysis.watch_distance import distance_of
from sandwich_sim.analysis.watch_result import Part, Path, Watch, Watched, Year
from sandwich_sim.analysis.watch_windows import stretches_of, windows_of
from sandwich_sim.analysis.weighted import (
    weighted_mean,
    weighted_probability,
    weighted_quantiles,
    weighted_spread,
)
from sandwich_sim.analysis.weights import Weights, equal_weights
from sandwich_sim.errors import UsageError
from sandwich_sim.results.coordinates import record_date
from sandwich_sim.results.event_rules import rule_of
from sandwich_sim.scenario.evidence import Evidence, Observation, parse_quarter
from sandwich_sim.scenario.evidence_file import read_evidence
from sandwich_sim.scenario.findings import advice, printable
from sandwich_sim.scenario.outcome_names import Frame, frame_of
from sandwich_sim.scenario.spec import Event
from sandwich_sim.simulation import Progress
from sandwich_sim.studies.update_offers import offers_for
from sandwich_sim.studies.update_sides import Side, Source, read_sides
from sandwich_sim.studies.update_weighed import weigh
from sandwich_sim.variables import VARIABLES

Floats = NDArray[np.float64]

WATCHED = "all_in_margin"
EVENTS = ("thesis_falsified", "lab_profit_center")
"""Both readings of the falsification condition."""
ERROR = 0.05
"""Standard deviation of a margin that was seen, where none is given."""
_RELATIVE_ERROR = 0.2
_Q = 4
_UNKNOWN = Measured(nan, nan)
_FIFTHS = (0.2, 0.4, 0.6, 0.8)
_AHEAD = 8
"""Quarters after the next one that the path shows."""
_SEEN = re.compile(
    r"\s*(?:(?P<series>[A-Za-z_][\w.]*)\s*@\s*)?(?P<quarter>\d{4}\s?-?[Qq][1-4])\s*=\s*"
    r"(?P<value>[+-]?[\d._]+(?:[eE][+-]?\d+)?%?)\s*(?:(?:±|\+-|\+/-)\s*(?P<error>[\d._]+(?:[eE][+-]?\d+)?%?))?\s*\Z"
)


@dataclass(frozen=True)
class _Quarters:
    """What was seen, by series and record."""

    known: dict[str, dict[int, float]]
    observations: tuple[Observation, ...]


def watch(
    source: Source,
    seen: Sequence[str] = (),
    *,
    file: FilePath | None = None,
    events: Sequence[str] = (),
    error: float = ERROR,
    trajectories: int | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    threads: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Watch:
    """Say how far events are from happening, given quarterly values.

    Parameters
    ----------
    source : str, Path or ScenarioSpec
        A scenario, or a run folder.
    seen : sequence of str
        ``2026Q3=-0.40``, with an error of its own ``2026Q3=-0.40+-0.02``, of another series
        ``gap@2026Q3=4``.
    file : Path, optional
        An evidence file; what it says of single quarters counts as seen.
    events : sequence of str
        The two readings of the falsification condition if empty.
    error : float
        Standard deviation of a margin that has none of its own.
    trajectories, seed, sampler : optional
    threads : int, optional
    progress : callable, optional

    Returns
    -------
    Watch
        Where the weights are not good enough it holds no probabilities, but what would help.

    Raises
    ------
    UsageError, ScenarioError, ResourceError, IntegrityError
    """
    if not (error > 0.0 and np.isfinite(error)):
        raise UsageError(f"an error of {error:g} is none. Use a standard deviation above 0.")
    side = read_sides(
        [source], trajectories=trajectories, seed=seed, sampler=sampler, threads=threads, progress=progress
    )[0]
    frame = frame_of(side.spec)
    if frame.steps_per_year != _Q:
        raise UsageError(f"{side.name}: has {frame.steps_per_year} steps a year. `watch` needs quarters: 4.")
    chosen = _events(side, events)
    quarters = _read(seen, file, frame, error)
    known = quarters.known.get(WATCHED, {})
    following = max(known, default=-1) + 1
    if following >= side.meta.n_record:
        raise UsageError("the last quarter of the run was seen. There is no next one to ask about.")
    return _watch(side, frame, chosen, quarters, following)


def _watch(side: Side, frame: Frame, events: Sequence[Event], quarters: _Quarters, following: int) -> Watch:
    evidence = Evidence("", "quarters seen", quarters.observations)
    weighed = weigh(side, readings_of(evidence, frame))
    weights = weighed.weights
    is_known = weights.diagnosis.is_reliable
    prior = equal_weights(weights.scramble, is_replicated=weights.is_replicated)
    names = tuple(quarter_of(record_date(side.meta, record)) for record in range(side.meta.n_record))
    last = min(following + _AHEAD, side.meta.n_record - 1)
    metrics = [record_of(WATCHED, record, frame) for record in range(last + 1)]
    rows = side.records(metrics)
    path = tuple(
        Path(
            metric.record,
            metric.date or side.meta.start,
            weighted_spread(row, prior, LEVELS),
            weighted_spread(row, weights, LEVELS) if is_known else None,
        )
        for metric, row in zip(metrics, rows, strict=True)
    )
    times = side.outcomes([parse_metric(f"event_time.{event.name}", frame) for event in events])
    found = []
    for event, time in zip(events, times, strict=True):
        item = _settle(event, quarters, following, names, side)
        after = None
        if is_known:
            after = weighted_probability(~np.isnan(time), weights)
            item = replace(
                item,
                by_year=_by_year(time, weights, side),
                parts=_parts(rows[following], ~np.isnan(time), weights),
            )
        found.append(replace(item, before=weighted_probability(~np.isnan(time), prior), after=after))
    return Watch(
        side.name, side.source, side.meta, WATCHED, VARIABLES[WATCHED].long_name,
        {names[record]: _error_of(quarters, names[record], value)
         for record, value in sorted(quarters.known.get(WATCHED, {}).items())},
        _years(quarters.known.get(WATCHED, {}), names), names[following], names, path, tuple(found),
        weights.diagnosis, offers_for(weighed) if not is_known else (),
    )  # fmt: skip


def _settle(event: Event, quarters: _Quarters, following: int, names: Sequence[str], side: Side) -> Watched:
    """Say what the quarters seen decide, and what the next one would."""
    windows = windows_of(event, quarters.known, WATCHED, following, side.meta.n_record, _Q)
    met = tuple(
        names[window.end]
        for window in windows
        if window.end < following and window.is_possible and window.is_decided
    )
    ahead = [window for window in windows if window.end >= following and window.is_possible]
    others = dict.fromkeys(clause.series for clause in event.clauses if clause.series != WATCHED)
    stretches = stretches_of(windows, following, WATCHED)
    distance = distance_of(event, quarters.known.get(WATCHED, {}), WATCHED, following, stretches, _Q)
    return Watched(
        event.name, event.title, rule_of(event), met, names[ahead[0].end] if ahead else "",
        stretches, distance, tuple(others), before=_UNKNOWN, after=None,
    )  # fmt: skip


def _by_year(time: Floats, weights: Weights, side: Side) -> tuple[tuple[int, Measured], ...]:
    """Return the probability that an event has happened by each anniversary of the start."""
    found = []
    for year in range(1, side.meta.years + 1):
        with np.errstate(invalid="ignore"):
            flags = time <= year + 0.5 / _Q
        found.append((side.meta.start.year + year, weighted_probability(flags, weights)))
    return tuple(found)


def _parts(values: Floats, flags: NDArray[np.bool_], weights: Weights) -> tuple[Part, ...]:
    """Divide what the next quarter may be into fifths, and say how likely the event is in each."""
    cuts = [found.value for found in weighted_quantiles(values, weights, _FIFTHS)]
    if not np.all(np.diff(cuts) > 0.0):
        return ()
    place = np.searchsorted(cuts, values, side="left")
    ends = [-inf, *cuts, inf]
    parts = []
    for number in range(len(cuts) + 1):
        inside = np.where(place == number, flags.astype(np.float64), nan)
        parts.append(Part(ends[number], ends[number + 1], weighted_mean(inside, weights)))
    return tuple(parts)


def _years(known: dict[int, float], names: Sequence[str]) -> tuple[Year, ...]:
    """Return the mean of every four quarters that were seen in a row, and by how much it moved."""
    means = {
        end: sum(known[end - back] for back in range(_Q)) / _Q
        for end in known
        if all(end - back in known for back in range(_Q))
    }
    return tuple(
        Year(names[end], mean, mean - means[end - _Q] if end - _Q in means else nan)
        for end, mean in sorted(means.items())
    )


def _events(side: Side, asked: Sequence[str]) -> list[Event]:
    declared = {event.name: event for event in side.spec.events}
    names = list(asked) or [name for name in EVENTS if name in declared]
    for name in names:
        if name not in declared:
            raise UsageError(f'{side.name}: there is no event "{printable(name)}". {advice(name, declared)}')
    if not names:
        raise UsageError(f"{side.name}: declares neither of {' and '.join(EVENTS)}. Name one with --event.")
    return [declared[name] for name in names]


def _read(seen: Sequence[str], file: FilePath | None, frame: Frame, error: float) -> _Quarters:
    """Read all that was seen; everything wrong with it is said at once."""
    observations = list(read_evidence(file, [frame]).observations) if file is not None else []
    wrong: list[str] = []
    for text in seen:
        found = _observation(text, len(observations), frame, error, wrong)
        observations += [found] if found else []
    known: dict[str, dict[int, float]] = {}
    for item in observations:
        records = records_within(item.start, item.end, frame)
        if item.measure != "records" or records.size != 1 or item.over:
            continue
        record = int(records[0])
        if record in known.setdefault(item.series, {}):
            wrong.append(f"{item.name} is given twice. Keep one.")
        known[item.series][record] = item.value
    if wrong:
        raise UsageError("\n".join(wrong))
    return _Quarters(known, tuple(observations))


def _observation(
    text: str, position: int, frame: Frame, error: float, wrong: list[str]
) -> Observation | None:
    match = _SEEN.match(text)
    days = parse_quarter(match["quarter"].replace(" ", "")) if match else None
    shown = printable(text, 60)
    try:
        value = _number(match["value"]) if match else nan
        own = _number(match["error"]) if match and match["error"] else nan
    except ValueError:
        match = None
    if match is None or days is None:
        wrong.append(f'"{shown}" cannot be read. Write 2026Q3=-0.40, 2026Q3=-0.40+-0.02 or gap@2026Q3=4.')
        return None
    series = match["series"] or WATCHED
    base, _, hop = series.partition(".")
    if base not in VARIABLES or VARIABLES[base].per_hop != bool(hop) or (hop and hop not in frame.hops):
        wrong.append(f'"{shown}": there is no series "{printable(series)}". {advice(base, VARIABLES)}')
        return None
    if not records_within(*days, frame).size:
        wrong.append(
            f'"{shown}" is not within the run, which begins {frame.start} and has {frame.years} years.'
        )
        return None
    if base.endswith("margin") and value > 1.0:
        wrong.append(f'"{shown}": no margin is above 1. Write {value:g}% as {value / 100.0:g}.')
        return None
    usual = error if VARIABLES[base].unit == "1" else max(_RELATIVE_ERROR * abs(value), 1e-6)
    sd = usual if own != own else own
    if not sd > 0.0:
        wrong.append(f'"{shown}": an error of 0 leaves no trajectory. Give one above 0.')
        return None
    name = f"{days[0].year}Q{days[0].month // 3 + 1}"
    return Observation(position, series, *days, "records", value, sd, sd, when=name)


def _number(text: str) -> float:
    return float(text.rstrip("%")) / (100.0 if text.endswith("%") else 1.0)


def _error_of(quarters: _Quarters, quarter: str, value: float) -> tuple[float, float]:
    found = next(item for item in quarters.observations if item.series == WATCHED and item.when == quarter)
    return value, max(found.error_below, found.error_above)


def quarter_of(day: date) -> str:
    """Return the quarter that a day lies in: ``2026Q3``."""
    return f"{day.year}Q{(day.month + 2) // 3}"
