"""Lines that GitHub Actions turns into annotations beside the changed files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sandwich_sim.errors import Problem


def annotation_lines(problems: Sequence[Problem], level: str = "error") -> Iterator[str]:
    """Yield one workflow command a problem: ``::error file=a.toml,line=3,col=1::what is wrong``.

    Parameters
    ----------
    problems : sequence of Problem
    level : {"error", "warning", "notice"}
    """
    for problem in problems:
        place = [f"file={_property(problem.file)}"]
        if problem.line:
            place += [f"line={problem.line}", f"col={max(problem.column, 1)}"]
        if problem.key:
            place.append(f"title={_property(problem.key)}")
        yield f"::{level} {','.join(place)}::{_data(problem.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
