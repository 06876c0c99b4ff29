"""The content digest of a run: equal if every stored value, label and coordinate is equal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.results.arrays import ArrayLayout
from sandwich_sim.results.dataset import check_run
from sandwich_sim.results.manifest import FileRecord, read_manifest
from sandwich_sim.results.zarr_format import chunk_name, read_chunk, read_metadata

BLOCK = 4096
"""Per-trajectory arrays are digested by blocks of that many trajectories, whatever the chunks."""
_NOT_CONTENT = ("complete", "version", "fingerprint")


def content_digest(folder: Path | str, *, threads: int = 2) -> str:
    """Return the SHA-256 of a complete run's decoded values in canonical order.

    Notes
    -----
    A tree: the digest of an array is that of its header (name, dimensions, shape, type,
    labels) and of the digests of its blocks; the root is that of the attributes and of the
    digests of all arrays by name. Little-endian values in C order. Times, versions, the
    platform's fingerprint and the way of storing do not enter.

    Raises
    ------
    IntegrityError
        If the run is not complete or a chunk is missing.
    """
    folder = Path(folder)
    arrays = check_run(folder)
    files = read_manifest(folder).files()
    attributes = read_metadata(folder)["attributes"]
    root = hashlib.sha256(_canonical({k: v for k, v in attributes.items() if k not in _NOT_CONTENT}))
    ordered = [arrays[name] for name in sorted(arrays)]
    with ThreadPoolExecutor(threads) as pool:
        for digest in pool.map(partial(array_digest, folder, files), ordered):
            root.update(digest)
    return root.hexdigest()


def array_digest(folder: Path, files: Mapping[str, FileRecord], array: ArrayLayout) -> bytes:
    """Return the digest of one array of a run; each chunk must be the one that the manifest names."""
    header = {
        "name": array.name,
        "dims": array.dims,
        "shape": array.shape,
        "dtype": array.dtype,
        "attributes": dict(array.attributes),
    }
    digest = hashlib.sha256(_canonical(header))
    rest: NDArray[Any] | None = None
    for index in range(array.n_chunks):
        values = read_chunk(folder, array, index, files[chunk_name(array, index)].crc)
        if "trajectory" not in array.dims:
            digest.update(_values_digest(values))
            continue
        # A chunk need not be a whole number of blocks: carry the rest on to the next one.
        joined = values if rest is None else np.concatenate([rest, values], axis=-1)
        n_whole = joined.shape[-1] // BLOCK
        for block in range(n_whole):
            digest.update(_values_digest(joined[..., block * BLOCK : (block + 1) * BLOCK]))
        rest = joined[..., n_whole * BLOCK :]
    if rest is not None and rest.shape[-1]:
        digest.update(_values_digest(rest))
    return digest.digest()


def _values_digest(values: NDArray[Any]) -> bytes:
    if values.dtype == np.dtypes.StringDType():
        return hashlib.sha256(_canonical(values.tolist())).digest()
    return hashlib.sha256(np.ascontiguousarray(values).data).digest()


def _canonical(document: Any) -> bytes:
    return json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
