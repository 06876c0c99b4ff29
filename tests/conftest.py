"""Ctrl-C reaches the commands that tests start."""

import signal


def pytest_configure() -> None:
    """Heed SIGINT: a job in the background inherits it ignored, and hands that on to what it starts."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
