"""Loaded by dask into each process of a local cluster before it takes work."""

from __future__ import annotations

import signal
from typing import Any


def dask_setup(worker: Any) -> None:
    """Leave Ctrl-C to the process that started us: it ends its workers itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
