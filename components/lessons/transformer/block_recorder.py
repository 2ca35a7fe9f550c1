"""How the first views of this page and its miniature are made, and how the Korean one was chosen."""

from typing import TYPE_CHECKING

import numpy as np

from components.elements.start.course_map import Frame, Miniature
from components.lessons.probabilities import short
from components.lm import checkpoints
from components.lm.checkpoints.bundled import KOREAN_GPT

if TYPE_CHECKING:
    from components.lessons.transformer.block import Known

MODELS = ("pocket-gpt", "pocket-gpt-ko")
BEGINNINGS = (
    "아이는 아침에 일어나 밥을",
    "배가 고파서 밥을",
    "아이가 어머니의 손을",
    "친구와 함께 영화를",
    "남자가 의자에 앉아 책을",
    "여자가 커피를",
    "아이는 엄마와 함께",
    "오늘은 날씨가 너무",
    "강아지가 공을 가지고",
)
"""Everyday beginnings that the Korean one is chosen from."""


def record() -> None:
    """The views that "One block from inside" opens with, one in each language: every vector of the block, and every guess, exact."""
    from components.lessons.transformer.block import KOREAN, KOREAN_TRACE, LAYER, MODEL, TEXT, TRACE, save

    korean = str(KOREAN["block_text"])
    for path, model, text in ((TRACE, MODEL, TEXT), (KOREAN_TRACE, KOREAN_GPT, korean)):
        save(path, _opened(model, text), (model, checkpoints.card(model).revision, text, str(LAYER)))
        print(f"{path.name}: {path.stat().st_size:,} bytes")


def _opened(model: str, text: str) -> "Known":
    from components.lessons.transformer.block import LAYER, complete, compute

    return complete(model, compute(model, text, LAYER))


def choose_beginning() -> str:
    """Return the beginning after which pocket-gpt-ko is surest of its next word, among those where this word is not on top from
    the first block on and every word on top at its place is of whole letters.

    Raises:
        ValueError: there is none; other beginnings are needed.
    """
    sure: dict[str, float] = {}
    for text in BEGINNINGS:
        known = _opened(KOREAN_GPT, text)
        assert known.lens is not None
        tops = [known.said[int(row[-1, 0])] for row in known.lens.guesses]
        first = int(np.argmax(known.lens.ranks[:, -1, 0] == 1))
        if first > 1 and not any("\\x" in top for top in tops):
            sure[text] = float(known.lens.probs[-1, -1, 0])
    if not sure:
        raise ValueError("no beginning shows it")
    return max(sure, key=sure.__getitem__)


def miniature() -> Miniature:
    """What the model would say at the last token of the page's own text after some of its blocks."""
    from components.lessons.transformer.block import MODEL, TEXT, TOKEN

    known = _opened(MODEL, TEXT)
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
