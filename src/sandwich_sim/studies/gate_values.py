"""The private command through which one version of the product asks another for outcomes.

``python -m sandwich_sim.studies.gate_values`` reads one JSON request on stdin and answers on stdout
with one line of JSON and then the values as little-endian float32, metric by metric. It is no
interface for people: only `gate --baseline-python` calls it, and its version is part of every request.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from sandwich_sim._version import __version__
from sandwich_sim.analysis.gate_statistics import rounded
from sandwich_sim.analysis.metrics import parse_metrics
from sandwich_sim.errors import SandwichSimError
from sandwich_sim.kernels.rng import STREAM_VERSION
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.studies.gate_observe import observe_values

PROTOCOL = 1


def answer(request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Answer one request.

    Parameters
    ----------
    request : dict
        ``protocol`` (1), ``scenario`` (TOML), ``metrics`` (names), ``first`` and ``stop``
        (trajectories), ``seed``, ``threads`` (or null).

    Returns
    -------
    header : dict
        ``protocol``, ``version``, ``stream_version``, ``shape``; or ``error``.
    values : bytes
    """
    header: dict[str, Any] = {"protocol": PROTOCOL, "version": __version__, "stream_version": STREAM_VERSION}
    if request.get("protocol") != PROTOCOL:
        return header | {"error": f"it speaks version {PROTOCOL} of the protocol"}, b""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scenario.toml"
        path.write_text(request["scenario"], encoding="utf-8")
        try:
            spec = load_scenario(path)
            values = observe_values(
                spec,
                parse_metrics(request["metrics"], spec),
                first=request["first"],
                stop=request["stop"],
                seed=request["seed"],
                threads=request["threads"],
            )
        except SandwichSimError as error:
            return header | {"error": str(error).replace(str(path), "the stored scenario")}, b""
    return header | {"shape": list(values.shape)}, np.asarray(rounded(values), dtype="<f4").tobytes()


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Read one request and write its answer."""
    header, values = answer(json.load(source))
    sink.write(json.dumps(header).encode() + b"\n")
    sink.write(values)
    sink.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
