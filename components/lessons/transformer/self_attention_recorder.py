"""The miniature of "Self-attention, step by step" on the map of the course."""

from components.elements.start.course_map import Miniature
from components.lessons.recorded import matrix_frame


def miniature() -> Miniature:
    """The worked example: scores (of their maximum), then weights, without and with the causal mask."""
    from components.lm.transformer.attention_steps import worked_example

    plain, causal = worked_example(), worked_example(causal=True)
    names = ["The", "cat", "sat"]
    shown = [plain.scores / plain.scores.max(), plain.weights, causal.weights]
    return {"kind": "matrix", "frames": [matrix_frame(names, matrix) for matrix in shown]}
