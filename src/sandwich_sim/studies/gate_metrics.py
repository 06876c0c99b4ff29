"""What a gate judges of one scenario: the outcomes of `gate.toml` spelled out, and their error rates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sandwich_sim.analysis.gate_rule import Levels, levels_of, smallest_distance_margin
from sandwich_sim.analysis.gate_statistics import GRID, GateStatistic
from sandwich_sim.analysis.metrics import Metric, metric_of
from sandwich_sim.errors import Problem, ScenarioError
from sandwich_sim.scenario.findings import KeyPath
from sandwich_sim.scenario.outcome_names import Frame, StatementError, frame_of
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.scenario.statements import parse_outcome
from sandwich_sim.studies.gate_file import GateFile, OutcomeRule

_TABLES = {
    "mean": "mean",
    "quantile": "quantiles",
    "probability": "probability",
    "distribution": "distribution",
}


@dataclass(frozen=True)
class GateMetrics:
    """What a gate judges of one scenario.

    Attributes
    ----------
    metrics : tuple of Metric
        The outcomes, each once.
    statistics : tuple of GateStatistic
    places : dict of str to key path
        Where in the gate file the margin of a statistic stands.
    """

    metrics: tuple[Metric, ...]
    statistics: tuple[GateStatistic, ...]
    places: dict[str, KeyPath]


def gate_metrics(gate: GateFile, spec: ScenarioSpec) -> GateMetrics:
    """Spell out what the gate judges of a scenario.

    Raises
    ------
    ScenarioError
        With all outcomes that the scenario does not have.
    """
    frame = frame_of(spec)
    metrics: dict[str, Metric] = {}
    statistics: dict[str, GateStatistic] = {}
    places: dict[str, KeyPath] = {}
    problems: list[Problem] = []
    for rule in gate.outcomes:
        path: KeyPath = ("outcome", rule.position, "name")
        for name in _spelled_out(rule.names, frame):
            try:
                metric = metric_of(parse_outcome(name, frame), frame)
                problem = _wrong_kind(rule, metric)
            except StatementError as error:
                problem = f"in {spec.name}: {error}"
            if problem:
                problems.append(gate.problem(path, problem))
                break
            metrics[metric.name] = metric
            for statistic in _statistics(rule, metric):
                statistics[statistic.name] = statistic
                places[statistic.name] = ("outcome", rule.position, _TABLES[statistic.kind], "margin")
    if problems:
        raise ScenarioError(list(dict.fromkeys(problems)))
    return GateMetrics(tuple(metrics.values()), tuple(statistics.values()), places)


def _spelled_out(names: tuple[str, ...], frame: Frame) -> Iterator[str]:
    """Replace ``*`` by each hop, or each event."""
    for name in names:
        is_event = name.strip().startswith(("event.", "event_time."))
        every = (frame.events if is_event else frame.hops) if "*" in name else ("",)
        yield from (name.replace("*", each) for each in every)


def _wrong_kind(rule: OutcomeRule, metric: Metric) -> str:
    if metric.is_flag and (rule.mean_margin or rule.levels or rule.distribution_margin):
        return f"{metric.name} is an event. Use probability = {{ margin = 0.01 }}."
    if not metric.is_flag and rule.probability_margin:
        return f"{metric.name} is no event. Use mean or quantiles."
    return ""


def _statistics(rule: OutcomeRule, metric: Metric) -> Iterator[GateStatistic]:
    name = metric.name
    if rule.mean_margin:
        yield GateStatistic(
            f"mean({name})", name, "mean", rule.mean_margin, rule.low, rule.high, unit=metric.unit
        )
    for level in rule.levels:
        label = f"P({name} <= p{level * 100:.6g})"
        yield GateStatistic(label, name, "quantile", rule.quantile_margin, level=level)
    if rule.probability_margin:
        yield GateStatistic(f"P({name})", name, "probability", rule.probability_margin)
    if rule.distribution_margin:
        yield GateStatistic(f"distribution({name})", name, "distribution", rule.distribution_margin)


def gate_levels(gate: GateFile, n_statistics: int, n_scenarios: int) -> Levels:
    """Return the error rates of one statistic at one look; the whole run shares `alpha_fail`."""
    return levels_of(
        gate.alpha_fail,
        gate.beta_pass,
        n_statistics=max(n_statistics * n_scenarios, 1),
        n_looks=len(gate.looks),
    )


def check_distribution_margins(gate: GateFile, levels: Levels) -> None:
    """Refuse margins of whole distributions that not even the last look could show.

    Raises
    ------
    ScenarioError
    """
    least = smallest_distance_margin(gate.looks[-1], gate.looks[-1], levels, GRID)
    problems = [
        gate.problem(
            ("outcome", rule.position, "distribution", "margin"),
            f"is {rule.distribution_margin:g}, but {gate.looks[-1]} trajectories show equality to "
            f"{least:.2g} at best. Use more, or a longer last look.",
        )
        for rule in gate.outcomes
        if 0.0 < rule.distribution_margin < least
    ]
    if problems:
        raise ScenarioError(problems)
