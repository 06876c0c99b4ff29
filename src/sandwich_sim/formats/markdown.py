"""A Markdown summary for a pull request or the summary page of a CI job."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sandwich_sim.formats.cases import OUTCOMES, Case, Suite, count_outcomes, describe_counts

LARGEST = 900_000
"""Bytes: GitHub refuses a step summary above 1024 KiB as a whole."""
_SIGN = {"failed": "❌", "error": "❌", "undecided": "❔", "skipped": "➖", "passed": "✅"}
# Whatever GitHub would turn into markup, a link, a mention or the end of a table cell.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~])")


def markdown_summary(title: str, suites: Sequence[Suite], remarks: Sequence[str] = ()) -> str:
    """Write verdicts as Markdown: what needs attention first, what passed folded away.

    Parameters
    ----------
    title : str
    suites : sequence of Suite
    remarks : sequence of str
        Sentences below the headline.

    Returns
    -------
    str
        At most `LARGEST` bytes; where cases do not fit, it says how many were left out.
    """
    counts = count_outcomes(suites)
    passed_all = not any(counts[outcome] for outcome in OUTCOMES if outcome != "passed")
    sign = _SIGN["passed"] if passed_all else _SIGN["failed" if counts["failed"] else "undecided"]
    sign = _SIGN["error"] if counts["error"] else sign
    head = [f"### {sign} {escape(title)}: {describe_counts(counts)}", ""]
    for remark in remarks:
        head += [escape(remark), ""]
    open_tables, folded_tables = [], []
    for suite in suites:
        open_tables += _table(suite, [case for case in suite.cases if case.outcome != "passed"])
        folded_tables += _table(suite, [case for case in suite.cases if case.outcome == "passed"])
    lines = [*head, *open_tables]
    if folded_tables:
        summary = f"<summary>{counts['passed']} passed</summary>"
        lines += ["<details>", summary, "", *folded_tables, "</details>", ""]
    return _fit(lines)


def escape(text: str) -> str:
    """Return text that Markdown shows as it is, on one line, and that mentions nobody."""
    line = " ".join(text.split())
    return _MARKUP.sub(r"\\\1", line).replace("@", "&#64;").replace("://", ":&#47;/")


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table; cells are escaped, numbers align on the right."""
    is_number = [
        all(re.match(r"[-+−±]?\d", row[column]) or not row[column] for row in rows)
        for column in range(len(header))
    ]
    lines = [
        "| " + " | ".join(map(escape, header)) + " |",
        "|" + "|".join("---:" if number else "---" for number in is_number) + "|",
    ]
    return lines + ["| " + " | ".join(map(escape, row)) + " |" for row in rows]


def _table(suite: Suite, cases: Sequence[Case]) -> list[str]:
    if not cases:
        return []
    cases = sorted(cases, key=lambda case: OUTCOMES.index(case.outcome))
    columns = list(dict.fromkeys(column for case in cases for column in case.values))
    says = any(case.message for case in cases)
    header = ["", "what", *columns, *(["why"] if says else [])]
    rows = [
        [
            f"{_SIGN[case.outcome]} {case.outcome}",
            case.name,
            *(case.values.get(column, "") for column in columns),
            *([case.message] if says else []),
        ]
        for case in cases
    ]
    return [f"**{escape(suite.name)}**", "", *markdown_table(header, rows), ""]


def _fit(lines: list[str]) -> str:
    """Join lines; table rows beyond the limit are left out and counted."""
    sizes = [len(line.encode()) + 1 for line in lines]
    if sum(sizes) <= LARGEST:
        return "\n".join(lines)
    kept, room, left_out = [], LARGEST - 200, 0
    for line, size in zip(lines, sizes, strict=True):
        if line.startswith("| ") and size > room:
            left_out += 1
            continue
        kept.append(line)
        room -= size
    return "\n".join([*kept, f"{left_out} more rows were left out: the summary would be too large.", ""])
