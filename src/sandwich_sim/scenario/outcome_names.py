"""Names of outcomes: what ``margin.chips`` or ``event_time.umbrella_closed`` means, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sandwich_sim.scenario.findings import KeyPath, nearest, printable
from sandwich_sim.variables import VARIABLES, Variable

CUMULATIVE = ("cumulative_profit", "cumulative_revenue", "discounted_profit", "discounted_revenue")
"""Sums over the run, for each hop [bn USD]."""
CENTS = "cents_kept"
"""Another name for 100 ``dollar_profit`` [cent]."""

Kind = Literal["series", "cumulative", "flag", "event_time"]


class StatementError(ValueError):
    """What is wrong with a text, and what to do.

    Parameters
    ----------
    message : str
    about : tuple of key path
        What of a scenario decides on it: the event or hop that is not there, the horizon.
    """

    def __init__(self, message: str, about: tuple[KeyPath, ...] = ()) -> None:
        super().__init__(message)
        self.about = about


@dataclass(frozen=True)
class Frame:
    """The names and dates that a text may use: those of one scenario."""

    hops: tuple[str, ...]
    hop_titles: tuple[str, ...]
    events: tuple[str, ...]
    event_titles: tuple[str, ...]
    start: date
    years: int
    steps_per_year: int


def frame_of(source: Any) -> Frame:
    """Return the names and dates of a `ScenarioSpec`, a `RunMeta` or a `Frame`."""
    if isinstance(source, Frame):
        return source
    if hasattr(source, "hop_names"):
        hops, hop_titles = source.hop_names, tuple(hop.title for hop in source.hops)
        events = tuple(event.name for event in source.events)
        event_titles = tuple(event.title for event in source.events)
    else:
        hops, hop_titles = source.hops, source.hop_titles
        events, event_titles = source.events, source.event_titles
    return Frame(hops, hop_titles, events, event_titles, source.start, source.years, source.steps_per_year)


@dataclass(frozen=True)
class Outcome:
    """One number of a trajectory, as written.

    Attributes
    ----------
    text : str
        In its normal spelling, such as ``margin.chips @ 2030``.
    kind : {"series", "cumulative", "flag", "event_time"}
    variable : str
        ``margin``, ``discounted_profit``; the event's name for the last two kinds.
    hop : str
        Empty where there is none.
    when : str
        ``horizon``, ``start``, a year or a date; empty where there is none.
    """

    text: str
    kind: Kind
    variable: str
    hop: str = ""
    when: str = ""


def day_of(when: str, frame: Frame) -> date:
    """Return the day that a year (1 January), a month (its first day) or a date means."""
    parts = [int(part) for part in when.split("-")]
    return date(parts[0], parts[1] if len(parts) > 1 else 1, parts[2] if len(parts) > 2 else 1)


def check_when(when: str, frame: Frame) -> None:
    """Refuse a date that lies outside the run; a year or month counts whole."""
    if when in ("horizon", "start"):
        return
    try:
        day_of(when, frame)
    except ValueError:
        raise StatementError(f"{when} is no date. Write @ 2030, @ 2031-04 or @ horizon.") from None
    first = frame.start.isoformat()
    last = f"{frame.start.year + frame.years:04}{first[4:]}"
    n = len(when)
    if not first[:n] <= when <= last[:n]:
        message = f"{when} is outside the run, from {first} to {last}. Use a date within."
        raise StatementError(message, (("time", "start"), ("time", "years")))


def resolve_name(name: str, when: str, frame: Frame, is_event: bool = False) -> Outcome:
    """Find what a dotted name means; ``is_event``: only an event makes sense where it stands."""
    base, _, rest = name.partition(".")
    text = f"{name} @ {when}" if when else name
    if base in ("event", "event_time") and rest:
        if rest not in frame.events:
            raise StatementError(_unknown(rest, frame.events, "event"), (("event", rest),))
        if base == "event":
            return Outcome(text, "flag", rest, when=when)
        _refuse_date(text, name, when)
        return Outcome(text, "event_time", rest)
    if base in CUMULATIVE:
        _check_hop(base, rest, frame)
        _refuse_date(text, name, when)
        return Outcome(text, "cumulative", base, rest)
    variable = VARIABLES.get("dollar_profit" if base == CENTS else base)
    if variable is not None:
        return _series(variable, base, rest, when, frame)
    if name in frame.events:
        return Outcome(text, "flag", name, when=when)
    known, noun = (frame.events, "event") if is_event and not rest else (_all_names(frame), "outcome")
    raise StatementError(_unknown(name, known, noun), (("event", name),))


def _series(variable: Variable, base: str, hop: str, when: str, frame: Frame) -> Outcome:
    if variable.per_hop:
        _check_hop(base, hop, frame)
    elif hop:
        raise StatementError(
            f"{base} is of the whole chain, not of {printable(hop)}. Write {base} @ horizon."
        )
    name = f"{base}.{hop}" if hop else base
    if not when:
        raise StatementError(f"{name} has a value at every date. Write {name} @ horizon, or @ 2030.")
    return Outcome(f"{name} @ {when}", "series", base, hop, when)


def _check_hop(base: str, hop: str, frame: Frame) -> None:
    if not hop:
        raise StatementError(f"{base} has a value for each hop. Write {base}.{frame.hops[0]}, say.")
    if hop not in frame.hops:
        raise StatementError(_unknown(hop, frame.hops, "hop"), (("hop", hop),))


def _refuse_date(text: str, name: str, when: str) -> None:
    if when:
        raise StatementError(f"{text}: {name} is one number for the whole run. Write it without a date.")


def _unknown(name: str, known: Sequence[str], noun: str) -> str:
    match = nearest(name, known)
    if match is not None:
        return f'there is no {noun} "{printable(name)}". Did you mean "{match}"?'
    listed = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
    hint = f"Known: {listed}." if known else "There is none in this scenario."
    return f'there is no {noun} "{printable(name)}". {hint}'


def _all_names(frame: Frame) -> Sequence[str]:
    per_hop = [*(v.name for v in VARIABLES.values() if v.per_hop), CENTS, *CUMULATIVE]
    names = [f"{base}.{hop}" for base in per_hop for hop in frame.hops]
    single = [v.name for v in VARIABLES.values() if not v.per_hop]
    return [*frame.events, *single, *names, *(f"event_time.{event}" for event in frame.events)]
