"""Choose tokens to predict and corrupt them: BERT's 15% with 80/10/10, whole words, SpanBERT's spans.

Devlin et al. 2019 (BERT), https://arxiv.org/abs/1810.04805, section 3.1 task 1 and appendix C.2 for the 15% and
the 80/10/10; whole-word masking from the released code of 2019; Joshi et al. 2020 (SpanBERT),
https://arxiv.org/abs/1907.10529, section 3.1 for spans; Liu et al. 2019 (RoBERTa),
https://arxiv.org/abs/1907.11692, section 4.1 for static against dynamic masking.

Everything takes a whole batch or many draws at once; arrays are numpy, (draw or batch, seq).

>>> ids = np.array([101, 7, 8, 9, 102])
>>> special = np.array([1, 0, 0, 0, 1], bool)
>>> masked = mask_tokens(ids, special, mask_token_id=103, vocab_size=200, mlm_probability=1.0,
...                      mask_replace_prob=1.0, random_replace_prob=0.0, seed=0)
>>> masked.input_ids.tolist(), masked.labels.tolist()
([101, 103, 103, 103, 102], [-100, 7, 8, 9, -100])
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Randomness = int | np.random.Generator

MLM_PROBABILITY = 0.15  # BERT, section 3.1
MASK_REPLACE_PROB = 0.8
RANDOM_REPLACE_PROB = 0.1  # the remaining 0.1 keep their token
SPAN_GEOMETRIC_P = 0.2  # SpanBERT, section 3.1
MAX_SPAN_WORDS = 10
POSITIONS_AT_ONCE = 65_536  # dice thrown in one go: 256 kB of numbers
IGNORED_LABEL = -100  # what PyTorch's cross entropy and transformers leave out of the loss


class Action(IntEnum):
    """What happened to a position."""

    NOT_CHOSEN = 0
    MASKED = 1
    RANDOM = 2
    KEPT = 3


@dataclass(frozen=True)
class MaskedTokens:
    """Corrupted input and what is to be predicted. All arrays share one shape, (seq,) or (draws, seq)."""

    input_ids: IntArray
    labels: IntArray  # the original token where it is predicted, -100 elsewhere
    actions: npt.NDArray[np.int8]  # values of Action

    @property
    def chosen(self) -> BoolArray:
        """Positions that give loss."""
        return np.asarray(self.actions != Action.NOT_CHOSEN)

    def count(self, action: Action) -> int:
        """How many positions, over all draws, met this action."""
        return int((self.actions == action).sum())


def choose_tokens(
    special_tokens_mask: npt.ArrayLike,
    mlm_probability: float = MLM_PROBABILITY,
    *,
    seed: Randomness,
    num_draws: int | None = None,
) -> BoolArray:
    """Choose each ordinary token on its own with ``mlm_probability``.

    ``special_tokens_mask`` is (seq,) or (batch, seq), true where nothing may be chosen. With ``num_draws`` the
    result has a first axis of that many independent draws.

    Raises ``ValueError`` if the rate is not in 0…1.
    """
    special = np.asarray(special_tokens_mask, bool)
    _check_share("mlm_probability", mlm_probability)
    shape = special.shape if num_draws is None else (num_draws, *special.shape)
    rng = np.random.default_rng(seed)
    chosen = np.asarray(rng.random(shape, np.float32) < mlm_probability)
    chosen &= ~special
    return chosen


def choose_whole_words(
    word_ids: Sequence[int | None],
    mlm_probability: float = MLM_PROBABILITY,
    *,
    seed: Randomness,
    num_draws: int = 1,
) -> BoolArray:
    """Choose whole words with ``mlm_probability``: all pieces of a word or none. Result (num_draws, seq).

    ``word_ids`` are a fast tokenizer's: the word index of each token, None for special tokens.

    Raises ``ValueError`` if the rate is not in 0…1.
    """
    _check_share("mlm_probability", mlm_probability)
    word_of_token, num_words = _word_index(word_ids)
    rng = np.random.default_rng(seed)
    words = rng.random((num_draws, num_words), np.float32) < mlm_probability
    return _tokens_of_words(words, word_of_token)


def choose_spans(
    word_ids: Sequence[int | None],
    mlm_probability: float = MLM_PROBABILITY,
    *,
    seed: Randomness,
    num_draws: int = 1,
    geometric_p: float = SPAN_GEOMETRIC_P,
    max_span_words: int = MAX_SPAN_WORDS,
) -> tuple[BoolArray, IntArray]:
    """Choose spans of whole words until ``mlm_probability`` of the tokens are spent (SpanBERT, section 3.1).

    Lengths in words are geometric with ``geometric_p``, drawn again when above ``max_span_words``; starts are
    uniform over words. A span that would overlap an earlier one or pass the end or the budget is drawn again.
    Returns (chosen, span_ids), both (num_draws, seq); ``span_ids`` counts spans from 0 in the order drawn, -1
    outside. At least one word is chosen if the rate is above 0 and there is one that fits.

    Raises ``ValueError`` if the rate is not in 0…1.
    """
    _check_share("mlm_probability", mlm_probability)
    word_of_token, num_words = _word_index(word_ids)
    span_ids = np.full((num_draws, len(word_of_token)), -1, np.int64)
    if num_words == 0 or mlm_probability == 0:
        return span_ids >= 0, span_ids
    rng = np.random.default_rng(seed)
    pieces = np.bincount(word_of_token[word_of_token >= 0], minlength=num_words)
    starts_at = np.concatenate([[0], np.cumsum(pieces)])
    budget = max(int(pieces.min()), round(mlm_probability * int(pieces.sum())))
    # P(length) of the geometric distribution, cut at the longest span and normalised again.
    longest = min(max_span_words, num_words)
    lengths = np.arange(1, longest + 1)
    length_probs = geometric_p * (1 - geometric_p) ** (lengths - 1)
    up_to_length = np.cumsum(length_probs / length_probs.sum()).tolist()
    words_start = starts_at.tolist()
    for draw in range(num_draws):
        span_of_word = [-1] * num_words
        spent, span = 0, 0
        for _ in range(
            20 * num_words
        ):  # enough tries to fill the budget; text that cannot be filled ends here
            if spent >= budget:
                break
            length = 1 + bisect_right(up_to_length, rng.random(), hi=longest - 1)
            start = int(rng.integers(0, num_words))
            end = start + length
            if end > num_words or max(span_of_word[start:end]) >= 0:
                continue
            cost = words_start[end] - words_start[start]
            if spent + cost > budget:
                continue
            span_of_word[start:end] = [span] * length
            span += 1
            spent += cost
        inside = word_of_token >= 0
        span_ids[draw, inside] = np.array(span_of_word)[word_of_token[inside]]
    return span_ids >= 0, span_ids


def corrupt_tokens(
    input_ids: npt.ArrayLike,
    chosen: BoolArray,
    *,
    mask_token_id: int,
    vocab_size: int,
    mask_replace_prob: float = MASK_REPLACE_PROB,
    random_replace_prob: float = RANDOM_REPLACE_PROB,
    first_random_id: int = 0,
    span_ids: IntArray | None = None,
    seed: Randomness,
) -> MaskedTokens:
    """Throw one die per chosen token: [MASK], a random token, or the token itself.

    ``input_ids`` is broadcast to the shape of ``chosen``, so one text gives many draws. Random tokens are uniform
    over ``first_random_id`` … ``vocab_size - 1``. With ``span_ids`` (as from ``choose_spans``) one die decides a
    whole span, as in SpanBERT.

    Raises ``ValueError`` if a share is not in 0…1, or both are more than 1 together.
    """
    _check_share("mask_replace_prob", mask_replace_prob)
    _check_share("random_replace_prob", random_replace_prob)
    if mask_replace_prob + random_replace_prob > 1 + 1e-9:
        raise ValueError("mask_replace_prob + random_replace_prob must be at most 1")
    rng = np.random.default_rng(seed)
    ids = np.empty(chosen.shape, np.int64)
    ids[...] = input_ids
    labels, actions = np.full(chosen.shape, IGNORED_LABEL, np.int64), np.zeros(chosen.shape, np.int8)
    length = max(1, chosen.shape[-1])
    block = max(1, POSITIONS_AT_ONCE // length) * length
    randomised = [np.zeros(0, np.int64)]
    # Whole rows at a time, as many as stay in the processor's cache. Every position throws, so that a seed throws the
    # same dice whatever was chosen; then only the chosen ones are looked at.
    for start in range(0, chosen.size, block):
        part = slice(start, start + block)
        die = rng.random(min(block, chosen.size - start), np.float32)
        at = np.flatnonzero(chosen.reshape(-1)[part])
        thrown = die[at]
        if span_ids is not None:
            span = span_ids.reshape(-1)[part][at]
            thrown = np.where(span >= 0, die[at - at % length + span % length], thrown)
        is_masked = thrown < mask_replace_prob
        is_random = ~is_masked & (thrown < mask_replace_prob + random_replace_prob)
        masked, action, token = at[is_masked], actions.reshape(-1)[part], ids.reshape(-1)[part]
        labels.reshape(-1)[part][at] = token[at]
        token[masked] = mask_token_id
        action[at] = Action.KEPT
        action[masked] = Action.MASKED
        action[at[is_random]] = Action.RANDOM
        randomised.append(start + at[is_random])
    others = np.concatenate(randomised)
    ids.reshape(-1)[others] = rng.integers(first_random_id, vocab_size, others.size)
    return MaskedTokens(ids, labels, actions)


def mask_tokens(
    input_ids: npt.ArrayLike,
    special_tokens_mask: npt.ArrayLike,
    *,
    mask_token_id: int,
    vocab_size: int,
    mlm_probability: float = MLM_PROBABILITY,
    mask_replace_prob: float = MASK_REPLACE_PROB,
    random_replace_prob: float = RANDOM_REPLACE_PROB,
    first_random_id: int = 0,
    seed: Randomness,
    num_draws: int | None = None,
) -> MaskedTokens:
    """Choose tokens, then corrupt them: BERT's whole recipe, for one text, a batch, or ``num_draws`` draws.

    Raises ``ValueError`` as :func:`choose_tokens` and :func:`corrupt_tokens` do.
    """
    rng = np.random.default_rng(seed)
    chosen = choose_tokens(special_tokens_mask, mlm_probability, seed=rng, num_draws=num_draws)
    return corrupt_tokens(
        input_ids,
        chosen,
        mask_token_id=mask_token_id,
        vocab_size=vocab_size,
        mask_replace_prob=mask_replace_prob,
        random_replace_prob=random_replace_prob,
        first_random_id=first_random_id,
        seed=rng,
    )


def draws_over_epochs(num_epochs: int, static_copies: int | None) -> IntArray:
    """Which masking draw each epoch sees, (num_epochs,): the draws to index when training.

    Dynamic masking (``static_copies`` None) sees a new draw every epoch. Static masking prepares that many
    copies once and goes round them: BERT used 10 copies over 40 epochs, so each was seen 4 times.
    Raises ``ValueError`` for fewer than one epoch, or fewer than one copy.

    >>> draws_over_epochs(5, None).tolist(), draws_over_epochs(5, 2).tolist()
    ([0, 1, 2, 3, 4], [0, 1, 0, 1, 0])
    """
    if num_epochs < 1:
        raise ValueError("num_epochs must be at least 1")
    if static_copies is not None and static_copies < 1:
        raise ValueError("static_copies must be at least 1")
    epochs = np.arange(num_epochs, dtype=np.int64)
    return epochs if static_copies is None else epochs % static_copies


def _check_share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must lie in 0…1, not {value}")


def _word_index(word_ids: Sequence[int | None]) -> tuple[IntArray, int]:
    """(token -> position of its word in reading order or -1, number of words)."""
    order: dict[int, int] = {}
    index = [-1 if word is None else order.setdefault(word, len(order)) for word in word_ids]
    return np.array(index, np.int64), len(order)


def _tokens_of_words(words: BoolArray, word_of_token: IntArray) -> BoolArray:
    """(draws, words) -> (draws, seq); tokens outside words are false."""
    padded = np.concatenate([words, np.zeros((len(words), 1), bool)], axis=1)
    return np.asarray(padded[:, word_of_token])  # index -1 is the added false column
