"""Step shocks of a block: float32 normals by Box-Muller, Poisson jumps by thresholds.

Float32 is enough for shocks (their mean effect on profits is 2e-8) and halves their cost.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels._jit import compiled, inlined, rowwise
from sandwich_sim.kernels.bits import bits_to_float32, float32_to_bits
from sandwich_sim.kernels.inputs import MAX_JUMPS
from sandwich_sim.kernels.rng import philox4x32, trajectory_words
from sandwich_sim.kernels.vectors import fill
from sandwich_sim.kernels.vmath import exp

NO_STREAM = np.uint64(2**32)
"""Stands for a shock that no state uses (the lab's scarcity); streams have 32 bits."""

_F = np.float32
_WORD = _F(2.0**-32)
_HALF_WORD = _F(2.0**-33)
_SQRT_HALF_BITS = np.int32(0x3F3504F3)
_EXPONENT_BITS = np.int32(-(1 << 23))
_EXPONENT_SHIFT = np.int32(23)
_LN2 = _F(0.6931471805599453)
_ONE, _HALF, _MINUS_TWO = _F(1.0), _F(0.5), _F(-2.0)
_SIGN_SHIFT = np.int32(31)
# ln(1+f) = f - f^2/2 + f^3 q(f) on [sqrt(1/2)-1, sqrt(2)-1], as in cephes' logf
_Q = tuple(
    _F(c)
    for c in (
        7.0376836292e-2,
        -1.1514610310e-1,
        1.1676998740e-1,
        -1.2420140846e-1,
        1.4249322787e-1,
        -1.6668057665e-1,
        2.0000714765e-1,
        -2.4999993993e-1,
        3.3333331174e-1,
    )
)
_Q0, _Q1, _Q2, _Q3, _Q4, _Q5, _Q6, _Q7, _Q8 = _Q
# Taylor coefficients of sin(pi v) / v and cos(pi v) in v^2, abs(v) <= 1/2
_S0, _S1, _S2, _S3, _S4, _S5 = (
    _F(3.14159265358979),
    _F(-5.16771278004997),
    _F(2.55016403987735),
    _F(-0.599264529320792),
    _F(0.0821458866111282),
    _F(-0.00737043094571435),
)
_C0, _C1, _C2, _C3, _C4, _C5 = (
    _F(1.0),
    _F(-4.93480220054468),
    _F(4.05871212641677),
    _F(-1.33526276885459),
    _F(0.235330630358893),
    _F(-0.0258068913900141),
)


@inlined
def _log32(x: Any) -> Any:
    """Natural logarithm of a positive normal float32, to 1e-7."""
    bits = float32_to_bits(x)
    shifted = np.int32(bits - _SQRT_HALF_BITS)
    k = np.float32(np.int32(shifted >> _EXPONENT_SHIFT))
    f = bits_to_float32(np.int32(bits - np.int32(shifted & _EXPONENT_BITS))) - _ONE
    q = _Q0
    q = q * f + _Q1
    q = q * f + _Q2
    q = q * f + _Q3
    q = q * f + _Q4
    q = q * f + _Q5
    q = q * f + _Q6
    q = q * f + _Q7
    q = q * f + _Q8
    square = f * f
    return k * _LN2 + (f - _HALF * square + f * square * q)


@inlined
def normal_pair(w0: Any, w1: Any) -> Any:
    """Two independent standard normals (float32) from two uint32 words.

    Notes
    -----
    Box-Muller; the angle is a half-turn from the word's upper bits and a sign from its lowest.
    """
    radius = np.sqrt(_MINUS_TWO * _log32(np.float32(w0) * _WORD + _HALF_WORD))
    turn = np.int32(w1)
    v = np.float32(turn) * _WORD
    z = v * v
    s = v * (_S0 + z * (_S1 + z * (_S2 + z * (_S3 + z * (_S4 + z * _S5)))))
    c = _C0 + z * (_C1 + z * (_C2 + z * (_C3 + z * (_C4 + z * _C5))))
    sign = np.int32(turn << _SIGN_SHIFT)
    signed = bits_to_float32(np.int32(float32_to_bits(radius) ^ sign))
    return signed * c, signed * s


@rowwise
def fill_words(
    stream: int, step: int, keys: NDArray[np.uint64], indices: NDArray[np.int64], words: NDArray[np.uint32]
) -> None:
    """Write the four Philox words of each trajectory into ``words``, shape (4, width)."""
    k0, k1 = keys[0, 0], keys[0, 1]
    for j in range(indices.size):
        c0, c1 = trajectory_words(indices[j], step)
        w0, w1, w2, w3 = philox4x32(c0, c1, np.uint64(stream), np.uint64(0), k0, k1)
        words[0, j] = np.uint32(w0)
        words[1, j] = np.uint32(w1)
        words[2, j] = np.uint32(w2)
        words[3, j] = np.uint32(w3)


@rowwise
def fill_shocks(
    step: int,
    streams: NDArray[np.uint64],
    jump_streams: NDArray[np.uint64],
    keys: NDArray[np.uint64],
    indices: NDArray[np.int64],
    thresholds: NDArray[np.float64],
    n_threshold: NDArray[np.int64],
    words: NDArray[np.uint32],
    shocks: NDArray[np.float32],
    jumps: NDArray[np.float32],
) -> None:
    """Draw the shocks of the four steps that begin at ``step`` (a multiple of four).

    Parameters
    ----------
    thresholds, n_threshold : ndarray
        From `fill_thresholds`, for each of the two jumps.
    words : ndarray of uint32, shape (4, width)
        Scratch.
    shocks : ndarray of float32, shape (4, n_shock, width)
        Written: standard normals [1].
    jumps : ndarray of float32, shape (4, 2, width)
        Written: Poisson counts [1].
    """
    width = indices.size
    for i in range(streams.size):
        if streams[i] == NO_STREAM:
            continue
        fill_words(streams[i], step, keys, indices, words)
        for half in range(2):
            first, second = shocks[2 * half, i], shocks[2 * half + 1, i]
            w0, w1 = words[2 * half], words[2 * half + 1]
            for j in range(width):
                a, b = normal_pair(w0[j], w1[j])
                first[j] = a
                second[j] = b
    for i in range(2):
        fill_words(jump_streams[i], step, keys, indices, words)
        for s in range(4):
            counts, row = jumps[s, i], words[s]
            fill(counts, np.float32(0.0))
            for k in range(n_threshold[i]):
                threshold = thresholds[i, k]
                for j in range(width):
                    counts[j] += np.float32(float(row[j]) >= threshold[j])


@compiled
def fill_thresholds(rate: NDArray[np.float64], dt: float, thresholds: NDArray[np.float64]) -> int:
    """Write ``2^32 P(J <= k)`` for J ~ Poisson(rate dt), by rows k; return the rows that matter.

    A 32-bit word J is the number of thresholds at or below it; more jumps than MAX_JUMPS are
    ruled out when the scenario is checked.
    """
    largest = 0.0
    for j in range(rate.size):
        largest = max(largest, rate[j] * dt)
    n_row = 1
    tail = 1.0 - np.exp(-largest)
    term = np.exp(-largest)
    while tail > 1e-10 and n_row < MAX_JUMPS:
        term *= largest / n_row
        tail -= term
        n_row += 1
    for j in range(rate.size):
        thresholds[0, j] = exp(-rate[j] * dt)
    for k in range(1, n_row):
        row, before = thresholds[k], thresholds[k - 1]
        for j in range(rate.size):
            row[j] = before[j] * (rate[j] * dt) / k
    for k in range(1, n_row):
        row, before = thresholds[k], thresholds[k - 1]
        for j in range(rate.size):
            row[j] += before[j]
    for k in range(n_row):
        row = thresholds[k]
        for j in range(rate.size):
            row[j] *= 4294967296.0
    return n_row
