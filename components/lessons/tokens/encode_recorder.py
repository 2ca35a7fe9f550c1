"""The miniature of "Encode a word" on the map of the course."""

from components.elements.start.course_map import Miniature


def miniature() -> Miniature:
    """*lowest* under these merges, one merge a row."""
    from components.lessons.tokens.word_training import TOY
    from components.lm.tokens.bpe import train_bpe

    word = train_bpe(dict(TOY), 10).model().encode_word("lowest")
    marks = [[], *([step.merged] for step in word.steps)]
    states = word.states
    return {
        "kind": "strips",
        "frames": [{"rows": states[max(0, k - 3) : k + 1], "marked": marks[k]} for k in range(len(states))],
    }
