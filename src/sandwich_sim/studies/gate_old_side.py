"""The old side of a comparison: what the baseline keeps, and what another installed version computes."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.errors import UsageError
from sandwich_sim.studies.gate_baseline import Baseline
from sandwich_sim.studies.gate_values import PROTOCOL

Floats = NDArray[np.float64]

_PATIENCE = 3600.0  # seconds: it may have to compile


@dataclass(frozen=True)
class OtherPython:
    """A Python that has another version of the product.

    Attributes
    ----------
    path : Path
    threads : int, optional
    """

    path: Path
    threads: int | None = None

    def values(
        self, baseline: Baseline, metrics: tuple[str, ...], first: int, stop: int, seed: int
    ) -> Floats:
        """Let it compute outcomes of the baseline's own scenario, shape (n_metric, stop - first).

        Raises
        ------
        UsageError
            If there is no such Python, it lacks the product, or it cannot answer.
        """
        request = {
            "protocol": PROTOCOL,
            "scenario": baseline.scenario,
            "metrics": list(metrics),
            "first": first,
            "stop": stop,
            "seed": seed,
            "threads": self.threads,
        }
        # Nothing of this process may leak into the other: it has its own packages and kernels.
        left_out = ("PYTHONPATH", "PYTHONHOME", "SANDWICH_SIM_CACHE")
        environment = {key: value for key, value in os.environ.items() if key not in left_out}
        try:
            done = subprocess.run(
                [str(self.path), "-m", "sandwich_sim.studies.gate_values"],
                input=json.dumps(request).encode(),
                capture_output=True,
                timeout=_PATIENCE,
                check=False,
                env=environment,
                cwd=Path(os.sep),
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UsageError(f"--baseline-python {self.path}: cannot be run ({error}). Correct it.") from None
        line, _, data = done.stdout.partition(b"\n")
        if done.returncode or not line:
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
            raise UsageError(
                f"--baseline-python {self.path}: does not answer ({last[0]}). Install the version of "
                f"the baseline there, {baseline.version}."
            )
        header = json.loads(line)
        if "error" in header:
            raise UsageError(f"--baseline-python {self.path}: {header['error']}.")
        if header["stream_version"] != baseline.stream_version:
            raise UsageError(
                f"--baseline-python {self.path}: draws by stream version {header['stream_version']}, the "
                f"baseline was made by {baseline.stream_version}. Install {baseline.version} there."
            )
        values = np.frombuffer(data, dtype="<f4").reshape(header["shape"])
        return np.asarray(values, dtype=np.float64)
