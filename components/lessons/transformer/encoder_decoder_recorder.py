"""How the first view of this page and its miniature are made."""

import numpy as np

from components.elements.start.course_map import Frame, Miniature
from components.lm import checkpoints
from components.lm.transformer.text_to_text import MODEL, Decoding, decode, to_arrays

MODELS = ("pocket-transformer",)


def _decoding() -> tuple[str, Decoding]:
    """The revision of the model, and the page's own text decoded by it."""
    from components.lessons.transformer.encoder_decoder import TASK, TEXT

    loaded = checkpoints.load(MODEL, "text_to_text")
    return loaded.card.revision, decode(loaded, TASK, TEXT)


def record() -> None:
    """The default view of "Encoder and decoder": every weight and every logit, exact."""
    from components.lessons.transformer.encoder_decoder import TASK, TEXT, TRACE

    revision, found = _decoding()
    TRACE.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(TRACE, of=np.array([MODEL, revision, TASK, TEXT]), **to_arrays(found))  # type: ignore[arg-type]
    print(f"{TRACE.name}: {TRACE.stat().st_size:,} bytes")


def miniature() -> Miniature:
    """The first symbol of each word that is written, and the word of the input that it reads most."""
    from components.lessons.transformer.encoder_decoder import LAYER, words_of

    _, found = _decoding()
    words, word_of = words_of(found)
    answer = found.text.split(" ")
    frames: list[Frame] = []
    start = 0
    for i, word in enumerate(answer):
        weights = found.cross[LAYER, :, start].mean(0)[:-1]
        read = words[word_of[int(weights.argmax())]]
        frames.append({"rows": [words, answer[: i + 1]], "marked": [read, word]})
        start += len(word) + 1
    return {"kind": "strips", "frames": frames}
