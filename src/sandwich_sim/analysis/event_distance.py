"""How near paths come to an event: the distance to its clauses, 0 at the edge, positive within."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.watch_windows import first_window
from sandwich_sim.scenario.spec import Clause, Event

Floats = NDArray[np.float64]


def event_distance(
    event: Event, paths: Mapping[str, Floats], scales: Mapping[str, float], last: int, steps_per_year: int
) -> Floats:
    """Say how far beyond the edge of an event each path is.

    Parameters
    ----------
    event : Event
    paths : mapping of str to ndarray of float64, shape (n_record, n)
        Each series that the event asks for.
    scales : mapping of str to float
        What counts as far in each series, so that clauses of different units can be compared.
    last : int
        The last record at which the event counts.
    steps_per_year : int

    Returns
    -------
    ndarray of float64, shape (n,)
        The worst clause at the best record (the robustness of temporal logic: Fainekos and Pappas
        2009); minus infinity where values are missing.
    """
    window = max(event.window_years * steps_per_year, 1)
    first = first_window(event, steps_per_year)
    n = next(iter(paths.values())).shape[1]
    held = np.full((max(last + 1 - first, 0), n), inf)
    for clause in event.clauses:
        for near in _clause(clause, paths[clause.series], first, last, window, steps_per_year):
            found = np.where(np.isnan(near), -inf, near / scales[clause.series])
            np.minimum(held, found, out=held)
    return np.asarray(held.max(axis=0, initial=-inf))


def _clause(clause: Clause, path: Floats, first: int, last: int, window: int, q: int) -> Iterator[Floats]:
    """Yield how far each thing that a clause asks for holds at the records from first to last."""
    ends = np.arange(first, last + 1)
    for level, sign in ((clause.below, -1.0), (clause.above, 1.0)):
        if level is not None:
            beyond = sign * (path - level)
            yield np.lib.stride_tricks.sliding_window_view(beyond, window, axis=0).min(axis=-1)[
                ends - window + 1
            ]
    asks_years = clause.rises or clause.falls or clause.ends_above is not None or clause.ends_above_start
    if not asks_years:
        return
    # The mean of the year that ends at each record, from record q - 1 on.
    means = np.lib.stride_tricks.sliding_window_view(path, q, axis=0).mean(axis=-1)
    for move, sign in ((clause.rises, 1.0), (clause.falls, -1.0)):
        for year in range(move.years) if move else ():
            now, before = (means[ends - (year + back) * q - q + 1] for back in (0, 1))
            least = np.maximum(move.by, move.by_ratio * np.abs(before)) if move else 0.0
            yield sign * (now - before) - least
    if clause.ends_above is not None:
        yield means[ends - q + 1] - clause.ends_above
    if clause.ends_above_start:
        yield means[ends - q + 1] - path[0]
