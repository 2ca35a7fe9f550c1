"""Byte pair encoding (BPE): learn merges one by one, look at any of them, and encode words with them.

Sennrich et al. 2016, "Neural Machine Translation of Rare Words with Subword Units",
https://arxiv.org/abs/1508.07909, algorithm 1: start from letters; again and again join the most frequent pair of
neighbouring symbols everywhere. What the algorithm leaves open is which pair wins when several are equally frequent.
In the course's example six of ten steps are such ties, so the rule is a setting here (:data:`TieRule`).

>>> words = {"low": 5, "lower": 2, "newest": 6, "widest": 3}
>>> trace = train_bpe(words, num_merges=10)
>>> " ".join(trace.merged_symbols)
'es est lo low ne new newest wi wid widest'
>>> trace.model().encode_word("lowest").tokens
('low', 'est')

A merged string is always new. Inside a stretch of letters that ends up as one symbol, which merges fire depends on
these letters alone, so the same string is always made in the same way and by the same last merge. Token ids
therefore follow the merges: merge k makes the symbol with id (alphabet size + k - 1).

Moments and steps: *moment* k is the state after k merges (0 is the start); *step* k (from 1) is the merge that leads
from moment k - 1 to moment k.
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, pairwise
from typing import Literal, TypeVar

import numpy as np

from components.lm.tokens.merging import (
    LongInts,
    MergeTrace,
    MergeTrainer,
    PairTable,
    SymbolChains,
    pack,
    unpack,
)
from components.lm.tokens.words import InputProblem, Problem, WordTable, split_words

Pair = tuple[str, str]
MaybeSymbol = TypeVar("MaybeSymbol", str, str | None)

END_OF_WORD = "</w>"
"""The end-of-word mark of Sennrich et al. 2016."""
UNKNOWN = "[UNK]"
"""How an unknown letter is shown; the name is BERT's."""
MAX_MERGES = 2_000
"""Most merges a page trains."""

TieRule = Literal["first", "smallest", "largest", "lowest_ids", "choose"]
"""Which of several equally frequent pairs is merged.

- ``first``: the pair met first when the words are read in order, from left to right (the order of the course).
- ``smallest``: the smallest (left, right) by code point.
- ``largest``: the largest (left, right) by code point, as subword-nmt does.
- ``lowest_ids``: the lowest pair of token ids, the alphabet numbered by code point and merges after it in order, as
  Hugging Face's trainer does.
- ``choose``: the reader picks (``choices``); where no pick is given, ``first``.
"""

EndMarkPlace = Literal["symbol", "suffix"]
"""``symbol``: the mark is a symbol of its own after the last letter (the paper's algorithm 1). ``suffix``: it is part
of the last letter from the start, t</w> (subword-nmt since version 0.2, and Hugging Face)."""

DecidedBy = Literal["count", "first", "smallest", "largest", "lowest_ids", "choice"]
"""What settled a step: the count alone, a tie rule, or the reader's choice."""

StopReason = Literal["all_merges", "no_pairs", "min_count", "stopped", "choice_needed"]
"""Why training ended: as many merges as asked for; every word is one symbol; no pair reaches ``min_count``; stopped
from outside; a tie under ``choose`` waits for a pick (only with ``wait_for_choice``)."""


