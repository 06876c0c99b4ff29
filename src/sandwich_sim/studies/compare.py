"""Compare scenarios or runs: every side against the first, trajectory by trajectory where they pair."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from math import lcm, nan

from sandwich_sim.analysis.compare import MetricComparison, compare_metric
from sandwich_sim.analysis.compare_event_times import EventTime, measure_event_times
from sandwich_sim.analysis.compare_pairing import (
    Pairing,
    SharedMetrics,
    default_texts,
    pairing_of,
    share_metrics,
    shared_hops,
)
from sandwich_sim.analysis.compare_result import Comparison, Look, PairComparison
from sandwich_sim.analysis.compare_until import Until, parse_until
from sandwich_sim.analysis.compare_verdict import Rates, judge
from sandwich_sim.analysis.metrics import Metric, parse_metrics
from sandwich_sim.engine import default_threads
from sandwich_sim.errors import UsageError
from sandwich_sim.results.meta import RunMeta
from sandwich_sim.sampling import good_sizes
from sandwich_sim.scenario.outcome_names import CENTS
from sandwich_sim.simulation import Progress
from sandwich_sim.studies.compare_sides import (
    Gatherer,
    Input,
    Options,
    Outcomes,
    Source,
    check_size,
    read_sources,
)
from sandwich_sim.variables import VARIABLES

FIRST_LOOK = 16_384
"""Trajectories of the first look of a comparison that doubles until it is settled."""
MOST_TRAJECTORIES = 4_194_304
"""Its last look, if nothing else is asked for."""
ALPHA = 0.05
_CHAIN = VARIABLES["all_in_margin"]


@dataclass(frozen=True)
class _Pair:
    """B against A, before anything is computed."""

    a: int
    b: int
    pairing: Pairing
    shared: SharedMetrics
    notes: tuple[str, ...]
    times: tuple[Metric, ...]


def compare(
    sources: Sequence[Source],
    *,
    metrics: Sequence[str] = (),
    trajectories: int | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    shocks: bool = True,
    until: str = "",
    most: int = MOST_TRAJECTORIES,
    threads: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Comparison:
    """Compare scenarios or runs with the first of them.

    Scenarios are simulated with one seed, one number of trajectories, one sampler and one merged
    map of Sobol dimensions, whatever their files say; run folders are read.

    Parameters
    ----------
    sources : sequence of str, Path or ScenarioSpec
        Two or more: names of shipped scenarios, scenario files, run folders.
    metrics : sequence of str
        What to compare (`analysis.compare_pairing.share_metrics`); a choice is made if empty.
    trajectories, seed, sampler : optional
        Those of the first run folder, otherwise of the first scenario, if not given.
    shocks : bool
        False holds every shock at zero.
    until : str
        ``se(diff) < 0.001`` or ``sign(diff)``: double the trajectories until it holds for every
        outcome compared.
    most : int
        Trajectories at which that ends unsettled.
    threads : int, optional
    progress : callable, optional
        Called about ten times a second while simulating.

    Returns
    -------
    Comparison

    Raises
    ------
    UsageError, ScenarioError, ResourceError, IntegrityError
        As `simulation.run`, and where sides cannot be compared.
    """
    wanted = parse_until(until) if until else None
    if wanted and trajectories is None:
        trajectories = FIRST_LOOK
    inputs, options = read_sources(
        sources, trajectories=trajectories, seed=seed, sampler=sampler, shocks=shocks
    )
    pairs = _pairs(inputs, metrics)
    sizes = _looks(inputs, options, wanted, most)
    check_size(inputs, options)
    n_compared = sum(len(pair.shared.a) for pair in pairs)
    rates = Rates(ALPHA, n_compared, len(sizes))
    gatherer = Gatherer(inputs, options, threads, progress)
    looks: list[Look] = []
    for size in sizes:
        outcomes = gatherer.gather(size)
        compared = _compare_pairs(pairs, outcomes, rates, threads)
        if wanted is None:
            break
        looks.append(_look(wanted, compared, size))
        if not looks[-1].unsettled:
            break
    return Comparison(
        sides=tuple(each.side for each in outcomes),
        pairs=tuple(compared),
        rates=rates,
        until=wanted.text if wanted else "",
        is_settled=not looks or not looks[-1].unsettled,
        looks=tuple(looks),
        warnings=_warnings(inputs, options),
    )


def _pairs(inputs: Sequence[Input], metrics: Sequence[str]) -> list[_Pair]:
    """Say of each pair how it hangs together and what is compared; all that is wrong at once."""
    pairs, wrong = [], []
    first = inputs[0]
    for place, other in enumerate(inputs[1:], start=1):
        is_simulated = first.folder is None and other.folder is None
        pairing = Pairing("paired") if is_simulated else pairing_of(first.meta, other.meta)
        try:
            texts = metrics or _kept_defaults(first, other)
            shared = share_metrics(texts, first.meta, other.meta)
        except UsageError as error:
            wrong.append(str(error))
            continue
        if not shared.a:
            wrong.append(f"{first.name} and {other.name} have nothing in common to compare.")
            continue
        times = _event_times(shared, first.meta, other.meta)
        for item, chosen in ((first, shared.a), (other, shared.b)):
            item.metrics.update({metric.name: metric for metric in (*chosen, *times)})
        notes = (*shared.notes, *_notes(first, other, pairing))
        pairs.append(_Pair(0, place, pairing, shared, notes, times))
    if wrong:
        raise UsageError("\n".join(dict.fromkeys(wrong)))
    return pairs


def _event_times(shared: SharedMetrics, a: RunMeta, b: RunMeta) -> tuple[Metric, ...]:
    """The times of all events that are compared; none where the sides do not begin and end together."""
    if (a.start, a.years) != (b.start, b.years):
        return ()
    events = [each.variable for each in shared.a if each.kind in ("flag", "event_time")]
    return parse_metrics([f"event_time.{event}" for event in dict.fromkeys(events)], a)


def _kept_defaults(a: Input, b: Input) -> list[str]:
    """Outcomes that are compared where nothing is asked for, less those that a run did not keep."""
    texts = default_texts(a.meta, b.meta)
    for item in (a, b):
        if item.folder is not None and item.meta.keep == "outcomes":
            texts = [text for text in texts if _is_kept(text, item.meta, shared_hops(a.meta, b.meta))]
    return texts


def _is_kept(text: str, meta: RunMeta, hops: Sequence[str]) -> bool:
    """Whether a run kept a default outcome for every hop that is compared."""
    name = "dollar_profit" if text == CENTS else text
    series = [f"{name}.{hop}" for hop in hops] if VARIABLES.get(name, _CHAIN).per_hop else [name]
    return text.startswith("event.") or set(series) <= set(meta.keep_series)


def _notes(a: Input, b: Input, pairing: Pairing) -> list[str]:
    notes = []
    if pairing.relation == "paired" and a.meta.steps_per_year != b.meta.steps_per_year:
        notes.append(
            f"{a.name} has {a.meta.steps_per_year} steps a year, {b.name} {b.meta.steps_per_year}: inputs "
            "are drawn alike, but shocks meet by number of the step and so differ in date and size."
        )
    elif pairing.relation == "paired" and a.meta.start != b.meta.start:
        notes.append("Shocks meet by number of the step, so that those of one date are not the same.")
    if pairing.relation == "paired" and a.meta.shocks != b.meta.shocks:
        notes.append("One side ran without shocks.")
    events = a.events(), b.events()
    notes.extend(
        f"The event {name} is declared differently in {a.name} and {b.name}."
        for name in events[0]
        if name in events[1] and events[0][name].clauses != events[1][name].clauses
    )
    return notes


def _looks(inputs: Sequence[Input], options: Options, until: Until | None, most: int) -> list[int]:
    """Numbers of trajectories at which the data is looked at."""
    if until is None:
        return [options.trajectories]
    if any(item.folder is not None for item in inputs):
        raise UsageError("--until simulates on, and a run folder is finished. Name scenarios instead.")
    if options.sampler == "latin-hypercube":
        raise UsageError(
            "--until doubles the trajectories, and a Latin hypercube cannot be extended. Use --sampler sobol."
        )
    if options.trajectories % 16 or options.trajectories > most:
        raise UsageError(
            f"--until starts at {options.trajectories} trajectories: use a multiple of 16, at most {most}."
        )
    sizes = [options.trajectories]
    while 2 * sizes[-1] <= most:
        sizes.append(2 * sizes[-1])
    return sizes


def _compare_pairs(
    pairs: Sequence[_Pair], outcomes: Sequence[Outcomes], rates: Rates, threads: int | None
) -> list[PairComparison]:
    with ThreadPoolExecutor(threads or default_threads(), thread_name_prefix="sandwich-sim") as pool:
        return [_compare_pair(pair, outcomes, rates, pool) for pair in pairs]


def _compare_pair(
    pair: _Pair, outcomes: Sequence[Outcomes], rates: Rates, pool: ThreadPoolExecutor
) -> PairComparison:
    a, b = outcomes[pair.a], outcomes[pair.b]
    is_paired = pair.pairing.relation == "paired"
    n = min(a.scramble.size, b.scramble.size) if is_paired else None

    def compare_one(both: tuple[Metric, Metric]) -> MetricComparison:
        return compare_metric(both[0], a.sample(both[0], n), b.sample(both[1], n), pair.pairing.relation)

    names = a.side.name, b.side.name
    meta_a, meta_b = a.side.meta, b.side.meta
    span = meta_a.years, lcm(meta_a.steps_per_year, meta_b.steps_per_year)

    def time_one(metric: Metric) -> tuple[EventTime, ...]:
        both = a.sample(metric, n), b.sample(metric, n)
        return measure_event_times(metric.variable, *both, pair.pairing.relation, span, rates.interval)

    found = tuple(pool.map(compare_one, zip(pair.shared.a, pair.shared.b, strict=True)))
    times = tuple(chain.from_iterable(pool.map(time_one, pair.times)))
    hops = shared_hops(meta_a, meta_b)
    titles = dict(zip(meta_a.hops, meta_a.hop_titles, strict=True))
    return PairComparison(
        a=a.side,
        b=b.side,
        relation=pair.pairing.relation,
        reasons=pair.pairing.reasons,
        notes=pair.notes,
        hops=hops,
        hop_titles=tuple(titles[hop] for hop in hops),
        only_a=_only(meta_a, meta_b),
        only_b=_only(meta_b, meta_a),
        horizon=pair.shared.horizon,
        n=(n or a.scramble.size, n or b.scramble.size),
        metrics=found,
        verdicts=tuple(judge(each, names, rates) for each in found),
        event_times=times,
    )


def _only(meta: RunMeta, other: RunMeta) -> tuple[str, ...]:
    """Name the hops and events that the other side lacks."""
    events = (f"event {name}" for name in meta.events if name not in other.events)
    return (*(hop for hop in meta.hops if hop not in other.hops), *events)


def _look(until: Until, pairs: Sequence[PairComparison], size: int) -> Look:
    unsettled, worst = [], nan
    for pair in pairs:
        for found, verdict in zip(pair.metrics, pair.verdicts, strict=True):
            part = until.progress(found, verdict)
            worst = part if not worst >= part else worst
            if not until.is_settled(found, verdict):
                unsettled.append(f"{pair.b.name}: {found.metric.name}")
    return Look(size, worst, tuple(unsettled))


def _warnings(inputs: Sequence[Input], options: Options) -> tuple[str, ...]:
    """Return what the scenarios say of themselves, and of a size that wastes Sobol points."""
    simulated = [item for item in inputs if item.folder is None]
    about = [f"{item.name}: {note}" for item in simulated if item.spec for note in item.spec.notes]
    good = good_sizes(options.trajectories)
    if simulated and options.sampler == "sobol" and options.trajectories not in good:
        sizes = " or ".join(str(size) for size in dict.fromkeys(good))
        about.append(f"sobol is best with 16 x 2^m trajectories: {sizes} rather than {options.trajectories}.")
    return tuple(about)
