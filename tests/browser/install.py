"""Find a Chromium for the browser tests, or get one: Playwright's own, then the system's package.

Never fails: without a browser the tests are skipped by name, or fail under ``CI=true``.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from find_chromium import find_chromium


def _run(*command: str) -> bool:
    print("+", *command, flush=True)
    try:
        return subprocess.run(command, timeout=300, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired) as error:
        print(error)
        return False


def _system_packages() -> None:
    if shutil.which("apt-get") is None:
        return
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"] if shutil.which("sudo") else None
    if sudo is not None and _run(*sudo, "apt-get", "update", "-qq"):
        _run(
            *sudo, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-noto-cjk"
        )


def main() -> None:
    if find_chromium() is None and not _run(sys.executable, "-m", "playwright", "install", "chromium"):
        _system_packages()
    print("browser:", find_chromium() or "none; the browser tests cannot run")


if __name__ == "__main__":
    main()
