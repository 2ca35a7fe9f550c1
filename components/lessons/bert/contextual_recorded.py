"""The first view of "One word, many meanings" from a file, so that it stands before torch is imported."""

from functools import cache
from pathlib import Path

import numpy as np

from components.lessons.recorded import TRACES
from components.lm.bert.contextual import WordVectors
from components.lm.tokens.occurrences import Occurrence

WORDS, KOREAN_WORDS = "bert/contextual.npz", "bert/contextual_ko.npz"


def save_words(of: tuple[str, str, str, str], vectors: WordVectors, path: Path) -> None:
    """Write the vectors of words in their sentences; ``of`` is model, revision, sentences, word."""
    np.savez_compressed(
        path,
        of=np.array(of),
        sentences=np.array(vectors.sentences),
        places=np.array([(o.sentence, o.start, o.end) for o in vectors.words]),
        texts=np.array([o.text for o in vectors.words]),
        chosen=np.array(vectors.chosen),
        pieces=np.array(vectors.pieces),
        static=vectors.static,
        layers=vectors.layers,
    )


@cache
def _words(file_name: str) -> tuple[tuple[str, ...], WordVectors] | None:
    path = TRACES / file_name
    if not path.exists():
        return None
    with np.load(path) as file:
        found = zip(file["places"].tolist(), file["texts"].tolist(), strict=True)
        return tuple(file["of"].tolist()), WordVectors(
            sentences=tuple(file["sentences"].tolist()),
            words=tuple(Occurrence(sentence, start, end, text) for (sentence, start, end), text in found),
            chosen=tuple(file["chosen"].tolist()),
            pieces=tuple(file["pieces"].tolist()),
            static=file["static"],
            layers=file["layers"],
        )


def words(name: str, revision: str, sentences: str, word: str) -> WordVectors | None:
    """Return the words of the sentences that the page begins with in its own model, or None for anything else."""
    views = [view for view in (_words(WORDS), _words(KOREAN_WORDS)) if view is not None]
    return next((found for of, found in views if of == (name, revision, sentences, word)), None)