@dataclass(frozen=True)
class BpeSettings:
    """What a training run depends on besides its words.

    Attributes:
        num_merges: most merges to learn, at least 0.
        tie_rule: see :data:`TieRule`.
        end_of_word: mark that ends every word, or None for no mark.
        end_mark_place: see :data:`EndMarkPlace`.
        min_count: stop when the best pair occurs fewer times than this, at least 1.
        choices: picks at ties, as (step, pair). They count under every rule, so that a run with other picks keeps its rule.
        wait_for_choice: under ``choose``, end the run at the first tie without a pick.
        extra_alphabet: letters that belong to the alphabet although no word holds them (the 256 bytes).
    """

    num_merges: int
    tie_rule: TieRule = "first"
    end_of_word: str | None = None
    end_mark_place: EndMarkPlace = "symbol"
    min_count: int = 1
    choices: tuple[tuple[int, Pair], ...] = ()
    wait_for_choice: bool = False
    extra_alphabet: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PairCount:
    """One pair at one moment.

    Attributes:
        pair: the two symbols.
        ids: their token ids.
        count: neighbouring places that hold the pair, weighted by word counts.
        order_met: 1 for the pair met first when reading the words in order.
        tied: it has the highest count (also when it is the only one).
        chosen: it is the pair the next step merges.
    """

    pair: Pair
    ids: tuple[int, int]
    count: int
    order_met: int
    tied: bool
    chosen: bool


@dataclass(frozen=True)
class MergeStep:
    """One merge.

    Attributes:
        step: from 1.
        pair, merged: the two symbols and the symbol they become.
        ids, merged_id: their token ids.
        count: count of the pair before the merge, over all neighbouring places.
        joined: joins really made, weighted. Smaller than ``count`` when places overlapped.
        overlap: some places of the pair overlapped (a a a) and were joined from left to right.
        num_tied: pairs that had this count, the winner included: 1 means no tie.
        decided_by: see :data:`DecidedBy`.
        vocab_size, corpus_tokens, tokens_per_word: after the merge.
    """

    step: int
    pair: Pair
    merged: str
    ids: tuple[int, int]
    merged_id: int
    count: int
    joined: int
    overlap: bool
    num_tied: int
    decided_by: DecidedBy
    vocab_size: int
    corpus_tokens: int
    tokens_per_word: float


@dataclass(frozen=True)
class BpeProgress:
    """How far a run is: ``merges`` done of at most ``num_merges``, and the count of the last merged pair."""

    merges: int
    num_merges: int
    last_count: int


