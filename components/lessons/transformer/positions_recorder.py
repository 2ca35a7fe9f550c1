"""How the first view of this page and its miniature are made."""

from dataclasses import asdict

from components.elements.start.course_map import Frame, Miniature
from components.lessons.recorded import save
from components.lm import checkpoints

MODELS = ("pocket-bert", "pocket-gpt", "pocket-bert-ko")

ROWS = 16


def record() -> None:
    """The views that "Positions" opens with, one in each language: one sentence in two orders, with positions and without."""
    from components.lessons.transformer.positions import (
        BERT_SENTENCE,
        GPT_SENTENCE,
        KOREAN,
        SEED,
        default_model,
    )

    model = default_model()
    text = GPT_SENTENCE if checkpoints.card(model).can("generation") else BERT_SENTENCE
    _record("transformer/positions", model, text, SEED)
    _record(
        "transformer/positions_ko",
        KOREAN["pos_model"],
        KOREAN["pos_sentence"],
        KOREAN["pos_seed"],
    )


def _record(name: str, model: str, text: str, seed: int) -> None:
    from components.lm.transformer.positions import shuffle_words

    loaded = checkpoints.load(model, "attention")
    made = asdict(shuffle_words(loaded, text, seed))
    save(name, {"of": [loaded.card.name, loaded.card.revision, text, seed], **made})


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
