"""Lines and columns of keys, against files written in many styles."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandwich_sim.scenario.load import shipped_scenarios
from sandwich_sim.scenario.locate import find_spans, locate
from sandwich_sim.scenario.prescan import scan_text

Path = tuple[str | int, ...]

BARE = st.text("abcXYZ019_-", min_size=1, max_size=6)
KEYS = st.one_of(BARE, BARE, st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=6))
SCALARS = st.one_of(
    st.integers(-(10**6), 10**6).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["true", "false", "2026-07-01", "1979-05-27 07:32:00", "inf", "0xff", "1_000"]),
    st.sampled_from(
        ["'a # b'", '"x = [1, {"', '"""\nmany "quoted" lines\\\n  # no comment\n"""', "'''\n[a]\n'''"]
    ),
    st.sampled_from(['"\\"]"', '""""four"""', "''''quote''''", '""', "''", '"""a""""']),
)
COMMENTS = st.sampled_from(["", " # note", "  # [x] = { } \" '"])
BREAKS = st.sampled_from(["", " ", "\n", "\n  # why\n  "])


@st.composite
def written_key(draw: st.DrawFn, key: str) -> str:
    """One way to write a key."""
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    ways = [f'"{escaped}"']
    if key and all(c in "abcXYZ019_-" for c in key):
        ways.append(key)
    if "'" not in key:
        ways.append(f"'{key}'")
    if key and all(ord(c) < 0x10000 for c in key):
        ways.append('"' + "".join(f"\\u{ord(c):04X}" for c in key) + '"')
    return draw(st.sampled_from(ways))


@st.composite
def written_value(draw: st.DrawFn, depth: int = 0) -> str:
    kind = draw(st.sampled_from(["scalar"] * 3 + (["list", "table"] if depth < 3 else [])))
    if kind == "scalar":
        return draw(SCALARS)
    if kind == "list":
        parts = [draw(written_value(depth + 1)) for _ in range(draw(st.integers(0, 3)))]
        body = ",".join(f"{draw(BREAKS)}{part}{draw(BREAKS)}" for part in parts)
        return f"[{body}{draw(st.sampled_from(['', ',', ',  # last' + chr(10)])) if parts else draw(BREAKS)}]"
    keys = draw(st.lists(KEYS, max_size=3, unique=True))
    pairs = []
    for key in keys:
        name = draw(written_key(key))
        pairs.append(f" {name} = {draw(written_value(depth + 1))}")
    return "{" + ",".join(pairs) + " }"


@st.composite
def written_document(draw: st.DrawFn) -> str:
    lines: list[str] = []
    tops = draw(st.lists(KEYS, min_size=1, max_size=4, unique=True))
    for key in tops:
        name = draw(written_key(key))
        if draw(st.booleans()):
            lines.append(
                f"{name}{draw(st.sampled_from(['', ' ', chr(9)]))}= {draw(written_value())}{draw(COMMENTS)}"
            )
    for i, _ in enumerate(tops):
        table = f"t{i}"
        style = draw(st.sampled_from(["table", "dotted", "array", "implied"]))
        inner = draw(st.lists(KEYS, max_size=3, unique=True))
        header = {"table": f"[{table}]", "implied": f"[ {table} . 'in ner' ]", "array": f"[[{table}]]"}
        for _ in range(2 if style == "array" else 1):
            prefix = f"{table} . " if style == "dotted" else ""
            if style != "dotted":
                lines.append(header[style] + draw(COMMENTS))
            body = [
                f"  {prefix}{draw(written_key(key))} = {draw(written_value())}{draw(COMMENTS)}"
                for key in inner
            ]
            # Dotted keys belong to the root table, which ends at the first header.
            lines = [*body, *lines] if style == "dotted" else [*lines, *body]
        lines.append(draw(st.sampled_from(["", "# comment"])))
    return "\n".join(lines) + "\n"


def paths_of(value: Any, path: Path = ()) -> list[Path]:
    if isinstance(value, dict):
        below = [paths_of(item, (*path, key)) for key, item in value.items()]
    elif isinstance(value, list):
        below = [paths_of(item, (*path, i)) for i, item in enumerate(value)]
    else:
        below = []
    return [path, *(p for group in below for p in group)]


@given(written_document())
def test_every_key_is_found_where_it_is_written(text: str) -> None:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:  # a generated name that clashes with another
        return
    spans = find_spans(text)
    assert set(paths_of(document)) - {()} == set(spans)
    lines = text.split("\n")
    for path, (line, column) in spans.items():
        rest = "\n".join([lines[line - 1][column - 1 :], *lines[line:]])
        if isinstance(path[-1], str):
            key_text = _first_key(rest)
            assert list(tomllib.loads(f"{key_text} = 0")) == [path[-1]]
        elif not rest.startswith(("[", "{")) or rest[0] == "[":
            assert rest.strip()


def _first_key(text: str) -> str:
    """Return the text of the key that a text begins with."""
    if text[0] in "\"'":
        end = 1
        while text[end] != text[0]:
            end += 2 if text[end] == "\\" and text[0] == '"' else 1
        return text[: end + 1]
    return text[
        : next(i for i, c in enumerate(text + " ") if c not in "abcdefghijklmnopqrstuvwxyzXYZ0123456789_-")
    ]


@given(written_document())
def test_limits_never_refuse_a_modest_file(text: str) -> None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert scan_text(text) is None


@pytest.mark.parametrize("name", list(shipped_scenarios()))
def test_every_key_of_a_shipped_file_is_on_its_line(name: str) -> None:
    text = shipped_scenarios()[name].read_text(encoding="utf-8")
    spans = find_spans(text)
    lines = text.splitlines()
    assert set(paths_of(tomllib.loads(text))) - {()} == set(spans)
    for path, (line, column) in spans.items():
        if isinstance(path[-1], str):
            assert lines[line - 1][column - 1 :].lstrip('"').startswith(path[-1])


def test_missing_key_is_placed_at_its_table() -> None:
    spans = find_spans("a = 1\n\n[b.c]\nd = 2\n")
    assert locate(spans, ("b", "c", "missing")) == (3, 4)
    assert locate(spans, ("missing",)) == (1, 1)


def test_columns_count_characters() -> None:
    assert find_spans('"ä" = { b = "é", c = 1 }')[("ä", "c")] == (1, 18)
