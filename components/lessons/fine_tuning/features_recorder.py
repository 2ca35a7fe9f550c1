"""The miniature of "Train it, or only mix its layers"; the runs come from ``python -m components.pretraining fine-tuning features``."""

from components.elements.start.course_map import Frame, Miniature

MODELS = ("pocket-bert",)


def miniature() -> Miniature:
    """The shares of the layers while they are learned."""
    from components.lessons.fine_tuning.features import LAYERS, run_of

    run = run_of("pretrained", 50, 0)["learned"]
    frames: list[Frame] = [
        {
            "text": f"step {run['steps'][k]}",
            "next": "",
            "bars": [["embeddings" if i == 0 else f"layer {i}", run["shares"][k][i]] for i in range(LAYERS)],
            "chosen": 0,
        }
        for k in (len(run["steps"]) - 1, 0, 2, 4, 6)
    ]
    return {"kind": "bars", "frames": frames}
