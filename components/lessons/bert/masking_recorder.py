"""What stands on "Masked language model" before anything is computed."""

from components.elements.start.course_map import Frame, Miniature
from components.lessons.bert.masked_text import MODEL, maskable_text
from components.lessons.probabilities import short
from components.lessons.recorded import save
from components.lm import checkpoints
from components.lm.checkpoints.bundled import KOREAN_BERT

MODELS = ("pocket-bert", "pocket-gpt", "pocket-bert-ko", "pocket-gpt-ko")


def record() -> None:
    """The views that the masking lab opens with: one in each language."""
    from components.lessons.bert import masking as page

    _record("bert/masking", MODEL, page.TEXT, list(page.HIDDEN))
    _record("bert/masking_ko", KOREAN_BERT, page.KOREAN["mlm_text"], list(page.HIDDEN))


def _record(name: str, model: str, written: str, hidden: list[int]) -> None:
    from components.lessons.bert import masking as page

    card = checkpoints.load(model, "masked_prediction").card
    left_only = checkpoints.card(page.left_of(card))
    text = maskable_text(card.name, card.revision, written)
    save(
        name,
        {
            "model": card.name,
            "revision": card.revision,
            "others": {left_only.name: left_only.revision},
            "state": {"mlm_text": written, "hidden": hidden, "filled": []},
            "lab": page.lab_data(card, text, hidden, {}),
            "three_ways": page.three_ways(card, text, hidden, {}),
        },
    )


def miniature() -> Miniature:
    """Blanks of three sentences and what the bundled BERT would write there."""
    from components.lm.bert.mlm import guess, read_text

    loaded = checkpoints.load("pocket-bert", "masked_prediction")
    frames: list[Frame] = []
    for text in (
        "Once upon a [MASK] there was a king.",
        "The king and the [MASK] lived in a castle.",
        "She put the cake on the [MASK].",
    ):
        given = read_text(loaded, text)
        (blank,) = guess(loaded, given, [int(given.blank.argmax())], top=4)
        bars = [[one.token, short(one.prob)] for one in blank.candidates]
        frames.append({"text": text.replace("[MASK]", "▢"), "next": "", "bars": bars, "chosen": 0})
    return {"kind": "bars", "frames": frames}
