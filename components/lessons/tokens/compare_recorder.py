"""The miniature of "Compare tokenizers" on the map of the course."""

from components.elements.start.course_map import Frame, Miniature
from components.lessons.recorded import TRACES

MODELS = ("pocket-gpt",)


def miniature() -> Miniature:
    """One word in the tokenizers learned from the samples, and in pocket-gpt."""
    from components.lm.tokens.comparison import train_all
    from components.lm.tokens.tokenizer_files import read_tokenizer
    from components.lm.tokens.words import count_words

    samples = TRACES.parent / "samples"
    text = "\n".join(
        (samples / f"{name}.txt").read_text(encoding="utf-8") for name in ("tale_en", "story_ko")
    )
    four = train_all(count_words(text, lowercase=True), 300)
    file = read_tokenizer(TRACES.parent / "models" / "pocket-gpt")
    frames: list[Frame] = []
    for word in ("slowest", "안녕"):
        made = {**dict(four.tokenize(word)), "pocket-gpt": file.tokenization(word)}
        rows = [
            [token.token for token in made[name].tokens]
            for name in ("words", "bpe", "wordpiece", "pocket-gpt")
        ]
        frames.append({"rows": rows, "marked": ["[UNK]"]})
    return {"kind": "strips", "frames": frames}
