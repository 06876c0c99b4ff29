"""A quicker start of the compiler, which loads the kernels from the disk cache too."""

from __future__ import annotations

import sys
from importlib import import_module

from sandwich_sim.kernels._jit import COMPILED

_LINALG, _ARRAYS = "numba.np.linalg", "numba.np.arraymath"


def load_compiler() -> None:
    """Load what numba needs for any kernel, without SciPy's linear algebra, which none of ours uses.

    Notes
    -----
    numba imports ``scipy.linalg`` there only to see that it exists, a fifth of the time before
    the first block. It is told so instead; where a program does use linear algebra, numba
    imports it as ever.
    """
    if not COMPILED or _ARRAYS in sys.modules:
        return
    linalg = import_module(_LINALG)
    check = getattr(linalg, "ensure_blas", None)
    if check is None:
        return
    linalg.ensure_blas = _take_for_granted  # type: ignore[attr-defined]
    try:
        arrays = import_module(_ARRAYS)
        arrays.ensure_blas = check  # type: ignore[attr-defined]
    finally:
        linalg.ensure_blas = check  # type: ignore[attr-defined]


def _take_for_granted() -> None:
    """SciPy is one of our own requirements."""
