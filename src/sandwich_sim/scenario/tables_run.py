"""The tables beside the model: time, run, events, portfolio, own facts, and the file's words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from sandwich_sim.scenario.draft import Draft
from sandwich_sim.scenario.findings import Findings, KeyPath, nearest, printable
from sandwich_sim.scenario.parameters import SINGLE_TABLES
from sandwich_sim.scenario.spec import Clause, Event, Move, Position, RunOptions, Sampler
from sandwich_sim.scenario.tables import (
    CLAUSE_KEYS,
    MOVE_KEYS,
    NAME,
    NAME_RULE,
    RUN_KEYS,
    TIME_KEYS,
    Table,
    named_tables,
)
from sandwich_sim.variables import FAN_DEFAULT, KEEP_SERIES_DEFAULT

TOP_KEYS = ("name", "title", "summary", "time", "run", *SINGLE_TABLES)
TOP_TABLES = ("hop", "edge", "demand", "correlation", "event", "portfolio", "checks", "fact")
POSITION_KEYS = ("weight", "exposure", "price", "revenue")
FACT_TEXTS = ("hop", "quantity", "unit", "period", "source", "url", "published", "grade", "note")
FACT_NUMBERS = ("best", "low", "high")
SAMPLERS = ("random", "latin-hypercube", "sobol")
MAX_TRAJECTORIES = 2**48 - 1
MAX_SOBOL = 16 * 2**32
"""16 scrambles of 32 bits each."""
MAX_SEED = 2**64 - 1
MAX_YEARS = 100
MAX_STEPS_PER_YEAR = 365
MAX_EVENTS = 64
MAX_MONEY = 1e12
MAX_LIMIT = 1e15
"""Of a series in an event, in size: larger is a slip, not an event."""
TRAJECTORIES_DEFAULT = 262_144
_RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")


def read_frame(document: Mapping[str, Any], findings: Findings) -> Draft:
    """Read title, summary, time and run options into a new draft."""
    top = Table(document, (), findings, (*TOP_KEYS, *TOP_TABLES, "extends", "remove"))
    time = _table(document, "time", findings, TIME_KEYS)
    if "time" not in document:
        findings.add(("time",), "is missing. Add [time] with start and years.")
    else:
        time.missing("start", "start = 2026-07-01, the day of the first record")
        time.missing("years", "years = 10")
    run = _table(document, "run", findings, RUN_KEYS)
    options = RunOptions(
        trajectories=run.whole("trajectories", 1, MAX_TRAJECTORIES, TRAJECTORIES_DEFAULT),
        seed=run.whole("seed", 0, MAX_SEED, 0),
        sampler=cast(Sampler, run.choice("sampler", SAMPLERS, "sobol")),
        fans=run.names("fans", FAN_DEFAULT),
        keep_series=run.names("keep_series", KEEP_SERIES_DEFAULT),
    )
    if options.sampler == "sobol" and options.trajectories > MAX_SOBOL:
        hint = f'is {options.trajectories:_}. Use at most {MAX_SOBOL:_}, or sampler = "random".'
        findings.add(("run", "trajectories"), hint, causes=[("run", "sampler")])
    return Draft(
        title=top.text("title", ""),
        summary=top.text("summary", ""),
        start=time.day("start"),
        years=time.whole("years", 1, MAX_YEARS, 10),
        steps_per_year=time.whole("steps_per_year", 1, MAX_STEPS_PER_YEAR, 4),
        run=options,
        slots=run.names("sobol_slots", ()),
    )


def read_name(document: Mapping[str, Any], stem: str, findings: Findings) -> str:
    """Return the scenario's name: its own, or one made from the file's name."""
    if "name" not in document:
        made = re.sub(r"[^A-Za-z0-9_-]+", "_", stem).strip("_-")[:64]
        return made or "scenario"
    name = document["name"]
    if not isinstance(name, str) or not _RUN_NAME.match(name):
        findings.add(("name",), "cannot name a folder. Use letters, digits, _ and -, at most 64.")
        return "scenario"
    return name


def _table(document: Mapping[str, Any], key: str, findings: Findings, known: Iterable[str]) -> Table:
    return Table(document.get(key, {}), (key,), findings, known)


def read_events(document: Mapping[str, Any], draft: Draft, findings: Findings) -> None:
    """Read ``[event.*]``."""
    events = named_tables(document, "event", findings, "an event")
    if len(events) > MAX_EVENTS:
        findings.add_too_many("event", events, "events", MAX_EVENTS)
        return
    for name, value in events.items():
        table = Table(value, ("event", name), findings, ("title", "clauses"))
        if table.is_table and "clauses" not in table.data:
            match = nearest(name, [other for other in events if other != name])
            hint = (
                f"Did you mean [event.{match}]?"
                if match
                else 'Add clauses = [{ series = "gap", below = 1.0 }].'
            )
            table.add("clauses", f"is missing. {hint}")
            continue
        clauses = [_clause(item, path, findings) for path, item in table.tables("clauses")]
        if table.data.get("clauses") == []:
            table.add("clauses", 'is empty. Add a clause, such as { series = "gap", below = 1.0 }.')
        draft.events.append(Event(name, table.text("title", name), tuple(clauses)))


def _clause(value: object, path: KeyPath, findings: Findings) -> Clause:
    table = Table(value, path, findings, CLAUSE_KEYS)
    table.missing("series", 'series = "...", such as "gap" or "margin.lab"')
    if table.is_table and not set(CLAUSE_KEYS[1:]) & set(table.data):
        findings.add(path, "states no condition. Add below, above, rises, falls or ends_above.")
    return Clause(
        series=table.text("series", ""),
        below=table.number("below", -MAX_LIMIT, MAX_LIMIT),
        above=table.number("above", -MAX_LIMIT, MAX_LIMIT),
        rises=_move(table, "rises"),
        falls=_move(table, "falls"),
        ends_above=table.number("ends_above", -MAX_LIMIT, MAX_LIMIT),
        ends_above_start=table.flag("ends_above_start"),
    )


def _move(clause: Table, key: str) -> Move | None:
    if key not in clause.data:
        return None
    table = Table(clause.data[key], (*clause.path, key), clause.findings, MOVE_KEYS)
    table.missing("years", "years = 1 or more")
    years = table.whole("years", 1, MAX_YEARS, 1)
    return Move(
        years, table.number("by", 0.0, MAX_LIMIT) or 0.0, table.number("by_ratio", 0.0, MAX_LIMIT) or 0.0
    )


def read_portfolio(document: Mapping[str, Any], draft: Draft, findings: Findings) -> None:
    """Read ``[portfolio.position.*]``."""
    portfolio = Table(document.get("portfolio", {}), ("portfolio",), findings)
    for name in portfolio.data:
        if name != "position":
            portfolio.add(name, f"unknown key. Write [portfolio.position.{printable(name)}] for a position.")
    positions = Table(portfolio.data.get("position", {}), ("portfolio", "position"), findings)
    for name, value in positions.data.items():
        path: KeyPath = ("portfolio", "position", name)
        if not NAME.match(name):
            findings.add(path, f"is no name for a position. {NAME_RULE}.")
            continue
        table = Table(value, path, findings, POSITION_KEYS)
        match = nearest(name, [other for other in positions.data if other != name])
        if match and table.is_table and ("weight" not in table.data or "exposure" not in table.data):
            findings.add(path, f'is a new position without weight or exposure. Did you mean "{match}"?')
            continue
        table.missing("weight", "weight = ..., its part of the book")
        table.missing("exposure", "exposure = { hop = 1.0 }, where its business lies")
        exposure = Table(table.data.get("exposure", {}), (*path, "exposure"), findings)
        if table.data.get("exposure") == {}:
            table.add("exposure", "names no hop. Add one, such as { chips = 1.0 }.")
        shares = {hop: exposure.number(hop, 0.0, 1.0) or 0.0 for hop in exposure.data}
        if sum(shares.values()) > 1.0 + 1e-9:
            table.add("exposure", f"sums to {sum(shares.values()):g}. Make it 1 or less.")
        if ("price" in table.data) != ("revenue" in table.data):
            alone, other = ("price", "revenue") if "price" in table.data else ("revenue", "price")
            table.add(alone, f"stands alone. Add {other} too: the two make a multiple.")
        draft.positions.append(
            Position(
                name,
                table.number("weight", 0.0, 1.0) or 0.0,
                shares,
                table.number("price", 0.0, MAX_MONEY),
                table.number("revenue", 0.0, MAX_MONEY),
            )
        )


def read_facts(document: Mapping[str, Any], findings: Findings) -> set[str]:
    """Check the facts that the file brings itself; return their ids."""
    facts = document.get("fact", {})
    if not isinstance(facts, dict):
        findings.add(("fact",), "is no table. Use tables such as [fact.my_survey_2026].")
        return set()
    for name, value in facts.items():
        path: KeyPath = ("fact", name)
        if not re.match(r"[a-z0-9_]{1,80}\Z", name):
            findings.add(path, "is no id. Use small letters, digits and _.")
        table = Table(value, path, findings, (*FACT_TEXTS, *FACT_NUMBERS))
        table.missing("source", 'source = "...": who says so')
        for key in FACT_TEXTS:
            if table.text(key, "").strip() == "" and key == "source" and key in table.data:
                table.add(key, "says nothing. Name who says so.")
        for key in FACT_NUMBERS:
            table.number(key)
    return set(facts)
