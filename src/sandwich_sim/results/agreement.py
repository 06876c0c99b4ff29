"""Whether all that a run folder says of itself is of one run, before anybody reads it.

A run is described four times: in the manifest, in ``provenance.json``, by the arrays and the
attributes of ``zarr.json``, and by the coordinates. Accidents are found by checksums; what has
right checksums and contradicts itself was tampered with, or made by a version that lays out its
runs otherwise. Either way, numbers would be taken for what they are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandwich_sim.errors import IntegrityError
from sandwich_sim.results.arrays import ArrayLayout, Layout
from sandwich_sim.results.checksum import crc32c
from sandwich_sim.results.files import read_document
from sandwich_sim.results.layout import layout_of
from sandwich_sim.results.manifest import Manifest, chunk_record
from sandwich_sim.results.meta import RunMeta
from sandwich_sim.results.schema_files import PROVENANCE, ROOT, coordinate_chunks
from sandwich_sim.results.status import check_records, manifest_meta, stored_grid
from sandwich_sim.results.zarr_format import array_of_metadata, chunk_name, read_metadata

_FROM_DESCRIPTION = (
    *("time", "elapsed", "year", "year_date", "hop", "hop_title", "quantile"),
    *("event", "event_title", "event_rule", "parameter", "accumulators/fan_series"),
)
"""Coordinates whose values follow from the description alone; others also from the program, where
units and titles may be worded anew."""


def stored_arrays(folder: Path) -> dict[str, ArrayLayout]:
    """Return what a run folder says it holds."""
    members = read_metadata(folder)["consolidated_metadata"]["metadata"]
    return {
        name: array_of_metadata(name, metadata)
        for name, metadata in members.items()
        if metadata.get("node_type") == "array"
    }


def check_agreement(folder: Path, manifest: Manifest, arrays: Mapping[str, ArrayLayout]) -> None:
    """Refuse a run whose files describe different runs.

    Parameters
    ----------
    arrays : mapping of str to ArrayLayout
        As `stored_arrays` returned them.

    Raises
    ------
    IntegrityError
        Naming the file.
    """
    meta = manifest_meta(folder, manifest)
    check_records(folder, manifest, stored_grid(folder, manifest, meta))
    for name, problem in contradictions(folder, manifest, meta, arrays).items():
        raise IntegrityError(
            f"{folder / name}: {problem}. Its files are of different runs, or of another version. "
            "Run its scenario again with --force."
        )


def contradictions(
    folder: Path, manifest: Manifest, meta: RunMeta, arrays: Mapping[str, ArrayLayout]
) -> dict[str, str]:
    """Say which files are of another run than the manifest describes, by name."""
    found = {}
    stored = read_document(folder / PROVENANCE)
    if stored != manifest.provenance or stored.get("run") != manifest.run:
        found[PROVENANCE] = "does not describe the run that the manifest does"
    layout = layout_of(meta)
    attributes = read_metadata(folder)["attributes"]
    wrong = [name for name, value in layout.attributes.items() if not _is_same(attributes.get(name), value)]
    wrong += _other_arrays(layout, arrays)
    if wrong:
        found[ROOT] = f"{wrong[0]} is not that of the run that {PROVENANCE} describes"
    return found | _other_coordinates(layout, manifest)


def _is_same(stored: Any, value: Any) -> bool:
    return type(stored) is type(value) and bool(stored == value)


def _other_arrays(layout: Layout, arrays: Mapping[str, ArrayLayout]) -> list[str]:
    """Names of arrays that are stored and not described, or described and not stored, or of another form."""
    stored = {name: _form(array) for name, array in arrays.items()}
    described = {array.name: _form(array) for array in layout.arrays}
    return sorted(name for name in stored | described if stored.get(name) != described.get(name))


def _form(array: ArrayLayout) -> tuple[Any, ...]:
    return array.dims, array.shape, array.chunks, array.dtype


def _other_coordinates(layout: Layout, manifest: Manifest) -> dict[str, str]:
    """Files of coordinates that hold other values than follow from the description."""
    rest = manifest.rest or {}
    found, chunks = {}, coordinate_chunks(layout) if rest else {}
    for array in layout.coordinates:
        name = chunk_name(array, 0)
        if array.name not in _FROM_DESCRIPTION or name not in rest:  # what is missing, others tell
            continue
        if rest[name] != chunk_record(crc32c(chunks[name]), len(chunks[name])):
            found[name] = f"is not that of the run that {PROVENANCE} describes"
    return found
