"""How the first view of this page and its miniature are made."""

from components.elements.start.course_map import Miniature
from components.lessons.recorded import TRACES
from components.lm import checkpoints

MODELS = ("pocket-bert", "pocket-bert-ko")


def record() -> None:
    """The views that "One word, many meanings" opens with, one in each language: every vector, exact."""
    from components.lessons.bert.contextual import KOREAN, MODEL, SENTENCES, WORD
    from components.lessons.bert.contextual_recorded import KOREAN_WORDS, WORDS, save_words
    from components.lm.bert.contextual import word_vectors

    for name, model, sentences, word in (
        (WORDS, MODEL, SENTENCES, WORD),
        (KOREAN_WORDS, KOREAN["bert_model"], KOREAN["word_sentences"], KOREAN["word"]),
    ):
        loaded = checkpoints.load(model, "attention")
        vectors = word_vectors(loaded, sentences.splitlines(), word)
        save_words((loaded.card.name, loaded.card.revision, sentences, word), vectors, TRACES / name)
        print(f"{name}: {(TRACES / name).stat().st_size:,} bytes")


def miniature() -> Miniature:
    """The lines of the first view, the followed word marked."""
    from components.lessons.bert.contextual import EXAMPLES

    rows = [line.split()[:5] for lines in EXAMPLES["record"] for line in lines]
    return {
        "kind": "strips",
        "frames": [{"rows": rows[: k + 1], "marked": ["record"]} for k in range(len(rows))],
    }
