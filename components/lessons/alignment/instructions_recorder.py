"""The miniature of "Does it answer?"; the runs come from ``python -m components.pretraining instructions``."""

from components.elements.start.course_map import Frame, Miniature
from components.lessons.alignment import instructions as page
from components.lm.alignment import instructions as lm

MODELS = ("pocket-gpt",)


def miniature() -> Miniature:
    """The form of the answers and the words that were asked for, by the number of pairs."""
    frames: list[Frame] = []
    for size in (lm.SIZES[-1], 0, 20, 100):
        runs = page.runs_of(size)
        bars = [
            ["form", page.spread(runs, "form", "seen")[0]],
            ["words", page.spread(runs, "used", "seen")[0]],
            ["new words", page.spread(runs, "used", "new")[0]],
        ]
        frames.append({"text": f"{size} pairs", "next": "", "bars": bars, "chosen": 0})
    return {"kind": "bars", "frames": frames}
