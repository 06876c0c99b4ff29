"""Counter-based random numbers: Philox4x32-10, addressed and never advanced.

A draw is a pure function of (seed, name of the input, trajectory, step):

- key = the 64-bit seed;
- counter = (trajectory low 32 bits, trajectory high 16 bits << 16 | step, stream, draw);
- stream = a 32-bit hash of the input's name.

Drawn parameters use step 0. Step shocks use one call for four consecutive steps (the step
field holds the first of the four), each word or pair of words belonging to its own step.
A change of any of this is a change of `STREAM_VERSION`.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels._jit import inlined

STREAM_VERSION = 1
MAX_SEED = 2**64 - 1
MAX_TRAJECTORIES = 2**48
MAX_STEPS = 2**16
STEPS_PER_CALL = 4
"""Steps that one Philox call serves."""

_MASK = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = np.uint64(0x9E3779B9)
_WEYL_1 = np.uint64(0xBB67AE85)
_SHIFT_12 = np.uint64(12)
_SHIFT_16 = np.uint64(16)

Words = tuple[Any, Any, Any, Any]


def stream_of(name: str) -> int:
    """Return the 32-bit stream of an input, a hash of its name alone."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "little")


def key_of(seed: int) -> NDArray[np.uint64]:
    """Return the ten round keys of a seed, shape (10, 2), 32 bits in each.

    Raises
    ------
    ValueError
        If the seed is not in [0, 2^64 - 1].
    """
    if not 0 <= seed <= MAX_SEED:
        raise ValueError(f"seed {seed} is not in [0, 2^64 - 1]")
    low, high = seed & 0xFFFFFFFF, seed >> 32
    rounds = [
        ((low + n * int(_WEYL_0)) & 0xFFFFFFFF, (high + n * int(_WEYL_1)) & 0xFFFFFFFF) for n in range(10)
    ]
    return np.array(rounds, dtype=np.uint64)


@inlined
def philox_round(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Words:
    """One round; words are 32 bits held in uint64 (a 32 x 32 bit product needs them)."""
    product_0 = _MULTIPLIER_0 * c0
    product_1 = _MULTIPLIER_1 * c2
    return (
        (product_1 >> _SHIFT) ^ c1 ^ k0,
        product_1 & _MASK,
        (product_0 >> _SHIFT) ^ c3 ^ k1,
        product_0 & _MASK,
    )


@inlined
def philox4x32(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Words:
    """Return the four 32-bit words of Philox4x32-10 (Salmon et al. 2011).

    Parameters
    ----------
    c0, c1, c2, c3 : uint64
        Counter, 32 bits in each.
    k0, k1 : uint64
        Key, 32 bits in each.
    """
    for _ in range(10):
        c0, c1, c2, c3 = philox_round(c0, c1, c2, c3, k0, k1)
        k0 = (k0 + _WEYL_0) & _MASK
        k1 = (k1 + _WEYL_1) & _MASK
    return c0, c1, c2, c3


@inlined
def trajectory_words(trajectory: int, step: int) -> tuple[Any, Any]:
    """Return the first two counter words of a trajectory and step."""
    index = np.uint64(trajectory)
    return index & _MASK, ((index >> _SHIFT) << _SHIFT_16) | np.uint64(step)


@inlined
def uniform(w0: int, w1: int) -> float:
    """Return a uniform in the open interval (0, 1) from two words.

    52 bits and a half, which needs 53: with 53 bits the largest would round to 1.
    """
    return (float(((w0 << _SHIFT) | w1) >> _SHIFT_12) + 0.5) * 2.220446049250313e-16
