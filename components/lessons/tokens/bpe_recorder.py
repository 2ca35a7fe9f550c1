"""The miniature of "BPE, merge by merge" on the map of the course."""

from components.elements.start.course_map import Miniature


def miniature() -> Miniature:
    """The course's four words, one merge a frame."""
    from components.lessons.tokens.word_training import TOY
    from components.lm.tokens.bpe import train_bpe

    trace = train_bpe(dict(TOY), 10)
    marks = [[], *([merged] for merged in trace.merged_symbols)]
    return {
        "kind": "strips",
        "frames": [{"rows": trace.word_symbols(moment), "marked": marks[moment]} for moment in range(11)],
    }
