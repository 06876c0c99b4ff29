"""The tables of `sandwich-sim replay`: one trajectory, or a tail and what it has in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, isfinite
from typing import TYPE_CHECKING

import click

from sandwich_sim.analysis.story import UNUSUAL
from sandwich_sim.analysis.story_words import (
    cell,
    month,
    odds,
    percent,
    place,
    plain,
    shared_words,
    side,
    unit_of,
)
from sandwich_sim.cli.output import clean_line, count, screen_width, wrap

if TYPE_CHECKING:
    from sandwich_sim.analysis.story import SeriesTold, SharedInput, Standing, Story, TailStory, UnusualInput

_MOST_INPUTS = 10
_MOST_LUCK = 5
_NARROWEST = 20


def print_story(story: Story) -> None:
    """Print everything about one trajectory, at most as wide as the screen."""
    for line in format_story(story, screen_width()):
        click.echo(line)


def format_story(story: Story, width: int) -> Iterator[str]:
    """Yield the lines of a story, styled."""
    yield from _bold(f"Trajectory {story.trajectory:,} of {story.title}", width)
    yield from wrap(_origin(story), width)
    for text in story.headline:
        yield from _item(text, width)
    for text in story.problems:
        yield from _item(f"FAILED: {text}", width)
    yield ""
    yield from _inputs(story, width)
    if story.luck:
        yield ""
        yield from _luck(story, width)
    if story.happenings:
        yield ""
        yield click.style("On the way", bold=True)
        for each in story.happenings:
            lines = wrap(clean_line(each.text), width - 11)
            yield f"  {month(each.when)}  {lines[0]}"
            yield from (f"{'':11}{line}" for line in lines[1:])
    yield ""
    yield from _years(story, width)
    yield ""
    yield from _standings(story.standings, width)


def print_tail(tail: TailStory) -> None:
    """Print a tail, what its trajectories have in common, and the story of each."""
    width = screen_width()
    for line in format_tail(tail, width):
        click.echo(line)
    for story in tail.stories:
        click.echo()
        for line in format_member(story, tail.shared, width):
            click.echo(line)


def format_tail(tail: TailStory, width: int) -> Iterator[str]:
    """Yield the lines about a tail as a whole."""
    what = count(len(tail.trajectories), "trajectory")
    yield from _bold(f"{tail.label}: the {tail.end} {what} of {tail.title}", width)
    yield from wrap(f"Of {tail.n:,} that have a value. Each is computed again from seed and index.", width)
    yield ""
    members = [
        (f"{rank}.", f"{index:,}", f"{plain(value)}{_spaced(tail.unit)}")
        for rank, (index, value) in enumerate(zip(tail.trajectories, tail.values, strict=True), start=1)
    ]
    yield from _columns(("", "trajectory", "value"), members, width)
    if tail.n_shared > 1:
        yield ""
        yield from _shared(tail, width)


def _shared(tail: TailStory, width: int) -> Iterator[str]:
    yield click.style(f"What the {tail.end} {tail.n_shared} have in common", bold=True)
    if not tail.shared:
        yield from wrap("  Nothing that chance would not give as well.", width)
    rows = [
        (clean_line(each.name), side(each.quantile), f"{abs(each.significance):.1f}", clean_line(each.title))
        for each in tail.shared
    ]
    if rows:
        yield from _columns(
            ("  input", "on average", "errors", ""), [(f"  {a}", *b) for a, *b in rows], width
        )
    text = (
        f"On average: where in its own distribution the mean of the {tail.n_shared} lies, and by how many "
        f"standard errors it is off the middle. Of {tail.n_looked} inputs and sums of shocks; in a tail that "
        f"nothing caused, one would be named in {tail.alarm:.0%} of cases."
    )
    yield from (click.style(line, dim=True) for line in wrap(text, width))


def format_member(story: Story, shared: Sequence[SharedInput], width: int) -> Iterator[str]:
    """Yield one trajectory of a tail in short."""
    yield from _bold(f"Trajectory {story.trajectory:,}", width)
    failed = (f"FAILED: {problem}" for problem in story.problems)
    for text in (story.headline[0], shared_words(story, shared), *story.headline[1:], *failed):
        if text:
            yield from _item(text, width)
    told = [each for each in story.happenings if each.kind not in ("leap", "release")]
    for each in told:
        lines = wrap(clean_line(each.text), width - 11)
        yield f"  {month(each.when)}  {lines[0]}"
        yield from (f"{'':11}{line}" for line in lines[1:])


def _bold(text: str, width: int) -> Iterator[str]:
    yield from (click.style(line, bold=True) for line in wrap(clean_line(text), width))


def _item(text: str, width: int) -> Iterator[str]:
    lines = wrap(clean_line(text), width - 2)
    yield f"· {lines[0]}"
    yield from (f"  {line}" for line in lines[1:])


def _spaced(unit: str) -> str:
    return "" if unit in ("", "1") else f" {unit}"


def _origin(story: Story) -> str:
    run = f"{count(story.n_trajectories, 'trajectory')} ({story.sampler}, seed {story.seed})"
    if story.compared:
        return (
            f"Of {run}; computed again from seed and index. The run stores {story.compared:,} numbers of it: "
            "all are equal, bit for bit."
        )
    return f"Of {run}; computed again from seed and index. The run stores none of its numbers."


def _inputs(story: Story, width: int) -> Iterator[str]:
    rare = [each for each in story.inputs if each.least_rarity < UNUSUAL]
    if not rare:
        yield from _bold("Unusual inputs: none", width)
        return
    told = rare[:_MOST_INPUTS]
    heads = ("Unusual inputs", "value", "median", "quantile", "as rare as")
    lines = list(_columns(heads, [_input_row(each) for each in told], width))
    if max(len(click.unstyle(line)) for line in lines) > width:  # the units are in --json, too
        lines = list(_columns(heads, [_input_row(each, with_unit=False) for each in told], width))
    yield lines[0]
    for line, each in zip(lines[1:], told, strict=True):
        yield line
        if each.given_rarity < each.rarity:
            beside = f"{odds(each.given_rarity)} beside {', '.join(each.partners)}"
            yield from (click.style(f"    {text}", dim=True) for text in wrap(clean_line(beside), width - 4))
    text = "Quantile: part of its own distribution below it. As rare as: one so far out on either side."
    left = len(rare) - len(told)
    if left:
        text += f" {left} more, see --json."
    yield from (click.style(line, dim=True) for line in wrap(text, width))


def _input_row(each: UnusualInput, *, with_unit: bool = True) -> tuple[str, str, str, str, str]:
    value = plain(each.value) + (_spaced(each.unit) if with_unit else "")
    return clean_line(each.name), value, plain(each.median), percent(each.quantile), odds(each.rarity)


def _luck(story: Story, width: int) -> Iterator[str]:
    counts = [each for each in story.luck if each.is_count]
    pushed = [each for each in story.luck if not each.is_count][:_MOST_LUCK]
    rows = [
        (clean_line(each.title), f"{each.total:.0f}", f"{each.expected:.1f} expected", odds(each.rarity))
        for each in counts
    ]
    rows += [
        (clean_line(each.title), plain(each.total, 2), "standard deviations", odds(each.rarity))
        for each in pushed
    ]
    yield from _columns(("Chance over the run", "sum", "", "as rare as"), rows, width)


def _years(story: Story, width: int) -> Iterator[str]:
    """Series by year, and below each the part of the trajectories that lie lower."""
    every = story.steps_per_year
    records = list(range(0, len(story.dates), every))
    table = [_row(told, records) for told in story.series.values()]
    names = [_name(told) for told in story.series.values()]
    left = max(len("quantile") + 4, *(len(name) for name in names))
    column = max(8, *(len(text) + 1 for values, ranks in table for text in (*values, *ranks)))
    step = max(1, ceil(len(records) / max(1, (width - left) // column)))
    shown = sorted(range(len(records))[::-1][::step])
    heads = "".join(f"{month(story.dates[records[i]]):>{column}}" for i in shown)
    yield click.style(f"{'By year':<{left}}", bold=True) + click.style(heads, dim=True)
    for name, (values, ranks) in zip(names, table, strict=True):
        yield f"{name:<{left}}" + "".join(f"{values[i]:>{column}}" for i in shown)
        if any(ranks):
            text = f"{'    quantile':<{left}}" + "".join(f"{ranks[i]:>{column}}" for i in shown)
            yield click.style(text.rstrip(), dim=True)
    text = "Quantile: part of all trajectories of the run with a lower value at that date."
    yield from (click.style(line, dim=True) for line in wrap(text, width))


def _row(told: SeriesTold, records: Sequence[int]) -> tuple[list[str], list[str]]:
    values = [cell(told.name, float(told.values[record])) for record in records]
    ranks = [percent(float(told.rank[record])) if isfinite(told.rank[record]) else "" for record in records]
    return values, ranks


def _name(told: SeriesTold) -> str:
    unit = unit_of(told.name)
    return f"{told.name}, {unit}" if unit else told.name


def _standings(standings: Sequence[Standing], width: int) -> Iterator[str]:
    titles = list(dict.fromkeys(each.title for each in standings))
    found: dict[str, dict[str, Standing]] = {}
    for each in standings:
        found.setdefault(each.name.partition(".")[0], {})[each.title] = each
    rows = []
    for title in titles:
        row = [clean_line(title)]
        for sums in found.values():
            row += [plain(sums[title].value), _short_place(sums[title])]
        rows.append(tuple(row))
    heads = ["Over the run, bn USD"]
    for name in found:
        heads += [name.partition("_")[2], "quantile"]
    yield from _columns(tuple(heads), rows, width)
    if any(each.lower is None for each in standings):
        text = f"–: {place(next(each for each in standings if each.lower is None))}; the run kept no more."
        yield from (click.style(line, dim=True) for line in wrap(text, width))


def _short_place(standing: Standing) -> str:
    if standing.lower is None:
        return "–"
    return percent(standing.rank)


def _columns(heads: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Aligned columns: text to the left, cut where it must be, numbers to the right; the last one wraps."""
    n = len(heads)
    widths = [max(len(heads[i]), *(len(row[i]) for row in rows)) for i in range(n)]
    widths[0] = min(widths[0], max(_NARROWEST, width - sum(widths[1:-1]) - 2 * (n - 1) - min(widths[-1], 24)))
    rows = [(_shorten(row[0], widths[0]), *row[1:]) for row in rows]
    is_last_text = any(row[-1] and not row[-1][0].isdigit() for row in rows) or not heads[-1]
    start = sum(widths[:-1]) + 2 * (n - 1)
    for number, row in enumerate([heads, *rows]):
        parts = [f"{row[0]:<{widths[0]}}"]
        parts += [f"{row[i]:>{widths[i]}}" for i in range(1, n - 1)]
        line = "  ".join(parts)
        last = row[-1]
        if is_last_text and width - start >= 24:
            lines = wrap(last, width - start)
            last, rest = lines[0], lines[1:]
        else:
            last, rest = f"{last:>{widths[-1]}}", []
        whole = f"{line}  {last}".rstrip() if n > 1 else line
        yield click.style(whole, bold=True) if number == 0 else whole
        yield from (" " * start + line for line in rest)


def _shorten(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
