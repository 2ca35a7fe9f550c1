"""The miniature of "Fifty labelled sentences"; the runs come from ``python -m components.pretraining fine-tuning tasks``."""

from components.elements.start.course_map import Frame, Miniature

MODELS = ("pocket-bert", "nano-bert")


def miniature() -> Miniature:
    """F1 of both starts along the training on fifty sentences."""
    from components.lessons.fine_tuning.tasks import recorded

    runs = {
        run["setting"]["pretrained"]: run
        for run in recorded()[MODELS[0]]["runs"]
        if (run["setting"]["task"], run["setting"]["size"], run["setting"]["way"]) == ("tag", 50, "full")
    }
    steps = runs[True]["steps"]
    frames: list[Frame] = [
        {
            "text": f"step {steps[k]}: F1",
            "next": "",
            "bars": [["pre-trained", runs[True]["written"][k][0]], ["random", runs[False]["written"][k][0]]],
            "chosen": 0,
        }
        for k in (len(steps) - 1, 0, 2, 4)
    ]
    return {"kind": "bars", "frames": frames}
