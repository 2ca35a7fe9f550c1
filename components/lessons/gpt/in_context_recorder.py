"""What stands on "Learning from the prompt" before anything is computed."""

from components.elements.start.course_map import Frame, Miniature
from components.lessons.recorded import save, shipped

MODELS = ("in_context/pairs-gpt",)


def record() -> None:
    """The default view: every answer after every demonstration, the curves, and the fine-tuned copy."""
    from components.lessons.gpt.in_context import NAME, computed_view

    save(NAME, computed_view())


def miniature() -> Miniature:
    """One question after no, one, five and sixteen demonstrations: the answer that the prompt teaches."""
    from components.lessons.gpt.in_context import NAME, SEED, drawn
    from components.lm.gpt.word_codes import WORDS

    word, answer = drawn("new", SEED).questions[0]
    answers = shipped(NAME)["board"]["answers"]
    frames: list[Frame] = []
    for k in (16, 0, 1, 5):
        best = zip(answers["words"][k][0], answers["probs"][k][0], strict=True)
        bars = [[WORDS[number], p] for number, p in best][:4]
        chosen = next((i for i, (name, _) in enumerate(bars) if name == WORDS[answer or 0]), 0)
        frames.append({"text": f"k = {k}: {WORDS[word]} ->", "next": "", "bars": bars, "chosen": chosen})
    return {"kind": "bars", "frames": frames}
