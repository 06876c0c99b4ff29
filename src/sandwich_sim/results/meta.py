"""What a run folder says about itself: plain values from which its whole layout follows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from datetime import date
from typing import Any, Literal, get_args

from sandwich_sim.results.event_rules import rule_of
from sandwich_sim.scenario.parameters import parameter_of
from sandwich_sim.scenario.spec import Sampler, ScenarioSpec
from sandwich_sim.variables import expand_series, series_names

Keep = Literal["summary", "outcomes", "paths"]

N_SCRAMBLE = 16
"""Independent scrambles (Sobol) or designs (Latin hypercube); trajectory i is of number i % 16."""
MAX_SOBOL = N_SCRAMBLE * 2**32
"""Trajectories that the scrambles have in all."""
UNIT = 32768
"""Trajectories in a unit of work, which is one chunk of the store unless paths are kept."""
PATHS_CHUNK = 4096
"""Trajectories in a chunk where paths are kept: about 100 MB for the default chain."""
FAN_QUANTILES = (0.05, 0.25, 0.50, 0.75, 0.95)
"""Quantiles stored at every record of the fan series."""


@dataclass(frozen=True, kw_only=True)
class RunMeta:
    """Everything that shapes and labels the results of a run.

    Attributes
    ----------
    name, title, summary : str
        Of the scenario.
    start : date
        Date of the first record.
    years, steps_per_year : int
    hops, hop_titles : tuple of str
    events, event_titles, event_rules : tuple of str
        The rules say in words when each event happens.
    parameters : tuple of str
        Dotted names of the drawn parameters.
    fans, keep_series : tuple of str
        Spelled-out series (``margin.lab``, ``gap``) with a histogram at every record, and
        those kept for each trajectory at each year's record.
    n_trajectories, seed : int
    sampler : {"random", "latin-hypercube", "sobol"}
    keep : {"summary", "outcomes", "paths"}
    shocks : bool
        False where every shock was held at zero.
    stream_version : int
        Version of the random streams.
    scenario_digest : str
        SHA-256 (hex) of all that can change a result.
    sobol_slots : tuple of str
    unit : int
        Trajectories a chunk.
    quantiles : tuple of float
        Of the stored fans.
    """

    name: str
    title: str
    summary: str
    start: date
    years: int
    steps_per_year: int
    hops: tuple[str, ...]
    hop_titles: tuple[str, ...]
    events: tuple[str, ...]
    event_titles: tuple[str, ...]
    parameters: tuple[str, ...]
    fans: tuple[str, ...]
    keep_series: tuple[str, ...]
    n_trajectories: int
    seed: int
    sampler: Sampler
    keep: Keep
    shocks: bool
    stream_version: int
    scenario_digest: str
    sobol_slots: tuple[str, ...]
    event_rules: tuple[str, ...] = ()
    unit: int = UNIT
    quantiles: tuple[float, ...] = FAN_QUANTILES

    @property
    def n_record(self) -> int:
        """Records of a series: start, then every step."""
        return self.years * self.steps_per_year + 1

    @property
    def series(self) -> tuple[str, ...]:
        """Every recorded series, in the order of the kernel's record."""
        return series_names(self.hops)

    @property
    def is_replicated(self) -> bool:
        """Whether standard errors must be taken across scrambles (or designs)."""
        return self.sampler != "random"

    @property
    def run_digest(self) -> str:
        """SHA-256 (hex) of the scenario's digest and of every option: one digest, one result."""
        return _digest(self.to_document())

    @property
    def folder_name(self) -> str:
        """Name of the folder where none is given: the run digest covers the scenario and all options."""
        return f"{self.name}-{self.run_digest[:8]}"

    def to_document(self) -> dict[str, Any]:
        """Return plain JSON values; `meta_from_document` is the way back."""
        return asdict(self) | {"start": self.start.isoformat()}


