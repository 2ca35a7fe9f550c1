"""The miniature of "ALBERT"."""

from components.elements.start.course_map import Frame, Miniature


def miniature() -> Miniature:
    """Parameters and time of one setting after another, as shares of BERT's."""
    from components.lm.bert.albert import cost, size

    bert = cost(size(768, "none"))
    frames: list[Frame] = []
    for embedding, shared in ((768, "none"), (128, "none"), (128, "all")):
        now = cost(size(embedding, shared))
        bars = [
            ["parameters", round(now.parameters / bert.parameters, 4)],
            ["compute", round(now.multiplications / bert.multiplications, 4)],
        ]
        frames.append({"text": f"E = {embedding} ", "next": f"{now.parameters:,}", "bars": bars, "chosen": 0})
    return {"kind": "bars", "frames": frames}
