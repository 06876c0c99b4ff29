"""What evidence changes: inputs, outcomes and events before and after it, and what was refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite, log, nan
from typing import Any

from sandwich_sim.analysis.difference import Measured
from sandwich_sim.analysis.weighted import Spread
from sandwich_sim.analysis.weights import Diagnosis, Weights
from sandwich_sim.results.meta import RunMeta
from sandwich_sim.scenario.evidence import Evidence, Observation

LEVELS = (0.05, 0.50, 0.95)
SURPRISE = 0.001
"""A reading this far out, its error included, was hardly foreseen by any trajectory."""
_BEYOND = 4.0
"""Standard errors that luck alone hardly ever moves one of a hundred inputs by (15 degrees of freedom)."""
_NARROWER = 0.05
"""A standard deviation that changes by more of itself has moved."""


@dataclass(frozen=True)
class Moved:
    """One number of each trajectory, before the evidence and after it.

    Attributes
    ----------
    name, label, unit : str
    hop : str
        "" where there is none.
    before, after : Spread
    change : Measured
        Of the mean.
    """

    name: str
    label: str
    unit: str
    hop: str
    before: Spread
    after: Spread
    change: Measured

    @property
    def information(self) -> float:
        """How far the distribution moved: the divergence of two normals of these moments [nat]."""
        old, new = self.before.deviation, self.after.deviation
        if not (old > 0.0 and new > 0.0 and isfinite(self.change.value)):
            return 0.0
        return log(old / new) + (new * new + self.change.value**2) / (2.0 * old * old) - 0.5

    @property
    def is_beyond_noise(self) -> bool:
        """Whether the mean or the spread moved by more than luck alone would."""
        is_moved = abs(self.change.value) > _BEYOND * self.change.standard_error
        return is_moved or abs(self.narrowing - 1.0) > _NARROWER

    @property
    def shift(self) -> float:
        """Change of the mean in standard deviations before the evidence."""
        return self.change.value / self.before.deviation if self.before.deviation > 0.0 else nan

    @property
    def narrowing(self) -> float:
        """Standard deviation after the evidence over that before it."""
        return self.after.deviation / self.before.deviation if self.before.deviation > 0.0 else nan


@dataclass(frozen=True)
class Chance:
    """The probability of an event, before the evidence and after it."""

    name: str
    label: str
    before: Measured
    after: Measured
    change: Measured


@dataclass(frozen=True)
class Seen:
    """An observation against what a scenario expected.

    Attributes
    ----------
    observation : Observation
    before : Spread
        What trajectories say that should have been seen, without errors of observation.
    after : Spread, optional
        The same given all of the evidence.
    below : Measured
        Probability, before the evidence and errors of observation included, of a reading at or
        below the one that was made.
    """

    observation: Observation
    before: Spread
    after: Spread | None
    below: Measured

    @property
    def is_surprise(self) -> bool:
        """Whether the scenario hardly thought such a reading possible."""
        return not SURPRISE <= self.below.value <= 1.0 - SURPRISE


@dataclass(frozen=True)
class Offer:
    """Something that helps where numbers are refused.

    Attributes
    ----------
    what : str
    how : str
        Options of the command; "" where it is no option.
    takes : str
        What it takes, in words.
    """

    what: str
    how: str
    takes: str


@dataclass(frozen=True)
class Posterior:
    """A scenario given evidence.

    Attributes
    ----------
    name, source : str
    is_run : bool
    meta : RunMeta
        Of the trajectories before the evidence.
    weights : Weights
    seen : tuple of Seen
    inputs, outcomes : tuple of Moved
        Empty where numbers are refused.
    chances : tuple of Chance
        Empty where numbers are refused.
    offers : tuple of Offer
        Where numbers are refused: what helps.
    rounds : int
        Rounds of adapted proposals behind the trajectories; 0 if none.
    failures : dict of str to int
        Trajectories with a non-finite value or a broken identity.
    """

    name: str
    source: str
    is_run: bool
    meta: RunMeta
    weights: Weights = field(repr=False)
    seen: tuple[Seen, ...] = ()
    inputs: tuple[Moved, ...] = ()
    outcomes: tuple[Moved, ...] = ()
    chances: tuple[Chance, ...] = ()
    offers: tuple[Offer, ...] = ()
    rounds: int = 0
    failures: dict[str, int] = field(default_factory=dict)

    @property
    def diagnosis(self) -> Diagnosis:
        """How well the weighted trajectories stand for the posterior."""
        return self.weights.diagnosis

    @property
    def is_reliable(self) -> bool:
        """Whether numbers were given."""
        return self.diagnosis.is_reliable

    def ranked_inputs(self) -> tuple[Moved, ...]:
        """Return the inputs, those that moved most first."""
        return tuple(sorted(self.inputs, key=lambda item: -item.information))

    def to_document(self) -> dict[str, Any]:
        """Return plain values; without numbers under the weights where they are not reliable."""
        known = self.is_reliable
        return {
            "name": self.name,
            "source": self.source,
            "is_run": self.is_run,
            "trajectories": self.weights.n,
            "seed": self.meta.seed,
            "sampler": self.meta.sampler,
            "adapted_rounds": self.rounds,
            "conditioning": self.diagnosis.to_document(),
            "log_evidence": _measured(self.weights.log_evidence) if known else None,
            "observations": [_seen(item) for item in self.seen],
            "events": [{"name": item.name, "label": item.label, **_both(item)} for item in self.chances],
            "inputs": [_moved(item) for item in self.ranked_inputs()],
            "outcomes": [_moved(item) for item in self.outcomes],
            "offers": [{"what": item.what, "how": item.how, "takes": item.takes} for item in self.offers],
            "failures": self.failures,
        }


@dataclass(frozen=True)
class BayesFactor:
    """How much better one scenario foretold the evidence than another.

    Attributes
    ----------
    a, b : str
    log10 : Measured
        Base-ten logarithm of the evidence of b over that of a; unknown where one is refused.
    verdict : str
        In words.
    """

    a: str
    b: str
    log10: Measured
    verdict: str


@dataclass(frozen=True)
class Update:
    """What evidence says of one or more scenarios.

    Attributes
    ----------
    evidence : Evidence
        With its errors as they were used.
    widen : float
        Factor by which they were made larger.
    posteriors : tuple of Posterior
    factors : tuple of BayesFactor
        Of each further scenario against the first.
    warnings : tuple of str
    """

    evidence: Evidence
    widen: float
    posteriors: tuple[Posterior, ...]
    factors: tuple[BayesFactor, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def is_reliable(self) -> bool:
        """Whether no number was refused."""
        return all(item.is_reliable for item in self.posteriors)

    def to_document(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "evidence": {
                "file": self.evidence.label,
                "title": self.evidence.title,
                "widened_by": self.widen,
                "observations": [item.to_document() for item in self.evidence.observations],
            },
            "scenarios": [item.to_document() for item in self.posteriors],
            "bayes_factors": [
                {"a": item.a, "b": item.b, "log10": _measured(item.log10), "verdict": item.verdict}
                for item in self.factors
            ],
            "warnings": list(self.warnings),
        }


def _measured(found: Measured) -> dict[str, Any]:
    low, high = found.interval() if found.is_known else (nan, nan)
    return {
        "value": found.value,
        "standard_error": found.standard_error,
        "interval": [low, high],
        "reason": found.reason,
    }


def _spread(found: Spread) -> dict[str, Any]:
    return {
        "mean": _measured(found.mean),
        "standard_deviation": found.deviation,
        "quantiles": {f"{level:g}": _measured(each) for level, each in found.quantiles.items()},
        "undefined": found.undefined,
    }


def _both(item: Chance) -> dict[str, Any]:
    return {name: _measured(getattr(item, name)) for name in ("before", "after", "change")}


def _moved(item: Moved) -> dict[str, Any]:
    return {
        "name": item.name,
        "label": item.label,
        "unit": item.unit,
        "before": _spread(item.before),
        "after": _spread(item.after),
        "change_of_mean": _measured(item.change),
        "shift": item.shift,
        "narrowing": item.narrowing,
        "information": item.information,
    }


def _seen(item: Seen) -> dict[str, Any]:
    return {
        "name": item.observation.name,
        "value": item.observation.value,
        "before": _spread(item.before),
        "after": _spread(item.after) if item.after else None,
        "probability_below": _measured(item.below),
    }
