"""Rules on the numbers of a scenario: ``same_as``, ranges, cost shares, correlation."""

from __future__ import annotations

from collections.abc import Iterable
from math import floor, inf, isinf, isnan, sqrt

from sandwich_sim.scenario.draft import Draft
from sandwich_sim.scenario.findings import Findings, KeyPath, nearest, printable
from sandwich_sim.scenario.merged import Merged
from sandwich_sim.scenario.parameters import Parameter, parameter_of
from sandwich_sim.scenario.support import cdf, reach, support
from sandwich_sim.scenario.tables import range_text
from sandwich_sim.scenario.uncertain import Constant, Discrete, Distribution, Mixture, SameAs

MAX_GROUP = 100
_NATURAL = 1.0
"""Bounds up to this size are laws (a share, a positive quantity), larger ones guard against slips."""


def path_of(name: str) -> KeyPath:
    """Return the key path of a dotted name."""
    return tuple(name.split("."))


def resolve_same_as(draft: Draft, merged: Merged, findings: Findings) -> None:
    """Point every ``same_as`` at the number that is drawn in the end, in place."""
    for name, number in list(draft.numbers.items()):
        if not isinstance(number, SameAs):
            continue
        seen = [name]
        target = number.name
        while isinstance(step := draft.numbers.get(target), SameAs) and target not in seen:
            seen.append(target)
            target = step.name
        links = [further for link in seen[1:] for further in (link, *draft.chains.get(link, ()))]
        draft.chains[name] = tuple(dict.fromkeys([*links, target]))
        if target in draft.numbers and target not in seen:
            draft.numbers[name] = SameAs(target)
            _check_units(name, target, findings)
            continue
        del draft.numbers[name]
        draft.broken.add(name)
        path = (*path_of(name), "same_as")
        causes = [path_of(one) for one in seen[1:]]
        if target in seen:
            circle = " -> ".join([*seen, target])
            findings.add(path, f"leads in a circle: {circle}. Give one a value.", causes=causes)
        elif target not in draft.broken and not merged.is_spoiled(path_of(target)):
            message = merged.removal_message(target) or _unknown(target, draft.numbers)
            findings.add(path, message, causes=[*causes, *_ways_to(target)])


def _check_units(name: str, target: str, findings: Findings) -> None:
    """Note a number that would take the draw of one in another unit."""
    own, other = parameter_of(name).unit, parameter_of(target).unit
    if own != other:
        ours, theirs = ("a plain number" if unit == "1" else f"in {unit}" for unit in (own, other))
        text = f"is {ours}, but {target} is {theirs}. Name one of the same unit, or write a value."
        findings.add((*path_of(name), "same_as"), text, causes=[path_of(target)])


def _unknown(name: str, known: Iterable[str]) -> str:
    names = list(known)
    ending = [one for one in names if one.endswith(f".{name}")]
    match = ending[0] if len(ending) == 1 else nearest(name, names)
    if len(ending) > 1:
        hint = f"Use one of {', '.join(ending[:4])}{', ...' if len(ending) > 4 else ''}."
    else:
        hint = f'Did you mean "{match}"?' if match else 'Use a dotted name, such as "open_source.gap".'
    return f'there is no number "{printable(name)}". {hint}'


def _ways_to(name: str) -> list[KeyPath]:
    """Return what decides on whether a number of a dotted name exists: itself, a role or a kind."""
    path = path_of(name)
    return [path, *((*path[:2], key) for key in ("role", "kind") if len(path) == 3)]


def drawn_from(draft: Draft, name: str) -> Constant | Distribution | None:
    """Return the constant or distribution behind a name; None if it has a problem."""
    number = draft.numbers.get(name)
    if isinstance(number, SameAs):
        number = draft.numbers.get(number.name)
    return None if isinstance(number, SameAs) else number


def check_ranges(draft: Draft, findings: Findings) -> None:
    """No number can take an impossible value."""
    refused = {
        name: problem
        for name in draft.evidence
        if not name.startswith("correlation.")
        and (number := drawn_from(draft, name)) is not None
        and (problem := range_problem(parameter_of(name), number))
    }
    for name, problem in refused.items():
        own = draft.numbers[name]
        causes = [path_of(link) for link in draft.chains.get(name, ())]
        if isinstance(own, SameAs):
            if own.name in refused:  # said there
                continue
            what = problem.partition(". ")[0]
            problem = f"takes {own.name}, which {what}. Take another, or give it a value of its own."
        findings.add(path_of(name), problem, causes=causes)
    for low, high in (
        ("lab.shelf_min", "lab.shelf_max"),
        ("compute_cost.trend_min", "compute_cost.trend_max"),
    ):
        first, second = drawn_from(draft, low), drawn_from(draft, high)
        if first is not None and second is not None and reach(first)[0] > reach(second)[1]:
            links = (*draft.chains.get(low, ()), high, *draft.chains.get(high, ()))
            causes = [path_of(link) for link in links]
            findings.add(path_of(low), f"is always above {high}. Make it the lower one.", causes=causes)


