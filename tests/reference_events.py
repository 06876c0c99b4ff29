"""The plain twin, section 10 of docs/model.md: events, first times, and the check for sawtooth."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from reference_chain import Array, Chain
from sandwich_sim.scenario.spec import Clause, Event, Move

Flags = NDArray[np.bool_]


def series_of(chain: Chain, series: Mapping[str, Array], name: str) -> Array:
    """Look up ``gap`` or a hop's ``profit.cloud``, shape (n_record, n)."""
    variable, _, hop = name.partition(".")
    return series[variable][:, chain.hops.index(hop)] if hop else series[variable]


def events(chain: Chain, series: Mapping[str, Array], event: Event) -> tuple[Flags, Array]:
    """Find the first record at which every clause of an event holds.

    Returns
    -------
    flag : ndarray of bool, shape (n,)
    time : ndarray of float64, shape (n,)
        Time of the first such record, NaN where there is none [yr].
    """
    paths = [series_of(chain, series, clause.series) for clause in event.clauses]
    n_record, n = paths[0].shape
    window = max(1, event.window_years * chain.steps_per_year)
    first = np.full(n, np.nan)
    for record in range(n_record):
        holds = np.ones(n, dtype=np.bool_)
        for clause, path in zip(event.clauses, paths, strict=True):
            holds &= clause_holds(clause, path, record, window, chain.steps_per_year)
        first = np.where(np.isnan(first) & holds, record * chain.dt, first)
    return ~np.isnan(first), first


def clause_holds(clause: Clause, path: Array, record: int, window: int, steps_per_year: int) -> Flags:
    """Tell where all conditions of one clause hold at one record; undefined values make it false."""
    holds = np.ones(path.shape[1], dtype=np.bool_)
    began = record - window + 1
    recent = path[began : record + 1] if began >= 0 else np.full_like(path[:1], np.nan)
    if clause.below is not None:
        holds &= (recent < clause.below).all(axis=0)
    if clause.above is not None:
        holds &= (recent > clause.above).all(axis=0)
    if clause.rises is not None:
        holds &= moves(clause.rises, path, record, steps_per_year)
    if clause.falls is not None:
        holds &= moves(clause.falls, path, record, steps_per_year, downwards=True)
    if clause.ends_above is not None:
        holds &= year_mean(path, record, steps_per_year) > clause.ends_above
    if clause.ends_above_start:
        holds &= year_mean(path, record, steps_per_year) > path[0]
    return holds


def moves(move: Move, path: Array, record: int, steps_per_year: int, downwards: bool = False) -> Flags:
    """Tell where the yearly mean rises (or falls) year after year by at least what is asked."""
    holds = np.ones(path.shape[1], dtype=np.bool_)
    for years_back in range(move.years):
        later = year_mean(path, record - years_back * steps_per_year, steps_per_year)
        earlier = year_mean(path, record - (years_back + 1) * steps_per_year, steps_per_year)
        gain = earlier - later if downwards else later - earlier
        holds &= (gain > 0.0) & (gain >= move.by) & (gain >= move.by_ratio * np.abs(earlier))
    return holds


def year_mean(path: Array, record: int, steps_per_year: int) -> Array:
    """Mean of the year of records that ends at ``record``; NaN where the run began later.

    Summed afresh in time order, so that equal records have equal means: a running sum would
    let a path that stands still rise by rounding.
    """
    if record < steps_per_year - 1:
        return np.full(path.shape[1], np.nan)
    total = np.zeros(path.shape[1])
    for one in range(record - steps_per_year + 1, record + 1):
        total = total + path[one]
    return total / steps_per_year


def alternations(revenue: Array) -> Array:
    """Share of pairs of consecutive steps in which revenue swings by more than 10% each way.

    Parameters
    ----------
    revenue : ndarray of float64, shape (n_record, ...)

    Returns
    -------
    ndarray of float64, shape (...)
        Share of the n_record - 2 pairs; a move is taken relative to where it starts.
    """
    up = revenue[1:] > 1.10 * revenue[:-1]
    down = revenue[1:] < 0.90 * revenue[:-1]
    swings = (up[:-1] & down[1:]) | (down[:-1] & up[1:])
    return swings.mean(axis=0)
