"""Options and arguments that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from sandwich_sim.cli.completers import complete_change, complete_scenario
from sandwich_sim.errors import UsageError

_MOST_DIGITS = 27  # of a decimal number as Python keeps it

Function = TypeVar("Function", bound=Callable[..., Any])


class WholeNumber(click.IntRange):
    """A whole number in a range, also as people write large ones: ``65_536``, ``1e6``."""

    name = "whole number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return super().convert(self._parsed(value, param, ctx), param, ctx)

    def _parsed(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        from decimal import Decimal, InvalidOperation

        try:
            number = Decimal(value)
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or (number.adjusted() < _MOST_DIGITS and number % 1):
            self.fail(f"{value!r} is not a whole number. Write it as 65536, 65_536 or 1e6.", param, ctx)
        if number.adjusted() >= _MOST_DIGITS:
            self.fail(f"{value[:40]!r} is too large.", param, ctx)
        return int(number)


def example(*lines: str) -> str:
    """The epilog of a command's help."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)


def json_option(function: Function) -> Function:
    """`--json`: one JSON document on stdout."""
    option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
    return option(function)


def threads_option(function: Function) -> Function:
    """`--threads N`."""
    option = click.option(
        "--threads", type=WholeNumber(min=1), metavar="N", help="Threads; all processors if left out."
    )
    return option(function)


def set_option(function: Function) -> Function:
    """`--set KEY=VALUE`, repeatable."""
    return click.option(
        "--set",
        "overrides",
        metavar="KEY=VALUE",
        multiple=True,
        shell_complete=complete_change,
        help="Change a number, as in a file: open_source.gap=4.0, or a table: "
        "open_source.gap='{dist=\"uniform\", low=2, high=8}'. May be repeated.",
    )(function)


def scenario_argument(*, several: bool) -> Callable[[Function], Function]:
    """The argument SCENARIO, or SCENARIO... where a command takes several."""
    # A path that need not exist: a name is one too, and the loader tells better what is wrong.
    if several:
        return click.argument(
            "scenarios",
            type=click.Path(),
            nargs=-1,
            required=True,
            metavar="SCENARIO...",
            shell_complete=complete_scenario,
        )
    return click.argument("scenario", type=click.Path(), metavar="SCENARIO", shell_complete=complete_scenario)


def expand_scenarios(sources: Sequence[str], shipped: Iterable[str]) -> list[str]:
    """Replace each folder by the scenario files in it, in alphabetical order.

    The name of a shipped scenario wins over a folder of that name (write ``./base`` for the
    folder): a result folder called after its scenario must not hide it.

    Raises
    ------
    UsageError
        If a folder holds no scenario file.
    """
    names = set(shipped)
    files: list[str] = []
    for source in sources:
        folder = Path(source)
        if source in names or not folder.is_dir():
            files.append(source)
            continue
        found = sorted(str(path) for path in folder.glob("*.toml"))
        if not found:
            raise UsageError(f"no scenario files (*.toml) in the folder {source}. Name another.")
        files.extend(found)
    return list(dict.fromkeys(files))
