"""Where a Chromium or Chrome is."""

import os
import shutil
from pathlib import Path

_NAMES = (
    "chromium-headless-shell",  # has no window to draw: the tests take a quarter less time
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
)


def find_chromium() -> str | None:
    """Return the path of GLASSBOX_CHROMIUM, the system's browser, or Playwright's own; None if there is none."""
    named = os.environ.get("GLASSBOX_CHROMIUM")
    if named:
        return named
    found = next((path for path in map(shutil.which, _NAMES) if path), None)
    if found:
        return found
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None
