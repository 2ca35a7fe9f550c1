"""How the first view of this page and its miniature are made."""

from components.elements.start.course_map import Miniature
from components.lessons.recorded import TRACES, matrix_frame
from components.lm import checkpoints

MODELS = ("pocket-bert",)


def record() -> None:
    """The default view of "Attention heads": every weight, exact."""
    from components.lessons.attention_models import default_model
    from components.lessons.bert.attention import TEXT, measured_induction
    from components.lessons.bert.attention_recorded import ATTENTION, AttentionView
    from components.lm.reading import read, separator_ids
    from components.lm.transformer.attention import attend

    loaded = checkpoints.load(default_model(), "attention")
    found = attend(loaded, read(loaded, TEXT))
    of = (loaded.card.name, loaded.card.revision, TEXT, "")
    AttentionView(of, found, separator_ids(loaded), measured_induction(loaded)).save(TRACES / ATTENTION)
    print(f"{ATTENTION}: {(TRACES / ATTENTION).stat().st_size:,} bytes")


def miniature() -> Miniature:
    """The five heads of the default text that spread their weight least, one after the other."""
    from components.lessons.attention_models import default_model
    from components.lessons.bert.attention import TEXT
    from components.lm.reading import read
    from components.lm.transformer.attention import attend, entropy

    loaded = checkpoints.load(default_model(), "attention")
    found = attend(loaded, read(loaded, TEXT))
    heads = found.weights.reshape(-1, *found.weights.shape[2:])
    sharpest = sorted(entropy(heads).mean(-1).argsort()[:5].tolist())
    return {"kind": "matrix", "frames": [matrix_frame(list(found.reading.texts), heads[i]) for i in sharpest]}
