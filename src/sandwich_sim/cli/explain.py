"""`sandwich-sim compare --explain`: which changed keys make the difference."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import ceil, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sandwich_sim.cli.options import WholeNumber
from sandwich_sim.cli.output import clean_line, count, duration, note, say, screen_width, wrap
from sandwich_sim.cli.progress import ProgressLine

if TYPE_CHECKING:
    from sandwich_sim.analysis.attribution import Attribution, Explanation, Part
    from sandwich_sim.analysis.compare_result import Comparison, PairComparison, Side
    from sandwich_sim.analysis.metrics import Metric
    from sandwich_sim.scenario.spec import ScenarioSpec
    from sandwich_sim.studies.explain import ExplainPlan

Function = TypeVar("Function", bound=Callable[..., Any])

USUAL_TRAJECTORIES = 65_536
_MOST_PRINTED = 4
"""Statistics printed where none was asked for: those with the largest gaps."""
_MOST_KEYS = 12
"""Keys printed of a cause."""
_BAR = 24
_SHORT_BAR = 8
_SHORT_NAME = 12


def explain_options(function: Function) -> Function:
    """`--explain` and what goes with it."""
    options = (
        click.option("--explain", is_flag=True, help="Say which changed keys make the difference."),
        click.option(
            "--by",
            type=click.Choice(["table", "key"]),
            default="table",
            show_default=True,
            help="With --explain: what changed in one table is one cause, or each key is.",
        ),
        click.option(
            "--group",
            "groups",
            multiple=True,
            metavar="NAME=KEY,...",
            help="With --explain: a cause of your own, such as prices=token_price.*,compute_cost.*. "
            "May be repeated.",
        ),
        click.option(
            "--permutations",
            type=WholeNumber(min=4),
            metavar="N",
            help="With --explain and more than eight causes: orders to look at.  [default: about 256 runs]",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def explain_pairs(result: Comparison, options: dict[str, Any]) -> list[Explanation]:
    """Explain every pair of a comparison, with what it will take said before."""
    from sandwich_sim.studies.explain import plan_explanation, run_explanation

    asked = options["statistics"]
    chosen = [_statistics(pair, asked) for pair in result.pairs]
    plans = [
        plan_explanation(
            _scenario(pair.a),
            _scenario(pair.b),
            names,
            trajectories=options["trajectories"] or min(pair.n[0], USUAL_TRAJECTORIES),
            seed=pair.a.meta.seed,
            sampler=pair.a.meta.sampler,
            shocks=pair.a.meta.shocks,
            by=options["by"],
            groups=options["groups"],
            permutations=options["permutations"],
            threads=options["threads"],
        )
        for pair, (names, _) in zip(result.pairs, chosen, strict=True)
    ]
    found = []
    for plan, (_, remarks) in zip(plans, chosen, strict=True):
        if not options["quiet"]:
            note(describe_plan(plan))
        progress = ProgressLine("explaining", quiet=options["quiet"])
        try:
            explanation = run_explanation(plan, progress=progress)
            found.append(replace(explanation, remarks=(*remarks, *explanation.remarks)))
        finally:
            progress.close()
    return found


def _scenario(side: Side) -> ScenarioSpec:
    """Load a side's scenario, called as the comparison calls it; a run folder holds its own."""
    from sandwich_sim.scenario.load import load_scenario

    spec = load_scenario(Path(side.source) / "scenario.toml" if side.is_run else side.source)
    return replace(spec, name=side.name)


