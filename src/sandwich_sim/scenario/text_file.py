"""The text of a file that a user wrote: scenarios, evidence, gates."""

from __future__ import annotations

from pathlib import Path

from sandwich_sim.errors import Problem, ScenarioError
from sandwich_sim.scenario.prescan import MAX_BYTES


def read_text(path: Path, label: str | None = None, hint: str = "Check the path and its permissions.") -> str:
    """Return the text of a file of UTF-8, at most 1 MiB, without its byte order mark.

    Parameters
    ----------
    path : Path
    label : str, optional
        What problems call the file; its path unless given.
    hint : str
        What to do when it cannot be read.

    Raises
    ------
    ScenarioError
        If it is no file, cannot be read, is too large, or is no UTF-8; then with line and column.
    """

    def refused(message: str, line: int = 0, column: int = 0) -> ScenarioError:
        return ScenarioError([Problem(label or str(path), line, column, "", message)])

    try:
        if path.exists() and not path.is_file():  # a pipe would wait, a device would never end
            raise refused("is no file. Name a TOML file.")
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise refused(f"cannot be read ({error.strerror}). {hint}") from None
    if len(data) > MAX_BYTES:
        raise refused(f"is larger than {MAX_BYTES >> 20} MiB. Use a smaller file.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        sound = error.object[: error.start].decode()  # columns are characters, not bytes
        line, column = sound.count("\n") + 1, len(sound) - sound.rfind("\n")
        raise refused("is not UTF-8 text. Save the file as UTF-8.", line, column) from None