@dataclass(frozen=True, eq=False, kw_only=True)
class BpeTrace(MergeTrace[MergeStep]):
    """A finished (or stopped) run, from which every step can be rebuilt.

    Steps are stored as differences (:class:`components.lm.tokens.merging.MergeLog`); any moment is rebuilt on demand. In
    ``symbols`` those longer than a letter, such as the end mark, come after the letters.

    Attributes:
        settings: as trained.
        pair_counts_chosen: per merge, see :class:`MergeStep`; shape (merges,).
        decided_by: per merge.
        stop_reason: see :data:`StopReason`.
        waiting: the tied pairs when ``stop_reason`` is ``choice_needed``.
    """

    settings: BpeSettings
    pair_counts_chosen: LongInts
    decided_by: tuple[DecidedBy, ...]
    stop_reason: StopReason
    waiting: tuple[Pair, ...] = ()

    @cached_property
    def token_ids(self) -> dict[str, int]:
        """Symbol -> token id."""
        return {symbol: token_id for token_id, symbol in enumerate(self.symbols)}

    def step(self, step: int) -> MergeStep:
        if not 1 <= step <= self.num_steps:
            raise IndexError(f"step {step} is outside 1 to {self.num_steps}")
        at = step - 1
        left, right = unpack(int(self.pairs[at]))
        count, joined = int(self.pair_counts_chosen[at]), int(self.joined[at])
        merged_id = int(self.log.new_symbols[at])
        curve = self.curve
        return MergeStep(
            step=step,
            pair=(self.symbols[left], self.symbols[right]),
            merged=self.symbols[merged_id],
            ids=(left, right),
            merged_id=merged_id,
            count=count,
            joined=joined,
            overlap=joined < count,
            num_tied=int(self.num_tied[at]),
            decided_by=self.decided_by[at],
            vocab_size=curve.vocab_size[step],
            corpus_tokens=curve.corpus_tokens[step],
            tokens_per_word=curve.tokens_per_word[step],
        )

    def pair_counts(self, moment: int) -> tuple[PairCount, ...]:
        """Every pair at a moment, in the order met."""
        table = self.log.pairs_at(moment)
        return self._named_pairs(moment, table, np.arange(len(table.counts)))

    def _named_pairs(self, moment: int, table: PairTable, which: LongInts) -> tuple[PairCount, ...]:
        """The pairs of a table at the given rows."""
        symbols = self.symbols
        highest = int(table.counts.max(initial=0))
        chosen = int(self.pairs[moment]) if moment < self.num_steps else -1
        rows = zip(
            which.tolist(),
            table.left[which].tolist(),
            table.right[which].tolist(),
            table.counts[which].tolist(),
            strict=True,
        )
        return tuple(
            PairCount(
                (symbols[left], symbols[right]),
                (left, right),
                count,
                row + 1,
                count == highest,
                pack(left, right) == chosen,
            )
            for row, left, right, count in rows
        )

    def ties(self, step: int) -> tuple[PairCount, ...]:
        """The pairs with the highest count before a step, in the order met: one pair when there was no tie."""
        table = self.log.pairs_at(step - 1)
        tied = np.flatnonzero(table.counts == table.counts.max(initial=0))
        return self._named_pairs(step - 1, table, tied)

    def changed_words(self, step: int) -> tuple[int, ...]:
        """Indices of the words that a step changes, in order."""
        return self.log.changed_words(step)

    def model(self, num_merges: int | None = None) -> BpeModel:
        """An encoder with the first ``num_merges`` merges (all when None)."""
        merges = self.merges if num_merges is None else self.merges[:num_merges]
        size = self.curve.vocab_size[len(merges)]
        return BpeModel(
            self.symbols[:size],
            len(self.alphabet),
            merges,
            self.settings.end_of_word,
            self.settings.end_mark_place,
            frozenset(self.words),
        )

    @property
    def num_bytes(self) -> int:
        """Memory of the trace without the training words themselves: log, step arrays and symbols, in bytes."""
        arrays = (self.pairs, self.pair_counts_chosen, self.joined, self.num_tied)
        symbols = sum(49 + len(symbol) for symbol in self.symbols)
        return self.log.num_bytes + sum(array.nbytes for array in arrays) + symbols + 8 * self.num_steps


