"""The way in from a shell; Ctrl-C ends it quietly from the first moment on, while it still loads."""

from __future__ import annotations

import os
import signal
from typing import Any, NoReturn


def leave(*_: Any) -> NoReturn:
    """End at once: there is nothing yet, or nothing any more, to clean up."""
    os.write(2, b"stopped.\n")
    os._exit(130)


def main() -> None:
    """Start `sandwich-sim`."""
    # A job in the background may ignore Ctrl-C: leave it so.
    heeds = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if heeds:
        signal.signal(signal.SIGINT, leave)
    try:
        from sandwich_sim.cli.main import main as run_command

        run_command()
    except KeyboardInterrupt:  # a second one, while the first was being told
        leave()
    finally:
        if heeds:
            signal.signal(signal.SIGINT, leave)
