"""Limits on a scenario file, checked before the TOML parser sees it.

The standard parser is safe but not bounded: a long dotted key takes it seconds, deep nesting
ends in RecursionError, a long integer in a bare ValueError. This scan needs one pass and
agrees with the parser on where strings and comments lie as long as the file is valid, which is as
far as the parser reads.
"""

from __future__ import annotations

import re

MAX_BYTES = 1 << 20
MAX_STRING = 1 << 16
MAX_DEPTH = 16
MAX_SEGMENTS = 16
MAX_KEYS = 10_000
MAX_WORD = 256

TOKEN = re.compile(
    r"""
    (?P<comment>\#[^\n]*)
  | (?P<string>\"\"\"(?:[^\\"]|\\.|"(?!""))*\"\"\"\"{0,2}
      |'''.*?''''{0,2}
      |"(?:[^"\\\n]|\\[^\n])*"
      |'[^'\n]*')
  | (?P<open>[\[{])
  | (?P<close>[\]}])
  | (?P<break>[\n=,])
  | (?P<word>[^\s\#"'\[\]{}=,]+)
    """,
    re.DOTALL | re.VERBOSE,
)


def position(text: str, offset: int) -> tuple[int, int]:
    """Return line and column, counted from 1, of an offset."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def scan_text(text: str) -> tuple[int, int, str] | None:
    """Look for what would keep the parser busy.

    Returns
    -------
    (line, column, message) or None
        The first limit that is exceeded.
    """
    depth = dots = keys = 0
    line_begins = True
    for token in TOKEN.finditer(text):
        kind, start = token.lastgroup, token.start()
        length = token.end() - start
        message = ""
        if kind == "word":
            dots += token.group().count(".")
            if length > MAX_WORD:
                message = f"a word of {length} characters. Use at most {MAX_WORD}."
            elif dots >= MAX_SEGMENTS:
                message = f"a key of more than {MAX_SEGMENTS} parts. Use fewer dots."
        elif kind == "string":
            if length > MAX_STRING:
                message = f"a text of {length} characters. Use at most {MAX_STRING}."
        elif kind == "open":
            depth += 1
            keys += depth == 1 and line_begins  # a table header
            dots = 0
            if depth > MAX_DEPTH:
                message = f"brackets nested deeper than {MAX_DEPTH}. Use fewer levels."
        elif kind == "close":
            depth -= 1
            dots = 0
        elif kind == "break":
            dots = 0
            keys += token.group() == "="
            if keys > MAX_KEYS:
                message = f"more than {MAX_KEYS} keys. Split the file, or thin a list of values."
        if message:
            return (*position(text, start), message)
        line_begins = token.group() == "\n"
    return None
