"""``make bench``: every measurement as one table. Ratios within this run; run it with nothing else at work on the machine.

Each module is measured in a process of its own, with a limit of its own: one that raises, dies or takes too long is a row
that says so, and the others go on. Rows are printed as they are found, and all of them again at the end, with what each
module took. The exit code is 1 if a bound was missed or something failed.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.bench.rows import Measured

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LIMIT = 240
LIMITS = {
    "bench_alignment": 360,
    "bench_app": 300,
    "bench_bpe": 420,
    "bench_classroom": 480,
    "bench_fine_tuning": 480,
    "bench_texts": 720,
    "bench_transformer": 360,
}
"""Seconds a module may take, where ``LIMIT`` is not right."""
WHOLE = 40 * 60
"""Seconds for all of them: what has not begun by then is not measured."""


def _end(process: subprocess.Popen[str]) -> None:
    """End a process with the servers and browsers that it started."""
    if process.poll() is None:
        with contextlib.suppress(psutil.NoSuchProcess):
            started = psutil.Process(process.pid).children(recursive=True)
            process.kill()  # first, so that it has nothing to say of their end
            for one in started:
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.kill()


def measured(name: str, limit: float) -> Iterator[Measured]:
    """Yield what a module finds, and why it found no more, as it comes."""
    late = threading.Event()

    def too_late() -> None:
        late.set()
        _end(process)

    timer = threading.Timer(limit, too_late)
    command = [sys.executable, "-m", "tests.bench.one", name]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        assert process.stdout is not None
        timer.start()
        try:
            for line in process.stdout:
                yield Measured(**json.loads(line))
            process.wait()
        finally:
            timer.cancel()
            _end(process)
    if late.is_set():
        yield Measured(name, failed=f"not done within {limit:g} s")
    elif process.returncode:
        yield Measured(name, failed=f"its process ended with {process.returncode}")


def main() -> int:
    """Measure every ``bench_*.py``, or those named on the command line; return the exit code."""
    names = sys.argv[1:] or sorted(path.stem for path in HERE.glob("bench_*.py"))
    began, table, bad = time.monotonic(), [f"{'what':96} {'measured':>10} {'to reach':>14}"], 0
    print(table[0], flush=True)
    for name in names:
        start = time.monotonic()
        limit = min(LIMITS.get(name, LIMIT), WHOLE - (start - began))
        found = (
            measured(name, limit) if limit > 0 else iter([Measured(name, failed="no time was left for it")])
        )
        for row in found:
            bad += not row.met
            table.append(str(row))
            print(row, flush=True)
        table.append(f"  ({name}: {time.monotonic() - start:.0f} s)")
        print(table[-1], flush=True)
    print("", *table, sep="\n")
    print(f"\n{bad} missed or failed, {(time.monotonic() - began) / 60:.0f} minutes", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
