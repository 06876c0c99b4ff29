"""Differences and their standard errors as text, with as many digits as the errors leave sure."""

from __future__ import annotations

from math import floor, isfinite, log10

from sandwich_sim.analysis.compare_verdict import format_number

MISSING = "–"
_LARGE = 1e5
_MOST_DIGITS = 7
_MINUS = "\N{MINUS SIGN}"


def error_digits(error: float) -> int:
    """Return the decimals that show an error to two significant digits, so that value / error can be read."""
    return max(0, 1 - floor(log10(error)))


def format_level(value: float) -> str:
    """Write what one side is: two decimals, or powers of ten where it is large."""
    if not isfinite(value):
        return MISSING
    return _powers(value, 1) if abs(value) >= _LARGE else format_number(value, 2)


def format_difference(value: float, error: float) -> tuple[str, str]:
    """Write a signed difference and its standard error, the error to two significant digits.

    Parameters
    ----------
    value, error : float
        In the unit shown.

    Returns
    -------
    tuple of str
        Such as ``+0.27`` and ``0.12``; the error is ``?`` where it is not known.
    """
    if not isfinite(value):
        return MISSING, ""
    sign = "+" if value > 0.0 else ""
    if not isfinite(error):
        return f"{sign if abs(value) >= 0.005 else ''}{format_level(value)}", "?"
    if error == 0.0:
        return f"{sign}{_exact(value)}", "0"
    digits = error_digits(error)
    if max(abs(value), error) >= _LARGE or digits > _MOST_DIGITS:
        places = floor(log10(abs(value))) - floor(log10(error)) + 1 if value else 1
        return f"{sign}{_powers(value, min(5, max(1, places)))}", f"{error:.1e}"
    text = format_number(value, digits)
    return f"{sign if text.strip('0.,') else ''}{text}", f"{error:,.{digits}f}"


def with_error(value: float, error: float) -> str:
    """Write a difference and its standard error as ``+0.27 ±0.12``."""
    text, error_text = format_difference(value, error)
    return f"{text} ±{error_text}" if error_text else text


def _exact(value: float) -> str:
    """Write a difference without error, to two significant digits at least."""
    if value == 0.0:
        return "0"
    digits = max(2, error_digits(abs(value)))
    if abs(value) >= _LARGE or digits > _MOST_DIGITS:
        return _powers(value, 2)
    return format_number(value, digits)


def _powers(value: float, places: int) -> str:
    return f"{value:.{places}e}".replace("-", _MINUS, 1) if value < 0.0 else f"{value:.{places}e}"
