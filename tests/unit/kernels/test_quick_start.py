"""The compiler starts without linear algebra, and has it where a program asks for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sandwich_sim.kernels._jit import COMPILED

pytestmark = pytest.mark.skipif(not COMPILED, reason="there is no compiler to load")


def answer_of(program: str, *arguments: str) -> list[str]:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def test_linear_algebra_still_compiles_after_the_quick_start():
    program = """
import sys
from sandwich_sim.kernels._start import load_compiler
load_compiler()
print("scipy.linalg" in sys.modules)
import numba, numpy as np
product = numba.njit(lambda a, b: np.dot(a, b))
print(product(np.eye(2), np.full((2, 2), 3.0)).sum(), "scipy.linalg" in sys.modules)
"""
    assert answer_of(program) == ["False", "12.0", "True"]
