"""The miniature of "How big is it" on the map of the course."""

from typing import Any

from components.elements.start.course_map import Frame, Miniature


def miniature() -> Miniature:
    """Where the parameters of a few models sit."""
    from components.lm.transformer.model_size import count, part_count, parts, presets, times

    frames: list[Frame] = []
    for preset in presets():
        if preset.name not in ("bert-base", "bert-large", "albert-base", "gpt-3-175b"):
            continue
        total = count(preset.size)
        shares: dict[str, float] = {}
        for part in parts(preset.size):
            name = {"token": "tokens", "attention": "attention", "feed_forward": "feed-fwd"}.get(
                part.name, "other"
            )
            shares[name] = (
                shares.get(name, 0) + part_count(part, preset.size) * times(part, preset.size) / total
            )
        bars: list[list[Any]] = [[name, round(share, 4)] for name, share in shares.items()]
        chosen = max(range(len(bars)), key=lambda i: bars[i][1])
        frames.append({"text": f"{preset.name} ", "next": f"{total:,}", "bars": bars, "chosen": chosen})
    return {"kind": "bars", "frames": frames}
