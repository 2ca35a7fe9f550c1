"""How the first view of this page and its miniature are made."""

from components.elements.start.course_map import Frame, Miniature
from components.lessons.recorded import save

MODELS = ("nano-bert", "pocket-bert-ko")


def record() -> None:
    """The views that "Three ways to pre-train" opens with, one in each language: the masked word's likeliest answers."""
    from components.lessons.transformer.three_ways import TEXT, TEXT_KO, recorded

    save("transformer/three_ways", recorded(TEXT))
    save("transformer/three_ways_ko", recorded(TEXT_KO))


def miniature() -> Miniature:
    """Who sees whom in an encoder, a decoder, and a prefix language model, on the page's own text."""
    from components.lessons.recorded import matrix_frame
    from components.lessons.transformer.three_ways import TEXT
    from components.lm.transformer.three_ways import pattern

    words = TEXT.rstrip(".").split()[:6]
    frames: list[Frame] = [
        matrix_frame(words, pattern(name, len(words), 3) * 1.0) for name in ("encoder", "decoder", "prefix")
    ]
    return {"kind": "matrix", "frames": frames}
