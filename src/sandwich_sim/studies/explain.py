"""Why do two scenarios differ? Their differences are swapped in along the same random numbers.

What changes when a group of keys goes over from the first scenario's values to the second's
depends on which groups went before it. The share of a group is what it changes on average over all
orders (Shapley 1953): shares of all groups add up to the gap, whatever the statistic, and a group
that changes nothing gets nothing. With up to eight groups all orders are looked at, which takes
every one of 2^k scenarios once; with more, a sample of orders, and its error is stated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sandwich_sim.analysis.attribution import Described, Explanation, attribute
from sandwich_sim.analysis.by_group import needed_metrics
from sandwich_sim.analysis.compare_verdict import shown_unit
from sandwich_sim.analysis.metrics import Metric, Statistic, parse_metric, parse_statistic
from sandwich_sim.analysis.shapley import (
    Permutation,
    all_coalitions,
    coalitions_along,
    draw_permutations,
    exact_parts,
    sampled_parts,
)
from sandwich_sim.engine import default_threads
from sandwich_sim.errors import UsageError
from sandwich_sim.prepare import prepare
from sandwich_sim.results.plan import RECORD_SECONDS
from sandwich_sim.scenario.outcome_names import CENTS, CUMULATIVE
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.simulation import Progress
from sandwich_sim.studies.changes import Between
from sandwich_sim.studies.explain_groups import By, Coalitions, group_changes
from sandwich_sim.studies.paired import merged_slots
from sandwich_sim.studies.paired_statistics import paired_statistics
from sandwich_sim.studies.shortened import shortened
from sandwich_sim.variables import VARIABLES

MOST_EXACT = 8
"""Groups up to which every order is looked at."""
_WANTED_SIMULATIONS = 256
_FEWEST_PAIRS = 8
_PREPARE_SECONDS = 0.04


@dataclass(frozen=True)
class ExplainPlan:
    """What an explanation will take, before anything is simulated.

    Attributes
    ----------
    first, second : ScenarioSpec
    statistics : tuple of Statistic
        As the first scenario reads them.
    coalitions : Coalitions
        The groups, and the scenarios between the two.
    orders : tuple of tuple of int
        The orders of the groups to look at; empty where all are.
    wanted : tuple of int
        The coalitions to simulate.
    trajectories, seed : int
    sampler : str
    shocks : bool
    threads : int
    seconds : float
        About, on a machine like the reference [s].
    remarks : tuple of str
    """

    first: ScenarioSpec
    second: ScenarioSpec
    statistics: tuple[Statistic, ...]
    coalitions: Coalitions
    orders: tuple[Permutation, ...]
    wanted: tuple[int, ...]
    trajectories: int
    seed: int
    sampler: str
    shocks: bool
    threads: int
    seconds: float
    remarks: tuple[str, ...]

    @property
    def n_simulation(self) -> int:
        """Scenarios to run."""
        return len(self.wanted)


def plan_explanation(
    first: ScenarioSpec,
    second: ScenarioSpec,
    statistics: Sequence[str],
    *,
    trajectories: int | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    shocks: bool = True,
    by: By = "table",
    groups: Iterable[str] = (),
    permutations: int | None = None,
    threads: int | None = None,
) -> ExplainPlan:
    """Find the groups in which two scenarios differ, and what explaining them will take.

    Parameters
    ----------
    first, second : ScenarioSpec
    statistics : sequence of str
        ``mean(margin.chips @ 2030)``, ``P(thesis_falsified)``; an outcome alone stands for its
        mean and its 5, 50 and 95% quantiles.
    trajectories, seed, sampler : optional
        The first scenario's if not given.
    shocks : bool
        False holds every shock at zero.
    by : {"table", "key"}
        Whether a group is what changes in one table, or one key.
    groups : iterable of str
        Groups of one's own: ``prices=token_price.*,compute_cost.*``.
    permutations : int, optional
        Orders to look at where there are more than eight groups; rounded up to an even number.

    Raises
    ------
    UsageError
        If the scenarios do not differ, or a text cannot be read.
    """
    options = prepare(first, trajectories=trajectories, seed=seed, sampler=sampler, threads=threads).meta
    parsed = read_statistics(statistics, first)
    read_statistics(statistics, second)  # names that only the first scenario has are told now
    metrics = needed_metrics(parsed)
    events = {metric.variable for metric in metrics if metric.kind in ("flag", "event_time")}
    between = Between(first, second, events)
    if not between.changes:
        raise UsageError(
            f"{first.name} and {second.name} do not differ in anything that changes these outcomes. "
            "Compare two others."
        )
    coalitions = Coalitions(between, group_changes(between.changes, by, groups))
    wanted, orders = _find_valid(coalitions, options.seed, permutations)
    threads = threads or default_threads()
    names = [metric.name for metric in metrics]
    longest = max(shortened(spec, names).n_record for spec in (first, second))
    steps = options.n_trajectories * longest
    seconds = 0.5 + len(wanted) * (steps * RECORD_SECONDS / threads + _PREPARE_SECONDS)
    return ExplainPlan(
        first, second, parsed, coalitions, orders, wanted,
        options.n_trajectories, options.seed, options.sampler, shocks, threads, seconds,
        tuple(coalitions.remarks),
    )  # fmt: skip


def explain(
    first: ScenarioSpec,
    second: ScenarioSpec,
    statistics: Sequence[str],
    *,
    trajectories: int | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    shocks: bool = True,
    by: By = "table",
    groups: Iterable[str] = (),
    permutations: int | None = None,
    threads: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Explanation:
    """Share out the gap between two scenarios among the keys in which they differ.

    Parameters as `plan_explanation`; ``progress`` is called about ten times a second.
    """
    plan = plan_explanation(
        first,
        second,
        statistics,
        trajectories=trajectories,
        seed=seed,
        sampler=sampler,
        shocks=shocks,
        by=by,
        groups=groups,
        permutations=permutations,
        threads=threads,
    )
    return run_explanation(plan, progress=progress)


def run_explanation(plan: ExplainPlan, *, progress: Callable[[Progress], None] | None = None) -> Explanation:
    """Simulate what a plan says and share out the gaps."""
    columns, failed = paired_statistics(
        map(plan.coalitions.scenario, plan.wanted),
        plan.n_simulation,
        plan.statistics,
        trajectories=plan.trajectories,
        seed=plan.seed,
        sampler=plan.sampler,
        slots=merged_slots((plan.first, plan.second)),
        shocks=plan.shocks,
        threads=plan.threads,
        progress=progress,
    )
    worth = dict(zip(plan.wanted, columns, strict=True))
    failures = [f"{failed} trajectories hold a non-finite value or break an identity"] if failed else []
    groups = plan.coalitions.groups
    parts = sampled_parts(plan.orders, worth) if plan.orders else exact_parts(len(groups), worth)
    described = [describe_statistic(statistic) for statistic in plan.statistics]
    changes = plan.coalitions.changes
    return Explanation(
        first=plan.first.name,
        second=plan.second.name,
        groups={group.name: tuple(str(changes[i]) for i in group.changes) for group in groups},
        attributions=attribute(described, [group.name for group in groups], worth, parts, plan.trajectories),
        trajectories=plan.trajectories,
        seed=plan.seed,
        sampler=plan.sampler,
        n_simulation=plan.n_simulation,
        n_permutation=len(plan.orders),
        remarks=(*plan.remarks, *failures),
    )


def read_statistics(texts: Sequence[str], spec: ScenarioSpec) -> tuple[Statistic, ...]:
    """Read statistics; an outcome alone stands for several of them."""
    found: dict[str, Statistic] = {}
    for text in texts:
        alone = [] if "(" in text else spelled_outcomes(text, spec)
        spelled = [usual for name in alone for usual in usual_statistics(parse_metric(name, spec))]
        for name in spelled or [text]:
            statistic = parse_statistic(name, spec)
            found[statistic.name] = statistic
    if not found:
        raise UsageError("no outcome to explain. Name one, such as margin.chips @ 2030.")
    return tuple(found.values())


def spelled_outcomes(text: str, spec: ScenarioSpec) -> list[str]:
    """Spell an outcome as comparing does: of every hop where none is named, at the horizon if undated."""
    name, at, when = (part.strip() for part in text.partition("@"))
    base = name.partition(".")[0]
    variable = VARIABLES.get(base)
    is_per_hop = base == CENTS or base in CUMULATIVE or (variable is not None and variable.per_hop)
    names = [f"{name}.{hop}" for hop in spec.hop_names] if is_per_hop and name == base else [name]
    if not at and (variable is not None or base == CENTS):
        when = "horizon"
    return [f"{each} @ {when}" if at or when else each for each in names]


def usual_statistics(metric: Metric) -> list[str]:
    """Return what is told of an outcome: mean and quantiles, or the probability of an event."""
    if metric.is_flag:
        return [f"P({metric.name})"]
    quantiles = [f"p{level}({metric.name})" for level in (5, 50, 95)]
    return quantiles if metric.kind == "event_time" else [f"mean({metric.name})", *quantiles]


def _find_valid(
    coalitions: Coalitions, seed: int, permutations: int | None
) -> tuple[tuple[int, ...], tuple[Permutation, ...]]:
    """Merge groups until all scenarios are valid; return the coalitions and the orders to look at."""

    def orders(n_group: int) -> list[Permutation]:
        if n_group <= MOST_EXACT:
            return []
        enough = max(_FEWEST_PAIRS, _WANTED_SIMULATIONS // (2 * (n_group - 1)))
        return draw_permutations(n_group, enough if permutations is None else -(-permutations // 2), seed)

    def wanted(n_group: int) -> tuple[int, ...]:
        return coalitions_along(found) if (found := orders(n_group)) else tuple(all_coalitions(n_group))

    coalitions.make_valid(wanted)
    n_group = len(coalitions.groups)
    return wanted(n_group), tuple(orders(n_group))


def describe_statistic(statistic: Statistic) -> Described:
    """Say what a statistic is, and how to show it."""
    metric = statistic.metric
    assert metric is not None  # `needed_metrics` has seen to it
    if statistic.kind == "probability":
        rest = f" {statistic.compare} {statistic.threshold:g}" if statistic.compare else ""
        return Described(statistic.name, f"Probability of: {metric.label}{rest}", "1", 100.0, "%")
    kind = "Mean" if statistic.kind == "mean" else f"{100 * statistic.level:g}% quantile"
    factor, unit = shown_unit(metric)
    label = f"{kind} of {metric.label[:1].lower()}{metric.label[1:]}"
    return Described(statistic.name, label, metric.unit, factor, "%" if unit == "points" else unit)
