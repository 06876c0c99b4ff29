"""A real browser: Debian's chromium driven by Playwright, with no network.

Where either is missing the tests do not run, and the end of the test run says so.
"""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def missing() -> str:
    """Why the tests cannot run; empty if they can."""
    if find_spec("playwright") is None:
        return "playwright is not installed: pip install -e '.[browser]'"
    if browser_path() is None:
        return "no chromium on this machine: apt-get install chromium"
    return ""


def browser_path() -> str | None:
    """Where the browser lies."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def pytest_collection_modifyitems(items):
    reason = missing()
    for item in items:
        if item.path.parent.name == "browser":
            item.add_marker(pytest.mark.browser)
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_terminal_summary(terminalreporter):
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if "browser" in report.nodeid]
    if skipped and missing():
        terminalreporter.write_line(f"The {len(skipped)} browser tests DID NOT RUN: {missing()}")


@pytest.fixture(scope="session")
def browser():
    # Playwright's driver prints to the console it inherits; it must find no display settings of ours.
    os.environ.setdefault("PLAYWRIGHT_BROWSERS_PATH", "0")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        yield started
        started.close()
