"""A run folder for zarr's readers, each chunk compared with the manifest when it is read.

Zarr takes a missing chunk for one of fill values, and a chunk that was moved for the one whose
place it took. This store says that they are damaged.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zarr.storage import LocalStore

from sandwich_sim.results.manifest import Manifest, differences
from sandwich_sim.results.verify import damaged


class CheckedStore(LocalStore):
    """A read-only store of a complete run.

    Parameters
    ----------
    folder : Path
    manifest : Manifest
        As `verify.check_complete` returned it.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        super().__init__(folder, read_only=True)
        self._folder = Path(folder)
        self._files = manifest.files()

    async def get(self, key: str, prototype: Any = None, byte_range: Any = None) -> Any:
        """Return a file's content; a chunk that is missing or damaged is an error."""
        found = await super().get(key, prototype, byte_range)
        record = self._files.get(key)
        if byte_range is None and record is not None and "/c/" in f"/{key}/":
            data = None if found is None else found.to_bytes()
            problem = differences(data, record, has_checksum=True)
            if problem:
                raise damaged(self._folder, key, problem)
        return found