def outcomes_of(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the outcomes that statistics are of, for the comparison: ``x`` of ``p5(x)`` and ``P(x > 1)``."""
    found = []
    for text in texts:
        inner = re.fullmatch(r"\s*\w+\s*\((.*)\)\s*", text)
        found.append(re.split(r"[<>]", inner.group(1))[0].strip() if inner else text)
    return tuple(dict.fromkeys(found))


def _statistics(pair: PairComparison, asked: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return what is explained, and a sentence where that is not what was asked for.

    Statistics as they are named; of an outcome alone the usual ones; else the mean of the cents
    that each hop keeps. A mean that `compare` does not judge is not shared out: its median is.
    """
    from sandwich_sim.analysis.compare_pairing import share_metrics
    from sandwich_sim.analysis.metrics import parse_statistic
    from sandwich_sim.studies.explain import usual_statistics

    meta, other = pair.a.meta, pair.b.meta
    judged = zip(pair.metrics, pair.verdicts, strict=True)
    few = {found.metric.name for found, verdict in judged if verdict.statistic == "median"}
    names: list[str] = []
    left_out: list[str] = []
    for text in asked or [f"mean(cents_kept.{hop} @ {pair.horizon.isoformat()})" for hop in pair.hops]:
        if "(" in text:
            usual = [parse_statistic(text, meta).name]
        else:
            usual = [
                name for metric in share_metrics([text], meta, other).a for name in usual_statistics(metric)
            ]
        for name in usual:
            statistic = parse_statistic(name, meta)
            metric = statistic.metric
            if statistic.kind == "mean" and metric is not None and _is_among(metric, few, pair):
                names.append(f"p50({metric.name})")
                left_out.append(metric.name)
            else:
                names.append(name)
    if not left_out:
        return list(dict.fromkeys(names)), []
    which = ", ".join(dict.fromkeys(left_out))
    why = (
        f"Left out, as in the comparison: the mean of {which}, since a few far trajectories make it and its "
        "error says nothing. The median stands first instead."
    )
    return list(dict.fromkeys(names)), [why]


def _is_among(metric: Metric, few: set[str], pair: PairComparison) -> bool:
    """Whether a metric is one of those named; the horizon may be spelled as its date."""
    series, _, when = metric.name.partition(" @ ")
    is_last = when in ("", "horizon", pair.horizon.isoformat())
    spelled = [metric.name, *((f"{series} @ horizon", f"{series} @ {pair.horizon}") if is_last else ())]
    return any(name in few for name in spelled)


def describe_plan(plan: ExplainPlan) -> str:
    """Say what an explanation will take."""
    causes = count(len(plan.coalitions.groups), "cause")
    how = f"{len(plan.orders)} orders of them" if plan.orders else "all orders of them"
    return (
        f"explaining {plan.second.name} − {plan.first.name}: {causes}, {how}, "
        f"{count(plan.n_simulation, 'scenario')} of {plan.trajectories:,} trajectories, "
        f"about {duration(plan.seconds)} on {count(plan.threads, 'thread')}"
    )


def write_waterfalls(explanations: Sequence[Explanation], options: dict[str, Any]) -> list[str]:
    """Draw the statistics that are printed, light and dark, into the folder of `--output`."""
    from sandwich_sim.plots.style import DARK, LIGHT, new_figure, plain_text, save_figure
    from sandwich_sim.plots.waterfall import plot_waterfall

    written = []
    for explanation in explanations:
        ends = {"first": explanation.first, "second": explanation.second}
        for attribution in _chosen(explanation, asked=bool(options["metrics"])):
            slug = re.sub(r"\W+", "-", f"why-{explanation.second}-{attribution.name}").strip("-")
            for theme in (LIGHT, DARK):
                path = options["output"] / f"{slug}-{theme.name}.png"
                with plain_text():
                    figure, axes = new_figure("page", theme, n_row=len(attribution.parts) + 2)
                    plot_waterfall(attribution, axes, **ends, theme=theme)
                    save_figure(figure, path)
                written.append(str(path))
    return written


def _chosen(explanation: Explanation, *, asked: bool) -> list[Attribution]:
    """Return all statistics if they were asked for, otherwise those with the largest gaps."""
    found = list(explanation.attributions)
    return found if asked else sorted(found, key=_weight, reverse=True)[:_MOST_PRINTED]


def print_explanation(explanation: Explanation, *, asked: bool, quiet: bool) -> None:
    """Print one block a statistic, its causes in falling order; then what the causes are.

    Parameters
    ----------
    asked : bool
        Whether the statistics were asked for: then all are printed, not only those with the largest gaps.
    quiet : bool
        Print one line a statistic.
    """
    chosen = _chosen(explanation, asked=asked)
    if quiet:
        for attribution in chosen:
            say(_sentence(attribution))
        return
    title = f"Why {explanation.second} differs from {explanation.first}"
    click.echo()
    click.echo(click.style(clean_line(title), bold=True))
    for attribution in chosen:
        click.echo()
        for line in _block(attribution, screen_width()):
            click.echo(line)
    left_out = len(explanation.attributions) - len(chosen)
    click.echo()
    for line in _closing(explanation, left_out):
        click.echo(line)


def _weight(attribution: Attribution) -> float:
    gap = attribution.gap
    return abs(gap.value) if isfinite(gap.value) else -1.0


def _block(attribution: Attribution, width: int) -> Iterator[str]:
    from sandwich_sim.analysis.attribution import shorten_middle

    digits, factor = attribution.digits, attribution.factor
    unit = f" {attribution.shown_unit}" if attribution.shown_unit else ""
    ends = " → ".join(_number(factor * end, digits) for end in (attribution.first, attribution.second))
    half_width = _half_width(attribution.gap.half_width(), factor, digits)
    points = " points" if attribution.gap_unit != attribution.shown_unit else ""
    gap = f"{_signed(factor * attribution.gap.value, digits)}{half_width}{points}"
    yield from wrap(clean_line(f"{attribution.label}: {ends}{unit} ({gap})"), width)
    parts = attribution.ranked()
    largest = max((abs(part.share.value) for part in parts if isfinite(part.share.value)), default=0.0)
    cells = [_cells(part, attribution) for part in parts]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    # Bars give way first, then names lose their middle; numbers are never cut.
    room = width - 2 - sum(2 + space for space in widths[1:])
    bar_space = min(_BAR, max(_SHORT_BAR, room - widths[0] - 2))
    bar_space = bar_space if room - bar_space - 2 >= _SHORT_NAME else 0
    name_space = min(widths[0], max(_SHORT_NAME, room - (bar_space + 2 if bar_space else 0)))
    for part, row in zip(parts, cells, strict=True):
        is_drawn = largest > 0.0 and isfinite(part.share.value)
        filled = round(bar_space * abs(part.share.value) / largest) if is_drawn else 0
        columns = f"  {shorten_middle(row[0], name_space):<{name_space}}" + "".join(
            f"  {cell:>{space}}" for cell, space in zip(row[1:], widths[1:], strict=True)
        )
        bar = "█" * filled if part.share.value > 0.0 else "▒" * filled
        yield f"{columns}  {bar}".rstrip()


def _cells(part: Part, attribution: Attribution) -> tuple[str, str, str]:
    digits, factor = attribution.digits, attribution.factor
    share = _signed(factor * part.share.value, digits)
    half_width = _half_width(part.share.half_width(), factor, digits).strip()
    return clean_line(part.group), share, half_width


def _sentence(attribution: Attribution) -> str:
    digits, factor = attribution.digits, attribution.factor
    unit = f" {attribution.gap_unit}" if attribution.gap_unit else ""
    causes = ", ".join(
        f"{part.group} {_signed(factor * part.share.value, digits)}" for part in attribution.ranked()
    )
    return f"{attribution.label}: {_signed(factor * attribution.gap.value, digits)}{unit} = {causes}"


def _closing(explanation: Explanation, left_out: int) -> Iterator[str]:
    width = screen_width()
    yield click.style("Causes", bold=True)
    for name, keys in explanation.groups.items():
        yield from (f"  {line}" for line in wrap(clean_line(name), width - 2))
        for key in keys[:_MOST_KEYS]:
            lines = wrap(clean_line(key), width - 8)
            yield from (f"{'        ' if number else '    '}{line}" for number, line in enumerate(lines))
        if len(keys) > _MOST_KEYS:
            yield f"    and {len(keys) - _MOST_KEYS} more, see --json"
    yield ""
    how = (
        "over all orders in which they can be swapped in"
        if explanation.is_exact
        else f"over {explanation.n_permutation} of the orders in which they can be swapped in"
    )
    remarks = [
        f"A cause's share is what it changes on average {how}, along the same random numbers "
        f"({explanation.n_simulation} scenarios, {explanation.trajectories:,} trajectories each). "
        "Shares add up to the gap; ± half the 95% interval. █ up, ▒ down.",
        *explanation.remarks,
    ]
    if left_out:
        remarks.append(
            f"{count(left_out, 'outcome')} with smaller gaps: name them with --metric, or see --json."
        )
    for remark in remarks:
        yield from (click.style(line, dim=True) for line in wrap(clean_line(remark), width))


def _number(value: float, digits: int) -> str:
    from sandwich_sim.analysis.compare_verdict import format_number

    return format_number(value, digits) if isfinite(value) else "–"


def _signed(value: float, digits: int) -> str:
    text = _number(value, digits)
    return f"+{text}" if value > 0.0 and text.strip("0.,") else text


def _half_width(half_width: float, factor: float, digits: int) -> str:
    if not isfinite(half_width):
        return " ±?"
    return f" ±{ceil(round(factor * half_width * 10**digits, 6)) / 10**digits:.{digits}f}"
