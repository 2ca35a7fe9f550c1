"""One word of a sentence, guessed from the left only and from both sides.

A causal model guesses a word from what stands before it; a masked-language model from everything around the [MASK]
that replaces it (Devlin et al. 2019, https://arxiv.org/abs/1810.04805, section 3.1 and figure 3).

>>> word_spans("The fox  sat.")
[(0, 3), (4, 7), (9, 13)]
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from components.lm.tokens.token_text import token_info
from components.lm.transformer.ablation import predict
from components.lm.transformer.attention import Encoded, Floats, attend, encode

if TYPE_CHECKING:
    from components.lm.checkpoints import LoadedModel

Span = tuple[int, int]


def word_spans(text: str) -> list[Span]:
    """Where the words of a text (separated by white space) begin and end."""
    return [match.span() for match in re.finditer(r"\S+", text)]


@dataclass(frozen=True, eq=False)
class WordGuess:
    """A word of a text in one model.

    ``tokens`` are what the model reads, ``word_of`` the word each token belongs to (-1: special). ``weights`` is the
    mean of the heads of ``layer``, (query, key), on the whole text. ``visible`` says which words the guess could use;
    ``guesses`` are (text, probability), most probable first. ``first_piece`` is the token that stands there really
    and its probability: the first one, where the word is cut into several.
    """

    tokens: tuple[str, ...]
    word_of: tuple[int, ...]
    weights: Floats
    layer: int
    causal: bool
    visible: tuple[bool, ...]
    guesses: tuple[tuple[str, float], ...]
    first_piece: tuple[str, float]


def words_of_tokens(loaded: LoadedModel, text: str, encoded: Encoded) -> list[int]:
    """The word each token belongs to, -1 for special tokens."""
    offsets = loaded.tokenizer(text, return_offsets_mapping=True, verbose=False)["offset_mapping"]
    if len(offsets) != len(encoded):
        return [-1] * len(encoded)
    spans = word_spans(text)
    found = []
    for (start, end), special in zip(offsets, encoded.special, strict=True):
        shared = [min(end, b) - max(start, a) for a, b in spans]
        found.append(-1 if special or not shared or max(shared) <= 0 else int(np.argmax(shared)))
    return found


def guess_word(loaded: LoadedModel, text: str, word: int, layer: int, count: int = 6) -> WordGuess:
    """Guess word number ``word`` of ``text``: causal models from the words before it, others from all the others.

    Raises:
        TooLong: the text does not fit the model.
        ValueError: the text has no such word, or the model predicts nothing.
    """
    spans = word_spans(text)
    if not 0 <= word < len(spans):
        raise ValueError("no such word")
    encoded = encode(loaded, text)
    attention = attend(loaded, encoded, layer)
    words = words_of_tokens(loaded, text, encoded)
    causal = loaded.card.can("generation")
    own = [i for i, of in enumerate(words) if of == word]
    if causal:
        before = encode(loaded, text[: spans[word][0]].rstrip())
        probs = predict(loaded, before, len(before) - 1).probs
    elif loaded.card.can("masked_prediction") and own:
        masked = encoded
        for i in own:
            masked = masked.with_mask_at(i)
        probs = predict(loaded, masked, own[0]).probs
    else:
        raise ValueError("this model predicts no words")
    order = np.argsort(-probs, kind="stable")[:count]
    real = int(encoded.input_ids[own[0]]) if own else int(order[0])
    return WordGuess(
        tokens=encoded.texts,
        word_of=tuple(words),
        weights=attention.weights[0].mean(0),
        layer=attention.layers[0],
        causal=causal,
        visible=tuple((i < word) if causal else (i != word) for i in range(len(spans))),
        guesses=tuple((token_info(loaded.tokenizer, int(i)).text, float(probs[i])) for i in order),
        first_piece=(token_info(loaded.tokenizer, real).text, float(probs[real])),
    )
