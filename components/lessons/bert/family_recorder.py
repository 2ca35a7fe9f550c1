"""The miniature of "After BERT"."""

from components.elements.start.course_map import Frame, Miniature


def miniature() -> Miniature:
    """One change each of ALBERT, ELECTRA and RoBERTa, with the score before and after, as their papers give them."""
    from components.lm.bert.family import comparisons

    frames: list[Frame] = []
    for name in ("albert_share", "electra_tokens", "roberta_steps"):
        found = next(c for c in comparisons() if c.name == name)
        bars = [[found.model if i else "before", round(found.rows[-i][1] / 100, 4)] for i in (0, 1)]
        bars[0][1] = round(found.rows[0][1] / 100, 4)
        frames.append({"text": f"{found.model} ", "next": f"{found.gain:+.1f}", "bars": bars, "chosen": 1})
    return {"kind": "bars", "frames": frames}
