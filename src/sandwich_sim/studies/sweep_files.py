"""A dataset that is not a run, written as Zarr or netCDF: whole or not at all."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sandwich_sim.errors import UsageError

if TYPE_CHECKING:
    import xarray as xr

ENDINGS = (".nc", ".zarr")


def check_target(path: Path, *, force: bool) -> None:
    """Refuse a path that cannot be written, before the work and not after it.

    Raises
    ------
    UsageError
    """
    if path.suffix not in ENDINGS:
        raise UsageError(f"{path}: ends neither in .nc (netCDF) nor in .zarr. Name one that does.")
    if path.exists() and not force:
        raise UsageError(f"{path}: is there already. Choose another name, or replace it with --force.")
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent}: no such folder. Make it first.")


def save_dataset(dataset: xr.Dataset, path: Path) -> None:
    """Write a dataset; what lies there is replaced once the new one is whole."""
    partial = path.with_name(f"{path.name}.partial")
    _remove(partial)
    if path.suffix == ".nc":
        dataset.to_netcdf(partial, engine="scipy")
    else:
        # Fixed-width texts have no place in Zarr 3 yet, texts as objects have.
        texts = {
            name: item.astype(object) for name, item in dataset.variables.items() if item.dtype.kind == "U"
        }
        as_objects = dataset.assign_coords(
            {name: (item.dims, np.asarray(item)) for name, item in texts.items()}
        )
        with warnings.catch_warnings():
            # Zarr 3 does not specify it yet; without it, whoever opens the dataset is warned instead.
            warnings.filterwarnings("ignore", message="Consolidated metadata", category=UserWarning)
            as_objects.to_zarr(partial, mode="w", zarr_format=3, consolidated=True)
    _remove(path)
    partial.rename(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