class BpeTrainer(MergeTrainer[BpeProgress, BpeTrace]):
    """Learns merges a few at a time, so that a page can train in the background, show progress and stop.

    >>> trainer = BpeTrainer({"low": 5, "lower": 2}, BpeSettings(num_merges=4))
    >>> while not trainer.advance(merges=2):
    ...     print(trainer.progress)
    BpeProgress(merges=2, num_merges=4, last_count=7)
    >>> trainer.trace().merged_symbols
    ('lo', 'low', 'lowe', 'lower')

    Raises:
        InputProblem: ``empty_table``, ``bad_setting`` (name, value) or ``word_contains_end_mark`` (word).
    """

    _stop_reason: StopReason | None

    def __init__(self, words: Mapping[str, int] | WordTable, settings: BpeSettings) -> None:
        table = dict(words.items())
        _check_run(table, settings)
        super().__init__(settings.num_merges)
        self._settings = settings
        self._choices = dict(settings.choices)
        self._words = tuple(table)
        self._counts = tuple(table.values())
        cut = [first_symbols(word, settings.end_of_word, settings.end_mark_place) for word in self._words]
        self._alphabet = tuple(dict.fromkeys([*chain.from_iterable(cut), *settings.extra_alphabet]))
        self._symbols = sorted(self._alphabet, key=lambda symbol: (len(symbol) > 1, symbol))
        self._ids = {symbol: token_id for token_id, symbol in enumerate(self._symbols)}
        ids = self._ids
        self._chains = SymbolChains([[ids[symbol] for symbol in word] for word in cut], self._counts)
        # Pairs by count, highest first. An entry may be out of date; then its count is too high, never too low.
        self._heap = [(-count, pair) for pair, count in self._chains.pair_counts.items()]
        heapq.heapify(self._heap)
        # The pairs that have the highest count now, sorted by the tie rule, and their ranks.
        self._top_count = 0
        self._top: list[tuple[object, int]] = []
        self._top_rank: dict[int, object] = {}
        # One entry per merge.
        self._chosen_counts: list[int] = []
        self._joined: list[int] = []
        self._num_tied: list[int] = []
        self._decided_by: list[DecidedBy] = []
        self._waiting: tuple[Pair, ...] = ()

    @property
    def progress(self) -> BpeProgress:
        """How far the run is."""
        last_count = self._chosen_counts[-1] if self._chosen_counts else 0
        return BpeProgress(len(self._pairs), self._num_merges, last_count)

    def trace(self) -> BpeTrace:
        """The run so far; ``stop_reason`` is ``stopped`` when it was not finished."""
        return BpeTrace(
            words=self._words,
            counts=self._counts,
            settings=self._settings,
            symbols=tuple(self._symbols),
            alphabet=self._alphabet,
            log=self._chains.log(),
            pairs=np.asarray(self._pairs, np.int64),
            pair_counts_chosen=np.asarray(self._chosen_counts, np.int64),
            joined=np.asarray(self._joined, np.int64),
            num_tied=np.asarray(self._num_tied, np.int64),
            decided_by=tuple(self._decided_by),
            stop_reason=self._stop_reason or "stopped",
            waiting=self._waiting,
        )

    def _merge_once(self) -> None:
        if len(self._pairs) >= self._num_merges:
            self._stop_reason = "all_merges"
            return
        if not self._find_top():
            self._stop_reason = "no_pairs"
            return
        if self._top_count < self._settings.min_count:
            self._stop_reason = "min_count"
            return
        picked = self._pick()
        if picked is None:
            self._stop_reason = "choice_needed"
            return
        pair, decided_by = picked
        left, right = unpack(pair)
        merged, merged_id = self._symbols[left] + self._symbols[right], len(self._symbols)
        self._symbols.append(merged)
        self._ids[merged] = merged_id
        self._pairs.append(pair)
        self._chosen_counts.append(self._top_count)
        self._num_tied.append(len(self._top))
        self._decided_by.append(decided_by)
        changes, joined = self._chains.merge(pair, merged_id)
        self._joined.append(joined)
        self._update_top(changes)

    def _find_top(self) -> bool:
        """Fill the top with the pairs of the highest count; False when no pair is left."""
        counts, heap = self._chains.pair_counts, self._heap
        while not self._top:
            found: list[int] = []
            while heap and (not found or heap[0][0] == -self._top_count):
                negative, pair = heapq.heappop(heap)
                count = counts.get(pair, 0)
                if count == -negative:
                    if pair not in self._top_rank:
                        found.append(pair)
                        self._top_rank[pair] = self._rank(pair)
                        self._top_count = count
                elif 0 < count < -negative:
                    heapq.heappush(heap, (-count, pair))
            if not found:
                return False
            self._top = sorted((self._top_rank[pair], pair) for pair in found)
        return True

    def _rank(self, pair: int) -> object:
        """What the tie rule sorts by."""
        rule = self._settings.tie_rule
        if rule == "lowest_ids":
            return pair
        if rule in ("first", "choose"):
            return self._chains.first_place(pair)
        left, right = unpack(pair)
        return self._symbols[left], self._symbols[right]

    def _pick(self) -> tuple[int, DecidedBy] | None:
        """The pair to merge and what decided; None when a choice is needed first."""
        settings, step = self._settings, len(self._pairs) + 1
        choice = self._choices.get(step)
        if choice is not None:
            ids = self._ids
            pair = pack(ids.get(choice[0], -1), ids.get(choice[1], -1))
            if pair not in self._top_rank:
                params: dict[str, str | int | float] = {"step": step, "left": choice[0], "right": choice[1]}
                raise InputProblem(Problem("choice_not_tied", params))
            return pair, "choice" if len(self._top) > 1 else "count"
        if len(self._top) == 1:
            return self._top[0][1], "count"
        if settings.tie_rule == "choose":
            if settings.wait_for_choice:
                self._waiting = tuple(
                    (self._symbols[left], self._symbols[right])
                    for left, right in (unpack(pair) for _, pair in self._top)
                )
                return None
            return self._top[0][1], "first"
        winner = self._top[-1] if settings.tie_rule == "largest" else self._top[0]
        return winner[1], settings.tie_rule

    def _update_top(self, changes: Mapping[int, int]) -> None:
        """Bring heap and top up to date after a merge. Only pairs with the new symbol rise, and at most to the count
        of the pair just merged."""
        counts = self._chains.pair_counts
        for pair, change in changes.items():
            count = counts.get(pair, 0)
            if pair in self._top_rank:
                self._leave_top(pair)
                if count:
                    heapq.heappush(self._heap, (-count, pair))
            elif change > 0 and count == self._top_count:
                self._enter_top(pair)
            elif change > 0:
                heapq.heappush(self._heap, (-count, pair))

    def _leave_top(self, pair: int) -> None:
        rank = self._top_rank.pop(pair)
        del self._top[bisect_left(self._top, (rank, pair))]

    def _enter_top(self, pair: int) -> None:
        rank = self._top_rank[pair] = self._rank(pair)
        insort(self._top, (rank, pair))


