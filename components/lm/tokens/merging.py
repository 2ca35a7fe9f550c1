"""Words as chains of symbols: merge a pair everywhere, and know what changed.

BPE and WordPiece training differ in how they choose a pair; the work of merging it is the same and lives here.
Recounting every pair after every merge costs the whole vocabulary each time. A merge touches only the places where
its pair stands, so :class:`SymbolChains` keeps, for each pair, its count and the places where it was seen, and
:meth:`SymbolChains.merge` returns only the differences.

The trace of a training run is kept as differences too: :class:`MergeLog` stores for each merge the places it joined
(two integers per place). The words and all pair counts at any moment are rebuilt from it with a few array operations.

A *place* is a position in all words written one after the other; a symbol lives at the place of its first letter.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]
LongInts = npt.NDArray[np.int64]

PAIR_SHIFT = 32
"""A pair of symbol ids is packed into one integer: ``left << 32 | right``. Packed pairs sort like the pairs."""
_LOW_BITS = (1 << PAIR_SHIFT) - 1


def pack(left: int, right: int) -> int:
    """Two symbol ids as one integer.

    >>> unpack(pack(3, 7))
    (3, 7)
    """
    return left << PAIR_SHIFT | right


def unpack(packed: int) -> tuple[int, int]:
    """The two symbol ids of a packed pair."""
    return packed >> PAIR_SHIFT, packed & _LOW_BITS


class SymbolChains:
    """All words cut into symbols, while they are being merged.

    Args:
        words: for each word its symbol ids.
        counts: for each word how often it occurs (at least 1).

    Attributes:
        pair_counts: packed pair -> count over all neighbouring places, weighted by word counts. In ``a a a`` the
            pair ``a a`` is counted twice although only one of the two places can be joined.
    """

    def __init__(self, words: Sequence[Sequence[int]], counts: Sequence[int]) -> None:
        lengths = np.fromiter(map(len, words), np.int64, len(words))
        flat = np.fromiter(chain.from_iterable(words), np.int32, int(lengths.sum()))
        self.initial_symbols: Ints = flat
        self.word_starts: LongInts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        self.counts: LongInts = np.asarray(counts, np.int64)

        # A chain through every word: the next and the previous place that holds a symbol, -1 at the word's ends.
        size = len(flat)
        following = np.arange(1, size + 1, dtype=np.int64)
        preceding = np.arange(-1, size - 1, dtype=np.int64)
        ends = self.word_starts[1:][lengths > 0] - 1
        following[ends] = -1
        preceding[self.word_starts[:-1][lengths > 0]] = -1
        self._symbol: list[int] = flat.tolist()
        self._following: list[int] = following.tolist()
        self._preceding: list[int] = preceding.tolist()
        self._weight: list[int] = np.repeat(self.counts, lengths).tolist()

        self.pair_counts: dict[int, int] = {}
        self._places: dict[int, list[int]] = {}
        self._count_pairs(flat, following)

        # The log: for each merge the places joined, in the order of the text.
        self._log_left: list[Ints] = []
        self._log_right: list[Ints] = []
        self._log_new: list[int] = []

    def _count_pairs(self, flat: Ints, following: LongInts) -> None:
        """Count every pair once at the start: sort the places by pair, then each pair is one run."""
        left_places = np.flatnonzero(following >= 0)
        if not len(left_places):
            return
        packed = flat[left_places].astype(np.int64) << PAIR_SHIFT | flat[left_places + 1]
        order = np.argsort(packed, kind="stable")
        packed, left_places = packed[order], left_places[order]
        starts = np.flatnonzero(np.concatenate([[True], packed[1:] != packed[:-1]]))
        weights = np.asarray(self._weight, np.int64)[left_places]
        totals = np.add.reduceat(weights, starts).tolist()
        bounds = [*starts.tolist(), len(packed)]
        places = left_places.tolist()
        for number, pair in enumerate(packed[starts].tolist()):
            self.pair_counts[pair] = totals[number]
            self._places[pair] = places[bounds[number] : bounds[number + 1]]

    def first_place(self, pair: int) -> int:
        """The first place, reading the words in order, where the pair stands now."""
        left, right = unpack(pair)
        symbol, following = self._symbol, self._following
        return min(
            place
            for place in self._places[pair]
            if symbol[place] == left and following[place] >= 0 and symbol[following[place]] == right
        )

    def non_overlapping_count(self, symbol_id: int) -> int:
        """How many times ``symbol_id`` + ``symbol_id`` would be joined from left to right, weighted."""
        symbol, following, weight = self._symbol, self._following, self._weight
        total, free_from = 0, 0
        for place in sorted(self._places[pack(symbol_id, symbol_id)]):
            after = following[place]
            if place < free_from or symbol[place] != symbol_id or after < 0 or symbol[after] != symbol_id:
                continue
            total += weight[place]
            free_from = after + 1
        return total

    def merge(self, pair: int, new: int) -> tuple[dict[int, int], int]:
        """Join the pair everywhere, from left to right, into the symbol ``new``.

        Returns:
            changes: packed pair -> change of its count, already applied to ``pair_counts``; pairs that are gone are
                removed there.
            joined: how many joins were made, weighted by word counts.
        """
        left, right = unpack(pair)
        symbol, following, preceding = self._symbol, self._following, self._preceding
        weight, places = self._weight, self._places
        changes: dict[int, int] = {}
        get = changes.get
        joined_left: list[int] = []
        joined_right: list[int] = []
        joined = 0
        new_left = new << PAIR_SHIFT
        old_right = right << PAIR_SHIFT
        for place in sorted(places[pair]):
            second = following[place]
            # A place is written down once and may be out of date by now.
            if symbol[place] != left or second < 0 or symbol[second] != right:
                continue
            count = weight[place]
            joined += count
            symbol[place] = new
            symbol[second] = -1
            joined_left.append(place)
            joined_right.append(second)
            after = following[second]
            following[place] = after
            if after >= 0:
                preceding[after] = place
                neighbour = symbol[after]
                key = old_right | neighbour
                changes[key] = get(key, 0) - count
                key = new_left | neighbour
                changes[key] = get(key, 0) + count
                if key in places:
                    places[key].append(place)
                else:
                    places[key] = [place]
            before = preceding[place]
            if before >= 0:
                packed_before = symbol[before] << PAIR_SHIFT
                key = packed_before | left
                changes[key] = get(key, 0) - count
                key = packed_before | new
                changes[key] = get(key, 0) + count
                if key in places:
                    places[key].append(before)
                else:
                    places[key] = [before]
        changes[pair] = get(pair, 0) - joined

        pair_counts = self.pair_counts
        for key, change in changes.items():
            count = pair_counts.get(key, 0) + change
            if count:
                pair_counts[key] = count
            else:
                pair_counts.pop(key, None)
                places.pop(key, None)

        self._log_left.append(np.asarray(joined_left, np.int32))
        self._log_right.append(np.asarray(joined_right, np.int32))
        self._log_new.append(new)
        return changes, joined

    def log(self) -> MergeLog:
        """The merges so far, as a trace that no longer changes."""
        empty = np.zeros(0, np.int32)
        return MergeLog(
            initial_symbols=self.initial_symbols,
            word_starts=self.word_starts,
            counts=self.counts,
            left_places=np.concatenate([empty, *self._log_left]),
            right_places=np.concatenate([empty, *self._log_right]),
            offsets=np.concatenate([[0], np.cumsum([len(places) for places in self._log_left])]).astype(
                np.int64
            ),
            new_symbols=np.asarray(self._log_new, np.int32),
        )


@dataclass(frozen=True)
class PairTable:
    """All pairs at one moment, in the order they are met when reading the words from the first to the last.

    Attributes (all of the same length, one entry per different pair):
        left, right: symbol ids.
        counts: weighted by word counts.
    """

    left: Ints
    right: Ints
    counts: LongInts


@dataclass(frozen=True, slots=True)
class WordState:
    """One word at one moment.

    Attributes:
        word: as it was given.
        index: its place in the table.
        count: how often it occurs.
        symbols: what it is cut into.
        merging: indices into ``symbols`` of the left symbols that the next step joins to the symbol after them.
        merged: indices into ``symbols`` of the symbols that the step before made.
    """

    word: str
    index: int
    count: int
    symbols: tuple[str, ...]
    merging: tuple[int, ...]
    merged: tuple[int, ...]


@dataclass(frozen=True)
class Curve:
    """The course of a run, one entry per moment 0 to n, shape (n + 1,).

    Attributes:
        corpus_tokens: symbols in all words, weighted by word counts.
        vocab_size: different symbols known.
        tokens_per_word: ``corpus_tokens`` / running words.
    """

    corpus_tokens: tuple[int, ...]
    vocab_size: tuple[int, ...]
    tokens_per_word: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class MergeLog:
    """What a training run did, as differences. A *moment* is the number of merges done: 0 is the start.

    Attributes:
        initial_symbols: symbol id at each place at the start, shape (places,).
        word_starts: first place of each word, and the number of places at the end, shape (words + 1,).
        counts: count of each word, shape (words,).
        left_places, right_places: for each join the place of its left and of its right symbol, shape (joins,).
        offsets: merge k (from 1) made the joins ``offsets[k - 1] : offsets[k]``, shape (merges + 1,).
        new_symbols: symbol id that each merge writes, shape (merges,).
    """

    initial_symbols: Ints
    word_starts: LongInts
    counts: LongInts
    left_places: Ints
    right_places: Ints
    offsets: LongInts
    new_symbols: Ints

    @property
    def num_merges(self) -> int:
        """Merges in the log."""
        return len(self.new_symbols)

    @property
    def num_bytes(self) -> int:
        """Memory of all arrays, in bytes."""
        arrays = (
            self.initial_symbols,
            self.word_starts,
            self.counts,
            self.left_places,
            self.right_places,
            self.offsets,
            self.new_symbols,
        )
        return sum(array.nbytes for array in arrays)

    def symbols_at(self, moment: int) -> Ints:
        """Symbol id at each place after ``moment`` merges; -1 where the place was joined to the one before it."""
        self._check(moment)
        joins = int(self.offsets[moment])
        symbols = self.initial_symbols.copy()
        written = np.repeat(self.new_symbols[:moment], np.diff(self.offsets[: moment + 1]))
        # Assignments run in order, so a place that was joined several times keeps its last symbol.
        symbols[self.left_places[:joins]] = written
        symbols[self.right_places[:joins]] = -1
        return symbols

    def segmentation(self, moment: int) -> tuple[Ints, LongInts]:
        """The symbols of all words after ``moment`` merges.

        Returns:
            symbols: symbol ids of all words one after the other, shape (symbols,).
            bounds: word w holds ``symbols[bounds[w] : bounds[w + 1]]``, shape (words + 1,).
        """
        symbols = self.symbols_at(moment)
        alive = symbols >= 0
        return symbols[alive], np.concatenate([[0], np.cumsum(alive)])[self.word_starts]

    def word_symbols(self, moment: int, names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
        """All words after ``moment`` merges, each as its symbols; ``names`` gives the symbol of each id."""
        symbols, bounds = self.segmentation(moment)
        named = np.asarray(names, object)[symbols].tolist()
        return tuple(tuple(named[start:stop]) for start, stop in pairwise(bounds.tolist()))

    def word_states(
        self, moment: int, names: Sequence[str], words: Sequence[str], indices: Iterable[int] | None = None
    ) -> tuple[WordState, ...]:
        """Words after ``moment`` merges with the joins to come and the joins just made.

        Args:
            moment: merges done.
            names: symbol of each id.
            words: all words, as given.
            indices: which words; all when None.
        """
        at_place = self.symbols_at(moment)
        alive = at_place >= 0
        named = np.asarray(names, object)[at_place[alive]].tolist()
        number = np.concatenate([[0], np.cumsum(alive)])  # place -> symbols before it
        bounds = number[self.word_starts].tolist()
        marked: list[dict[int, list[int]]] = []
        for merge in (moment + 1, moment):
            by_word: dict[int, list[int]] = {}
            if 1 <= merge <= self.num_merges:
                places, of_words = self.joins_of(merge)
                for symbol, word in zip(number[places].tolist(), of_words.tolist(), strict=True):
                    by_word.setdefault(word, []).append(symbol - bounds[word])
            marked.append(by_word)
        merging, merged = marked
        counts = self.counts.tolist()
        return tuple(
            WordState(
                words[word],
                word,
                counts[word],
                tuple(named[bounds[word] : bounds[word + 1]]),
                tuple(merging.get(word, ())),
                tuple(merged.get(word, ())),
            )
            for word in (range(len(words)) if indices is None else indices)
        )

    def changed_words(self, merge: int) -> tuple[int, ...]:
        """Indices of the words that a merge (from 1) changes, in order."""
        _, words = self.joins_of(merge)
        return tuple(np.unique(words).tolist())

    def words_to_show(self, moment: int, at_most: int) -> tuple[int, ...]:
        """Which words to show when not all fit: those the next merge changes, then those the last one changed, then
        the first ones; in the order of the table."""
        if len(self.counts) <= at_most:
            return tuple(range(len(self.counts)))
        chosen: dict[int, None] = {}
        for merge in (moment + 1, moment):
            if 1 <= merge <= self.num_merges:
                chosen.update(dict.fromkeys(self.changed_words(merge)))
        chosen.update(dict.fromkeys(range(at_most)))
        return tuple(sorted(list(chosen)[:at_most]))

    def curve(self, joined: LongInts, alphabet_size: int) -> Curve:
        """The course of the run.

        Args:
            joined: joins of each merge, weighted by word counts, shape (merges,).
            alphabet_size: symbols known at the start; their ids come first.
        """
        start = int(np.dot(np.diff(self.word_starts), self.counts))
        tokens = [start, *(start - np.cumsum(joined)).tolist()]
        running_words = int(self.counts.sum())
        sizes = tuple(range(alphabet_size, alphabet_size + len(tokens)))
        return Curve(tuple(tokens), sizes, tuple(n / running_words for n in tokens))

    def pairs_at(self, moment: int) -> PairTable:
        """Every pair after ``moment`` merges with its count, in the order met."""
        symbols, bounds = self.segmentation(moment)
        lengths = np.diff(bounds)
        inside = np.ones(len(symbols), bool)
        inside[bounds[1:][lengths > 0] - 1] = False  # the last symbol of a word starts no pair
        lefts = np.flatnonzero(inside)
        weights = np.repeat(self.counts, np.maximum(lengths - 1, 0))
        # Pair and place in one number: one plain sort brings equal pairs together, each run in the order of the text.
        width, size = int(symbols.max(initial=0)) + 1, max(1, len(lefts))
        packed = symbols[lefts].astype(np.int64) * width + symbols[lefts + 1]
        pairs, order = np.divmod(np.sort(packed * size + np.arange(len(lefts))), size)
        starts = np.flatnonzero(np.diff(pairs, prepend=-1))
        if not len(starts):
            none = np.zeros(0, np.int32)
            return PairTable(none, none, np.zeros(0, np.int64))
        counts = np.add.reduceat(weights[order], starts)
        met = np.argsort(order[starts])
        pairs, counts = pairs[starts][met], counts[met]
        return PairTable((pairs // width).astype(np.int32), (pairs % width).astype(np.int32), counts)

    def symbol_counts(self, moment: int, num_symbols: int) -> LongInts:
        """How often each symbol id stands in the words, weighted, after ``moment`` merges; shape (num_symbols,)."""
        symbols, bounds = self.segmentation(moment)
        totals = np.zeros(num_symbols, np.int64)
        np.add.at(totals, symbols, np.repeat(self.counts, np.diff(bounds)))
        return totals

    def self_joins(self, moment: int, num_symbols: int) -> LongInts:
        """For each symbol id, how often it would be joined with itself from left to right (a a a: once), weighted,
        after ``moment`` merges; shape (num_symbols,)."""
        symbols, bounds = self.segmentation(moment)
        totals = np.zeros(num_symbols, np.int64)
        if not len(symbols):
            return totals
        starts_run = np.concatenate([[True], symbols[1:] != symbols[:-1]])
        starts_run[bounds[:-1]] = True
        starts = np.flatnonzero(starts_run)
        lengths = np.diff([*starts, len(symbols)])
        weights = np.repeat(self.counts, np.diff(bounds))[starts]
        np.add.at(totals, symbols[starts], lengths // 2 * weights)
        return totals

    def joins_of(self, merge: int) -> tuple[Ints, LongInts]:
        """Where merge number ``merge`` (from 1) joined.

        Returns:
            places: place of the left symbol of each join, in the order of the text.
            words: index of the word of each join.
        """
        self._check(merge - 1)
        places = self.left_places[self.offsets[merge - 1] : self.offsets[merge]]
        return places, np.searchsorted(self.word_starts, places, side="right") - 1

    def _check(self, moment: int) -> None:
        if not 0 <= moment <= self.num_merges:
            raise IndexError(f"moment {moment} is outside 0 to {self.num_merges}")


Step = TypeVar("Step")


@dataclass(frozen=True, eq=False, kw_only=True)
class MergeTrace(ABC, Generic[Step]):
    """A finished (or stopped) run of merges, from which every step can be rebuilt.

    Attributes:
        words, counts: the training words.
        symbols: token id -> symbol: the alphabet by code point, then merged symbols in the order learned.
        alphabet: the symbols before any merge, in the order met.
        log: the merges as differences.
        pairs: packed symbol ids of each merge, shape (merges,).
        joined, num_tied: per merge, how many places it joined and how many pairs were as good; shape (merges,).
    """

    words: tuple[str, ...]
    counts: tuple[int, ...]
    symbols: tuple[str, ...]
    alphabet: tuple[str, ...]
    log: MergeLog
    pairs: LongInts
    joined: LongInts
    num_tied: LongInts

    @abstractmethod
    def step(self, step: int) -> Step:
        """Merge number ``step`` (from 1).

        Raises:
            IndexError: there is no such step.
        """

    @property
    def num_steps(self) -> int:
        """Merges learned."""
        return len(self.pairs)

    @cached_property
    def merges(self) -> tuple[tuple[str, str], ...]:
        """The merged pairs in the order learned."""
        return tuple(
            (self.symbols[left], self.symbols[right]) for left, right in map(unpack, self.pairs.tolist())
        )

    @cached_property
    def merged_symbols(self) -> tuple[str, ...]:
        """What each merge made, in order."""
        return tuple(self.symbols[new] for new in self.log.new_symbols.tolist())

    @cached_property
    def curve(self) -> Curve:
        """Tokens, vocabulary size and tokens per word at every moment."""
        return self.log.curve(self.joined, len(self.alphabet))

    def steps(self) -> tuple[Step, ...]:
        """All merges."""
        return tuple(self.step(number) for number in range(1, self.num_steps + 1))

    def vocabulary(self, moment: int) -> tuple[str, ...]:
        """Symbols known at a moment: the alphabet in the order met, then merged symbols in the order learned."""
        return self.alphabet + self.symbols[len(self.alphabet) : self.curve.vocab_size[moment]]

    def word_symbols(self, moment: int) -> tuple[tuple[str, ...], ...]:
        """All words at a moment, each as its symbols."""
        return self.log.word_symbols(moment, self.symbols)

    def word_states(self, moment: int, indices: Iterable[int] | None = None) -> tuple[WordState, ...]:
        """Words at a moment (all, or those with the given indices) with the joins to come and those just made."""
        return self.log.word_states(moment, self.symbols, self.words, indices)


Progress = TypeVar("Progress")
Trace = TypeVar("Trace")


class MergeTrainer(ABC, Generic[Progress, Trace]):
    """Learns merges a few at a time, so that a page can train in the background, show progress and stop.

    What pair is merged, the subclass decides.

    Args:
        num_merges: merges wanted; there may be fewer.
    """

    _stop_reason: str | None

    def __init__(self, num_merges: int) -> None:
        self._num_merges = num_merges
        self._pairs: list[int] = []
        """The pair of each merge, packed."""
        self._stop_reason = None

    @property
    @abstractmethod
    def progress(self) -> Progress:
        """How far the run is."""

    @abstractmethod
    def trace(self) -> Trace:
        """The run so far; ``stop_reason`` is ``stopped`` when it was not finished."""

    @abstractmethod
    def _merge_once(self) -> None:
        """Learn one more merge, or set ``_stop_reason``."""

    @property
    def finished(self) -> bool:
        """No merge is left to learn."""
        return self._stop_reason is not None

    def advance(self, merges: int = 50) -> bool:
        """Learn up to ``merges`` more; True when the run is finished."""
        for _ in range(merges):
            if self.finished:
                break
            self._merge_once()
        if len(self._pairs) >= self._num_merges and not self.finished:
            self._stop_reason = "all_merges"
        return self.finished

    def run(
        self,
        on_progress: Callable[[Progress], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
        every: int = 20,
    ) -> Trace:
        """Train to the end, telling ``on_progress`` and asking ``should_stop`` after every ``every`` merges."""
        while not self.advance(every):
            if on_progress:
                on_progress(self.progress)
            if should_stop and should_stop():
                break
        return self.trace()

    def __iter__(self) -> Iterator[Progress]:
        """One progress per merge, until the run is finished."""
        while not self.finished:
            before = len(self._pairs)
            self.advance(1)
            if len(self._pairs) > before:
                yield self.progress
