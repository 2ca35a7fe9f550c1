"""What stands on "15%, then 80 / 10 / 10" before anything is computed."""

from typing import Any

from components.lessons.bert.masked_text import MODEL, maskable_text
from components.lessons.recorded import Miniature, save
from components.lm import checkpoints

MODELS = ("pocket-bert",)


def record() -> None:
    """The default throw of the dice, and the shares of one and of a hundred."""
    from components.lessons.bert import dice as page
    from components.lm.bert.dice import Recipe, settle

    card = checkpoints.card(MODEL, "masked_prediction")
    model = {"model": card.name, "revision": card.revision}
    state: dict[str, Any] = {p.key: p.default for p in page.PARAMS if p.key in page.DREW}
    text = maskable_text(card.name, card.revision, page.TEXT)
    settled = {n: settle(text, Recipe(), num_draws=n, seed=state["seed"]) for n in (1, 100)}
    kept = {
        n: {"tokens": s.tokens, "draws": s.draws, "counts": {int(a): c for a, c in s.counts.items()}}
        for n, s in settled.items()
    }
    save(
        "bert/dice",
        {
            **model,
            "state": state,
            "draw": page.draw_data(card, text, Recipe(), state["seed"]),
            "settled": kept,
        },
    )


def miniature() -> Miniature:
    """One sentence, three throws of the dice of BERT."""
    from components.lm.bert.dice import Recipe, draw
    from components.lm.bert.mlm import read_text

    loaded = checkpoints.load("pocket-bert", "masked_prediction")
    text = read_text(loaded, "the little girl gave her brother a red ball and he was happy")
    thrown, _ = draw(text, Recipe(), seed=3, num_draws=3)
    names = loaded.tokenizer.convert_ids_to_tokens
    rows = [names([int(i) for i in ids])[1:8] for ids in thrown.input_ids]
    return {
        "kind": "strips",
        "frames": [{"rows": rows[: k + 1], "marked": ["[MASK]"]} for k in range(len(rows))],
    }
