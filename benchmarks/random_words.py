"""Write the random words of the product to a pipe, in one of four orders, for a battery of tests.

    python benchmarks/random_words.py step | RNG_test stdin32 -tlmax 64GB

RNG_test is PractRand's. The orders are those in which neighboring addresses could betray each other: an input
of one trajectory after the other, a shock step by step, name by name, and seed by seed.
"""

from __future__ import annotations

import sys
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels._jit import entry
from sandwich_sim.kernels.rng import STEPS_PER_CALL, philox4x32, stream_of, trajectory_words

N_STEP = 64
N_NAME = 64
N_SEED = 256
CALLS = 1 << 20
"""Philox calls of one write, 16 MiB."""

Words = NDArray[np.uint32]


@entry
def fill(first: int, n_seed: int, n_step: int, streams: Any, words: Words) -> None:
    """Fill `words`, shape (calls, 4), from call `first` on: seeds run fastest, then names, then steps."""
    n_name = streams.size
    for row in range(words.shape[0]):
        rest = first + row
        seed = rest % n_seed
        rest //= n_seed
        stream = streams[rest % n_name]
        rest //= n_name
        step = (rest % n_step) * STEPS_PER_CALL
        low, high = trajectory_words(rest // n_step, step)
        w0, w1, w2, w3 = philox4x32(low, high, np.uint64(stream), np.uint64(0), np.uint64(seed), np.uint64(0))
        words[row, 0], words[row, 1], words[row, 2], words[row, 3] = w0, w1, w2, w3


ORDERS = {
    "trajectory": (1, 1, 1),
    "step": (1, N_STEP, 1),
    "name": (1, 1, N_NAME),
    "seed": (N_SEED, 1, 1),
}
"""Seeds, steps and names that one trajectory is written for, before the next."""


@click.command()
@click.argument("order", type=click.Choice(list(ORDERS)))
def main(order: str) -> None:
    """Write words, 32 bits each, to stdout until the reader has enough."""
    n_seed, n_step, n_name = ORDERS[order]
    streams = np.array([stream_of(f"hop {number}") for number in range(n_name)], dtype=np.uint64)
    words = np.empty((CALLS, 4), dtype=np.uint32)
    first = 0
    try:
        while True:
            fill(first, n_seed, n_step, streams, words)
            sys.stdout.buffer.write(words)
            first += CALLS
    except BrokenPipeError:
        sys.stderr.close()  # the interpreter would complain of the pipe once more


if __name__ == "__main__":
    main()
