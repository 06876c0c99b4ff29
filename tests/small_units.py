"""Loaded by dask into the workers of tests: the small units of `forked_runs`."""

from __future__ import annotations

from typing import Any

from forked_runs import _set, use_small_units


def dask_setup(worker: Any) -> None:
    """Make units and parts of this process small."""
    use_small_units(_set)
