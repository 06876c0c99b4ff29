"""What a sweep found, as one dataset: statistics over the grid, their errors, frontiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sandwich_sim.analysis.attribution import Described
from sandwich_sim.analysis.frontier import find_crossings
from sandwich_sim.errors import UsageError
from sandwich_sim.results.meta import N_SCRAMBLE

Floats = NDArray[np.float64]

FRONTIER = "frontier_"


@dataclass(frozen=True)
class Dimension:
    """One swept number.

    Attributes
    ----------
    name : str
        Of the dataset's dimension.
    key : str
        Dotted key of the scenario file.
    values : tuple of float or str
    unit, long_name : str
    """

    name: str
    key: str
    values: tuple[float, ...] | tuple[str, ...]
    unit: str
    long_name: str

    @property
    def is_numeric(self) -> bool:
        """Whether the values are numbers, so that something can be crossed between them."""
        return not isinstance(self.values[0], str)


def sweep_dataset(
    dimensions: Sequence[Dimension],
    statistics: Sequence[Described],
    columns: Floats,
    reference: Floats,
    attributes: dict[str, Any],
) -> xr.Dataset:
    """Label the results of a sweep.

    Parameters
    ----------
    dimensions : sequence of Dimension
    statistics : sequence of Described
    columns : ndarray of float64, shape (n_statistic, \\*grid, 17)
        Of all trajectories and of each scramble, along the same random numbers at every point.
    reference : ndarray of float64, shape (n_statistic, 17)
        The same for the scenario as it is.
    attributes : dict
        Of the dataset.

    Returns
    -------
    xarray.Dataset
        ``value``, ``standard_error``, ``difference`` (from the scenario as it is) and
        ``difference_standard_error`` by statistic and swept dimension, ``reference`` by statistic, and
        ``by_scramble``, from which the error of anything else can be had.
    """
    grid = tuple(dimension.name for dimension in dimensions)
    over = ("statistic", *grid)
    shift = columns - reference.reshape(reference.shape[0], *[1] * len(grid), reference.shape[1])
    coordinates: dict[str, Any] = {
        "statistic": [described.name for described in statistics],
        "statistic_label": ("statistic", [described.label for described in statistics]),
        "statistic_unit": ("statistic", [described.unit for described in statistics]),
        "scramble": np.arange(N_SCRAMBLE, dtype=np.int32),
    }
    for dimension in dimensions:
        about = {"parameter": dimension.key, "long_name": dimension.long_name, "units": dimension.unit}
        coordinates[dimension.name] = (dimension.name, list(dimension.values), about)
    variables = {
        "value": (over, columns[..., 0], {"long_name": "Statistic"}),
        "standard_error": (over, spread_of(columns), {"long_name": "Standard error of the statistic"}),
        "reference": ("statistic", reference[:, 0], {"long_name": "Statistic of the scenario as it is"}),
        "difference": (over, shift[..., 0], {"long_name": "Statistic less that of the scenario as it is"}),
        "difference_standard_error": (
            over,
            spread_of(shift),
            {"long_name": "Standard error of the difference, along the same random numbers"},
        ),
        "by_scramble": ((*over, "scramble"), columns[..., 1:], {"long_name": "Statistic of each scramble"}),
    }
    return xr.Dataset(variables, coordinates, attributes)


def spread_of(columns: Floats) -> Floats:
    """Return the standard errors that the sixteen groups of the last axis make."""
    groups = columns[..., 1:]
    error: Floats = groups.std(axis=-1, ddof=1) / np.sqrt(N_SCRAMBLE)
    return error


def add_frontier(
    dataset: xr.Dataset, dimensions: Sequence[Dimension], statistic: str, level: float
) -> xr.Dataset:
    """Add where a statistic crosses a level, along every numeric dimension.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `sweep_dataset`.
    dimensions : sequence of Dimension
    statistic : str
        Name of one of its statistics.
    level : float

    Returns
    -------
    xarray.Dataset
        With ``frontier_1_along_<dimension>`` over the other dimensions: the first value of that
        dimension at which the level is crossed, NaN where it is not; its ``_standard_error``; and
        ``_count``, how often it is crossed.

    Raises
    ------
    UsageError
        If no dimension has two numbers or more.
    """
    numeric = [dimension for dimension in dimensions if dimension.is_numeric and len(dimension.values) > 1]
    if not numeric:
        raise UsageError("--frontier needs an axis of two numbers or more. Add one with --grid.")
    earlier = [name for name in map(str, dataset) if name.startswith(FRONTIER) and name.endswith("_count")]
    number = 1 + len(earlier) // len(numeric)
    whole = dataset["value"].sel(statistic=statistic)
    groups = dataset["by_scramble"].sel(statistic=statistic)
    added: dict[str, Any] = {}
    for dimension in numeric:
        others = tuple(other.name for other in dimensions if other.name != dimension.name)
        order = (*others, dimension.name)
        columns = np.concatenate(
            [
                whole.transpose(*order).to_numpy()[..., None],
                groups.transpose(*order, "scramble").to_numpy(),
            ],
            axis=-1,
        )
        found = find_crossings(np.array(dimension.values, dtype=np.float64), columns, level)
        name = f"{FRONTIER}{number}_along_{dimension.name}"
        about = {
            "long_name": f"{dimension.name} at which {statistic} crosses {level:g}",
            "statistic": statistic,
            "level": level,
            "units": dimension.unit,
        }
        added[name] = (others, found.place, about)
        added[f"{name}_standard_error"] = (others, found.standard_error, {"units": dimension.unit})
        added[f"{name}_count"] = (
            others,
            found.n_crossing.astype(np.int32),
            {"long_name": "Times it crosses"},
        )
    return dataset.assign(added)
