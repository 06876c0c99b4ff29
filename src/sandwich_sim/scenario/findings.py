"""Collects everything wrong with a scenario before anything is raised."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

KeyPath = tuple[str | int, ...]
"""Where a value sits: keys and positions in lists, such as ("event", "x", "clauses", 0)."""

_MOST_SEARCHES = 200
_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


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


def advice(word: str, known: Iterable[str], noun: str = "Known") -> str:
    """Return what to do about an unknown word: the nearest known one, or some of them."""
    names = list(known)
    match = nearest(word, names)
    if match is not None:
        return f'Did you mean "{match}"?'
    listed = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"{noun}: {listed}." if names else "Remove it."


def kind_of(value: object) -> str:
    """Name the TOML type of a value for people."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int):
        return "a whole number"
    if isinstance(value, float):
        return "a number"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return "a date or time"


@dataclass(frozen=True)
class Finding:
    """A problem at a key path; ``layer`` where it belongs to one file whatever was merged later."""

    path: KeyPath
    message: str
    layer: int | None = None


class Findings:
    """An append-only list of problems."""

    def __init__(self) -> None:
        self.items: list[Finding] = []
        self._n_search = 0

    def add(self, path: KeyPath, message: str, layer: int | None = None) -> None:
        """Note a problem: what is wrong. What to do."""
        self.items.append(Finding(path, message, layer))

    def advise(self, word: str, known: Iterable[str], noun: str = "Known") -> str:
        """Return `advice`, but search for near words only so often: a file may hold nothing but typos."""
        self._n_search += 1
        return advice(word, known, noun) if self._n_search <= _MOST_SEARCHES else "Remove or correct it."

    def __bool__(self) -> bool:
        return bool(self.items)
