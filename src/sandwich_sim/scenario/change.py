"""One change on the command line, ``--set open_source.gap=4.0`` -> tables laid on top of a file."""

from __future__ import annotations

import re
from typing import Any

from sandwich_sim.scenario.parse import ParseError, parse_toml

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_. -]*\Z")
_PAIR = re.compile(r"correlation\s*\.\s*([\w.-]+\s*~\s*[\w.-]+)\s*\Z")
_EXAMPLE = "Write KEY=VALUE, such as open_source.gap=4.0."


class ChangeError(ValueError):
    """A change that cannot be read; the message says what is wrong. What to do."""


def read_change(text: str) -> dict[str, Any]:
    """Read ``key=value``.

    Parameters
    ----------
    text : str
        A dotted key and a TOML value. A bare word counts as a text, the pair of a correlation needs
        no quotes, and one entry of ``remove`` no brackets.

    Returns
    -------
    dict
        Nested tables that hold the one value.

    Raises
    ------
    ChangeError
    """
    key, equals, written = text.partition("=")
    if not equals:
        raise ChangeError(f"is no change. {_EXAMPLE}")
    path = _key_path(key)
    if path == ["extends"]:
        raise ChangeError("cannot change what is extended. Change numbers, or write a file.")
    value = _value(written.strip())
    if path == ["remove"] and isinstance(value, str):
        value = [value]
    for name in reversed(path):
        value = {name: value}
    return dict(value)


def _key_path(key: str) -> list[str]:
    if pair := _PAIR.match(key.strip()):
        return ["correlation", pair.group(1)]
    try:
        if not key.strip() or "\n" in key:
            raise ParseError(1, 1, "", "")
        inner: Any = parse_toml(f"{key} = 0")
    except ParseError:
        raise ChangeError(f"has no key before the equals sign that can be read. {_EXAMPLE}") from None
    path: list[str] = []
    while isinstance(inner, dict):
        ((name, inner),) = inner.items()
        path.append(name)
    return path


def _value(written: str) -> Any:
    if not written:
        raise ChangeError(f"has no value. {_EXAMPLE}")
    if _WORD.match(written) and written not in ("true", "false", "inf", "nan"):
        return written
    try:
        data = parse_toml(f"value = {written}")
    except ParseError as error:
        hint = ""
        if written.startswith("{") and '"' not in written and "'" not in written:
            hint = " A shell takes double quotes away: put the whole change in single quotes."
        raise ChangeError(f"{error}{hint}") from None
    if list(data) != ["value"]:
        raise ChangeError(f"is no change of one value. {_EXAMPLE}")
    return data["value"]