def train_bpe(
    words: Mapping[str, int] | WordTable,
    num_merges: int,
    *,
    tie_rule: TieRule = "first",
    end_of_word: str | None = None,
    end_mark_place: EndMarkPlace = "symbol",
    min_count: int = 1,
    choices: Mapping[int, Pair] | None = None,
    wait_for_choice: bool = False,
    extra_alphabet: Iterable[str] = (),
) -> BpeTrace:
    """Learn up to ``num_merges`` merges from words with counts and keep every step.

    Arguments are those of :class:`BpeSettings`; ``choices`` maps a step to the pair picked there.

    Raises:
        InputProblem: see :class:`BpeTrainer`; of ``choices``, ``choice_not_tied`` (step, left, right) for a pair that
            does not have the highest count there.

    >>> [step.num_tied for step in train_bpe({"aaa": 1, "ab": 1}, 2).steps()]
    [1, 2]
    """
    picked = tuple(sorted((choices or {}).items()))
    settings = BpeSettings(
        num_merges,
        tie_rule,
        end_of_word,
        end_mark_place,
        min_count,
        picked,
        wait_for_choice,
        tuple(extra_alphabet),
    )
    return BpeTrainer(words, settings).run()


def first_symbols(
    word: str, end_of_word: str | None = None, end_mark_place: EndMarkPlace = "symbol"
) -> tuple[str, ...]:
    """A word before any merge: its letters and, where there is one, the end mark.

    >>> first_symbols("low", "</w>"), first_symbols("low", "</w>", "suffix")
    (('l', 'o', 'w', '</w>'), ('l', 'o', 'w</w>'))
    """
    if end_of_word is None:
        return tuple(word)
    if end_mark_place == "symbol":
        return (*word, end_of_word)
    return (*word[:-1], word[-1] + end_of_word)


def _check_run(table: Mapping[str, int], settings: BpeSettings) -> None:
    if not table:
        raise InputProblem(Problem("empty_table", {}))
    if settings.num_merges < 0:
        raise InputProblem(Problem("bad_setting", {"name": "num_merges", "value": settings.num_merges}))
    if settings.min_count < 1:
        raise InputProblem(Problem("bad_setting", {"name": "min_count", "value": settings.min_count}))
    if settings.end_of_word == "":
        raise InputProblem(Problem("bad_setting", {"name": "end_of_word", "value": ""}))
    for symbol in settings.extra_alphabet:
        if len(symbol) != 1:
            raise InputProblem(Problem("bad_setting", {"name": "extra_alphabet", "value": symbol}))
    for word, count in table.items():
        if not word:
            raise InputProblem(Problem("missing_word", {}))
        if count < 1:
            code: Literal["zero_count", "negative_count"] = "zero_count" if count == 0 else "negative_count"
            raise InputProblem(Problem(code, {"word": word, "count": count}))
        if settings.end_of_word and settings.end_of_word in word:
            raise InputProblem(
                Problem("word_contains_end_mark", {"word": word, "mark": settings.end_of_word})
            )


