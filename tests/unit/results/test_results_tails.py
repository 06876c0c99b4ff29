"""The tails of a run are those that sorting finds, however they are put together."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandwich_sim.results.tails import TAIL, find_tails, merge_tails, no_tails
from synthetic_run import tails as sorted_tails

SHAPE = (4, 3)


def same(found, expected):
    np.testing.assert_array_equal(found.index, expected["tail_index"])
    np.testing.assert_array_equal(found.value.astype(np.float32), expected["tail_value"])


@pytest.mark.parametrize("n", [0, 1, 31, 32, 33, 255, 511, 512, 513, 4096, 32768 + 77])
@pytest.mark.parametrize("kind", ["noise", "ties", "constant", "rising", "nan", "infinite"])
def test_tails_are_those_of_sorted_values(n, kind):
    chance = np.random.default_rng(n)
    values = chance.standard_normal((*SHAPE, n)).astype(np.float32)
    if kind == "ties":
        values = np.round(values)
    elif kind == "constant":
        values[...] = 2.5
    elif kind == "rising":
        values = np.sort(values, axis=-1)
    elif kind == "nan":
        values[..., chance.random(n) < 0.9] = np.nan
        values[0] = np.nan
    elif kind == "infinite":
        values[..., ::100] = np.inf
        values[..., 1::100] = -np.inf
    if n > 4096:
        values = values[:1, :1]  # sorting by the definition takes its time
    same(find_tails(values, 0), sorted_tails(values))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 700), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_tails_of_pieces_in_any_order_are_those_of_the_whole(sizes, chance):
    values = np.round(np.random.default_rng(sum(sizes)).standard_normal((*SHAPE, sum(sizes))), 1)
    ends = np.cumsum(sizes)
    pieces = [
        find_tails(values[..., end - n : end].astype(np.float32), int(end - n))
        for n, end in zip(sizes, ends, strict=True)
    ]
    chance.shuffle(pieces)
    found = no_tails(*SHAPE)
    for piece in pieces:
        found = merge_tails(found, piece)
    same(found, sorted_tails(values.astype(np.float32)))
    assert found.index.shape == (*SHAPE, 2, TAIL)
