"""`sandwich-sim facts`."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from sandwich_sim.cli.completers import complete_fact
from sandwich_sim.cli.options import example, json_option
from sandwich_sim.cli.output import clean_line, count, note, say_columns, say_json
from sandwich_sim.errors import UsageError

if TYPE_CHECKING:
    from sandwich_sim.facts import Fact

GRADES = {
    "A": "company filing or official data",
    "B": "reputable analyst or paper",
    "C": "press, blog or vendor",
}


@click.command(
    epilog=example(
        "sandwich-sim facts --search 'memory margin'",
        "sandwich-sim facts gpu_price_performance_epoch",
    )
)
@click.argument("fact_id", metavar="[ID]", required=False, shell_complete=complete_fact)
@click.option("--search", metavar="WORD", help="Only the facts that mention WORD, or every one of several.")
@json_option
def command(fact_id: str | None, search: str | None, as_json: bool) -> None:
    """List the facts that scenarios cite, or show the one named ID with its source.

    A number in a scenario says `source = "ID"`.
    """
    from sandwich_sim.facts import load_facts, search_facts

    if fact_id is not None and search is not None:
        raise UsageError("give either an ID or --search, not both.")
    known = load_facts()
    if fact_id is not None:
        if fact_id not in known:
            raise UsageError(f"no fact is called {fact_id!r}. {_hint(fact_id, known)}")
        if as_json:
            say_json({"facts": [known[fact_id]]})
        else:
            _print_one(known[fact_id])
        return
    found = list(known.values()) if search is None else list(search_facts(search))
    if as_json:
        say_json({"facts": found})
        return
    _print_list(found)
    if found:
        note(f"{count(len(found), 'fact')}. One in full: sandwich-sim facts ID")
    else:
        note(f"no fact mentions {clean_line(search)!r}. {_search_hint(clean_line(search), known.values())}")


def _hint(fact_id: str, known: Iterable[str]) -> str:
    from sandwich_sim.facts import search_facts

    near = get_close_matches(fact_id, list(known), n=1)
    if near:
        return f"Did you mean {near[0]!r}?"
    found = len(search_facts(fact_id))
    if found:
        mention = "mentions" if found == 1 else "mention"
        return f"{count(found, 'fact')} {mention} it: sandwich-sim facts --search {fact_id!r}"
    return "Find one with `sandwich-sim facts --search WORD`."


def _search_hint(word: str, facts: Iterable[Fact]) -> str:
    """Return what else to search for: a word that facts do hold, near to the one that none does."""
    words = {text.strip(".,:;()").casefold() for fact in facts for text in fact.quantity.split()}
    words |= {part for fact in facts for part in fact.id.split("_")}
    near = get_close_matches(word.casefold(), sorted(words), n=1, cutoff=0.7)
    if near:
        return f"Try --search {near[0]}."
    return "Try a shorter word, a hop such as memory, or list all: sandwich-sim facts"


def value_of(fact: Fact) -> str:
    """`0.3 (0.2 to 0.4) 1/yr`, or without the range where there is none."""
    spread = f" ({fact.low:g} to {fact.high:g})" if fact.low != fact.high else ""
    return f"{fact.best:g}{spread} {fact.unit}"


def _print_list(found: list[Fact]) -> None:
    for fact in found:
        head = click.style(clean_line(fact.id), bold=True)
        click.echo(f"{head}  {clean_line(f'{value_of(fact)}, {fact.period} [{fact.grade}]')}")
        say_columns([(fact.quantity,)], indent="    ")


def _print_one(fact: Fact) -> None:
    grade = f"{fact.grade}: {GRADES[fact.grade]}" if fact.grade in GRADES else fact.grade
    rows = {
        "id": fact.id,
        "what": fact.quantity,
        "value": value_of(fact),
        "period": fact.period,
        "hop": fact.hop,
        "source": fact.source,
        "page": fact.url,
        "published": fact.published,
        "grade": grade,
        "note": fact.note,
    }
    say_columns([(label, text) for label, text in rows.items() if text])