# Encoding


UnknownReason = Literal["not_in_alphabet", "never_ends_a_word"]
"""Why a letter is [UNK]: no training word holds it; or (mark as suffix) it is known, but not at a word's end."""


@dataclass(frozen=True)
class UnknownLetter:
    """A letter that no symbol covers: its index among the first symbols of the word, and why."""

    index: int
    letter: str
    reason: UnknownReason


@dataclass(frozen=True)
class EncodeStep:
    """One merge firing in a word.

    Attributes:
        rank: number of the merge in the order learned, from 1.
        pair, merged: what it joins.
        before, after: the word's symbols.
        places: indices into ``before`` of the left symbols joined.
        new_places: indices into ``after`` of the joined symbols.
    """

    rank: int
    pair: Pair
    merged: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    places: tuple[int, ...]
    new_places: tuple[int, ...]


@dataclass(frozen=True)
class EncodedWord:
    """A word encoded, with every merge that fired.

    Attributes:
        word: as given.
        start: its symbols before any merge, unknown letters as ``[UNK]``.
        steps: merges that fired, in order.
        tokens: what is left, unknown letters as ``[UNK]``.
        texts: the letters behind each token (the unknown letter itself where the token is ``[UNK]``).
        token_ids: None for ``[UNK]``.
        unknown: the unknown letters and why.
        in_training_words: the whole word was a training word: the only case a whole-word vocabulary knows.
    """

    word: str
    start: tuple[str, ...]
    steps: tuple[EncodeStep, ...]
    tokens: tuple[str, ...]
    texts: tuple[str, ...]
    token_ids: tuple[int | None, ...]
    unknown: tuple[UnknownLetter, ...]
    in_training_words: bool

    @property
    def states(self) -> tuple[tuple[str, ...], ...]:
        """The symbols at the start and after each merge."""
        return (self.start, *(step.after for step in self.steps))


@dataclass(frozen=True)
class EncodedSpan:
    """A word of a text, where it stands, and its encoding."""

    start: int
    end: int
    encoded: EncodedWord


