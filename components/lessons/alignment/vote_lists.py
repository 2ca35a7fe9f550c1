"""Presses that a class collects together: lists in the memory of this server, by names that cannot be guessed.

A list holds which story was pressed in which pair and by which browser, known by a random number; no names. A browser has
one vote a pair: pressing again replaces it. Until it is closed it says how many were pressed, not what. It ends by itself
after :data:`HOURS`; then its name means nothing any more.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import streamlit as st

from components.elements.alignment.preference_board import is_browser

MOST_PRESSES = 2_000
"""Of one list."""
MOST_LISTS = 100
HOURS = 12
ASKED_A_SECOND = 8
"""How often all browsers of a list together ask what is new in it, about."""
Outcome = Literal["kept", "full", "closed", "ended"]


@dataclass
class VoteList:
    """One list. ``votes``: (browser, pair) -> ``1``, ``2`` or ``0``; ``owner``: the browser that made it; ``rounds``: times it was emptied."""

    owner: str
    made: float
    closed: bool = False
    rounds: int = 0
    votes: dict[tuple[str, int], str] = field(default_factory=dict)
    joined: dict[str, int] = field(default_factory=dict)


class VoteLists:
    """All lists of a server; every call may come from another thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._lists: dict[str, VoteList] = {}

    def _get(self, name: str) -> VoteList | None:
        for ended in [k for k, one in self._lists.items() if self._clock() - one.made >= HOURS * 3600]:
            del self._lists[ended]
        return self._lists.get(name)

    def make(self, owner: str) -> str | None:
        """Begin a list and return its name of 22 characters, or None where there is room for no more."""
        with self._lock:
            self._get("")
            if len(self._lists) >= MOST_LISTS:
                return None
            name = secrets.token_urlsafe(16)
            self._lists[name] = VoteList(owner, self._clock())
            return name

    def vote(self, name: str, who: str, pair: int, press: str) -> Outcome:
        """Keep a press; one that is kept already replaces the same browser's press of this pair.

        Raises:
            ValueError: no browser, or no press.
        """
        if not is_browser(who) or press not in ("1", "2", "0") or pair < 0:
            raise ValueError((who, pair, press))
        with self._lock:
            found = self._get(name)
            if found is None:
                return "ended"
            if found.closed:
                return "closed"
            if (who, pair) not in found.votes and len(found.votes) >= MOST_PRESSES:
                return "full"
            found.votes[who, pair] = press
            return "kept"

    def exists(self, name: str) -> bool:
        """Whether there is such a list, and it has not ended."""
        with self._lock:
            return self._get(name) is not None

    def is_closed(self, name: str) -> bool:
        """Whether its result is shown."""
        with self._lock:
            found = self._get(name)
            return found is not None and found.closed

    def state(self, name: str) -> str:
        """Return a name of the list's state: what a browser holds of another state is not counted any more."""
        with self._lock:
            found = self._get(name)
            return "none" if found is None else f"{found.rounds}{'closed' if found.closed else 'open'}"

    def count(self, name: str) -> tuple[int, int]:
        """Return how many browsers pressed, and how many presses there are."""
        with self._lock:
            found = self._get(name)
            return (0, 0) if found is None else (len({who for who, _ in found.votes}), len(found.votes))

    def seconds(self, name: str) -> float:
        """Return after how many seconds a browser asks again what is new: 1 for a few, some 4 for a class of thirty."""
        with self._lock:
            found = self._get(name)
            return max(1.0, (0 if found is None else len(found.joined)) / ASKED_A_SECOND)

    def mine(self, name: str, who: str, pairs: int) -> str:
        """Return what one browser pressed, a character a pair."""
        with self._lock:
            found = self._get(name)
            votes = {} if found is None else found.votes
            return "".join(votes.get((who, i), "-") for i in range(pairs)).rstrip("-")

    def order(self, name: str, who: str, pairs: int) -> list[int]:
        """Return in which order a browser is asked: each begins at another place, so that all pairs are pressed alike."""
        with self._lock:
            found = self._get(name)
            if found is None:
                return []
            if len(found.joined) < MOST_PRESSES:
                found.joined.setdefault(who, len(found.joined))
            begin = found.joined.get(who, 0) * 17 % pairs
            return [*range(begin, pairs), *range(begin)]

    def close(self, name: str, owner: str) -> bool:
        """End the pressing and show what was pressed; only who made it can."""
        with self._lock:
            found = self._get(name)
            if found is None or found.owner != owner:
                return False
            found.closed = True
            return True

    def empty(self, name: str, owner: str) -> bool:
        """Forget every press and go on; only who made it can."""
        with self._lock:
            found = self._get(name)
            if found is None or found.owner != owner:
                return False
            found.votes.clear()
            found.joined.clear()
            found.closed = False
            found.rounds += 1
            return True

    def is_owner(self, name: str, owner: str) -> bool:
        """Whether this browser made it."""
        with self._lock:
            found = self._get(name)
            return found is not None and found.owner == owner

    def result(self, name: str, pairs: int) -> str:
        """Return what most pressed in each pair, ``0`` where both are even; nothing before it is closed."""
        with self._lock:
            found = self._get(name)
            if found is None or not found.closed:
                return ""
            said: list[Counter[str]] = [Counter() for _ in range(pairs)]
            for (_, pair), press in found.votes.items():
                if pair < pairs:
                    said[pair][press] += 1
        return "".join(
            "-" if not one else "0" if one["1"] == one["2"] else "1" if one["1"] > one["2"] else "2"
            for one in said
        ).rstrip("-")

    def rows(self, name: str, owner: str) -> list[dict[str, int | str]]:
        """Return every press, browsers as numbers; only for who made it."""
        with self._lock:
            found = self._get(name)
            if found is None or found.owner != owner:
                return []
            numbers: dict[str, int] = {}
            return [
                {"browser": numbers.setdefault(who, len(numbers) + 1), "pair": pair + 1, "pressed": press}
                for (who, pair), press in found.votes.items()
            ]


# At most 100 lists of 2,000 presses, some 0.2 MB each.
@st.cache_resource(show_spinner=False)
def lists() -> VoteLists:
    """The lists that all sessions of this server share."""
    return VoteLists()
