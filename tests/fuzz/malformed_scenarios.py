"""Malformed scenario files, made from sound ones, and what must hold of the answer to any file."""

from __future__ import annotations

import os
import random
import re
import time
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from sandwich_sim.errors import Problem, ScenarioError
from sandwich_sim.scenario import load
from sandwich_sim.scenario.dump import dump_scenario
from sandwich_sim.scenario.load import load_scenario, shipped_scenarios

TESTS = Path(__file__).parents[1]
CHAIN = TESTS / "data" / "chain.toml"
HANGS_AFTER = 2.0
"""Seconds of processor time; a sound file takes a hundredth of one."""


class Case(NamedTuple):
    """A malformed file, the line that is at fault (0 where that is not known), and what was done."""

    data: bytes
    line: int = 0
    what: str = ""


def parse_shipped_once(change: Callable[[str, object], None]) -> None:
    """Parse what files extend once and not for each; ``change(place, value)`` sets an attribute."""
    parse = load.parse_toml
    shipped = {path.read_text(encoding="utf-8") for path in shipped_scenarios().values()}
    remembered = cache(parse)
    change(
        "sandwich_sim.scenario.load.parse_toml",
        lambda text: remembered(text) if text in shipped else parse(text),
    )


@cache
def corpus() -> tuple[bytes, ...]:
    """Files to make malformed ones from: the short chain as often as all others together."""
    others = sorted((TESTS / "bad_scenarios").glob("*.toml"))
    texts = [path.read_bytes() for path in (shipped_scenarios()["price_war"], *others)]
    return (CHAIN.read_bytes(),) * len(texts) + tuple(texts)


_WORDS = r"""
[
]
{
}
'
=
.
,
#
nan
-inf
1e999
true
99999999999999999999999
~
0x
[]
{}
_
+
-
%
"
""
'''
= =
[[
]]
1e-320
-0.0
{ dist = "normal" }
{ value = {} }
{ same_as = [] }
\u0000
\ud800
""".strip().splitlines()
TOKENS = (
    *(word.encode() for word in _WORDS),
    *(b'"""', b"\\", b"\n", b"\r", b"\r\n", b"\t", b"\x00", b"\x1b[31m", b"\xff", b"\xed\xa0\x80"),
    *(sign.encode() for sign in "\ufeff\u202e\u2028\u00e9\u0301\uff11\u0660\U0001f96a"),
    *(b"= =\n", b"[a]\n", b"[[hop]]\n", b"[hop.lab.x]\n", b"lab.gap = 1\n", b'extends = "base"\n'),
    *(b"[" * 500, b"{a=" * 500, b"a." * 400, b"9" * 5000, b'"' + b"x" * 70_000 + b'"'),
)


def damaged(chance: random.Random) -> Case:
    """A file with one to four damages of any kind; the line at fault is not known."""
    data = chance.choice(corpus())
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        data = chance.choice(DAMAGES)(data, chance)
    return Case(data)


def _insert(data: bytes, chance: random.Random) -> bytes:
    at, token = chance.randint(0, len(data)), chance.choice(TOKENS)
    return data[:at] + token + data[at + chance.choice((0, 0, 1, 3, 12)) :]


def _flip(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(max(1, len(data)))
    return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :] if data else b"\xff"


def _splice(data: bytes, chance: random.Random) -> bytes:
    other = chance.choice(corpus())
    at, start = chance.randint(0, len(data)), chance.randint(0, len(other))
    return data[:at] + other[start : start + chance.choice((8, 40, 400))] + data[at:]


def _cut(data: bytes, chance: random.Random) -> bytes:
    at = chance.randint(0, len(data))
    return data[:at] + data[at + chance.choice((1, 5, 40, 100_000)) :]


