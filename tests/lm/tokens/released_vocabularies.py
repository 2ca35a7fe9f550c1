"""Where the released vocabularies are (never part of this repository), and varied lines to encode with them."""

from __future__ import annotations

import os
import random
import unicodedata
from pathlib import Path

import pytest

from tests.lm.tokens.bpe_reference import english_like, korean_like

FOLDER = Path(os.environ.get("GLASSBOX_VOCAB_DIR", ""))

needs_vocabularies = pytest.mark.skipif(
    "GLASSBOX_VOCAB_DIR" not in os.environ,
    reason="GLASSBOX_VOCAB_DIR names no folder with gpt2/ and bert-base-uncased/",
)


def varied_lines(number: int = 2000, seed: int = 7) -> list[str]:
    """English-like and Korean-like lines, numbers, punctuation, accents, emoji, white space of all kinds, letters of
    many scripts, special tokens, and mixtures. Characters are of Unicode 3.2 or older, so that every
    library knows them."""
    chance = random.Random(seed)
    english = english_like(60_000, seed).split()
    korean = korean_like(30_000, seed).split()
    real = [
        "I'm",
        "you're",
        "he'll",
        "we've",
        "she'd",
        "it's",
        "DON'T",
        "The",
        "quick",
        "brown",
        "fox",
        "jumps",
        "over",
        "lazy",
        "dogs",
        "while",
        "newest",
        "widest",
        "lowest",
        "tokenization",
        "embeddings",
        "transformers",
        "unbelievable",
        "internationalization",
        "playing",
        "KUBIG",
        "NLP",
        "GPT-2",
        "BERT",
        "2018",
        "3.14159",
        "1,000,000",
        "50%",
        "$9.99",
        "a_b",
        "c++",
        "C#",
        "node.js",
        "user@example.org",
        "https://example.org/?q=1&r=2#top",
        "café",
        "naïve",
        "Zürich",
        "Ångström",
        "façade",
        "Σίσυφος",
        "ΣΑΣ",
        "İstanbul",
        "straße",
        "ﬁn",
        "Ελληνικά",
        "Привет",
        "мир",
        "שלום",
        "مرحبا",
        "नमस्ते",
        "สวัสดี",
        "こんにちは",
        "カタカナ",
        "你好世界",
        "漢字",
        "안녕하세요",
        "감사합니다",
        "ㄱㄴㄷ",
        "①",
        "½",
        "x²",
        "H₂O",
        "…",
        "–",
        "—",
        "“quoted”",
        "«guillemets»",
        "¿qué?",
        "é",
        "ö",
        "한",
    ]
    emoji = ["😀", "👍🏽", "👨\u200d👩\u200d👧\u200d👦", "🇰🇷", "❤️", "✨", "🏳️\u200d🌈", "☕"]
    odd = [
        "\u00a0",
        "\u200b",
        "\u00ad",
        "\ufeff",
        "\u3000",
        "\u2028",
        "\t",
        "   ",
        "\x07",
        "\x00",
        "\ufffd",
        "\x85",
        "\x0b",
    ]
    special = ["[MASK]", "[CLS]", "[SEP]", "[mask]", "<|endoftext|>", "##ing", "Ġ", "▁"]
    punctuation = [
        ".",
        ",",
        "!",
        "?",
        ";",
        ":",
        "-",
        "--",
        "...",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "/",
        "\\",
        "'",
        '"',
        "`",
        "~",
        "@",
        "#",
        "$",
        "%",
        "^",
        "&",
        "*",
        "+",
        "=",
        "|",
        "<",
        ">",
        "_",
        "‘",
        "’",
        "·",
        "、",
        "。",
    ]
    any_letters = [
        chr(cp)
        for cp in range(0x21, 0xFFFF)
        if unicodedata.category(chr(cp))[0] in "LNPS" and _is_old(chr(cp)) and not 0xD800 <= cp < 0xE000
    ]
    kinds = [english, korean, real, emoji, odd, special, punctuation, any_letters]
    weights = [5, 3, 5, 1, 1, 0.5, 3, 1]
    lines = ["", " ", "\n", "\n\n  x", "a" * 99, "b" * 100, "c" * 101, "안" * 40]
    while len(lines) < number:
        parts: list[str] = []
        for _ in range(chance.randint(1, 14)):
            kind = chance.choices(kinds, weights)[0]
            part = chance.choice(kind)
            if chance.random() < 0.15:
                part = chance.choice([part.upper(), part.capitalize(), part.swapcase()])
            parts += [part, chance.choice(["", " ", " ", " ", " ", "  ", "\n"])]
        lines.append("".join(parts))
    return lines[:number]


def _is_old(letter: str) -> bool:
    """In Unicode 3.2 already, the one old version that Python carries."""
    return unicodedata.ucd_3_2_0.category(letter) == unicodedata.category(letter)
