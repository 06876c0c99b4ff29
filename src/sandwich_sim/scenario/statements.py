"""What people write about outcomes: ``margin.chips @ 2030``, ``P(gap < 1)``, ``p50(x) in [0.4, 0.7]``.

One small grammar for scenario files, `gate.toml` and the command line. A text becomes plain
terms; nothing is evaluated.

    statement := statistic ("<" | "<=" | ">" | ">=") number  |  statistic "in" "[" number "," number "]"
    statistic := "mean" "(" outcome ")" | "pNN" "(" outcome ")" | "P" "(" event ")"
               | "P" "(" outcome ("<" | "<=" | ">" | ">=") number ")" | "se" "(" statistic ")"
    outcome   := name [ "@" ( "horizon" | "start" | year | date ) ]
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Literal, NamedTuple

from sandwich_sim.scenario.findings import printable
from sandwich_sim.scenario.outcome_names import Frame, Outcome, StatementError, check_when, resolve_name

MAX_LENGTH = 300
_COMPARE = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "≤": "<=", "≥": ">="}
_TOKEN = re.compile(
    r"\s*(?:(?P<quantile>p\d{1,2}(?:[._]\d{1,6})?(?=\s*\())"
    r"|(?P<date>\d{4}-\d{2}(?:-\d{2})?(?![\w.]))"
    r"|(?P<number>[+-]?(?:\d+(?:_\d+)*(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,3})?%?(?![\w.]))"
    r"|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"
    r"|(?P<sign><=|>=|[<>≤≥()\[\],@]))"
)


@dataclass(frozen=True)
class Term:
    """A statistic of an outcome, as written.

    Attributes
    ----------
    kind : {"mean", "quantile", "probability", "error", "word"}
        ``error`` is the standard error of ``inner``; ``word`` is a name that the caller allowed.
    outcome : Outcome, optional
    level : float
        Of a quantile, in (0, 1).
    compare : str
        ``<``, ``<=``, ``>`` or ``>=`` inside a probability; empty for an event.
    threshold : float
    inner : Term, optional
    """

    text: str
    kind: Literal["mean", "quantile", "probability", "error", "word"]
    outcome: Outcome | None = None
    level: float = 0.0
    compare: str = ""
    threshold: float = 0.0
    inner: Term | None = None


@dataclass(frozen=True)
class Statement:
    """A statistic and the range that it must lie in.

    Attributes
    ----------
    text : str
    term : Term
    low, high : float
        Infinite where the range is open.
    low_open, high_open : bool
        Whether the end itself is outside.
    """

    text: str
    term: Term
    low: float
    high: float
    low_open: bool = False
    high_open: bool = False


def parse_outcome(text: str, frame: Frame) -> Outcome:
    """Read one outcome.

    Raises
    ------
    StatementError
    """
    reader = _Reader(text, frame)
    outcome = reader.outcome()
    reader.finish()
    return outcome


def parse_term(text: str, frame: Frame, words: Sequence[str] = ()) -> Term:
    """Read one statistic; ``words`` are further names that may stand for one (``diff``)."""
    reader = _Reader(text, frame, tuple(words))
    term = reader.term()
    reader.finish()
    return term


def parse_statement(text: str, frame: Frame, words: Sequence[str] = ()) -> Statement:
    """Read a statement: a statistic and the range that it must lie in."""
    reader = _Reader(text, frame, tuple(words))
    statement = reader.statement()
    reader.finish()
    return statement


class _Token(NamedTuple):
    kind: str
    text: str


def _tokens(text: str) -> list[_Token]:
    if len(text) > MAX_LENGTH:
        raise StatementError(f"has {len(text)} characters. Use at most {MAX_LENGTH}.")
    found, at, end = [], 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            rest = printable(text[at:].strip(), 20)
            raise StatementError(f'cannot be read from "{rest}" on. Write such as p50(margin.chips @ 2030).')
        found.append(_Token(str(match.lastgroup), match.group(str(match.lastgroup))))
        at = match.end()
    return found


@dataclass
class _Reader:
    """A cursor over the tokens of one text."""

    text: str
    frame: Frame
    words: tuple[str, ...] = ()
    at: int = 0
    tokens: list[_Token] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tokens = _tokens(self.text)
        if not self.tokens:
            raise StatementError("is empty. Write such as margin.chips @ 2030.")

    def peek(self) -> _Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else _Token("end", "")

    def take(self, kind: str, what: str, text: str = "") -> str:
        token = self.peek()
        if token.kind != kind or (text and token.text != text):
            place = f'before "{printable(token.text)}"' if token.text else "at the end"
            raise StatementError(f"lacks {what} {place}. Write such as p50(margin.chips @ 2030) < 0.7.")
        self.at += 1
        return token.text

    def finish(self) -> None:
        if self.at < len(self.tokens):
            raise StatementError(f'goes on with "{printable(self.peek().text)}" after its end. Remove that.')

    def number(self) -> float:
        text = self.take("number", "a number")
        value = float(text.rstrip("%")) / (100.0 if text.endswith("%") else 1.0)
        if not isfinite(value):
            raise StatementError(f"{printable(text)} is not finite. Use a finite number.")
        return value

    def statement(self) -> Statement:
        term = self.term()
        token = self.peek()
        if token == ("name", "in"):
            self.at += 1
            self.take("sign", '"["', "[")
            low = self.number()
            self.take("sign", '","', ",")
            high = self.number()
            self.take("sign", '"]"', "]")
            if low >= high:
                raise StatementError(f"the range from {low:g} to {high:g} is empty. Use low < high.")
            return Statement(f"{term.text} in [{low:.12g}, {high:.12g}]", term, low, high)
        if token.text not in _COMPARE:
            raise StatementError('lacks what it must be. End with "< 0.5" or "in [0.4, 0.7]", say.')
        self.at += 1
        sign, limit = _COMPARE[token.text], self.number()
        text = f"{term.text} {sign} {limit:.12g}"
        if sign[0] == "<":
            return Statement(text, term, float("-inf"), limit, high_open=sign == "<")
        return Statement(text, term, limit, float("inf"), low_open=sign == ">")

    def term(self) -> Term:
        token = self.peek()
        if token.text in self.words:
            self.at += 1
            return Term(token.text, "word")
        is_call = self.at + 1 < len(self.tokens) and self.tokens[self.at + 1].text == "("
        functions = ("mean", "P", "se")
        if not is_call or (token.kind != "quantile" and token.text not in functions):
            raise StatementError(_no_statistic(token.text, is_call))
        self.at += 2
        read = {"mean": self._mean, "P": self._probability, "se": self._error}
        term = self._quantile(token.text) if token.kind == "quantile" else read[token.text]()
        self.take("sign", '")"', ")")
        return term

    def _mean(self) -> Term:
        outcome = self.outcome()
        if outcome.kind == "flag":
            raise StatementError(f"{outcome.text} is an event. Write P({outcome.text}).")
        if outcome.kind == "event_time":
            hint = f"Write p50({outcome.text}) or P({outcome.text} < 5)."
            raise StatementError(f"{outcome.text} has no mean where the event never happens. {hint}")
        return Term(f"mean({outcome.text})", "mean", outcome)

    def _quantile(self, name: str) -> Term:
        level = float(name[1:].replace("_", ".")) / 100.0
        outcome = self.outcome()
        if not 0.0 < level < 1.0:
            raise StatementError(f"{name} is no quantile. Use p1 to p99, or p2.5.")
        if outcome.kind == "flag":
            raise StatementError(f"{outcome.text} is an event. Write P({outcome.text}).")
        return Term(f"{name.replace('_', '.')}({outcome.text})", "quantile", outcome, level=level)

    def _probability(self) -> Term:
        rest = [token.text for token in self.tokens[self.at :]]
        inside = rest[: rest.index(")")] if ")" in rest else rest
        outcome = self.outcome(is_event=not any(text in _COMPARE for text in inside))
        token = self.peek()
        if token.text not in _COMPARE:
            if outcome.kind != "flag":
                raise StatementError(f"P({outcome.text}) lacks a comparison. Write P({outcome.text} > 0.2).")
            return Term(f"P({outcome.text})", "probability", outcome)
        if outcome.kind == "flag":
            raise StatementError(f"{outcome.text} is an event, which holds or not. Write P({outcome.text}).")
        self.at += 1
        sign, limit = _COMPARE[token.text], self.number()
        text = f"P({outcome.text} {sign} {limit:.12g})"
        return Term(text, "probability", outcome, compare=sign, threshold=limit)

    def _error(self) -> Term:
        inner = self.term()
        if inner.kind == "error":
            raise StatementError(
                "se(se(...)) is not known. Write se(...) of a mean, quantile or probability."
            )
        return Term(f"se({inner.text})", "error", inner=inner)

    def outcome(self, is_event: bool = False) -> Outcome:
        name = self.take("name", "an outcome")
        when = ""
        if self.peek().text == "@":
            self.at += 1
            when = self._when()
        return resolve_name(name, when, self.frame, is_event)

    def _when(self) -> str:
        token = self.peek()
        is_year = token.kind == "number" and re.fullmatch(r"\d{4}", token.text)
        if not is_year and token.kind != "date" and token.text not in ("horizon", "start"):
            raise StatementError('lacks a date after "@". Write @ 2030, @ 2031-04 or @ horizon.')
        self.at += 1
        check_when(token.text, self.frame)
        return token.text


def _no_statistic(name: str, is_call: bool) -> str:
    how = "Write mean(...), p50(...) or P(...)."
    if is_call and name:
        return f'"{printable(name)}" is no statistic. {how}'
    return f'"{printable(name)}" is no statistic by itself. {how}' if name else f"lacks a statistic. {how}"
