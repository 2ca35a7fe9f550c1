"""Tasks that a prompt can teach: codes that turn one word into another, and prompts that show pairs of them.

A prompt is a row of pairs, ``<s> sun -> lamp ; frog -> ring ; sun -> lamp ; …``; what stands after an arrow is what a
model has to say. Half of the prompts of training use one of eight fixed **dictionaries**, each a permutation of all 32
words, which a model can learn by heart. The other half use a **new code**, a permutation drawn for this one prompt and
used for a few of its words: it can only be read from the pairs before. Predicting the answers of such prompts is the
set-up of Garg et al. 2022, arXiv:2208.01066, with words in place of numbers; that a prompt can make a model recognise a
task or learn one is the distinction of Pan et al. 2023, arXiv:2305.09731.

The words mean nothing to the model: each is one of 32 signs. No torch here.

>>> len(WORDS), VOCABULARY[:4]
(32, ('<s>', '->', ';', 'sun'))
>>> prompts = fresh_prompts("new", seed=0, count=2)
>>> prompts.token_ids().shape
(2, 69)
>>> int(closest_codes(prompts, seed=0, num_steps=100).max()) < 8
True
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from components.lm.reading import clean

Kind = Literal["new", "known"]
"""A code made up for one prompt, or one of the dictionaries of training."""
KINDS: tuple[Kind, ...] = ("new", "known")
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_WORD_LIST = (
    "sun moon star tree leaf rose bird fish frog bear wolf lion king crow ship boat "
    "road hill lake rain snow wind fire lamp door book ring bell cake milk salt gold"
)
WORDS = tuple(_WORD_LIST.split())
BEGIN, ARROW, END = "<s>", "->", ";"
VOCABULARY = (BEGIN, ARROW, END, *WORDS)
"""Every token of the model; the position in this tuple is the token id."""
FIRST_WORD_ID = 3
NUM_DICTIONARIES = 8
NUM_PAIRS = 32
"""Pairs of a training prompt."""
TOKENS_PER_PAIR = 4  # word, arrow, word, semicolon
CONTEXT = 1 + NUM_PAIRS * TOKENS_PER_PAIR
SMALLEST_CODE, LARGEST_CODE = 4, 16
"""Words that a new code of training uses."""
NUM_WORDS = 8
"""Words that a fresh prompt uses."""
MOST_DEMONSTRATIONS = 16
_TRAINING, _FRESH, _DICTIONARIES = 1, 2, 3  # streams of random numbers that never meet


def _permutations(rng: np.random.Generator, count: int) -> Ints:
    """(count, 32): random orders of the words. Sorting random numbers is the same in every version of numpy."""
    return np.argsort(rng.random((count, len(WORDS))), axis=1, kind="stable").astype(np.int64)


@lru_cache(maxsize=1)
def dictionaries() -> Ints:
    """The fixed dictionaries, (dictionary, word): the answer to each word. The same for every model."""
    return _permutations(np.random.default_rng([0, _DICTIONARIES]), NUM_DICTIONARIES)


@dataclass(frozen=True, eq=False)
class Prompts:
    """Rows of pairs. Words are numbers 0…31 into ``WORDS``.

    ``words`` and ``answers`` are (prompt, pair); ``codes`` (prompt, 32) is the whole code of each row, -1 where it is
    not used; ``dictionary`` (prompt,) says which dictionary it is, -1 for a new code.
    """

    words: Ints
    answers: Ints
    codes: Ints
    dictionary: Ints

    def __len__(self) -> int:
        return len(self.words)

    def token_ids(self) -> Ints:
        """The prompts as a model reads them, (prompt, 1 + 4 x pairs)."""
        count, pairs = self.words.shape
        ids = np.zeros((count, 1 + TOKENS_PER_PAIR * pairs), np.int64)
        ids[:, 1::4] = self.words + FIRST_WORD_ID
        ids[:, 2::4] = VOCABULARY.index(ARROW)
        ids[:, 3::4] = self.answers + FIRST_WORD_ID
        ids[:, 4::4] = VOCABULARY.index(END)
        return ids

    def shown(self) -> npt.NDArray[np.bool_]:
        """(prompt, pair): whether the word of a pair stood in an earlier pair."""
        same = self.words[:, :, None] == self.words[:, None, :]
        return np.asarray((same & np.tri(self.words.shape[1], k=-1, dtype=bool)).any(-1))


def _draw(
    rng: np.random.Generator, known: npt.NDArray[np.bool_], sizes: Ints, used: Ints, pairs: int
) -> Prompts:
    """Prompts of ``used`` words each, of which ``sizes`` are drawn from; the code is a dictionary where ``known``."""
    count = len(known)
    dictionary = np.where(known, (rng.random(count) * NUM_DICTIONARIES).astype(np.int64), -1)
    own = _permutations(rng, count)
    whole = np.where(known[:, None], dictionaries()[dictionary], own)
    order = _permutations(rng, count)
    picks = (rng.random((count, pairs)) * sizes[:, None]).astype(np.int64)
    words = np.take_along_axis(order, picks, 1)
    rank = np.argsort(order, axis=1)
    codes = np.where(rank < used[:, None], whole, -1)
    return Prompts(words, np.take_along_axis(whole, words, 1), codes, dictionary)


def training_prompts(seed: int, step: int, count: int) -> Prompts:
    """The prompts of one training step: half dictionaries over all words, half new codes over 4 to 16 of them."""
    rng = np.random.default_rng([seed, _TRAINING, step])
    known = rng.random(count) < 0.5
    span = LARGEST_CODE - SMALLEST_CODE + 1
    small = SMALLEST_CODE + (rng.random(count) * span).astype(np.int64)
    sizes = np.where(known, len(WORDS), small)
    return _draw(rng, known, sizes, sizes, NUM_PAIRS)


def fresh_prompts(
    kind: Kind,
    seed: int,
    count: int = 200,
    num_words: int = NUM_WORDS,
    num_pairs: int = MOST_DEMONSTRATIONS + 1,
) -> Prompts:
    """Prompts to measure with: ``num_words`` words each, so that a word soon comes again."""
    rng = np.random.default_rng([seed, _FRESH, KINDS.index(kind)])
    sizes = np.full(count, num_words)
    return _draw(rng, np.full(count, kind == "known"), sizes, sizes, num_pairs)


def closest_codes(prompts: Prompts, seed: int, num_steps: int, batch_size: int = 16) -> Ints:
    """How many pairs of each prompt's code the most similar new code of a training holds; (prompt,).

    The training is drawn again from its seed, every prompt of it, so this is a search and not an estimate. A code that
    training had shown whole would give the number of its words.
    """
    closest = np.zeros(len(prompts), np.int64)
    used = prompts.codes >= 0
    for step in range(num_steps):
        trained = training_prompts(seed, step, batch_size)
        new = trained.codes[trained.dictionary < 0]
        same = (prompts.codes[:, None] == new[None]) & used[:, None]
        if new.size:
            closest = np.maximum(closest, same.sum(-1).max(-1))
    return closest


# -- what the best possible reader would score -------------------------------------------------------------------------


def chance_of_unseen(num_words: int, demonstrations: int) -> float:
    """Chance that a guess is right when the word was not shown: all answers but those already given are possible.

    >>> round(chance_of_unseen(8, 0), 4)
    0.0312
    """
    # distribution of how many different ones of the other words were drawn so far
    others = num_words - 1
    distinct = np.zeros(others + 1)
    distinct[0] = 1.0
    for _ in range(demonstrations):
        again = distinct * np.arange(others + 1) / max(1, others)
        distinct = again + np.concatenate(
            ([0.0], (distinct * (1 - np.arange(others + 1) / max(1, others)))[:-1])
        )
    return float((distinct / (len(WORDS) - np.arange(others + 1))).sum())


def best_new(demonstrations: int, num_words: int = NUM_WORDS) -> float:
    """The best possible accuracy on a new code after so many demonstrations: what was shown, and luck.

    1 - (1 - 1/n)^k is the chance that the word asked for was shown among k pairs of n words.

    >>> [round(best_new(k), 3) for k in (0, 1, 8)]
    [0.031, 0.153, 0.669]
    """
    not_shown = (1 - 1 / num_words) ** demonstrations
    return 1 - not_shown + not_shown * chance_of_unseen(num_words, demonstrations)


def best_known(prompts: Prompts) -> Floats:
    """The best possible accuracy for each pair of prompts of dictionaries, by Bayes' rule; (prompt, pair).

    Every dictionary that agrees with all pairs before is equally likely; the best answer is the one that most of these
    give, and it is right in that share of cases. A word that was shown is certain.
    """
    votes = dictionaries()[:, prompts.words]  # (dictionary, prompt, pair)
    agrees = votes == prompts.answers
    before = np.ones_like(agrees)
    before[:, :, 1:] = np.logical_and.accumulate(agrees, axis=2)[:, :, :-1]
    most = np.zeros(prompts.words.shape)
    for answer in range(len(WORDS)):
        most = np.maximum(most, ((votes == answer) & before).sum(0))
    return np.asarray(most / before.sum(0), np.float64)


def wilson_interval(right: int, total: int) -> tuple[float, float]:
    """The 95% interval of a share, by Wilson's formula (1927); it stays within 0…1 and is never empty at 0 or 1.

    >>> [round(x, 3) for x in wilson_interval(200, 200)]
    [0.981, 1.0]
    """
    if not total:
        return 0.0, 1.0
    z = 1.959964
    share, scale = right / total, 1 + z * z / total
    middle = (share + z * z / (2 * total)) / scale
    half = z / scale * (share * (1 - share) / total + z * z / (4 * total * total)) ** 0.5
    low = 0.0 if right == 0 else middle - half
    high = 1.0 if right == total else middle + half  # rounding must not leave the share outside
    return low, high


# -- what a reader writes ----------------------------------------------------------------------------------------------


class UnreadablePrompt(ValueError):
    """Pairs that cannot be used: ``code`` and the ``slots`` of a sentence about it."""

    def __init__(self, code: str, **slots: object) -> None:
        super().__init__(code)
        self.code, self.slots = code, slots


def read_pairs(text: str) -> tuple[tuple[int, int], ...]:
    """Return the pairs a reader wrote, ``sun -> lamp; frog -> ring``: one a line or with ; or , between them.

    The arrow may be ``->``, ``→``, ``=`` or ``:``. Upper case is read as lower case.

    Raises:
        UnreadablePrompt: ``too_long``, ``no_pair`` (the part that is none), ``unknown_word`` or ``many_pairs``.

    >>> [(WORDS[a], WORDS[b]) for a, b in read_pairs("sun -> lamp; Frog = ring")]
    [('sun', 'lamp'), ('frog', 'ring')]
    """
    if len(text) > 2_000:
        raise UnreadablePrompt("too_long", n=len(text), most=2_000)
    for mark in ("→", "=", ":"):
        text = text.replace(mark, ARROW)
    pairs = []
    for part in text.replace("\n", END).replace(",", END).split(END):
        if not part.strip():
            continue
        sides = [side.split() for side in part.split(ARROW)]
        if len(sides) != 2 or [len(side) for side in sides] != [1, 1]:
            raise UnreadablePrompt("no_pair", part=_short(part))
        word, answer = (side[0].lower() for side in sides)
        for given in (word, answer):
            if given not in WORDS:
                raise UnreadablePrompt("unknown_word", word=_short(given))
        pairs.append((WORDS.index(word), WORDS.index(answer)))
    if len(pairs) > MOST_DEMONSTRATIONS:
        raise UnreadablePrompt("many_pairs", n=len(pairs), most=MOST_DEMONSTRATIONS)
    return tuple(pairs)


def _short(text: str, most: int = 40) -> str:
    shown = " ".join(clean(text).split())
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def write_pairs(pairs: Sequence[tuple[int, int]]) -> str:
    """Return pairs as :func:`read_pairs` reads them."""
    return "; ".join(f"{WORDS[word]} {ARROW} {WORDS[answer]}" for word, answer in pairs)
