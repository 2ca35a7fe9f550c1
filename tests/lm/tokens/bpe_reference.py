"""What the BPE tests and benchmarks compare with: a naive trainer, and texts of any size made from rules of our own."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

Pair = tuple[str, str]

WINNER: dict[str, Callable[[list[Pair], dict[str, int]], Pair]] = {
    # Tied pairs in the order met, and token ids -> the pair that wins.
    "first": lambda tied, ids: tied[0],
    "smallest": lambda tied, ids: min(tied),
    "largest": lambda tied, ids: max(tied),
    "lowest_ids": lambda tied, ids: min(tied, key=lambda pair: (ids[pair[0]], ids[pair[1]])),
}


@dataclass
class NaiveStep:
    """Everything about one merge, found by counting everything again."""

    pair: Pair
    count: int
    tied: set[Pair]
    counts: dict[Pair, int]
    joined: int
    words: list[list[str]]


def count_pairs(words: list[list[str]], counts: list[int]) -> Counter[Pair]:
    pair_counts: Counter[Pair] = Counter()
    for symbols, count in zip(words, counts, strict=True):
        for pair in itertools.pairwise(symbols):
            pair_counts[pair] += count
    return pair_counts


def merge_word(symbols: list[str], pair: Pair) -> list[str]:
    merged: list[str] = []
    index = 0
    while index < len(symbols):
        if tuple(symbols[index : index + 2]) == pair:
            merged.append(symbols[index] + symbols[index + 1])
            index += 2
        else:
            merged.append(symbols[index])
            index += 1
    return merged


def naive_bpe(
    table: dict[str, int], num_merges: int, tie_rule: str = "first", end_of_word: str | None = None
) -> list[NaiveStep]:
    """Recount every pair before every merge."""
    words = [[*word, *([end_of_word] if end_of_word else [])] for word in table]
    counts = list(table.values())
    alphabet = {symbol for word in words for symbol in word}
    ids = {
        symbol: n for n, symbol in enumerate(sorted(alphabet, key=lambda symbol: (len(symbol) > 1, symbol)))
    }
    steps: list[NaiveStep] = []
    for _ in range(num_merges):
        pair_counts = count_pairs(words, counts)
        if not pair_counts:
            break
        highest = max(pair_counts.values())
        tied = [pair for pair, count in pair_counts.items() if count == highest]
        pair = WINNER[tie_rule](tied, ids)
        ids.setdefault(pair[0] + pair[1], len(ids))
        before = sum(len(word) * count for word, count in zip(words, counts, strict=True))
        words = [merge_word(word, pair) for word in words]
        after = sum(len(word) * count for word, count in zip(words, counts, strict=True))
        steps.append(NaiveStep(pair, highest, set(tied), dict(pair_counts), before - after, words))
    return steps


def naive_merges(table: dict[str, int], num_merges: int) -> list[Pair]:
    """Only the merges, as the shortest recounting trainer would find them; for timing."""
    words = [list(word) for word in table]
    counts = list(table.values())
    merges: list[Pair] = []
    for _ in range(num_merges):
        pair_counts = count_pairs(words, counts)
        if not pair_counts:
            break
        pair = max(pair_counts, key=pair_counts.__getitem__)
        words = [merge_word(word, pair) for word in words]
        merges.append(pair)
    return merges


# Texts


def _pick(chance: random.Random, items: list[str], cumulative: list[float]) -> str:
    return chance.choices(items, cum_weights=cumulative)[0]


def _zipf(size: int) -> list[float]:
    return list(itertools.accumulate(1 / (rank + 2.7) for rank in range(size)))


def english_like(size: int, seed: int = 1) -> str:
    """About ``size`` bytes of invented words with English-like syllables, endings and Zipf frequencies."""
    chance = random.Random(seed)
    onsets = [
        "b",
        "c",
        "d",
        "f",
        "g",
        "h",
        "l",
        "m",
        "n",
        "p",
        "r",
        "s",
        "t",
        "w",
        "br",
        "cr",
        "dr",
        "fl",
        "gr",
        "pl",
        "pr",
        "sc",
        "sh",
        "sl",
        "sp",
        "st",
        "str",
        "th",
        "tr",
        "wh",
        "qu",
    ] + [""] * 4
    nuclei = ["a", "e", "i", "o", "u", "a", "e", "i", "o", "ai", "ea", "ee", "ou", "oo", "y", "ie"]
    codas = [
        "",
        "",
        "",
        *[
            "n",
            "r",
            "s",
            "t",
            "l",
            "d",
            "m",
            "ck",
            "ll",
            "nd",
            "ng",
            "nt",
            "rd",
            "rn",
            "rt",
            "sh",
            "ss",
            "st",
            "th",
            "mp",
        ],
    ]
    suffixes = ["", "", "", "", "s", "s", "ed", "ing", "er", "est", "ly", "ness", "less", "ful", "able"]
    prefixes = [""] * 12 + ["un", "re", "over"]

    def syllable() -> str:
        return chance.choice(onsets) + chance.choice(nuclei) + chance.choice(codas)

    short = list(dict.fromkeys(syllable() for _ in range(150)))
    stems = [syllable() + (syllable() if chance.random() < 0.6 else "") for _ in range(6000)]
    words = short + list(
        dict.fromkeys(chance.choice(prefixes) + stem + chance.choice(suffixes) for stem in stems * 4)
    )
    return _sentences(chance, words, size, chance.randint)


def korean_like(size: int, seed: int = 1) -> str:
    """About ``size`` bytes of invented Korean: stems of common syllables with real particles and endings."""
    chance = random.Random(seed)
    initials = [0, 2, 3, 5, 6, 7, 9, 11, 11, 12, 14, 15, 16, 17, 18]
    vowels = [0, 1, 4, 5, 6, 8, 8, 13, 18, 20, 20]
    finals = [0, 0, 0, 0, 1, 4, 4, 8, 16, 17, 21]

    def syllable() -> str:
        at = (chance.choice(initials) * 21 + chance.choice(vowels)) * 28 + chance.choice(finals)
        return chr(0xAC00 + at)

    syllables = list(dict.fromkeys(syllable() for _ in range(700)))
    weights = _zipf(len(syllables))
    endings = [
        "은",
        "는",
        "이",
        "가",
        "을",
        "를",
        "에",
        "에서",
        "에게",
        "부터",
        "까지",
        "와",
        "과",
        "의",
        "도",
        "만",
        "으로",
        "로",
        "고",
        "지만",
        "었다",
        "았다",
        "는다",
        "습니다",
        "하다",
        "했다",
        "하는",
    ]
    stems = [
        "".join(_pick(chance, syllables, weights) for _ in range(chance.randint(1, 3))) for _ in range(4000)
    ]
    words = list(dict.fromkeys(stem + chance.choice(endings) for stem in stems * 3))
    return _sentences(chance, words, size, chance.randint)


def _sentences(chance: random.Random, words: list[str], size: int, between: Callable[[int, int], int]) -> str:
    cumulative = _zipf(len(words))
    parts: list[str] = []
    written = 0
    while written < size:
        sentence = chance.choices(words, cum_weights=cumulative, k=between(4, 14))
        sentence[0] = sentence[0].capitalize()
        line = " ".join(sentence) + chance.choice([". ", ". ", "! ", "? ", ", ", ".\n"])
        parts.append(line)
        written += len(line.encode())
    return "".join(parts)
