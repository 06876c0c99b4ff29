"""SARIF 2.1.0: the problems of scenario files, as code scanning services and editors read them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sandwich_sim._version import __version__
from sandwich_sim.errors import Problem

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MOST_RESULTS = 5000
"""GitHub shows so many of a run and refuses 25,000."""
_RULES = (
    ("invalid-scenario", "error", "Something in a scenario file is wrong, so that it cannot be run."),
    ("number-without-source", "note", "A number of a scenario does not say where it comes from."),
)


def sarif_log(
    problems: Sequence[Problem], notes: Sequence[Problem] = (), *, root: Path | None = None
) -> dict[str, Any]:
    """Write problems as one SARIF log.

    Parameters
    ----------
    problems : sequence of Problem
        Errors.
    notes : sequence of Problem
        Remarks; they do not make a file invalid.
    root : Path, optional
        The root of the checkout, to which paths are made relative; the current folder by default.

    Returns
    -------
    dict
        For `json.dumps`.
    """
    root = (root or Path.cwd()).resolve()
    results = [_result(0, problem, root) for problem in problems]
    results += [_result(1, note, root) for note in notes]
    invocation: dict[str, Any] = {"executionSuccessful": True}
    if len(results) > MOST_RESULTS:
        text = f"{len(results) - MOST_RESULTS} of {len(results)} results were left out."
        invocation["toolExecutionNotifications"] = [{"level": "warning", "message": {"text": text}}]
    driver = {
        "name": "sandwich-sim",
        "version": __version__,
        "rules": [
            {"id": name, "shortDescription": {"text": text}, "defaultConfiguration": {"level": level}}
            for name, level, text in _RULES
        ],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The root of the checkout."}}},
        "invocations": [invocation],
        "results": results[:MOST_RESULTS],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(rule: int, problem: Problem, root: Path) -> dict[str, Any]:
    name, level, _ = _RULES[rule]
    text = f"{problem.key}: {problem.message}" if problem.key else problem.message
    found: dict[str, Any] = {
        "ruleId": name,
        "ruleIndex": rule,
        "level": level,
        "message": {"text": text},
        # Not the line: a problem that moves within its file stays the same problem.
        "partialFingerprints": {"problem/v1": _fingerprint(_uri(problem.file, root)[0], text)},
    }
    if not problem.file.startswith("--set "):
        found["locations"] = [{"physicalLocation": _place(problem, root)}]
    return found


def _place(problem: Problem, root: Path) -> dict[str, Any]:
    uri, is_below = _uri(problem.file, root)
    place: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if is_below:
        place["artifactLocation"]["uriBaseId"] = "SRCROOT"
    if problem.line:
        place["region"] = {"startLine": problem.line, "startColumn": max(problem.column, 1)}
    return place


def _uri(file: str, root: Path) -> tuple[str, bool]:
    """Return a file's address, and whether it is one below the root."""
    path = (root / file).resolve()
    if path.is_relative_to(root):
        return quote(path.relative_to(root).as_posix()), True
    return path.as_uri(), False


def _fingerprint(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]
