"""The miniature of "Sparse attention" on the map of the course."""

from components.elements.start.course_map import Miniature
from components.lessons.recorded import matrix_frame


def miniature() -> Miniature:
    """Strided, fixed, local and full for 16 positions: a still picture shows the first."""
    from components.lm.transformer.attention_patterns import sparse

    shown = [sparse(name, 16, 4).union for name in ("strided", "fixed", "local", "full")]
    return {"kind": "matrix", "frames": [matrix_frame([""] * 16, matrix) for matrix in shown]}
