"""The miniature of "Why start there"; the runs come from ``python -m components.pretraining fine-tuning start``."""

from components.elements.start.course_map import Frame, Miniature

MODELS = ("nano-bert",)


def miniature() -> Miniature:
    """The held-out loss of the pre-trained start and of random ones along the training, means."""
    from components.lessons.fine_tuning.start import LAST, reach, recorded

    steps = recorded()["runs"][0]["steps"]
    frames: list[Frame] = [
        {
            "text": f"step {steps[k]}: held-out loss",
            "next": "",
            "bars": [
                [name, reach(start, "generated", k)[1]]
                for name, start in (("pre-trained", True), ("random", False))
            ],
            "chosen": 0,
        }
        for k in (LAST, 0, 1, 3, 5)
    ]
    return {"kind": "bars", "frames": frames}
