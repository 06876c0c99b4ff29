"""Which trajectories of two runs belong together, and which outcomes of theirs can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sandwich_sim.analysis.dominance import Relation
from sandwich_sim.analysis.metrics import Metric, parse_metrics
from sandwich_sim.errors import UsageError
from sandwich_sim.results.coordinates import record_days
from sandwich_sim.results.meta import RunMeta
from sandwich_sim.scenario.outcome_names import CENTS, CUMULATIVE
from sandwich_sim.variables import VARIABLES

DEFAULT_VARIABLES = (CENTS, "profit_share", "margin")
"""Compared for each hop at the horizon where nothing is asked for."""


@dataclass(frozen=True)
class Pairing:
    """Whether trajectory i of two runs met the same draws and shocks.

    Attributes
    ----------
    relation : {"paired", "independent", "unknown"}
    reasons : tuple of str
        Why not, if not.
    """

    relation: Relation
    reasons: tuple[str, ...] = ()


def pairing_of(a: RunMeta, b: RunMeta) -> Pairing:
    """Say whether two runs pair, trajectory by trajectory.

    They do if seed, sampler, stream version, steps a year and start agree and, with sobol, if each
    input that both know has the same dimension. Of different numbers of trajectories the first
    ones pair, save with latin-hypercube, whose designs depend on the number.
    """
    checks = [
        ("seed", a.seed, b.seed),
        ("sampler", a.sampler, b.sampler),
        ("stream version", a.stream_version, b.stream_version),
        ("steps_per_year", a.steps_per_year, b.steps_per_year),
        ("start", a.start, b.start),
    ]
    if "latin-hypercube" in (a.sampler, b.sampler):
        checks.append(("number of trajectories (latin-hypercube)", a.n_trajectories, b.n_trajectories))
    reasons = [f"{name} differs: {one} and {two}" for name, one, two in checks if one != two]
    moved = moved_slots(a, b) if a.sampler == b.sampler == "sobol" else ()
    if moved:
        reasons.append(f"the Sobol dimension of {moved[0]} differs (of {len(moved)} inputs in all)")
    if not reasons:
        return Pairing("paired")
    # Another seed makes all draws independent; with one seed, runs may share some of them.
    return Pairing("independent" if a.seed != b.seed else "unknown", tuple(reasons))


def moved_slots(a: RunMeta, b: RunMeta) -> tuple[str, ...]:
    """Return the inputs that have a Sobol dimension in both runs, but not the same."""
    places = {name: place for place, name in enumerate(a.sobol_slots)}
    return tuple(name for place, name in enumerate(b.sobol_slots) if places.get(name, place) != place)


@dataclass(frozen=True)
class SharedMetrics:
    """Outcomes that can be compared between two runs.

    Attributes
    ----------
    a, b : tuple of Metric
        The same outcomes, as each side reads them.
    horizon : date
        Last date that both have a record of.
    notes : tuple of str
        What a reader must know about the choice.
    """

    a: tuple[Metric, ...]
    b: tuple[Metric, ...]
    horizon: date
    notes: tuple[str, ...] = ()


def shared_hops(a: RunMeta, b: RunMeta) -> tuple[str, ...]:
    """Return the hops that both runs have, in the order of the first."""
    return tuple(hop for hop in a.hops if hop in b.hops)


def share_metrics(texts: Sequence[str], a: RunMeta, b: RunMeta) -> SharedMetrics:
    """Find the outcomes to compare between two runs.

    Parameters
    ----------
    texts : sequence of str
        ``margin.chips @ 2030``; ``margin`` for every hop that both have; no date: the last
        shared one. Empty: cents kept, profit share and margin of each hop, all_in_margin and
        every event that both have.
    a, b : RunMeta

    Raises
    ------
    UsageError
        All that cannot be compared, and why.
    """
    days = [_days(meta) for meta in (a, b)]
    shared = sorted(set(days[0]) & set(days[1]))
    if not shared:
        raise UsageError(
            f"{a.name} and {b.name} have no date in common: {days[0][0]} to {days[0][-1]}, "
            f"{days[1][0]} to {days[1][-1]}. Give them one start."
        )
    same_span = days[0][0] == days[1][0] and days[0][-1] == days[1][-1]
    wanted = [
        _dated(name, when, a, shared[-1], same_span)
        for text in texts or default_texts(a, b)
        for name, when in _spelled(text, a, b)
    ]
    on_a = parse_metrics(wanted, a)
    missing = _missing(on_a, a, b)
    on_b = parse_metrics([metric.name for metric in on_a], b) if not missing else ()
    wrong = [*missing, *_apart(on_a, on_b, shared, same_span)]
    if wrong:
        raise UsageError("\n".join(wrong))
    return SharedMetrics(on_a, on_b, shared[-1], _span_note(a, b, days, shared))


def _days(meta: RunMeta) -> list[date]:
    days = record_days(meta.start, meta.years, meta.steps_per_year)
    return [meta.start + timedelta(days=float(day)) for day in days]


def default_texts(a: RunMeta, b: RunMeta) -> list[str]:
    """Return what is compared where nothing is asked for."""
    events = [f"event.{event}" for event in a.events if event in b.events]
    return [*DEFAULT_VARIABLES, "all_in_margin", *events]


def _spelled(text: str, a: RunMeta, b: RunMeta) -> list[tuple[str, str]]:
    """Split an outcome into name and date; a variable of every hop becomes one of each shared hop."""
    name, _, when = (part.strip() for part in text.partition("@"))
    variable = VARIABLES.get(name)
    is_per_hop = name == CENTS or name in CUMULATIVE or (variable is not None and variable.per_hop)
    names = [f"{name}.{hop}" for hop in shared_hops(a, b)] if is_per_hop else [name]
    return [(each, when) for each in names]


def _dated(name: str, when: str, a: RunMeta, last: date, same_span: bool) -> str:
    """Spell an outcome with its date: that of the last shared record where it is the horizon."""
    base = name.partition(".")[0]
    is_series = base in VARIABLES or base == CENTS
    is_event = base == "event" or name in a.events
    if when in ("", "horizon") and (is_series or is_event):
        when = ("horizon" if is_series else when) if same_span else last.isoformat()
    return f"{name} @ {when}" if when else name


def _missing(metrics: Iterable[Metric], a: RunMeta, b: RunMeta) -> list[str]:
    """Say which outcomes the second run cannot have."""
    wrong = []
    for metric in metrics:
        if metric.hop and metric.hop not in b.hops:
            wrong.append(
                f"{metric.name}: only {a.name} has the hop {metric.hop}. Compare hops that both have."
            )
        elif metric.kind in ("flag", "event_time") and metric.variable not in b.events:
            wrong.append(
                f"{metric.name}: only {a.name} has the event {metric.variable}. Declare it in {b.name} too."
            )
    return wrong


def _apart(
    on_a: Sequence[Metric], on_b: Sequence[Metric], shared: Sequence[date], same_span: bool
) -> list[str]:
    """Say which outcomes are not taken at one date, or over one span of time, on both sides."""
    wrong = []
    for one, two in zip(on_a, on_b, strict=False):
        if one.date is None and not same_span and one.kind in ("cumulative", "event_time"):
            wrong.append(
                f"{one.name}: runs over a whole run, and the two begin or end at different dates. "
                "Give them one start and one number of years."
            )
        elif one.date != two.date and one.date is not None:
            nearest = min(shared, key=lambda day: abs((day - one.date).days) if one.date else 0)
            wrong.append(
                f"{one.name}: means {one.date} in the first and {two.date} in the second. "
                f"The nearest date that both have is {nearest}: write @ {nearest}."
            )
    return wrong


def _span_note(
    a: RunMeta, b: RunMeta, days: Sequence[Sequence[date]], shared: Sequence[date]
) -> tuple[str, ...]:
    if days[0][0] == days[1][0] and days[0][-1] == days[1][-1]:
        return ()
    spans = f"{a.name} runs from {days[0][0]} to {days[0][-1]}, {b.name} from {days[1][0]} to {days[1][-1]}"
    return (f"{spans}: compared at dates that both have, the last of them {shared[-1]}.",)
