"""One number of a scenario file, in any of its forms -> `Uncertain`."""

from __future__ import annotations

from math import isnan
from pathlib import Path
from typing import Any

from sandwich_sim.scenario.distributions import read_distribution
from sandwich_sim.scenario.fields import QUANTILE_KEY, finite, is_number
from sandwich_sim.scenario.findings import Findings, KeyPath, nearest, printable, shown, without_quotes
from sandwich_sim.scenario.spec import Evidence
from sandwich_sim.scenario.uncertain import Constant, SameAs, Uncertain

FORMS = 'a number, { value = ... }, { dist = "..." }, { quantiles = { ... } } or { same_as = "..." }'

_FORM_KEYS = ("value", "same_as", "dist", "quantiles")


def _form_like(key: str) -> str | None:
    return "dist" if key.startswith("dist") else nearest(key, _FORM_KEYS)


def is_drawn(value: object) -> bool:
    """Whether a number of a file is a distribution, without checking it."""
    return isinstance(value, dict) and "value" not in value and "same_as" not in value


def read_evidence(value: object) -> Evidence:
    """Return source and note of a number, nothing where it has none."""
    if not isinstance(value, dict):
        return Evidence()
    source, note = value.get("source"), value.get("note")
    return Evidence(source if isinstance(source, str) else None, note if isinstance(note, str) else None)


def read_number(value: object, path: KeyPath, findings: Findings, folder: Path | None) -> Uncertain | None:
    """Read a model number; None, and findings, if something is wrong.

    Parameters
    ----------
    value : object
        As parsed from TOML.
    path : key path
        Where it sits.
    findings : Findings
        Takes what is wrong.
    folder : Path or None
        Folder of the file that holds it, for CSV columns.
    """
    if is_number(value):
        return _constant(value, path, findings)
    if not isinstance(value, dict):
        findings.add(path, f"is {shown(value)}. {without_quotes(value)}Use {FORMS}.")
        return None
    forms = [key for key in _FORM_KEYS if key in value]
    if forms == ["dist", "quantiles"]:
        forms = ["dist"]
    if not forms and any(QUANTILE_KEY.match(key) for key in value):
        findings.add(path, 'has quantiles but no dist. Add dist = "lognormal", say, or quantiles = { ... }.')
        return None
    if len(forms) != 1:
        there = ", ".join(f'"{printable(key)}"' for key in forms or list(value)[:6]) or "nothing"
        meant = next((near for key in list(value)[:6] if (near := _form_like(key))), None)
        hint = f'Did you mean "{meant}"?' if meant and not forms else f"Use {FORMS}."
        findings.add(path, f"holds {there}. {hint}")
        return None
    if forms[0] in ("value", "same_as"):
        _refuse_unknown(value, (forms[0], "source", "note"), path, findings)
    if "value" in value:
        return _constant(value["value"], (*path, "value"), findings)
    if "same_as" in value:
        if not isinstance(value["same_as"], str):
            findings.add((*path, "same_as"), 'is no name. Use a dotted name, such as "open_source.gap".')
            return None
        return SameAs(value["same_as"])
    return read_distribution(value, path, findings, folder)


def _constant(value: object, path: KeyPath, findings: Findings) -> Constant | None:
    number = finite(value, path, findings)
    return None if isnan(number) else Constant(number)


def _refuse_unknown(value: dict[str, Any], known: tuple[str, ...], path: KeyPath, findings: Findings) -> None:
    for key in value:
        if key not in known:
            findings.add((*path, key), f"unknown key. {findings.advise(key, known)}")
