"""How long a report takes, how large it is, and how fast it opens.

    python benchmarks/bench_report.py [RUN] [--json]

Without a RUN, base with 1,048,576 trajectories is run first, into a temporary folder. The report is
made by the command, from the shell, three times; the opening is timed in chromium where that and
playwright (extra ``browser``) are installed, and else left out with a word.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from timing import Table

TRAJECTORIES = 1_048_576
ROUNDS = 3
ASKED_SECONDS, ASKED_MEGABYTES, ASKED_SECONDS_TO_OPEN = 6.0, 3.0, 1.0
COMMAND = (sys.executable, "-c", "from sandwich_sim.cli.start import main; main()")


def make_report(run: Path, page: Path) -> tuple[float, float]:
    """Make a report; return elapsed and processor time [s]."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [*COMMAND, "report", str(run), "-o", str(page), "--force"], check=True, capture_output=True
    )
    elapsed, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return elapsed, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def time_to_open(page: Path) -> float | None:
    """Return how long the page takes until its load event, at best of three [s]; None without a browser."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        return None
    if path is None:
        return None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        found = []
        for _ in range(ROUNDS):
            tab = browser.new_page(viewport={"width": 1280, "height": 900})
            tab.goto(page.as_uri(), wait_until="load")
            found.append(tab.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))
            tab.close()
        browser.close()
    return float(min(found)) / 1000.0


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("run", nargs="?", type=Path, help="a run folder; one is made if not given")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as room:
        run = options.run or Path(room) / "run"
        if options.run is None:
            words = ["run", "base", "-n", str(TRAJECTORIES), "-o", str(run), "--quiet"]
            subprocess.run([*COMMAND, *words], check=True, capture_output=True)
        page = Path(room) / "report.html"
        times = [make_report(run, page) for _ in range(ROUNDS)]
        table = Table(f"A report of {run.name}")
        table.add("elapsed", min(elapsed for elapsed, _ in times), "s", ASKED_SECONDS)
        table.add("processor time", min(cpu for _, cpu in times), "s")
        table.add("size", page.stat().st_size / 1e6, "MB", ASKED_MEGABYTES)
        opens = time_to_open(page)
        if opens is None:
            print("Not timed: opening it (no chromium, or no playwright).", file=sys.stderr)
        else:
            table.add("until its load event in chromium", opens, "s", ASKED_SECONDS_TO_OPEN)
    table.show(options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
