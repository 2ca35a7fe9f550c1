"""Runs of pages go one after another; what waits or computes for long lets others go first."""

import threading
import time
from collections.abc import Callable

import pytest

from components.shell import turns
from components.shell.background import Work
from components.shell.results import Results
from components.shell.turns import aside, turn


def side_by_side(*does: Callable[[], None]) -> None:
    """Run each in a thread of its own; what one raises is raised here."""
    failed: list[BaseException] = []

    def run(do: Callable[[], None]) -> None:
        try:
            do()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(do,), daemon=True) for do in does]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    if failed:
        raise failed[0]


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits, waits for long: nothing passes only because a second is over."""
    monkeypatch.setattr(turns, "PATIENCE", 20.0)


@pytest.mark.usefixtures("patient")
def test_runs_go_one_after_another() -> None:
    inside, most = [0], [0]

    def run() -> None:
        with turn():
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.02)
            inside[0] -= 1

    side_by_side(*[run] * 8)
    assert most == [1]


@pytest.mark.usefixtures("patient")
def test_a_turn_within_a_turn_waits_for_nothing() -> None:
    """A part of a page stands within the run of the page."""
    began = time.monotonic()
    with turn(), turn():
        pass
    assert time.monotonic() - began < 5


@pytest.mark.usefixtures("patient")
def test_a_run_that_fails_leaves_the_counter() -> None:
    with pytest.raises(KeyError), turn():
        raise KeyError
    assert not turns._counter.locked()


@pytest.mark.usefixtures("patient")
def test_others_go_first_while_one_computes() -> None:
    other_ran = threading.Event()

    def other() -> None:
        with turn():
            other_ran.set()

    with turn():
        with aside(), aside():
            side_by_side(other)
            assert other_ran.is_set()
        assert turns._counter.locked(), "back at the counter"
    assert not turns._counter.locked()


def test_aside_means_nothing_outside_a_run() -> None:
    """Work in the background, and the tests."""
    with aside():
        assert not turns._counter.locked()
    assert not turns._counter.locked()


def test_nobody_waits_longer_than_a_second_for_a_long_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 0.05)
    ended = threading.Event()

    def long() -> None:
        with turn():
            assert ended.wait(20)

    def short() -> None:
        with turn(), aside():
            ended.set()

    side_by_side(long, short)
    assert not turns._counter.locked(), "who never stood at the counter leaves it to who does"


@pytest.mark.usefixtures("patient")
def test_who_waits_for_the_result_of_another_does_not_hold_everybody_up() -> None:
    """The one that computes comes back to the counter in the end: the one that waits for it must not stand there."""
    results, computing, waits = Results(1000), threading.Event(), threading.Event()

    def compute() -> int:
        computing.set()
        assert waits.wait(20)
        time.sleep(0.1)  # until the other stands in line for the same key
        return 1

    def first() -> None:
        with turn():
            results.get("key", compute)

    def second() -> None:
        assert computing.wait(20)
        with turn():
            waits.set()
            assert results.get("key", lambda: 2) == 1

    began = time.monotonic()
    side_by_side(first, second)
    assert time.monotonic() - began < 10


@pytest.mark.usefixtures("patient")
def test_to_ask_whether_a_work_is_done_gives_up_no_place() -> None:
    """It is asked of many works at once, under a lock that others wait for at the counter."""
    entered = threading.Event()

    def other() -> None:
        with turn():
            entered.set()

    waiting = threading.Thread(target=other, daemon=True)
    with turn():
        waiting.start()
        for _ in range(50):
            assert not Work(lambda work: None).wait(0)
            time.sleep(0.001)
        assert not entered.is_set()
    waiting.join(20)
    assert entered.is_set()
