"""What an event asks for, in words: made from its clauses, so that no title can hide it."""

from __future__ import annotations

from collections.abc import Iterator

from sandwich_sim.scenario.spec import Clause, Event, Move
from sandwich_sim.variables import VARIABLES, Variable


def rule_of(event: Event) -> str:
    """Say when an event happens.

    Examples
    --------
    "all-in margin of the labs rises 3 years running, by at least 0.01 a year; capability gap stays
    below 12 months"
    """
    verb = "stays" if event.window_years else "is"
    return "; ".join(_say(clause, verb) for clause in event.clauses)


def _say(clause: Clause, verb: str) -> str:
    base, _, hop = clause.series.partition(".")
    variable = VARIABLES[base]
    subject = variable.long_name.partition(" (")[0].partition(", ")[0]
    subject = subject[0].lower() + subject[1:] + (f" of {hop}" if hop else "")
    said = list(_predicates(clause, variable, verb))
    return f"{subject} {', '.join(said[:-1])}{' and ' if said[:-1] else ''}{said[-1]}"


def _predicates(clause: Clause, variable: Variable, verb: str) -> Iterator[str]:
    for word, level in (("below", clause.below), ("above", clause.above)):
        if level is not None:
            yield f"{verb} {word} {_amount(level, variable)}"
    for word, move in (("rises", clause.rises), ("falls", clause.falls)):
        if move is not None:
            yield _say_move(word, move, variable)
    if clause.ends_above is not None:
        yield f"ends above {_amount(clause.ends_above, variable)}"
    if clause.ends_above_start:
        yield "ends above where it started"


def _say_move(word: str, move: Move, variable: Variable) -> str:
    steps = [_amount(move.by, variable)] if move.by else []
    steps += [f"{100.0 * move.by_ratio:g}%"] if move.by_ratio else []
    least = " and ".join(steps)
    if move.years == 1:
        return f"{word} by at least {least} in a year" if least else f"{word} for a year"
    return f"{word} {move.years} years running" + (f" by at least {least} a year" if least else "")


def _amount(value: float, variable: Variable) -> str:
    if variable.unit in ("1", "index"):
        return f"{value:g}"
    return f"{value:g} {variable.unit.removesuffix('s') if value == 1.0 else variable.unit}"
