"""What the kernels read: a chain's structure and numbers as plain arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class ModelInputs(NamedTuple):
    """A scenario without its labels; ``model.py`` makes it.

    A *slot* is one number of the model: first the single tables (rows.SINGLE_KEYS), then
    ``HOP_KEYS x hop``, ``EDGE_KEYS x edge``, ``DEMAND_KEYS x entry``, key-major.

    Attributes
    ----------
    dt : float
        Length of a step [yr].
    n_step, steps_per_year : int
    n_hop, lab, compute : int
        Number of hops; the indices of those with a role.
    is_hardware, is_energy : ndarray of int64, shape (n_hop,)
        1 for the hops that follow the cost driver.
    edge_start : ndarray of int64, shape (n_hop + 1,)
        Edges of buyer h are ``edge_start[h]:edge_start[h + 1]``.
    edge_supplier, edge_is_capital, edge_expects : ndarray of int64, shape (n_edge,)
        Supplier; 1 for capital edges; 1 where ``expected_growth`` is given.
    demand_hop : ndarray of int64, shape (n_demand,)
    cobb_douglas : ndarray of int64, shape (n_hop,)
        1 where the elasticity of substitution is the constant 1, which saves an exp and a log.
    constant : ndarray of float64, shape (n_slot,)
        Value of each slot; NaN where it is drawn or absent.
    draw_of : ndarray of int64, shape (n_slot,)
        Row of the drawn parameter that fills the slot; -1 for constants.
    clip : ndarray of int64, shape (n_slot,)
        1 for levels that are kept within [1e-6, 1 - 1e-6].
    shock_streams : ndarray of uint64, shape (8 + 3 n_hop,)
        rows.CHAIN_SHOCKS, then for each hop scarcity, monopoly, pricing power.
    jump_streams : ndarray of uint64, shape (2,)
    keys : ndarray of uint64, shape (10, 2)
        Philox round keys of the seed.
    shocks : int
        0 sets every shock and jump to zero.
    """

    dt: float
    n_step: int
    steps_per_year: int
    n_hop: int
    lab: int
    compute: int
    is_hardware: NDArray[np.int64]
    is_energy: NDArray[np.int64]
    edge_start: NDArray[np.int64]
    edge_supplier: NDArray[np.int64]
    edge_is_capital: NDArray[np.int64]
    edge_expects: NDArray[np.int64]
    demand_hop: NDArray[np.int64]
    cobb_douglas: NDArray[np.int64]
    constant: NDArray[np.float64]
    draw_of: NDArray[np.int64]
    clip: NDArray[np.int64]
    shock_streams: NDArray[np.uint64]
    jump_streams: NDArray[np.uint64]
    keys: NDArray[np.uint64]
    shocks: int


class Work(NamedTuple):
    """Working arrays of one thread, for blocks of ``width`` trajectories (the last axis).

    ``values`` holds every slot; the others are named in ``rows.py``. ``thresholds`` are the
    cumulative Poisson probabilities of the two jumps, scaled to 32-bit words.
    """

    indices: NDArray[np.int64]
    values: NDArray[np.float64]
    drawn: NDArray[np.float64]
    hop: NDArray[np.float64]
    edge: NDArray[np.float64]
    demand: NDArray[np.float64]
    chain: NDArray[np.float64]
    record: NDArray[np.float64]
    cumulative: NDArray[np.float64]
    shocks: NDArray[np.float32]
    jumps: NDArray[np.float32]
    thresholds: NDArray[np.float64]
    n_threshold: NDArray[np.int64]
    words: NDArray[np.uint32]


MAX_JUMPS = 64
"""Most jumps a step can hold; ``model.py`` refuses rates for which more is likelier than 2^-33."""
