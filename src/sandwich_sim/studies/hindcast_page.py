"""The tables of docs/validation.md.

python -m sandwich_sim.studies.hindcast_page
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from math import isfinite

from sandwich_sim.analysis.hindcast_result import Group, Hindcast, Skill
from sandwich_sim.studies.hindcast import run_hindcast

_ORIGIN = (
    "origin",
    "outcomes",
    "inside 50%",
    "inside 90%",
    "above the median",
    "skill: persistence",
    "drift",
)
_SERIES = (
    "series",
    "forecasts (of outcomes)",
    "inside 50%",
    "inside 90%",
    "CRPS",
    "skill: persistence",
    "drift",
    "verdict",
    "interval score",
    "its skill: persistence",
    "drift",
)
_AHEAD = ("time ahead", "forecasts", "inside 50%", "inside 90%", "skill: persistence", "drift")


def validation_tables(found: Hindcast) -> dict[str, str]:
    """Return the tables by origin, by series and by time ahead, in Markdown."""
    return {
        "origin": _table(_ORIGIN, (_origin_row(group) for group in found.origins)),
        "series": _table(_SERIES, (_series_row(group) for group in found.series)),
        "ahead": _table(_AHEAD, (_ahead_row(group) for group in (*found.horizons, found.total))),
    }


def _origin_row(group: Group) -> list[str]:
    first = group.forecasts[0].origin
    return [
        f"{first:%B %Y}",
        str(group.n),
        str(group.coverage(0.50).inside),
        _inside(group),
        str(group.n_above),
        _skill(group.skill["persistence"]),
        _skill(group.skill["drift"]),
    ]


def _series_row(group: Group) -> list[str]:
    kinds = ("persistence", "drift")
    return [
        f"`{group.name}`",
        f"{group.n} ({group.n_outcome})",
        str(group.coverage(0.50).inside),
        _inside(group),
        f"{group.crps:.3f}",
        *(_skill(group.skill[kind]) for kind in kinds),
        group.verdict,
        f"{group.interval:.3g}",
        *(_number(group.interval_skill[kind].value) for kind in kinds),
    ]


def _ahead_row(group: Group) -> list[str]:
    return [
        group.name,
        str(group.n),
        str(group.coverage(0.50).inside),
        _inside(group),
        _skill(group.skill["persistence"]),
        _skill(group.skill["drift"]),
    ]


def _inside(group: Group) -> str:
    found = group.coverage()
    return f"{found.inside} ({found.low:.2f} to {found.high:.2f})"


def _skill(skill: Skill) -> str:
    if not isfinite(skill.low):
        return _number(skill.value)
    return f"{_number(skill.value)} ({_number(skill.low)} to {_number(skill.high)})"


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "\N{MINUS SIGN}")


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        f"| {' | '.join(line)} |" if line[0] != "---" else f"|{'|'.join(line)}|" for line in lines
    )


def main() -> None:
    """Write the tables to standard output, in UTF-8 whatever the terminal."""
    text = "\n\n".join(validation_tables(run_hindcast()).values())
    sys.stdout.buffer.write(f"{text}\n".encode())


if __name__ == "__main__":
    main()
