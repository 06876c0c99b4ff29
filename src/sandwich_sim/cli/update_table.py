"""The tables of `update`: how good the weights are, what was seen, and what that changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, floor, isfinite, log10
from typing import TYPE_CHECKING

import click

from sandwich_sim.analysis.compare_verdict import digits_for, format_number
from sandwich_sim.analysis.update_result import SURPRISE
from sandwich_sim.cli.output import clean_line, count, screen_width, wrap

if TYPE_CHECKING:
    from sandwich_sim.analysis.difference import Measured
    from sandwich_sim.analysis.update_result import Moved, Posterior, Seen, Update
    from sandwich_sim.analysis.weighted import Spread

MISSING = "–"
MOST_INPUTS = 10
_LABEL = 30
_MOST_DIGITS = 6


def print_update(result: Update, *, quiet: bool = False) -> None:
    """Print what evidence changes; one line an event where quiet is asked for."""
    for line in _quiet_lines(result) if quiet else format_update(result, screen_width()):
        click.echo(line)


def _quiet_lines(result: Update) -> Iterator[str]:
    for posterior in result.posteriors:
        for item in posterior.chances:
            ends = f"{percent(item.before)} -> {percent(item.after)}"
            yield clean_line(f"{posterior.name}: P({item.name}) {ends}")
    yield from (f"log10 BF {clean_line(line)}" for line in _factor_lines(result))


def format_update(result: Update, width: int) -> Iterator[str]:
    """Yield the lines of the tables, styled, each at most `width` columns (80 or more)."""
    n = len(result.evidence.observations)
    title = f"{result.evidence.title}: {count(n, 'observation')}"
    title += f", errors {result.widen:g} times as wide" if result.widen != 1.0 else ""
    yield from (click.style(line, bold=True) for line in wrap(clean_line(title), width))
    for posterior in result.posteriors:
        yield ""
        yield from _heading(posterior, width)
        yield from _seen_block(posterior, width)
        if not posterior.is_reliable:
            yield from _refusal(posterior, width)
            continue
        yield from _surprises(posterior, width)
        yield from _event_block(posterior, width)
        moved = [item for item in posterior.ranked_inputs() if item.is_beyond_noise]
        named = f"Inputs that moved most, {min(MOST_INPUTS, len(moved))} of {len(posterior.inputs)}"
        yield from _moved_block(named,
                                [(item.name, item, 1.0) for item in moved[:MOST_INPUTS]], width)  # fmt: skip
        for heading, rows in outcome_blocks(posterior.outcomes):
            yield from _moved_block(heading, rows, width)
    yield from _closing(result, width)


def _heading(posterior: Posterior, width: int) -> Iterator[str]:
    meta, found = posterior.meta, posterior.diagnosis
    name = f"{posterior.name}: {meta.title}" if meta.title else posterior.name
    yield from (click.style(line, bold=True) for line in wrap(clean_line(name), width))
    k_hat = f"{found.k_hat:.2f}".replace("-", "\N{MINUS SIGN}") if isfinite(found.k_hat) else "none"
    drawn = f", inputs adapted in {posterior.rounds} rounds" if posterior.rounds else ""
    text = (
        f"{posterior.weights.n:,} trajectories ({meta.sampler}, seed {meta.seed}{drawn}), "
        f"{found.survivors:,} near all that was seen; effective sample size {found.effective:,.0f}, largest "
        f"weight {found.largest:.2%}, Pareto k-hat {k_hat} (must be below {found.k_limit:.2f})"
    )
    if found.undefined:
        text += f"; {found.undefined:,} have no value for something that was seen, and weigh nothing"
    yield from wrap(f"{text}.", width)


def _seen_block(posterior: Posterior, width: int) -> Iterator[str]:
    heads = ["seen", "5%", "50%", "95%", "50% after", "P(below)"]
    rows = [_seen_row(item) for item in posterior.seen]
    if rows:
        yield from table("What was seen, and what was expected of it", heads, rows, width)


def _seen_row(item: Seen) -> list[str]:
    before = [plain(each.value, _scale(item.before)) for each in item.before.quantiles.values()]
    after = measured(item.after.quantiles[0.5]) if item.after else MISSING
    value = plain(item.observation.value, _scale(item.before))
    return [item.observation.name, value, *before, after, percent(item.below, error=False)]


def _surprises(posterior: Posterior, width: int) -> Iterator[str]:
    names = [item.observation.name for item in posterior.seen if item.is_surprise]
    if names:
        text = (
            f"{', '.join(names)}: hardly any trajectory foresaw this (P(below) under {SURPRISE:.1%} or above "
            f"{1.0 - SURPRISE:.1%}, errors included), so what follows rests on the farthest ones. Doubt the "
            "scenario before you believe it."
        )
        yield ""
        yield from (click.style(line, fg="yellow") for line in wrap(clean_line(text), width))


def _event_block(posterior: Posterior, width: int) -> Iterator[str]:
    rows = [
        [item.name.removeprefix("event."), percent(item.before), percent(item.after), points(item.change)]
        for item in posterior.chances
    ]
    if rows:
        yield from table("Events", ["before", "after", "change, points"], rows, width)


def outcome_blocks(outcomes: Sequence[Moved]) -> list[tuple[str, list[tuple[str, Moved, float]]]]:
    """Group outcomes of one kind and date: a heading, then the hop, the outcome and the factor to show."""
    blocks: dict[str, list[tuple[str, Moved, float]]] = {}
    for item in outcomes:
        factor, unit = (100.0, "%") if item.unit == "1" else (1.0, item.unit)
        base, _, when = item.name.partition(" @ ")
        heading = item.label if not item.hop else f"{base.partition('.')[0]} @ {when}" if when else base
        blocks.setdefault(f"{heading} [{unit}]", []).append((item.hop or item.name, item, factor))
    return list(blocks.items())


def _moved_block(heading: str, rows: Sequence[tuple[str, Moved, float]], width: int) -> Iterator[str]:
    if not rows:
        return
    for is_wide in (True, False):
        few = ["5%", "50%", "95%"] if is_wide else ["50%"]
        heads = [*few, "5% after", "50% after", "95% after", "change of mean"]
        cells = [[label, *_moved_cells(item, factor, is_wide)] for label, item, factor in rows]
        if width >= 96 and _fits(heads, cells, width):  # numbers go before names are cut
            break
    yield from table(heading, heads, cells, width)


def _fits(heads: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> bool:
    """Whether a table needs to cut no label."""
    widths = [max(map(len, column)) for column in zip(heads, *(row[1:] for row in rows), strict=True)]
    return max(len(clean_line(row[0])) for row in rows) + sum(widths) + 2 * len(widths) <= width


def _moved_cells(item: Moved, factor: float, is_wide: bool) -> list[str]:
    scale = _scale(item.before) * factor
    before = [plain(each.value * factor, scale) for each in item.before.quantiles.values()]
    after = [measured(each, factor) for each in item.after.quantiles.values()]
    return [*(before if is_wide else before[1:2]), *after, measured(item.change, factor, sign=True)]


def _refusal(posterior: Posterior, width: int) -> Iterator[str]:
    yield ""
    text = "; ".join(posterior.diagnosis.problems)
    for line in wrap(clean_line(f"No numbers are given after the evidence: {text}."), width):
        yield click.style(line, fg="red")
    yield "What helps:"
    for offer in posterior.offers:
        how = f" [{offer.how}]" if offer.how else ""
        lines = wrap(clean_line(f"{offer.what}{how}: {offer.takes}."), width - 2)
        yield from (f"{'  ' if place else '- '}{line}" for place, line in enumerate(lines))


def _factor_lines(result: Update) -> Iterator[str]:
    for item in result.factors:
        value = f" {measured(item.log10, sign=True)}" if item.log10.is_known else ""
        yield f"{item.b} against {item.a}:{value}, {item.verdict}"


def _closing(result: Update, width: int) -> Iterator[str]:
    if result.factors:
        yield ""
        yield click.style("Bayes factor, base-ten logarithm", bold=True)
        yield from (part for line in _factor_lines(result) for part in wrap(clean_line(line), width))
    if any(posterior.is_reliable for posterior in result.posteriors):
        yield ""
        text = (
            "± standard error under the weights. P(below): how likely a reading at or below this one was "
            "before the evidence, errors included."
        )
        yield from (click.style(line, dim=True) for line in wrap(text, width))


def table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Yield a table: its name in a line of its own, labels to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(heads, *(row[1:] for row in rows), strict=True)]
    longest = max(len(clean_line(row[0])) for row in rows)
    room = max(8, min(longest, width - sum(widths) - 2 * len(widths)))
    yield ""
    yield click.style(clean_line(title), bold=True)
    yield click.style((" " * room + _line(heads, widths)).rstrip(), dim=True)
    for row in rows:
        label = clean_line(row[0])
        text = label if len(label) <= room else f"{label[: room - 1]}…"
        yield f"{text:<{room}}{_line(row[1:], widths)}".rstrip()


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "".join(f"  {cell:>{width}}" for cell, width in zip(cells, widths, strict=True))


def _scale(spread: Spread) -> float:
    """Return a small part of a spread: what its numbers are rounded to."""
    ends = [each.value for each in spread.quantiles.values()]
    width = ends[-1] - ends[0]
    return 0.02 * width if isfinite(width) and width > 0.0 else 0.0


def plain(value: float, scale: float) -> str:
    """Write a number to the digits that a scale asks for."""
    if not isfinite(value):
        return "never" if value > 0.0 else MISSING
    if abs(value) >= 1e6:
        return f"{value:.2e}"
    digits = digits_for(scale) if scale > 0.0 else max(0, 2 - floor(log10(abs(value)))) if value else 0
    return format_number(value, min(digits, _MOST_DIGITS))


def measured(found: Measured, factor: float = 1.0, *, sign: bool = False) -> str:
    """Write an estimate and its standard error, which is rounded up and never shown as zero."""
    value, error = found.value * factor, found.standard_error * factor
    if value == float("inf"):
        return "never"
    if not (isfinite(value) and isfinite(error)):
        return MISSING
    plus = "+" if sign and value > 0.0 else ""
    if abs(value) >= 1e6 or error >= 1e6:
        return f"{plus}{value:.2e} ±{error:.0e}"
    digits = min(_MOST_DIGITS, digits_for(error)) if error > 0.0 else 2
    rounded = ceil(round(error * 10**digits, 6)) / 10**digits
    return f"{plus}{format_number(value, digits)} ±{rounded:.{digits}f}" if error else f"{value:g} ±0"


def percent(found: Measured, *, error: bool = True) -> str:
    """Write a probability in percent."""
    if not isfinite(found.value):
        return MISSING
    if error:
        return f"{measured(found, 100.0)}%"
    value = 100.0 * found.value
    return f"{value:.{0 if 9.5 <= value <= 90.5 else 1}f}%"


def points(found: Measured) -> str:
    """Write a difference of probabilities in percentage points."""
    return measured(found, 100.0, sign=True)
