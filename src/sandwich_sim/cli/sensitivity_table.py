"""What `sandwich-sim sensitivity` prints: inputs by hop, then every measure of each outcome."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, floor, isfinite, log10
from typing import TYPE_CHECKING, Any

import click

from sandwich_sim.analysis.sensitivity import IDENTIFIED, STUDENT, shown_inputs
from sandwich_sim.cli.output import clean_line, screen_width, wrap

if TYPE_CHECKING:
    from sandwich_sim.analysis.sensitivity import Detail, Sensitivity

_NAME = 32
_NOTHING = "·"


def print_sensitivity(found: Sensitivity, top: int) -> None:
    """Print the strongest inputs by hop and of each outcome."""
    _print_grid(found, top)
    for detail in found.details:
        _print_detail(found, detail, top)
    click.echo()
    for line in _legend(found):
        click.echo(click.style(line, dim=True))


def say_rows(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: a name to the left, numbers to the right; split where it is too wide."""
    widths = [max(len(head), *(len(row[place + 1]) for row in rows), 1) for place, head in enumerate(heads)]
    corner = max(len(title), *(len(row[0]) for row in rows))
    room, first = screen_width(), 0
    while first < len(heads):
        last, used = first, corner
        while last < len(heads) and (last == first or used + widths[last] + 2 <= room):
            used += widths[last] + 2
            last += 1
        click.echo()
        line = "".join(
            f"  {head:>{width}}" for head, width in zip(heads[first:last], widths[first:last], strict=True)
        )
        click.echo(click.style(f"{title:<{corner}}", bold=True) + click.style(line, dim=True))
        for name, *cells in rows:
            numbers = "".join(
                f"  {cell:>{width}}"
                for cell, width in zip(cells[first:last], widths[first:last], strict=True)
            )
            click.echo(f"{name:<{corner}}{numbers}".rstrip())
        first = last


def _print_grid(found: Sensitivity, top: int) -> None:
    grid = found.grid
    heads = [hop or grid.series for hop in grid.hops]
    rows = []
    for row in _strongest_at_end(found, top):
        cells = [
            percent(float(grid.value[row, place, -1]), above=max(grid.floor, 0.0005))
            for place in range(len(grid.hops))
        ]
        rows.append([_name(found.names[row]), *cells])
    what = f"{grid.series.replace('_', ' ')} {grid.dates[-1]}"
    say_rows(f"% of variance, {what}", heads, rows)


def _strongest_at_end(found: Sensitivity, top: int) -> list[int]:
    last = found.grid.value[:, :, -1].max(axis=1)
    return [int(row) for row in (-last).argsort(kind="stable")[:top]]


def _print_detail(found: Sensitivity, detail: Detail, top: int) -> None:
    click.echo()
    metric = detail.metric
    factor, unit = (100.0, "%") if metric.unit == "1" else (1.0, metric.unit)
    if found.is_ranked:
        factor, unit = 100.0, "rank, %"
    title = f"{metric.label} [{unit}]: mean {with_error(factor * detail.mean, factor * detail.mean_error)}"
    if not metric.is_flag:
        title += f", standard deviation {_short(factor * detail.deviation)}"
    for line in wrap(clean_line(title), screen_width()):
        click.echo(click.style(line, bold=True))
    rows = [
        [
            _name(found.names[row]),
            with_error(100.0 * detail.first.value[row], 100.0 * detail.first.standard_error[row]),
            _bounds(detail, row),
            with_error(detail.moment.delta[row], detail.moment.delta_error[row]),
            with_error(detail.moment.pawn[row], detail.moment.pawn_error[row]),
            _ends(detail, row, factor),
        ]
        for row in detail.order[:top]
    ]
    floor = detail.floor
    noise = [
        "an input that does nothing",
        f"≤ {100.0 * max(floor['first'], 0.0):.1g}",
        "",
        *(f"≤ {max(floor[name], 0.0):.1g}" for name in ("delta", "pawn")),
        f"mean ±{factor * floor['fifth']:.1g}",
    ]
    say_rows("Input", ("first, %", "total, %", "delta", "PAWN", "low → high"), [*rows, noise])


def _ends(detail: Detail, row: int, factor: float) -> str:
    error = factor * float(max(detail.low_error[row], detail.high_error[row]))
    low, high = (with_error(factor * float(end[row]), error) for end in (detail.low, detail.high))
    return f"{low.partition(' ')[0]} → {high}"


