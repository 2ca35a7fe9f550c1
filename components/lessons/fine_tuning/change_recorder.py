"""The miniature of "How much has to change"; the runs come from ``python -m components.pretraining fine-tuning change``."""

from components.elements.start.course_map import Frame, Miniature

MODELS = ("pocket-bert",)


def miniature() -> Miniature:
    """F1 of both starts with the change cut to a few ranks."""
    from components.lessons.fine_tuning.change import RANK_NAMES, recorded
    from components.lessons.fine_tuning.said import STARTS

    starts = recorded()["starts"]
    frames: list[Frame] = [
        {
            "text": f"rank {RANK_NAMES[k]}: F1",
            "next": "",
            "bars": [
                [name, starts[start]["cuts"][k]["written"][0]]
                for name, start in zip(("pre-trained", "random"), STARTS, strict=True)
            ],
            "chosen": 0,
        }
        for k in (4, 0, 1, 2, 3)
    ]
    return {"kind": "bars", "frames": frames}
