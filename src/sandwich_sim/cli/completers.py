"""What a shell offers behind TAB: scenarios, keys of ``--set``, facts.

Each takes click's three arguments and reads only what it needs, and only then: completion must be
quick, and must never end in an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Completer = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]


def _quiet(completer: Completer) -> Completer:
    """Offer nothing where something is wrong: the command itself will say it."""

    @wraps(completer)
    def offer(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        try:
            return completer(ctx, param, incomplete)
        except Exception:  # a broken scenario file, a folder that may not be read, ...
            return []

    return offer


def _item(word: str, kind: str = "plain", about: str | None = None) -> CompletionItem:
    from click.shell_completion import CompletionItem

    return CompletionItem(word, type=kind, help=about)


def _beginning(incomplete: str, words: Iterable[str]) -> list[CompletionItem]:
    return [_item(word) for word in words if word.startswith(incomplete)]


@_quiet
def complete_scenario(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer shipped scenarios and scenario files; where none fits, whatever files there are."""
    from sandwich_sim.scenario.load import shipped_scenarios

    folder, _, _ = incomplete.rpartition("/")
    files = sorted(path.name for path in Path(folder or ".").glob("*.toml")) if folder != "~" else []
    prefix = f"{folder}/" if "/" in incomplete else ""
    found = _beginning(incomplete, [*shipped_scenarios(), *(prefix + name for name in files)])
    return found or [_item(incomplete, "file")]


@_quiet
def complete_change(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the dotted names that ``--set`` may change, those of the hops of the scenario among them."""
    from sandwich_sim.scenario.load import load_scenario
    from sandwich_sim.scenario.parameters import parameter_of
    from sandwich_sim.scenario.tables import RUN_KEYS, TIME_KEYS

    if "=" in incomplete:
        return []
    spec = load_scenario(_named_scenario(ctx))
    plain = [*(f"time.{key}" for key in TIME_KEYS), *(f"run.{key}" for key in RUN_KEYS[:-1])]
    numbers = [
        _item(name, about=parameter_of(name).long_name)
        for name in spec.parameters
        if name.startswith(incomplete)
    ]
    return [*numbers, *_beginning(incomplete, plain)]


def _named_scenario(ctx: click.Context) -> str:
    """Return the first scenario that the command line names so far; base where it names none."""
    # What stands before an option without its value is not parsed: click leaves it in `args`.
    for value in (ctx.params.get("scenario"), ctx.params.get("scenarios"), tuple(ctx.args)):
        first: Any = value[0] if isinstance(value, tuple) and value else value
        if isinstance(first, str) and first:
            return first
    return "base"


@_quiet
def complete_fact(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the ids of facts."""
    from sandwich_sim.facts import load_facts

    return [
        _item(fact.id, about=fact.quantity)
        for fact in load_facts().values()
        if fact.id.startswith(incomplete)
    ]
