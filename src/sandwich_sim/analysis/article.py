"""The figures that the article behind this product gives, and where a run stands on each.

They are facts of the fact base; ours are read from sums that every run keeps.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.dollar_flows import input_quantile, median_of
from sandwich_sim.facts import Fact, load_facts
from sandwich_sim.results.aggregate import Accumulators
from sandwich_sim.results.meta import N_SCRAMBLE, RunMeta
from sandwich_sim.results.summary import Estimate
from sandwich_sim.scenario.spec import ScenarioSpec

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """One figure of the article beside ours; all in percent.

    Attributes
    ----------
    title : str
    fact : Fact
        Theirs, with its range.
    ours : Estimate
        At the start of the run; NaN where the model has no such number.
    spread : tuple of float or None
        5 and 95% of the trajectories, where it is known.
    how : str
        What ours is.
    standing : str
        In a sentence: within their range, above or below it.
    """

    title: str
    fact: Fact
    ours: Estimate
    spread: tuple[float, float] | None
    how: str
    standing: str


def compare_with_article(
    dataset: xr.Dataset, spec: ScenarioSpec, accumulators: Accumulators, meta: RunMeta
) -> list[Comparison]:
    """Put each figure of the article beside that of a run."""
    sums = _LabSums(accumulators, meta, spec)
    facts = load_facts()
    cost = sums.revenue - sums.profit
    inference = sums.revenue - sums.profit - sums.other - sums.to_cloud
    rows = [
        ("Training compute in what labs spend", "anthropic_training_share_of_spend", sums.to_cloud),
        ("Inference in what labs spend", "anthropic_inference_share_of_spend", inference),
        ("Paid to clouds, of labs' cost", "lab_costs_paid_to_cloud", inference + sums.to_cloud),
    ]
    found = [
        _compare(title, facts[fact], _ratio(part, cost), None, "at the start, a ratio of means")
        for title, fact, part in rows
    ]
    margin, spread = _inference_margin(dataset)
    how = "inference margin of all labs at the start" + (", median" if spread else ", mean")
    found.append(
        _compare("Inference margin in early 2026", facts["lab_inference_gm_2026q1"], margin, spread, how)
    )
    found.append(_before(dataset, facts["lab_inference_gm_one_year_before"], margin, spread))
    found.append(_chips(spec, facts["training_chip_share_one_company"]))
    return found


class _LabSums:
    """Sums by scramble over all trajectories at the first record, shape (16,) [bn USD/yr]."""

    def __init__(self, accumulators: Accumulators, meta: RunMeta, spec: ScenarioSpec) -> None:
        lab = next(hop.name for hop in spec.hops if hop.role == "lab")
        first = accumulators["total"][:, 0]
        self.revenue, self.profit, self.other, training = (
            first[:, meta.series.index(name)]
            for name in (f"revenue.{lab}", f"profit.{lab}", f"other.{lab}", "training")
        )
        self.to_cloud: Floats = training * median_of(spec, "lab.training_to_cloud")


def _ratio(part: Floats, whole: Floats) -> Estimate:
    """A ratio of means in percent, its error across scrambles."""
    value = part.sum() / whole.sum()
    residual = part - value * whole
    error = residual.std(ddof=1) * sqrt(N_SCRAMBLE) / whole.sum()
    return Estimate(100.0 * float(value), 100.0 * float(error))


def _compare(
    title: str, fact: Fact, ours: Estimate, spread: tuple[float, float] | None, how: str
) -> Comparison:
    place = (
        "within" if fact.low <= ours.value <= fact.high else "above" if ours.value > fact.high else "below"
    )
    standing = f"{place} the range of {fact.low:g} to {fact.high:g}%"
    return Comparison(title, fact, ours, spread, how, standing)


def _inference_margin(dataset: xr.Dataset) -> tuple[Estimate, tuple[float, float] | None]:
    if "inference_margin_quantile" in dataset:
        first = dataset["inference_margin_quantile"].isel(time=0)
        low, median, high = (
            100.0 * float(first.sel(quantile=q, method="nearest")) for q in (0.05, 0.5, 0.95)
        )
        return Estimate(median, float("nan")), (low, high)
    mean, error = (
        100.0 * float(dataset[f"inference_margin_{name}"][0]) for name in ("mean", "standard_error")
    )
    return Estimate(mean, error), None


def _before(
    dataset: xr.Dataset, fact: Fact, margin: Estimate, spread: tuple[float, float] | None
) -> Comparison:
    """The margin a year before: the run begins after it, so when does it come back there?"""
    name = "inference_margin_quantile"
    values = dataset["inference_margin_mean"].values
    if name in dataset:
        values = dataset[name].sel(quantile=0.5, method="nearest").values
    below = np.flatnonzero(100.0 * values <= fact.high)
    if below.size:
        when = dataset["time"].values[below[0]].astype("datetime64[D]").item()
        standing = f"lies before the run; the middle trajectory is back within it by {when:%B %Y}"
    else:
        standing = f"lies before the run; the middle trajectory stays above {fact.high:g}%"
    how = "inference margin of all labs at the start" + (", median" if spread else ", mean")
    return Comparison("Inference margin a year before", fact, margin, spread, how, standing)


def _chips(spec: ScenarioSpec, fact: Fact) -> Comparison:
    name = "hop.chips.monopoly"
    title = "Training chips from one company"
    if name not in spec.parameters:
        return Comparison(
            title,
            fact,
            Estimate(np.nan, np.nan),
            None,
            "not in this chain",
            "the chain has no hop called chips",
        )
    today, later = (100.0 * median_of(spec, key) for key in (name, f"{name}_long"))
    how = "the model has no companies; nearest is the monopoly factor of chips today"
    low, high = (100.0 * input_quantile(spec, name, level) for level in (0.05, 0.95))
    spread = (low, high) if low < high else None
    if spread:
        how += ", median"
    found = _compare(title, fact, Estimate(today, 0.0), spread, how)
    standing = f"{found.standing}; {later:.0f}% in the long run"
    return Comparison(title, fact, found.ours, spread, how, standing)
