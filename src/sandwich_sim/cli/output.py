"""What every command prints through: cleaned text, one JSON document, aligned columns.

stdout carries data; progress, notes and warnings go to stderr.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import PurePath
from typing import Any

import click

SCHEMA_VERSION = 1
WIDEST = 100

# Control characters and lone surrogates, and the marks that turn the direction of text: a file
# must not be able to move the cursor, color the screen or hide what it says.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean(text: object) -> str:
    """Return text without control characters; line feeds and tabs stay."""
    return _UNSAFE.sub("", str(text))


def clean_line(text: object) -> str:
    """Return text as one line without control characters."""
    return " ".join(clean(text).split())


def say(text: str = "") -> None:
    """Print unstyled data on stdout, cleaned."""
    click.echo(clean(text))


def note(text: str) -> None:
    """Print a remark on stderr, cleaned."""
    click.echo(clean(text), err=True)


def say_json(document: Mapping[str, Any]) -> None:
    """Print one JSON document on stdout; NaN and infinities become null."""
    whole = {"schema_version": SCHEMA_VERSION, **document}
    click.echo(json.dumps(_plain(whole), indent=2, allow_nan=False))


def _plain(value: Any) -> Any:
    """Turn numbers of any library, dates, paths and dataclasses into what JSON knows."""
    if isinstance(value, float):
        return value if value - value == 0.0 else None
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, date | PurePath):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if hasattr(value, "tolist"):  # arrays and scalars of numpy
        return _plain(value.tolist())
    raise TypeError(f"no JSON form of {type(value).__name__}")


def screen_width() -> int:
    """Columns to write in: the terminal's, at most 100; 100 where there is no terminal."""
    return max(40, min(WIDEST, shutil.get_terminal_size((WIDEST, 24)).columns))


def stderr_is_live() -> bool:
    """Whether stderr is a terminal that can rewrite a line."""
    import os

    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def say_columns(rows: Sequence[Sequence[object]], header: Sequence[str] = (), indent: str = "") -> None:
    """Print rows in aligned columns; the last one wraps to the width of the screen."""
    cells = [[clean_line(cell) for cell in row] for row in rows]
    everything = ([list(header)] if header else []) + cells
    if not everything:
        return
    widths = [max(len(row[i]) for row in everything) for i in range(len(everything[0]) - 1)]
    left = len(indent) + sum(width + 2 for width in widths)
    for number, row in enumerate(everything):
        start = indent + "".join(f"{cell:<{width}}  " for cell, width in zip(row, widths, strict=False))
        lines = wrap(row[-1], max(24, screen_width() - left))
        for position, line in enumerate(lines):
            whole = ((start if position == 0 else " " * left) + line).rstrip()
            click.echo(click.style(whole, bold=True) if header and number == 0 else whole)


def wrap(text: str, width: int) -> list[str]:
    """Break text into lines of at most `width` characters; at least one line."""
    import textwrap

    return textwrap.wrap(text, width, break_on_hyphens=False) or [""]


def count(number: int, noun: str) -> str:
    """`1 file`, `2 files`, `2 trajectories`."""
    plural = f"{noun[:-1]}ies" if noun.endswith("ry") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def file_size(n_bytes: float) -> str:
    """Bytes for people: `3.2 GB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if n_bytes < 1000:
            return f"{n_bytes:.0f} {unit}" if unit == "B" else f"{n_bytes:.3g} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.3g} TB"


def duration(seconds: float) -> str:
    """Seconds for people: `4.2 s`, `3:07 min`, `1:02 h`."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02d} min"
    return f"{minutes // 60}:{minutes % 60:02d} h"
