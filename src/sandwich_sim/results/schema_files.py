"""The files of a run folder that follow from its description alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sandwich_sim.results.arrays import Layout
from sandwich_sim.results.coordinates import coordinate_values
from sandwich_sim.results.zarr_format import (
    array_metadata,
    chunk_name,
    encode_chunk,
    group_metadata,
    members_below,
)

ACCUMULATORS = "accumulators"
SCENARIO, PROVENANCE, ROOT = "scenario.toml", "provenance.json", "zarr.json"


def is_document(name: str) -> bool:
    """Whether a file is text rather than a chunk, which ends in its checksum."""
    return name.rpartition("/")[2] in (SCENARIO, PROVENANCE, ROOT)


def schema_documents(layout: Layout, provenance: Mapping[str, Any], scenario: str) -> dict[str, bytes]:
    """Return every text file of a run but the root's metadata, by name."""
    group = group_metadata({}, members_below(layout.arrays, ACCUMULATORS))
    return {
        **{f"{array.name}/{ROOT}": metadata_bytes(array_metadata(array)) for array in layout.arrays},
        f"{ACCUMULATORS}/{ROOT}": metadata_bytes(group),
        SCENARIO: scenario.encode(),
        PROVENANCE: json_bytes(provenance),
    }


def coordinate_chunks(layout: Layout) -> dict[str, bytes | memoryview]:
    """Return the data of every coordinate's chunk, by the name of its file."""
    values = coordinate_values(layout)
    return {chunk_name(array, 0): encode_chunk(array, values[array.name]) for array in layout.coordinates}


def root_document(layout: Layout, provenance: Mapping[str, Any], state: Mapping[str, Any]) -> bytes:
    """Return the root's metadata.

    Parameters
    ----------
    state : mapping
        ``complete``, and once it is, ``failures``.
    """
    members = members_below(layout.arrays)
    members[ACCUMULATORS] = group_metadata({}, {})
    return metadata_bytes(group_metadata(root_attributes(layout, provenance) | dict(state), members))


def root_attributes(layout: Layout, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of the root group."""
    auxiliary = [array.name for array in layout.coordinates if array.name not in array.dims]
    return {
        **layout.attributes,
        "fingerprint": provenance.get("fingerprint", {}).get("digest", ""),
        "version": provenance.get("versions", {}).get("sandwich-sim", ""),
        # CF: readers make these coordinates rather than data variables.
        "coordinates": " ".join(name for name in auxiliary if "/" not in name),
    }


def metadata_bytes(document: Mapping[str, Any]) -> bytes:
    """Return JSON for programs; indenting it takes Python's slow encoder, 30 ms at both ends of a run."""
    return json.dumps(document, allow_nan=False, ensure_ascii=False).encode() + b"\n"


def json_bytes(document: Mapping[str, Any]) -> bytes:
    """Return JSON for people."""
    return json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False).encode() + b"\n"


def marker_bytes(digest: str, failures: list[int], manifest: str) -> bytes:
    """Return the content of the marker.

    Parameters
    ----------
    digest : str
        Of the scenario.
    manifest : str
        SHA-256 of the whole manifest.
    """
    return json_bytes({"digest": digest, "failures": failures, "manifest": manifest})
