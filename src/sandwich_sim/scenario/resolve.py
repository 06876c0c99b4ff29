"""Merged layers -> a frozen, complete spec, or a list of all that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from sandwich_sim.facts import load_facts
from sandwich_sim.scenario.check import check_tables
from sandwich_sim.scenario.check_numbers import (
    active_pairs,
    check_correlation,
    check_ranges,
    check_shares,
    resolve_same_as,
)
from sandwich_sim.scenario.check_outcomes import read_checks
from sandwich_sim.scenario.digest import digest_of, raw_number
from sandwich_sim.scenario.draft import Draft
from sandwich_sim.scenario.findings import Findings
from sandwich_sim.scenario.merged import Merged
from sandwich_sim.scenario.parameters import SINGLE_TABLES
from sandwich_sim.scenario.spec import Evidence, RunOptions, ScenarioSpec
from sandwich_sim.scenario.tables_model import ModelReader
from sandwich_sim.scenario.tables_run import (
    read_events,
    read_facts,
    read_frame,
    read_name,
    read_portfolio,
)
from sandwich_sim.scenario.uncertain import Constant, Distribution, Empirical, Mixture, SameAs

_ORDER = (
    *("name", "title", "summary", "time", "run", *SINGLE_TABLES),
    *("hop", "edge", "demand", "correlation", "event", "portfolio", "checks", "fact"),
)


def resolve(merged: Merged, stem: str, findings: Findings) -> ScenarioSpec | None:
    """Read and check merged layers.

    Parameters
    ----------
    merged : Merged
        Its document is completed in place.
    stem : str
        The file's name without ending, which names a scenario that has no name.
    findings : Findings
        Takes what is wrong.

    Returns
    -------
    ScenarioSpec or None
        None if anything is wrong.
    """
    own_facts = read_facts(merged.document, findings)
    draft = read_frame(merged.document, findings)
    name = read_name(merged.document, stem, findings)
    reader = ModelReader(merged, draft, findings, {*load_facts(), *own_facts})
    reader.read()
    reader.table_sources()
    read_events(merged.document, draft, findings)
    read_portfolio(merged.document, draft, findings)
    check_tables(draft, merged, findings)
    read_checks(merged, draft, findings)
    resolve_same_as(draft, merged, findings)
    check_ranges(draft, findings)
    check_shares(draft, merged, findings)
    pairs = active_pairs(draft, merged, findings)
    check_correlation(pairs, draft, merged, findings)
    if findings:
        return None
    return _spec(merged, draft, name, pairs)


def _spec(merged: Merged, draft: Draft, name: str, pairs: list[tuple[str, str, float]]) -> ScenarioSpec:
    drawn = [key for key, number in draft.numbers.items() if isinstance(number, Distribution)]
    slots = tuple(dict.fromkeys([*draft.slots, *merged.slots]))
    _complete(merged.document, draft, name, slots if slots != tuple(drawn) else ())
    spec = ScenarioSpec(
        name=name,
        title=draft.title or name,
        summary=draft.summary,
        start=draft.start,
        years=draft.years,
        steps_per_year=draft.steps_per_year,
        run=draft.run,
        hops=tuple(draft.hops),
        edges=tuple(draft.edges),
        demand=tuple(draft.demand),
        parameters=draft.numbers,
        evidence=_with_inherited(draft),
        correlation=tuple(sorted(pairs)),
        events=tuple(draft.events),
        portfolio=tuple(draft.positions),
        sobol_slots=slots,
        document=merged.document,
        digest="",
        notes=tuple(draft.notes),
        checks=tuple(draft.checks),
    )
    return replace(spec, digest=digest_of(spec))


def _with_inherited(draft: Draft) -> dict[str, Evidence]:
    """Give a ``same_as`` without a source the evidence of the number it takes."""
    evidence = dict(draft.evidence)
    for name, own in draft.evidence.items():
        number = draft.numbers.get(name)
        if isinstance(number, SameAs) and own.source is None:
            evidence[name] = draft.evidence.get(number.name, own)
    return evidence


def _complete(document: dict[str, Any], draft: Draft, name: str, slots: tuple[str, ...]) -> None:
    """Make the document stand on its own: CSV columns, facts, options and slots written out."""
    for key, number in draft.numbers.items():
        if isinstance(number, Empirical | Mixture):
            _write_values_out(raw_number(document, key), number)
    document["name"] = name
    document.setdefault("title", draft.title or name)
    document["time"]["steps_per_year"] = draft.steps_per_year
    document["run"] = run_table(draft.run, slots)
    used = [evidence.source for evidence in draft.evidence.values() if evidence.source]
    facts = load_facts()
    known = {source: asdict(facts[source]) for source in used if source in facts}
    for row in known.values():
        del row["id"]
    merged_facts = {**known, **document.get("fact", {})}
    if merged_facts:
        document["fact"] = merged_facts
    ordered = {key: document[key] for key in _ORDER if key in document}
    document.clear()
    document.update(ordered)


def run_table(run: RunOptions, slots: tuple[str, ...]) -> dict[str, Any]:
    """Return ``[run]`` as a file writes it."""
    table: dict[str, Any] = {
        "trajectories": run.trajectories,
        "seed": run.seed,
        "sampler": run.sampler,
        "fans": list(run.fans),
        "keep_series": list(run.keep_series),
    }
    if slots:
        table["sobol_slots"] = list(slots)
    return table


def _write_values_out(raw: Any, number: Distribution | Constant) -> None:
    """Replace file and column of an empirical distribution by its values, in place."""
    if isinstance(number, Empirical):
        raw.pop("file", None)
        raw.pop("column", None)
        raw["values"] = list(number.values)
    elif isinstance(number, Mixture):
        for part, component in zip(raw["components"], number.components, strict=True):
            _write_values_out(part, component)


def with_run_options(spec: ScenarioSpec, **changes: Any) -> ScenarioSpec:
    """Return a spec with other run options, its document and digest brought up to date.

    Parameters
    ----------
    spec : ScenarioSpec
    **changes
        Fields of `RunOptions`: ``trajectories``, ``seed``, ``sampler``, ``fans``, ``keep_series``.
    """
    run = replace(spec.run, **changes)
    table: Mapping[str, Any] = spec.document["run"]
    document = {**spec.document, "run": run_table(run, tuple(table.get("sobol_slots", ())))}
    changed = replace(spec, run=run, document=document)
    return replace(changed, digest=digest_of(changed))
