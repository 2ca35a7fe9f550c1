"""How the first view of this page and its miniature are made."""

from components.elements.start.course_map import Miniature
from components.lessons.recorded import TRACES
from components.lm import checkpoints

MODELS = ("pocket-bert",)


def record() -> None:
    """The default view of "One word, many meanings": every vector, exact."""
    from components.lessons.bert.contextual import MODEL, SENTENCES, WORD
    from components.lessons.bert.contextual_recorded import WORDS, save_words
    from components.lm.bert.contextual import word_vectors

    loaded = checkpoints.load(MODEL, "attention")
    vectors = word_vectors(loaded, SENTENCES.splitlines(), WORD)
    save_words((loaded.card.name, loaded.card.revision, SENTENCES, WORD), vectors, TRACES / WORDS)
    print(f"{WORDS}: {(TRACES / WORDS).stat().st_size:,} bytes")


def miniature() -> Miniature:
    """The lines of the first view, the followed word marked."""
    from components.lessons.bert.contextual import EXAMPLES

    rows = [line.split()[:5] for lines in EXAMPLES["record"] for line in lines]
    return {
        "kind": "strips",
        "frames": [{"rows": rows[: k + 1], "marked": ["record"]} for k in range(len(rows))],
    }