def _bounds(detail: Detail, row: int) -> str:
    low, high = 100.0 * detail.total.low[row], 100.0 * detail.total.high[row]
    if high - low <= 100.0 * IDENTIFIED:
        half = 0.5 * (high - low) + STUDENT * 100.0 * detail.total.low_error[row]
        return with_error(0.5 * (low + high), half / STUDENT)
    return f"{max(low, 0.0):.1f} to {high:.0f}"


def _name(name: str) -> str:
    name = clean_line(name)
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"


def percent(part: float, *, above: float = 0.0005) -> str:
    """Write a part in percent; a dot for what is not above noise."""
    if not part > above:
        return _NOTHING
    return f"{100.0 * part:.1f}"


def _short(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")


def with_error(value: float, error: float, factor: float = STUDENT) -> str:
    """Write a value and half its 95% interval (`factor` errors), to its first digit."""
    half = factor * error
    if not isfinite(value):
        return "–"
    if not isfinite(half) or half <= 0.0:
        return _short(value)
    digits = min(6, max(0, -floor(log10(half))))
    text = f"{value:,.{digits}f}".replace("-", "−")
    if not any(digit in text for digit in "123456789"):
        text = text.removeprefix("−")
    return f"{text} ±{ceil(round(half * 10**digits, 6)) / 10**digits:.{digits}f}"


def _legend(found: Sensitivity) -> Iterator[str]:
    how = "stored" if found.source == "stored" else "computed again"
    text = (
        f"{found.n:,} trajectories, {how}. first: part of the variance that goes when the input is known; "
        "total: with all that it does together with others, between what is seen of it and what could be. "
        "delta, PAWN: how far the whole distribution moves, 0 to 1. low → high: mean outcome where the input "
        "is in its lowest and in its highest fifth. ± half the 95% interval."
    )
    if found.correlated:
        groups = "; ".join(" ~ ".join(group) for group in found.correlated)
        text += f" Correlated inputs share what they move: {groups}."
    yield from wrap(clean_line(text), screen_width())
    if found.telling:
        name, part = max(found.telling.items(), key=lambda item: item[1])
        words = (
            f"In {len(found.telling)} outcomes one trajectory carries much of the variance ({part:.0%} in "
            f"{name}), so their parts say little. Take --ranks."
        )
        yield from wrap(clean_line(words), screen_width())


def sensitivity_document(found: Sensitivity) -> dict[str, Any]:
    """Return everything as plain values."""
    grid = found.grid
    return {
        "trajectories": found.n,
        "source": found.source,
        "ranks": found.is_ranked,
        "inputs": found.names,
        "correlated": found.correlated,
        "strongest": [found.names[row] for row in shown_inputs(found, 10)],
        "grid": {
            "series": grid.series,
            "hops": grid.hops,
            "dates": grid.dates,
            "first_order": grid.value,
            "standard_error": grid.standard_error,
            "noise_floor": grid.floor,
        },
        "outcomes": [_detail_document(found, detail) for detail in found.details],
        "one_trajectory_carries": found.telling,
    }


def _detail_document(found: Sensitivity, detail: Detail) -> dict[str, Any]:
    total, moment = detail.total, detail.moment
    return {
        "name": detail.metric.name,
        "label": detail.metric.label,
        "unit": detail.metric.unit,
        "mean": _estimate(detail.mean, detail.mean_error),
        "standard_deviation": detail.deviation,
        "unexplained": total.unexplained,
        "noise_floor": detail.floor,
        "inputs": [
            {
                "name": found.names[row],
                "first_order": _estimate(detail.first.value[row], detail.first.standard_error[row]),
                "total_order": {
                    "low": _estimate(total.low[row], total.low_error[row]),
                    "high": _estimate(total.high[row], total.high_error[row]),
                    "is_identified": bool(total.high[row] - total.low[row] <= IDENTIFIED),
                },
                "delta": _estimate(moment.delta[row], moment.delta_error[row]),
                "pawn": _estimate(moment.pawn[row], moment.pawn_error[row]),
                "lowest_fifth": _estimate(detail.low[row], detail.low_error[row]),
                "highest_fifth": _estimate(detail.high[row], detail.high_error[row]),
            }
            for row in detail.order
        ],
    }


def _estimate(value: Any, error: Any) -> dict[str, Any]:
    half = STUDENT * float(error)
    return {
        "value": float(value),
        "standard_error": float(error),
        "interval": [float(value) - half, float(value) + half],
    }
