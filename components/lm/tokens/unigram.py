"""The Unigram tokenizer: begin with too many pieces, learn their probabilities, drop the ones least missed.

Kudo 2018, "Subword Regularization", https://arxiv.org/abs/1804.10959, section 3. A word can be cut into pieces in
many ways. The probability of one way is the product of its pieces' probabilities; the probability of the word is the
sum over all ways. EM (section 3.2) makes the training words as likely as it can; then the pieces whose removal would
cost the least likelihood are dropped, and so on until the vocabulary is as small as asked for. Single letters stay,
so that every training word can still be cut.

All ways to cut a word form a *lattice*: its nodes are the places between letters, its edges the pieces.

>>> words = {"low": 5, "lower": 2, "newest": 6, "widest": 3}
>>> trace = UnigramTrainer(words, vocab_size=18, em_rounds=1).run()
>>> model = trace.model()
>>> len(model.pieces)
18
>>> " ".join(model.best("lowest").tokens)
'low est'

Logarithms are natural, losses are in nats.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from components.lm.tokens.words import InputProblem, Problem, WordTable

Floats = npt.NDArray[np.float64]

MAX_PIECE_LETTERS = 16
"""Longest piece of a seed vocabulary, in letters (sentencepiece's default)."""
SEED_SIZE = 10_000
"""Most pieces of a seed vocabulary, single letters not counted."""
EM_ROUNDS = 2
"""EM rounds between two prunings (sentencepiece's default)."""
KEEP_SHARE = 0.75
"""Share of the pieces kept by one pruning (sentencepiece's ``shrinking_factor``)."""
UNKNOWN_PENALTY = 10.0
"""An unknown letter is worth the rarest piece's log-probability less this many nats (sentencepiece's value)."""

LETTER_FLOOR = 1e-6
"""Least expected count of a single letter. Where longer pieces cover all words, EM takes the letters' probabilities
towards 0 and soon to exactly 0 in floating point, and an unseen word could no longer be cut."""

UnigramStop = Literal["vocab_size", "nothing_to_prune", "stopped"]
"""Why training ended: small enough; only single letters are left; stopped from outside."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the vocabulary.

    Attributes:
        text: its letters.
        prob: its probability; all probabilities of a vocabulary sum to 1.
        log_prob: natural logarithm of it; minus infinity at 0.
    """

    text: str
    prob: float
    log_prob: float


@dataclass(frozen=True, slots=True)
class PieceLoss:
    """What dropping one piece would cost.

    Attributes:
        text: the piece.
        prob: its probability.
        expected_count: how often it is used, over all ways to cut the words, weighted by their probabilities.
        loss: how much the log-likelihood of the words falls without it, the other probabilities left as they are, in
            nats; infinite for a piece that some word cannot do without.
        keep: it stays whatever it costs (a single letter).
        pruned: it was dropped.
    """

    text: str
    prob: float
    expected_count: float
    loss: float
    keep: bool
    pruned: bool


@dataclass(frozen=True)
class EmStep:
    """One EM round.

    Attributes:
        iteration: from 1 within its pruning round.
        loss: minus the log-likelihood of the words before this round's update, in nats.
        loss_after: the same after it; never larger, but for what :data:`LETTER_FLOOR` costs (below 1e-4 nats).
        vocab_size: pieces in the model.
        tokens: expected number of pieces in the corpus, before the update.
    """

    iteration: int
    loss: float
    loss_after: float
    vocab_size: int
    tokens: float


@dataclass(frozen=True)
class UnigramRound:
    """Some EM rounds, then one pruning (none in the last round).

    Attributes:
        round: from 1.
        before: the pieces at its start.
        em_steps: its EM rounds.
        pieces: the pieces after EM, with their probabilities, in the order of the seed vocabulary.
        losses: what dropping each would cost, cheapest first; empty in the last round.
        pruned: the pieces dropped.
    """

    round: int
    before: tuple[Piece, ...]
    em_steps: tuple[EmStep, ...]
    pieces: tuple[Piece, ...]
    losses: tuple[PieceLoss, ...]
    pruned: tuple[str, ...]


@dataclass(frozen=True)
class SeedPiece:
    """A substring offered as a piece.

    Attributes:
        text: its letters.
        count: how often it occurs in the words, weighted by word counts.
        score: count * letters, by which the seed vocabulary is chosen (Kudo 2018, section 3.2, takes frequent
            substrings; this is sentencepiece's measure).
    """

    text: str
    count: int
    score: int


@dataclass(frozen=True)
class UnigramProgress:
    """How far a run is: rounds done, pieces now, pieces wanted, loss after the last EM round."""

    rounds: int
    vocab_size: int
    wanted: int
    loss: float


@dataclass(frozen=True)
class UnigramTrace:
    """A finished (or stopped) run.

    Attributes:
        words, counts: the training words.
        seed: the seed vocabulary: single letters first, in the order met, then substrings by score.
        rounds: EM and pruning, round by round.
        stop_reason: why training ended.
    """

    words: tuple[str, ...]
    counts: tuple[int, ...]
    seed: tuple[SeedPiece, ...]
    rounds: tuple[UnigramRound, ...]
    stop_reason: UnigramStop

    @property
    def losses(self) -> tuple[float, ...]:
        """The loss before the first EM round and after each one. It falls within a round and rises at a pruning."""
        if not self.rounds:
            return ()
        values = [self.rounds[0].em_steps[0].loss]
        for number, done in enumerate(self.rounds):
            if number:
                values.append(done.em_steps[0].loss)
            values.extend(step.loss_after for step in done.em_steps)
        return tuple(values)

    def model(self, after_round: int | None = None) -> UnigramModel:
        """The model after the EM rounds of a round (from 1; the last when None), before that round's pruning."""
        done = self.rounds[-1 if after_round is None else after_round - 1]
        return UnigramModel({piece.text: piece.log_prob for piece in done.pieces})


@dataclass(frozen=True, slots=True)
class Edge:
    """A piece at a place in a word.

    Attributes:
        start, end: it covers the letters ``start`` to ``end - 1``; node numbers of the lattice.
        piece: its text.
        token_id: its place in the vocabulary; None for an unknown letter.
        log_prob: its score.
        posterior: probability that a way drawn at random (by its probability) uses it, 0 to 1.
        best: the best way uses it.
    """

    start: int
    end: int
    piece: str
    token_id: int | None
    log_prob: float
    posterior: float
    best: bool


@dataclass(frozen=True, slots=True)
class Node:
    """A place between letters.

    Attributes:
        position: letters before it.
        best_score: log-probability of the best way from the beginning to here.
        num_paths: how many ways lead here.
        from_position: the node before it on the best way; None at the beginning.
    """

    position: int
    best_score: float
    num_paths: int
    from_position: int | None


@dataclass(frozen=True)
class Segmentation:
    """One way to cut a word.

    Attributes:
        tokens: its pieces; an unknown letter is a piece of its own.
        token_ids: None for unknown letters.
        log_prob: sum of the pieces' log-probabilities.
        share: its probability among all ways to cut this word, 0 to 1.
    """

    tokens: tuple[str, ...]
    token_ids: tuple[int | None, ...]
    log_prob: float
    share: float


@dataclass(frozen=True)
class Lattice:
    """All ways to cut one word.

    Attributes:
        word: as given.
        nodes: letters + 1 of them.
        edges: by start, then by end.
        best: the best way (Viterbi; ties go to the longer last piece).
        log_likelihood: log of the summed probability of all ways.
        num_paths: how many ways there are.
        unknown: the letters no piece covers.
    """

    word: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    best: Segmentation
    log_likelihood: float
    num_paths: int
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class Sample:
    """A way drawn at random, and how often it was drawn."""

    segmentation: Segmentation
    times: int


@dataclass(frozen=True)
class UnigramModel:
    """Pieces with log-probabilities, ready to cut words.

    Attributes:
        pieces: text -> natural logarithm of its probability; token ids are the places in this mapping.
    """

    pieces: Mapping[str, float]
    _longest: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_longest", max(map(len, self.pieces), default=1))

    @cached_property
    def token_ids(self) -> dict[str, int]:
        """Piece -> token id."""
        return {piece: number for number, piece in enumerate(self.pieces)}

    @cached_property
    def unknown_score(self) -> float:
        """Score of an unknown letter."""
        finite = [value for value in self.pieces.values() if value > -math.inf]
        return min(finite, default=0.0) - UNKNOWN_PENALTY

    def knows(self, piece: str) -> bool:
        """The text is a piece of the vocabulary (with a probability above 0)."""
        return self.pieces.get(piece, -math.inf) > -math.inf

    def best(self, word: str) -> Segmentation:
        """The most probable way to cut a word."""
        return self.lattice(word).best

    def tokenize(self, word: str) -> tuple[str, ...]:
        """Only the pieces of the most probable way."""
        edges = self._edges_to(word)
        _, via = _viterbi(edges)
        return tuple(piece for _, piece, _ in _trace_back(edges, via))

    def lattice(self, word: str) -> Lattice:
        """All ways to cut a word, with the best one.

        >>> model = UnigramModel({"a": math.log(0.5), "b": math.log(0.25), "ab": math.log(0.25)})
        >>> lattice = model.lattice("ab")
        >>> lattice.num_paths, lattice.best.tokens, round(lattice.best.share, 4)
        (2, ('ab',), 0.6667)
        """
        edges = self._edges_to(word)
        best_scores, via = _viterbi(edges)
        forward = _forward(edges)
        backward = _backward(edges)
        total = forward[-1]
        paths = [1] + [0] * len(word)
        for end in range(1, len(edges)):
            paths[end] = sum(paths[start] for start, _, _ in edges[end])
        on_best = {(start, start + len(piece)) for start, piece, _ in _trace_back(edges, via)}
        listed = [
            Edge(
                start,
                end,
                piece,
                self.token_ids.get(piece),
                score,
                min(1.0, math.exp(forward[start] + score + backward[end] - total)),
                (start, end) in on_best,
            )
            for end in range(1, len(edges))
            for start, piece, score in edges[end]
        ]
        listed.sort(key=lambda edge: (edge.start, edge.end))
        nodes = tuple(
            Node(
                position,
                best_scores[position],
                paths[position],
                edges[position][via[position]][0] if position else None,
            )
            for position in range(len(word) + 1)
        )
        best = self._segmentation([piece for _, piece, _ in _trace_back(edges, via)], best_scores[-1], total)
        unknown = tuple(letter for letter in dict.fromkeys(word) if not self.knows(letter))
        return Lattice(word, nodes, tuple(listed), best, total, paths[-1], unknown)

    def n_best(self, word: str, n: int) -> tuple[Segmentation, ...]:
        """The ``n`` most probable ways, best first; fewer when there are fewer.

        >>> model = UnigramModel({"a": math.log(0.5), "b": math.log(0.25), "ab": math.log(0.25)})
        >>> [way.tokens for way in model.n_best("ab", 5)]
        [('ab',), ('a', 'b')]
        """
        edges = self._edges_to(word)
        # The n best ways to each node, each as (score, place of the edge, place among the ways to its start).
        ways: list[list[tuple[float, int, int]]] = [[(0.0, -1, -1)]]
        for end in range(1, len(edges)):
            found = [
                (ways[start][rank][0] + score, number, rank)
                for number, (start, _, score) in enumerate(edges[end])
                for rank in range(len(ways[start]))
            ]
            found.sort(key=lambda way: -way[0])
            ways.append(found[:n])
        total = _forward(edges)[-1]
        result: list[Segmentation] = []
        for score, _, _ in ways[-1]:
            pieces: list[str] = []
            end, rank = len(word), len(result)
            while end:
                _, number, rank_before = ways[end][rank]
                start, piece, _ = edges[end][number]
                pieces.append(piece)
                end, rank = start, rank_before
            result.append(self._segmentation(pieces[::-1], score, total))
        return tuple(result)

    def sample(self, word: str, *, seed: int, times: int = 1, alpha: float = 1.0) -> tuple[Sample, ...]:
        """Draw ways to cut a word by their probability to the power ``alpha``, most often drawn first.

        Exact sampling (forward filtering, backward sampling): sum the probabilities up to every node, then walk back
        from the end, choosing each edge by its share. Kudo 2018, section 3.4; ``alpha`` below 1 flattens (0: every
        way alike), above 1 sharpens.

        Raises:
            InputProblem: ``bad_setting`` for a negative alpha or times below 1.
        """
        if alpha < 0 or not math.isfinite(alpha):
            raise InputProblem(Problem("bad_setting", {"name": "alpha", "value": alpha}))
        if times < 1:
            raise InputProblem(Problem("bad_setting", {"name": "times", "value": times}))
        chance = random.Random(seed)
        true_edges = self._edges_to(word)
        edges = [
            [(start, piece, alpha * score) for start, piece, score in incoming] for incoming in true_edges
        ]
        forward = _forward(edges)
        total = _forward(true_edges)[-1]
        score_of = {(start, piece): score for incoming in true_edges for start, piece, score in incoming}
        drawn: Counter[tuple[str, ...]] = Counter()
        log_probs: dict[tuple[str, ...], float] = {}
        for _ in range(times):
            pieces: list[str] = []
            log_prob = 0.0
            end = len(word)
            while end:
                weights = [math.exp(forward[start] + score - forward[end]) for start, _, score in edges[end]]
                start, piece, _ = chance.choices(edges[end], weights)[0]
                pieces.append(piece)
                log_prob += score_of[start, piece]
                end = start
            way = tuple(reversed(pieces))
            drawn[way] += 1
            log_probs[way] = log_prob
        return tuple(
            Sample(self._segmentation(list(way), log_probs[way], total), count)
            for way, count in drawn.most_common()
        )

    def _edges_to(self, word: str) -> list[list[_Incoming]]:
        """For every node the pieces that end there. A letter that is no piece gets an edge of its own."""
        edges: list[list[_Incoming]] = [[] for _ in range(len(word) + 1)]
        for end in range(1, len(word) + 1):
            for start in range(max(0, end - self._longest), end):
                piece = word[start:end]
                score = self.pieces.get(piece)
                if score is not None and score > -math.inf:
                    edges[end].append((start, piece, score))
            if not self.knows(word[end - 1]):
                edges[end].append((end - 1, word[end - 1], self.unknown_score))
        return edges

    def _segmentation(self, pieces: list[str], log_prob: float, total: float) -> Segmentation:
        ids = tuple(self.token_ids[piece] if self.knows(piece) else None for piece in pieces)
        return Segmentation(tuple(pieces), ids, log_prob, min(1.0, math.exp(log_prob - total)))


_Incoming = tuple[int, str, float]
"""An edge as seen from its end: start, piece, score."""


def _viterbi(edges: list[list[_Incoming]]) -> tuple[list[float], list[int]]:
    """Score of the best way to each node, and the number of the edge it arrives by (-1 at the beginning)."""
    best, via = [0.0], [-1]
    for incoming in edges[1:]:
        scores = [best[start] + score for start, _, score in incoming]
        winner = max(range(len(scores)), key=scores.__getitem__)
        best.append(scores[winner])
        via.append(winner)
    return best, via


def _trace_back(edges: list[list[_Incoming]], via: list[int]) -> list[_Incoming]:
    """The edges of the best way, in order."""
    way: list[_Incoming] = []
    end = len(edges) - 1
    while end:
        way.append(edges[end][via[end]])
        end = way[-1][0]
    return way[::-1]


def _forward(edges: list[list[_Incoming]]) -> list[float]:
    """Log of the summed probability of all ways from the beginning to each node."""
    sums = [0.0]
    for incoming in edges[1:]:
        sums.append(_log_sum([sums[start] + score for start, _, score in incoming]))
    return sums


def _backward(edges: list[list[_Incoming]]) -> list[float]:
    """Log of the summed probability of all ways from each node to the end."""
    terms: list[list[float]] = [[] for _ in edges]
    sums = [0.0] * len(edges)
    for end in range(len(edges) - 1, 0, -1):
        if end < len(edges) - 1:
            sums[end] = _log_sum(terms[end])
        for start, _, score in edges[end]:
            terms[start].append(sums[end] + score)
    if len(edges) > 1:
        sums[0] = _log_sum(terms[0])
    return sums


def _log_sum(values: list[float]) -> float:
    """log of the sum of exp(values); minus infinity for none."""
    if not values:
        return -math.inf
    highest = max(values)
    if highest == -math.inf:
        return highest
    return highest + math.log(sum(math.exp(value - highest) for value in values))


# Training


def seed_vocabulary(
    words: Mapping[str, int] | WordTable,
    *,
    max_letters: int = MAX_PIECE_LETTERS,
    max_pieces: int = SEED_SIZE,
    min_count: int = 2,
) -> tuple[SeedPiece, ...]:
    """All single letters, then the substrings of 2 to ``max_letters`` letters that occur at least ``min_count``
    times, highest count * letters first (ties: met first), at most ``max_pieces`` of them.

    >>> [piece.text for piece in seed_vocabulary({"aba": 1, "ab": 1})]
    ['a', 'b', 'ab']
    """
    letters: Counter[str] = Counter()
    substrings: Counter[str] = Counter()
    for word, count in words.items():
        for start in range(len(word)):
            letters[word[start]] += count
            for end in range(start + 2, min(len(word), start + max_letters) + 1):
                substrings[word[start:end]] += count
    offered = [
        SeedPiece(text, count, count * len(text)) for text, count in substrings.items() if count >= min_count
    ]
    offered.sort(key=lambda piece: -piece.score)
    singles = [SeedPiece(text, count, count) for text, count in letters.items()]
    return (*singles, *offered[:max_pieces])


class UnigramTrainer:
    """Trains a round at a time: ``em_rounds`` EM rounds, then one pruning.

    Raises:
        InputProblem: ``empty_table``, ``missing_word``, ``zero_count``, ``negative_count`` or ``bad_setting``.
    """

    def __init__(
        self,
        words: Mapping[str, int] | WordTable,
        vocab_size: int,
        *,
        em_rounds: int = EM_ROUNDS,
        keep_share: float = KEEP_SHARE,
        max_letters: int = MAX_PIECE_LETTERS,
        seed_size: int = SEED_SIZE,
        min_count: int = 2,
    ) -> None:
        table = dict(words.items())
        _check(table, vocab_size, em_rounds, keep_share, max_letters)
        self._table, self._wanted = table, vocab_size
        self._em_rounds, self._keep_share = em_rounds, keep_share
        self._seed = seed_vocabulary(
            table, max_letters=max_letters, max_pieces=seed_size, min_count=min_count
        )
        self._lattices = WordLattices(table, [piece.text for piece in self._seed])
        # The seed's scores are the first guess of the probabilities. A pruned piece keeps its place with 0.
        scores = np.asarray([piece.score for piece in self._seed], np.float64)
        self._probs: Floats = scores / scores.sum()
        self._alive: npt.NDArray[np.bool_] = np.ones(len(self._seed), bool)
        self._is_letter = np.asarray([len(piece.text) == 1 for piece in self._seed])
        self._rounds: list[UnigramRound] = []
        self._stop_reason: UnigramStop | None = None

    @property
    def progress(self) -> UnigramProgress:
        """How far the run is."""
        loss = self._rounds[-1].em_steps[-1].loss_after if self._rounds else math.inf
        return UnigramProgress(len(self._rounds), int(self._alive.sum()), self._wanted, loss)

    @property
    def finished(self) -> bool:
        """The vocabulary is as small as it gets."""
        return self._stop_reason is not None

    def advance(self) -> bool:
        """One more round; True when the run is finished."""
        if self.finished:
            return True
        before = self._pieces()
        em_steps: list[EmStep] = []
        size = int(self._alive.sum())
        loss, expected = self._lattices.expected_counts(self._probs)
        for iteration in range(1, self._em_rounds + 1):
            tokens = float(expected.sum())
            kept = np.where(self._is_letter, np.maximum(expected, LETTER_FLOOR), expected)
            self._probs = kept / kept.sum()
            loss_after, expected = self._lattices.expected_counts(self._probs)
            em_steps.append(EmStep(iteration, loss, loss_after, size, tokens))
            loss = loss_after
        pieces = self._pieces()
        losses: tuple[PieceLoss, ...] = ()
        pruned: tuple[str, ...] = ()
        if size <= self._wanted:
            self._stop_reason = "vocab_size"
        elif self._is_letter[self._alive].all():
            self._stop_reason = "nothing_to_prune"
        else:
            keep = max(self._wanted, int(size * self._keep_share))
            losses, pruned = self._prune(size - keep, expected)
        self._rounds.append(
            UnigramRound(len(self._rounds) + 1, before, tuple(em_steps), pieces, losses, pruned)
        )
        return self.finished

    def _prune(self, how_many: int, expected: Floats) -> tuple[tuple[PieceLoss, ...], tuple[str, ...]]:
        """Drop the pieces of two letters or more that cost least, at most ``how_many``."""
        costs = self._lattices.removal_losses(self._probs)
        alive = np.flatnonzero(self._alive)
        # Cheapest first; among equals the less used one, then the one later in the seed.
        order = alive[np.lexsort((-alive, expected[alive], costs[alive]))]
        gone = order[~self._is_letter[order]][:how_many]
        self._alive[gone] = False
        losses = tuple(
            PieceLoss(
                self._seed[number].text,
                float(self._probs[number]),
                float(expected[number]),
                float(costs[number]),
                bool(self._is_letter[number]),
                not self._alive[number],
            )
            for number in order.tolist()
        )
        self._probs = np.where(self._alive, self._probs, 0.0)
        self._probs /= self._probs.sum()
        return losses, tuple(self._seed[number].text for number in gone.tolist())

    def _pieces(self) -> tuple[Piece, ...]:
        with np.errstate(divide="ignore"):
            log_probs = np.log(self._probs).tolist()
        return tuple(
            Piece(self._seed[number].text, float(self._probs[number]), log_probs[number])
            for number in np.flatnonzero(self._alive).tolist()
        )

    def run(
        self,
        on_progress: Callable[[UnigramProgress], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> UnigramTrace:
        """Train to the end, telling ``on_progress`` and asking ``should_stop`` after every round."""
        while not self.advance():
            if on_progress:
                on_progress(self.progress)
            if should_stop and should_stop():
                break
        return self.trace()

    def __iter__(self) -> Iterator[UnigramProgress]:
        """One progress per round, until the run is finished."""
        while not self.finished:
            self.advance()
            yield self.progress

    def trace(self) -> UnigramTrace:
        """The run so far; ``stop_reason`` is ``stopped`` when it was not finished."""
        return UnigramTrace(
            tuple(self._table),
            tuple(self._table.values()),
            self._seed,
            tuple(self._rounds),
            self._stop_reason or "stopped",
        )


class WordLattices:
    """The lattices of all training words. Words of one length share an array, so that a sum over all ways to cut
    them is a handful of array operations per letter.

    Args:
        words: words with counts. Longer ones than ``CHUNK`` letters are trained in chunks of that many.
        pieces: the vocabulary; results are arrays of shape (pieces,) in its order.
    """

    CHUNK = 500

    def __init__(self, words: Mapping[str, int], pieces: Sequence[str]) -> None:
        self._size = len(pieces)
        longest = max(map(len, pieces))
        number_of = {piece: number for number, piece in enumerate(pieces)}
        chunks: Counter[str] = Counter()
        for word, count in words.items():
            for start in range(0, len(word), self.CHUNK):
                chunks[word[start : start + self.CHUNK]] += count
        by_length: dict[int, list[str]] = {}
        for chunk in chunks:
            by_length.setdefault(len(chunk), []).append(chunk)
        # For each length: counts (words,) and piece numbers (words, end, letters - 1); `size` stands for no piece.
        self._groups: list[tuple[Floats, npt.NDArray[np.int32]]] = []
        for length, group in by_length.items():
            numbers = np.full((len(group), length + 1, min(length, longest)), self._size, np.int32)
            for row, word in enumerate(group):
                for end in range(1, length + 1):
                    for start in range(max(0, end - longest), end):
                        number = number_of.get(word[start:end])
                        if number is not None:
                            numbers[row, end, end - start - 1] = number
            self._groups.append((np.asarray([chunks[word] for word in group], np.float64), numbers))

    def expected_counts(self, probs: Floats) -> tuple[float, Floats]:
        """E step: how often each piece is used, over all ways to cut the words weighted by their probabilities.

        Returns:
            loss: minus the log-likelihood of the words, in nats.
            expected: shape (pieces,).
        """
        expected = np.zeros(self._size + 1)
        loss = 0.0
        for counts, numbers, totals, posterior in self._posteriors(probs):
            loss -= float(counts @ totals)
            np.add.at(expected, numbers, posterior * counts[:, None, None])
        return loss, expected[:-1]

    def removal_losses(self, probs: Floats) -> Floats:
        """For each piece, how much the log-likelihood of the words falls without it, in nats; the other probabilities
        stay as they are. Infinite when some word cannot be cut without it. Shape (pieces,).

        A word that holds the piece at one place loses -log(1 - posterior of that edge): the ways that avoid the edge
        are all the ways that are left. With two places or more, or when almost nothing is left and the difference
        from 1 would be rounding, the word is summed again without the piece.
        """
        losses = np.zeros(self._size + 1)
        scores = _scores(probs)
        for counts, numbers, totals, posterior in self._posteriors(probs):
            rows, ends, lengths = np.nonzero(posterior > 0)
            used = numbers[rows, ends, lengths]
            shares = posterior[rows, ends, lengths]
            edge_of = rows.astype(np.int64) * (self._size + 1) + used
            different, first, times = np.unique(edge_of, return_index=True, return_counts=True)
            simple = (times == 1) & (shares[first] < 1 - 1e-6)
            which = first[simple]
            np.add.at(losses, used[which], -counts[rows[which]] * np.log1p(-shares[which]))
            again = different[~simple]
            if len(again):
                row, piece = again // (self._size + 1), again % (self._size + 1)
                for begin in range(0, len(again), 2048):  # a bounded piece of memory at a time
                    part = slice(begin, begin + 2048)
                    without = numbers[row[part]]
                    without = np.where(without == piece[part, None, None], self._size, without)
                    left = _forward_sums(scores[without])[:, -1]
                    np.add.at(losses, piece[part], counts[row[part]] * (totals[row[part]] - left))
        return losses[:-1]

    def _posteriors(self, probs: Floats) -> Iterator[tuple[Floats, npt.NDArray[np.int32], Floats, Floats]]:
        """For each length: counts, piece numbers, log of each word's summed probability, and for each edge the
        probability that a way uses it."""
        scores = _scores(probs)
        for counts, numbers in self._groups:
            edges = scores[numbers]
            forward = _forward_sums(edges)
            backward = _backward_sums(edges)
            totals = forward[:, -1]
            posterior = np.zeros_like(edges)
            for length in range(edges.shape[2]):
                before = forward[:, : edges.shape[1] - 1 - length]
                ways = before + edges[:, length + 1 :, length] + backward[:, length + 1 :]
                posterior[:, length + 1 :, length] = np.exp(ways - totals[:, None])
            yield counts, numbers, totals, np.minimum(posterior, 1.0)


def _scores(probs: Floats) -> Floats:
    """Log-probabilities, and one more entry for "no piece"."""
    with np.errstate(divide="ignore"):
        result: Floats = np.log(np.append(probs, 0.0))
    return result


def _forward_sums(edges: Floats) -> Floats:
    """Log of the summed probability of all ways to each node, for words of one length; (words, letters + 1)."""
    sums = np.full(edges.shape[:2], -np.inf)
    sums[:, 0] = 0.0
    for end in range(1, edges.shape[1]):
        reach = min(end, edges.shape[2])
        before = sums[:, end - reach : end][:, ::-1]
        sums[:, end] = np.logaddexp.reduce(edges[:, end, :reach] + before, axis=1)
    return sums


def _backward_sums(edges: Floats) -> Floats:
    """Log of the summed probability of all ways from each node to the end; (words, letters + 1)."""
    sums = np.full(edges.shape[:2], -np.inf)
    sums[:, -1] = 0.0
    last = edges.shape[1] - 1
    for start in range(last - 1, -1, -1):
        ends = np.arange(start + 1, min(last, start + edges.shape[2]) + 1)
        sums[:, start] = np.logaddexp.reduce(edges[:, ends, ends - start - 1] + sums[:, ends], axis=1)
    return sums


def _check(
    table: Mapping[str, int], vocab_size: int, em_rounds: int, keep_share: float, max_letters: int
) -> None:
    if not table:
        raise InputProblem(Problem("empty_table", {}))
    settings: dict[str, tuple[int | float, bool]] = {
        "vocab_size": (vocab_size, vocab_size >= 1),
        "em_rounds": (em_rounds, em_rounds >= 1),
        "keep_share": (keep_share, 0 < keep_share < 1),
        "max_letters": (max_letters, max_letters >= 1),
    }
    for name, (value, good) in settings.items():
        if not good:
            raise InputProblem(Problem("bad_setting", {"name": name, "value": value}))
    for word, count in table.items():
        if not word:
            raise InputProblem(Problem("missing_word", {}))
        if count < 1:
            code: Literal["zero_count", "negative_count"] = "zero_count" if count == 0 else "negative_count"
            raise InputProblem(Problem(code, {"word": word, "count": count}))
