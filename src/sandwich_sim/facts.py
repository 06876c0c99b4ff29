"""The fact base: what was measured or reported, by whom, and how well.

A scenario's ``source = "open_lag_months_eci_2026"`` points to a row of ``facts.csv``.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

FACTS_FILE = Path(__file__).with_name("facts.csv")


@dataclass(frozen=True)
class Fact:
    """One number about the AI economy and where it was read.

    Attributes
    ----------
    id : str
        Key used by ``source`` in scenario files.
    hop : str
        user, app, lab, cloud, datacenter, chip, foundry, memory, power, or chain (the whole).
    quantity, unit, period : str
        What, in what, when.
    best, low, high : float
        Best value and about its 5th and 95th percentile; three equal numbers are a reported
        figure without a spread [in ``unit``].
    source, url, published : str
        Who said it, the page read (may be empty) and its date.
    grade : str
        A company filing or official data, B reputable analyst or paper, C press, blog, vendor.
    note : str
        Caveats, history, conflicts.
    """

    id: str
    hop: str
    quantity: str
    unit: str
    period: str
    best: float
    low: float
    high: float
    source: str
    url: str
    published: str
    grade: str
    note: str


_NUMBERS = ("best", "low", "high")
_COLUMNS = tuple(field.name for field in fields(Fact))


@cache
def load_facts() -> Mapping[str, Fact]:
    """Read the fact base that ships with the package.

    Returns
    -------
    mapping of str to Fact
        By id, in file order.
    """
    with FACTS_FILE.open(newline="", encoding="utf-8") as file:
        return {
            row["id"]: Fact(**{c: float(row[c]) if c in _NUMBERS else row[c] for c in _COLUMNS})  # type: ignore[arg-type]
            for row in csv.DictReader(file)
        }


def search_facts(words: str) -> tuple[Fact, ...]:
    """Return the facts that mention all of some words, in file order.

    Parameters
    ----------
    words : str
        Each is looked for in id, hop, quantity, unit, period, source and note, parts of words too;
        case does not matter.
    """
    wanted = words.casefold().split()
    return tuple(fact for fact in load_facts().values() if all(word in _text_of(fact) for word in wanted))


def _text_of(fact: Fact) -> str:
    texts = (fact.id, fact.hop, fact.quantity, fact.unit, fact.period, fact.source, fact.note)
    return "\n".join(texts).casefold()
