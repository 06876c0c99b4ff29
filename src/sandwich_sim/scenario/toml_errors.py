"""What the TOML parser stumbles over -> what to do about it; only used once parsing has failed.

The parser names the place where it gave up, which may lie behind the slip, and says it in words
of the grammar. Here the slips that people make are told by their own names.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

from sandwich_sim.scenario.findings import dotted, is_day, printable
from sandwich_sim.scenario.locate import last_given
from sandwich_sim.scenario.prescan import TOKEN, position

_PLACE = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)\Z", re.DOTALL)
_TWICE = ("Cannot overwrite a value", "Cannot declare", "Duplicate inline table key", "Cannot redefine")
_DAY_LIKE = re.compile(r"\d{4}[-./]\d{1,2}(?:[-./]\d{1,2})?|\d{1,2}[-./]\d{1,2}[-./]\d{4}")
_PAIR = re.compile(r"\s*(?P<key>[\w.\"'~ -]+?)\s*=\s*(?P<value>.*)")


class Explained(NamedTuple):
    """Where a file is no TOML, at which key if that is known, and what to do."""

    line: int
    column: int
    key: str
    message: str


def explain(text: str, error: str) -> Explained:
    """Explain an error of the TOML parser.

    Parameters
    ----------
    text : str
        The file.
    error : str
        What the parser says.
    """
    match = _PLACE.match(error)
    if match is None:
        return Explained(1, 1, "", f"is no valid TOML: {printable(error)}. Correct it.")
    what = match.group(1)
    if match.group(2):
        line, column = int(match.group(2)), int(match.group(3))
    else:
        line, column = position(text, len(text.rstrip()))
    if what.startswith(_TWICE):
        twice = _given_twice(text, line, column)
        if twice is not None:
            return twice
    opened = _never_closed(text, what)
    if opened is not None:
        line, column = position(text, opened)
        hint: str | None = "the text is not closed. Add the closing quote."
    elif what == r"Illegal character '\n'":
        hint = "the text is not closed on its line. Add the closing quote."
    else:
        hint = _slip(text, line, column)
    if hint is None and what.startswith("Unclosed inline table"):
        hint = "a comma or the closing brace is missing. Write { key = value, key = value }."
    if hint is None:
        return Explained(line, column, "", f"is no valid TOML: {printable(what)}. Correct it.")
    given = last_given(_read(text, line, column))
    is_here = given is not None and position(text, given[1])[0] == line
    return Explained(line, column, dotted(given[0]) if given is not None and is_here else "", hint)


def _never_closed(text: str, what: str) -> int | None:
    """Return where the quote stands that opens a text without an end; the parser names the file's end."""
    if what not in ('Expected "\'"', "Expected \"'''\"", "Unterminated string"):
        return None
    ends = [(0, 0), *((token.start(), token.end()) for token in TOKEN.finditer(text))]
    for (before, end), (start, _) in pairwise([*ends, (len(text), len(text))]):
        if quote := re.search(r"[\"']", text[end:start]):
            # Of three quotes, the first two were taken for an empty text.
            return before if text[before:end] == 2 * quote.group() else end + quote.start()
    return None


def _read(text: str, line: int, column: int) -> str:
    """Return what the parser had read where it stopped."""
    lines = text.split("\n")
    return "\n".join([*lines[: line - 1], lines[line - 1][: column - 1]])


def _given_twice(text: str, line: int, column: int) -> Explained | None:
    """Find both places of a key or table that is given twice; the parser stopped behind the second."""
    given = last_given(_read(text, line, column))
    if given is None or given[2] is None:
        return None
    first_line, first_column = position(text, given[2])
    message = f"is given twice, first in line {first_line}, column {first_column}. Keep one of them."
    return Explained(*position(text, given[1]), dotted(given[0]), message)


def _slip(text: str, line: int, column: int) -> str | None:
    """Recognize a common slip in the line where the parser stopped."""
    row = text.split("\n")[line - 1]
    rest = row[column - 1 :].strip()
    pair = _PAIR.fullmatch(row)
    value = pair.group("value").split("#")[0].strip() if pair else ""
    if rest.startswith(":") or (pair is None and re.match(r"\s*[\w.-]+\s*:", row)):
        return 'a colon stands where "=" should. Write key = value.'
    if pair is not None and value == "":
        return "has no value. Write one behind the equals sign."
    if "{" in row[: column - 1] and row.count("{") > row.count("}"):
        return "the brace is not closed on its line. Write { ... } on one line, or a [table] of its own."
    if re.search(r",\s*\}", row):
        return "a table in braces takes no comma at its end. Remove the comma before the brace."
    return _slip_in_value(value)


def _slip_in_value(value: str) -> str | None:
    shown = printable(value, 40)
    if _DAY_LIKE.fullmatch(value) and not is_day(value):
        return f"{shown} is no day of the calendar. Write year-month-day, such as 2026-07-01."
    if re.fullmatch(r"[+-]?\d+,\d+", value):
        return f"{shown} has a decimal comma. Write {value.replace(',', '.')}."
    if match := re.fullmatch(r"([+-]?)(\.\d+)", value):
        return f"{shown} has no digit before the point. Write {match.group(1)}0{match.group(2)}."
    if match := re.fullmatch(r"([+-]?\d+)\.", value):
        return f"{shown} has no digit behind the point. Write {match.group(1)}.0."
    if match := re.fullmatch(r"([+-]?\d+(?:\.\d+)?)\s*%", value):
        return f"{shown} is no number. Write percent as a fraction: {float(match.group(1)) / 100:g}."
    if re.fullmatch(r"0\d+(\.\d+)?", value):
        return f"{shown} begins with 0. Write {value.lstrip('0') or '0'}."
    if re.fullmatch(r"True|False", value):
        return f"{shown} is written small. Write {value.lower()}."
    if re.fullmatch(r"[A-Za-z_][\w .-]*", value):
        return f'{shown} stands without quotes. Write "{shown}".'
    if match := re.search(r"=\s*(?!true|false|inf|nan)([A-Za-z_][\w-]*)\s*[,}]", value):
        return f'{match.group(1)} stands without quotes. Write "{match.group(1)}".'
    if re.fullmatch(r"[+-]?\d+(\.\d+)?\s*[A-Za-z]\w*", value):
        return f"{shown} is no number. Write the number alone; the unit is fixed."
    return None
