"""`gate.toml`: which outcomes of which scenarios must not change, and by how much they may."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandwich_sim.errors import Problem, ScenarioError
from sandwich_sim.scenario.findings import Findings, KeyPath, dotted
from sandwich_sim.scenario.load import shipped_scenarios
from sandwich_sim.scenario.locate import find_spans, locate
from sandwich_sim.scenario.parse import ParseError, parse_toml
from sandwich_sim.scenario.tables import Table
from sandwich_sim.scenario.text_file import read_text

DEFAULT_NAME = "gate.toml"
LOOK_STEP = 4096
"""Looks are multiples of this."""
FEWEST = 4096
"""Trajectories of the first look at least; 16384 or more where false alarms matter."""
MOST = 2**24
MOST_LOOKS = 8
_GATE_KEYS = ("version", "alpha_fail", "beta_pass", "looks", "precision", "baselines", "scenarios")
_OUTCOME_KEYS = ("name", "mean", "quantiles", "probability", "distribution")


@dataclass(frozen=True)
class OutcomeRule:
    """One ``[[outcome]]`` of the file: names, perhaps with ``*``, and what is judged of them.

    Attributes
    ----------
    position : int
        Its place in the file, from 0.
    names : tuple of str
    mean_margin, low, high : float
        Of the mean; no margin: 0.
    levels : tuple of float
        Of the quantiles that are judged.
    quantile_margin, probability_margin, distribution_margin : float
    """

    position: int
    names: tuple[str, ...]
    mean_margin: float = 0.0
    low: float = 0.0
    high: float = 0.0
    levels: tuple[float, ...] = ()
    quantile_margin: float = 0.0
    probability_margin: float = 0.0
    distribution_margin: float = 0.0


@dataclass(frozen=True)
class GateFile:
    """A gate file, read and checked.

    Attributes
    ----------
    label : str
        The file as the user named it.
    text : str
    version : int
        A part of every seed of the gate.
    alpha_fail : float
        P(CHANGED where no true change exceeds its margin), of a whole run of the gate.
    beta_pass : float
        P(EQUIVALENT where some true change is at its margin or beyond).
    looks : tuple of int
        Cumulative trajectories.
    precision : float
        Median relative change that rounding explains.
    baselines : Path
        Folder of the baselines.
    scenarios : tuple of str
        Sources, as `load_scenario` takes them.
    outcomes : tuple of OutcomeRule
    """

    label: str
    text: str
    version: int
    alpha_fail: float
    beta_pass: float
    looks: tuple[int, ...]
    precision: float
    baselines: Path
    scenarios: tuple[str, ...]
    outcomes: tuple[OutcomeRule, ...]

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the file's text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def problem(self, path: KeyPath, message: str) -> Problem:
        """Return a problem of this file with its place."""
        return Problem(self.label, *locate(find_spans(self.text), path), dotted(path), message)

    def seed(self, scenario: str, side: str) -> int:
        """Return a seed: of the gate's version, the scenario and the side, never of time or commit."""
        text = f"sandwich-sim gate|{self.version}|{scenario}|{side}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def read_gate_file(path: Path, text: str | None = None) -> GateFile:
    """Read a gate file.

    Parameters
    ----------
    path : Path
        Also what the baselines' folder and scenario files are relative to.
    text : str, optional
        The file's text, where it is not the one on disk.

    Raises
    ------
    ScenarioError
        With all problems of the file at once.
    """
    label = str(path)
    if text is None:
        name_it = path.name == DEFAULT_NAME
        text = read_text(path, hint="Name it with --gate-file." if name_it else "Correct the path.")
    try:
        document = parse_toml(text)
    except ParseError as error:
        raise ScenarioError([Problem(label, error.line, error.column, error.key, str(error))]) from None
    findings = Findings()
    top = Table(document, (), findings, ("gate", "outcome"))
    top.missing("gate", "[gate] with version, looks and scenarios")
    top.missing("outcome", "[[outcome]] with a name and what must not change")
    gate = Table(document.get("gate", {}), ("gate",), findings, _GATE_KEYS)
    found = GateFile(
        label=label,
        text=text,
        version=gate.whole("version", 1, 2**31, 1),
        alpha_fail=gate.number("alpha_fail", 1e-12, 0.05) or 1e-5,
        beta_pass=gate.number("beta_pass", 1e-9, 0.05) or 1e-3,
        looks=_looks(gate),
        precision=gate.number("precision", 1e-13, 1e-3) or 1e-9,
        baselines=path.parent / gate.text("baselines", "baselines"),
        scenarios=_scenarios(gate, path.parent),
        outcomes=tuple(_outcomes(top)),
    )
    if findings:
        raise ScenarioError([found.problem(item.path, item.message) for item in findings.items])
    return found


