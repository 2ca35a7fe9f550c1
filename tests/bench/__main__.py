"""``make bench``: every measurement as one table. Ratios within this run; nothing here fails a build."""

import importlib
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    """Run the ``measure`` of every ``bench_*.py``, or of those named on the command line."""
    names = sys.argv[1:] or sorted(path.stem for path in HERE.glob("bench_*.py"))
    print(f"{'what':78} {'measured':>10} {'to reach':>14}")
    for name in names:
        start = time.perf_counter()
        for what, value, target, unit in importlib.import_module(f"tests.bench.{name}").measure():
            at_least = unit.endswith("+")  # "x+": at least
            bound = f"{'≥' if at_least else '≤'} {target:g} {unit.rstrip('+')}"
            met = value >= target if at_least else value <= target
            print(f"{what:78} {value:10.3g} {bound:>14} {'' if met else '  missed'}", flush=True)
        print(f"  ({name}: {time.perf_counter() - start:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
