"""Changed keys in groups that can be swapped in one by one: each step on the way is a valid scenario."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from sandwich_sim.errors import ScenarioError, UsageError
from sandwich_sim.scenario.findings import nearest, printable
from sandwich_sim.scenario.spec import ScenarioSpec
from sandwich_sim.studies.changes import Between, Change

By = Literal["table", "key"]
Rule = tuple[str, tuple[str, ...]]


@dataclass(frozen=True)
class Group:
    """Changes that are swapped in together.

    Attributes
    ----------
    name : str
    changes : tuple of int
        Places in `Between.changes`.
    """

    name: str
    changes: tuple[int, ...]


def parse_rule(text: str) -> Rule:
    """Read ``prices=token_price.*,open_source.gap``: a group's name and patterns of keys.

    Raises
    ------
    UsageError
    """
    name, equals, patterns = (part.strip() for part in text.partition("="))
    found = tuple(pattern.strip() for pattern in patterns.split(",") if pattern.strip())
    if not (name and equals and found):
        raise UsageError(
            f'"{printable(text)}" is no group. Write NAME=KEY,KEY: "money=token_price.*,lab.training".'
        )
    return name, found


def group_changes(
    changes: Sequence[Change], by: By = "table", rules: Iterable[str] = ()
) -> tuple[Group, ...]:
    """Put changes into groups.

    Parameters
    ----------
    changes : sequence of Change
    by : {"table", "key"}
        A group for each table of the files (``open_source``, ``hop.lab``), or for each key. What
        one hop buys is one group either way: its cost shares make sense together only.
    rules : iterable of str
        Groups of the user's own, as `parse_rule` reads them; the first that fits a key takes it.

    Raises
    ------
    UsageError
        If a rule fits no changed key.
    """
    parsed = [parse_rule(rule) for rule in rules]
    _check_rules(parsed, changes)
    members: dict[str, list[int]] = {}
    for place, change in enumerate(changes):
        own = next((name for name, patterns in parsed if _fits(change.key, patterns)), None)
        members.setdefault(own or _natural_group(change, by), []).append(place)
    return tuple(Group(name, tuple(places)) for name, places in members.items())


def _fits(key: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(key, pattern) or key.startswith(f"{pattern}.") for pattern in patterns)


def _check_rules(rules: Sequence[Rule], changes: Sequence[Change]) -> None:
    keys = [change.key for change in changes]
    for name, patterns in rules:
        for pattern in patterns:
            if any(_fits(key, [pattern]) for key in keys):
                continue
            match = nearest(pattern, keys)
            listed = ", ".join(keys[:12]) + (", ..." if len(keys) > 12 else "")
            hint = f'Did you mean "{match}"?' if match else f"The scenarios differ in: {listed or 'nothing'}."
            raise UsageError(f'group {printable(name)}: no changed key is "{printable(pattern)}". {hint}')


def _natural_group(change: Change, by: By) -> str:
    table = str(change.path[0])
    if table == "edge":
        return f"edge.{str(change.path[1]).partition('-')[0]}-*"
    if table == "time":
        return "time"
    if by == "key":
        return change.key
    return f"{table}.{change.path[1]}" if table in ("hop", "event") else table


class Coalitions:
    """The scenarios in which some groups have been swapped in.

    Parameters
    ----------
    between : Between
    groups : sequence of Group
    """

    def __init__(self, between: Between, groups: Sequence[Group]) -> None:
        self._between = between
        self.groups = tuple(groups)
        self.remarks: list[str] = []
        self._known: dict[frozenset[int], ScenarioSpec | ScenarioError] = {}

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes, to which the groups point."""
        return self._between.changes

    def scenario(self, coalition: int) -> ScenarioSpec:
        """Return the scenario of a coalition (bit i set: group i is swapped in)."""
        found = self._look(coalition)
        if isinstance(found, ScenarioError):
            raise found
        return found

    def make_valid(self, wanted: Callable[[int], Iterable[int]]) -> None:
        """Merge groups until every coalition that is wanted is a valid scenario.

        Parameters
        ----------
        wanted : callable
            From the number of groups to the coalitions.
        """
        while len(self.groups) > 1:
            broken = next((c for c in wanted(len(self.groups)) if self._fails(c)), None)
            if broken is None:
                return
            self._merge_around(broken)

    def _look(self, coalition: int) -> ScenarioSpec | ScenarioError:
        members = [group for place, group in enumerate(self.groups) if coalition >> place & 1]
        changed = frozenset(change for group in members for change in group.changes)
        if changed not in self._known:
            try:
                self._known[changed] = self._between.scenario(changed)
            except ScenarioError as error:
                self._known[changed] = error
        return self._known[changed]

    def _fails(self, coalition: int) -> bool:
        return isinstance(self._look(coalition), ScenarioError)

    def _merge_around(self, broken: int) -> None:
        """Make one group of what breaks a coalition and of what mends it.

        The whole is valid, so some of the groups outside mend it; both sets are made as small as
        taking away one group after another can make them.
        """
        whole = (1 << len(self.groups)) - 1
        breaking = _shrink(broken, self._fails)
        # What mends it: of all that is left, what cannot be taken away without breaking it again.
        mending = _shrink(whole & ~breaking, lambda coalition: not self._fails(breaking | coalition))
        places = list(_places(breaking | mending))
        self._say_why(breaking, places)
        merged = Group(
            " + ".join(self.groups[place].name for place in places),
            tuple(sorted(change for place in places for change in self.groups[place].changes)),
        )
        kept = [group for place, group in enumerate(self.groups) if place not in places]
        kept.insert(places[0], merged)
        self.groups = tuple(kept)

    def _say_why(self, breaking: int, places: Collection[int]) -> None:
        error = self._look(breaking)
        why = f" ({error.problems[0]})" if isinstance(error, ScenarioError) else ""
        names = " and ".join(self.groups[place].name for place in places)
        self.remarks.append(f"{names} make sense together only and count as one group{why}")


def _shrink(coalition: int, holds: Callable[[int], bool]) -> int:
    """Take away one group after another as long as something holds."""
    for place in list(_places(coalition)):
        smaller = coalition & ~(1 << place)
        if holds(smaller):
            coalition = smaller
    return coalition


def _places(coalition: int) -> Iterator[int]:
    place = 0
    while coalition >> place:
        if coalition >> place & 1:
            yield place
        place += 1
