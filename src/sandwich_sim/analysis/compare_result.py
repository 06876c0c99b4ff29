"""What a comparison found, as plain data: sides, pairs of sides, outcomes, verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import Any

from sandwich_sim.analysis.compare import SPREAD_LEVELS, MetricComparison
from sandwich_sim.analysis.compare_event_times import EventTime
from sandwich_sim.analysis.compare_event_words import time_document
from sandwich_sim.analysis.compare_shape import SHIFT_LEVELS, Distance, Shape
from sandwich_sim.analysis.compare_verdict import Rates, Verdict
from sandwich_sim.analysis.difference import Measured
from sandwich_sim.analysis.dominance import Dominance, Relation
from sandwich_sim.results.meta import RunMeta


@dataclass(frozen=True)
class Side:
    """One scenario or run of a comparison.

    Attributes
    ----------
    name : str
        As sentences call it: the scenario's name, made unique.
    source : str
        As the user named it.
    is_run : bool
        Whether it was read from a run folder instead of simulated.
    meta : RunMeta
    failures : dict of str to int
        Trajectories that hold a non-finite value or break an identity, by check.
    """

    name: str
    source: str
    is_run: bool
    meta: RunMeta
    failures: dict[str, int]

    def to_document(self) -> dict[str, Any]:
        """Return plain values."""
        meta = self.meta
        return {
            "name": self.name,
            "source": self.source,
            "is_run": self.is_run,
            "scenario": meta.name,
            "title": meta.title,
            "digest": meta.scenario_digest,
            "n_trajectories": meta.n_trajectories,
            "seed": meta.seed,
            "sampler": meta.sampler,
            "shocks": meta.shocks,
            "stream_version": meta.stream_version,
            "start": meta.start.isoformat(),
            "years": meta.years,
            "steps_per_year": meta.steps_per_year,
            "failures": self.failures,
        }


@dataclass(frozen=True)
class PairComparison:
    """B against A.

    Attributes
    ----------
    a, b : Side
    relation : {"paired", "independent", "unknown"}
    reasons : tuple of str
        Why the two are not paired, if not.
    notes : tuple of str
        What a reader must know.
    hops, only_a, only_b : tuple of str
        Hops that both have; hops of one side alone, which are not compared.
    hop_titles : tuple of str
        Of ``hops``.
    horizon : date
        Last date that both have.
    n : tuple of int
        Trajectories compared, of A and of B.
    metrics : tuple of MetricComparison
    verdicts : tuple of Verdict
        One for each of ``metrics``.
    event_times : tuple of EventTime
        By when parts of the trajectories first see each event that is compared; empty where the two
        sides do not begin and end together.
    """

    a: Side
    b: Side
    relation: Relation
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    hops: tuple[str, ...]
    hop_titles: tuple[str, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    horizon: date
    n: tuple[int, int]
    metrics: tuple[MetricComparison, ...]
    verdicts: tuple[Verdict, ...]
    event_times: tuple[EventTime, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "a": self.a.name,
            "b": self.b.name,
            "relation": self.relation,
            "paired": self.relation == "paired",
            "unpaired_because": list(self.reasons),
            "notes": list(self.notes),
            "hops": list(self.hops),
            "only_a": list(self.only_a),
            "only_b": list(self.only_b),
            "horizon": self.horizon.isoformat(),
            "n_trajectories": list(self.n),
            "metrics": [
                _metric_document(found, verdict)
                for found, verdict in zip(self.metrics, self.verdicts, strict=True)
            ],
            "event_times": [time_document(each, self.a.meta, self.b.meta) for each in self.event_times],
        }


@dataclass(frozen=True)
class Look:
    """One look of a comparison that goes on until it is settled.

    Attributes
    ----------
    n : int
        Trajectories by then.
    largest_error : float
        Largest standard error of a difference, as a multiple of its limit; NaN without a limit.
    unsettled : tuple of str
        Outcomes that are not settled.
    """

    n: int
    largest_error: float
    unsettled: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """Every side against the first.

    Attributes
    ----------
    sides : tuple of Side
    pairs : tuple of PairComparison
    rates : Rates
        How often intervals and verdicts are wrong.
    until : str
        What the number of trajectories was doubled for; empty if for nothing.
    is_settled : bool
        Whether that was reached.
    looks : tuple of Look
    warnings : tuple of str
    """

    sides: tuple[Side, ...]
    pairs: tuple[PairComparison, ...]
    rates: Rates
    until: str = ""
    is_settled: bool = True
    looks: tuple[Look, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether some trajectory broke an identity or held a non-finite value."""
        return any(side.failures for side in self.sides)

    def to_document(self) -> dict[str, Any]:
        """Return plain values: what `compare --json` prints."""
        return {
            "sides": [side.to_document() for side in self.sides],
            "rates": {
                "interval_alpha": self.rates.alpha,
                "n_compared": self.rates.n_compared,
                "n_look": self.rates.n_look,
            },
            "until": self.until or None,
            "is_settled": self.is_settled,
            "looks": [
                {"n": look.n, "largest_error": look.largest_error, "unsettled": list(look.unsettled)}
                for look in self.looks
            ],
            "pairs": [pair.to_document() for pair in self.pairs],
            "warnings": list(self.warnings),
            "failed": self.failed,
        }


