"""One line on stderr that says how far a run is and how long it will take."""

from __future__ import annotations

import shutil
import sys
from math import ceil
from time import monotonic
from typing import TYPE_CHECKING

from sandwich_sim.cli.compiling import begin_if_cold, is_warm
from sandwich_sim.cli.output import clean_line, duration, note, stderr_is_live

if TYPE_CHECKING:
    from sandwich_sim.cli.compiling import CompilingNote
    from sandwich_sim.simulation import Progress

_SHOWN_AFTER = 1.0  # seconds: a run that takes less needs no progress
_EVERY = 0.1  # seconds between two drawings
_PLAIN_EVERY = 10.0  # seconds between two lines where no line can be rewritten: a log, a pipe
_STAGE = {"simulate": "simulating", "write": "writing"}
_BAR = 24


class ProgressLine:
    """Draw what `simulate.run` reports; call `close` when it is done.

    Parameters
    ----------
    label : str
        What is being run; shown where a batch has several.
    quiet : bool
        Print nothing at all.
    """

    def __init__(self, label: str = "", quiet: bool = False) -> None:
        self._label = f"{clean_line(label)}: " if label else ""
        self._quiet = quiet
        self._live = not quiet and stderr_is_live()
        self._begun = monotonic()
        self._drawn = 0.0
        self._noted = self._begun
        self._width = 0
        self._first: tuple[float, int] | None = None
        self._told = False
        self._compiling: CompilingNote | None = None

    def __call__(self, progress: Progress) -> None:
        if self._quiet:
            return
        now = monotonic()
        if not self._told:
            self._told = True
            self._compiling = begin_if_cold(self._live)
        if progress.done:
            self._end_compiling(is_done=True)
        # The pace is that since the first trajectories were done, so that compiling does not count.
        if self._first is None and progress.done:
            self._first = (now, progress.done)
        if not self._live:
            if progress.done and now - self._noted >= _PLAIN_EVERY:
                self._noted = now
                note(self._text(progress, now))
        elif self._compiling is None and now - self._begun >= _SHOWN_AFTER and now - self._drawn >= _EVERY:
            self._drawn = now
            self._write(self._text(progress, now, _BAR)[: shutil.get_terminal_size().columns - 1])

    def close(self) -> None:
        """Remove the line."""
        self._end_compiling(is_done=self._compiling is not None and is_warm())
        if self._drawn:
            self._write("")
            sys.stderr.write("\r")
            sys.stderr.flush()
            self._drawn = 0.0

    def _end_compiling(self, is_done: bool) -> None:
        if self._compiling is not None:
            self._compiling.end(is_done)
            self._compiling = None
            self._noted = monotonic()

    def _text(self, progress: Progress, now: float, bar: int = 0) -> str:
        part = progress.done / progress.total if progress.total else 1.0
        filled = round(bar * part)
        return (
            f"{self._label}{_STAGE.get(progress.stage, progress.stage)} "
            f"{'█' * filled}{'░' * (bar - filled)} {part:4.0%}  "
            f"{progress.done:,} of {progress.total:,}{self._left(progress, now)}"
        )

    def _write(self, text: str) -> None:
        """Rewrite the line with blanks over what was longer: no escape sequence, as NO_COLOR wants."""
        sys.stderr.write("\r" + text + " " * (self._width - len(text)))
        sys.stderr.flush()
        self._width = len(text)

    def _left(self, progress: Progress, now: float) -> str:
        if self._first is None:
            return ""
        seconds, done = now - self._first[0], progress.done - self._first[1]
        if done <= 0 or seconds < 0.5:
            return ""
        left = ceil(seconds * (progress.total - progress.done) / done)
        return f"  {f'{left} s' if left < 60 else duration(left)} left"
