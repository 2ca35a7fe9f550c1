"""WordPiece: training with one of three referees, and encoding by longest match.

BERT's vocabulary was made by WordPiece (Schuster and Nakajima 2012; Wu et al. 2016,
https://arxiv.org/abs/1609.08144, section 4.1; Devlin et al. 2019, https://arxiv.org/abs/1810.04805, section 3). The
trainer itself was never published. What is known is that it joins the pair that helps the likelihood of a language
model of the corpus most. So the choice is a setting here, a *referee*:

- ``count``: count(ab), which is BPE;
- ``score``: count(ab) / (count(a) count(b)), the common open-source reading of WordPiece;
- ``gain``: the exact gain in log-likelihood of a unigram model, sum over symbols of count * ln(count / total), in nats.

On the course's words the three disagree at the first step:

>>> words = {"low": 5, "lower": 2, "newest": 6, "widest": 3}
>>> [train_wordpiece(words, 1, referee=referee).merged_symbols[0] for referee in ("count", "score", "gain")]
['es', 'id', 'st']

Symbols are ``plain`` (the letters) or ``continuation`` (## in front of letters that do not begin their word, as in
BERT). The WordPieceTrainer of the ``tokenizers`` library trains BPE and writes the result with ##.

Moments and steps count as in :mod:`components.lm.tokens.bpe`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from components.lm.tokens.bpe import UNKNOWN, Pair, StopReason
from components.lm.tokens.merging import (
    LongInts,
    MergeTrace,
    MergeTrainer,
    PairTable,
    SymbolChains,
    WordState,
    pack,
    unpack,
)
from components.lm.tokens.words import InputProblem, Problem, WordTable

Referee = Literal["count", "score", "gain"]
"""What decides which pair is joined; see the module."""

Symbols = Literal["plain", "continuation"]
"""Whether letters inside a word are marked with ##."""

WordPieceStop = Literal["no_gain"] | StopReason
"""As in BPE; ``no_gain``: under the referee ``gain``, no pair makes the likelihood larger."""

PREFIX = "##"
"""BERT's mark of a piece that continues a word."""

