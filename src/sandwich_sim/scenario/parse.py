"""Text -> TOML tables within limits; any failure has its place and says what to do."""

from __future__ import annotations

import tomllib
from typing import Any

from sandwich_sim.scenario.prescan import scan_text


class ParseError(ValueError):
    """A text that is no TOML, or more of it than is read.

    Attributes
    ----------
    line, column : int
        From 1.
    key : str
        Dotted key at fault; empty where it is not known.
    """

    def __init__(self, line: int, column: int, key: str, message: str) -> None:
        self.line, self.column, self.key = line, column, key
        super().__init__(message)


def parse_toml(text: str) -> dict[str, Any]:
    """Parse TOML.

    Raises
    ------
    ParseError
    """
    limit = scan_text(text)
    if limit is not None:
        line, column, message = limit
        raise ParseError(line, column, "", message)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        from sandwich_sim.scenario.toml_errors import explain

        raise ParseError(*explain(text, str(error))) from None
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise ParseError(1, 1, "", f"cannot be parsed ({type(error).__name__}). Simplify it.") from None
