"""In what two scenarios differ, key by key, and every scenario that lies between them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sandwich_sim.errors import ScenarioError
from sandwich_sim.scenario.digest import canonical_form, raw_number
from sandwich_sim.scenario.fields import is_number
from sandwich_sim.scenario.findings import KeyPath, dotted
from sandwich_sim.scenario.merged import pair_of
from sandwich_sim.scenario.numbers import is_drawn
from sandwich_sim.scenario.parameters import SINGLE_TABLES
from sandwich_sim.scenario.recombine import ABSENT, scenario_of, value_at, with_hop_order, with_values
from sandwich_sim.scenario.spec import ScenarioSpec

_TIME = ("start", "years", "steps_per_year")
_STRUCTURE = (("hop", ("role", "cost_driver")), ("edge", ("kind",)))
"""Keys of named tables that are no numbers but change the model."""
_RUN = ("trajectories", "seed", "sampler", "sobol_slots")
_WORDS = ("source", "note")
_UNSWAPPED = ("run", "slots", "events", "portfolio", "checks")
"""Parts of the canonical form that change no outcome of a trajectory; events are swapped where looked at."""


@dataclass(frozen=True)
class Change:
    """One value in which the second scenario differs from the first.

    Attributes
    ----------
    path : key path
        A number (``("hop", "lab", "monopoly")``), or a whole table that only one side has.
    old, new : object
        As the merged files write it; `ABSENT` where a side does not set it.
    """

    path: KeyPath
    old: Any
    new: Any

    @property
    def key(self) -> str:
        """Dotted name, as in a file."""
        return ".".join(map(str, self.path)) if self.path[0] == "correlation" else dotted(self.path)

    def __str__(self) -> str:
        return f"{self.key}: {describe_value(self.old)} → {describe_value(self.new)}"


def describe_value(value: Any) -> str:
    """Write a value of a scenario file short, without its evidence."""
    if value is ABSENT:
        return "not set"
    if is_number(value):
        return f"{value:g}"
    if isinstance(value, Mapping):
        value = {key: item for key, item in value.items() if key not in _WORDS}
        if list(value) == ["value"]:
            return describe_value(value["value"])
        if list(value) == ["same_as"]:
            return f"same as {value['same_as']}"
        kind = value.pop("dist", "")
        inner = ", ".join(f"{key} {describe_value(item)}" for key, item in value.items())
        text = f"{kind}({inner})" if kind else f"{{{inner}}}"
        return text if len(text) <= 90 else f"{text[:87]}..."
    if isinstance(value, list):
        return f"[{', '.join(map(describe_value, value[:4]))}{', ...' if len(value) > 4 else ''}]"
    return str(value)


class Between:
    """Two scenarios, their differences, and the scenarios that hold some of these.

    Parameters
    ----------
    first, second : ScenarioSpec
    events : collection of str
        Events that are looked at; how others are defined makes no difference.

    Attributes
    ----------
    changes : tuple of Change
        What can make a difference: no words, no evidence, no options of the run.
    """

    def __init__(self, first: ScenarioSpec, second: ScenarioSpec, events: Collection[str] = ()) -> None:
        self._specs = first, second
        self._events = frozenset(events)
        self._documents = _plain_document(first, events), _plain_document(second, events)
        self.changes = tuple(self._find())
        self._order = _merged_order(first.hop_names, second.hop_names)
        self._joined = self._join()
        self._check_complete()

    def scenario(self, changed: Collection[int]) -> ScenarioSpec:
        """Return the first scenario with the given changes, by their places in ``changes``.

        With none and with all of them, that is the first and the second scenario themselves, less the
        events that are not looked at.

        Raises
        ------
        ScenarioError
            If these changes make no valid scenario without the others.
        """
        if len(changed) in (0, len(self.changes)):
            spec = self._specs[1 if changed else 0]
            return replace(spec, events=tuple(event for event in spec.events if event.name in self._events))
        return self.composed(changed)

    def composed(self, changed: Collection[int]) -> ScenarioSpec:
        """Return the first scenario with the given changes, put together also where it is an end."""
        first, _ = self._specs
        values = [(self.changes[i].path, self.changes[i].new) for i in sorted(changed)]
        document = with_hop_order(with_values(self._joined, values), self._order)
        pairs = document["correlation"]
        document["correlation"] = {pair: pairs[pair] for pair in pairs if _is_active(document, pair)}
        return scenario_of(document, first.name)

    def _join(self) -> dict[str, Any]:
        """Return the first document with the facts of both, and the pairs that need the second's numbers."""
        first, second = self._documents
        needed = {pair: value for pair, value in second["correlation"].items() if not self._is_real(pair)}
        facts = {**second.get("fact", {}), **first.get("fact", {})}
        return {**first, "fact": facts, "correlation": {**needed, **first["correlation"]}}

    def _check_complete(self) -> None:
        """Refuse to go on if the second differs in something that is no change: a share would be wrong."""
        second = self._specs[1]
        try:
            made = canonical_form(self.composed(range(len(self.changes))))
        except ScenarioError:  # the hops stand in another order; no part of the way is valid, but the end is
            return
        wanted = canonical_form(second)
        missed = [key for key in wanted if key not in _UNSWAPPED and made.get(key) != wanted[key]]
        if missed:
            raise ValueError(f"{second.name} differs in {', '.join(missed)}, which cannot be swapped in")

    def _is_real(self, pair: str) -> bool:
        """Whether a correlation may differ for its own sake, not because one side holds a number constant."""
        return all(_is_active(document, pair) for document in self._documents)

    def _find(self) -> Iterator[Change]:
        yield from self._times()
        yield from self._tables()
        yield from self._numbers()
        yield from self._at(
            ("correlation", pair) for pair in self._keys("correlation") if self._is_real(pair)
        )
        forms = [canonical_form(spec)["events"] for spec in self._specs]
        for event in sorted(self._events):
            if forms[0].get(event) != forms[1].get(event):
                yield self._change(("event", event))

    def _times(self) -> Iterator[Change]:
        for key in _TIME:
            old, new = (getattr(spec, key) for spec in self._specs)
            if old != new:
                yield Change(("time", key), old, new)

    def _tables(self) -> Iterator[Change]:
        """Hops, edges and demand that only one side has, and keys that are no numbers."""
        for group in ("hop", "edge", "demand"):
            own, other = (document.get(group, {}) for document in self._documents)
            yield from (
                self._change((group, name)) for name in self._keys(group) if (name in own) != (name in other)
            )
        for group, keys in _STRUCTURE:
            yield from self._at((group, name, key) for name in self._shared(group) for key in keys)

    def _numbers(self) -> Iterator[Change]:
        numbers = [canonical_form(spec)["numbers"] for spec in self._specs]
        for name in dict.fromkeys([*numbers[0], *numbers[1]]):
            path: KeyPath = tuple(name.split("."))
            if path[0] not in SINGLE_TABLES and path[1] not in self._shared(str(path[0])):
                continue  # part of a whole table
            is_set = any(raw_number(document, name) is not None for document in self._documents)
            # Where neither file sets it, it differs because another number does.
            if is_set and numbers[0].get(name) != numbers[1].get(name):
                yield self._change(path)

    def _keys(self, group: str) -> list[str]:
        return list(dict.fromkeys(key for document in self._documents for key in document.get(group, {})))

    def _shared(self, group: str) -> list[str]:
        return [
            name for name in self._keys(group) if all(name in doc.get(group, {}) for doc in self._documents)
        ]

    def _change(self, path: KeyPath) -> Change:
        return Change(path, *(value_at(document, path) for document in self._documents))

    def _at(self, paths: Iterable[KeyPath]) -> Iterator[Change]:
        for change in map(self._change, paths):
            if _bare(change.old) != _bare(change.new):
                yield change