def _digest(document: Mapping[str, Any]) -> str:
    text = json.dumps(document, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def meta_from_document(document: Mapping[str, Any], digest: str | None = None) -> RunMeta:
    """Read what `RunMeta.to_document` wrote.

    Parameters
    ----------
    digest : str, optional
        Its `RunMeta.run_digest` as it lies beside it.

    Raises
    ------
    KeyError, TypeError, ValueError
        If the document is not one.
    """
    if digest is not None and digest != _digest(document):
        raise ValueError("is not what its digest is of")
    # What has a default may be missing: it came later.
    known = [field for field in fields(RunMeta) if field.name in document or field.default is MISSING]
    values = {field.name: document[field.name] for field in known}
    for name, value in values.items():
        if isinstance(value, list):
            values[name] = tuple(value)
    _check_values(values)
    meta = RunMeta(**values | {"start": date.fromisoformat(values["start"])})
    if not 1900 <= meta.start.year <= 2200:
        raise ValueError("starts when no scenario does")
    if meta.sampler == "sobol" and meta.n_trajectories > MAX_SOBOL:
        raise ValueError("has more trajectories than its sampler")
    if not set(meta.fans) | set(meta.keep_series) <= set(meta.series):
        raise ValueError("names series that there are not")
    for name in meta.parameters:
        parameter_of(name)
    return meta


_WHOLE = {
    "years": (1, 100),
    "steps_per_year": (1, 365),
    "n_trajectories": (1, 2**48 - 1),
    "seed": (0, 2**64 - 1),
    "stream_version": (0, 2**31),
    "unit": (1, 2**31),
}
"""Whole numbers of a description, and what a run can have: the same as its scenario, or more."""
_MOST_NAMES = 10_000


def _check_values(values: Mapping[str, Any]) -> None:
    """Refuse what a description cannot hold, so that nothing is laid out, or allocated, by it.

    Raises
    ------
    TypeError, ValueError
    """
    for field in fields(RunMeta):
        value = values.get(field.name, field.default)
        if field.name in _WHOLE:
            low, high = _WHOLE[field.name]
            is_right = type(value) is int and low <= value <= high
        elif field.name == "shocks":
            is_right = isinstance(value, bool)
        elif field.name == "quantiles":
            is_right = isinstance(value, tuple) and all(type(q) is float and 0.0 < q < 1.0 for q in value)
        elif str(field.type).startswith("tuple"):
            is_right = isinstance(value, tuple) and all(isinstance(name, str) for name in value)
        else:
            is_right = isinstance(value, str)
        if not is_right or (isinstance(value, tuple) and len(value) > _MOST_NAMES):
            raise ValueError(f"{field.name} is not that of a run")
    titles = ("hops", "hop_titles"), ("events", "event_titles")
    if any(len(values[one]) != len(values[other]) for one, other in titles) or not values["hops"]:
        raise ValueError("the titles are not those of its hops and events")
    if len(values.get("event_rules", ())) not in (0, len(values["events"])):
        raise ValueError("the rules are not those of its events")
    if values["sampler"] not in get_args(Sampler) or values["keep"] not in get_args(Keep):
        raise ValueError("a choice that there is not")


def meta_of(
    spec: ScenarioSpec,
    *,
    n_trajectories: int,
    seed: int,
    keep: Keep,
    stream_version: int,
    sampler: Sampler | None = None,
    shocks: bool = True,
    unit: int | None = None,
) -> RunMeta:
    """Describe a run of a scenario; ``sampler`` defaults to the scenario's own, ``unit`` by ``keep``."""
    return RunMeta(
        name=spec.name,
        title=spec.title,
        summary=spec.summary,
        start=spec.start,
        years=spec.years,
        steps_per_year=spec.steps_per_year,
        hops=spec.hop_names,
        hop_titles=tuple(hop.title for hop in spec.hops),
        events=tuple(event.name for event in spec.events),
        event_titles=tuple(event.title for event in spec.events),
        event_rules=tuple(rule_of(event) for event in spec.events),
        parameters=spec.drawn,
        fans=expand_series(spec.run.fans, spec.hop_names),
        keep_series=expand_series(spec.run.keep_series, spec.hop_names),
        n_trajectories=n_trajectories,
        seed=seed,
        sampler=sampler or spec.run.sampler,
        keep=keep,
        shocks=shocks,
        stream_version=stream_version,
        scenario_digest=spec.digest,
        sobol_slots=spec.sobol_slots,
        unit=unit or (PATHS_CHUNK if keep == "paths" else UNIT),
    )
