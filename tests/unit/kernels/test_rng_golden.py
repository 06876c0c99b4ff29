"""Words of the random streams as numbers: the same on every platform, or the streams have a new version.

They were computed by another program, in plain integers, from the address as decision 002 states it.
"""

from __future__ import annotations

import numpy as np
import pytest

from sandwich_sim.kernels._jit import entry
from sandwich_sim.kernels.rng import STREAM_VERSION, key_of, philox4x32, stream_of, trajectory_words

STREAMS = {
    "open_source.gap": 0x30CE4324,
    "shock.gap": 0xCB45BF57,
    "shock.leap": 0x5C791D35,
    "shock.hop.chips.monopoly": 0xF59B53C6,
}
# seed, name, trajectory, step, draw, the four words
WORDS = [
    (0x0, "open_source.gap", 0x0, 0, 0, (0xF33A3E75, 0x6F62FF2D, 0x4E564974, 0xDEF41A95)),
    (0x1, "open_source.gap", 0xFF, 0, 0, (0x9D97F440, 0x688E55C1, 0x05281103, 0x5EC8F543)),
    (0x1, "open_source.gap", 0x3, 0, 1, (0xCE99230E, 0x9D6746B3, 0x1BF5C51C, 0xC78DD682)),
    (0x123456789ABCDEF, "shock.gap", 0x1, 4, 0, (0x99C55E01, 0x40D5D08E, 0x4FBC6C2E, 0x2C0E2FD4)),
    (0xFFFFFFFFFFFFFFFF, "shock.leap", 0xFFFFFFFF, 36, 0, (0x33E0C83F, 0x2E07174C, 0x19E86D01, 0x5251FF28)),
    (0x7, "shock.hop.chips.monopoly", 0x100000000, 40, 0, (0xAAB1B7F5, 0xCE051515, 0xE5ECD05F, 0x5CED36FE)),
    (
        0x7,
        "shock.hop.chips.monopoly",
        0xFFFFFFFFFFFF,
        65532,
        0,
        (0xB9C1E715, 0xB05E9F90, 0x397D36E9, 0xF1785970),
    ),
    (0x1352903, "shock.gap", 0x757D1, 120, 0, (0x60A3DA34, 0x520A2600, 0xF8695967, 0x7A797D51)),
]


@entry
def addressed_words(trajectory, step, stream, draw, key, out):
    c0, c1 = trajectory_words(trajectory, step)
    w0, w1, w2, w3 = philox4x32(c0, c1, stream, draw, key[0, 0], key[0, 1])
    out[0], out[1], out[2], out[3] = w0, w1, w2, w3


def test_the_words_below_are_those_of_this_version():
    assert STREAM_VERSION == 1


@pytest.mark.parametrize(("name", "stream"), STREAMS.items())
def test_a_name_has_its_stream_on_every_platform(name, stream):
    assert stream_of(name) == stream


@pytest.mark.parametrize(("seed", "name", "trajectory", "step", "draw", "expected"), WORDS)
def test_an_address_has_its_words_on_every_platform(seed, name, trajectory, step, draw, expected):
    out = np.zeros(4, dtype=np.uint64)
    stream, draw = np.uint64(stream_of(name)), np.uint64(draw)
    addressed_words(np.int64(trajectory), np.int64(step), stream, draw, key_of(seed), out)
    assert tuple(int(word) for word in out) == expected
