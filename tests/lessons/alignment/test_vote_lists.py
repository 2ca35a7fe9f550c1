"""The rules of a list that a class presses into."""

import re

import pytest

from components.lessons.alignment import vote_lists as page

ANN, BEN, CHO = ("a" * 22, "b" * 22, "c" * 22)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lists(clock: Clock) -> page.VoteLists:
    return page.VoteLists(clock)


def made(lists: page.VoteLists, owner: str = ANN) -> str:
    name = lists.make(owner)
    assert name is not None
    return name


def test_names_cannot_be_guessed(lists: page.VoteLists) -> None:
    names = {made(lists) for _ in range(20)}
    assert len(names) == 20
    assert all(re.fullmatch(r"[\w-]{22}", name) for name in names)


def test_one_vote_a_pair_and_browser(lists: page.VoteLists) -> None:
    name = made(lists)
    assert lists.vote(name, ANN, 3, "1") == "kept"
    assert lists.vote(name, ANN, 3, "2") == "kept"
    assert lists.vote(name, BEN, 3, "2") == "kept"
    assert lists.count(name) == (2, 2)
    assert lists.mine(name, ANN, 5) == "---2"
    assert lists.mine(name, CHO, 5) == ""


def test_what_was_pressed_is_shown_when_it_is_closed(lists: page.VoteLists) -> None:
    name = made(lists)
    for who, press in ((ANN, "1"), (BEN, "1"), (CHO, "2")):
        lists.vote(name, who, 0, press)
    lists.vote(name, ANN, 2, "1")
    lists.vote(name, BEN, 2, "2")
    assert lists.result(name, 4) == ""
    assert not lists.close(name, BEN), "only who made it"
    assert lists.close(name, ANN)
    assert lists.result(name, 4) == "1-0"
    assert lists.vote(name, CHO, 1, "1") == "closed"


def test_it_is_taken_home_and_emptied_by_who_made_it(lists: page.VoteLists) -> None:
    name = made(lists)
    lists.vote(name, BEN, 0, "2")
    assert lists.rows(name, BEN) == []
    assert not lists.empty(name, BEN)
    rows = lists.rows(name, ANN)
    assert rows == [{"browser": 1, "pair": 1, "pressed": "2"}]
    assert BEN not in str(rows), "no browser is named"
    before = lists.state(name)
    assert lists.empty(name, ANN)
    assert lists.state(name) != before, "what a browser still holds belongs to another round"
    assert lists.count(name) == (0, 0)
    assert lists.vote(name, BEN, 0, "1") == "kept"


def test_it_ends_after_twelve_hours(lists: page.VoteLists, clock: Clock) -> None:
    name = made(lists)
    clock.now = page.HOURS * 3600 - 1
    assert lists.exists(name)
    clock.now += 1
    assert not lists.exists(name)
    assert lists.vote(name, ANN, 0, "1") == "ended"
    assert lists.result(name, 3) == ""
    assert lists.count(name) == (0, 0)


def test_it_is_full_after_two_thousand(lists: page.VoteLists) -> None:
    name = made(lists)
    for i in range(page.MOST_PRESSES):
        lists.vote(name, f"{i // 100:022d}", i % 100, "1")
    assert lists.vote(name, ANN, 0, "1") == "full"
    assert lists.vote(name, f"{0:022d}", 0, "2") == "kept", "a press that is there can be replaced"
    assert lists.count(name)[1] == page.MOST_PRESSES


def test_a_server_holds_so_many_lists(lists: page.VoteLists, clock: Clock) -> None:
    for _ in range(page.MOST_LISTS):
        made(lists)
    assert lists.make(ANN) is None
    clock.now = page.HOURS * 3600
    assert lists.make(ANN) is not None


@pytest.mark.parametrize(("who", "pair", "press"), [("", 0, "1"), ("<script>" * 3, 0, "1"), (ANN, 0, "3"), (ANN, -1, "1")])  # fmt: skip
def test_nothing_else_is_kept(lists: page.VoteLists, who: str, pair: int, press: str) -> None:
    name = made(lists)
    with pytest.raises(ValueError, match=r"\("):
        lists.vote(name, who, pair, press)
    assert lists.count(name) == (0, 0)


def test_each_browser_begins_at_another_pair(lists: page.VoteLists) -> None:
    name = made(lists)
    orders = [lists.order(name, who, 10) for who in (ANN, BEN, CHO, ANN)]
    assert all(sorted(order) == list(range(10)) for order in orders)
    assert len({order[0] for order in orders}) == 3
    assert orders[0] == orders[3]


def test_a_class_asks_as_often_as_one_reader(lists: page.VoteLists) -> None:
    """A few are told after a second; thirty together ask no more than eight times a second."""
    name = made(lists)
    assert lists.seconds(name) == lists.seconds("gone") == 1
    for i in range(30):
        lists.order(name, f"{i:022d}", 120)
    assert lists.seconds(name) == 30 / page.ASKED_A_SECOND
    assert 3 < lists.seconds(name) < 5
    lists.empty(name, ANN)
    assert lists.seconds(name) == 1
