"""The way in from a shell, and what signals do: one line and the exit code, at any moment.

Before a command begins and after it has ended, a signal ends the process at once. In between it is
an exception, `Stopped`, and whoever holds something cleans up. Two places cannot bear an exception.
While a module is imported, libraries turn it into something else or load by halves: there it waits
until the import is done. In a finalizer it is dropped: there it comes again.
"""

from __future__ import annotations

import _thread
import atexit
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NoReturn

IMPORT_SECONDS = 0.7
"""How long a signal waits for an import [s]; then the process ends at once."""
ONE_PRESS_SECONDS = 0.3
"""Two signals within this time are one: a terminal and a wrapper may both hand on Ctrl-C [s]."""
_AGAIN_SECONDS = 0.01
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")

at_leaving: list[Callable[[], None]] = []
"""What ends other processes of ours; called before this one leaves at once."""


class Stopped(KeyboardInterrupt):
    """A signal; whoever cleans up after Ctrl-C cleans up after SIGTERM and SIGHUP too."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


class _Came:
    """The first signal that came."""

    number: int | None = None
    at = 0.0
    is_raised = False
    is_telling = False
    is_told = False


def stopped_by() -> int | None:
    """Return the signal that came first, None of none."""
    return _Came.number


@contextlib.contextmanager
def telling() -> Iterator[None]:
    """Say the one line within: a signal that comes again meanwhile neither cuts it nor adds another."""
    _Came.is_telling = True
    yield
    _Came.is_told, _Came.is_telling = True, False


def leave(number: int = signal.SIGINT, frame: FrameType | None = None) -> NoReturn:
    """End at once, with one line."""
    if not _Came.is_told:
        with contextlib.suppress(OSError):
            os.write(2, b"stopped.\n")
    _end(128 + number)


def _end(code: int) -> NoReturn:
    """Leave without what libraries have registered for the end: it expects them whole."""
    for hook in at_leaving:
        with contextlib.suppress(Exception):
            hook()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # a pipe whose reader left
            stream.flush()
    os._exit(code)


def stop(number: int, frame: FrameType | None) -> None:
    """Raise `Stopped` as soon as it can be borne; end at once for a second signal."""
    if _Came.is_telling:
        return
    now = time.monotonic()
    if _Came.number is None:
        _Came.number, _Came.at = number, now
    elif _Came.is_raised:
        if now - _Came.at > ONE_PRESS_SECONDS:
            leave(_Came.number)
        return
    if _is_importing(frame):
        if now - _Came.at > IMPORT_SECONDS:
            leave(_Came.number)
        _raise_later(_Came.number)
        return
    _Came.is_raised = True
    raise Stopped(_Came.number)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _raise_later(number: int) -> None:
    main_thread = _thread.get_ident()  # signals are handled there alone

    def wait() -> None:
        time.sleep(_AGAIN_SECONDS)
        if sys.platform == "win32":
            _thread.interrupt_main(number)
        else:
            signal.pthread_kill(main_thread, number)  # ends a call that waits, too

    # Not `threading`: a signal may come while that holds its own lock.
    _thread.start_new_thread(wait, ())


def _set_handler(handler: Callable[[int, FrameType | None], Any]) -> None:
    ours = (signal.SIG_DFL, signal.default_int_handler, leave, stop)
    for name in _NAMES:
        number = getattr(signal, name, None)
        # nohup asks for SIGHUP to be ignored, a shell for Ctrl-C in jobs in the background: leave it so
        if number is not None and signal.getsignal(number) in ours:
            signal.signal(number, handler)


def catch_signals() -> None:
    """Make signals stop the program as `Stopped`, each with its own exit code."""
    _Came.number, _Came.is_raised, _Came.is_telling, _Came.is_told = None, False, False, False
    told, main_thread = sys.unraisablehook, _thread.get_ident()

    def drop(what: Any) -> None:
        if isinstance(what.exc_value, Stopped) and _thread.get_ident() == main_thread:
            _Came.is_raised = False
            _raise_later(what.exc_value.exit_code - 128)
        else:
            told(what)

    sys.unraisablehook = drop
    _set_handler(stop)


def main() -> None:
    """Start `sandwich-sim`."""
    _set_handler(leave)
    try:
        from sandwich_sim.cli.main import main as run_command

        run_command()
    except KeyboardInterrupt:
        leave(_Came.number or signal.SIGINT)
    except SystemExit as error:
        _set_handler(leave)
        code = error.code or 0
        if _Came.number is None:
            if not isinstance(code, int) or not _is_flushed():
                raise  # the ordinary way out says what is wrong
            # Python would take its modules apart now, one by one: a fifth of a short run's time.
            atexit._run_exitfuncs()
        _end(code if isinstance(code, int) else 0)


def _is_flushed() -> bool:
    """Whether all that was said got out."""
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except (OSError, ValueError):
        return False
    return True
