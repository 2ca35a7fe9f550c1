"""How the first view of this page and its miniature are made."""

from dataclasses import asdict

from components.elements.start.course_map import Frame, Miniature
from components.lessons.recorded import save
from components.lm import checkpoints

MODELS = ("pocket-bert", "pocket-gpt")

ROWS = 16


def record() -> None:
    """The default view of "Positions": one sentence in two orders, with positions and without."""
    from components.lessons.transformer.positions import BERT_SENTENCE, GPT_SENTENCE, SEED, default_model
    from components.lm.transformer.positions import shuffle_words

    loaded = checkpoints.load(default_model(), "attention")
    text = GPT_SENTENCE if loaded.card.can("generation") else BERT_SENTENCE
    made = asdict(shuffle_words(loaded, text, SEED))
    save("transformer/positions", {"of": [loaded.card.name, loaded.card.revision, text, SEED], **made})


def miniature() -> Miniature:
    """Cosines of the first positions with one another: the waves, then the table pocket-gpt learned."""
    from components.lm.transformer.positions import cosines, learned_table, sinusoids

    store = checkpoints.store()
    table = learned_table(store.folder(store.parse_name("pocket-gpt")), checkpoints.card("pocket-gpt"))
    frames: list[Frame] = [
        {"tokens": [""] * ROWS, "weights": cosines(some[:ROWS]).clip(0, 1).round(3).tolist()}
        for some in (sinusoids(ROWS, 32), table.rows)
    ]
    return {"kind": "matrix", "frames": frames}