@dataclass(frozen=True)
class BpeModel:
    """Merges ready to encode with.

    Attributes:
        vocabulary: token id -> symbol; the first ``alphabet_size`` are the alphabet.
        alphabet_size: symbols before any merge.
        merges: pairs in the order learned.
        end_of_word, end_mark_place: as trained.
        training_words: for the whole-word vocabulary beside it.
    """

    vocabulary: tuple[str, ...]
    alphabet_size: int
    merges: tuple[Pair, ...]
    end_of_word: str | None = None
    end_mark_place: EndMarkPlace = "symbol"
    training_words: frozenset[str] = field(default=frozenset(), repr=False)

    @cached_property
    def token_ids(self) -> dict[str, int]:
        """Symbol -> token id."""
        return {symbol: token_id for token_id, symbol in enumerate(self.vocabulary)}

    @cached_property
    def ranks(self) -> dict[Pair, int]:
        """Pair -> number of its merge, from 1."""
        return {pair: rank for rank, pair in enumerate(self.merges, start=1)}

    def encode_word(self, word: str) -> EncodedWord:
        """Cut a word into letters and let the merges fire in the order they were learned.

        >>> model = train_bpe({"low": 5, "lower": 2, "newest": 6, "widest": 3}, 10).model()
        >>> [" ".join(symbols) for symbols in model.encode_word("slow").states]
        ['s l o w', 's lo w', 's low']
        >>> [(letter.letter, letter.reason) for letter in model.encode_word("fast").unknown]
        [('f', 'not_in_alphabet'), ('a', 'not_in_alphabet')]
        """
        letters = first_symbols(word, self.end_of_word, self.end_mark_place) if word else ()
        # None holds the place of an unknown letter: a symbol that no merge knows.
        symbols: list[str | None] = []
        unknown: list[UnknownLetter] = []
        known = set(self.vocabulary[: self.alphabet_size])
        for index, letter in enumerate(letters):
            if letter in known:
                symbols.append(letter)
                continue
            suffixed = self.end_of_word is not None and self.end_mark_place == "suffix"
            bare = letter.removesuffix(self.end_of_word or "") if suffixed else letter
            reason: UnknownReason = "never_ends_a_word" if bare in known else "not_in_alphabet"
            symbols.append(None)
            unknown.append(UnknownLetter(index, bare, reason))
        start = _shown(symbols)
        steps: list[EncodeStep] = []
        while (pair := lowest_pair(symbols, self.ranks)) is not None:
            before = _shown(symbols)
            symbols, places, new_places = join_pair(symbols, pair)
            after = _shown(symbols)
            steps.append(EncodeStep(self.ranks[pair], pair, "".join(pair), before, after, places, new_places))
        hidden = iter(unknown)
        texts = tuple(next(hidden).letter if symbol is None else symbol for symbol in symbols)
        return EncodedWord(
            word=word,
            start=start,
            steps=tuple(steps),
            tokens=_shown(symbols),
            texts=texts,
            token_ids=tuple(None if symbol is None else self.token_ids[symbol] for symbol in symbols),
            unknown=tuple(unknown),
            in_training_words=word in self.training_words,
        )

    def encode(self, text: str) -> tuple[EncodedSpan, ...]:
        """Encode every word of a text (:func:`components.lm.tokens.words.split_words`)."""
        known: dict[str, EncodedWord] = {}
        spans: list[EncodedSpan] = []
        for span in split_words(text):
            if span.text not in known:
                known[span.text] = self.encode_word(span.text)
            spans.append(EncodedSpan(span.start, span.end, known[span.text]))
        return tuple(spans)


def lowest_pair(symbols: Sequence[str | None], ranks: Mapping[Pair, int]) -> Pair | None:
    """The pair in ``symbols`` whose merge was learned first (None is a symbol that no merge knows).

    Taking it again and again is the same as going through all merges once in order: a pair that appears after a
    merge holds the symbol this merge made, so its own merge was learned later.
    """
    best: Pair | None = None
    best_rank = math.inf
    for left, right in pairwise(symbols):
        if left is not None and right is not None:
            rank = ranks.get((left, right), math.inf)
            if rank < best_rank:
                best, best_rank = (left, right), rank
    return best


def join_pair(
    symbols: Sequence[MaybeSymbol], pair: Pair
) -> tuple[list[MaybeSymbol], tuple[int, ...], tuple[int, ...]]:
    """Join a pair from left to right.

    Returns:
        the new symbols; indices of the left symbols joined; indices of the joined symbols among the new ones.

    >>> join_pair(list("aaab"), ("a", "a"))
    (['aa', 'a', 'b'], (0,), (0,))
    """
    joined: list[MaybeSymbol] = []
    places: list[int] = []
    new_places: list[int] = []
    index = 0
    while index < len(symbols):
        if index + 1 < len(symbols) and (symbols[index], symbols[index + 1]) == pair:
            places.append(index)
            new_places.append(len(joined))
            joined.append(pair[0] + pair[1])
            index += 2
        else:
            joined.append(symbols[index])
            index += 1
    return joined, tuple(places), tuple(new_places)


def _shown(symbols: Sequence[str | None]) -> tuple[str, ...]:
    return tuple(UNKNOWN if symbol is None else symbol for symbol in symbols)
