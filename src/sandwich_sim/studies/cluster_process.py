"""Loaded by dask into each process of a local cluster before it takes work."""

from __future__ import annotations

import gc
import signal
from typing import Any


def dask_setup(worker: Any) -> None:
    """Leave Ctrl-C to the process that started us: it ends its workers itself."""
    gc.set_threshold(100_000)  # as the command line does: numba is still to be loaded
    signal.signal(signal.SIGINT, signal.SIG_IGN)
