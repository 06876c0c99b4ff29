"""What a run says, in plain sentences made from its numbers, each number with its error."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.falsified import share_above_zero
from sandwich_sim.analysis.grouped import estimate_share_of
from sandwich_sim.analysis.run_view import RunView
from sandwich_sim.results.summary import Estimate, HopSummary

Floats = NDArray[np.float64]

READINGS = (("thesis_falsified", "in the author's words"), ("lab_profit_center", "read strictly"))


@dataclass(frozen=True)
class Figure:
    """A number behind a sentence.

    Attributes
    ----------
    label : str
    estimate : Estimate
        In percent or cents, as the sentence writes it.
    unit : str
        ``%`` or ``¢``.
    n : int
        Trajectories behind it.
    """

    label: str
    estimate: Estimate
    unit: str
    n: int


@dataclass(frozen=True)
class Statement:
    """One sentence, and the numbers in it."""

    text: str
    figures: tuple[Figure, ...]


def headline(view: RunView) -> list[Statement]:
    """Say in a few sentences what a run found.

    Parameters
    ----------
    view : RunView

    Returns
    -------
    list of Statement
        The most important first; those that the run cannot support are left out.
    """
    made = (
        _leader(view),
        _margin_above_zero(view),
        _keepers(view),
        _maps(view),
        _readings(view),
        _capital(view),
    )
    return [statement for statement in made if statement is not None]


def _leader(view: RunView) -> Statement | None:
    """Which hop keeps the largest part of the dollar, and in how many trajectories."""
    trajectories, meta = view.trajectories, view.trajectories.meta
    when = _month(view.summary.horizon)
    if not trajectories.n or not trajectories.keeps("dollar_profit"):
        return None
    kept = trajectories.at_year("dollar_profit", -1)
    is_defined = np.asarray(np.isfinite(kept).all(axis=0))
    first = np.where(is_defined, np.nan_to_num(kept, nan=-np.inf).argmax(axis=0), -1)
    shares = [estimate_share_of(first == row, is_defined) for row in range(len(meta.hops))]
    order = sorted(range(len(shares)), key=lambda row: -shares[row].value)[:2]
    order = [row for row in order if shares[row].value >= 0.005]
    figures = tuple(
        Figure(f"{meta.hop_titles[row]}: largest part, {when}", _percent(shares[row]), "%", trajectories.n)
        for row in order
    )
    parts = [
        f"{meta.hop_titles[row]} in {figure.estimate.value:.0f}% of trajectories"
        for row, figure in zip(order, figures, strict=True)
    ]
    return Statement(
        f"Of all hops, the one that keeps most of a user's dollar in {when} is {', '.join(parts)}.", figures
    )


def _margin_above_zero(view: RunView) -> Statement | None:
    """How often the labs' all-in margin is above zero, halfway and at the end."""
    meta = view.trajectories.meta
    found = []
    for year in dict.fromkeys((meta.years // 2, meta.years)):
        share = share_above_zero(view.trajectories, view.accumulators, "all_in_margin", year)
        if share is None or not isfinite(share[0].value):
            return None
        estimate, n = share
        when = _month(meta.start.replace(year=meta.start.year + year, day=1).isoformat())
        found.append(Figure(f"All-in margin of the labs above zero, {when}", _percent(estimate), "%", n))
    words = [
        f"{figure.estimate.value:.0f}% of trajectories in {figure.label.split(', ')[-1]}" for figure in found
    ]
    return Statement(
        "The labs' all-in margin (what is left of their revenue after serving and training) is above zero "
        f"in {' and in '.join(words)}.",
        tuple(found),
    )


def _keepers(view: RunView) -> Statement:
    """The median cents of the hops that keep most, and of the labs."""
    summary, n = view.summary, view.summary.n_trajectories
    ranked = sorted(summary.hops, key=lambda hop: -_level(_median(hop, "cents_kept").value))
    lab = next(hop.name for hop in view.spec.hops if hop.role == "lab")
    chosen = ranked[:3] + [hop for hop in ranked[3:] if hop.hop == lab]
    figures = tuple(
        Figure(f"Cents kept by {hop.title}, median", _median(hop, "cents_kept"), "¢", n) for hop in chosen
    )
    parts = [
        f"{hop.title} {_cents(figure.estimate.value)}" for hop, figure in zip(chosen, figures, strict=True)
    ]
    return Statement(
        f"Of one dollar that users spend in {_month(summary.horizon)}, the middle trajectory leaves as "
        f"profit: {', '.join(parts)}.",
        figures,
    )


def _maps(view: RunView) -> Statement | None:
    """The hops whose places on the two maps differ most, each way."""
    summary = view.summary
    gaps = [
        (_median(hop, "profit_share").value - _median(hop, "revenue_share").value, hop)
        for hop in summary.hops
    ]
    gaps = [pair for pair in gaps if isfinite(pair[0])]
    if len(gaps) < 2:
        return None
    figures: list[Figure] = []
    parts = []
    for _, hop in (max(gaps, key=lambda pair: pair[0]), min(gaps, key=lambda pair: pair[0])):
        both = [_percent(_median(hop, name)) for name in ("revenue_share", "profit_share")]
        for name, estimate in zip(("revenue", "profit"), both, strict=True):
            label = f"Share of {hop.title} in {name}, median"
            figures.append(Figure(label, estimate, "%", summary.n_trajectories))
        shares = [_whole(each.value) for each in both]
        parts.append(f"{hop.title}, {shares[0]} of revenue and {shares[1]} of profit")
    return Statement(f"The revenue map is not the profit map: {'; '.join(parts)}.", tuple(figures))


def _readings(view: RunView) -> Statement | None:
    """The falsification condition, both readings."""
    events = {event.event: event for event in view.summary.events}
    last = view.trajectories.meta.start.year + view.trajectories.meta.years
    figures, parts = [], []
    for name, words in READINGS:
        if name in events:
            estimate = _percent(events[name].probability)
            figures.append(Figure(f"{name}, by {last}", estimate, "%", view.summary.n_trajectories))
            parts.append(f"{words} in {estimate.value:.{0 if estimate.value >= 9.95 else 1}f}%")
    if not parts:
        return None
    return Statement(
        "The thesis says that labs cannot keep the money. What would falsify it has happened by "
        f"{last} {', '.join(parts)} of trajectories.",
        tuple(figures),
    )


def _capital(view: RunView) -> Statement:
    """What investors add for each dollar that users pay: a ratio of means."""
    total, meta = view.accumulators["total"], view.trajectories.meta
    rows = [meta.series.index(name) for name in ("financing", "spend")]
    figures = []
    for record, when in ((0, view.summary.start), (-1, view.summary.horizon)):
        added, paid = total[:, record, rows].T
        ratio = added.sum() / paid.sum()
        error = (added - ratio * paid).std(ddof=1) * np.sqrt(added.size) / paid.sum()
        estimate = Estimate(100.0 * float(ratio), 100.0 * float(error))
        figures.append(
            Figure(f"Cents that investors add, {_month(when)}", estimate, "¢", view.summary.n_trajectories)
        )
    now, later = figures
    then = _adds(later.estimate.value)
    if now.estimate.value >= 0.0:
        then = then.removeprefix("add ")
    return Statement(
        f"For every dollar that users pay, investors {_adds(now.estimate.value)} for equipment in "
        f"{_month(view.summary.start)} and {then} in {_month(view.summary.horizon)}.",
        (now, later),
    )


def _median(hop: HopSummary, field: str) -> Estimate:
    found: Estimate = getattr(hop, field)["horizon"].quantiles[0.5]
    return found


def _percent(estimate: Estimate) -> Estimate:
    return Estimate(100.0 * estimate.value, 100.0 * estimate.standard_error, estimate.reason)


def _level(value: float) -> float:
    return value if isfinite(value) else -np.inf


def _adds(value: float) -> str:
    return f"add {_cents(value)}" if value >= 0.0 else f"take out {_cents(-value)}"


def _whole(value: float) -> str:
    text = f"{value:.0f}"
    return ("0" if not float(text) else text).replace("-", "\N{MINUS SIGN}") + "%"


def _cents(value: float) -> str:
    text = f"{value:.1f}" if abs(value) < 9.95 else f"{value:.0f}"
    return ("0" if not float(text) else text).replace("-", "\N{MINUS SIGN}") + "¢"


def _month(day: str) -> str:
    return f"{date.fromisoformat(day):%B %Y}"
