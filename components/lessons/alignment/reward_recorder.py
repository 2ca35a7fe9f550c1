"""The miniature of "Paid for what it writes"; the runs come from ``python -m components.pretraining reward``."""

from components.elements.start.course_map import Frame, Miniature
from components.lessons.alignment import reward

MODELS = ("pocket-gpt", "nano-gpt")


def miniature() -> Miniature:
    """How the story goes on with no penalty: what is paid for, and how many of its word pairs still differ."""
    name = reward.models_of("happy")[0]
    run = reward.run_of(name, "happy", 0.0)
    most = max(run["reward"])
    frames: list[Frame] = []
    for k in (reward.LAST, 0, 2, 4, 6):
        written = "".join(run["texts"][k][0][0]["pieces"]).split()
        frames.append(
            {
                "text": f"step {run['steps'][k]}: … {' '.join(written[:5])}",
                "next": "",
                "bars": [
                    ["reward", round(max(0.0, run["reward"][k] / most), 3)],
                    ["word pairs that differ", run["pairs"][k]],
                ],
                "chosen": 0,
            }
        )
    return {"kind": "bars", "frames": frames}