def range_problem(parameter: Parameter, number: Constant | Distribution) -> str | None:
    """Return what is wrong if a number can leave its parameter's range; None if it cannot.

    Bounds that are laws must hold for every possible value; those that only guard against
    slips, for every value that a draw can produce.
    """
    allowed = range_text(parameter.low, parameter.high, parameter.low_open, parameter.high_open)
    if isinstance(number, Constant):
        inside = parameter.low <= number.value <= parameter.high and not (
            (parameter.low_open and number.value == parameter.low)
            or (parameter.high_open and number.value == parameter.high)
        )
        return None if inside else f"is {number.value:g}. Use {allowed}."
    (low, high), (reach_low, reach_high) = support(number), reach(number)
    if parameter.clipped:
        return _clipped_problem(parameter, number, (low, high))
    lowest = low if abs(parameter.low) <= _NATURAL else reach_low
    highest = high if abs(parameter.high) <= _NATURAL else reach_high
    if lowest < parameter.low:
        return _beyond("below", parameter.low, lowest, "min")
    if highest > parameter.high:
        return _beyond("above", parameter.high, highest, "max")
    if parameter.low_open and parameter.low in atoms(number):
        return f"can be drawn as {parameter.low:g}. Use {allowed}."
    return None


def _beyond(side: str, bound: float, extreme: float, key: str) -> str:
    how_far = "without limit" if isinf(extreme) else f"as far as {extreme:.3g}"
    return (
        f"can be drawn {side} {bound:g}, {how_far}. "
        f"Add {key} = {bound:g}, or use a distribution that stays within bounds."
    )


def _clipped_problem(parameter: Parameter, number: Distribution, reached: tuple[float, float]) -> str | None:
    if parameter.low <= reached[0] and reached[1] <= parameter.high:
        return None
    if cdf(number, parameter.high) - cdf(number, parameter.low) >= 0.5:
        return None
    return (
        f"lies mostly outside {parameter.low:g} to {parameter.high:g}. "
        "Use a fraction, not a percentage, and a distribution within these bounds."
    )


def atoms(number: Constant | Distribution) -> set[float]:
    """Return the single values that have a probability of their own."""
    if isinstance(number, Constant):
        return {number.value}
    if isinstance(number, Discrete):
        return set(number.values)
    if isinstance(number, Mixture):
        points = set[float]().union(*(atoms(part) for part in number.components))
        return {point for point in points if number.minimum <= point <= number.maximum}
    return set()


def check_shares(draft: Draft, merged: Merged, findings: Findings) -> None:
    """A buyer's cost shares can sum to one or less."""
    lowest: dict[str, float] = {}
    names: dict[str, list[str]] = {}
    for edge in draft.edges:
        number = drawn_from(draft, f"edge.{edge.name}.share")
        if number is not None:
            lowest[edge.buyer] = lowest.get(edge.buyer, 0.0) + support(number)[0]
            names.setdefault(edge.buyer, []).append(f"edge.{edge.name}.share")
    for buyer, total in lowest.items():
        if total > 1.0 + 1e-9:
            listed = " + ".join(names[buyer])
            links = [link for name in names[buyer] for link in draft.chains.get(name, ())]
            findings.add(
                merged.latest([path_of(name) for name in names[buyer]]),
                f"the cost shares of {buyer} sum to at least {total:.4g} ({listed}). Make them 1 or less.",
                causes=[path_of(link) for link in links],
            )


