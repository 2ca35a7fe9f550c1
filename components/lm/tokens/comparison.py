"""The tokenizers of the course trained on the same words with vocabularies of the same size, ready to be compared.

BPE (Sennrich et al. 2016), WordPiece with ## and the likelihood gain as referee (Schuster and Nakajima 2012 as far as
published), Unigram (Kudo 2018), and the plain list of whole words. The size of BPE's vocabulary is the measure for the
other two, as far as they can follow it.

>>> four = train_all({"low": 5, "lower": 2, "newest": 6, "widest": 3}, 10)
>>> [(name, made.num_tokens) for name, made in four.tokenize("lowest")]
[('words', 1), ('bpe', 2), ('wordpiece', 2), ('unigram', 2)]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from components.lm.tokens.bpe import BpeModel, train_bpe
from components.lm.tokens.tokenizations import Tokenization, by_bpe, by_unigram, by_wordpiece, by_words
from components.lm.tokens.unigram import UnigramModel, UnigramTrainer
from components.lm.tokens.wordpiece import WordPieceModel, WordPieceTrainer
from components.lm.tokens.words import WordTable


@dataclass(frozen=True, eq=False)
class TrainedHere:
    """Tokenizers trained on one table of words."""

    words: tuple[str, ...]
    bpe: BpeModel
    wordpiece: WordPieceModel
    unigram: UnigramModel

    def tokenize(self, text: str) -> tuple[tuple[str, Tokenization], ...]:
        """A text through all of them: (name, tokens)."""
        return (
            ("words", by_words(text, self.words)),
            ("bpe", by_bpe(text, self.bpe)),
            ("wordpiece", by_wordpiece(text, self.wordpiece)),
            ("unigram", by_unigram(text, self.unigram)),
        )


def train_all(
    words: Mapping[str, int] | WordTable,
    num_merges: int,
    *,
    on_progress: Callable[[float], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> TrainedHere:
    """Train BPE with ``num_merges`` merges and the others to as many pieces.

    Unigram makes one EM round between prunings: few words give it nothing to learn from in a second one.
    When ``should_stop`` says so, each keeps what it has learned by then (Unigram at least one round).

    Raises:
        InputProblem: the words cannot be trained on.
    """

    def tell(share: float) -> None:
        if on_progress:
            on_progress(share)

    bpe = train_bpe(words, num_merges).model()
    tell(0.2)
    wordpiece = WordPieceTrainer(words, num_merges, "gain", "continuation").run(
        lambda done: tell(0.2 + 0.5 * done.merges / max(done.num_merges, 1)), should_stop
    )
    tell(0.7)
    unigram = UnigramTrainer(words, len(bpe.vocabulary), em_rounds=1).run(should_stop=should_stop)
    tell(1.0)
    return TrainedHere(tuple(dict(words.items())), bpe, wordpiece.model(), unigram.model())
