"""What is said while the kernels are compiled: that, for how long so far, and how long it took."""

from __future__ import annotations

import shutil
import sys
from threading import Event, Thread
from time import monotonic
from typing import Any

from sandwich_sim.cli.output import note

COMPILING = "compiling the kernels, once (about half a minute)"
_EVERY = 1.0  # seconds between two drawings


class CompilerClock:
    """The time that this process compiles, as its compiler tells; other processes do not count."""

    def __init__(self) -> None:
        self._first: float | None = None
        self._last = 0.0
        self._stop: Any = None

    def start(self) -> None:
        """Listen to the compiler."""
        from numba.core import event

        clock = self

        class Listener(event.Listener):  # type: ignore[misc]  # numba has no types
            def on_start(self, event: object) -> None:
                if clock._first is None:
                    clock._first = monotonic()

            def on_end(self, event: object) -> None:
                clock._last = monotonic()

        listener = Listener()
        event.register("numba:compile", listener)
        self._stop = lambda: event.unregister("numba:compile", listener)

    def stop(self) -> None:
        """Listen no more."""
        if self._stop is not None:
            self._stop()
            self._stop = None

    @property
    def seconds(self) -> float:
        """From the first kernel's start to the last one's end [s]; 0 if none was compiled."""
        return 0.0 if self._first is None else max(0.0, self._last - self._first)


class CompilingNote:
    """Say on stderr, also where there is no terminal, why nothing happens for a while.

    On a terminal the line counts the seconds; in a log one line stands at the start. Both end
    with how long it took. A second process that starts meanwhile compiles for itself, and says so.

    Parameters
    ----------
    is_live : bool
        Whether stderr is a terminal that can rewrite a line.
    """

    def __init__(self, is_live: bool) -> None:
        self._is_live = is_live
        self._clock = CompilerClock()
        self._ended = Event()
        self._thread: Thread | None = None

    def begin(self) -> None:
        """Say that the kernels are being compiled."""
        self._clock.start()
        if not self._is_live:
            note(COMPILING)
            return
        self._thread = Thread(target=self._count, name="compiling", daemon=True)
        self._thread.start()

    def end(self, is_done: bool) -> None:
        """Remove the line; where the compiler is done, say how long it took."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._clock.stop()
        seconds = self._clock.seconds
        if is_done and seconds:
            note(f"compiled in {max(1, round(seconds))} s")

    def _count(self) -> None:
        begun = monotonic()
        text = ""
        while True:
            text = f"{COMPILING}: {monotonic() - begun:.0f} s"[: shutil.get_terminal_size().columns - 1]
            _draw(text)
            if self._ended.wait(_EVERY):
                break
        _draw(" " * len(text))
        _draw("")


def _draw(text: str) -> None:
    sys.stderr.write("\r" + text)
    sys.stderr.flush()


def begin_if_cold(is_live: bool) -> CompilingNote | None:
    """Return the note, begun, where the compiled model is not on the disk yet."""
    from sandwich_sim.kernels._jit import COMPILED, is_cached

    if not COMPILED or is_cached():
        return None
    found = CompilingNote(is_live)
    found.begin()
    return found


def is_warm() -> bool:
    """Whether the compiled model is on the disk by now."""
    from sandwich_sim.kernels._jit import is_cached

    return is_cached()
