"""Run folders and in-memory results as labelled data: dimensions, units, dates.

xarray is imported only where a dataset is made: reading sums and listing runs needs none.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.errors import IntegrityError, ScenarioError, UsageError
from sandwich_sim.results.aggregate import dataset_summary
from sandwich_sim.results.agreement import stored_arrays
from sandwich_sim.results.arrays import ArrayLayout, Layout, split_unit
from sandwich_sim.results.coordinates import coordinate_values
from sandwich_sim.results.files import folder_state, no_run_message, read_document
from sandwich_sim.results.layout import layout_of
from sandwich_sim.results.manifest import read_manifest
from sandwich_sim.results.meta import RunMeta, meta_from_document
from sandwich_sim.results.schema_files import ACCUMULATORS, root_attributes
from sandwich_sim.results.verify import check_complete
from sandwich_sim.results.zarr_format import chunk_name, read_chunk

if TYPE_CHECKING:
    import xarray as xr

    from sandwich_sim.scenario.spec import ScenarioSpec

_MEND = "To have this run again, run its scenario with --force."


def open_run(folder: Path | str, *, allow_partial: bool = False, chunks: Any = None) -> xr.Dataset:
    """Open a run folder lazily, with coordinates, units and attributes.

    Parameters
    ----------
    folder : Path or str
    allow_partial : bool
        Open an incomplete run too; what is missing reads as NaN.
    chunks : mapping, optional
        As in ``xarray.open_zarr``; ``{}`` gives dask arrays.

    Raises
    ------
    UsageError
        If there is no such folder, or it is not a run.
    IntegrityError
        If it is incomplete, or lacks a chunk, or says contradictory things of its arrays; and
        later, if a chunk that is read is not the one that was written.
    """
    folder = Path(folder)
    arrays = check_run(folder, allow_partial=True)
    manifest = None if allow_partial else check_complete(folder, arrays)
    import xarray as xr

    from sandwich_sim.results.checked_store import CheckedStore

    store = folder if manifest is None else CheckedStore(folder, manifest)
    try:
        dataset: xr.Dataset = xr.open_zarr(store, chunks=chunks, consolidated=True)
    except (ValueError, TypeError, LookupError) as error:  # of arrays that do not fit each other
        raise IntegrityError(f"{folder}: cannot be opened ({error}). Run verify on it.") from error
    return dataset


def check_run(folder: Path, *, allow_partial: bool = False) -> dict[str, ArrayLayout]:
    """Check that a run is complete and has every chunk file in full length (see `verify`).

    Returns
    -------
    dict of str to ArrayLayout
        Its arrays by name.
    """
    _check_folder(folder)
    arrays = stored_arrays(folder)
    if not allow_partial:
        check_complete(folder, arrays)
    return arrays


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder. `sandwich-sim runs` lists the runs there are.")
    if folder_state(folder) in ("empty", "foreign"):
        raise UsageError(no_run_message(folder))


def read_provenance(folder: Path) -> dict[str, Any]:
    """Return a run's ``provenance.json``.

    Raises
    ------
    UsageError
        If there is no such folder.
    IntegrityError
        If it is missing or damaged.
    """
    _check_folder(folder)
    try:
        return read_document(folder / "provenance.json")
    except IntegrityError as error:
        raise IntegrityError(f"{folder}: its provenance.json is missing or damaged") from error


def read_fingerprint(folder: Path) -> str:
    """Return the digest of the platform that made a run; "" where the folder does not say."""
    found = read_provenance(folder).get("fingerprint")
    return str(found.get("digest", "")) if isinstance(found, dict) else ""


def read_meta(folder: Path) -> RunMeta:
    """Return the description of a run; equal to that of another run if both ask for the same."""
    document = read_provenance(folder)
    try:
        return meta_from_document(document["run"], document.get("run_digest"))
    except (KeyError, TypeError, ValueError) as error:
        raise IntegrityError(f"{folder}: its provenance.json does not describe a run") from error


def stored_scenario(folder: Path, meta: RunMeta) -> ScenarioSpec:
    """Return the scenario that lies in a run folder, if it is still the one that was run.

    Raises
    ------
    IntegrityError
        If it is missing, cannot be read any more, or holds other numbers.
    """
    from sandwich_sim.scenario.load import load_scenario

    path = folder / "scenario.toml"
    if not path.is_file():
        raise IntegrityError(f"{path}: is missing. {_MEND}")
    try:
        spec = load_scenario(path)
    except ScenarioError as error:
        message = f"{path}: was changed after the run and is no scenario any more. {_MEND}"
        raise IntegrityError(message) from error
    if spec.digest != meta.scenario_digest:
        raise IntegrityError(
            f"{path}: was changed after the run; the results beside it are those of the scenario before. "
            f"To run the changed one, copy it elsewhere. {_MEND}"
        )
    return spec


def read_accumulators(folder: Path) -> dict[str, NDArray[Any]]:
    """Return the sums and counts of a complete run, by name."""
    folder = Path(folder)
    prefix = f"{ACCUMULATORS}/"
    arrays = check_run(folder)
    files = read_manifest(folder).files()
    found = {
        name.removeprefix(prefix): read_chunk(folder, array, 0, files[chunk_name(array, 0)].crc)
        for name, array in arrays.items()
        if name.startswith(prefix) and array.dtype != "string"
    }
    meta = read_meta(folder)
    if "fine_axis" not in found:
        raise IntegrityError(
            f"{folder}: does not say where the buckets of its histograms lie; an earlier version wrote it. "
            "Run its scenario again with --force."
        )
    for array in layout_of(meta).accumulators:
        values = found.get(array.name.removeprefix(prefix))
        if values is None or values.shape != array.shape:
            raise IntegrityError(f"{folder}: {array.name} is missing, or not of its size. Run verify on it.")
    if not meta.fans:
        found["fan"] = np.zeros((0, meta.n_record, 259), dtype=np.int64)
    return found


def to_dataset(
    layout: Layout,
    arrays: Mapping[str, NDArray[Any]],
    accumulators: Mapping[str, NDArray[Any]] | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """Label results that lie in memory: same names, dimensions and attributes as a run folder.

    Parameters
    ----------
    layout : Layout
    arrays : mapping of str to ndarray
        Per-trajectory arrays of all trajectories in the kernel's order; kept in their own type
        and, where possible, not copied.
    accumulators : mapping of str to ndarray, optional
        For the summary variables; left out without it.
    provenance : mapping, optional
        What `provenance.provenance_record` returns.
    """
    import xarray as xr

    values = coordinate_values(layout) | split_unit(layout.trajectories, arrays)
    declared = [*layout.coordinates, *layout.trajectories]
    if accumulators is not None:
        values |= dataset_summary(accumulators, layout.meta)
        declared += layout.summary
    variables = {
        array.name: (array.dims, _typed(array, values[array.name]), dict(array.attributes))
        for array in declared
        if "/" not in array.name
    }
    failures = [] if accumulators is None else [int(n) for n in accumulators["failures"]]
    state = {"complete": True, "failures": failures}
    attributes = root_attributes(layout, provenance or {}) | state
    return xr.decode_cf(xr.Dataset(variables, attrs=attributes), decode_timedelta=False)


def _typed(array: ArrayLayout, values: NDArray[Any]) -> NDArray[Any]:
    return values.astype(bool) if array.dtype == "bool" else values


def series_of(dataset: xr.Dataset, name: str) -> xr.DataArray:
    """Return a series by its scenario name: ``margin.lab`` or ``gap``, ``margin_mean.lab`` too.

    Raises
    ------
    UsageError
        If the dataset does not hold it.
    """
    base, _, hop = name.partition(".")
    if name in dataset:
        return dataset[name]
    if base in dataset and "hop" in dataset[base].dims and hop in dataset["hop"].values:
        return dataset[base].sel(hop=hop)
    raise UsageError(
        f"{name}: not kept by this run (keep = {dataset.attrs.get('keep')!r}). "
        "Add it to keep_series in [run], or run with --keep paths."
    )


def is_complete(folder: Path) -> bool:
    """Whether a folder holds a run that was written to its end."""
    return folder_state(folder) == "complete"