MAX_WORD_LETTERS = 100
"""BERT's encoder gives up on longer words (``max_input_chars_per_word``)."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PairScore:
    """One pair at one moment, as each referee sees it.

    Attributes:
        pair: the two symbols.
        merged: what they would become.
        count: neighbouring places that hold the pair, weighted by word counts.
        left_count, right_count: counts of the two symbols.
        score: count / (left_count * right_count).
        gain: gain in unigram log-likelihood, in nats; below 0 the likelihood falls.
        order_met: 1 for the pair met first when reading the words in order.
        rank_by_count, rank_by_score, rank_by_gain: 1 is best; equal values share a rank.
        chosen: it is the pair the next step merges.
    """

    pair: Pair
    merged: str
    count: int
    left_count: int
    right_count: int
    score: float
    gain: float
    order_met: int
    rank_by_count: int
    rank_by_score: int
    rank_by_gain: int
    chosen: bool


@dataclass(frozen=True)
class WordPieceStep:
    """One merge.

    Attributes:
        step: from 1.
        pair, merged: the two symbols and the symbol they become.
        count, left_count, right_count: before the merge.
        value: what the referee gave the pair: count, score, or gain in nats.
        num_tied: pairs with the same value, the winner included. Ties go to the pair met first.
        joined: joins made, weighted; smaller than ``count`` when places overlapped.
        vocab_size, corpus_tokens, tokens_per_word: after the merge.
    """

    step: int
    pair: Pair
    merged: str
    count: int
    left_count: int
    right_count: int
    value: float
    num_tied: int
    joined: int
    vocab_size: int
    corpus_tokens: int
    tokens_per_word: float


@dataclass(frozen=True)
class WordPieceView:
    """Everything a page shows at one moment.

    Attributes:
        moment: merges done.
        next_step: the merge to come.
        pairs: at most ``max_pairs``, best first for the referee of this run; ties in the order met.
        num_pairs: how many pairs there are in all.
        winners: what each referee would merge here (ties to the pair met first); None when no pair is left.
        words: at most ``max_words``; see :meth:`components.lm.tokens.merging.MergeLog.words_to_show`.
        num_words: how many different words there are.
        vocabulary: alphabet in the order met, then merged symbols in the order learned.
    """

    moment: int
    next_step: WordPieceStep | None
    pairs: tuple[PairScore, ...]
    num_pairs: int
    winners: Mapping[Referee, PairScore | None]
    words: tuple[WordState, ...]
    num_words: int
    vocabulary: tuple[str, ...]


@dataclass(frozen=True)
class WordPieceProgress:
    """How far a run is."""

    merges: int
    num_merges: int


@dataclass(frozen=True, eq=False, kw_only=True)
class WordPieceTrace(MergeTrace[WordPieceStep]):
    """A finished (or stopped) run, from which every step can be rebuilt.

    Attributes:
        referee, marking: as trained.
        step_counts: count, left count, right count of each merge, shape (merges, 3).
        values: what the referee gave each merge, shape (merges,).
        stop_reason: why training ended.
    """

    referee: Referee
    marking: Symbols
    step_counts: LongInts
    values: Floats
    stop_reason: WordPieceStop

    def step(self, step: int) -> WordPieceStep:
        if not 1 <= step <= self.num_steps:
            raise IndexError(f"step {step} is outside 1 to {self.num_steps}")
        at = step - 1
        count, left_count, right_count = self.step_counts[at].tolist()
        return WordPieceStep(
            step=step,
            pair=self.merges[at],
            merged=self.merged_symbols[at],
            count=count,
            left_count=left_count,
            right_count=right_count,
            value=float(self.values[at]),
            num_tied=int(self.num_tied[at]),
            joined=int(self.joined[at]),
            vocab_size=self.curve.vocab_size[step],
            corpus_tokens=self.curve.corpus_tokens[step],
            tokens_per_word=self.curve.tokens_per_word[step],
        )

    def pair_scores(self, moment: int) -> tuple[PairScore, ...]:
        """Every pair at a moment with count, score, gain and its rank under each referee, in the order met."""
        board = self._board(moment)
        return board.named(self, moment, np.arange(len(board.table.counts)))

    def _board(self, moment: int) -> _Board:
        table = self.log.pairs_at(moment)
        size = len(self.symbols)
        symbol_counts = self.log.symbol_counts(moment, size)
        names = [
            join_symbols(self.symbols[left], self.symbols[right], self.marking)
            for left, right in zip(table.left.tolist(), table.right.tolist(), strict=True)
        ]
        left_counts, right_counts = symbol_counts[table.left], symbol_counts[table.right]
        same = table.left == table.right
        joins = np.where(same, self.log.self_joins(moment, size)[table.left], table.counts)
        values: dict[Referee, Floats] = {
            "count": table.counts.astype(np.float64),
            "score": table.counts / (left_counts * right_counts.astype(np.float64)),
            "gain": likelihood_gain(joins, left_counts, right_counts, same, symbol_counts.sum()),
        }
        total = symbol_counts.sum()
        ranks = {
            referee: _dense_ranks(column, _tolerance(referee, total)) for referee, column in values.items()
        }
        return _Board(table, names, left_counts, right_counts, values, ranks)

    def view(self, moment: int, *, max_words: int = 60, max_pairs: int = 60) -> WordPieceView:
        """Everything to show at a moment; see :class:`WordPieceView`."""
        board = self._board(moment)
        num_pairs = len(board.table.counts)
        best_first = np.argsort(board.ranks[self.referee], kind="stable")[:max_pairs]
        winners: dict[Referee, PairScore | None] = dict.fromkeys(board.ranks)
        if num_pairs:
            for referee, ranks in board.ranks.items():
                # argmin takes the first of equals: the pair met first.
                winners[referee] = board.named(self, moment, np.asarray([np.argmin(ranks)]))[0]
        return WordPieceView(
            moment=moment,
            next_step=self.step(moment + 1) if moment < self.num_steps else None,
            pairs=board.named(self, moment, best_first),
            num_pairs=num_pairs,
            winners=winners,
            words=self.word_states(moment, self.log.words_to_show(moment, max_words)),
            num_words=len(self.words),
            vocabulary=self.vocabulary(moment),
        )

    def model(self, num_merges: int | None = None) -> WordPieceModel:
        """A longest-match encoder over the vocabulary after ``num_merges`` merges (all when None). Token ids are the
        places in that vocabulary; ``[UNK]`` comes last."""
        names = self.vocabulary(self.num_steps if num_merges is None else num_merges)
        ids = {name: number for number, name in enumerate((*names, UNKNOWN))}
        return WordPieceModel(ids, PREFIX if self.marking == "continuation" else "")


@dataclass(frozen=True, eq=False)
class _Board:
    """All pairs at one moment with what each referee gives them and their ranks, in the order met."""

    table: PairTable
    names: list[str]
    left_counts: LongInts
    right_counts: LongInts
    values: dict[Referee, Floats]
    ranks: dict[Referee, LongInts]

    def named(self, trace: WordPieceTrace, moment: int, which: LongInts) -> tuple[PairScore, ...]:
        """The pairs of the given rows."""
        chosen = int(trace.pairs[moment]) if moment < trace.num_steps else -1
        symbols, table = trace.symbols, self.table
        return tuple(
            PairScore(
                pair=(symbols[left], symbols[right]),
                merged=self.names[row],
                count=int(table.counts[row]),
                left_count=int(self.left_counts[row]),
                right_count=int(self.right_counts[row]),
                score=float(self.values["score"][row]),
                gain=float(self.values["gain"][row]),
                order_met=row + 1,
                rank_by_count=int(self.ranks["count"][row]),
                rank_by_score=int(self.ranks["score"][row]),
                rank_by_gain=int(self.ranks["gain"][row]),
                chosen=pack(left, right) == chosen,
            )
            for row, left, right in zip(
                which.tolist(), table.left[which].tolist(), table.right[which].tolist(), strict=True
            )
        )


class WordPieceTrainer(MergeTrainer[WordPieceProgress, WordPieceTrace]):
    """Learns merges a few at a time; the same shape as :class:`components.lm.tokens.bpe.BpeTrainer`.

    Raises:
        InputProblem: ``empty_table``, ``missing_word``, ``zero_count``, ``negative_count`` or ``bad_setting``.
    """

    _stop_reason: WordPieceStop | None

    def __init__(
        self,
        words: Mapping[str, int] | WordTable,
        num_merges: int,
        referee: Referee = "score",
        marking: Symbols = "plain",
    ) -> None:
        table = dict(words.items())
        _check_words(table, num_merges)
        super().__init__(num_merges)
        self._referee, self._marking = referee, marking
        self._words, self._counts = tuple(table), tuple(table.values())
        cut = [first_pieces(word, marking) for word in self._words]
        self._alphabet = tuple(dict.fromkeys(piece for word in cut for piece in word))
        self._symbols = sorted(self._alphabet)
        ids = {symbol: number for number, symbol in enumerate(self._symbols)}
        self._chains = SymbolChains([[ids[piece] for piece in word] for word in cut], self._counts)

        # One row per pair ever seen: its symbols, its count, how often it can be joined.
        self._row: dict[int, int] = {}
        self._left, self._right = np.zeros(1024, np.int64), np.zeros(1024, np.int64)
        self._count, self._joins = np.zeros(1024, np.int64), np.zeros(1024, np.int64)
        self._symbol_counts = np.zeros(len(self._symbols) + num_merges + 1, np.int64)
        for word, count in zip(cut, self._counts, strict=True):
            for piece in word:
                self._symbol_counts[ids[piece]] += count
        for pair in self._chains.pair_counts:
            self._update_row(pair)

        self._step_counts: list[tuple[int, int, int]] = []
        self._values: list[float] = []
        self._joined: list[int] = []
        self._num_tied: list[int] = []

    @property
    def progress(self) -> WordPieceProgress:
        """How far the run is."""
        return WordPieceProgress(len(self._pairs), self._num_merges)

    def trace(self) -> WordPieceTrace:
        """The run so far; ``stop_reason`` is ``stopped`` when it was not finished."""
        return WordPieceTrace(
            words=self._words,
            counts=self._counts,
            referee=self._referee,
            marking=self._marking,
            symbols=tuple(self._symbols),
            alphabet=self._alphabet,
            log=self._chains.log(),
            pairs=np.asarray(self._pairs, np.int64),
            step_counts=np.asarray(self._step_counts, np.int64).reshape(-1, 3),
            values=np.asarray(self._values, np.float64),
            joined=np.asarray(self._joined, np.int64),
            num_tied=np.asarray(self._num_tied, np.int64),
            stop_reason=self._stop_reason or "stopped",
        )

    def _merge_once(self) -> None:
        if len(self._pairs) >= self._num_merges:
            self._stop_reason = "all_merges"
            return
        if not self._chains.pair_counts:
            self._stop_reason = "no_pairs"
            return
        values = self._judge()
        best = float(values.max())
        tolerance = _tolerance(self._referee, self._symbol_counts.sum())
        if self._referee == "gain" and best <= tolerance:
            self._stop_reason = "no_gain"
            return
        rows = np.flatnonzero(values >= best - tolerance)
        tied = [pack(int(self._left[row]), int(self._right[row])) for row in rows]
        pair = min(tied, key=self._chains.first_place) if len(tied) > 1 else tied[0]
        left, right = unpack(pair)
        self._pairs.append(pair)
        self._values.append(float(values[self._row[pair]]))
        self._num_tied.append(len(tied))
        self._step_counts.append(
            (
                self._chains.pair_counts[pair],
                int(self._symbol_counts[left]),
                int(self._symbol_counts[right]),
            )
        )
        self._join(pair)

    def _judge(self) -> Floats:
        """What the referee gives each row; pairs that are gone get minus infinity."""
        used = slice(0, len(self._row))
        left, right, count = self._left[used], self._right[used], self._count[used]
        if self._referee == "count":
            values = count.astype(np.float64)
        else:
            left_counts, right_counts = self._symbol_counts[left], self._symbol_counts[right]
            if self._referee == "score":
                values = count / np.maximum(left_counts * right_counts.astype(np.float64), 1)
            else:
                values = likelihood_gain(
                    self._joins[used], left_counts, right_counts, left == right, self._symbol_counts.sum()
                )
        result: Floats = np.where(count > 0, values, -np.inf)
        return result

    def _join(self, pair: int) -> None:
        left, right = unpack(pair)
        name = join_symbols(self._symbols[left], self._symbols[right], self._marking)
        new = len(self._symbols)
        self._symbols.append(name)
        changes, joined = self._chains.merge(pair, new)
        self._joined.append(joined)
        self._symbol_counts[left] -= joined
        self._symbol_counts[right] -= joined
        self._symbol_counts[new] += joined
        for changed in changes:
            self._update_row(changed)

    def _update_row(self, pair: int) -> None:
        """Write the count of a pair down, in a new row when it is new."""
        left, right = unpack(pair)
        row = self._row.get(pair)
        if row is None:
            row = self._row[pair] = len(self._row)
            if row == len(self._left):
                self._left, self._right, self._count, self._joins = (
                    np.concatenate([column, np.zeros_like(column)])
                    for column in (self._left, self._right, self._count, self._joins)
                )
            self._left[row], self._right[row] = left, right
        count = self._chains.pair_counts.get(pair, 0)
        self._count[row] = count
        # Overlapping places (a a a) can be counted twice but joined once.
        joins = self._chains.non_overlapping_count(left) if left == right and count else count
        self._joins[row] = joins


def train_wordpiece(
    words: Mapping[str, int] | WordTable,
    num_merges: int,
    *,
    referee: Referee = "score",
    marking: Symbols = "plain",
) -> WordPieceTrace:
    """Learn up to ``num_merges`` merges from words with counts and keep every step. Ties go to the pair met first.

    Raises:
        InputProblem: see :class:`WordPieceTrainer`.

    >>> trace = train_wordpiece({"low": 5, "lower": 2, "newest": 6, "widest": 3}, 10, marking="continuation")
    >>> trace.merged_symbols[:4], trace.model().encode_word("lowest").tokens
    (('wi', 'wid', 'lo', '##st'), ('low', '##e', '##st'))
    """
    return WordPieceTrainer(words, num_merges, referee, marking).run()


def first_pieces(word: str, marking: Symbols) -> tuple[str, ...]:
    """A word before any merge.

    >>> first_pieces("low", "continuation")
    ('l', '##o', '##w')
    """
    if marking == "plain":
        return tuple(word)
    return (word[0], *(PREFIX + letter for letter in word[1:]))


def join_symbols(left: str, right: str, marking: Symbols) -> str:
    """The symbol two symbols become: a marked right one loses its ##.

    >>> join_symbols("##s", "##t", "continuation"), join_symbols("s", "t", "plain")
    ('##st', 'st')
    """
    return left + (right.removeprefix(PREFIX) if marking == "continuation" else right)


def likelihood_gain(
    joins: LongInts,
    left_counts: LongInts,
    right_counts: LongInts,
    same: npt.NDArray[np.bool_],
    total: np.int64 | int,
) -> Floats:
    """Gain in unigram log-likelihood from each merge, in nats; all arrays of shape (pairs,).

    The log-likelihood of the corpus is sum c ln(c / N) over symbols with count c, N the sum of all c. A merge with n
    joins takes n from both symbols (2 n when they are the same), gives n to the merged symbol, and makes N smaller
    by n.

    Args:
        joins: n of each pair.
        left_counts, right_counts: counts of its symbols before.
        same: left and right are the same symbol.
        total: N before.
    """
    gain = _x_log_x(left_counts - np.where(same, 2 * joins, joins)) - _x_log_x(left_counts)
    gain += np.where(same, 0.0, _x_log_x(right_counts - joins) - _x_log_x(right_counts))
    gain += _x_log_x(joins)
    gain += _x_log_x(np.asarray(total)) - _x_log_x(total - joins)
    return gain


def _x_log_x(values: npt.NDArray[np.int64] | np.int64) -> Floats:
    """x ln x, 0 at 0. Counts of pairs that are gone may lie below 0 and are not looked at."""
    numbers = np.maximum(np.asarray(values, np.float64), 0.0)
    result: Floats = numbers * np.log(np.where(numbers > 0, numbers, 1.0))
    return result


def _tolerance(referee: Referee, total: np.int64 | int) -> float:
    """Values closer than this are equal. Counts and scores are equal exactly when their floats are (a quotient of
    integers is rounded once). Gains are sums of terms up to N ln N, each rounded to about 1e-16 of its size."""
    return 1e-14 * float(_x_log_x(np.asarray(total))) if referee == "gain" else 0.0


def _dense_ranks(values: Floats, tolerance: float) -> LongInts:
    """1 for the largest value; equal values share a rank and the next rank follows at once."""
    if not len(values):
        return np.zeros(0, np.int64)
    order = np.argsort(-values, kind="stable")
    ranked = values[order]
    drops = ranked[:-1] - ranked[1:] > tolerance
    ranks = np.empty(len(values), np.int64)
    ranks[order] = np.concatenate([[1], 1 + np.cumsum(drops)])
    return ranks


def _check_words(table: Mapping[str, int], num_merges: int) -> None:
    if not table:
        raise InputProblem(Problem("empty_table", {}))
    if num_merges < 0:
        raise InputProblem(Problem("bad_setting", {"name": "num_merges", "value": num_merges}))
    for word, count in table.items():
        if not word:
            raise InputProblem(Problem("missing_word", {}))
        if count < 1:
            code: Literal["zero_count", "negative_count"] = "zero_count" if count == 0 else "negative_count"
            raise InputProblem(Problem(code, {"word": word, "count": count}))


# Encoding


WordPieceFailure = Literal["no_piece_fits", "too_long"]
"""Why a whole word is [UNK]: no piece of the vocabulary begins at some place; or it is longer than the limit."""


@dataclass(frozen=True, slots=True)
class MatchStep:
    """Looking for the longest piece that begins at one place.

    Attributes:
        start: where, in letters of the word.
        tried: the pieces looked up, longest first; the last one was found unless ``piece`` is None.
        piece: what was found, None when not even one letter was.
        end: where the piece ends; ``start`` when nothing was found.
    """

    start: int
    tried: tuple[str, ...]
    piece: str | None
    end: int


@dataclass(frozen=True)
class WordPieceEncoding:
    """A word encoded, with every look-up.

    Attributes:
        word: as given.
        steps: one per place where a piece was looked for.
        tokens, token_ids: the pieces, or only ``[UNK]`` when one place failed.
        failure: why the whole word is ``[UNK]``, None when it is not.
        failed_at: where no piece fits, in letters of the word; None when there is no such place.
    """

    word: str
    steps: tuple[MatchStep, ...]
    tokens: tuple[str, ...]
    token_ids: tuple[int, ...]
    failure: WordPieceFailure | None
    failed_at: int | None


@dataclass(frozen=True)
class WordPieceModel:
    """Longest-match encoding over a vocabulary (Wu et al. 2016; the released BERT code).

    Attributes:
        token_ids: piece -> id; must hold ``unknown``.
        prefix: what continuing pieces begin with; empty for plain symbols.
        unknown: the token of a word that cannot be cut.
        max_word_letters: longer words are ``unknown``.
    """

    token_ids: Mapping[str, int]
    prefix: str = PREFIX
    unknown: str = UNKNOWN
    max_word_letters: int = MAX_WORD_LETTERS
    _longest: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        if self.unknown not in self.token_ids:
            raise ValueError(f"the vocabulary lacks {self.unknown}")
        longest = max(map(len, self.token_ids))
        object.__setattr__(self, "_longest", longest)

    @cached_property
    def tokens(self) -> dict[int, str]:
        """Id -> piece."""
        return {number: piece for piece, number in self.token_ids.items()}

    def encode_word(self, word: str) -> WordPieceEncoding:
        """Take the longest piece that begins the word, then the longest that continues it, and so on.

        >>> model = WordPieceModel({"[UNK]": 0, "play": 1, "##ing": 2, "##i": 3})
        >>> model.encode_word("playing").tokens, model.encode_word("plays").tokens
        (('play', '##ing'), ('[UNK]',))
        >>> model.encode_word("plays").steps[1]
        MatchStep(start=4, tried=('##s',), piece=None, end=4)
        """
        if len(word) > self.max_word_letters:
            return self._fail(word, (), "too_long", None)
        steps: list[MatchStep] = []
        start = 0
        while start < len(word):
            step = self._match(word, start)
            steps.append(step)
            if step.piece is None:
                return self._fail(word, tuple(steps), "no_piece_fits", start)
            start = step.end
        tokens = tuple(step.piece for step in steps if step.piece is not None)
        ids = tuple(self.token_ids[token] for token in tokens)
        return WordPieceEncoding(word, tuple(steps), tokens, ids, None, None)

    def pieces(self, word: str) -> tuple[str, ...]:
        """Only the tokens of a word, without the look-ups."""
        if len(word) > self.max_word_letters:
            return (self.unknown,)
        pieces: list[str] = []
        start = 0
        while start < len(word):
            mark = self.prefix if start else ""
            for end in range(min(len(word), start + self._longest), start, -1):
                piece = mark + word[start:end]
                if piece in self.token_ids:
                    break
            else:
                return (self.unknown,)
            pieces.append(piece)
            start = end
        return tuple(pieces)

    def _match(self, word: str, start: int) -> MatchStep:
        mark = self.prefix if start else ""
        tried: list[str] = []
        for end in range(len(word), start, -1):
            tried.append(mark + word[start:end])
            if tried[-1] in self.token_ids:
                return MatchStep(start, tuple(tried), tried[-1], end)
        return MatchStep(start, tuple(tried), None, start)

    def _fail(
        self, word: str, steps: tuple[MatchStep, ...], failure: WordPieceFailure, at: int | None
    ) -> WordPieceEncoding:
        return WordPieceEncoding(word, steps, (self.unknown,), (self.token_ids[self.unknown],), failure, at)
