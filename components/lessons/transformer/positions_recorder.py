"""The miniature of "Positions" on the map of the course."""

from components.lessons.recorded import Frame, Miniature
from components.lm import checkpoints

MODELS = ("pocket-gpt",)

ROWS = 16


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
