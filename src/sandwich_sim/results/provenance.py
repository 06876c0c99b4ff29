"""Where results come from: versions, platform fingerprint, seed; no host, user or path names."""

from __future__ import annotations

import hashlib
import platform
import sys
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

from sandwich_sim._version import __version__
from sandwich_sim.results.meta import RunMeta

SCHEMA_VERSION = 1


def fingerprint_parts() -> dict[str, Any]:
    """Return all that decides on the bits of a result beside scenario and seed.

    Same parts, same bits. Across parts, results agree to rounding and statistically.
    """
    # Both are loaded by the kernels anyway; commands that only read runs do not come here.
    import llvmlite
    import llvmlite.binding as llvm
    import numba
    import numpy as np

    from sandwich_sim.kernels._jit import COMPILED, cache_folder

    features = getattr(numba.config, "CPU_FEATURES", None)  # what the user told numba to assume
    if features is None:
        features = llvm.get_host_cpu_features().flatten()
    return {
        "machine": platform.machine(),
        "cpu": getattr(numba.config, "CPU_NAME", None) or llvm.get_host_cpu_name(),
        "features": ",".join(sorted(features.split(","))),
        "llvm": ".".join(str(part) for part in llvm.llvm_version_info),
        "llvmlite": llvmlite.__version__,
        "numba": numba.__version__,
        "numpy": np.__version__,
        "kernels": cache_folder().name,
        "compiled": bool(COMPILED),
    }


def fingerprint() -> str:
    """Return the platform fingerprint: 16 hex digits, equal where bits are equal."""
    return _digest(fingerprint_parts())


def _digest(parts: dict[str, Any]) -> str:
    lines = "\n".join(f"{name}={parts[name]}" for name in sorted(parts))
    return hashlib.sha256(lines.encode()).hexdigest()[:16]


def versions() -> dict[str, str]:
    """Return the versions of Python, of ourselves and of the packages that results pass through."""
    found = {"python": platform.python_version(), "sandwich-sim": __version__}
    for name in ("numpy", "numba", "llvmlite", "zarr", "xarray"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def provenance_record(meta: RunMeta) -> dict[str, Any]:
    """Return the content of ``provenance.json`` (the writer adds the run's description).

    Everything but ``started`` is the same for the same run on the same machine.
    """
    parts = fingerprint_parts()
    return {
        "schema_version": SCHEMA_VERSION,
        "product": "sandwich-sim",
        "seed": meta.seed,
        "sampler": meta.sampler,
        "n_trajectories": meta.n_trajectories,
        "keep": meta.keep,
        "stream_version": meta.stream_version,
        "scenario_digest": meta.scenario_digest,
        "run_digest": meta.run_digest,
        "fingerprint": {"digest": _digest(parts), **parts},
        "versions": versions(),
        "implementation": sys.implementation.name,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }
