"""A BPE run written down for stepping: what a browser needs to show any moment by itself.

:class:`components.lm.tokens.bpe.BpeTrace` can rebuild any moment, but rebuilding costs a pass over all words. A reader who
holds the arrow key down wants many moments a second, forwards and backwards. :class:`LessonTrainer` therefore notes,
while it trains, how the list of the most frequent pairs changes from each moment to the next, and
:meth:`BpeLesson.pack` writes everything into one block of bytes:

- words: their letters once, and for each boundary between two letters the merge that removed it. Word and boundary
  are all it takes to cut the word as it stood after any number of merges.
- pair counts: only the entries of the shown list that change, with the old and the new count, so that a step costs
  the same in both directions and after 10 merges as after 1,000.

>>> trainer = LessonTrainer({"low": 5, "lower": 2, "newest": 6, "widest": 3}, BpeSettings(num_merges=10))
>>> lesson = trainer.lesson()
>>> [(noted.num_tied, noted.num_pairs) for noted in lesson.moments[:3]]
[(2, 11), (1, 11), (2, 10)]
"""

from __future__ import annotations

import heapq
import json
import struct
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from components.lm.tokens.bpe import END_OF_WORD, BpeProgress, BpeSettings, BpeTrace, BpeTrainer, Pair
from components.lm.tokens.merging import unpack
from components.lm.tokens.words import WordTable, readable_jamo

MAX_BARS = 40
"""Pairs in the list at each moment."""
MAX_TIES = 24
"""Tied pairs listed in the order of the rule; how many there are is known beyond that."""
MAX_WORDS = 30
"""Words shown all the time when a table has more: the most frequent ones."""
MAX_EXAMPLES = 6
"""Words shown for a step that changes words outside that list."""

Ints = npt.NDArray[np.int32]


@dataclass(frozen=True)
class TopMoment:
    """What was noted at one moment: ``ties`` are (rank under the tie rule, packed pair), winner first."""

    changed: tuple[tuple[int, int, int], ...]  # packed pair, count before, count now; 0 is "not in the list"
    ties: tuple[tuple[object, int], ...]
    num_tied: int
    num_pairs: int


