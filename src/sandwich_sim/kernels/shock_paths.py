"""The shocks of whole paths, as the kernels draw them: for the twin, replay and statistics."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.kernels._jit import entry
from sandwich_sim.kernels.inputs import ModelInputs, Work
from sandwich_sim.kernels.rng import STEPS_PER_CALL
from sandwich_sim.kernels.shocks import fill_shocks, fill_thresholds


@entry
def draw_shock_paths(
    inputs: ModelInputs,
    indices: NDArray[np.int64],
    leap_rate: NDArray[np.float64],
    release_rate: NDArray[np.float64],
    work: Work,
    shocks: NDArray[np.float64],
    jumps: NDArray[np.float64],
) -> None:
    """Write every shock of every step.

    Parameters
    ----------
    indices : ndarray of int64, shape (width,)
    leap_rate, release_rate : ndarray of float64, shape (width,)
        Drawn rates of the two jumps [1/yr].
    shocks : ndarray of float64, shape (n_step, n_shock, width)
        Written: standard normals [1].
    jumps : ndarray of float64, shape (n_step, 2, width)
        Written: Poisson counts [1].
    """
    work.n_threshold[0] = fill_thresholds(leap_rate, inputs.dt, work.thresholds[0])
    work.n_threshold[1] = fill_thresholds(release_rate, inputs.dt, work.thresholds[1])
    for n in range(inputs.n_step):
        s = n % STEPS_PER_CALL
        if s == 0:
            fill_shocks(
                n,
                inputs.shock_streams,
                inputs.jump_streams,
                inputs.keys,
                indices,
                work.thresholds,
                work.n_threshold,
                work.words,
                work.shocks,
                work.jumps,
            )
        for i in range(shocks.shape[1]):
            for j in range(indices.size):
                shocks[n, i, j] = work.shocks[s, i, j]
        for i in range(jumps.shape[1]):
            for j in range(indices.size):
                jumps[n, i, j] = work.jumps[s, i, j]