def active_pairs(draft: Draft, merged: Merged, findings: Findings) -> list[tuple[str, str, float]]:
    """Return the correlations in force, names in alphabetical order.

    A correlation is inherited together with its numbers. Where a later file, or ``--set``,
    fixes one of the two, there is nothing left to correlate: the pair is dropped, which is noted.
    A file that itself correlates a fixed number is refused. Dropped pairs leave the document too.
    """
    active: list[tuple[str, str, float]] = []
    for key, first, second, rho in draft.pairs:
        path: KeyPath = ("correlation", key)
        fixed = [name for name in (first, second) if not isinstance(draft.numbers.get(name), Distribution)]
        late = [
            name
            for name in fixed
            if name in draft.numbers and merged.origin(path_of(name)) > merged.origin(path)
        ]
        if late:
            draft.notes.append(_dropped(first, second, rho, late, draft, merged))
            del merged.document["correlation"][key]
            draft.evidence.pop(f"correlation.{first} ~ {second}", None)
            continue
        if first == second:
            findings.add(path, "correlates a number with itself. Name two numbers.")
        elif not fixed and not isnan(rho):
            active.append((first, second, rho))
        for name in dict.fromkeys(fixed):
            if name not in draft.broken and not merged.is_spoiled(path_of(name)):
                _refuse_fixed(name, draft, merged, path, findings)
    return active


def _dropped(first: str, second: str, rho: float, late: list[str], draft: Draft, merged: Merged) -> str:
    """Say which pair was dropped, and what fixed its numbers."""
    reasons = []
    for name in late:
        number = draft.numbers[name]
        now = f"the draw of {number.name}" if isinstance(number, SameAs) else "a constant"
        label = merged.layers[merged.origin(path_of(name))].label
        reasons.append(f"{name} is {now} by {label}")
    return f'the correlation "{first} ~ {second}" = {rho:g} is dropped: {" and ".join(reasons)}.'


def _refuse_fixed(name: str, draft: Draft, merged: Merged, path: KeyPath, findings: Findings) -> None:
    number = draft.numbers.get(name)
    if isinstance(number, SameAs):
        message = f"{name} is the draw of {number.name}. Correlate {number.name}."
    elif number is not None:
        message = f"{name} is not uncertain. Remove the pair, or give it a distribution."
    else:
        drawn = [known for known, value in draft.numbers.items() if isinstance(value, Distribution)]
        message = merged.removal_message(name) or _unknown(name, drawn)
    findings.add(path, message, causes=_ways_to(name))


def check_correlation(
    pairs: list[tuple[str, str, float]], draft: Draft, merged: Merged, findings: Findings
) -> None:
    """Each group of correlated numbers has a positive definite matrix."""
    keys = {(first, second): key for key, first, second, _ in draft.pairs}
    for group in _groups(pairs):
        inside = [pair for pair in pairs if pair[0] in group]
        path = merged.latest([("correlation", keys[pair[:2]]) for pair in inside])
        if len(group) > MAX_GROUP:
            findings.add(path, f"joins {len(group)} numbers. Correlate at most {MAX_GROUP}.")
            continue
        rank = {name: i for i, name in enumerate(group)}
        matrix = [[float(i == j) for j in range(len(group))] for i in range(len(group))]
        for first, second, rho in inside:
            matrix[rank[first]][rank[second]] = matrix[rank[second]][rank[first]] = rho
        if not _is_positive_definite(matrix):
            smallest = _smallest_eigenvalue(matrix)
            factor = floor(99.0 / (1.0 - smallest)) / 100.0
            gone = [removal.path for removal in merged.removals if removal.path[0] == "correlation"]
            findings.add(
                path,
                f"the correlations of {', '.join(group)} contradict each other (smallest eigenvalue "
                f"{smallest:.3g}; pairs not listed count as 0). "
                f"Multiply them by {factor:g} or less, or add the missing pairs.",
                causes=gone,
            )


def _groups(pairs: list[tuple[str, str, float]]) -> list[list[str]]:
    """Return the connected groups of names, each in alphabetical order."""
    group_of: dict[str, set[str]] = {}
    for first, second, _ in pairs:
        joined = group_of.get(first, {first}) | group_of.get(second, {second})
        for name in joined:
            group_of[name] = joined
    unique = {id(group): group for group in group_of.values()}
    return sorted(sorted(group) for group in unique.values())


def _is_positive_definite(matrix: list[list[float]]) -> bool:
    """Try a Cholesky decomposition."""
    n = len(matrix)
    lower = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            rest = matrix[i][j] - sum(lower[i][k] * lower[j][k] for k in range(j))
            if i > j:
                lower[i][j] = rest / lower[j][j]
            elif rest <= 1e-9:
                return False
            else:
                lower[i][i] = sqrt(rest)
    return True


def _smallest_eigenvalue(matrix: list[list[float]]) -> float:
    import numpy as np  # only for the message

    return float(np.linalg.eigvalsh(np.array(matrix)).min(initial=inf))
