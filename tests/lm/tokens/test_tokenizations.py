"""One text through every tokenizer."""

from __future__ import annotations

from components.lm.tokens.bpe import train_bpe
from components.lm.tokens.tokenizations import (
    Tokenization,
    by_bpe,
    by_characters,
    by_unigram,
    by_wordpiece,
    by_words,
)
from components.lm.tokens.unigram import UnigramTrainer
from components.lm.tokens.wordpiece import train_wordpiece

COURSE = {"low": 5, "lower": 2, "newest": 6, "widest": 3}
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "i", "love", "nl", "##p", "!", "low", "##est"]


def names(tokenization: Tokenization) -> list[str]:
    return [token.token for token in tokenization.tokens]


def test_characters_bytes_and_words() -> None:
    assert names(by_characters("안 a")) == ["안", " ", "a"]
    words = by_words("low fast low", tuple(COURSE))
    assert [(token.token, token.token_id, token.text, token.unknown) for token in words.tokens] == [
        ("low", 0, "low", False),
        ("[UNK]", None, "fast", True),
        ("low", 0, "low", False),
    ]
    assert words.num_unknown == 1


def test_what_a_text_costs() -> None:
    cost = by_characters("안녕 hi")
    assert (cost.num_tokens, cost.num_words, cost.num_characters, cost.num_bytes) == (5, 2, 5, 9)
    assert cost.tokens_per_word == 2.5
    assert cost.characters_per_token == 1
    empty = by_characters("")
    assert (empty.tokens_per_word, empty.characters_per_token) == (0.0, 0.0)


def test_the_trained_ones() -> None:
    text = "lowest fast"
    bpe = by_bpe(text, train_bpe(COURSE, 10).model())
    assert names(bpe) == ["low", "est", "[UNK]", "[UNK]", "s", "t"]
    assert [token.text for token in bpe.tokens] == ["low", "est", "f", "a", "s", "t"]
    wordpiece = by_wordpiece(text, train_wordpiece(COURSE, 10, marking="continuation").model())
    assert names(wordpiece) == ["low", "##e", "##st", "[UNK]"]
    assert [token.text for token in wordpiece.tokens] == ["low", "e", "st", "fast"]
    assert wordpiece.num_unknown == 1
    unigram = by_unigram(text, UnigramTrainer(COURSE, 18, em_rounds=1).run().model())
    assert names(unigram)[:4] == ["low", "est", "[UNK]", "[UNK]"]
    assert all((token.token_id is None) == token.unknown for token in unigram.tokens)