def _plain_document(spec: ScenarioSpec, events: Collection[str]) -> dict[str, Any]:
    """Return what of a document makes a difference, correlations spelled in one way."""
    whole = spec.document
    document = {
        key: whole[key] for key in ("time", *SINGLE_TABLES, "hop", "edge", "demand", "fact") if key in whole
    }
    document["name"], document["title"] = spec.name, spec.title
    document["run"] = {key: whole["run"][key] for key in _RUN if key in whole["run"]}
    pairs = whole.get("correlation", {})
    document["correlation"] = {" ~ ".join(pair_of(key)): value for key, value in pairs.items()}
    document["event"] = {name: table for name, table in whole.get("event", {}).items() if name in events}
    return document


def _is_active(document: Mapping[str, Any], pair: str) -> bool:
    """Whether both numbers of a correlation are drawn."""
    return all(is_drawn(raw_number(document, name)) for name in pair_of(pair))


def _bare(value: Any) -> Any:
    """Return a value without its evidence."""
    if isinstance(value, Mapping):
        bare = {key: _bare(item) for key, item in value.items() if key not in _WORDS}
        return bare["value"] if list(bare) == ["value"] else bare
    return float(value) if is_number(value) else value


def _merged_order(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    """Return all hops in the first's order, each that only the second has behind the one before it there."""
    order = list(first)
    for place, name in enumerate(second):
        if name not in order:
            order.insert(order.index(second[place - 1]) + 1 if place else 0, name)
    return tuple(order)
