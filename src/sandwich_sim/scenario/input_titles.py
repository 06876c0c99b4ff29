"""Inputs by titles that no two of them share: one rule for tables, figures, pages and stories."""

from __future__ import annotations

from collections.abc import Mapping

from sandwich_sim.scenario.parameters import parameter_of


def input_title(name: str, hops: Mapping[str, str]) -> str:
    """Return the title of an input, after that of the hop or the edge that it belongs to.

    Parameters
    ----------
    name : str
        ``hop.chips.premium_cap``, ``edge.cloud-chips.life``, ``lab.training``.
    hops : mapping of str to str
        Title of each hop.
    """
    title = parameter_of(name).long_name
    parts = name.split(".")
    if len(parts) < 3:
        return title
    whose = " \N{RIGHTWARDS ARROW} ".join(hops.get(hop, hop) for hop in parts[1].split("-"))
    return f"{whose}: {title[:1].lower()}{title[1:]}"
