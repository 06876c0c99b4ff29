"""What `hindcast` prints: coverage by origin, scores and skill by series and horizon, every forecast."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

import click

from sandwich_sim.cli.output import clean_line, say, screen_width, wrap

if TYPE_CHECKING:
    from sandwich_sim.analysis.hindcast_result import Forecast, Group, Hindcast, Skill

MISSING = "–"

LEGEND = (
    "50%, 90%: outcomes inside the 25-75% and the 5-95% band; 95% int.: interval of the part inside the "
    "latter. CRPS: how far a forecast was off, its width counted; money and factors as logarithms (0.1 is "
    "about 10%), the rest in their own unit. Skill: by how much smaller it is than that of the last known "
    "value (persistence) or its trend (drift), with 95% intervals where there are five or more forecasts of "
    "three or more outcomes, else too few to tell; below 0 the model does worse. int.: interval score of "
    "the 5-95% band; int. pers., drift: its skill. Rows of several series: one minus the geometric mean of "
    "the series' ratios, each counting the same."
)


def print_hindcast(found: Hindcast, *, every: bool = False) -> None:
    """Print a hindcast; with every forecast beside its outcome if asked."""
    _print_groups("By origin", found.origins)
    for words in found.words:
        for line in wrap(clean_line(words), screen_width()):
            say(line)
    say()
    _print_series(found.series)
    _print_groups("By time ahead", found.horizons)
    _print_groups("Together", (found.total,))
    if every:
        _print_groups("By series and time ahead", found.cells)
        _print_forecasts(found.forecasts)
    for line in wrap(LEGEND, screen_width()):
        click.echo(click.style(line, dim=True))
    for line in wrap(_independence(found), screen_width()):
        say(line)


def _independence(found: Hindcast) -> str:
    n, total = len(found.outcomes), found.total
    low, high = total.clustered_coverage
    clustered = f" (drawing series anew, {low:.2f} to {high:.2f} inside)" if isfinite(low) else ""
    return (
        f"{total.n} forecasts of {n} outcomes, which hang together: read every count as of fewer{clustered}. "
        f"{found.trajectories:,} trajectories an origin."
    )


def _print_series(groups: Sequence[Group]) -> None:
    """Print scores and skill of each series, with intervals where there are any, and verdicts."""
    heads = ["n", "50%", "90%", "CRPS", "int.", "skill: persistence", "drift"]
    rows = [
        [
            str(group.n),
            str(group.coverage(0.50).inside),
            str(group.coverage().inside),
            f"{group.crps:.3f}",
            f"{group.interval:.3g}",
            *(_skill(group.skill[kind]) for kind in ("persistence", "drift")),
        ]
        for group in groups
    ]
    _print_rows("By series, all origins", heads, [group.name for group in groups], rows)
    for verdict in sorted({group.verdict for group in groups}):
        names = ", ".join(group.name for group in groups if group.verdict == verdict)
        for place, line in enumerate(wrap(clean_line(f"{verdict}: {names}."), screen_width() - 2)):
            say(f"{'  ' if place else '- '}{line}")
    say()


def _print_groups(title: str, groups: Sequence[Group]) -> None:
    """Print groups of several series with the errors of coverage and skill, those of one with their CRPS."""
    is_one = all(len({item.observation.name for item in group.forecasts}) == 1 for group in groups)
    middle = "CRPS" if is_one else "95% int."
    heads = ["n", "50%", "90%", middle, "skill: persistence", "drift", "int. pers.", "drift"]
    rows = [_group_cells(group, is_one=is_one) for group in groups]
    _print_rows(title, heads, [group.name for group in groups], rows)


def _group_cells(group: Group, *, is_one: bool) -> list[str]:
    outer, half = group.coverage(), group.coverage(0.50)
    shown = _plain_skill if is_one else _skill
    return [
        str(group.n),
        str(half.inside),
        str(outer.inside),
        f"{group.crps:.3f}" if is_one else f"{outer.low:.2f}-{outer.high:.2f}",
        shown(group.skill["persistence"]),
        shown(group.skill["drift"]),
        _number(group.interval_skill["persistence"].value),
        _number(group.interval_skill["drift"].value),
    ]


def _plain_skill(skill: Skill) -> str:
    return _number(skill.value)


def _skill(skill: Skill) -> str:
    found = _number(skill.value)
    if not isfinite(skill.low):
        return found
    return f"{found} [{_number(skill.low)}, {_number(skill.high)}]"


def _number(value: float) -> str:
    return f"{value:.2f}" if isfinite(value) else MISSING


def _print_rows(
    title: str, heads: Sequence[str], names: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    room = max(len(title), *map(len, names))
    head = "".join(f"  {cell:>{width}}" for cell, width in zip(heads, widths, strict=True))
    click.echo(click.style(f"{title:<{room}}", bold=True) + click.style(head, dim=True))
    for name, row in zip(names, rows, strict=True):
        cells = "".join(f"  {cell:>{width}}" for cell, width in zip(row, widths, strict=True))
        say(f"{clean_line(name):<{room}}{cells}".rstrip())
    say()


def _print_forecasts(forecasts: Sequence[Forecast]) -> None:
    """Print every forecast beside its outcome, one table an origin."""
    heads = ["window", "outcome", "5%", "50%", "95%", "PIT", "CRPS", "pers.", "drift", ""]
    for scenario in dict.fromkeys(item.scenario for item in forecasts):
        part = [item for item in forecasts if item.scenario == scenario]
        rows = [_forecast_cells(item) for item in part]
        _print_rows(f"From {part[0].origin:%B %Y}", heads, [item.observation.name for item in part], rows)


def _forecast_cells(item: Forecast) -> list[str]:
    seen, low, median, high = item.observation, item.quantiles[0], item.quantiles[2], item.quantiles[-1]
    return [
        "/".join(day.removesuffix("-01") for day in str(seen.window).split("/")),
        *(_short(value) for value in (seen.value, low, median, high)),
        f"{item.transform:.2f}",
        *(f"{score:.3f}" for score in (item.crps, *item.baseline_crps.values())),
        "" if item.is_inside else "above" if seen.value > high else "below",
    ]


def _short(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 10.0 else f"{value:.3g}"


def hindcast_document(found: Hindcast) -> dict[str, Any]:
    """Return a hindcast as plain data."""
    return {
        "trajectories": found.trajectories,
        "failed_trajectories": found.failures,
        "outcomes": len(found.outcomes),
        "origins": [
            {**_group_document(group), "words": words, **_digests(found, group.name)}
            for group, words in zip(found.origins, found.words, strict=True)
        ],
        "series": [_group_document(group) for group in found.series],
        "series_and_horizons": [_group_document(group) for group in found.cells],
        "horizons": [_group_document(group) for group in found.horizons],
        "total": _group_document(found.total),
        "forecasts": [_forecast_document(item) for item in found.forecasts],
    }


def _digests(found: Hindcast, name: str) -> dict[str, str]:
    return {"scenario_digest": found.digests[name], "known_digest": found.known_digests[name]}


def _group_document(group: Group) -> dict[str, Any]:
    return {
        "name": group.name,
        "n": group.n,
        "coverage": [group.coverage(level) for level in (0.50, 0.90)],
        "coverage_drawing_series_anew": group.clustered_coverage,
        "above_median": group.n_above,
        "mean_pit": group.mean_transform,
        "crps": group.crps,
        "interval_score": group.interval,
        "skill": group.skill,
        "verdict": group.verdict,
        "interval_skill": group.interval_skill,
    }


def _forecast_document(item: Forecast) -> dict[str, Any]:
    seen = item.observation
    return {
        "scenario": item.scenario,
        "origin": item.origin,
        "series": seen.name,
        "window": str(seen.window),
        "unit": seen.unit,
        "fact": seen.fact,
        "outcome": {"value": seen.value, "low": seen.low, "high": seen.high},
        "years_ahead": item.horizon,
        "quantiles": dict(zip(("p5", "p25", "p50", "p75", "p95"), item.quantiles, strict=True)),
        "inside": item.is_inside,
        "touches": item.touches,
        "pit": item.transform,
        "pit_standard_error": item.transform_error,
        "scale": item.scale,
        "crps": item.crps,
        "crps_standard_error": item.crps_error,
        "interval_score": item.interval,
        "baseline": {
            kind: {
                "median": item.baseline_median[kind],
                "crps": item.baseline_crps[kind],
                "interval_score": item.baseline_interval[kind],
                "from_known_value": item.is_known,
            }
            for kind in item.baseline_crps
        },
    }
