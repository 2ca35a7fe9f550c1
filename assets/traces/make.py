"""Compute the first screens that are drawn before torch is imported, and the miniatures of the map.

Run ``python assets/traces/make.py`` for every page, or name pages: ``python assets/traces/make.py bert/masking``. Everything here is
computed by the bundled models and algorithms; run it again when one of them changes.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from components.lessons.recorded import record_page  # noqa: E402

if __name__ == "__main__":
    known = sorted(
        path.relative_to(ROOT / "pages").with_suffix("").as_posix()
        for path in (ROOT / "pages").glob("*/*.py")
    )
    for page in sys.argv[1:] or known:
        record_page(page)
