"""How the first view of this page and its miniature are made."""

from components.elements.start.course_map import Frame, Miniature
from components.lessons.probabilities import short
from components.lm import checkpoints

MODELS = ("pocket-gpt",)


def record() -> None:
    """The default view of "One block from inside": every vector of the block, and every guess, exact."""
    from components.lessons.transformer.block import LAYER, MODEL, TEXT, TRACE, complete, compute, save

    card = checkpoints.card(MODEL)
    save(complete(MODEL, compute(MODEL, TEXT, LAYER)), (MODEL, card.revision, TEXT, str(LAYER)))
    print(f"{TRACE.name}: {TRACE.stat().st_size:,} bytes")


def miniature() -> Miniature:
    """What the model would say at the last token of the page's own text after some of its blocks."""
    from components.lessons.transformer.block import LAYER, MODEL, TEXT, TOKEN, complete, compute

    known = complete(MODEL, compute(MODEL, TEXT, LAYER))
    assert known.lens is not None
    lens = known.lens
    frames: list[Frame] = []
    for row in (3, 4, 5, 6):
        names = [known.said[int(i)] for i in lens.guesses[row, TOKEN, :4]]
        probs = [short(float(p)) for p in lens.probs[row, TOKEN, :4]]
        frames.append(
            {
                "text": TEXT,
                "next": names[0],
                "bars": [list(pair) for pair in zip(names, probs, strict=True)],
                "chosen": 0,
            }
        )
    return {"kind": "bars", "frames": frames}
