"""How the first view of this page and its miniature are made."""

from components.elements.start.course_map import Miniature
from components.lessons.recorded import TRACES, matrix_frame
from components.lm import checkpoints

MODELS = ("pocket-bert", "pocket-bert-ko")


def record() -> None:
    """The views that "Attention heads" opens with, one in each language: every weight, exact."""
    from components.lessons.attention_models import default_model
    from components.lessons.bert.attention import KOREAN, TEXT
    from components.lessons.bert.attention_recorded import ATTENTION, KOREAN_ATTENTION

    _record(ATTENTION, default_model(), TEXT)
    _record(KOREAN_ATTENTION, KOREAN["attention_model"], KOREAN["text"])


def _record(name: str, model: str, text: str) -> None:
    from components.lessons.bert.attention import measured_induction
    from components.lessons.bert.attention_recorded import AttentionView
    from components.lm.reading import read, separator_ids
    from components.lm.transformer.attention import attend

    loaded = checkpoints.load(model, "attention")
    found = attend(loaded, read(loaded, text))
    of = (loaded.card.name, loaded.card.revision, text, "")
    AttentionView(of, found, separator_ids(loaded), measured_induction(loaded)).save(TRACES / name)
    print(f"{name}: {(TRACES / name).stat().st_size:,} bytes")


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
