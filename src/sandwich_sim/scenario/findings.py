"""Collects everything wrong with a scenario before anything is raised."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

KeyPath = tuple[str | int, ...]
"""Where a value sits: keys and positions in lists, such as ("event", "x", "clauses", 0)."""

_MOST_SEARCHES = 200
_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")
_NUMBER = re.compile(r"[+-]?(0|[1-9]\d*(_\d+)*)(\.\d+)?([eE][+-]?\d{1,3})?\Z")
_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z")


def printable(text: str, limit: int = 60) -> str:
    """Return text that is safe to show in a terminal: controls escaped, long text cut."""
    clean = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    return clean if len(clean) <= limit else clean[: limit - 3] + "..."


def dotted(path: KeyPath) -> str:
    """Write a key path as in a file: ``event.x.clauses[0].series``, odd keys in quotes."""
    parts: list[str] = []
    for key in path:
        if isinstance(key, int):
            parts.append(f"[{key}]")
            continue
        name = key if _BARE.match(key) else f'"{printable(key, 200)}"'
        parts.append(f".{name}" if parts else name)
    return "".join(parts)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that a typo most likely meant."""
    import difflib  # 5 ms, and only for files with errors

    matches = difflib.get_close_matches(word[:100], [str(name) for name in known], n=1, cutoff=0.6)
    return matches[0] if matches else None


def advice(word: str, known: Iterable[str], noun: str = "Known", otherwise: str | None = None) -> str:
    """Return what to do about an unknown word: the nearest known one, else other advice, or some words."""
    names = list(known)
    match = nearest(word, names)
    if match is not None:
        return f'Did you mean "{match}"?'
    if otherwise is not None:
        return otherwise
    listed = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"{noun}: {listed}." if names else "Remove it."


def shown(value: object) -> str:
    """Say what a file holds in place of what was expected."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return printable(
            f"{value:_}" if isinstance(value, int) and abs(value) >= 100_000 else repr(value), 40
        )
    if isinstance(value, str):
        return f'the text "{printable(value, 40)}"'
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return f"the date or time {value}"


def without_quotes(value: object) -> str:
    """Return advice, to be followed by more, for a number or a date written as a text; else nothing."""
    if not isinstance(value, str) or len(value) > 40:
        return ""
    if _NUMBER.match(value) or value in ("true", "false") or (_DAY.match(value) and is_day(value)):
        return f"Write {value} without quotes. "
    return ""


def is_day(text: str) -> bool:
    """Whether a text such as ``2026-07-01`` is a day of the calendar."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class Finding:
    """A problem at a key path.

    Attributes
    ----------
    path : key path
        Where it shows.
    message : str
        What is wrong. What to do.
    layer : int or None
        Where it belongs to one file whatever was merged later.
    causes : tuple of key path
        Other values that make the problem together with that at ``path``. Where one of them was
        written, or removed, by a later file, that file is told.
    """

    path: KeyPath
    message: str
    layer: int | None = None
    causes: tuple[KeyPath, ...] = ()


class Findings:
    """An append-only list of problems."""

    def __init__(self) -> None:
        self.items: list[Finding] = []
        self._n_search = 0

    def add(
        self, path: KeyPath, message: str, layer: int | None = None, causes: Iterable[KeyPath] = ()
    ) -> None:
        """Note a problem: what is wrong. What to do."""
        self.items.append(Finding(path, message, layer, tuple(causes)))

    def add_too_many(self, group: str, names: Iterable[str], noun: str, most: int) -> None:
        """Note that a table holds too many; the file that came last with one of them is told."""
        paths: list[KeyPath] = [(group, name) for name in names]
        self.add((group,), f"has {len(paths)} {noun}. Use at most {most}.", causes=paths)

    def advise(
        self, word: str, known: Iterable[str], noun: str = "Known", otherwise: str | None = None
    ) -> str:
        """Return `advice`, but search for near words only so often: a file may hold nothing but typos."""
        self._n_search += 1
        if self._n_search > _MOST_SEARCHES:
            return "Remove or correct it."
        return advice(word, known, noun, otherwise)

    def __bool__(self) -> bool:
        return bool(self.items)
