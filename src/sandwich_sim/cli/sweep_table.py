"""What `sandwich-sim sweep` prints: a table over one swept number, a matrix over two, frontiers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, floor, isfinite, log10
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from sandwich_sim.cli.output import clean_line, say_columns, screen_width, wrap

if TYPE_CHECKING:
    import xarray as xr

    from sandwich_sim.analysis.sweep import Dimension

_MOST_PRINTED = 3
_STUDENT = 2.131
"""Student's t of a 95% interval with 15 degrees of freedom."""


def statistics_to_print(dataset: xr.Dataset, asked: Sequence[str]) -> list[str]:
    """Return the statistics that were asked for, or those that the grid moves most for their errors.

    Parameters
    ----------
    asked : sequence of str
        Empty where nothing was.
    """
    names = [str(name) for name in dataset["statistic"].values]
    if asked or dataset["value"].ndim == 2:
        return [name for name in names if name in asked] or names
    over = [dim for dim in dataset["value"].dims if dim != "statistic"]
    spread = dataset["value"].max(over) - dataset["value"].min(over)
    sure = (spread / dataset["standard_error"].max(over).clip(min=1e-300)).fillna(0.0).to_numpy()
    best = sorted(np.argsort(-sure, kind="stable")[:_MOST_PRINTED])
    return [names[place] for place in best]


def print_sweep(dataset: xr.Dataset, dimensions: Sequence[Dimension], chosen: Sequence[str]) -> None:
    """Print the chosen statistics and the frontiers."""
    for statistic in chosen:
        block = dataset.sel(statistic=statistic)
        factor, unit = shown_unit(str(block["statistic_unit"].values))
        reference = factor * float(block["reference"])
        digits = _digits(factor * block["difference_standard_error"].to_numpy())
        title = f"{block['statistic_label'].values}{f' [{unit}]' if unit else ''}"
        as_it_is = f" (the scenario as it is: {_number(reference, digits)})"
        click.echo()
        for line in wrap(clean_line(title + as_it_is), screen_width()):
            click.echo(click.style(line, bold=True))
        if len(dimensions) == 1:
            _print_column(block, dimensions[0], factor)
        else:
            _print_matrices(block, dimensions, factor, digits)
    lines = list(frontier_lines(dataset, dimensions))
    if lines:
        click.echo()
        click.echo(click.style("Frontiers", bold=True))
        for line in lines:
            click.echo(f"  {line}")
    click.echo()
    for line in _legend(dataset, dimensions, chosen):
        click.echo(click.style(line, dim=True))


def _print_column(block: xr.Dataset, dimension: Dimension, factor: float) -> None:
    rows = []
    for place, value in enumerate(dimension.values):
        point = block.isel({dimension.name: place})
        rows.append(
            (
                _label(value),
                _with_error(factor * float(point["value"]), factor * float(point["standard_error"])),
                _with_error(
                    factor * float(point["difference"]),
                    factor * float(point["difference_standard_error"]),
                    signed=True,
                ),
            )
        )
    say_columns(rows, (dimension.key, "value", "against the scenario as it is"), indent="  ")


def _print_matrices(block: xr.Dataset, dimensions: Sequence[Dimension], factor: float, digits: int) -> None:
    """Print the last two dimensions as matrices, one for each point of the others."""
    *outer, down, across = dimensions
    for place in np.ndindex(*(len(dimension.values) for dimension in outer)):
        at = dict(zip((dimension.name for dimension in outer), place, strict=True))
        values = factor * block["value"].isel(at).transpose(down.name, across.name).to_numpy()
        where = ", ".join(
            f"{dimension.key} {_label(dimension.values[i])}"
            for dimension, i in zip(outer, place, strict=True)
        )
        click.echo("  " + clean_line(f"{where + ': ' if where else ''}{down.key} down, {across.key} across"))
        head = ["", *map(_label, across.values)]
        rows = [
            [_label(value), *(_number(float(number), digits) for number in row)]
            for value, row in zip(down.values, values, strict=True)
        ]
        widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
        for number, row in enumerate([head, *rows]):
            line = "  " + "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
            click.echo(click.style(line.rstrip(), dim=True) if number == 0 else line.rstrip())


def frontier_lines(dataset: xr.Dataset, dimensions: Sequence[Dimension]) -> Iterator[str]:
    """Say where each frontier runs, one line a line of the grid."""
    from sandwich_sim.analysis.sweep import FRONTIER

    keys = {dimension.name: dimension.key for dimension in dimensions}
    for name in map(str, dataset.data_vars):
        if not name.startswith(FRONTIER) or name.endswith(("_standard_error", "_count")):
            continue
        about, along = dataset[name].attrs, keys[name.partition("_along_")[2]]
        places, errors = dataset[name], dataset[f"{name}_standard_error"]
        counts = dataset[f"{name}_count"]
        others = [dimension for dimension in dimensions if dimension.name in places.dims]
        for point in np.ndindex(*places.shape):
            place, error = float(places.to_numpy()[point]), float(errors.to_numpy()[point])
            where = ", ".join(
                f"{dimension.key} = {_label(dimension.values[i])}"
                for dimension, i in zip(others, point, strict=True)
            )
            if not isfinite(place):
                fixed = dict(zip((dimension.name for dimension in others), point, strict=True))
                found = f"is not crossed along {along}: {_range_of(dataset, about['statistic'], fixed)}"
            else:
                found = f"at {along} = {_with_error(place, error)}"
                times = int(counts.to_numpy()[point])
                found += f", the first of {times} times" if times > 1 else ""
            yield clean_line(
                f"{about['statistic']} = {about['level']:g} {found}{f' ({where})' if where else ''}"
            )


