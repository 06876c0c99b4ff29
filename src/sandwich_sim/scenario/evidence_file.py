"""Evidence files, read and checked: every problem of a file at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from math import log
from pathlib import Path

from sandwich_sim.errors import Problem, ScenarioError
from sandwich_sim.scenario.evidence import Evidence, Measure, Observation, Scale, last_day, parse_quarter
from sandwich_sim.scenario.findings import Findings, KeyPath, dotted, printable
from sandwich_sim.scenario.locate import find_spans, locate
from sandwich_sim.scenario.outcome_names import Frame
from sandwich_sim.scenario.parse import ParseError, parse_toml
from sandwich_sim.scenario.tables import Table
from sandwich_sim.scenario.text_file import read_text
from sandwich_sim.variables import VARIABLES

MOST_OBSERVATIONS = 200
_TOP_KEYS = ("title", "summary", "observation")
_KEYS = (
    "series", "hop", "over", "date", "quarter", "year", "from", "to", "measure",
    "value", "error", "low", "high", "scale", "source", "note",
)  # fmt: skip
_WHEN = 'date = 2027-01-01, quarter = "2026Q3", year = 2027, or from and to'
_90_PERCENT = 1.6448536269514722
"""Half-width of the 90% interval in standard deviations: low and high are the 5% and 95% points."""
_FRACTIONS = ("margin", "share", "dollar_", "scarcity", "monopoly", "pricing_power")
_LARGEST_FRACTION = 5.0


def read_evidence(path: Path, frames: Sequence[Frame]) -> Evidence:
    """Read an evidence file.

    Parameters
    ----------
    path : Path
    frames : sequence of Frame
        Scenarios that must know every series and hold every date.

    Raises
    ------
    ScenarioError
        With all problems of the file at once.
    """
    label = str(path)
    text = read_text(path)
    try:
        document = parse_toml(text)
    except ParseError as error:
        raise ScenarioError([Problem(label, error.line, error.column, error.key, str(error))]) from None
    findings = Findings()
    top = Table(document, (), findings, _TOP_KEYS)
    title = top.text("title", "")
    top.text("summary", "")
    observations: list[Observation] = []
    if not top.missing("observation", "[[observation]] with series, a date, value and error"):
        tables = top.tables("observation")
        if len(tables) > MOST_OBSERVATIONS:
            top.add("observation", f"holds {len(tables)} observations. Use at most {MOST_OBSERVATIONS}.")
        for position, (key, value) in enumerate(tables[:MOST_OBSERVATIONS]):
            found = _Reader(value, key, findings, frames).read(position)
            observations += [found] if found else []
    if findings:
        raise ScenarioError(placed(label, text, findings))
    return Evidence(label, title or path.stem, tuple(observations))


def placed(label: str, text: str, findings: Findings) -> list[Problem]:
    """Give each problem its place in the file."""
    spans = find_spans(text)
    return [
        Problem(label, *locate(spans, item.path), dotted(item.path), item.message) for item in findings.items
    ]


class _Reader:
    """One ``[[observation]]``."""

    def __init__(self, value: object, path: KeyPath, findings: Findings, frames: Sequence[Frame]) -> None:
        self.table = Table(value, path, findings, _KEYS)
        self.path, self.findings, self.frames = path, findings, frames

    def read(self, position: int) -> Observation | None:
        if not self.table.is_table:
            return None
        before = len(self.findings.items)
        series = self.series("series", required=True)
        over = self.series("over", required=False)
        start, end, measure, when = self.window()
        scale: Scale = "log" if self.table.choice("scale", ("linear", "log"), "linear") == "log" else "linear"
        value, below, above = self.numbers(series, over or measure in ("ratio", "decline"), scale)
        source, note = self.table.text("source", ""), self.table.text("note", "")
        if len(self.findings.items) > before:
            return None
        return Observation(
            position, series, start, end, measure, value, below, above, scale, over, when, source, note
        )

    def series(self, key: str, *, required: bool) -> str:
        """Read the name of a series: with its hop behind a dot, or with the key ``hop``."""
        if required and self.table.missing(key, 'series = "all_in_margin", say'):
            return ""
        if key not in self.table.data:
            return ""
        text = self.table.text(key, "")
        base, _, hop = text.partition(".")
        if base not in VARIABLES:
            names = [name for name in VARIABLES if name != base]
            hint = self.findings.advise(base, names, "Such as")
            self.table.add(key, f'there is no series "{printable(base)}". {hint}')
            return ""
        if not VARIABLES[base].per_hop:
            if hop or (key == "series" and "hop" in self.table.data):
                self.table.add(key, f"{base} is of the whole chain, not of a hop. Leave out the hop.")
            return base
        if not hop and not self.table.missing("hop", f'hop = "lab", say: {base} has a value for each hop'):
            hop = self.table.text("hop", "")
        elif hop and "hop" in self.table.data and self.table.data["hop"] != hop:
            self.table.add("hop", f"contradicts {printable(text)}. Leave one of them out.")
        for frame in self.frames:
            if hop and hop not in frame.hops:
                where = key if "." in text else "hop"
                hint = self.findings.advise(hop, frame.hops, "Known")
                self.table.add(where, f'there is no hop "{printable(hop)}". {hint}')
                return ""
        return f"{base}.{hop}"

    def window(self) -> tuple[date, date, Measure, str]:
        """Read when it was seen, and what of the series."""
        table, none = self.table, date(2000, 1, 1)
        given = [key for key in ("date", "quarter", "year", "from") if key in table.data]
        if len(given) != 1:
            what = f"has {' and '.join(given)}. Keep one." if given else f"lacks its date. Add {_WHEN}."
            self.findings.add(self.path, what)
            return none, none, "value", ""
        before = len(self.findings.items)
        start, end, when = self._days(given[0])
        if len(self.findings.items) > before:
            return none, none, "value", ""
        usual: Measure = {"date": "value", "quarter": "records", "year": "records", "from": "mean"}[given[0]]  # type: ignore[assignment]
        chosen = table.choice("measure", ("mean", "ratio", "decline"), None)
        if chosen in ("ratio", "decline") and given[0] != "from":
            table.add("measure", f"{chosen} compares two dates. Write from and to.")
        measure: Measure = "ratio" if chosen == "ratio" else "decline" if chosen == "decline" else usual
        self._check_in_run(given[0], start, end, measure)
        return start, end, measure, when

    def _days(self, key: str) -> tuple[date, date, str]:
        table, none = self.table, date(2000, 1, 1)
        if key != "from" and "to" in table.data:
            table.add("to", "stands without from. Add from, or remove it.")
        if key == "date":
            day = table.day("date")
            return day, day, day.isoformat()
        if key == "year":
            year = table.whole("year", 1900, 2200, 2000)
            return date(year, 1, 1), date(year + 1, 1, 1), str(year)
        if key == "quarter":
            text = table.text("quarter", "2000Q1")
            found = parse_quarter(text)
            if found is None:
                table.add("quarter", f'is "{printable(text)}". Write it as "2026Q3".')
                return none, none, ""
            return *found, f"{found[0].year}Q{found[0].month // 3 + 1}"
        if table.missing("to", "to = 2027-01-01, the first day after the window"):
            return none, none, ""
        start, end = table.day("from"), table.day("to")
        if end <= start:
            table.add("to", f"{end} is not after from, {start}. Use a later day.")
        return start, end, f"{start}/{end}"

    def _check_in_run(self, key: str, start: date, end: date, measure: Measure) -> None:
        for frame in self.frames:
            last = last_day(frame)
            # Records of a quarter or year: the last record may be one, what lies behind it is not.
            if start < frame.start or (end > last if measure != "records" else start > last):
                shown = str(start) if start == end else f"{start} to {end}"
                self.table.add(
                    key,
                    f"{shown} is not within the run, {frame.start} to {last}. A run knows nothing before "
                    "its start or behind its end: use a date within, or a scenario that covers it.",
                )
                return
            if measure == "records" and frame.steps_per_year < 4 and key == "quarter":
                self.table.add(
                    key,
                    f"the run has {frame.steps_per_year} records a year, not one a quarter. Use from and to.",
                )
                return

    def numbers(self, series: str, is_pure: object, scale: Scale) -> tuple[float, float, float]:
        """Read the value and its errors below and above."""
        table = self.table
        table.missing("value", "value, in the unit of the series")
        value = table.number("value", -1e15, 1e15)
        if value is None:  # what else is wrong is told, too
            for key, low in (("error", 0.0), ("low", -1e15), ("high", -1e15)):
                table.number(key, low, 1e15)
            return 1.0, 1.0, 1.0
        base = series.partition(".")[0]
        is_fraction = base.startswith(_FRACTIONS) or base.endswith(("margin", "share"))
        if is_fraction and not is_pure and abs(value) > _LARGEST_FRACTION:
            table.add("value", f"is {value:g}, but {base} is a fraction. Write {value / 100.0:g}.")
        if scale == "log" and value <= 0.0:
            table.add("value", f'is {value:g}: what is not above 0 has no logarithm. Use scale = "linear".')
            return 1.0, 1.0, 1.0
        if "low" in table.data or "high" in table.data:
            return self._interval(value, scale)
        if table.missing("error", "error, the standard deviation of the value, or low and high (5% and 95%)"):
            return value, 1.0, 1.0
        error = table.number("error", 0.0, 1e15)
        if error == 0.0:
            table.add("error", "is 0: nothing is seen without error, and no trajectory would be left.")
        return value, error or 1.0, error or 1.0

    def _interval(self, value: float, scale: Scale) -> tuple[float, float, float]:
        table = self.table
        if "error" in table.data:
            table.add("error", "stands beside low and high. Keep one of the two forms.")
        table.missing("low", "low, the 5% point", "high")
        table.missing("high", "high, the 95% point", "low")
        low, high = table.number("low", -1e15, 1e15), table.number("high", -1e15, 1e15)
        if low is None or high is None:
            return value, 1.0, 1.0
        if not low < value < high:
            table.add("value", f"is {value:g}, not between low, {low:g}, and high, {high:g}. Correct them.")
            return value, 1.0, 1.0
        if scale == "log" and low <= 0.0:
            table.add("low", f'is {low:g}: what is not above 0 has no logarithm. Use scale = "linear".')
            return value, 1.0, 1.0
        ends = (log(low), log(value), log(high)) if scale == "log" else (low, value, high)
        return value, (ends[1] - ends[0]) / _90_PERCENT, (ends[2] - ends[1]) / _90_PERCENT
