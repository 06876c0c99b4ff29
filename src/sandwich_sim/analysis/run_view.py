"""A run folder opened for looking: its dataset with the shares that the maps show, its scenario.

The shares of revenue and profit at both ends lie in a run's histograms, not among its arrays;
here they join the dataset, so that every figure takes a dataset and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sandwich_sim.analysis.trajectories import Trajectories
from sandwich_sim.results.aggregate import Accumulators
from sandwich_sim.results.dataset import read_accumulators, to_dataset
from sandwich_sim.results.layout import layout_of
from sandwich_sim.results.meta import RunMeta
from sandwich_sim.results.summarize import summarize
from sandwich_sim.results.summary import ENDS, Summary
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.variables import QUANTILES

if TYPE_CHECKING:
    import xarray as xr

MAPS = ("revenue_share", "profit_share")
"""The revenue map and the profit map."""
SAMPLE = 262_144
"""Trajectories that are read for what needs them one by one; the first ones."""


@dataclass(frozen=True)
class RunView:
    """Everything about a run that figures and reports are made of.

    Attributes
    ----------
    folder : Path
    dataset : xarray.Dataset
        The summary of the run as `open_run` gives it, in memory, with ``revenue_share_end`` and
        ``profit_share_end``. What the run keeps of single trajectories is in ``trajectories``.
    spec : ScenarioSpec
        The scenario that was run.
    summary : Summary
    accumulators : mapping of str to ndarray
    trajectories : Trajectories
        At most `SAMPLE` of them; none if the run kept only its summary.
    """

    folder: Path
    dataset: xr.Dataset
    spec: ScenarioSpec
    summary: Summary
    accumulators: Accumulators
    trajectories: Trajectories


def open_view(folder: Path | str) -> RunView:
    """Open a complete run folder for looking.

    Raises
    ------
    UsageError, IntegrityError
        As `open_run`.
    ScenarioError
        If its ``scenario.toml`` is damaged.
    """
    folder = Path(folder)
    trajectories = Trajectories(folder, SAMPLE)
    accumulators = read_accumulators(folder)
    summary = summarize(accumulators, trajectories.meta)
    return RunView(
        folder=folder,
        dataset=with_maps(_summary_dataset(trajectories.meta, accumulators), summary),
        spec=load_scenario(folder / "scenario.toml"),
        summary=summary,
        accumulators=accumulators,
        trajectories=trajectories,
    )


def _summary_dataset(meta: RunMeta, accumulators: Accumulators) -> xr.Dataset:
    """Label the summary of a run; from its sums, as reading hundreds of small arrays takes longer."""
    layout = replace(layout_of(meta), trajectories=())
    return to_dataset(layout, {}, accumulators)


def with_maps(dataset: xr.Dataset, summary: Summary) -> xr.Dataset:
    """Add quantiles of the revenue and profit shares at both ends of a run.

    Returns
    -------
    xarray.Dataset
        With ``revenue_share_end`` and ``profit_share_end``, dimensions (end, hop, level), and
        their standard errors, ``..._end_standard_error`` [1].
    """
    dims = ("end", "hop", "level")
    added = {}
    for name in MAPS:
        by_hop = [getattr(hop, name) for hop in summary.hops]
        table = [[[ends[end].quantiles[q] for q in QUANTILES] for ends in by_hop] for end in ENDS]
        for suffix, field in (("", "value"), ("_standard_error", "standard_error")):
            values = np.array([[[getattr(cell, field) for cell in row] for row in end] for end in table])
            added[f"{name}_end{suffix}"] = (dims, values, {"units": "1"})
    return dataset.assign(added).assign_coords(end=list(ENDS), level=list(QUANTILES))
