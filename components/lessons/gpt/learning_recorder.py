"""What stands on "Watching a model learn" before anything is computed."""

from typing import Any

from components.elements.start.course_map import Frame, Miniature
from components.lessons.probabilities import short
from components.lessons.recorded import save, shipped

MODELS = ("nano-bert", "nano-gpt", "pocket-bert", "pocket-gpt")


def record() -> None:
    """The default view of "Watching a model learn": every probe at every moment, and each panel."""
    from components.lessons.gpt.learning import computed_view

    save("gpt/learning", computed_view())


def miniature() -> Miniature:
    """One probe at every other moment: how the GPT's choice settles."""
    from components.lessons.gpt.learning import FIRST_PROBE, MODELS
    from components.lm.training.cloze import load_probes
    from components.lm.training.learning import shares

    trace = shipped("gpt/learning")
    probe = load_probes()[FIRST_PROBE]
    found = trace["probes"][MODELS[1]][FIRST_PROBE]["logprobs"]
    frames: list[Frame] = []
    for k in (0, len(found) // 2, len(found) - 1):
        bars: list[list[Any]] = [
            [word, short(p)] for word, p in zip(probe.candidates, shares(found[k]), strict=True)
        ]
        chosen = max(range(len(bars)), key=lambda c: bars[c][1])
        step = trace["of"]["moments"][MODELS[1]][k][0]
        frames.append(
            {"text": f"{step:,}: {probe.sentence}"[:34], "next": "", "bars": bars, "chosen": chosen}
        )
    return {"kind": "bars", "frames": frames}
