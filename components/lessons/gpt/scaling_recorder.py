"""The miniature of "What size buys": a name fades from the window of pocket-gpt; the runs come from ``python -m components.pretraining scaling-study``."""

from components.elements.start.course_map import Frame, Miniature

MODELS = ("pocket-gpt",)


def miniature() -> Miniature:
    """The probability of a name that the story says and of one that it does not, ever further from it."""
    from components.lm import checkpoints
    from components.lm.gpt.limits import name_after

    frames: list[Frame] = [
        {
            "text": f'Lily … {one.tokens} tokens … "Hello," said',
            "next": "",
            "bars": [[" Lily, told", round(one.told, 4)], [" Lily, not told", round(one.untold, 4)]],
            "chosen": 0,
        }
        for one in name_after(checkpoints.load("pocket-gpt", "generation"), "Lily", (0, 10, 20, 30, 60))
    ]
    return {"kind": "bars", "frames": frames}
