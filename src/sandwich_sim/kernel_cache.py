"""Compiled kernels on the disk that a power cut or a full disk left torn: compiled again, without a word.

numba reads its cache as pickles and takes one that ends early for an error of the program
(numba issue 10434). A cache that cannot be written is no error either: it only saves time.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any


def mend_cache() -> None:
    """Let every kernel that is loaded take a damaged entry of its cache for a missing one."""
    for file in _cache_files():
        if not hasattr(file, "_sandwich_sim_mended"):
            _mend(file)
            file._sandwich_sim_mended = True


def _cache_files() -> Iterator[Any]:
    """The caches of all kernels that Python calls; numba's names for them may change, then there are none."""
    for name, module in list(sys.modules.items()):
        if name.startswith("sandwich_sim.kernels."):
            for value in list(vars(module).values()):
                file = getattr(getattr(value, "_cache", None), "_cache_file", None)
                if all(hasattr(file, method) for method in ("_load_index", "_load_data", "save")):
                    yield file


def _mend(file: Any) -> None:
    load_index, load_data, save = file._load_index, file._load_data, file.save

    def index() -> Any:
        try:
            return load_index()
        except Exception:  # a pickle that is no more one may fail with anything
            return {}

    def data(name: str) -> Any:
        try:
            return load_data(name)
        except Exception as error:
            raise OSError("damaged") from error  # which numba takes for a file that is gone

    def save_if_possible(key: Any, content: Any) -> None:
        with contextlib.suppress(OSError):
            save(key, content)

    file._load_index, file._load_data, file.save = index, data, save_if_possible
