"""The miniature of "WordPiece and Unigram" on the map of the course."""

from components.elements.start.course_map import Frame, Miniature


def miniature() -> Miniature:
    """Three referees on the course's words: what each has learned, one merge a frame."""
    from components.lessons.tokens.word_training import TOY
    from components.lm.tokens.referee_race import run_race

    lanes = run_race(dict(TOY), 8).lanes
    frames: list[Frame] = []
    for moment in range(1, 9):
        rows = [[lane.referee, *lane.trace.merged_symbols[max(0, moment - 4) : moment]] for lane in lanes]
        frames.append({"rows": rows, "marked": [lane.trace.merged_symbols[moment - 1] for lane in lanes]})
    return {"kind": "strips", "frames": frames}
