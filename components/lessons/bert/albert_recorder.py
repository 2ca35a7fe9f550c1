"""What stands on "ALBERT" before anything is computed."""

from components.elements.start.course_map import Frame, Miniature

MODELS = ("after_bert/nano-albert", "pocket-bert", "nano-bert")


def record() -> None:
    """What everybody says of the prepared pair."""
    from components.lessons.bert import albert_order as order
    from components.lessons.recorded import save

    answers = order.answers.__wrapped__(order.FIRST, order.SECOND, order.OTHER)  # type: ignore[attr-defined]
    rounded = {case: {name: round(p, 6) for name, p in row.items()} for case, row in answers.items()}
    save("bert/albert", {"of": order.made_with(), "answers": rounded})


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
