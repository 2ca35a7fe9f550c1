"""The miniature of "What is forgotten"; the runs come from ``python -m components.pretraining fine-tuning forgetting``."""

from components.elements.start.course_map import Frame, Miniature

MODELS = ("pocket-bert", "nano-bert", "pocket-gpt")


def miniature() -> Miniature:
    """The old and the new task along the new one's training, with nothing done against forgetting."""
    from components.lessons.fine_tuning.forgetting import LAST, run_of

    run = run_of("nothing", of="pocket-bert")
    frames: list[Frame] = [
        {
            "text": f"step {run['steps'][k]}",
            "next": "",
            "bars": [["old task", run["old"][k][0]], ["new task", run["new"][k][0]]],
            "chosen": 0,
        }
        for k in (LAST, 0, 1, 2, 4)
    ]
    return {"kind": "bars", "frames": frames}
