"""The stored side of a gate: three small files a scenario, meant for version control.

``NAME.json`` holds what a person may want to read in a diff, ``NAME.toml`` the scenario with
everything filled in, ``NAME.npz`` the numbers of the first look. The JSON file is written last and
holds the digests of the other two.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandwich_sim.analysis.gate_drift import Drift
from sandwich_sim.analysis.gate_statistics import Sums
from sandwich_sim.errors import IntegrityError
from sandwich_sim.studies.gate_observe import Probe

Floats = NDArray[np.float64]

FORMAT = 1
LARGEST_FILE = 2_000_000
"""Bytes of the numbers of one scenario."""
_PROBE_ARRAYS = ("draws", "normals", "yearly")
_PROBE_NAMES = ("drawn", "shocks", "series")


@dataclass(frozen=True)
class Step:
    """One accepted change, as the drift ledger has it.

    Attributes
    ----------
    reason : str
    verdict : str
        What the gate said of it.
    declared : tuple of str
        Statistics that CHANGED: their shift was meant, and does not count as drift.
    shifts : dict of str to list of float
        By statistic: change, its standard error, trajectories that changed up and down.
    """

    reason: str
    verdict: str
    declared: tuple[str, ...]
    shifts: dict[str, list[float]]


@dataclass(frozen=True)
class Baseline:
    """What a scenario's outcomes were when they were last accepted.

    Attributes
    ----------
    name, reason, version : str
        Of the scenario, of its acceptance, of the product.
    gate_version : int
    scenario_digest : str
    stream_version : int
    platform : str
        Platform fingerprint, without our own code.
    bits : str
        Digest of all that a run of the first look keeps.
    looks : tuple of int
    metrics : dict of str to str
        Outcomes and their units, in the order of ``values``.
    thresholds : dict of str to float
        Frozen, by quantile statistic.
    sums : dict of str to Sums
        By statistic: of the last look, with seeds of its own.
    slots : tuple of str
        Sobol dimensions.
    ledger : tuple of Step
        Accepted since the release that drift is measured from.
    scenario : str
        TOML of the resolved scenario.
    values : ndarray of float32, shape (n_metric, n)
        Of the first look.
    grids : dict of str to ndarray of float32
        Equally spaced quantiles, by distribution statistic.
    probe : Probe
    """

    name: str
    reason: str
    version: str
    gate_version: int
    scenario_digest: str
    stream_version: int
    platform: str
    bits: str
    looks: tuple[int, ...]
    metrics: dict[str, str]
    thresholds: dict[str, float]
    sums: dict[str, Sums]
    slots: tuple[str, ...]
    ledger: tuple[Step, ...]
    scenario: str
    values: NDArray[np.float32]
    grids: dict[str, NDArray[np.float32]]
    probe: Probe

    def drift_of(self, statistic: str) -> Drift:
        """Add up the changes of a statistic that were accepted since the last release, and not meant."""
        drift = Drift()
        for step in self.ledger:
            if statistic in step.shifts and statistic not in step.declared:
                shift, error, n_up, n_down = step.shifts[statistic]
                drift = drift.plus(shift, error, int(n_up), int(n_down))
        return drift


def save_baseline(baseline: Baseline, folder: Path) -> tuple[Path, ...]:
    """Write the three files of a baseline; a crash leaves the old ones or a set that is refused.

    Raises
    ------
    IntegrityError
        If its numbers would be too large for version control.
    """
    numbers = _numbers(baseline)
    text = _json_text(baseline, numbers)
    if len(numbers) > LARGEST_FILE:
        raise IntegrityError(
            f"the baseline of {baseline.name} would take {len(numbers)} bytes, more than {LARGEST_FILE}. "
            "Gate fewer outcomes, or make the first look shorter."
        )
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for ending, data in ((".npz", numbers), (".toml", baseline.scenario.encode()), (".json", text.encode())):
        path = folder / f"{baseline.name}{ending}"
        part = path.with_name(f".{path.name}.part")
        with part.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
        written.append(path)
    return tuple(written)


def load_baseline(name: str, folder: Path) -> Baseline | None:
    """Read a baseline; None if there is none.

    Raises
    ------
    IntegrityError
        If a file is damaged, missing or of another format.
    """
    path = folder / f"{name}.json"
    if not path.is_file():
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] != FORMAT:
            raise IntegrityError(f"{path}: is of format {document['format']}, not {FORMAT}. Accept it anew.")
        numbers = path.with_suffix(".npz").read_bytes()
        scenario = path.with_suffix(".toml").read_bytes()
        found = [hashlib.sha256(data).hexdigest() for data in (numbers, scenario)]
        if found != [document["numbers_digest"], document["scenario_file_digest"]]:
            raise IntegrityError(
                f"{path}: the .npz or .toml file beside it is another one. Restore all three files."
            )
        return _baseline(document, scenario.decode(), _arrays(numbers))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IntegrityError(
            f"{path}: is damaged ({type(error).__name__}). Restore it, or accept the outcomes anew."
        ) from None


def _baseline(document: dict[str, Any], scenario: str, arrays: dict[str, NDArray[Any]]) -> Baseline:
    probe: dict[str, Any] = {name: tuple(arrays[name].tolist()) for name in _PROBE_NAMES}
    probe |= {name: arrays[name] for name in _PROBE_ARRAYS}
    known: dict[str, Any] = {f.name: document[f.name] for f in fields(Baseline) if f.name in document}
    known |= {
        "looks": tuple(document["looks"]),
        "slots": tuple(document["slots"]),
        "sums": {name: Sums(*numbers) for name, numbers in document["sums"].items()},
        "ledger": tuple(Step(**step | {"declared": tuple(step["declared"])}) for step in document["ledger"]),
        "scenario": scenario,
        "values": _from_planes(arrays["values"]),
        "grids": dict(zip(document["distributions"], arrays["grids"], strict=True)),
        "probe": Probe(**probe),
    }
    return Baseline(**known)


def baseline_digest(name: str, folder: Path) -> str:
    """Return the SHA-256 (hex) of a baseline; its JSON file holds the digests of the other two."""
    return hashlib.sha256((folder / f"{name}.json").read_bytes()).hexdigest()


def _json_text(baseline: Baseline, numbers: bytes) -> str:
    """Write what is small, one thing a line, so that a diff shows what moved."""
    skipped = ("scenario", "values", "grids", "probe", "sums", "ledger")
    document: dict[str, Any] = {"format": FORMAT}
    document |= {f.name: getattr(baseline, f.name) for f in fields(Baseline) if f.name not in skipped}
    document["distributions"] = list(baseline.grids)
    document["numbers_digest"] = hashlib.sha256(numbers).hexdigest()
    document["scenario_file_digest"] = hashlib.sha256(baseline.scenario.encode()).hexdigest()
    document["sums"] = {
        name: [s.n, _short(s.mean), _short(s.spread), _short(s.skewness), s.count]
        for name, s in baseline.sums.items()
    }
    document["ledger"] = [asdict(step) for step in baseline.ledger]
    return _lines(document) + "\n"


def _short(value: float) -> float:
    """Nine digits are far beyond the noise, and the same on every platform."""
    return float(f"{value:.9g}")


def _lines(value: Any, depth: int = 0) -> str:
    """JSON with tables broken into lines and lists kept on one."""
    if not isinstance(value, Mapping) and not (
        isinstance(value, list) and value and isinstance(value[0], Mapping)
    ):
        return json.dumps(value, ensure_ascii=False)
    indent, end = "  " * (depth + 1), "  " * depth
    if isinstance(value, list):
        items, marks = [_lines(item, depth + 1) for item in value], "[]"
    else:
        items = [f"{json.dumps(str(key))}: {_lines(item, depth + 1)}" for key, item in value.items()]
        marks = "{}"
    if not items:
        return marks
    return marks[0] + "".join(f"\n{indent}{item}," for item in items)[:-1] + f"\n{end}{marks[1]}"


def _numbers(baseline: Baseline) -> bytes:
    """Pack the arrays; the same arrays give the same bytes."""
    probe = baseline.probe
    grids = list(baseline.grids.values())
    arrays: dict[str, Any] = {
        "values": _to_planes(baseline.values),
        "grids": np.stack(grids) if grids else np.empty((0, 0), dtype=np.float32),
        **{name: np.array(getattr(probe, name), dtype=np.str_) for name in _PROBE_NAMES},
        **{name: getattr(probe, name) for name in _PROBE_ARRAYS},
    }
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def _arrays(numbers: bytes) -> dict[str, NDArray[Any]]:
    with np.load(io.BytesIO(numbers), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _to_planes(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Lay the first bytes of all numbers beside each other, then the second ones: packs better."""
    whole = np.ascontiguousarray(values, dtype="<f4").view(np.uint8)
    return np.ascontiguousarray(np.moveaxis(whole.reshape(*values.shape, 4), -1, 0))


def _from_planes(planes: NDArray[np.uint8]) -> NDArray[np.float32]:
    whole = np.ascontiguousarray(np.moveaxis(planes, 0, -1))
    return np.asarray(whole.view("<f4")[..., 0], dtype=np.float32)
