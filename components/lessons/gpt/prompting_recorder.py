"""What stands on "How much does the wording decide?" before anything is computed."""

from components.elements.start.course_map import Frame, Miniature
from components.lessons.recorded import save, shipped

MODELS = ("pocket-gpt",)


def record() -> None:
    """Every prompt of every study, asked of the first model."""
    from components.lessons.gpt.prompting import NAME
    from components.lessons.gpt.prompting_live import as_row
    from components.lm import checkpoints
    from components.lm.gpt.prompting import STUDY_NAMES, ask, study

    checkpoints.import_torch()
    loaded = checkpoints.load(MODELS[0], "generation")
    studies = {name: [as_row(ask(loaded, study(name), one)) for one in study(name).prompts] for name in STUDY_NAMES}  # fmt: skip
    save(NAME, {"model": MODELS[0], "revision": loaded.card.revision, "studies": studies})


def miniature() -> Miniature:
    """How many of the 60 scenes a few wordings get right."""
    from components.lessons.gpt.prompting import NAME
    from components.lessons.gpt.prompting_live import as_scores
    from components.lm.gpt.prompting import study

    asked, rows = study("wording"), shipped(NAME)["studies"]["wording"]
    shown = (9, 4, 1)
    names = [asked.prompts[i].template.replace("{text}", "…").replace("\n", " ") for i in shown]
    right = [float(as_scores(rows[i]).right(asked.questions, "plain").mean()) for i in shown]
    bars = [[name, share] for name, share in zip(names, right, strict=True)]
    frames: list[Frame] = [
        {"text": name, "next": "", "bars": bars, "chosen": k} for k, name in enumerate(names)
    ]
    return {"kind": "bars", "frames": frames}