def _lines(data: bytes, chance: random.Random) -> bytes:
    """Drop, repeat, swap or move a line."""
    lines = data.split(b"\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    kind = chance.randrange(4)
    if kind == 0:
        del lines[one]
    elif kind == 1:
        lines.insert(other, lines[one])
    elif kind == 2:
        lines[one], lines[other] = lines[other], lines[one]
    else:
        lines.insert(other, lines.pop(one))
    return b"\n".join(lines)


def _number(data: bytes, chance: random.Random) -> bytes:
    """Put another number in the place of one."""
    found = list(re.finditer(rb"(?<![\w.])-?\d+(\.\d+)?(?![\w.])", data))
    if not found:
        return _insert(data, chance)
    match = chance.choice(found)
    number = chance.choice((b"-1", b"0", b"1e300", b"1e-300", b"0.999999999", b"1e18", b"1_0", b"7", b"-0.0"))
    return data[: match.start()] + number + data[match.end() :]


DAMAGES = (_insert, _insert, _flip, _splice, _cut, _lines, _lines, _number, _number)

# Wrong wherever one value is expected, whatever the key.
WRONG = r"""
nan
inf
-inf
+nan
1e999
-1e999
true
{}
1979-05-27T07:32:00
07:32:00
[nan]
[[]]
{ a = { b = 1 } }
[{ value = "x" }]
"a\u0007b\u001b[2J"
""".strip().splitlines()
HUGE = str(2**70)
WRONG += [HUGE, "-" + "9" * 400, "9" * 5000, '"' + "x" * 5000 + '"']
# Wrong for a number of the model.
NO_NUMBER = r"""
"4"
""
-1e18
1e18
1e-320
-5e-324
[]
[1, 2]
["gap"]
2026-07-01
{ dist = "no" }
{ dist = 3 }
{ value = "a" }
{ value = nan }
{ same_as = "no.such" }
{ same_as = 3 }
{ quantiles = { p5 = 2, p95 = 1 } }
{ quantiles = {} }
{ p5 = 1, p95 = 2 }
{ dist = "normal", mean = 0, sd = -1 }
{ dist = "uniform", low = 2, high = 1 }
{ value = true }
{ dist = "discrete", values = [0.1, 0.2], probabilities = [0.5, 0.6] }
{ note = "only" }
{ dist = "beta", a = 0, b = 1 }
{ dist = "empirical", file = "../x.csv", column = "a" }
{ dist = "mixture", weights = [1], components = [] }
{ dist = "lognormal", p5 = -1, p95 = 1 }
{ value = 0.3, valeu = 1 }
{ dist = "uniform", low = 0.1, high = inf }
1_000_000_000_000_000_000
""".strip().splitlines()
# Slips of the pen in a line.
SLIPS = r"""
{key} {value}
{key}: {value}
{key} =
{key} = 1,5
{key} = .5
{key} = 5.
{key} = 05
{key} = 5%
{key} = True
{key} = word
{key} = "open
{key} == 1
{key} = 1 2
{key} = {{
{key} = 0.5 years
= {value}
{key}. = 1
{key} = {value} }}
{key} = 2026-13-45
{key} = 1__0
{key} = 'open
{key} = {{ dist = uniform }}
{key} = 0xZZ
{key} = 1e
{key} = \
?{key} = 1
""".strip().splitlines()
HEADERS = {
    "table": ("[labb]", "[lab]", "[hop.chips]", "[[lab]]", "[hop", "[]", "[hop.chips.x]", "[a b]"),
    "name": ('[event."a b"]', "[hop.1x]", "[demand.nobody]", "[edge.nobody]", "[edge.app-app]"),
}
_PAIR = re.compile(r'(?P<key>\w+|"[^"]*") = (?P<value>[^\n]+[^\[\n])$')
_ANY_NUMBER = ("best", "low", "high")
"""Of facts, which may be numbers of any size."""


def at_fault(chance: random.Random) -> Case:
    """The short chain with one line that is wrong, and its number."""
    lines = CHAIN.read_text(encoding="utf-8").split("\n")
    header, places = "", []
    for i, line in enumerate(lines):
        header = line if line.startswith("[") else header
        match = _PAIR.match(line)
        if match:
            places.append((i, header, match["key"], match["value"]))
    i, header, key, value = chance.choice(places)
    kind = chance.choice(("wrong", "wrong", "number", "number", "slip", "unknown", "twice", "table", "name"))
    is_number = value[0] not in '"[' and "exposure" not in key and header not in ("[time]", "[run]")
    if kind == "number" and is_number and "[fact" not in header:
        lines[i] = f"{key} = {chance.choice(NO_NUMBER)}"
    elif kind == "slip":
        lines[i] = chance.choice(SLIPS).format(key=key, value=value)
    elif kind == "unknown":
        i += 1
        lines.insert(i, f"{key.strip(chr(34)).replace(' ', '_')[:30]}x = 1")
    elif kind == "twice":
        i += 1
        lines.insert(i, f"{key} = {value}")
    elif kind in HEADERS:
        i = len(lines)
        lines.append(chance.choice(HEADERS[kind]))
    else:
        wrong = [text for text in WRONG if key not in _ANY_NUMBER or text != HUGE]
        lines[i] = f"{key} = {chance.choice(wrong)}"
    return Case("\n".join(lines).encode(), i + 1, f"{kind}: {lines[i][:80]}")


def problems_of(data: bytes, folder: Path) -> tuple[Problem, ...]:
    """Load a file; whatever it holds, it is read soon or refused in words, at places that it has."""
    path = folder / "fuzz.toml"
    path.write_bytes(data)
    began = time.process_time()
    found: tuple[Problem, ...] = ()
    spec = None
    try:
        spec = load_scenario(path)
    except ScenarioError as error:
        found = error.problems
        assert found
    assert time.process_time() - began < HANGS_AFTER
    assert os.listdir(folder) == ["fuzz.toml"]  # noqa: PTH208 - and nothing else was written
    for problem in found:
        _check_problem(problem, path, data)
    if spec is not None and sum(data) % 16 == 0:  # a sixteenth of those that are sound after all
        path.write_text(dump_scenario(spec), encoding="utf-8")
        assert load_scenario(path).digest == spec.digest
    return found


def _check_problem(problem: Problem, path: Path, data: bytes) -> None:
    told = str(problem)
    assert told.isprintable(), repr(told)
    assert re.search(r"[.?!]$", problem.message), told
    assert problem.file == str(path), told
    if not problem.line:
        assert "larger than" in told
        return
    lines = data.decode("utf-8-sig", "replace").split("\n")
    assert 1 <= problem.line <= len(lines), told
    line = lines[problem.line - 1]
    assert 1 <= problem.column <= len(line) + 2, told
    if problem.key and not problem.key.endswith("]") and (problem.line, problem.column) != (1, 1):
        at = problem.column - 1
        # Where the text is no TOML, the column is that of the slip, behind its key.
        is_read = _stands_at(problem.key, line[at:]) or problem.key.split(".")[-1].strip('"') in line[:at]
        assert is_read, f"{told}\n{line}"


def _stands_at(key: str, text: str) -> bool:
    """Whether a key, or a table around it, begins a text."""
    parts = re.findall(r'"(?:[^"\\]|\\.)*"|[^."\[\]]+', key)
    names = {part.strip('"') for part in parts}
    match = re.match(r"""[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*'""", text)
    if match is None:
        return text[:1] in "{" or not text.strip()  # an element of a list of tables, or nothing
    try:
        (written,) = tomllib.loads(f"{match.group()} = 0")
    except tomllib.TOMLDecodeError:
        return False
    return written in names or not written.isascii() or not written.isprintable() or "\\" in written
