"""The generator: published vectors, the address of a draw, the open interval."""

from __future__ import annotations

import numpy as np
import pytest

from sandwich_sim.kernels._jit import entry
from sandwich_sim.kernels.rng import (
    MAX_SEED,
    key_of,
    philox4x32,
    stream_of,
    trajectory_words,
    uniform,
)


@entry
def words_of(counter, key, out):
    w0, w1, w2, w3 = philox4x32(counter[0], counter[1], counter[2], counter[3], key[0], key[1])
    out[0], out[1], out[2], out[3] = w0, w1, w2, w3


@entry
def uniform_of(words):
    return uniform(words[0], words[1])


@entry
def address_of(trajectory, step, out):
    low, high = trajectory_words(trajectory, step)
    out[0], out[1] = low, high


ONES = 0xFFFFFFFF
PUBLISHED = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ONES,) * 4, (ONES,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "expected"), PUBLISHED)
def test_philox_gives_the_published_words(counter, key, expected):
    out = np.zeros(4, dtype=np.uint64)
    words_of(np.array(counter, dtype=np.uint64), np.array(key, dtype=np.uint64), out)
    assert tuple(int(word) for word in out) == expected


@pytest.mark.parametrize("words", [(0, 0), (ONES, ONES), (0, ONES), (ONES, 0)])
def test_uniforms_of_extreme_words_lie_inside(words):
    assert 0.0 < uniform_of(np.array(words, dtype=np.uint64)) < 1.0


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(ValueError, match="is not in"):
        key_of(seed)


def test_both_halves_of_a_seed_are_used():
    assert key_of(5)[0].tolist() == [5, 0]
    assert key_of(5 << 32)[0].tolist() == [0, 5]


def test_no_two_trajectories_or_steps_share_an_address():
    trajectories = [0, 1, 2**16, 2**32 - 1, 2**32, 2**32 + 1, 2**47, 2**48 - 1]
    seen = set()
    out = np.zeros(2, dtype=np.uint64)
    for trajectory in trajectories:
        for step in (0, 1, 255, 2**15, 2**16 - 1):
            address_of(trajectory, step, out)
            assert int(out[0]) <= ONES
            assert int(out[1]) <= ONES
            seen.add((int(out[0]), int(out[1])))
    assert len(seen) == len(trajectories) * 5


def test_streams_depend_on_the_name_alone():
    assert stream_of("open_source.gap") == stream_of("open_source.gap") != stream_of("shock.gap")
    assert 0 <= stream_of("shock.gap") <= ONES
