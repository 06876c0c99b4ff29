"""A table of a scenario file, read key by key: types, ranges and unknown keys.

A reader returns a value of the right type in any case, and notes what is wrong, so that all
problems of a file show at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from math import inf, isnan
from typing import Any

from sandwich_sim.scenario.fields import finite
from sandwich_sim.scenario.findings import Findings, KeyPath, printable, shown, without_quotes
from sandwich_sim.scenario.parameters import BY_TABLE, SINGLE_TABLES

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}\Z")
NAME_RULE = "Use letters, digits and _, at most 40, a letter first"
TIME_KEYS = ("start", "years", "steps_per_year")
RUN_KEYS = ("trajectories", "seed", "sampler", "fans", "keep_series", "sobol_slots")
CLAUSE_KEYS = ("series", "below", "above", "rises", "falls", "ends_above", "ends_above_start")
MOVE_KEYS = ("years", "by", "by_ratio")
MAX_TEXT = 4000
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def text_problem(value: object) -> str | None:
    """Return what is wrong with a text for people, None if nothing is."""
    if not isinstance(value, str):
        return f"is {shown(value)}. Use a text."
    if len(value) > MAX_TEXT:
        return f"has {len(value)} characters. Use at most {MAX_TEXT}."
    if _FORBIDDEN.search(value):
        return "holds a control character. Use printable text."
    return None


class Table:
    """A cursor over one table.

    Parameters
    ----------
    value : object
        As parsed; anything but a table is a problem and reads as an empty one.
    path : key path
        Where it sits.
    findings : Findings
        Takes what is wrong.
    known : iterable of str or None
        All keys that it may have; None if any.
    """

    def __init__(
        self, value: object, path: KeyPath, findings: Findings, known: Iterable[str] | None = None
    ) -> None:
        self.path = path
        self.findings = findings
        self.is_table = isinstance(value, dict)
        self.data: Mapping[str, Any] = value if isinstance(value, dict) else {}
        if not self.is_table:
            findings.add(path, f"is {shown(value)}. Use a table.")
        if known is not None:
            self.refuse_unknown(tuple(known))

    def refuse_unknown(self, known: tuple[str, ...]) -> None:
        """Note every key that the table does not have."""
        for key in self.data:
            if key not in known:
                hint = self._of_a_move(key) or self.findings.advise(
                    key, known, otherwise=where_it_belongs(key)
                )
                self.add(key, f"unknown key. {hint}")

    def _of_a_move(self, key: str) -> str | None:
        """Say where the ``years`` of an event belong: into how a series moves, not into [time]."""
        if self.path[:1] != ("event",) or key not in MOVE_KEYS:
            return None
        value = self.data[key]
        if isinstance(value, bool) or not isinstance(value, int | float):
            value = 2 if key == "years" else 0.1
        others = "" if key == "years" else "years = 2, "
        move = f"{{ {others}{key} = {shown(value)} }}"
        return f"It belongs in how the series of a clause moves: rises = {move}, or falls = {move}."

    def add(self, key: str, message: str, decided_by: str | None = None) -> None:
        """Note a problem with a key; ``decided_by`` names another key of the table that makes it one."""
        causes = [] if decided_by is None else [(*self.path, decided_by)]
        self.findings.add((*self.path, key), message, causes=causes)

    def missing(self, key: str, what: str, decided_by: str | None = None) -> bool:
        """Note a required key that is not there."""
        if key in self.data or not self.is_table:
            return key not in self.data
        self.add(key, f"is missing. Add {what}.", decided_by)
        return True

    def text(self, key: str, default: str) -> str:
        value = self.data.get(key, default)
        problem = text_problem(value)
        if problem is not None:
            self.add(key, problem)
            return default
        return str(value)

    def choice(self, key: str, options: tuple[str, ...], default: str | None = None) -> str | None:
        if key not in self.data:
            return default
        value = self.data[key]
        if value not in options or not isinstance(value, str):
            found = f'"{printable(value)}"' if isinstance(value, str) else shown(value)
            wanted = " or ".join(f'"{option}"' for option in options)
            self.add(key, f"is {found}. Use {wanted}.")
            return default
        return value

    def flag(self, key: str) -> bool:
        value = self.data.get(key, False)
        if not isinstance(value, bool):
            self.add(key, f"is {shown(value)}. {without_quotes(value) or 'Use true or false.'}".rstrip())
            return False
        return value

    def whole(self, key: str, low: int, high: int, default: int) -> int:
        """Read a whole number from ``low`` to ``high``."""
        value = self.data.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            write = without_quotes(value)
            if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
                write = f"Write {int(value):_}. "
            self.add(key, f"is {shown(value)}. {write}Use a whole number from {low} to {high:_}.")
            return default
        if not low <= value <= high:
            self.add(key, f"is {shown(value)}. Use a whole number from {low} to {high:_}.")
            return default
        return value

    def number(self, key: str, low: float = -inf, high: float = inf) -> float | None:
        """Read a plain number from ``low`` to ``high``; None if it is not there, or wrong."""
        if key not in self.data:
            return None
        value = finite(self.data[key], (*self.path, key), self.findings)
        if isnan(value):
            return None
        if not low <= value <= high:
            self.add(key, f"is {value:g}. Use {range_text(low, high)}.")
            return None
        return value

    def day(self, key: str) -> date:
        """Read a calendar day."""
        value = self.data.get(key)
        default = date(2000, 1, 1)
        if value is None:
            return default
        if isinstance(value, datetime) or not isinstance(value, date):
            hint = without_quotes(value) or "Use a day without quotes, such as 2026-07-01."
            self.add(key, f"is {shown(value)}. {hint}".rstrip())
            return default
        if not 1900 <= value.year <= 2200:
            self.add(key, f"is {value}. Use a day between 1900 and 2200.")
            return default
        return value

    def names(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """Read a list of texts."""
        value = self.data.get(key)
        if value is None:
            return default
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.add(key, "is no list of names. Use a list of texts.")
            return default
        return tuple(value)

    def tables(self, key: str) -> list[tuple[KeyPath, object]]:
        """Return the elements of a list of tables with their paths."""
        value = self.data.get(key)
        if not isinstance(value, list):
            found = "missing" if value is None else shown(value)
            self.add(key, f"is {found}. Use a list of tables, [{{ ... }}, {{ ... }}].")
            return []
        return [((*self.path, key, i), item) for i, item in enumerate(value)]


def range_text(low: float, high: float, low_open: bool = False, high_open: bool = False) -> str:
    """Say which numbers are allowed."""
    if low == -inf and high == inf:
        return "any number"
    if high == inf:
        return f"a number above {low:g}" if low_open else f"a number of {low:g} or more"
    if low == -inf:
        return f"a number below {high:g}" if high_open else f"a number of {high:g} or less"
    start = f"above {low:g} and" if low_open else f"from {low:g}"
    return f"a number {start} {'below' if high_open else 'up to' if low_open else 'to'} {high:g}"


def where_it_belongs(key: str) -> str | None:
    """Say in which table a key belongs; None if there is no such key."""
    if key in ("name", "title", "summary", "extends", "remove"):
        return "Write it above the first [table]."
    keys = {**BY_TABLE, "time": TIME_KEYS, "run": RUN_KEYS}
    owners = [f"[{table}]" for table in ("time", "run", *SINGLE_TABLES) if key in keys[table]]
    for table, example in (("hop", "chips"), ("edge", "cloud-chips"), ("demand", "app")):
        if key in keys[table]:
            owners.append(f"a table such as [{table}.{example}]")
    if key in CLAUSE_KEYS:
        owners.append('an entry of clauses = [{ series = "gap", below = 1.0 }]')
    return f"It belongs in {' or '.join(owners)}." if owners else None


def named_tables(document: Mapping[str, Any], key: str, findings: Findings, noun: str) -> dict[str, object]:
    """Return the tables ``[key.<name>]`` whose names are well formed."""
    value = document.get(key, {})
    if not isinstance(value, dict):
        findings.add((key,), f"is {shown(value)}. Use tables such as [{key}.x].")
        return {}
    good: dict[str, object] = {}
    for name, table in value.items():
        if not NAME.match(name):
            findings.add((key, name), f"is no name for {noun}. {NAME_RULE}.")
        elif not isinstance(table, dict):
            findings.add((key, name), f"is {shown(table)}. Use tables such as [{key}.x].")
        else:
            good[name] = table
    return good