class LessonTrainer(BpeTrainer):
    """A trainer that also notes the list of the most frequent pairs at every moment."""

    def __init__(self, words: Mapping[str, int] | WordTable, settings: BpeSettings) -> None:
        super().__init__(words, settings)
        self._moments: list[TopMoment] = []
        self._listed: dict[int, int] = {}
        self._near: dict[int, int] = {}  # pairs near the top, count by pair
        self._near_limit = (0, -1)  # (-count, pair) of the last of them
        self._refill()

    def lesson(
        self,
        on_progress: Callable[[BpeProgress], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> BpeLesson:
        """Train to the end (or until stopped) and return the run with its notes; see :meth:`BpeTrainer.run`."""
        trace = self.run(on_progress, should_stop)
        while len(self._moments) <= trace.num_steps:  # the moment after the last merge
            self._find_top()
            self._note()
        return BpeLesson(trace, tuple(self._moments[: trace.num_steps + 1]))

    def _pick(self) -> Any:
        self._note()
        return super()._pick()

    def _update_top(self, changes: Mapping[int, int]) -> None:
        super()._update_top(changes)
        counts, near, limit = self._chains.pair_counts, self._near, self._near_limit
        for pair in changes:
            count = counts.get(pair, 0)
            if count and (-count, pair) <= limit:
                near[pair] = count
            else:
                near.pop(pair, None)
        if len(near) < MAX_BARS:
            self._refill()

    def _refill(self) -> None:
        """Gather four times as many pairs as the list holds, so that it can shrink for a while."""
        counts = self._chains.pair_counts
        keys = heapq.nsmallest(4 * MAX_BARS, ((-count, pair) for pair, count in counts.items()))
        self._near = {pair: -negative for negative, pair in keys}
        # When these are all pairs there are, every new pair belongs to them too.
        self._near_limit = keys[-1] if len(keys) == 4 * MAX_BARS else (0, 0)

    def _note(self) -> None:
        """Write down the moment before the next merge."""
        if len(self._moments) > len(self._pairs):
            return
        top = self._top
        largest = self._settings.tie_rule == "largest"
        ties = tuple(top[: -MAX_TIES - 1 : -1] if largest else top[:MAX_TIES])
        choice = self._choices.get(len(self._pairs) + 1)
        if choice is not None:  # the reader's pick leads the list
            picked = tuple(entry for entry in top if self._named(entry[1]) == choice)
            ties = (picked + tuple(entry for entry in ties if entry not in picked))[:MAX_TIES]
        listed = {pair: self._top_count for _, pair in ties}
        for _, pair in sorted((-count, pair) for pair, count in self._near.items()):
            if len(listed) >= MAX_BARS:
                break
            listed.setdefault(pair, self._near[pair])
        before = self._listed
        changed = [
            (pair, before.get(pair, 0), now) for pair, now in listed.items() if before.get(pair) != now
        ]
        changed += [(pair, count, 0) for pair, count in before.items() if pair not in listed]
        self._listed = listed
        self._moments.append(TopMoment(tuple(changed), ties, len(top), len(self._chains.pair_counts)))

    def _named(self, pair: int) -> Pair:
        left, right = unpack(pair)
        return self._symbols[left], self._symbols[right]


@dataclass(frozen=True, eq=False)
class BpeLesson:
    """A run and its notes.

    Attributes:
        trace: the run.
        moments: one entry per moment 0 to n.
    """

    trace: BpeTrace
    moments: tuple[TopMoment, ...]

    @cached_property
    def removed_by(self) -> Ints:
        """For each place the merge (from 1) that joined it to the place before it, 0 when none did; shape
        (places,)."""
        log = self.trace.log
        removed = np.zeros(len(log.initial_symbols), np.int32)
        steps = np.arange(1, log.num_merges + 1, dtype=np.int32)
        removed[log.right_places] = np.repeat(steps, np.diff(log.offsets))
        return removed

    @cached_property
    def lasting_words(self) -> tuple[int, ...]:
        """Indices of the words shown all the time: all of a small table in its order, else the most frequent."""
        counts = self.trace.counts
        if len(counts) <= MAX_WORDS:
            return tuple(range(len(counts)))
        return tuple(heapq.nsmallest(MAX_WORDS, range(len(counts)), key=lambda word: (-counts[word], word)))

    @cached_property
    def examples(self) -> tuple[tuple[tuple[int, ...], int], ...]:
        """Per step: the most frequent words it changes (indices, at most ``MAX_EXAMPLES``), and how many it
        changes in all."""
        log = self.trace.log
        owner = np.searchsorted(log.word_starts, log.left_places, side="right") - 1
        found = []
        for begin, end in pairwise(log.offsets.tolist()):
            words = np.unique(owner[begin:end])
            counts = log.counts[words]
            best = words[np.argsort(-counts, kind="stable")[:MAX_EXAMPLES]]
            found.append((tuple(best.tolist()), len(words)))
        return tuple(found)

    @cached_property
    def packed(self) -> bytes:
        """The lesson as one block: length of the JSON head (4 bytes), the head, then its arrays.

        The head names each array with its type, offset (from the end of the head) and length.
        """
        trace, log = self.trace, self.trace.log
        lasting = self.lasting_words
        everything = len(lasting) == len(trace.words)
        pool: dict[int, int] = {word: place for place, word in enumerate(lasting)}

        def place_of(word: int) -> int:
            return pool.setdefault(word, len(pool))

        example_words, example_starts, num_changed = [], [0], []
        for words, total in self.examples:
            example_words += [] if everything else [place_of(word) for word in words]
            example_starts.append(len(example_words))
            num_changed.append(total)

        pairs: dict[int, int] = {}
        changed, changed_starts = [], [0]
        ties, tie_words, tie_starts = [], [], [0]
        by_place = trace.settings.tie_rule in ("first", "choose")
        for noted in self.moments:
            for pair, before, now in noted.changed:
                changed.append((pairs.setdefault(pair, len(pairs)), before, now))
            changed_starts.append(len(changed))
            if noted.num_tied > 1:
                for rank, pair in noted.ties:
                    ties.append(pairs.setdefault(pair, len(pairs)))
                    if by_place and isinstance(rank, int):
                        tie_words.append(
                            place_of(int(np.searchsorted(log.word_starts, rank, side="right")) - 1)
                        )
            tie_starts.append(len(ties))

        starts = log.word_starts
        spans = [(int(starts[word]), int(starts[word + 1])) for word in pool]
        places = np.concatenate([np.arange(start, stop) for start, stop in spans] or [np.zeros(0, int)])
        curve = trace.curve
        named = [unpack(pair) for pair in pairs]
        steps = [unpack(pair) for pair in trace.pairs.tolist()]
        arrays: dict[str, npt.NDArray[Any]] = {
            "word_starts": np.cumsum([0, *(stop - start for start, stop in spans)]).astype(np.int32),
            "word_index": np.fromiter(pool, np.int32, len(pool)),
            "word_counts": np.asarray([trace.counts[word] for word in pool], np.float64),
            "letters": log.initial_symbols[places].astype(np.int32),
            "removed_by": self.removed_by[places].astype(np.int32),
            "pair_left": np.asarray([left for left, _ in named], np.int32),
            "pair_right": np.asarray([right for _, right in named], np.int32),
            "changed_pair": np.asarray([entry[0] for entry in changed], np.int32),
            "changed_before": np.asarray([entry[1] for entry in changed], np.float64),
            "changed_now": np.asarray([entry[2] for entry in changed], np.float64),
            "changed_starts": np.asarray(changed_starts, np.int32),
            "ties": np.asarray(ties, np.int32),
            "tie_words": np.asarray(tie_words, np.int32),
            "tie_starts": np.asarray(tie_starts, np.int32),
            "num_tied": np.asarray([noted.num_tied for noted in self.moments], np.int32),
            "num_pairs": np.asarray([noted.num_pairs for noted in self.moments], np.int32),
            "left": np.asarray([left for left, _ in steps], np.int32),
            "right": np.asarray([right for _, right in steps], np.int32),
            "merged": log.new_symbols.astype(np.int32),
            "count": trace.pair_counts_chosen.astype(np.float64),
            "joined": trace.joined.astype(np.float64),
            "tokens": np.asarray(curve.corpus_tokens, np.float64),
            "vocab": np.asarray(curve.vocab_size, np.int32),
            "num_changed": np.asarray(num_changed, np.int32),
            "example_starts": np.asarray(example_starts, np.int32),
            "example_words": np.asarray(example_words, np.int32),
        }
        token_ids = trace.token_ids
        head = {
            "symbols": trace.symbols,
            "shown": {
                place: shown
                for place, symbol in enumerate(trace.symbols)
                if (shown := shown_symbol(symbol, trace.settings.end_of_word)) != symbol
            },
            "alphabet": [token_ids[symbol] for symbol in trace.alphabet],
            "decided_by": trace.decided_by,
            "rule": trace.settings.tie_rule,
            "mark": trace.settings.end_of_word,
            "stop_reason": trace.stop_reason,
            "waiting": [[token_ids[left], token_ids[right]] for left, right in trace.waiting],
            "asked": trace.settings.num_merges,
            "lasting": len(lasting),
            "num_words": len(trace.words),
            "running_words": sum(trace.counts),
            "arrays": {},
        }
        return _pack(head, arrays)


def shown_symbol(symbol: str, end_of_word: str | None = END_OF_WORD) -> str:
    """A symbol as a reader can see it: jamo composed, a lone accent on a dotted circle, joiners named.

    >>> shown_symbol("\\u0301"), shown_symbol("\\u200d"), shown_symbol("\\u1112\\u1161\\u11ab")
    ('◌\u0301', 'ZWJ', '한')
    """
    if end_of_word and symbol.endswith(end_of_word) and symbol != end_of_word:
        return shown_symbol(symbol.removesuffix(end_of_word)) + end_of_word
    named = _INVISIBLE.get(symbol)
    if named:
        return named
    shown = readable_jamo(symbol)
    if shown and _is_mark(shown[0]):
        return "\N{DOTTED CIRCLE}" + shown
    return shown


_INVISIBLE = {
    "\u200b": "ZWSP",
    "\u200c": "ZWNJ",
    "\u200d": "ZWJ",
    "\u2060": "WJ",
    "\ufe0e": "VS15",
    "\ufe0f": "VS16",
    "\ufeff": "BOM",
    "\u00ad": "SHY",
}


def _is_mark(letter: str) -> bool:
    return unicodedata.category(letter) in ("Mn", "Mc", "Me")


def _pack(head: dict[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """Head and arrays as one block, each array in the smallest type that holds it and at a multiple of 8."""
    blocks, at = [], 0
    for name, array in arrays.items():
        low, high = (array.min(), array.max()) if len(array) else (0, 0)
        if low >= 0 and high < 2**16:
            kind = "u2"
        elif low >= -(2**31) and high < 2**31:
            kind = "i4"
        else:
            kind = "f8"
        data = array.astype(f"<{kind}").tobytes()
        data += b"\0" * (-len(data) % 8)
        head["arrays"][name] = [kind, at, len(array)]
        blocks.append(data)
        at += len(data)
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    text += b" " * (-(len(text) + 4) % 8)
    return struct.pack("<I", len(text)) + text + b"".join(blocks)