def _looks(gate: Table) -> tuple[int, ...]:
    if gate.missing("looks", "looks = [16384, 65536, 262144]"):
        return (16384,)
    value = gate.data["looks"]
    is_whole = isinstance(value, list) and all(type(item) is int for item in value)
    if not is_whole or not 1 <= len(value) <= MOST_LOOKS:
        gate.add("looks", "is no list of 1 to 8 whole numbers. Use [16384, 65536, 262144], say.")
        return (16384,)
    if any(n % LOOK_STEP or not FEWEST <= n <= MOST for n in value) or sorted(set(value)) != value:
        gate.add("looks", f"must rise, in multiples of {LOOK_STEP} up to {MOST}. Use [16384, 65536, 262144].")
        return (16384,)
    return tuple(value)


def _scenarios(gate: Table, folder: Path) -> tuple[str, ...]:
    """Return the sources: shipped names, or files seen from the gate file's folder (``*`` allowed)."""
    if gate.missing("scenarios", 'scenarios = ["base"]'):
        return ()
    shipped, found = shipped_scenarios(), []
    for i, name in enumerate(gate.names("scenarios", ())):
        if name in shipped:
            found.append(name)
            continue
        is_inside = not Path(name).is_absolute() and name.endswith(".toml")
        paths = sorted(folder.glob(name)) if is_inside else []
        if not paths:
            hint = gate.findings.advise(name, shipped, "Shipped")
            gate.findings.add(
                (*gate.path, "scenarios", i), f"there is no scenario or file {name!r} here. {hint}"
            )
        found.extend(str(path) for path in paths)
    if not found and not gate.findings:
        gate.add("scenarios", 'names none. Use ["base"], say.')
    return tuple(dict.fromkeys(found))


def _outcomes(top: Table) -> Iterator[OutcomeRule]:
    if "outcome" not in top.data:
        return
    for position, (path, value) in enumerate(top.tables("outcome")):
        table = Table(value, path, top.findings, _OUTCOME_KEYS)
        table.missing("name", 'name = "cents_kept.* @ horizon", say')
        if table.is_table and not set(_OUTCOME_KEYS[1:]) & set(table.data):
            top.findings.add(path, "judges nothing. Add mean, quantiles, probability or distribution.")
        mean = _part(table, "mean", ("margin", "low", "high"))
        low, high = mean.number("low"), mean.number("high")
        if "mean" in table.data and (low is None or high is None or low >= high):
            table.add("mean", "lacks the range that values are cut to. Add low and high, low < high.")
        quantiles = _part(table, "quantiles", ("margin", "levels"))
        yield OutcomeRule(
            position=position,
            names=_names(table),
            mean_margin=_margin(mean),
            low=low or 0.0,
            high=high or 0.0,
            levels=_levels(quantiles),
            quantile_margin=_margin(quantiles, 1.0),
            probability_margin=_margin(_part(table, "probability", ("margin",)), 1.0),
            distribution_margin=_margin(_part(table, "distribution", ("margin",)), 1.0),
        )


def _names(table: Table) -> tuple[str, ...]:
    """Read one name or a list of them."""
    if isinstance(table.data.get("name"), list):
        return table.names("name", ())
    return (table.text("name", ""),)


def _part(table: Table, key: str, known: tuple[str, ...]) -> Table:
    return Table(table.data.get(key, {}), (*table.path, key), table.findings, known)


def _margin(part: Table, most: float = 1e300) -> float:
    if not part.data:
        return 0.0
    part.missing("margin", "margin, the smallest change that matters")
    margin = part.number("margin", 0.0, most)
    if margin == 0.0:
        part.add(
            "margin", "is 0: no number of trajectories shows that. Use the smallest change that matters."
        )
    return margin or 1.0


def _levels(part: Table) -> tuple[float, ...]:
    if not part.data:
        return ()
    value = part.data.get("levels")
    if not isinstance(value, list) or not value or not all(_is_level(item) for item in value):
        part.add("levels", "is no list of probabilities from 0.01 to 0.99. Use [0.05, 0.5, 0.95], say.")
        return ()
    return tuple(float(item) for item in value)


def _is_level(value: Any) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool) and 0.01 <= value <= 0.99
