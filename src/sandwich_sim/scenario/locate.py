"""Key path -> line and column in a TOML file; only used once something is wrong.

The scan trusts that the text has been parsed without error, so that it need not check
anything, only walk over keys, brackets and strings.
"""

from __future__ import annotations

import contextlib
import re
from bisect import bisect_right

from sandwich_sim.scenario.findings import KeyPath

Spans = dict[KeyPath, tuple[int, int]]

_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r"\"\"\"(?:[^\\\"]|\\.|\"(?!\"\"))*\"\"\"\"{0,2}|'''.*?''''{0,2}|\"(?:[^\"\\]|\\.)*\"|'[^']*'", re.DOTALL
)
_SCALAR = re.compile(r"[^,\]}\n#]*")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.DOTALL)
_SHORT = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b"}


def find_spans(text: str) -> Spans:
    """Return where every key and list element of a valid TOML text begins.

    Returns
    -------
    dict of key path to (line, column)
        Counted from 1, in characters. A table that is only implied (``a`` in ``[a.b]``) has
        the position of the key that implies it.
    """
    scanner = _Scanner(text)
    scanner.document()
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    return {path: _line_column(starts, offset) for path, offset in scanner.found.items()}


def last_given(text: str) -> tuple[KeyPath, int, int | None] | None:
    """Return a key or table that a text defines: one given twice, else the last.

    Its path, its offset, and the offset of what it repeats or overwrites.

    Parameters
    ----------
    text : str
        Valid up to its end, where it may break off.
    """
    scanner = _Scanner(text + "\n")
    with contextlib.suppress(_BreakOffError, IndexError):
        scanner.document()
    if not scanner.given:
        return None
    given: dict[KeyPath, int] = {}
    for path, offset in scanner.given:
        if path in given:
            return path, offset, given[path]
        given[path] = offset
    path, offset = scanner.given[-1]
    implied = scanner.found[path]  # by a dotted key, say
    around = [given[path[:n]] for n in range(len(path) - 1, 0, -1) if path[:n] in given]
    return path, offset, implied if implied != offset else next(iter(around), None)


def _line_column(starts: list[int], offset: int) -> tuple[int, int]:
    line = bisect_right(starts, offset)
    return line, offset - starts[line - 1] + 1


def locate(spans: Spans, path: KeyPath) -> tuple[int, int]:
    """Return line and column of a key, or of the nearest table around it; the first line at last."""
    for length in range(len(path), 0, -1):
        if path[:length] in spans:
            return spans[path[:length]]
    return 1, 1


def _unescape(body: str) -> str:
    def replace(match: re.Match[str]) -> str:
        code = match.group(1)
        return chr(int(code[1:], 16)) if len(code) > 1 else _SHORT.get(code, code)

    return _ESCAPE.sub(replace, body)


class _BreakOffError(Exception):
    """The text ends, or stops being TOML, inside a statement."""


class _Scanner:
    """A cursor over the text; ``found`` maps key paths to offsets, ``given`` lists what is defined."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[KeyPath, int] = {}
        self.given: list[tuple[KeyPath, int]] = []
        self.n_element: dict[KeyPath, int] = {}  # elements of each [[array of tables]] so far

    def document(self) -> None:
        table: KeyPath = ()
        self.skip(_GAP)
        while self.at < len(self.text):
            if self.text.startswith("[[", self.at):
                table = self.header(2)
            elif self.text[self.at] == "[":
                table = self.header(1)
            else:
                self.pair(table)
            self.skip(_GAP)

    def skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise _BreakOffError
        self.at = match.end()
        return match.group()

    def header(self, n_bracket: int) -> KeyPath:
        self.at += n_bracket
        segments = self.key()
        self.at += n_bracket
        path: KeyPath = ()
        for position, (name, offset) in enumerate(segments):
            path = (*path, name)
            self.found.setdefault(path, offset)
            last = position == len(segments) - 1
            if last and n_bracket == 2:
                self.n_element[path] = self.n_element.get(path, 0) + 1
            if path in self.n_element:
                path = (*path, self.n_element[path] - 1)
                self.found.setdefault(path, offset)
        self.given.append((path, segments[-1][1]))
        return path

    def key(self) -> list[tuple[str, int]]:
        """Read a dotted key; return its parts with their offsets."""
        segments: list[tuple[str, int]] = []
        while True:
            self.skip(_BLANK)
            start = self.at
            if self.text[start] == '"':
                segments.append((_unescape(self.skip(_STRING)[1:-1]), start))
            elif self.text[start] == "'":
                segments.append((self.skip(_STRING)[1:-1], start))
            else:
                segments.append((self.skip(_BARE_KEY), start))
            self.skip(_BLANK)
            if self.text[self.at] != ".":
                return segments
            self.at += 1

    def pair(self, table: KeyPath) -> None:
        path = table
        for name, offset in self.key():
            path = (*path, name)
            self.found.setdefault(path, offset)
        self.given.append((path, offset))
        self.at += 1  # the equals sign
        self.value(path)

    def value(self, path: KeyPath) -> None:
        self.skip(_BLANK)
        first = self.text[self.at]
        if first == "[":
            self.array(path)
        elif first == "{":
            self.inline_table(path)
        elif first in "\"'":
            self.skip(_STRING)
        else:
            self.skip(_SCALAR)

    def array(self, path: KeyPath) -> None:
        self.at += 1
        index = 0
        while True:
            self.skip(_GAP)
            if self.text[self.at] == "]":
                self.at += 1
                return
            start = self.at
            self.found[(*path, index)] = start
            self.value((*path, index))
            if self.at == start:
                raise _BreakOffError
            index += 1
            self.skip(_GAP)
            if self.text[self.at] == ",":
                self.at += 1

    def inline_table(self, path: KeyPath) -> None:
        self.at += 1
        while True:
            self.skip(_GAP)
            if self.text[self.at] == "}":
                self.at += 1
                return
            self.pair(path)
            self.skip(_GAP)
            if self.text[self.at] == ",":
                self.at += 1
