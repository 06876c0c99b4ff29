"""A resolved scenario -> TOML that loads again to an equal digest."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from sandwich_sim.scenario.spec import ScenarioSpec

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")
_OPEN_TABLES = {"hop": 2, "edge": 2, "demand": 2, "event": 2, "fact": 2, "portfolio": 3}
"""How deep a table is written with a header of its own; deeper ones are inline."""


def dump_scenario(spec: ScenarioSpec) -> str:
    """Write a scenario as one file that stands on its own, with all evidence.

    Parameters
    ----------
    spec : ScenarioSpec

    Returns
    -------
    str
        TOML; `load_scenario` of it has the same digest.
    """
    lines: list[str] = []
    _write_table(lines, spec.document, ())
    return "\n".join(lines).strip("\n") + "\n"


def _write_table(lines: list[str], table: Mapping[str, Any], path: tuple[str, ...]) -> None:
    open_to = _OPEN_TABLES.get(path[0], 1) if path else 1
    below = [key for key, value in table.items() if isinstance(value, dict) and (len(path) < open_to)]
    own = [key for key in table if key not in below]
    if path and (own or not below):
        lines += ["", f"[{'.'.join(_key(part) for part in path)}]"]
    lines += [f"{_key(key)} = {_value(table[key])}" for key in own]
    for key in below:
        _write_table(lines, table[key], (*path, key))


def _key(key: str) -> str:
    return key if _BARE.match(key) else _text(key)


def _text(text: str) -> str:
    # JSON escapes are TOML escapes, but for DEL, which JSON leaves alone.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items()) + " }"
    if value and isinstance(value[0], dict):
        return "[\n" + "".join(f"    {_value(item)},\n" for item in value) + "]"
    return "[" + ", ".join(_value(item) for item in value) + "]"
