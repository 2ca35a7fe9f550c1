"""The miniature of "How much is carried over"; the runs themselves come from ``python -m components.pretraining fine-tuning transfer``."""

from components.elements.start.course_map import Frame, Miniature

MODELS = ("pocket-gpt",)


def miniature() -> Miniature:
    """Right answers with nothing, the embeddings, half of the layers and all of them carried over, along the training."""
    from components.lessons.fine_tuning.transfer import LAST, LAYERS, counts, recorded, share

    names = {-1: "0", 0: "E", LAYERS // 2: f"E + {LAYERS // 2}", LAYERS: f"E + {LAYERS}"}
    steps = recorded()["runs"][0]["steps"]
    frames: list[Frame] = [
        {
            "text": f"step {steps[k]}",
            "next": "",
            "bars": [[name, round(share(counts(carried, 0.0)[k]), 4)] for carried, name in names.items()],
            "chosen": len(names) - 1,
        }
        for k in (LAST, 0, 1, 2, 4)
    ]
    return {"kind": "bars", "frames": frames}
