"""What stands on "Choosing a text" before anything is computed."""

from components.elements.start.course_map import Frame, Miniature
from components.lessons.recorded import save, shipped

MODELS = ("pocket-gpt", "pocket-gpt-ko")


def record() -> None:
    """The views that the page opens with, one in each language: four lanes and the tree of a beam."""
    from components.lessons.gpt.decoding import KOREAN, NAME, recorded

    save(NAME, recorded({}))
    save(f"{NAME}_ko", recorded(KOREAN))


def miniature() -> Miniature:
    """One lane: the candidates of four of its tokens, and the one that was drawn."""
    from components.lessons.gpt.decoding import FIRST_LANES, NAME

    made = shipped(NAME)["race"]["made"]
    lane = made["lanes"][FIRST_LANES.index("top_p")]
    frames: list[Frame] = []
    for at in (1, 3, 5, 7):
        rows = lane["candidates"][at][:4]
        chosen = next((i for i, (token, _, _) in enumerate(rows) if token == lane["ids"][at]), 0)
        text = "".join([*made["prompt"]["texts"], *lane["texts"][:at]])[-28:]
        frames.append({"text": text, "next": lane["texts"][at], "bars": [[name, p] for _, p, name in rows], "chosen": chosen})  # fmt: skip
    return {"kind": "bars", "frames": frames}
