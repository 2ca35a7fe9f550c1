"""What stands on "Masked language model" before anything is computed."""

from components.elements.start.course_map import Frame, Miniature
from components.lessons.bert.masked_text import MODEL, maskable_text
from components.lessons.probabilities import short
from components.lessons.recorded import save
from components.lm import checkpoints

MODELS = ("pocket-bert", "pocket-gpt")


def record() -> None:
    """The default view of the masking lab."""
    from components.lessons.bert import masking as page

    loaded = checkpoints.load(MODEL, "masked_prediction")
    card, left_only = loaded.card, checkpoints.card(page.LEFT_ONLY)
    model = {"model": card.name, "revision": card.revision}
    text = maskable_text(card.name, card.revision, page.TEXT)
    hidden = list(page.HIDDEN)
    state = {"mlm_text": page.TEXT, "hidden": hidden, "filled": []}
    lab = page.lab_data(card, text, hidden, {})
    save(
        "bert/masking",
        {**model, "others": {left_only.name: left_only.revision}, "state": state, "lab": lab, "three_ways": page.three_ways(card, text, hidden, {})},
    )  # fmt: skip


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
