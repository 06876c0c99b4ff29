"""What `watch` prints: what was seen, what the next quarter would settle, and how likely it is."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import TYPE_CHECKING

import click

from sandwich_sim.analysis.compare_verdict import format_number
from sandwich_sim.cli.output import clean_line, screen_width, wrap
from sandwich_sim.cli.update_table import MISSING, measured, percent, table

if TYPE_CHECKING:
    from sandwich_sim.analysis.watch_result import Watch, Watched
    from sandwich_sim.analysis.watch_windows import Stretch

_YEARS_SHOWN = 6


def print_watch(result: Watch, *, quiet: bool = False) -> None:
    """Print what `watch` found; one line an event where quiet is asked for."""
    for line in _quiet_lines(result) if quiet else format_watch(result, screen_width()):
        click.echo(line)


def _quiet_lines(result: Watch) -> Iterator[str]:
    for event in result.events:
        state = f"met in {event.met[0]}" if event.met else f"at the earliest {event.earliest or 'never'}"
        chance = percent(event.after) if event.after else MISSING
        yield clean_line(f"{event.name}: {state}, P {chance}")


def format_watch(result: Watch, width: int) -> Iterator[str]:
    """Yield the lines, styled, each at most `width` columns (80 or more)."""
    title = f"{result.label}: {len(result.seen)} quarters seen in {result.name}, next is {result.following}"
    yield from (click.style(line, bold=True) for line in wrap(clean_line(title), width))
    yield from wrap(clean_line(_weights_sentence(result)), width)
    if result.years:
        rows = [
            [f"four quarters to {year.quarter}", fraction(year.mean), fraction(year.change, sign=True)]
            for year in result.years[-_YEARS_SHOWN:]
        ]
        yield from table("Years so far", ["mean", "a year before"], rows, width)
    expected = result.expected()
    if expected is not None:
        found = [measured(each) for each in expected.quantiles.values()]
        yield ""
        text = f"{result.following} is expected at {found[1]} (5%: {found[0]}, 95%: {found[2]})."
        yield from wrap(text, width)
    for event in result.events:
        yield ""
        yield from _event(event, result, width)
    if not result.is_reliable:
        yield ""
        text = f"No probabilities are given: {'; '.join(result.diagnosis.problems)}. What helps:"
        yield from (click.style(line, fg="red") for line in wrap(clean_line(text), width))
        for offer in result.offers:
            how = f" [{offer.how}]" if offer.how and not offer.how.startswith(("--widen", "--adapt")) else ""
            lines = wrap(clean_line(f"{offer.what}{how}: {offer.takes}."), width - 2)
            yield from (f"{'  ' if place else '- '}{line}" for place, line in enumerate(lines))
        yield "- a larger --error, where margins are that unsure or the model that rough"
    yield ""
    text = (
        "What cannot happen is decided by the quarters seen as they stand, all else being free; "
        "probabilities weigh trajectories by what was seen with its errors, ± standard error."
    )
    yield from (click.style(line, dim=True) for line in wrap(text, width))


def _weights_sentence(result: Watch) -> str:
    found = result.diagnosis
    if not result.seen and found.effective == found.n:
        return f"{found.n:,} trajectories ({result.meta.sampler}, seed {result.meta.seed})."
    k_hat = format_number(found.k_hat, 2) if isfinite(found.k_hat) else "none"
    return (
        f"{found.n:,} trajectories ({result.meta.sampler}, seed {result.meta.seed}), effective sample size "
        f"{found.effective:,.0f}, largest weight {found.largest:.2%}, Pareto k-hat {k_hat} "
        f"(must be below {found.k_limit:.2f})."
    )


def _event(event: Watched, result: Watch, width: int) -> Iterator[str]:
    yield from (
        click.style(line, bold=True) for line in wrap(clean_line(f"{event.name}: {event.rule}"), width)
    )
    lines = [*_state(event), *_distance(event, result)]
    lines += [
        f"If {result.following} is {_range(each)}: {_consequence(each, result)}." for each in event.stretches
    ]
    if event.unseen:
        lines.append(f"Of {', '.join(event.unseen)}, quarters that were not seen are taken as willing.")
    for line in lines:
        parts = wrap(clean_line(line), width - 2)
        yield from (f"{'  ' if place else '- '}{part}" for place, part in enumerate(parts))
    if event.after is None:
        return
    text = f"P over the run: {percent(event.before)} before, {percent(event.after)} given what was seen"
    years = [f"{year}: {percent(found)}" for year, found in event.by_year if found.value > 0.0]
    by_year = f"; by {result.meta.start:%B} of {', '.join(years)}" if years else ""
    yield from wrap(f"{text}{by_year}.", width)
    rows = [
        [f"{result.following} {_bounds(part.low, part.high)}", percent(part.probability)]
        for part in event.parts
    ]
    if rows:
        yield from table("P by fifths of what the next quarter may be", ["P"], rows, width)


def _state(event: Watched) -> Iterator[str]:
    if event.met:
        yield f"Met: by what was seen it happened in {event.met[0]}."
    elif event.earliest:
        yield f"Not met so far; at the earliest in {event.earliest}, given what was seen."
    else:
        yield "Not met, and cannot be met any more within the run."


def _distance(event: Watched, result: Watch) -> Iterator[str]:
    """Say what is missing, and whether the next quarter can settle it."""
    found = event.distance
    if found.years and event.earliest:
        yield (
            f"Complete: {found.years_done} of {found.years} yearly {'rises' if found.is_rise else 'falls'} "
            f"in a row, as of the last quarter seen; {found.records_left} more "
            f"quarter{'s' if found.records_left > 1 else ''} must be seen before it can be met."
        )
    if isfinite(found.pace):
        last = result.quarters[result.quarters.index(result.following) - 1]
        yield (
            f"The slowest steady path to it: {_pace(found.pace)} from {last} on, to "
            f"{fraction(found.ends_at)} in {event.earliest}."
        )
    if isfinite(found.hurdle) and found.hurdle <= 1.0:
        yield (
            f"For the year to {result.following} to count, {result.following} must be "
            f"{'at least' if found.is_rise else 'at most'} {fraction(found.hurdle)} "
            f"(a year before: {fraction(found.a_year_before)})."
        )
    if not found.settles and event.earliest:
        none = (
            "meets it or rules it out"
            if found.moves_earliest
            else "meets it, rules it out or moves that date"
        )
        yield (
            f"No single value of {result.following} settles it: none {none}. The first quarter that can is "
            f"{event.earliest}."
        )


def _pace(change: float) -> str:
    """Write a steady change a quarter."""
    if abs(change) < 5e-5:
        return "no change"
    return f"{'+' if change > 0.0 else ''}{format_number(change, 4)} a quarter"


def _consequence(each: Stretch, result: Watch) -> str:
    if each.earliest < 0:
        return "it cannot be met any more within the run"
    if each.meets:
        return "it is met"
    when = result.quarters[each.earliest]
    if when == result.following:
        return f"the margin does its part in {when}; what was not seen decides"
    return f"it can be met in {when} at the earliest"


def _range(each: Stretch) -> str:
    if not isfinite(each.low) and each.high >= 1.0:
        return "anything"
    return _bounds(each.low, each.high)


def _bounds(low: float, high: float) -> str:
    if not isfinite(low):
        return f"below {fraction(high)}"
    if not isfinite(high) or high >= 1.0:
        return f"above {fraction(low)}"
    return f"{fraction(low)} to {fraction(high)}"


def fraction(value: float, *, sign: bool = False) -> str:
    """Write a margin as a fraction with three decimals."""
    if not isfinite(value):
        return MISSING
    return f"{'+' if sign and value > 0.0 else ''}{format_number(value, 3)}"
