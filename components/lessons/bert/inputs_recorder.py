"""How the first view of this page and its miniature are made."""

from components.elements.start.course_map import Miniature
from components.lessons.recorded import TRACES
from components.lm import checkpoints

MODELS = ("pocket-bert", "pocket-bert-ko")


def record() -> None:
    """The views that "Token + segment + position" opens with, one in each language: every row, exact, and the neighbours of
    its tokens."""
    from components.lessons.bert.inputs import FIRST, KOREAN, MODEL, SECOND
    from components.lessons.bert.inputs_recorded import INPUTS, KOREAN_INPUTS

    _record(INPUTS, MODEL, FIRST, SECOND)
    _record(KOREAN_INPUTS, str(KOREAN["bert_model"]), str(KOREAN["in_a"]), str(KOREAN["in_b"]))


def _record(name: str, model: str, first: str, second: str) -> None:
    from components.lessons.bert.inputs_recorded import InputsView
    from components.lm.bert.embeddings import embed, neighbours, num_segments, read_input

    loaded = checkpoints.load(model, "attention")
    given = read_input(loaded, first, second)
    near = {token: neighbours(loaded, token) for token in given.input_ids.tolist()}
    of = (loaded.card.name, loaded.card.revision, first, second)
    InputsView(of, num_segments(loaded), given, embed(loaded, given), near).save(TRACES / name)
    print(f"{name}: {(TRACES / name).stat().st_size:,} bytes")


def choose_dimension(*, korean: bool = False) -> int:
    """Return the dimension in which the first view's chosen token ends farthest from zero: its sum has something to show.

    Run when the bundled model is replaced: a test compares what it returns with the dimension the page begins with."""
    from components.lessons.bert.inputs import FIRST, KOREAN, MODEL, PARAMS, SECOND
    from components.lm.bert.embeddings import embed, read_input

    model, first, second = (
        (str(KOREAN[key]) for key in ("bert_model", "in_a", "in_b")) if korean else (MODEL, FIRST, SECOND)
    )
    token = next(int(p.default) for p in PARAMS if p.key == "in_token")  # type: ignore[arg-type]
    loaded = checkpoints.load(model, "attention")
    final = embed(loaded, read_input(loaded, first, second)).layer_norm_out[token]
    return int(abs(final).argmax())


def miniature() -> Miniature:
    """The pair of the course as the bundled BERT reads it: tokens, then segments, then positions."""
    from components.lessons.bert.inputs import FIRST, MODEL, SECOND
    from components.lm.bert.embeddings import read_input

    read = read_input(checkpoints.load(MODEL, "attention"), FIRST, SECOND)
    rows = [
        [*read.tokens[:7]],
        ["AB"[s] for s in read.token_type_ids.tolist()][:7],
        [str(p) for p in read.position_ids.tolist()][:7],
    ]
    return {"kind": "strips", "frames": [{"rows": rows[: k + 1], "marked": rows[k]} for k in range(3)]}
