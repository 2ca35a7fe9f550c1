"""What stands on "Watching a model learn" before anything is computed."""

from typing import Any

from components.elements.start.course_map import Frame, Miniature
from components.lessons.probabilities import short
from components.lessons.recorded import save

MODELS = ("nano-bert", "nano-gpt", "pocket-bert", "pocket-gpt")


def record() -> None:
    """What the panels of "Watching a model learn" show first; what its board shows was recorded with the training."""
    from components.lessons.gpt.learning_panels import computed_view

    save("gpt/learning", computed_view())


def miniature() -> Miniature:
    """One probe at every other moment: how the GPT's choice settles."""
    from components.lessons.gpt.learning import FIRST_PROBE, TWINS, recorded
    from components.lm.training.learning import shares

    writer = recorded(TWINS["pocket"][1])
    one = writer.learned[FIRST_PROBE]
    found = one.logprobs
    frames: list[Frame] = []
    for k in (0, len(found) // 2, len(found) - 1):
        bars: list[list[Any]] = [
            [word, short(p)] for word, p in zip(one.probe.candidates, shares(found[k]), strict=True)
        ]
        chosen = max(range(len(bars)), key=lambda c: bars[c][1])
        step = writer.moments[k].step
        frames.append(
            {"text": f"{step:,}: {one.probe.sentence}"[:34], "next": "", "bars": bars, "chosen": chosen}
        )
    return {"kind": "bars", "frames": frames}
