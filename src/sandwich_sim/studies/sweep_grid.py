"""The grid of a sweep: which numbers take which values, and the scenario at each point."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import isfinite, prod
from pathlib import Path

import numpy as np

from sandwich_sim.errors import UsageError
from sandwich_sim.scenario.findings import printable
from sandwich_sim.scenario.load import load_scenario
from sandwich_sim.scenario.spec import ScenarioSpec

MOST_POINTS = 10_000
_MOST_VALUES = 1000
_EXAMPLE = "Write KEY=LOW:HIGH:COUNT, such as open_source.gap=1:8:8, or KEY=A,B,C."
_RESERVED = {"statistic", "scramble", "value"}


@dataclass(frozen=True)
class GridAxis:
    """One number and the values that it takes.

    Attributes
    ----------
    key : str
        Dotted key of a scenario file.
    texts : tuple of str
        The values as a file writes them.
    values : tuple of float, or None
        The same as numbers; None where one of them is none (a distribution, a word).
    """

    key: str
    texts: tuple[str, ...]
    values: tuple[float, ...] | None

    @property
    def changes(self) -> tuple[str, ...]:
        """The values as changes of a scenario: ``open_source.gap=4.0``."""
        return tuple(f"{self.key}={text}" for text in self.texts)


def parse_grid(texts: Sequence[str]) -> tuple[GridAxis, ...]:
    """Read ``open_source.gap=1:8:8``, ``...=0.1:10:5:log`` or ``hop.lab.monopoly=0.2,0.5,0.8``.

    Raises
    ------
    UsageError
        If a text cannot be read, a key comes twice, or the grid has too many points.
    """
    axes = tuple(_parse_axis(text) for text in texts)
    keys = [axis.key for axis in axes]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice:
        raise UsageError(f"--grid {printable(twice)}: is given twice. Give all its values at once.")
    n_point = prod(len(axis.texts) for axis in axes)
    if n_point > MOST_POINTS:
        raise UsageError(f"the grid has {n_point:,} points: at most {MOST_POINTS:,}. Use fewer values.")
    return axes


def dimension_names(axes: Sequence[GridAxis]) -> tuple[str, ...]:
    """Name the dimensions of a sweep: the last part of each key where that is clear."""
    short = [_word(axis.key.rsplit(".", 1)[-1]) for axis in axes]
    return tuple(
        name if short.count(name) == 1 and name not in _RESERVED else _word(axis.key)
        for name, axis in zip(short, axes, strict=True)
    )


def grid_points(axes: Sequence[GridAxis]) -> Iterator[tuple[str, ...]]:
    """Yield the changes that make each point, the last axis fastest."""
    yield from product(*(axis.changes for axis in axes))


def load_points(
    source: str | Path, overrides: Sequence[str], axes: Sequence[GridAxis]
) -> tuple[ScenarioSpec, list[ScenarioSpec]]:
    """Load the scenario as it is, and with each value of each axis alone.

    Whatever is wrong with a value shows here, before anything runs, and every number that is
    uncertain at any point is uncertain in one of these.

    Raises
    ------
    ScenarioError
    UsageError
        If an axis changes an option that is one for the whole sweep.
    """
    reference = load_scenario(source, overrides)
    for axis in axes:
        if axis.key.partition(".")[0] in ("run", "name", "title", "summary", "extends", "remove"):
            raise UsageError(f"--grid {printable(axis.key)}: is no number of the model. Sweep one that is.")
    alone = [load_scenario(source, [*overrides, change]) for axis in axes for change in axis.changes]
    return reference, alone


def _parse_axis(text: str) -> GridAxis:
    key, equals, values = (part.strip() for part in text.partition("="))
    if not (key and equals and values):
        raise UsageError(f'--grid "{printable(text)}": is no axis. {_EXAMPLE}')
    if re.fullmatch(r"[^:,{\[\"']*(:[^:,{\[\"']*){2,3}", values):
        numbers = _parse_range(text, values.split(":"))
    elif re.fullmatch(r"[^,{\[\"']*:[^,{\[\"']*", values):
        raise UsageError(f'--grid "{printable(text)}": does not say how many values. {_EXAMPLE}')
    else:
        texts = tuple(_split(values))
        if not all(texts):
            raise UsageError(f'--grid "{printable(text)}": has an empty value. {_EXAMPLE}')
        if len(set(texts)) < len(texts):
            raise UsageError(f'--grid "{printable(text)}": has a value twice. Remove one.')
        found = [_number(value) for value in texts]
        known = [value for value in found if value is not None]
        return GridAxis(key, texts, tuple(known) if len(known) == len(found) else None)
    return GridAxis(key, tuple(repr(number) for number in numbers), numbers)


def _parse_range(text: str, parts: Sequence[str]) -> tuple[float, ...]:
    low, high, count = _number(parts[0]), _number(parts[1]), parts[2].strip()
    is_log = len(parts) == 4
    if low is None or high is None or not count.isdecimal() or (is_log and parts[3].strip() != "log"):
        raise UsageError(f'--grid "{printable(text)}": cannot be read. {_EXAMPLE}')
    n = int(count)
    if not 2 <= n <= _MOST_VALUES or low == high:
        raise UsageError(
            f'--grid "{printable(text)}": use 2 to {_MOST_VALUES} values between two different ends.'
        )
    if is_log and not (low > 0.0 and high > 0.0):
        raise UsageError(f'--grid "{printable(text)}": a logarithmic range needs ends above 0.')
    values = np.geomspace(low, high, n) if is_log else np.linspace(low, high, n)
    # Twelve digits: 0.1 + 0.2 stays 0.3 in names and tables.
    return tuple(float(f"{value:.12g}") for value in values)


def _split(text: str) -> Iterator[str]:
    """Split at commas outside brackets and quotes."""
    depth, quote, start = 0, "", 0
    for place, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        elif sign in "{[":
            depth += 1
        elif sign in "}]":
            depth -= 1
        elif sign == "," and depth == 0:
            yield text[start:place].strip()
            start = place + 1
    yield text[start:].strip()


def _number(text: str) -> float | None:
    try:
        value = float(text.strip())
    except ValueError:
        return None
    return value if isfinite(value) else None


def _word(key: str) -> str:
    return re.sub(r"\W", "_", key)
