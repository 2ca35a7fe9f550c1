"""The miniature of "Forty clicks"; stories and runs come from ``python -m components.pretraining preferences``."""

from components.elements.start.course_map import Frame, Miniature

MODELS = ("pocket-gpt",)


def miniature() -> Miniature:
    """How often the judge is right on held-out pairs, after some presses."""
    from components.lessons.alignment import preferences as page
    from components.lm.alignment import preferences as lm

    frames: list[Frame] = []
    for k in (page.CLICKS, 5, 10, 20):
        d = lm.differences_of(page.vectors(), lm.better(page.recorded()["clicks"][:k], page.PAIRS))
        found = lm.accuracy(lm.fit(d), page.held_out())
        assert found is not None
        bars: list[tuple[str, float]] = [("judge", round(found.share, 4)), ("guessing", 0.5)]
        frames.append({"text": f"{k} clicks", "next": "", "bars": [list(one) for one in bars], "chosen": 0})
    return {"kind": "bars", "frames": frames}
