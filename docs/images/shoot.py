"""Take the README's pictures of a report: python docs/images/shoot.py report.html (extra `browser`)."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent


def main(report: str) -> None:
    """Write report-light.png and report-dark.png beside this file: the top of the page."""
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        for theme in ("light", "dark"):
            page = browser.new_page(viewport={"width": 1100, "height": 1420}, color_scheme=theme)
            page.goto(Path(report).resolve().as_uri())
            path = HERE / f"report-{theme}.png"
            page.screenshot(path=path)
            print(path.name, path.stat().st_size)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
