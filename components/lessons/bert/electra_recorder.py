"""What stands on "ELECTRA" before anything is computed."""

from components.elements.start.course_map import Frame, Miniature
from components.lessons.recorded import save

MODELS = ("nano-bert", "nano-bert/snapshots/step-000506", "after_bert/nano-electra")


def choose_seed() -> int:
    """The first draw of the page's text that shows every case: a replaced word that is found, and a drawn word that is the
    original and no punctuation."""
    from components.lessons.bert import electra as page
    from components.lm.bert.electra import MASKED_SHARE, hits

    for seed in range(500):
        one, suspicion = page.played(page.TEXT, "generator", seed, MASKED_SHARE, 1.0)
        right = [place for place in one.places if not place.replaced and place.drawn.token.isalpha()]
        if right and one.replaced.any() and hits(suspicion[1:-1], one.replaced[1:-1]):
            return seed
    raise ValueError("no such draw")


def record() -> None:
    """The default draw and the first round of the game."""
    from components.lessons.bert import electra as page
    from components.lessons.bert.masked_text import maskable_text

    bert = page.bert_card()
    text = maskable_text(bert.name, bert.revision, page.TEXT)
    defaults = {param.key: param.default for param in page.params()}
    state = {key: defaults[key] for key in (*page.DREW, *page.PLAYED)}
    save(
        page.NAME,
        {
            "model": bert.name,
            "revision": bert.revision,
            "of": list(page.made_with()),
            "state": {key: list(v) if isinstance(v, tuple) else v for key, v in state.items()},
            "flow": page.drawn_data(text, "generator", page.SEED, 1.0),
            "game": page.game_data("judge", "random", 0, {}),
        },
    )


def miniature() -> Miniature:
    """A sentence with its fakes, word by word more suspicious."""
    from components.lessons.bert import electra as page
    from components.lessons.bert.masked_text import maskable_text
    from components.lm.bert.electra import MASKED_SHARE

    one, _ = page.played(page.TEXT, "generator", page.SEED, MASKED_SHARE, 1.0)
    hidden = {place.position for place in one.places}
    shown = page.tokens_of(one.given)[1:-1]
    original = list(maskable_text("nano-bert", page.bert_card().revision, page.TEXT).tokens)[1:-1]
    masked = ["[MASK]" if i + 1 in hidden else token for i, token in enumerate(original)]
    frames: list[Frame] = [
        {"rows": [original, masked, shown][: k + 1], "marked": ["[MASK]"]} for k in range(3)
    ]
    return {"kind": "strips", "frames": frames}
