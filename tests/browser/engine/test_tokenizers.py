"""The browser's tokenizers give the ids of the `tokenizers` library, for any text."""

import functools
import random
import sys
import unicodedata
from pathlib import Path

import pytest
from playwright.sync_api import Page
from tokenizers import Tokenizer

MODELS = Path(__file__).parents[3] / "assets" / "models"
# The engine cuts text as GPTs and BERTs do; the encoder-decoder of conversions reads single symbols.
NAMES = sorted(
    path.parent.name
    for path in MODELS.glob("*/tokenizer.json")
    if path.parent.name.endswith(("gpt", "bert", "-ko"))
)
OLD = unicodedata.ucd_3_2_0

WORDS = [
    "The", "lowest", "rivers", "don't", "I'll", "안녕하세요", "오늘은", "날씨가", "café", "naïve", "Straße", "İstanbul", "ΑΣΟΣ", "東京",
    "ひらがな", "مرحبا", "שלום", "नमस्ते", "ไทย", "3.14", "2026년", "👨‍👩‍👧‍👦", "👋🏽", "🇰🇷", "e\u0301", "\u1112\u1161\u11ab", "[MASK]", "[CLS]", "[SEP]",
    "[UNK]", "[PAD]", "<|endoftext|>", "[mask]", "<|endoftext", "<script>alert(1)</script>", "a" * 200, "가" * 200, "x" * 100, "x" * 101, "$+<=>^`|~", "___",
    "\u00ad", "\u200b", "\u200d", "\ufeff", "\u0000", "\u0007", "\ufffd", "\u0085", "\u2028", "\u3000", "\u00a0", "\t", "\n", "\r\n", "  ", "   ",
]  # fmt: skip


@functools.cache
def corpus(all_assigned: bool) -> list[str]:
    """Texts of every kind; the same at every run.

    The marks and signs of WordPiece's splitting are told by Unicode tables. Those of the library are older than the
    browser's, so where they matter only characters are drawn that Unicode 3.2 has with today's category.
    """
    rng = random.Random(7)
    by_category: dict[str, list[str]] = {}
    for code in range(sys.maxunicode + 1):
        letter = chr(code)
        category = unicodedata.category(letter)
        if category in ("Cs", "Cn") or not (all_assigned or OLD.category(letter) == category):
            continue
        by_category.setdefault(category, []).append(letter)
    texts = ["", " ", "\n", *WORDS, " ".join(WORDS), "".join(WORDS)]
    for _ in range(400):  # words of all kinds, joined in all ways
        texts.append(
            "".join(
                rng.choice(WORDS) + rng.choice([" ", "", "  ", "\n", ". "]) for _ in range(rng.randint(1, 9))
            )
        )
    for letters in by_category.values():  # each category alone, beside letters, and in a row
        for _ in range(40):
            c = rng.choice(letters)
            texts += [c, f"a{c}b", f" {c} a{c}{c}", "".join(rng.choices(letters, k=rng.randint(2, 12)))]
    every = [letter for letters in by_category.values() for letter in rng.choices(letters, k=60)]
    for _ in range(600):  # anything beside anything
        texts.append("".join(rng.choices([*every, " ", "a", "이", "T", "."], k=rng.randint(1, 30))))
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        for _ in range(40):
            syllables = "".join(chr(rng.randint(0xAC00, 0xD7A3)) for _ in range(rng.randint(1, 8)))
            texts.append(unicodedata.normalize(form, f"{syllables} {rng.choice(WORDS)}{syllables}é"))
    return texts


def reordered(text: str) -> bool:
    """Whether decomposing swaps marks of different characters: the library then says places that are not theirs."""
    seen = "".join(letter for letter in text if unicodedata.category(letter) not in ("Cc", "Cf", "Co"))
    return unicodedata.normalize("NFD", seen) != "".join(unicodedata.normalize("NFD", c) for c in seen)


@pytest.mark.parametrize("name", NAMES)
def test_ids_and_places(blank: Page, name: str) -> None:
    library = Tokenizer.from_file(str(MODELS / name / "tokenizer.json"))
    texts = corpus(all_assigned="gpt" in name)
    assert len(texts) > 3_000
    got = blank.evaluate(
        """async ([name, texts]) => {
          const { tokenizer } = await import("/elements/lib/engine/tokenizer.js");
          const t = await tokenizer(await (await fetch(`/models/${name}/tokenizer.json`)).json());
          return texts.map((text) => { const e = t.encode(text); return [e.ids, e.spans, t.decode(e.ids)]; });
        }""",
        [name, texts],
    )
    for text, (ids, spans, decoded) in zip(texts, got, strict=True):
        wanted = library.encode(text, add_special_tokens=False)
        assert ids == wanted.ids, repr(text)
        if not reordered(text):
            assert [tuple(span) for span in spans] == wanted.offsets, repr(text)
        assert decoded == library.decode(ids, skip_special_tokens=False), repr(text)


@pytest.mark.parametrize("name", [name for name in NAMES if "bert" in name])
def test_pairs(blank: Page, name: str) -> None:
    library = Tokenizer.from_file(str(MODELS / name / "tokenizer.json"))
    pairs = [("The river is low.", None), ("The river is low.", "안녕하세요"), ("", ""), ("[SEP]", "x")]
    got = blank.evaluate(
        """async ([name, pairs]) => {
          const { tokenizer } = await import("/elements/lib/engine/tokenizer.js");
          const t = await tokenizer(await (await fetch(`/models/${name}/tokenizer.json`)).json());
          return pairs.map(([a, b]) => t.template(t.encode(a).ids, b === null ? null : t.encode(b).ids));
        }""",
        [name, pairs],
    )
    for (first, second), mine in zip(pairs, got, strict=True):
        wanted = library.encode(first, second)
        assert (mine["ids"], mine["segments"]) == (wanted.ids, wanted.type_ids)


def test_settings_that_are_not_known_are_refused(blank: Page) -> None:
    refused = blank.evaluate(
        """async () => {
          const { tokenizer } = await import("/elements/lib/engine/tokenizer.js");
          const load = async (name) => (await fetch(`/models/${name}/tokenizer.json`)).json();
          const gpt = await load("nano-gpt"), bert = await load("nano-bert");
          const tries = [{ ...gpt, model: { ...gpt.model, type: "Unigram" } }, { ...gpt, normalizer: { type: "NFC" } }, { ...gpt, model: { ...gpt.model, byte_fallback: true } },
            { ...gpt, added_tokens: [{ ...gpt.added_tokens[0], lstrip: true }] }, { ...bert, pre_tokenizer: { type: "Whitespace" } }, { ...bert, normalizer: null }];
          const refused = await Promise.all(tries.map((json) => tokenizer(json).then(() => false, (error) => error instanceof RangeError)));
              return refused.filter(Boolean).length;
        }"""
    )
    assert refused == 6