def _metric_document(found: MetricComparison, verdict: Verdict) -> dict[str, Any]:
    metric, gap = found.metric, found.gap
    return {
        "name": metric.name,
        "label": metric.label,
        "unit": metric.unit,
        "kind": metric.kind,
        "variable": metric.variable,
        "hop": metric.hop or None,
        "date": metric.date.isoformat() if metric.date else None,
        "verdict": {
            "state": verdict.state,
            "sentence": verdict.sentence,
            "direction": verdict.direction,
            "statistic": verdict.statistic,
            "needed_trajectories": verdict.needed if isfinite(verdict.needed) else None,
        },
        "mean_a": measured_document(found.mean_a),
        "mean_b": measured_document(found.mean_b),
        "difference": measured_document(gap.mean, verdict.alpha),
        "probability_above": measured_document(gap.above),
        "probability_below": measured_document(gap.below),
        "quantiles_of_difference": _by_level(SPREAD_LEVELS, gap.spread),
        "n": gap.n,
        "n_changed": gap.n_changed if gap.n_changed >= 0 else None,
        "n_behind": gap.n_behind,
        "pairing_gain": gap.gain,
        "undefined": {"a": found.undefined.a, "b": found.undefined.b, "either": found.undefined.either},
        **({} if found.shape is None else _shape_document(found.shape)),
    }


def measured_document(measured: Measured, alpha: float | None = None) -> dict[str, Any]:
    """Return an estimate as plain values, with its interval where ``alpha`` is given."""
    document: dict[str, Any] = {"value": measured.value, "standard_error": measured.standard_error}
    if alpha is not None:
        document["interval"] = list(measured.interval(alpha))
        document["degrees_of_freedom"] = measured.degrees_of_freedom
    if measured.reason:
        document["reason"] = measured.reason
    return document


def _by_level(levels: tuple[float, ...], found: tuple[Measured, ...]) -> list[dict[str, Any]]:
    return [{"level": level, **measured_document(each)} for level, each in zip(levels, found, strict=False)]


def _shape_document(shape: Shape) -> dict[str, Any]:
    return {
        "median_a": shape.medians[0],
        "median_b": shape.medians[1],
        "median_difference": measured_document(shape.median),
        "quantile_shift": _by_level(SHIFT_LEVELS, shape.shift),
        "wasserstein": _distance_document(shape.wasserstein),
        "kolmogorov_smirnov": _distance_document(shape.kolmogorov_smirnov),
        "first_order_dominance": _order_document(shape.first_order),
        "second_order_dominance": _order_document(shape.second_order),
        "gap_by_part": {
            "lower_tail": measured_document(shape.parts.lower),
            "middle": measured_document(shape.parts.middle),
            "upper_tail": measured_document(shape.parts.upper),
        },
    }


def _distance_document(distance: Distance) -> dict[str, Any]:
    document = measured_document(distance.measured)
    return document | ({"at": distance.place} if isfinite(distance.place) else {})


def _order_document(order: Dominance) -> dict[str, Any]:
    return {
        "b_is": order.verdict,
        "from": order.low,
        "to": order.high,
        "n_threshold": order.n_threshold,
        "error_rate": order.alpha,
        **({"reason": order.reason} if order.reason else {}),
    }
