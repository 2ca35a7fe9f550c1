"""What is kept for readers' texts has one size in bytes, however many texts there were, and is computed once."""

import platform
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from components.shell import results
from components.shell.background import Works
from components.shell.results import Results, shared, weight

ROOT = Path(__file__).parents[2]
MB = 2**20


@dataclass(frozen=True)
class Found:
    """A result as the pages have them; of our own, so that its fields count."""

    __module__ = "components.lm.test"
    weights: np.ndarray
    words: tuple[str, ...]


class Grown:
    """A result that grows after it was kept."""

    def __init__(self) -> None:
        self.nbytes = 0


Grown.__module__ = "components.lm.test"


def test_arrays_tensors_and_objects_are_weighed() -> None:
    import torch

    row = np.zeros(1000)
    assert 8000 <= weight(row) < 8300
    assert 8000 <= weight(row[:10]) < 8600, "a slice holds the whole"
    assert 4000 <= weight(torch.zeros(1000)) < 4300
    assert 4000 <= weight(torch.zeros(1000).numpy()) < 4400
    assert 8000 <= weight(Found(row, ("a", "b"))) < 9000
    assert weight([row, row]) < 8500, "what stands twice is held once"
    assert weight({"a": [1, 2], "b": {"c": "text"}}) < 1000
    circle: list[object] = []
    circle.append(circle)
    assert weight(circle) < 200


def test_a_model_that_a_result_names_is_not_weighed() -> None:
    import torch

    assert weight([torch.nn.Linear(1000, 1000)]) < 1000
    assert weight(Works) < 2000


def test_ten_thousand_texts_take_no_more_than_the_limit() -> None:
    kept = Results(MB)
    for number in range(10_000):
        kept.get(number, lambda: np.zeros(100 * (1 + number % 30)))  # noqa: B023
        assert kept.nbytes <= MB
    assert kept.nbytes > MB / 2
    assert kept.nbytes == sum(size for _, size in kept._kept.values())


def test_the_longest_unused_goes_first() -> None:
    kept = Results(10_000)
    for key in "abc":
        kept.get(key, lambda: np.zeros(350))
    kept.get("a", lambda: pytest.fail("it was kept"))
    kept.get("d", lambda: np.zeros(350))
    kept.get("a", lambda: pytest.fail("it was used"))
    again = []
    kept.get("b", lambda: again.append("b"))
    assert again == ["b"]


def test_what_is_larger_than_the_limit_is_given_and_not_kept() -> None:
    kept = Results(1000)
    assert kept.get("a", lambda: np.zeros(1000)).nbytes == 8000
    assert kept.nbytes == 0


def test_what_grows_is_weighed_again() -> None:
    kept, one = Results(1000), Grown()
    kept.get("a", lambda: one)
    one.nbytes = 5000
    assert kept.get("a", Grown) is one
    assert kept.nbytes == 0, "it no longer fits"
    assert kept.get("a", Grown) is not one


def test_a_failure_is_not_kept() -> None:
    kept = Results(1000)
    with pytest.raises(ZeroDivisionError):
        kept.get("a", lambda: 1 / 0)
    assert kept.get("a", lambda: 2.0) == 2.0
    assert not kept._turns


def test_who_asks_for_the_same_meanwhile_waits_for_it() -> None:
    kept, computed, got = Results(MB), [], []

    def slow() -> str:
        computed.append(1)
        time.sleep(0.2)
        return "found"

    readers = [threading.Thread(target=lambda: got.append(kept.get("a", slow))) for _ in range(8)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert (len(computed), got) == (1, ["found"] * 8)


def test_a_result_that_takes_long_to_weigh_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow_weight(_: object) -> int:
        time.sleep(0.05)
        return 1

    monkeypatch.setattr(results, "weight", slow_weight)
    kept, computed = Results(MB), []

    def slow() -> str:
        computed.append(1)
        time.sleep(0.05)
        return "found"

    readers = [threading.Thread(target=lambda: kept.get("a", slow)) for _ in range(8)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert len(computed) == 1


def test_arguments_tell_results_apart_but_those_that_begin_with_a_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(results, "RESULTS", Results(MB))
    calls = []

    @shared
    def read(name: str, text: str = "b", *, _model: object = None) -> list[str]:
        calls.append((name, text))
        return [name, text]

    @shared
    def other(name: str, text: str = "b") -> list[str]:
        return [text, name]

    assert read("a") is read("a", "b") is read("a", text="b", _model=object())
    assert read("a", "c") == ["a", "c"]
    assert other("a") == ["b", "a"]
    assert calls == [("a", "b"), ("a", "c")]


def test_finished_works_are_dropped_by_their_size() -> None:
    works = Works(keep=50, limit=MB)
    for number in range(10):
        work = works.start(number, lambda work: np.zeros(50_000))
        assert work.wait(10)
    works.start("last", lambda work: None)
    assert sum(work.nbytes for work in works._works.values()) <= MB
    assert list(works._works)[-2:] == [9, "last"]


def test_a_text_being_written_says_about_what_it_holds() -> None:
    from components.lm.gpt.decoding import SamplingSettings
    from components.lm.gpt.writing import Writing
    from components.shell.loading import load_model

    loaded = load_model("nano-gpt", "generation")
    text = Writing(loaded, "Once upon a time there was a king", SamplingSettings(True, 1.0, 0, 0.9, 3), {})
    text.steps(20)
    assert text.nbytes == pytest.approx(weight([text.prompt, text._steps]), rel=0.5)


def test_free_memory_goes_back_to_the_system() -> None:
    """A process that freed 64 MB, each part below something it keeps."""
    code = (
        "import psutil, threading, numpy as np\n"
        "from components.shell.memory import give_back, share_arenas\n"
        "share_arenas()\n"
        "held = [part for _ in range(1024) for part in (np.ones(2**13), np.ones(2**10))]\n"
        "del held[::2]\n"
        "before = psutil.Process().memory_info().rss\n"
        "give_back(), give_back()\n"
        "later = [one for one in threading.enumerate() if one is not threading.main_thread()]\n"
        "[one.join() for one in later]\n"
        "print(len(later), before - psutil.Process().memory_info().rss)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    times, returned = map(int, done.stdout.split())
    if platform.libc_ver()[0] == "glibc":
        assert times == 1
        assert returned > 32 * MB
