"""What observations change: trajectories reweighted by how well they foretold them.

    sandwich-sim update base umbrella_holds evidence.toml

Weights say how likely the evidence is on each trajectory. Numbers under them are given only where
the weights are good enough to carry them (docs/evidence.md); otherwise it is said what would help.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.compare_pairing import pairing_of, share_metrics
from sandwich_sim.analysis.difference import Measured, unpaired_difference
from sandwich_sim.analysis.evidence import Reading, readings_of, share_below, widened
from sandwich_sim.analysis.evidence_factor import bayes_factor
from sandwich_sim.analysis.metrics import Metric, Statistic, parse_statistic
from sandwich_sim.analysis.statistic import flags_of, sample_of
from sandwich_sim.analysis.update_result import LEVELS, BayesFactor, Chance, Moved, Posterior, Seen, Update
from sandwich_sim.analysis.weighted import (
    Ordered,
    weighted_change,
    weighted_mean,
    weighted_probability,
    weighted_spread,
)
from sandwich_sim.analysis.weights import equal_weights
from sandwich_sim.errors import UsageError
from sandwich_sim.results.meta import RunMeta
from sandwich_sim.scenario.evidence import Evidence
from sandwich_sim.scenario.evidence_file import read_evidence
from sandwich_sim.scenario.outcome_names import frame_of
from sandwich_sim.scenario.parameters import parameter_of
from sandwich_sim.simulation import Progress
from sandwich_sim.studies.update_adapt import adapted
from sandwich_sim.studies.update_inputs import known_spread
from sandwich_sim.studies.update_offers import offers_for
from sandwich_sim.studies.update_sides import Side, Source, read_sides
from sandwich_sim.studies.update_weighed import Weighed, weigh

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def update(
    sources: Sequence[Source],
    evidence: Path | str | Evidence,
    *,
    metrics: Sequence[str] = (),
    trajectories: int | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    shocks: bool = True,
    widen: float = 1.0,
    most: int | None = None,
    adapt: int = 0,
    threads: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Update:
    """Weigh the trajectories of scenarios or runs by observations.

    Parameters
    ----------
    sources : sequence of str, Path or ScenarioSpec
        Names of shipped scenarios, scenario files, run folders; nothing is written to a run.
    evidence : path or Evidence
        An evidence file (docs/evidence.md).
    metrics : sequence of str
        Outcomes and statistics to show; a choice is made if empty.
    trajectories, seed, sampler : optional
        Of scenarios; of a run, its first trajectories.
    shocks : bool
        False holds every shock of a scenario at zero.
    widen : float
        Factor on every error of observation.
    most : int, optional
        Double the trajectories of scenarios until weights are good, up to that many.
    adapt : int
        Rounds in which the inputs of scenarios are drawn closer to the evidence.
    threads : int, optional
    progress : callable, optional

    Returns
    -------
    Update
        Where weights are not good enough a posterior holds no numbers, but what would help.

    Raises
    ------
    UsageError, ScenarioError, ResourceError, IntegrityError
    """
    if not widen > 0.0 or not np.isfinite(widen):
        raise UsageError(f"errors cannot be widened by {widen:g}. Use a factor above 0, such as 2.")
    sides = read_sides(
        sources,
        trajectories=trajectories,
        seed=seed,
        sampler=sampler,
        shocks=shocks,
        threads=threads,
        progress=progress,
    )
    frames = [frame_of(side.spec) for side in sides]
    read = evidence if isinstance(evidence, Evidence) else read_evidence(Path(evidence), frames)
    used = widened(read, widen)
    wanted = [_wanted(metrics, side.meta) for side in sides]  # a typo is told before the work
    weighed = [
        _weigh(side, readings_of(used, frame), most) for side, frame in zip(sides, frames, strict=True)
    ]
    posteriors = []
    for each, (chosen, asked) in zip(weighed, wanted, strict=True):
        if adapt and not each.side.is_run:
            last, rounds = adapted(each, rounds=adapt)
            posteriors.append(posterior_of(last, chosen, asked, before=each, rounds=rounds))
        else:
            posteriors.append(posterior_of(each, chosen, asked))
    return Update(used, widen, tuple(posteriors), _factors(posteriors), _warnings(used, sides, adapt, most))


def _weigh(side: Side, readings: tuple[Reading, ...], most: int | None) -> Weighed:
    """Weigh a side; where it may grow, with more and more trajectories until the weights are good."""
    found = weigh(side, readings)
    while not found.weights.diagnosis.is_reliable and most is not None and not side.is_run and side.n < most:
        side.grow(min(2 * side.n, most))
        found = weigh(side, readings)
    return found


def _wanted(texts: Sequence[str], meta: RunMeta) -> tuple[tuple[Metric, ...], tuple[Statistic, ...]]:
    """Read what is asked for: outcomes, and probabilities of outcomes."""
    statistics = [parse_statistic(text, meta) for text in texts if "(" in text]
    for statistic in statistics:
        if statistic.kind == "error":
            raise UsageError(f"{statistic.name}: every number has its error. Write what is inside.")
    plain = [text for text in texts if "(" not in text]
    found = share_metrics(plain, meta, meta).a if plain or not statistics else ()
    inner = [each.metric for each in statistics if each.kind != "probability" and each.metric]
    metrics = tuple({metric.name: metric for metric in (*found, *inner)}.values())
    return metrics, tuple(each for each in statistics if each.kind == "probability")


def posterior_of(
    each: Weighed,
    metrics: Sequence[Metric],
    statistics: Sequence[Statistic],
    *,
    before: Weighed | None = None,
    rounds: int = 0,
) -> Posterior:
    """Compute what evidence changes, if the weights can carry it.

    Parameters
    ----------
    before : Weighed, optional
        Trajectories drawn as the scenario says, where those of ``each`` are not.
    rounds : int
        Rounds of adapted proposals behind ``each``.
    """
    side, weights = each.side, each.weights
    before = each if before is None else before
    is_known = weights.diagnosis.is_reliable
    found = Posterior(
        side.name, side.source, side.is_run, before.side.meta, weights, _seen(before, each), rounds=rounds,
    )  # fmt: skip
    if not is_known:
        return replace(found, offers=offers_for(each, rounds=rounds), failures=side.failures)
    every = list({m.name: m for m in (*metrics, *(s.metric for s in statistics if s.metric))}.values())
    pair = _Pair(before, each, every)
    with ThreadPoolExecutor(side.threads, thread_name_prefix="sandwich-sim") as pool:
        chances = list(pool.map(pair.chance, [metric for metric in metrics if metric.is_flag]))
        chances += pool.map(pair.chance_of, statistics)
        outcomes = tuple(pool.map(pair.outcome, [metric for metric in metrics if not metric.is_flag]))
    return replace(
        found,
        inputs=pair.inputs(),
        outcomes=outcomes,
        chances=tuple(chances),
        failures=side.failures | before.side.failures,
    )


class _Pair:
    """Numbers of trajectories before the evidence and after it; often the same trajectories."""

    def __init__(self, before: Weighed, after: Weighed, metrics: Sequence[Metric]) -> None:
        self.before, self.after = before, after
        scramble, is_replicated = before.weights.scramble, before.weights.is_replicated
        self.prior, self.weights = equal_weights(scramble, is_replicated=is_replicated), after.weights
        self.is_same = before is after
        names = [metric.name for metric in metrics]
        self.old = dict(zip(names, before.side.outcomes(metrics), strict=True))
        self.new = self.old if self.is_same else dict(zip(names, after.side.outcomes(metrics), strict=True))

    def chance(self, metric: Metric) -> Chance:
        """Compare the probability of an event."""
        old, new = (rows[metric.name] > 0.5 for rows in (self.old, self.new))
        return self._chance(metric.name, metric.label, old, new)

    def chance_of(self, statistic: Statistic) -> Chance:
        """Compare a probability of an outcome."""
        name = statistic.metric.name if statistic.metric else ""
        old, new = (flags_of(statistic, rows[name]) for rows in (self.old, self.new))
        return self._chance(statistic.name, statistic.name, old, new)

    def _chance(self, name: str, label: str, old: Flags, new: Flags) -> Chance:
        before, after = weighted_probability(old, self.prior), weighted_probability(new, self.weights)
        return Chance(
            name, label, before, after, self._change(old.astype(np.float64), new.astype(np.float64))
        )

    def outcome(self, metric: Metric) -> Moved:
        """Compare an outcome."""
        shape = Statistic(metric.name, "quantile", metric)
        old, new = (sample_of(shape, rows[metric.name]) for rows in (self.old, self.new))
        return self._moved(metric.name, metric.label, metric.unit, metric.hop, old, new)

    def inputs(self) -> tuple[Moved, ...]:
        """Compare every drawn input; what it was before is known without drawing."""
        found: dict[str, Moved] = {}
        spec = self.before.side.spec

        def take(name: str, row: Floats) -> None:
            parameter = parameter_of(name)
            before = known_spread(spec.parameters[name])
            after = weighted_spread(row, self.weights, LEVELS)
            mean = after.mean
            change = Measured(
                mean.value - before.mean.value, mean.standard_error, mean.degrees_of_freedom, mean.n
            )
            found[name] = Moved(name, parameter.long_name, parameter.unit, "", before, after, change)

        self.after.side.inputs(take)
        return tuple(found[name] for name in spec.drawn)

    def _moved(self, name: str, label: str, unit: str, hop: str, old: Floats, new: Floats) -> Moved:
        first = Ordered(old)
        second = first if self.is_same else Ordered(new)
        before, after = (
            weighted_spread(first, self.prior, LEVELS),
            weighted_spread(second, self.weights, LEVELS),
        )
        return Moved(name, label, unit, hop, before, after, self._change(old, new))

    def _change(self, old: Floats, new: Floats) -> Measured:
        if self.is_same:
            return weighted_change(old, self.prior, self.weights)
        return unpaired_difference(weighted_mean(old, self.prior), weighted_mean(new, self.weights))


def _seen(before: Weighed, after: Weighed) -> tuple[Seen, ...]:
    """Hold what was observed against what had been expected."""
    scramble, is_replicated = before.weights.scramble, before.weights.is_replicated
    prior = equal_weights(scramble, is_replicated=is_replicated)
    is_known = after.weights.diagnosis.is_reliable

    def seen(place: int) -> Seen:
        reading = before.readings[place]
        old, new = Ordered(before.fit.predicted[place]), Ordered(after.fit.predicted[place])
        return Seen(
            reading.observation,
            weighted_spread(old, prior, LEVELS),
            weighted_spread(old if before is after else new, after.weights, LEVELS) if is_known else None,
            weighted_mean(share_below(reading.observation, old.values), prior),
        )

    with ThreadPoolExecutor(after.side.threads, thread_name_prefix="sandwich-sim") as pool:
        return tuple(pool.map(seen, range(len(before.readings))))


def _factors(posteriors: Sequence[Posterior]) -> tuple[BayesFactor, ...]:
    first = posteriors[0]
    found = []
    for other in posteriors[1:]:
        pairing = pairing_of(first.meta, other.meta)
        is_adapted = bool(first.rounds or other.rounds)
        # Adapted rounds have seeds of their own, the same for both.
        relation = "unknown" if is_adapted else pairing.relation
        found.append(bayes_factor((first.name, other.name), first.weights, other.weights, relation=relation))
    return tuple(found)


def _warnings(evidence: Evidence, sides: Sequence[Side], adapt: int, most: int | None) -> tuple[str, ...]:
    found = [f"{name} is given more than once and counts each time" for name in evidence.repeated]
    if not evidence.observations:
        found.append("the file holds no observations, so nothing changes")
    if (adapt or most is not None) and any(side.is_run for side in sides):
        found.append("a run has the trajectories that it has: --adapt and --most concern scenarios alone")
    return tuple(found)
