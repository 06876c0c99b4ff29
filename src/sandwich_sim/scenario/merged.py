"""What files and ``--set`` changes come to when they are laid over each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from sandwich_sim.scenario.findings import KeyPath, printable
from sandwich_sim.scenario.parameters import SINGLE_TABLES

NAMED_TABLES = ("hop", "edge", "demand")
"""Tables of tables that hold model numbers."""


@dataclass(frozen=True)
class Layer:
    """One file, or one ``--set``.

    Attributes
    ----------
    label : str
        What messages call it: the file as the user named it, or ``--set a.b=0.5``.
    text : str or None
        The file's text; None for a ``--set``.
    folder : Path or None
        Where its CSV files lie.
    data : dict
        As parsed.
    """

    label: str
    text: str | None
    folder: Path | None
    data: dict[str, Any]


class Place(NamedTuple):
    """A key path in one layer."""

    layer: int
    path: KeyPath


@dataclass(frozen=True)
class Removal:
    """Something that ``remove`` deleted.

    Attributes
    ----------
    path : key path
        What is gone.
    entry : str
        What the file says: ``hop.memory``; its edges are gone by the same entry.
    place : Place
        Where it says so.
    value : object
        What was there.
    """

    path: KeyPath
    entry: str
    place: Place
    value: object


@dataclass
class Merged:
    """Layers laid over each other.

    Attributes
    ----------
    layers : tuple of Layer
        Root first.
    document : dict
        The merged tables.
    origins : dict of key path to int
        The layer that a value or a table came with; what lies below a path shares its origin
        unless listed itself.
    from_table : set of key path
        Numbers whose source is that of their table.
    removals : list of Removal
        In the order in which they were made.
    slots : list of str
        Names of uncertain numbers, those of the root first; see ``ScenarioSpec.sobol_slots``.
    """

    layers: tuple[Layer, ...]
    document: dict[str, Any] = field(default_factory=dict)
    origins: dict[KeyPath, int] = field(default_factory=dict)
    from_table: set[KeyPath] = field(default_factory=set)
    removals: list[Removal] = field(default_factory=list)
    slots: list[str] = field(default_factory=list)

    def origin(self, path: KeyPath) -> int:
        """Return the layer that holds a path, or the table around it; the last file at last."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.origins:
                return self.origins[path[:length]]
        return max(i for i, layer in enumerate(self.layers) if layer.text is not None)

    def latest(self, paths: Iterable[KeyPath]) -> KeyPath:
        """Return the path whose value came last, where several make a problem together."""
        return max(paths, key=self.origin)

    def folder(self, path: KeyPath) -> Path | None:
        return self.layers[self.origin(path)].folder

    def removal(self, path: KeyPath) -> Removal | None:
        """Return what removed a path, or a table around it; None where nothing did, or it is back."""
        if self.holds(path):
            return None
        return next((gone for gone in reversed(self.removals) if path[: len(gone.path)] == gone.path), None)

    def taken(self, path: KeyPath) -> Removal | None:
        """Return what removed something that was at a path indeed; None where nothing did."""
        gone = self.removal(path)
        if gone is None:
            return None
        inner: Any = gone.value
        for key in path[len(gone.path) :]:
            if not isinstance(inner, dict) or key not in inner:
                return None
            inner = inner[key]
        return gone

    def is_spoiled(self, path: KeyPath) -> bool:
        """Whether something else stands where a table around a path should be, which is said there."""
        inner: Any = self.document
        for key in path[:-1]:
            if not isinstance(inner, dict):
                return True
            inner = inner.get(key, {})
        return not isinstance(inner, dict)

    def holds(self, path: KeyPath) -> bool:
        """Whether the merged document has a value at a path of keys."""
        inner: Any = self.document
        for key in path:
            if not isinstance(inner, dict) or key not in inner:
                return False
            inner = inner[key]
        return True

    def removal_message(self, name: str) -> str | None:
        """Return what to say about a dotted name that ``remove`` deleted; None if it did not."""
        gone = self.removal(tuple(name.split(".")))
        if gone is None:
            return None
        return (
            f'{printable(name)} is gone by remove = ["{printable(gone.entry)}"]. Change or remove this too.'
        )

    def blame(self, path: KeyPath, causes: Iterable[KeyPath]) -> Place:
        """Return the change that made a problem: the latest of the values behind it, or their removal.

        Parameters
        ----------
        path : key path
            Where the problem shows; it is the answer unless one of the causes came later.
        causes : iterable of key path
        """
        best = Place(self.origin(path), path)
        for cause in (path, *causes):
            gone = self.removal(cause)
            place = gone.place if gone is not None else Place(self.origin(cause), cause)
            if place.layer > best.layer:
                best = place
        return best

    def forget(self, path: KeyPath) -> None:
        """Drop what is known of a path and of all below it."""
        n = len(path)
        for known in [known for known in self.origins if known[:n] == path]:
            del self.origins[known]
        self.from_table = {known for known in self.from_table if known[:n] != path}


def is_value_path(path: KeyPath) -> bool:
    """Whether a value at a key path is replaced whole though it may be a table."""
    if path[0] in NAMED_TABLES:
        return len(path) == 3
    if path[0] == "portfolio":
        return len(path) == 4  # an exposure is one list of shares
    return len(path) == 2 and (path[0] in SINGLE_TABLES or path[0] == "correlation")


def table_of(document: dict[str, Any], key: str) -> dict[str, Any]:
    """Return a table of a document; an empty one where it has none of that name."""
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def number_tables(document: dict[str, Any]) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    """Yield every table that holds model numbers, with its path."""
    for name in (*SINGLE_TABLES, "correlation"):
        yield (name,), table_of(document, name)
    for group in NAMED_TABLES:
        for name in table_of(document, group):
            yield (group, name), table_of(table_of(document, group), name)


def pair_of(key: str) -> tuple[str, ...]:
    """Return the two names of a correlation in alphabetical order."""
    return tuple(sorted(name.strip() for name in key.split("~")))


def path_of_text(text: str) -> KeyPath:
    """Return the key path of a dotted text; a correlation's own key holds dots."""
    first, _, rest = text.partition(".")
    if not rest:
        return (first,)
    return (first, rest) if first == "correlation" else (first, *rest.split("."))
