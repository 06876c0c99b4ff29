"""The table of one distribution in a scenario file, read key by key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import inf, isfinite, nan
from pathlib import Path
from typing import Any

from sandwich_sim.scenario.findings import Findings, KeyPath, shown, without_quotes
from sandwich_sim.scenario.quantile_fit import Point

QUANTILE_KEY = re.compile(r"p(\d{1,2}(?:[._]\d{1,6})?)\Z")
MAX_VALUES = 10_000
LEAST_SIZE = 1e-300
"""What is smaller, and not zero, is a slip, and would lose digits or overflow when divided by."""


def is_number(value: object) -> bool:
    """Whether a value is a TOML integer or float (true and false are not)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def finite(value: object, path: KeyPath, findings: Findings) -> float:
    """Return a plain number as float; NaN, and a finding, for anything else."""
    if not is_number(value):
        findings.add(path, f"is {shown(value)}. {without_quotes(value) or 'Use a number.'}".rstrip())
        return nan
    try:
        number = float(value)  # type: ignore[arg-type]
    except OverflowError:
        number = inf
    if not isfinite(number):
        findings.add(path, "is not finite. Use a finite number.")
        return nan
    if 0.0 < abs(number) < LEAST_SIZE:
        findings.add(path, f"is {shown(value)}, next to nothing. Use 0, or at least {LEAST_SIZE:g}.")
        return nan
    return number + 0.0  # no negative zero


@dataclass(frozen=True)
class Fields:
    """The table of one distribution; what is wrong goes to ``findings`` and reads as NaN."""

    table: Mapping[str, Any]
    path: KeyPath
    findings: Findings
    folder: Path | None

    def add(self, key: str, message: str) -> None:
        self.findings.add((*self.path, key), message)

    def number(self, key: str, default: float | None = None) -> float:
        if key not in self.table:
            if default is None:
                truncating = {"low": "min", "high": "max"}.get(key)
                aside = f"; {truncating} only truncates" if truncating in self.table else ""
                self.add(key, f"is missing. Add it{aside}.")
            return nan if default is None else default
        return finite(self.table[key], (*self.path, key), self.findings)

    def positive(self, key: str, default: float | None = None) -> float:
        value = self.number(key, default)
        if value <= 0.0:
            self.add(key, f"is {value:g}. Use a number above 0.")
            return nan
        return value

    def rising(self, *keys: str, strictly: bool = False) -> tuple[float, ...]:
        """Read numbers that must not fall; the last must exceed the first."""
        values = tuple(self.number(key) for key in keys)
        for i in range(len(keys) - 1):
            if values[i] > values[i + 1] or (strictly and values[i] == values[i + 1]):
                sign = "<" if strictly else "<="
                self.add(
                    keys[i + 1],
                    f"{keys[i]} = {values[i]:g} and {keys[i + 1]} = {values[i + 1]:g} are out of order. "
                    f"Use {f' {sign} '.join(keys)}.",
                )
        if values[0] == values[-1] and not strictly:
            same = f"{keys[0]} and {keys[-1]} are both {values[0]:g}"
            self.add(keys[-1], f"{same}. Use a plain number instead.")
        return values

    def numbers(self, key: str, n_least: int) -> tuple[float, ...]:
        """Read a list of numbers."""
        value = self.table.get(key)
        if not isinstance(value, list):
            found = "is missing" if value is None else f"is {shown(value)}"
            self.add(key, f"{found}. Use a list of numbers.")
            return ()
        if not n_least <= len(value) <= MAX_VALUES:
            self.add(key, f"has {len(value)} values. Use {n_least} to {MAX_VALUES}.")
            return ()
        return tuple(finite(item, (*self.path, key, i), self.findings) for i, item in enumerate(value))

    @property
    def quantile_keys(self) -> list[str]:
        return [key for key in self.table if QUANTILE_KEY.match(key)]

    def two_quantiles(self, positive: bool = False) -> tuple[Point, Point] | None:
        """Read two ``pNN`` keys, in the order of their probabilities."""
        if len(self.quantile_keys) != 2:
            self.findings.add(
                self.path,
                f"does not have two quantiles but {len(self.quantile_keys)}. Use p5 and p95, say, "
                "or quantiles = { ... } for another number of them.",
            )
            return None
        points = read_quantiles(self.table, self.quantile_keys, self.path, self.findings)
        if points is None:
            return None
        if positive and points[0][1] <= 0.0:
            key = min(self.quantile_keys, key=lambda key: probability_of(key) or 0.0)
            found = f"is {points[0][1]:g}, but the values of this distribution are above 0"
            self.add(key, f"{found}. Use a number above 0.")
            return None
        return points[0], points[1]


def probability_of(key: str) -> float | None:
    """Return the probability that a key such as ``p5`` or ``"p2.5"`` stands for."""
    match = QUANTILE_KEY.match(key)
    p = float(match.group(1).replace("_", ".")) / 100.0 if match else 0.0
    return p if 0.0 < p < 1.0 else None


def read_quantiles(
    table: Mapping[str, Any], keys: list[str], path: KeyPath, findings: Findings
) -> list[Point] | None:
    """Read quantiles, sorted by probability; None, and findings, unless they rise."""
    n_before = len(findings.items)
    points: list[tuple[float, float, str]] = []
    for key in keys:
        p = probability_of(key)
        value = finite(table[key], (*path, key), findings)
        if p is None:
            findings.add((*path, key), 'is no quantile. Use p1 to p99, or "p2.5" in quotes.')
        else:
            points.append((p, value, key))
    points.sort()
    for (p1, v1, key1), (p2, v2, key2) in pairwise(points):
        if p1 == p2:
            findings.add((*path, key2), f"is the same quantile as {key1}. Remove one.")
        elif v1 >= v2:
            relation = "above" if v1 > v2 else "equal to"
            found = f"{key1} = {v1:g} is {relation} {key2} = {v2:g}"
            findings.add((*path, key1), f"{found}. Use {key1} < {key2}.")
    return None if len(findings.items) > n_before else [(p, v) for p, v, _ in points]
