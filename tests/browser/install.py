"""Find a Chromium for the browser tests, or get one: the system's, the system's package, then Playwright's own.

The system comes first because it works where only the system's packages can be reached. What fails is said in one line.
Never fails: without a browser the tests are skipped by name, or fail under ``CI=true``.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from find_chromium import find_chromium

BROWSERS = ("chromium-headless-shell", "chromium")
"""The first that the system has. The one without windows is lighter, and older systems do not have it."""
FONTS = ("fonts-noto-cjk", "fonts-noto-color-emoji")


def _run(*command: str) -> bool:
    """Run quietly; of what went wrong one line is said."""
    print("+", *command, flush=True)
    try:
        done = subprocess.run(command, timeout=300, check=False, capture_output=True, text=True)
    except (OSError, subprocess.TimeoutExpired) as error:
        print("  ", error)
        return False
    if done.returncode != 0:
        said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        why = next(
            (line for line in said if "rror:" in line), said[-1] if said else f"exit {done.returncode}"
        )
        print("   did not work:", why)
    return done.returncode == 0


def _system_packages() -> bool:
    """Install the system's browser and the fonts of its pages, where that needs no password."""
    if shutil.which("apt-get") is None:
        return False
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"] if shutil.which("sudo") else None
    if sudo is None or (sudo and not _run("sudo", "-n", "true")):
        return False
    _run(*sudo, "apt-get", "update", "-qq")  # an older list of packages may do
    install = (*sudo, "apt-get", "install", "-y", "-qq", "--no-install-recommends")
    return any(_run(*install, browser, *FONTS) for browser in BROWSERS)


def main() -> None:
    """Leave a browser behind if one can be had, and say which."""
    if find_chromium() is None and not (_system_packages() and find_chromium()):
        _run(sys.executable, "-m", "playwright", "install", "chromium")
    print("browser:", find_chromium() or "none; the browser tests cannot run")


if __name__ == "__main__":
    main()
