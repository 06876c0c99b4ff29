"""The weights of an update as a dataset of their own, beside the run that they belong to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sandwich_sim.analysis.update_result import Posterior, Update
from sandwich_sim.studies.sweep_files import save_dataset

if TYPE_CHECKING:
    import xarray as xr


def weights_dataset(posterior: Posterior, title: str = "") -> xr.Dataset:
    """Return the weight of each trajectory, with what it belongs to.

    Returns
    -------
    xarray.Dataset
        ``log_weight`` by trajectory: natural logarithms of weights that sum to 1.
    """
    import xarray as xr

    meta, found = posterior.meta, posterior.diagnosis
    with np.errstate(divide="ignore"):
        log_weight = np.log(posterior.weights.values)
    attributes = {"long_name": "Logarithm of the weight given the evidence", "units": "1"}
    return xr.Dataset(
        {
            "log_weight": ("trajectory", log_weight, attributes),
            "scramble": ("trajectory", posterior.weights.scramble, {"long_name": "Scramble"}),
        },
        coords={"trajectory": np.arange(posterior.weights.n)},
        attrs={
            "title": title,
            "source": posterior.source,
            "scenario_digest": meta.scenario_digest,
            "seed": str(meta.seed),  # up to 2^64 - 1, which no file format holds as a signed number
            "sampler": meta.sampler,
            "adapted_rounds": posterior.rounds,
            "effective_sample_size": found.effective,
            "largest_weight": found.largest,
            "k_hat": found.k_hat,
            "log_evidence": posterior.weights.log_evidence.value,
            "log_evidence_standard_error": posterior.weights.log_evidence.standard_error,
        },
    )


def save_weights(result: Update, path: Path) -> None:
    """Write the weights of an update of one scenario or run; no run folder is touched."""
    save_dataset(weights_dataset(result.posteriors[0], result.evidence.title), path)
