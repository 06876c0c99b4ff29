"""The one place that turns what was raised into a message on stderr and an exit code.

0 done, 1 our bug, 2 usage or scenario error, 3 gate failed, 4 gate inconclusive, 5 stopped but
resumable or out of resources, 6 integrity, 7 output busy, 8 conditioning unreliable,
129/130/143 signals (141 where a pipe's reader left).
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
from collections.abc import Iterable
from typing import Any

import click

from sandwich_sim.cli.output import clean
from sandwich_sim.cli.start import Stopped, stopped_by, telling
from sandwich_sim.errors import SandwichSimError

# From harmless to worst: of a batch, the worst code is the exit code. Our bug comes last
# because it makes every other result doubtful.
SEVERITY = (0, 4, 3, 2, 7, 5, 8, 6, 1)

_OUT_OF_RESOURCES = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.ENOMEM, errno.EMFILE, errno.ENFILE)
_WRONG_PATH = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR)


def silence_output() -> None:
    """Send what is still buffered for stdout nowhere, so that exit does not complain."""
    with contextlib.suppress(OSError, ValueError):  # no such descriptor, as under a test runner
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def worst(codes: Iterable[int]) -> int:
    """Return the worst of some exit codes, 0 of none."""
    return max(codes, key=lambda code: SEVERITY.index(code) if code in SEVERITY else len(SEVERITY), default=0)


def _warn(text: str) -> None:
    click.echo(clean(text), err=True)


def _interruption(error: BaseException) -> int:
    """One line: that it was stopped, and what is left behind where a command has noted that."""
    cause = error.__cause__ if isinstance(error, click.Abort) else error
    with telling():
        _warn(" ".join(["stopped.", *_notes(cause)]))
    if isinstance(cause, Stopped):
        return cause.exit_code
    return 128 + (stopped_by() or signal.SIGINT)


def raise_if_stopped(error: Exception) -> None:
    """Go on with the signal where it came out of a library as some other error.

    Raises
    ------
    Stopped
    """
    number = stopped_by()
    if number is not None:
        raise Stopped(number) from error


def _notes(error: BaseException | None) -> list[str]:
    """What was added to an error on its way: that a run can be gone on with."""
    return list(getattr(error, "__notes__", ()))


def _system_failure(error: MemoryError | OSError) -> int | None:
    """Exit code of a failure of the machine or of a path; None if it may be our bug."""
    if isinstance(error, MemoryError):
        _warn("error: out of memory. Ask for fewer trajectories (-n) or less to keep (--keep).")
        return 5
    what = f"{error.strerror}: {error.filename}" if error.filename else str(error.strerror)
    if error.errno in _OUT_OF_RESOURCES:
        _warn(f"error: {what}. Free some, then run the same command again.")
        return 5
    if error.errno in _WRONG_PATH:
        _warn(f"error: {what}. Name a path that you may use.")
        return 2
    return None


def report_failure(error: BaseException) -> int:
    """Print what went wrong on stderr; return the exit code."""
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    if stopped_by() is not None or isinstance(error, KeyboardInterrupt | click.Abort):
        return _interruption(error)
    if isinstance(error, SandwichSimError):
        _warn(format_failure(error))
        for note in _notes(error):
            _warn(note)
        return error.exit_code
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        _warn(error.format_message())
        return error.exit_code
    if isinstance(error, click.ClickException):
        context: Any = getattr(error, "ctx", None)
        _warn(f"error: {_message_of(error)}")
        if context is not None:
            _warn(f"Usage and an example: {context.command_path} --help")
        return error.exit_code
    if isinstance(error, MemoryError | OSError):
        code = _system_failure(error)
        if code is not None:
            return code
    return _our_bug(error)


def _message_of(error: click.ClickException) -> str:
    """Click's own words; on one line where it would list the choices of a missing argument below it."""
    if isinstance(error, click.MissingParameter) and error.param is not None:
        choices = getattr(error.param.type, "choices", None)
        if choices:
            return f"Missing argument {error.param.human_readable_name}: one of {', '.join(choices)}."
    return error.format_message()


def format_failure(error: SandwichSimError) -> str:
    """The message of an expected error: problems keep `file:line:column:`, the rest gets `error:`."""
    return str(error) if hasattr(error, "problems") else f"error: {error}"


def _our_bug(error: BaseException) -> int:
    import traceback

    _warn("".join(traceback.format_exception(error)).rstrip())
    _warn(
        "This is a bug in sandwich-sim, not in your input. Please report it with the lines above "
        "and the output of `sandwich-sim doctor`."
    )
    return 1
