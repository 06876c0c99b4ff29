"""`sandwich-sim compare --explain`: which changed keys make the difference."""

from __future__ import annotations

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
    from sandwich_sim.scenario.spec import ScenarioSpec
    from sandwich_sim.studies.explain import ExplainPlan

Function = TypeVar("Function", bound=Callable[..., Any])

USUAL_TRAJECTORIES = 65_536
_MOST_PRINTED = 4
"""Statistics printed where none was asked for: those with the largest gaps."""
_MOST_KEYS = 12
"""Keys printed of a cause."""
_BAR = 24


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

    plans = [
        plan_explanation(
            _scenario(pair.a),
            _scenario(pair.b),
            _statistics(pair, options["metrics"]),
            trajectories=options["trajectories"] or min(pair.n[0], USUAL_TRAJECTORIES),
            seed=pair.a.meta.seed,
            sampler=pair.a.meta.sampler,
            shocks=pair.a.meta.shocks,
            by=options["by"],
            groups=options["groups"],
            permutations=options["permutations"],
            threads=options["threads"],
        )
        for pair in result.pairs
    ]
    found = []
    for plan in plans:
        if not options["quiet"]:
            note(describe_plan(plan))
        progress = ProgressLine("explaining", quiet=options["quiet"])
        try:
            found.append(run_explanation(plan, progress=progress))
        finally:
            progress.close()
    return found


def _scenario(side: Side) -> ScenarioSpec:
    """Load a side's scenario, called as the comparison calls it; a run folder holds its own."""
    from sandwich_sim.scenario.load import load_scenario

    spec = load_scenario(Path(side.source) / "scenario.toml" if side.is_run else side.source)
    return replace(spec, name=side.name)


def _statistics(pair: PairComparison, asked: Sequence[str]) -> list[str]:
    """Return what was compared, or else the mean of the cents that each hop keeps."""
    if asked:
        return [found.metric.name for found in pair.metrics]
    return [f"mean(cents_kept.{hop} @ {pair.horizon.isoformat()})" for hop in pair.hops]


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
    import re

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
    digits, factor = attribution.digits, attribution.factor
    unit = f" {attribution.shown_unit}" if attribution.shown_unit else ""
    ends = " → ".join(_number(factor * end, digits) for end in (attribution.first, attribution.second))
    half_width = _half_width(attribution.gap.half_width(), factor, digits)
    gap = f"{_signed(factor * attribution.gap.value, digits)}{half_width}"
    yield from wrap(clean_line(f"{attribution.label}: {ends}{unit} ({gap})"), width)
    parts = attribution.ranked()
    largest = max((abs(part.share.value) for part in parts), default=0.0)
    cells = [_cells(part, attribution) for part in parts]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for part, row in zip(parts, cells, strict=True):
        filled = round(_BAR * abs(part.share.value) / largest) if largest > 0.0 else 0
        columns = f"  {row[0]:<{widths[0]}}" + "".join(
            f"  {cell:>{space}}" for cell, space in zip(row[1:], widths[1:], strict=True)
        )
        bar = "█" * filled if part.share.value > 0.0 else "▒" * filled
        yield f"{columns[: width - _BAR - 2]}  {bar}".rstrip()


def _cells(part: Part, attribution: Attribution) -> tuple[str, str, str]:
    digits, factor = attribution.digits, attribution.factor
    share = _signed(factor * part.share.value, digits)
    half_width = _half_width(part.share.half_width(), factor, digits).strip()
    return clean_line(part.group), share, half_width


def _sentence(attribution: Attribution) -> str:
    digits, factor = attribution.digits, attribution.factor
    unit = f" {attribution.shown_unit}" if attribution.shown_unit else ""
    causes = ", ".join(
        f"{part.group} {_signed(factor * part.share.value, digits)}" for part in attribution.ranked()
    )
    return f"{attribution.label}: {_signed(factor * attribution.gap.value, digits)}{unit} = {causes}"


def _closing(explanation: Explanation, left_out: int) -> Iterator[str]:
    width = screen_width()
    yield click.style("Causes", bold=True)
    for name, keys in explanation.groups.items():
        yield f"  {clean_line(name)}"
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
