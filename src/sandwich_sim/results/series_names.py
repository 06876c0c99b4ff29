"""Names of series as people type them."""

from __future__ import annotations

from collections.abc import Sequence

from sandwich_sim.errors import UsageError
from sandwich_sim.scenario.findings import nearest, printable
from sandwich_sim.variables import VARIABLES, expand_series, series_names


def known_series(names: Sequence[str], hops: tuple[str, ...], others: Sequence[str] = ()) -> tuple[str, ...]:
    """Spell out the series of a chain: ``margin`` becomes ``margin.app``, ``margin.lab``, ...

    Parameters
    ----------
    names : sequence of str
    hops : tuple of str
    others : sequence of str
        More words that may have been meant.

    Raises
    ------
    UsageError
        If a name is none, with the nearest one.
    """
    try:
        return expand_series(tuple(names), hops)
    except KeyError as error:
        name = str(error.args[0])
    known = (*others, *VARIABLES, *series_names(hops))
    turned = ".".join(reversed(name.split(".")))
    match = turned if turned in known else nearest(name, known)
    if match is not None:
        advice = f"Did you mean {match}?"
    else:
        advice = f"There are {', '.join(VARIABLES)}; of one hop, for example margin.{hops[0]}."
    raise UsageError(f"{printable(name)}: is not the name of a series. {advice}")
