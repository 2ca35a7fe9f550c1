"""What one module of the bench finds, a row a line: ``python -m tests.bench.one bench_bpe``."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict

from tests.bench.rows import Measured, as_measured, told


def found(name: str) -> Iterator[Measured]:
    """Yield the rows of a module, and why there are no more if it raises."""
    try:
        for row in importlib.import_module(f"tests.bench.{name}").measure():
            yield as_measured(row, name)
    except Exception as error:  # told as a row
        yield Measured(name, failed=told(name, error).why)


def main(name: str) -> None:
    """Print the rows of a module; what else it and its libraries print goes to the errors."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(2, 1)
        for row in found(name):
            print(json.dumps(asdict(row)), file=out, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
