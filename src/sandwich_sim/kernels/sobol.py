"""Scrambled Sobol points: direction numbers, their scrambling, and the points of a block.

Points are numbered from 0 and taken in natural order. The direction numbers are stored as
running XORs over the bits ("steps"): going from point k-1 to point k takes one XOR, with the
step of the lowest set bit of k, and point k itself is the XOR of the steps at the set bits of
its Gray code ``k ^ (k >> 1)``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels._jit import compiled, entry
from sandwich_sim.kernels.rng import philox4x32

N_SCRAMBLE = 16
"""Independent scrambles (and Latin-hypercube designs): trajectory i belongs to i % 16."""
N_DIMENSION = 1024
"""Dimensions for which direction numbers are shipped."""
INDEX_BITS = 32
"""A scramble holds 2^32 points."""
DIGITS = 52
"""Binary digits of a point; half a unit is added, which float64 holds exactly."""
SHIFT_ROW = INDEX_BITS
"""Row of the digital shift, behind the rows of the 32 steps."""
SCRAMBLE_DRAW = 1
"""Philox draw number that scrambling uses; 0 is the parameter's own draw."""

_ZERO: Any = np.uint64(0)
_ONE = np.uint64(1)
_SCRAMBLE_DRAW: Any = np.uint64(SCRAMBLE_DRAW)
_CALLS_APART = 64
_SHIFT_32 = np.uint64(32)
_SHIFT_12 = np.uint64(64 - DIGITS)


def load_directions(slots: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Return the direction numbers of some dimensions.

    Parameters
    ----------
    slots : ndarray of int64, shape (n_drawn,)
        Dimensions, each in [0, 1024).

    Returns
    -------
    ndarray of uint32, shape (n_drawn, 32)
        For each bit of the point index the number that it contributes, first digit highest.

    Notes
    -----
    The numbers of S. Joe and F. Y. Kuo (2008), "Constructing Sobol sequences with better
    two-dimensional projections", in the file that benchmarks/make_sobol_directions.py writes.
    """
    table = np.load(Path(__file__).with_name("sobol_directions.npy"), allow_pickle=False)
    return np.ascontiguousarray(table[slots])


@entry
def scramble_directions(
    directions: NDArray[np.uint32],
    streams: NDArray[np.uint64],
    key: NDArray[np.uint64],
    columns: NDArray[np.uint64],
    out: NDArray[np.uint64],
) -> None:
    """Scramble the digits of every (input, scramble) by a random matrix and a random shift.

    Parameters
    ----------
    directions : ndarray of uint32, shape (n_drawn, 32)
    streams : ndarray of uint64, shape (n_drawn,)
        Streams of the inputs' names, which key the scrambling.
    key : ndarray of uint64, shape (2,)
        The two halves of the seed.
    columns : ndarray of uint64, shape (34,)
        Scratch.
    out : ndarray of uint64, shape (n_drawn, 33, 16)
        Written: 32 steps of 52 digits and the digital shift of each scramble.

    Notes
    -----
    Matousek's linear scrambling: a lower-triangular binary matrix with ones on its diagonal,
    so that each scramble stays a digital net. Its column for digit d is one 64-bit word: bits
    above the diagonal cleared, the diagonal set.
    """
    for j in range(streams.shape[0]):
        for scramble in range(N_SCRAMBLE):
            for call in range((INDEX_BITS + 2) // 2):
                place: Any = np.uint64(scramble * _CALLS_APART + call)
                w0, w1, w2, w3 = philox4x32(place, _ZERO, streams[j], _SCRAMBLE_DRAW, key[0], key[1])
                columns[2 * call] = ((w0 << _SHIFT_32) | w1) >> _SHIFT_12
                columns[2 * call + 1] = ((w2 << _SHIFT_32) | w3) >> _SHIFT_12
            for digit in range(INDEX_BITS):
                diagonal = _ONE << np.uint64(DIGITS - 1 - digit)
                columns[digit] = (columns[digit] & (diagonal - _ONE)) | diagonal
            step = np.uint64(0)
            for bit in range(INDEX_BITS):
                word = np.uint64(directions[j, bit])
                for digit in range(INDEX_BITS):
                    chosen = (word >> np.uint64(INDEX_BITS - 1 - digit)) & _ONE
                    step ^= columns[digit] * chosen
                out[j, bit, scramble] = step
            out[j, SHIFT_ROW, scramble] = columns[INDEX_BITS]


@compiled
def sobol_digits(
    steps: NDArray[np.uint64],
    gray: NDArray[np.uint64],
    scramble: NDArray[np.uint64],
    digits: NDArray[np.uint64],
) -> None:
    """Compute the digits of one input for any trajectories.

    Parameters
    ----------
    steps : ndarray of uint64, shape (33, 16)
        Scrambled steps and shift of one input.
    gray, scramble : ndarray of uint64, shape (n,)
        Gray code of the point number, and the scramble, of each trajectory.
    digits : ndarray of uint64, shape (n,)
        Written: 52 binary digits.
    """
    for t in range(digits.shape[0]):
        s = np.int64(scramble[t])
        x = steps[SHIFT_ROW, s]
        rest = gray[t]
        bit = 0
        while rest != np.uint64(0):
            if rest & _ONE != np.uint64(0):
                x ^= steps[bit, s]
            rest >>= _ONE
            bit += 1
        digits[t] = x


@compiled
def sobol_digits_aligned(
    steps: NDArray[np.uint64],
    gray: NDArray[np.uint64],
    lowest_bit: NDArray[np.uint64],
    digits: NDArray[np.uint64],
) -> None:
    """Compute the digits of one input for consecutive trajectories, whole rounds of 16.

    The same as `sobol_digits`, but 16 scrambles at a time and one XOR a point.

    Parameters
    ----------
    steps : ndarray of uint64, shape (33, 16)
    gray, lowest_bit : ndarray of uint64, shape (n,)
        Gray code and position of the lowest set bit of the point number; n is a multiple of
        16 and the first trajectory belongs to scramble 0.
    digits : ndarray of uint64, shape (n,)
        Written.
    """
    for s in range(N_SCRAMBLE):
        digits[s] = steps[SHIFT_ROW, s]
    rest = gray[0]
    for bit in range(INDEX_BITS):
        if (rest >> np.uint64(bit)) & _ONE != np.uint64(0):
            for s in range(N_SCRAMBLE):
                digits[s] ^= steps[bit, s]
    for point in range(1, digits.shape[0] // N_SCRAMBLE):
        start = point * N_SCRAMBLE
        changed = np.int64(lowest_bit[start])
        before = digits[start - N_SCRAMBLE : start]
        here = digits[start : start + N_SCRAMBLE]
        for s in range(N_SCRAMBLE):
            here[s] = before[s] ^ steps[changed, s]