def _range_of(dataset: xr.Dataset, statistic: str, fixed: dict[str, int]) -> str:
    """Say between which values a statistic stays along one line of the grid."""
    values = dataset["value"].sel(statistic=statistic).isel(fixed).to_numpy()
    return f"it stays from {np.nanmin(values):.4g} to {np.nanmax(values):.4g}"


def sweep_document(dataset: xr.Dataset, dimensions: Sequence[Dimension]) -> dict[str, Any]:
    """Return the whole dataset as plain values, arrays nested in the order of the dimensions."""
    about = ("scenario", "scenario_digest", "trajectories", "seed", "sampler")
    return {
        **{key: dataset.attrs[key] for key in about},
        "dimensions": [
            {
                "name": dimension.name,
                "key": dimension.key,
                "unit": dimension.unit,
                "values": list(dimension.values),
            }
            for dimension in dimensions
        ],
        "statistics": [
            {
                "name": str(name),
                "label": str(dataset["statistic_label"].values[place]),
                "unit": str(dataset["statistic_unit"].values[place]),
                **{
                    variable: dataset[variable].isel(statistic=place).to_numpy()
                    for variable in (
                        "value", "standard_error", "reference", "difference", "difference_standard_error",
                    )
                },
            }
            for place, name in enumerate(dataset["statistic"].values)
        ],
        "frontiers": list(_frontier_documents(dataset)),
    }  # fmt: skip


def _frontier_documents(dataset: xr.Dataset) -> Iterator[dict[str, Any]]:
    from sandwich_sim.analysis.sweep import FRONTIER

    for name in map(str, dataset.data_vars):
        if name.startswith(FRONTIER) and not name.endswith(("_standard_error", "_count")):
            about = dataset[name].attrs
            yield {
                "statistic": about["statistic"],
                "level": about["level"],
                "along": name.partition("_along_")[2],
                "over": list(dataset[name].dims),
                "place": dataset[name].to_numpy(),
                "standard_error": dataset[f"{name}_standard_error"].to_numpy(),
                "count": dataset[f"{name}_count"].to_numpy(),
            }


def _legend(dataset: xr.Dataset, dimensions: Sequence[Dimension], chosen: Sequence[str]) -> Iterator[str]:
    text = (
        f"{dataset.attrs['trajectories']:,} trajectories ({dataset.attrs['sampler']}, seed "
        f"{dataset.attrs['seed']}) at each point, the same random numbers at all. ± half the 95% interval."
    )
    left_out = dataset.sizes["statistic"] - len(chosen)
    if left_out:
        text += f" {left_out} statistics are not shown: name them with --metric, or see -o and --json."
    if any(str(name).startswith("frontier_") for name in dataset):
        text += " Frontiers: straight lines between the points of the grid."
    yield from wrap(text, screen_width())


def shown_unit(unit: str) -> tuple[float, str]:
    """Return the factor and the unit in which a value is shown."""
    return (100.0, "%") if unit == "1" else (1.0, {"cent": "cents"}.get(unit, unit))


def _label(value: object) -> str:
    return f"{value:g}".replace("-", "−") if isinstance(value, float) else clean_line(value)


def _digits(errors: np.ndarray[Any, Any]) -> int:
    """Return the decimals that a typical error leaves."""
    known = errors[np.isfinite(errors) & (errors > 0.0)]
    return min(6, max(0, -floor(log10(2.0 * float(np.median(known)))))) if known.size else 2


def _number(value: float, digits: int) -> str:
    from sandwich_sim.analysis.compare_verdict import format_number

    return format_number(value, digits) if isfinite(value) else "–"


def _with_error(value: float, error: float, *, signed: bool = False) -> str:
    """Write a value and half its 95% interval to one or two significant digits of the latter."""
    if not isfinite(value):
        return "–"
    half = _STUDENT * error
    if not isfinite(half) or half <= 0.0:
        text = f"{value:.4g}".replace("-", "−")
        return f"{text} ±?" if not isfinite(half) else text
    digits = min(8, max(0, 1 - floor(log10(half))))
    text = _number(value, digits)
    sign = "+" if signed and value > 0.0 and text.strip("0.,") else ""
    return f"{sign}{text} ±{ceil(round(half * 10**digits, 6)) / 10**digits:.{digits}f}"
