"""The only place with compiler options.

`compiled` wraps a kernel function. The cache lies in a private folder named by a digest of
all kernel sources and of these options: numba's own stamp does not notice an edited callee in
another file, nor changed flags.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import llvmlite.binding as llvm
import numba

from sandwich_sim.kernels._parts import ParallelPart, Part

_njit: Any = numba.njit  # some of our options are not in numba's type hints

Function = TypeVar("Function", bound=Callable[..., Any])

COMPILED = not numba.config.DISABLE_JIT
"""False where NUMBA_DISABLE_JIT runs the kernels as plain Python (slow, for debugging)."""

_LLVM_OPTIONS = (
    # A loop that is not marked as parallel and reads a dozen rows: LLVM gives up proving that
    # they do not overlap after 8 comparisons unless told otherwise, and then does not vectorize.
    "--runtime-memory-check-threshold=1000",
    "--vectorize-memory-check-threshold=1000",
    # One vector an iteration: four leave up to 31 trajectories to a scalar loop, and the
    # processor overlaps iterations by itself. Unrolled scalar loops only take time to compile.
    "--force-vector-interleave=1",
    "--unroll-runtime=false",
)
# error_model "numpy": the default checks every division and stops vectorizing.
# contract: fused multiply-add. No other fast-math: it makes NaN checks vanish.
# _nrt off: a row taken from an array counts no reference (two atomic additions each); kernels
# therefore allocate nothing.
_NUMBA_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"contract"},
    "_nrt": False,
}
_PART_OPTIONS = _NUMBA_OPTIONS | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def _source_digest() -> str:
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    digest.update(repr((_LLVM_OPTIONS, sorted(_NUMBA_OPTIONS), numba.__version__)).encode())
    return digest.hexdigest()[:16]


def _user_cache_root() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def cache_folder() -> Path:
    """Return the folder of compiled kernels (not created); SANDWICH_SIM_CACHE overrides its root."""
    root = os.environ.get("SANDWICH_SIM_CACHE")
    base = Path(root) if root else _user_cache_root() / "sandwich-sim"
    return base / f"kernels-{_source_digest()}"


def is_cached() -> bool:
    """Whether the compiled model of this version lies on disk already.

    Small entries (the Sobol scramble) are there first; the one that takes its time is the block.
    """
    folder = cache_folder()
    return folder.is_dir() and any(folder.rglob("block.run_blocks-*.nbc"))


def _private_cache_folder() -> Path | None:
    """Make the cache folder, readable by its owner alone; None where that cannot be had.

    A numba cache is a pickle: whoever can write it can run code here, so a folder that
    belongs to someone else, or that others may write, is not used.
    """
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        status = folder.stat()
    except OSError:
        return None
    if hasattr(os, "getuid") and status.st_uid != os.getuid():
        return None
    if os.name == "posix" and status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return None
    return folder if os.access(folder, os.W_OK) else None


_FOLDER = _private_cache_folder() if COMPILED else None
if COMPILED:
    for _option in _LLVM_OPTIONS:
        llvm.set_option("sandwich-sim", _option)


def _cached(function: Function, options: dict[str, Any]) -> Function:
    if _FOLDER is None:
        return _njit(**options)(function)
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(_FOLDER)
    try:
        return _njit(cache=True, **options)(function)
    finally:
        numba.config.CACHE_DIR = before


def entry(function: Function) -> Function:
    """Compile a kernel that Python calls (releases the GIL, cached on disk with all it calls)."""
    return _cached(function, _NUMBA_OPTIONS)


def allocating_entry(function: Function) -> Function:
    """Compile a kernel that Python calls and that allocates arrays; not for the hot path."""
    return _cached(function, _NUMBA_OPTIONS | {"_nrt": True})


def compiled(function: Function) -> Function:
    """Compile a kernel that only kernels call.

    It has no wrapper for Python: wrapping two dozen arrays took longer to compile than most
    kernels.
    """
    return _njit(pipeline_class=Part, **_PART_OPTIONS)(function)


def rowwise(function: Function) -> Function:
    """Compile a kernel whose innermost loops run over trajectories that do not depend on each other.

    Nothing checks that: a loop that carries a number from one trajectory to the next (a sum, a
    count) belongs into a `compiled` function.
    """
    return _njit(pipeline_class=ParallelPart, **_PART_OPTIONS)(function)


def inlined(function: Function) -> Function:
    """Compile a small function whose LLVM code is always merged into its callers.

    Left to its own judgement LLVM keeps the longer ones as calls, and a call stops the
    vectorizer.
    """
    return _njit(forceinline=True, pipeline_class=ParallelPart, **_PART_OPTIONS)(function)


def merged(function: Function) -> Function:
    """Merge a function that only calls others into its caller's source.

    A level of calls less to compile; for the order of steps, not for loops over trajectories.
    """
    return _njit(inline="always", **_NUMBA_OPTIONS)(function)
